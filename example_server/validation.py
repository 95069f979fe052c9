"""The contract's schema on a body, with errors that point at the place and quote nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connexion.exceptions import ProblemException
from connexion.validators import JSONRequestBodyValidator

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_ERRORS = 20
_SAYINGS = {
    "minLength": "must not be empty",
    "minimum": "is too small",
    "maximum": "is too large",
}


class BodyValidator(JSONRequestBodyValidator):  # type: ignore[misc]  # connexion has no types
    """Reports every error of a body, not the first alone."""

    def _validate(self, body: Any) -> None:
        found = [pair for error in self._validator.iter_errors(body) for pair in _explain(error)]
        if found:
            unique = sorted(set(found))[:_MAX_ERRORS]
            errors = [{"pointer": pointer, "detail": detail} for pointer, detail in unique]
            raise ProblemException(status=400, ext={"errors": errors})


def _explain(error: Any) -> Iterator[tuple[str, str]]:
    path = [str(step) for step in error.absolute_path]
    if error.validator == "required" and isinstance(error.instance, dict):
        for name in error.validator_value:
            if name not in error.instance:
                yield _pointer([*path, name]), "is required"
    elif error.validator == "type":
        yield _pointer(path), f"must be of type {error.validator_value}"
    else:
        yield _pointer(path), _SAYINGS.get(str(error.validator), "does not match the contract")


def _pointer(path: list[str]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)
