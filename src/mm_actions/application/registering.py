"""What `custom_action` is on an application, and inside one of its flows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from mm_actions.application.action_rule import ActionRule, check_switches, wanted_actions
from mm_actions.application.failure import Fallback
from mm_actions.client.action import CustomActionSequence
from mm_actions.config import Config, load_config
from mm_actions.errors import CustomActionException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mm_actions.application.failure import OnFailure
    from mm_actions.application.manager import Handler, Step
    from mm_actions.client.action import CustomAction
    from mm_actions.config import ConfigSource


class RegistersActions(ABC):
    """Registers rules that call actions.

    Attributes:
        on_failure: What answers the user when an action fails and its rule does not say.
    """

    on_failure: OnFailure | None = None

    def declared_settings(self) -> Config | None:
        """Give where the actions live that a rule only names; None when nothing says so."""
        return None

    @abstractmethod
    def add_dialogue_rule(self, name: str | None, handler: Handler | Step, **conditions: Any) -> Any:
        """Register a handler for a state."""

    def custom_action(
        self,
        action: str | CustomAction | None = None,
        actions: Sequence[str | CustomAction] | None = None,
        async_mode: bool = False,
        merge: bool = True,
        config: ConfigSource | None = None,
        *,
        name: str | None = None,
        parallel: bool = False,
        all_or_nothing: bool = False,
        quorum: int | None = None,
        precheck: bool = False,
        on_failure: OnFailure | None = None,
        **conditions: Any,
    ) -> ActionRule:
        """Have one or more actions called for the turns that fulfil the conditions.

        Called plainly, it registers the rule. Used as a decorator, the decorated handler runs after the
        actions, with the merged responder, to refine what they answered; it does not run when one of them
        failed.

        Args:
            action: The action's name.
            actions: The names of several, called one after the other.
            async_mode: For MindMeld's sake; actions are awaited wherever the turn is.
            merge: Merge the answers into the responder; otherwise their members replace the responder's.
            config: Where the actions live, if not where ``custom_action_config`` says.
            name: The dialogue state's name; ``custom_actions_[...]`` by default.
            parallel: Call all at once, and merge in the order given.
            all_or_nothing: After a failure, undo what the actions before it merged.
            quorum: With ``parallel``, how many must succeed; all of them by default.
            precheck: Call none while the circuit of one of their servers is open.
            on_failure: What answers the user when an action fails: a text, an action's name, or a
                ``handler(request, responder, result)``. By default an apology, if there is nothing else to
                say.
            conditions: ``domain``, ``intent``, ``has_entity``, ``has_entities``, ``targeted_only``,
                ``default``; inside a flow ``exit_flow`` too.

        Raises:
            CustomActionException: The arguments cannot work; the message says what to write.
        """
        wanted = wanted_actions(action, actions)
        check_switches(
            async_mode=async_mode,
            merge=merge,
            parallel=parallel,
            all_or_nothing=all_or_nothing,
            precheck=precheck,
        )
        settings = self.declared_settings() if config is None else load_config(config)
        named = [each for each in wanted if isinstance(each, str)]
        if named and settings is None:
            raise unconfigured(", ".join(named))
        sequence = CustomActionSequence(
            wanted,
            settings if named else None,
            merge=merge,
            parallel=parallel,
            all_or_nothing=all_or_nothing,
            quorum=quorum,
            precheck=precheck,
        )
        state = name or f"custom_actions_{[str(each) for each in wanted]}"
        fallback = Fallback(self.on_failure if on_failure is None else on_failure, settings)
        rule = ActionRule(state, sequence, fallback, shares_name=name is None)
        self.add_dialogue_rule(state, rule, **conditions)
        return rule


def unconfigured(what: str) -> CustomActionException:
    """Make the error for actions whose server nobody named."""
    return CustomActionException(
        f"no server is configured for {what}: write CUSTOM_ACTION_CONFIG = "
        '{"url": "http://localhost:8080/action"} in the app\'s config.py, set MM_ACTIONS_URL, or pass config='
    )
