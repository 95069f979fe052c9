"""connexion around the contract, with the operations it names."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import connexion
from connexion.exceptions import ProblemException
from connexion.lifecycle import ConnexionResponse
from connexion.resolver import Resolver
from flask import Response
from starlette.exceptions import HTTPException

from example_server.access import Access
from example_server.actions import carry_out, catalogue
from example_server.edge import Edge
from example_server.problems import MEDIA_TYPE, Problem, RefusedError
from example_server.turn import Turn
from example_server.validation import BodyValidator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from example_server.turn import Json

CONTRACT = Path(__file__).resolve().parent.parent / "openapi" / "custom_action.yaml"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """What the contract's operationIds do.

    Attributes:
        stopping: Set when the server is about to stop; ends the pause of a slow action.
        known_only: Whether names that are not in the catalogue are refused with 404.
    """

    stopping: threading.Event = field(default_factory=threading.Event)
    known_only: bool = False

    def by_id(self, operation_id: str) -> Callable[..., Response]:
        """Find an operation; connexion calls this for each operationId."""
        operations: dict[str, Callable[..., Response]] = {
            "invoke_action": self.invoke_action,
            "stream_action": self.stream_action,
            "list_actions": self.list_actions,
            "get_liveness": self.get_health,
            "get_readiness": self.get_readiness,
        }
        return operations[operation_id]

    def invoke_action(self, body: Json) -> Response:
        """`POST /action`."""
        try:
            return _json(self._carry_out(body))
        except RefusedError as error:
            return _problem(error.problem)

    def stream_action(self, body: Json) -> Response:
        """`POST /action/stream`: one event for each directive, then the whole result."""
        try:
            answer = self._carry_out(body)
        except RefusedError as error:
            return _problem(error.problem)
        return Response(_events(answer), content_type="application/x-ndjson")

    def list_actions(self) -> Response:
        """`GET /actions`."""
        return _json(catalogue())

    def get_health(self) -> Response:
        """`GET /healthz`."""
        return _json({"status": "pass"})

    def get_readiness(self) -> Response:
        """`GET /readyz`."""
        if self.stopping.is_set():
            return _problem(Problem.of(503, "The server is stopping.", headers=(("Retry-After", "1"),)))
        return _json({"status": "pass"})

    def _carry_out(self, body: Json) -> Json:
        try:
            return carry_out(Turn(invocation=body, pause=self.stopping.wait), known_only=self.known_only)
        except RefusedError:
            raise
        except Exception as error:
            _LOG.exception("an action failed")
            raise RefusedError(Problem.of(500, "The action failed.")) from error


def create_app(*, operations: Operations | None = None, access: Access | None = None) -> ASGIApp:
    """Build the server's ASGI application.

    Args:
        operations: What the operations do.
        access: What a caller must show; nothing by default.
    """
    app = connexion.FlaskApp(
        __name__,
        specification_dir=str(CONTRACT.parent),
        validator_map={"body": {"application/json": BodyValidator}},
        swagger_ui_options=connexion.options.SwaggerUIOptions(swagger_ui_path="/ui"),
    )
    app.add_error_handler(ProblemException, _contract_problem)
    app.add_error_handler(HTTPException, _http_problem)
    app.add_error_handler(Exception, _unexpected)
    app.add_api(CONTRACT.name, resolver=Resolver((operations or Operations()).by_id))
    return Edge(app, access or Access())


def _contract_problem(_request: Any, error: ProblemException) -> Any:
    # connexion's own detail quotes the offending value, which may be anything a user said.
    errors = tuple((entry["pointer"], entry["detail"]) for entry in (error.ext or {}).get("errors", ()))
    return _connexion(Problem.of(error.status, "The request does not match the contract.", errors=errors))


def _http_problem(_request: Any, error: HTTPException) -> Any:
    return _connexion(Problem.of(error.status_code, headers=tuple((error.headers or {}).items())))


def _unexpected(_request: Any, error: Exception) -> Any:
    _LOG.error("a request failed", exc_info=error)
    return _connexion(Problem.of(500))


def _connexion(problem: Problem) -> Any:
    return ConnexionResponse(
        status_code=problem.status,
        mimetype=MEDIA_TYPE,
        content_type=MEDIA_TYPE,
        body=problem.body(),
        headers=dict(problem.headers),
    )


def _dumps(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _json(value: Json) -> Response:
    return Response(_dumps(value), content_type="application/json")


def _problem(problem: Problem) -> Response:
    return Response(
        problem.body(), status=problem.status, content_type=MEDIA_TYPE, headers=dict(problem.headers)
    )


def _events(answer: Json) -> Iterator[bytes]:
    for directive in answer["directives"]:
        yield _dumps({"event": "directive", "directive": directive}) + b"\n"
    yield _dumps({"event": "result", "responder": answer}) + b"\n"
