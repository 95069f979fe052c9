"""Why a call failed, as gRPC says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from mm_actions.contract.codec import encode
from mm_actions.contract.status import REJECTED
from mm_actions.server.calls.host import UNKNOWN_ACTION
from mm_actions.server.rasa.turn import DOMAIN_MISSING

if TYPE_CHECKING:
    from mm_actions.server.rasa.failures import Failure

Code = grpc.StatusCode
_RESOURCES = {UNKNOWN_ACTION: "ACTION", DOMAIN_MISSING: "DOMAIN"}
_CODES = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    408: Code.DEADLINE_EXCEEDED,
    409: Code.ABORTED,
    413: Code.RESOURCE_EXHAUSTED,
    415: Code.INVALID_ARGUMENT,
    422: Code.INVALID_ARGUMENT,
    429: Code.RESOURCE_EXHAUSTED,
    501: Code.UNIMPLEMENTED,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
    508: Code.FAILED_PRECONDITION,
}


def status_of(failure: Failure) -> tuple[grpc.StatusCode, str]:
    """Give the code and the details of a failure.

    The details of an action that declines, or does not exist, and of a missing domain are JSON, which an
    assistant reads. Of everything else they are a sentence, so that nothing else is taken for one of those.
    """
    said = {"action_name": failure.action, "message": failure.message}
    if failure.kind in _RESOURCES:
        details = encode({**said, "resource_type": _RESOURCES[failure.kind]})
        return Code.NOT_FOUND, details.decode()
    if failure.kind == REJECTED:
        return Code.INTERNAL, encode(said).decode()
    return _CODES.get(failure.status, Code.INTERNAL), failure.message
