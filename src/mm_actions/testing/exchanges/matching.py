"""Which exchange answers a call: the most specific one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError
from mm_actions.server.registry import LONGEST_NAME
from mm_actions.testing.exchanges.exchange import same
from mm_actions.testing.exchanges.folder import Stored
from mm_actions.testing.exchanges.members import MemberPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mm_actions.testing.exchanges.exchange import Exchange

DEFAULT_MATCH = ("request.text",)
UNKNOWN_ACTION = "urn:mm-actions:problem:unknown-action"
_OK, _NO_SUCH = 200, 404


class Book:
    """Exchanges by action.

    Args:
        stored: The exchanges; those that are no calls of an action, or not whole, are left out.
        match: The members by which calls of one action are told apart, from the root of the request.

    Raises:
        ConfigurationError: No exchange is left, or a member's path is none.

    Attributes:
        left_out: Names of the exchanges that are left out.
    """

    def __init__(self, stored: Iterable[Stored], match: Sequence[str] = DEFAULT_MATCH) -> None:
        self._match = tuple(map(MemberPath.parse, match))
        self._by_action: dict[str, list[Stored]] = {}
        self._given: dict[str, int] = {}
        self.left_out: list[str] = []
        for name, exchange in stored:
            settled = exchange.settled()
            if _offered(settled) and settled.action is not None:
                self._by_action.setdefault(settled.action, []).append(Stored(name, settled))
            else:
                self.left_out.append(name)
        if not self._by_action:
            raise ConfigurationError("none of the exchanges is a whole call of an action")

    @property
    def actions(self) -> Mapping[str, Sequence[Stored]]:
        """The exchanges of each action, in their order."""
        return self._by_action

    def default(self, action: str) -> Stored:
        """Give what answers a call of an action that nothing more specific fits: the first success."""
        stored = self._by_action[action]
        succeeded = (one for one in stored if one.exchange.status < 300)  # noqa: PLR2004 - 2xx is success
        plainly = (one for one in stored if one.exchange.status == _OK)
        return next(plainly, None) or next(succeeded, stored[0])

    def find(self, action: str, request: Any) -> Stored:
        """Give the exchange that answers a call.

        1. One with the same request. Of several, the first answers the first call, and so on; the last one
           stays.
        2. The first one in which all members of `match` are the same.
        3. The first of the action that succeeded, or else the first.

        Args:
            action: The action; there is at least one exchange of it.
            request: The body of the call.
        """
        stored = self._by_action[action]
        exact = [one for one in stored if same(one.exchange.request, request)]
        if exact:
            turn = self._given.get(exact[0].name, 0)
            self._given[exact[0].name] = turn + 1
            return exact[min(turn, len(exact) - 1)]
        if self._match:
            wanted = [path.values(request) for path in self._match]
            for one in stored:
                if any(wanted) and same([path.values(one.exchange.request) for path in self._match], wanted):
                    return one
        return self.default(action)


def _offered(exchange: Exchange) -> bool:
    """Tell whether an exchange is a whole call of an action whose name a server can have."""
    name = exchange.action
    fit = name is not None and name.isprintable() and len(name) <= LONGEST_NAME
    return fit and exchange.whole and not _says_unknown(exchange.status, exchange.answer)


def _says_unknown(status: int, answer: Any) -> bool:
    """Tell whether a server said that there is no such action, which the mock says by itself."""
    return status == _NO_SUCH and isinstance(answer, dict) and answer.get("type") == UNKNOWN_ACTION
