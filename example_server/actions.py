"""The actions by name, and the answer to names that are not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from example_server import orders, stores
from example_server.problems import Problem, RefusedError
from example_server.turn import reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from example_server.turn import Json, Turn

_MAX_DELAY = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action as the catalogue lists it."""

    run: Callable[[Turn], Json]
    intents: tuple[str, ...] = ()
    idempotent: bool = True
    timeout_ms: int | None = None

    def info(self, name: str) -> Json:
        """Give the catalogue's entry."""
        found: Json = {"name": name, "description": _summary(self.run), "idempotent": self.idempotent}
        if self.intents:
            found["intents"] = list(self.intents)
        if self.timeout_ms is not None:
            found["timeout_ms"] = self.timeout_ms
        return found


def fail(turn: Turn) -> Json:
    """Fail, always, with a 500."""
    raise RefusedError(Problem.of(500, "This action always fails.", action=turn.action))


def refuse(turn: Turn) -> Json:
    """Refuse, always, with a 422."""
    raise RefusedError(
        Problem.named(422, "refused", "Refused", "This action refuses every request.", action=turn.action)
    )


def slow(turn: Turn) -> Json:
    """Answer after request.context.delay_ms milliseconds, thirty seconds at most."""
    asked = turn.context("delay_ms")
    number = isinstance(asked, int | float) and not isinstance(asked, bool)
    milliseconds = min(max(asked, 0), _MAX_DELAY * 1000) if number else 1000.0
    turn.pause(milliseconds / 1000)
    return turn.answer(reply(f"That took {round(milliseconds)} ms."))


def invoking(turn: Turn) -> Json:
    """Answer for a name that is not in the catalogue, as MindMeld's sample server does for all."""
    return turn.answer(reply(f"Invoking {turn.action} on custom server."))


ACTIONS: dict[str, Action] = {
    "get_store_hours": Action(run=stores.get_store_hours, intents=("store_info.get_store_hours",)),
    "find_nearest_store": Action(run=stores.find_nearest_store, intents=("store_info.find_nearest_store",)),
    "find_store": Action(run=stores.find_store_next),
    "list_stores": Action(run=stores.list_stores),
    "check_stock": Action(run=stores.check_stock),
    "set_time_zone": Action(run=stores.set_time_zone),
    "set_language": Action(run=stores.set_language),
    "start_order": Action(run=orders.start_order),
    "add_to_order": Action(run=orders.add_to_order),
    "price_order": Action(run=orders.price_order),
    "confirm_order": Action(run=orders.confirm_order),
    "charge_card": Action(run=orders.charge_card, idempotent=False),
    "loyalty_points": Action(run=orders.loyalty_points),
    "recommend_drink": Action(run=orders.recommend_drink),
    "open_session": Action(run=orders.open_session),
    "fail": Action(run=fail),
    "refuse": Action(run=refuse),
    "slow": Action(run=slow, timeout_ms=int(_MAX_DELAY * 1000)),
}


def catalogue() -> Json:
    """List the actions, for `GET /actions`."""
    return {"actions": [action.info(name) for name, action in ACTIONS.items()]}


def carry_out(turn: Turn, *, known_only: bool = False) -> Json:
    """Run the action an invocation names.

    Args:
        turn: The invocation.
        known_only: Whether a name that is not in the catalogue is a 404.

    Raises:
        RefusedError: The action failed, or is not there.
    """
    action = ACTIONS.get(turn.action)
    if action is not None:
        return action.run(turn)
    if known_only:
        raise RefusedError(
            Problem.named(
                404, "unknown-action", "Unknown action", "GET /actions lists the names.", action=turn.action
            )
        )
    return invoking(turn)


def _summary(run: Callable[[Turn], Json]) -> str:
    return (run.__doc__ or "").strip().partition("\n")[0]
