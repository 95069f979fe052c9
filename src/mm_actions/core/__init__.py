"""The words of the job: Request, Params, Responder, and how one call is carried out in either colour."""
