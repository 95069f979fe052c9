"""The real MindMeld's CustomAction, out of an unpacked wheel, without the rest of the framework.

Its packages are entered without running their ``__init__``, which would load scikit-learn and more. The wheel
and what its custom actions import go into one folder::

    pip download --no-deps mindmeld && python -m zipfile -e mindmeld-*.whl FOLDER
    pip install --target FOLDER attrs immutables "marshmallow<4" pycountry pytz
"""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from benchmarks import turns as our_turns

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.far_end import FarEnd


class RealMindMeld:
    """Makes MindMeld's own objects.

    Args:
        folder: Holds the package ``mindmeld`` and what its custom actions import.

    Raises:
        RuntimeError: It does not.
    """

    def __init__(self, folder: Path) -> None:
        for name in ("mindmeld", "mindmeld.components"):
            if name not in sys.modules:
                package = ModuleType(name)
                package.__path__ = [str(folder.joinpath(*name.split(".")))]
                sys.modules[name] = package
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a marshmallow that is newer than MindMeld
                self._actions, self._requests, self._schemas = (
                    importlib.import_module(f"mindmeld.components.{name}")
                    for name in ("custom_action", "request", "schemas")
                )
        except ImportError as error:
            raise RuntimeError(f"{folder} lacks something of MindMeld: {error}; see {__file__}") from error

    def action(self, end: FarEnd) -> Any:
        """Make its CustomAction."""
        config = {name: value for name, value in end.config.items() if value}
        return self._actions.CustomAction("order", config)

    def request(self, *, size: int = 2_000, turns: int = 0) -> Any:
        """Make its Request of ours."""
        ours = our_turns.request(size=size, turns=turns)
        names = (
            "text", "domain", "intent", "entities", "history", "frame", "context", "confidences",
            "nbest_transcripts_text",
        )  # fmt: skip
        members = {name: getattr(ours, name) for name in names}
        params = self._requests.FrozenParams(
            language="en", locale="en_US", allowed_intents=ours.params.allowed_intents
        )
        return self._requests.Request(params=params, **members)

    def responder(self, turn: Any) -> Any:
        """Make what its CustomAction takes for a DialogueResponder, written by its own schema."""
        return Responder(
            self._schemas.DEFAULT_RESPONSE_SCHEMA,
            request=turn, history=list(turn.history), frame=dict(turn.frame), directives=[], slots={},
            dialogue_state=None, form={}, params=self._requests.Params(),
        )  # fmt: skip


class Responder(SimpleNamespace):
    """Iterates as MindMeld's DialogueResponder does."""

    def __init__(self, schema: Any, **members: Any) -> None:
        super().__init__(**members)
        self._schema = schema

    def __iter__(self) -> Any:
        """Give the members as its schema writes them."""
        yield from self._schema.dump(self).items()
