package com.example.actions;

/** What a custom action does: reads the request, tells the responder. */
@FunctionalInterface
public interface Action {
    /**
     * Carries out the action. Many threads may call it at once; its own is interrupted when the caller no longer
     * waits, or when the server has to stop.
     *
     * @param request the turn, as the application understood it
     * @param responder takes what the action adds or changes
     * @throws ProblemException to answer with a failure of the action's own choice
     * @throws Exception for any other failure; the caller learns no more than that there was one
     */
    void run(Request request, Responder responder) throws Exception;
}
