"""CustomAction and CustomActionSequence: MindMeld's names and arguments."""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, overload

from msgspec.structs import replace

from mm_actions.client.call import Errand, carry_out
from mm_actions.client.endpoint import endpoint_for
from mm_actions.client.merge import MergeLog, Snapshot, apply
from mm_actions.client.result import ActionResult
from mm_actions.client.stream import ActionStream, AsyncActionStream, follow
from mm_actions.config import Config, load_config
from mm_actions.core.payload import payload_of
from mm_actions.core.runtime import BLOCKING, Runtime, current, drive, in_event_loop
from mm_actions.core.transport import Invocation
from mm_actions.errors import CircuitOpen, RegistrationError
from mm_actions.resilience import Deadline

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from mm_actions.config import ConfigSource


class Invocable(ABC):
    """What can be invoked on a turn, in either colour; the work is in :meth:`run`."""

    raise_on_failure: bool

    @overload
    def invoke(self, request: Any, responder: Any, async_mode: Literal[False] = False) -> ActionResult: ...

    @overload
    def invoke(
        self, request: Any, responder: Any, async_mode: Literal[True]
    ) -> Coroutine[Any, Any, ActionResult]: ...

    @overload
    def invoke(
        self, request: Any, responder: Any, async_mode: bool
    ) -> ActionResult | Coroutine[Any, Any, ActionResult]: ...

    def invoke(self, request: Any, responder: Any, async_mode: bool = False) -> Any:
        """Call the action, and merge its answer into the responder.

        Args:
            request: The turn: a Request, or MindMeld's.
            responder: The Responder to change: ours, or MindMeld's.
            async_mode: Give a coroutine to be awaited instead.

        Returns:
            An :class:`ActionResult`, true on success. On failure the responder is what it was.

        Raises:
            InvocationError: The call failed and ``raise_on_failure`` was asked for.
        """
        if async_mode:
            return self.invoke_async(request, responder)
        if in_event_loop():
            _warn("invoke()", "`await invoke_async(...)`")
        return drive(self.run(request, responder, BLOCKING)).or_raise(self.raise_on_failure)

    async def invoke_async(self, request: Any, responder: Any) -> ActionResult:
        """Call the action without blocking the event loop; otherwise as :meth:`invoke`."""
        return (await self.run(request, responder, current())).or_raise(self.raise_on_failure)

    @abstractmethod
    async def run(self, request: Any, responder: Any, runtime: Runtime) -> ActionResult:
        """Do the work by the given runtime."""


class CustomAction(Invocable):
    """An action on a server.

    Args:
        name: The action's name.
        config: MindMeld's dict (``url``, ``cert``, ``public_key``, ``private_key``) with our further keys,
            the path of a YAML file, or settings.
        merge: Merge the answer into the responder; otherwise its members replace the responder's.
        raise_on_failure: Raise the error of a failed call instead of returning it in the result.

    Raises:
        ConfigurationError: The settings cannot work: see :func:`mm_actions.config.load_config`.
    """

    def __init__(
        self, name: str, config: ConfigSource, merge: bool = True, *, raise_on_failure: bool = False
    ) -> None:
        if not isinstance(name, str) or not name:
            raise RegistrationError(f"the name of an action is a string that is not empty, not {name!r}")
        self._config = load_config(config)
        self._server, self._settings = self._config.server_of(name)
        self._endpoint = endpoint_for(self._server, self._settings)
        self.name = name
        self.merge = merge
        self.raise_on_failure = raise_on_failure

    @property
    def url(self) -> str:
        """Where the action is posted."""
        return self._settings.url

    @property
    def server(self) -> str:
        """The name of its server in the configuration."""
        return self._server

    @property
    def timeout(self) -> float:
        """Seconds for a whole call, retries included."""
        return self._settings.timeout

    def get_json_payload(self, request: Any, responder: Any) -> dict[str, Any]:
        """Give what would be posted."""
        invocation = Invocation(action=self.name, request=request, responder=responder)
        return payload_of(invocation, self._settings.history)

    def errand(
        self, request: Any, responder: Any, *, deadline: Deadline | None = None, step: int = 0
    ) -> Errand:
        """Say what to have done; the deadline is the sooner of one's own and that of the sequence."""
        own = Deadline.after(self._settings.timeout)
        return Errand(
            invocation=Invocation(action=self.name, request=request, responder=responder),
            server=self._server,
            endpoint=self._endpoint,
            deadline=own if deadline is None else own.min_with(deadline),
            step=step,
        )

    def check_circuit(self) -> None:
        """Find out whether the server is being left alone.

        Raises:
            CircuitOpen: It is.
        """
        self._endpoint.guard.breaker.check()

    async def run(self, request: Any, responder: Any, runtime: Runtime) -> ActionResult:
        """Call and merge."""
        return self.merged(await carry_out(self.errand(request, responder), runtime), responder)

    def stream(self, request: Any, responder: Any) -> ActionStream:
        """Call the action, and take its directives one by one, as they arrive.

        The server answers at ``POST /action/stream``; the call begins with the first step::

            with action.stream(request, responder) as directives:
                for directive in directives:
                    show(directive)
            if not directives.result: ...

        Args:
            request: The turn: a Request, or MindMeld's.
            responder: The Responder to change at the end, as :meth:`invoke` does: ours, or MindMeld's.

        Returns:
            An :class:`ActionStream <mm_actions.client.stream.ActionStream>`.
        """
        if in_event_loop():
            _warn("stream()", "`async for ... in stream_async(...)`")
        return ActionStream(
            follow(lambda: self.errand(request, responder), BLOCKING),
            lambda result: self.merged(result, responder),
            raise_on_failure=self.raise_on_failure,
        )

    def stream_async(self, request: Any, responder: Any) -> AsyncActionStream:
        """Take the action's directives one by one without blocking the event loop; else as :meth:`stream`.

        It is used with ``async with`` and ``async for``; there is nothing to await.
        """
        return AsyncActionStream(
            follow(lambda: self.errand(request, responder)),
            lambda result: self.merged(result, responder),
            raise_on_failure=self.raise_on_failure,
        )

    def merged(self, result: ActionResult, responder: Any, log: MergeLog | None = None) -> ActionResult:
        """Merge a result's answer, if it has one; of a sequence, its log takes it down before."""
        if result.answer is not None:
            if log is not None:
                log.note(self.name, result.answer, merge=self.merge)
            apply(result.answer, responder, merge=self.merge)
        return result

    def __repr__(self) -> str:
        """Show the name, as MindMeld does."""
        return self.name


class CustomActionSequence(Invocable):
    """Actions, one after the other or all at once; each may live on a server of its own.

    One after the other, each sees what those before it merged, and the first failure ends the sequence;
    what was merged before it stays. All at once, each sees the responder as it was, and the answers are
    merged in the order given, whichever comes first.

    Args:
        actions: Names, or actions.
        config: As for :class:`CustomAction`.
        merge: Merge each answer into the responder; otherwise its members replace the responder's.
        parallel: Call all at once.
        all_or_nothing: After a failure, make the responder what it was before the first action.
        quorum: Of actions called all at once, how many must succeed; all of them by default, 0 for as many as
            may be. The answers of those that succeed are merged.
        precheck: Begin only if the circuits of all servers are closed, so that no first step stands alone for
            an outage that is known already.
        raise_on_failure: Raise the error of the first failure instead of returning it in the result.

    Raises:
        ConfigurationError: As for :class:`CustomAction`.
        RegistrationError: ``actions`` is a string, or empty.
    """

    def __init__(
        self,
        actions: Iterable[str | CustomAction],
        config: ConfigSource | None = None,
        merge: bool = True,
        *,
        parallel: bool = False,
        all_or_nothing: bool = False,
        quorum: int | None = None,
        precheck: bool = False,
        raise_on_failure: bool = False,
    ) -> None:
        if isinstance(actions, str):
            raise RegistrationError(f"actions is a list of names: write actions=[{actions!r}]")
        names = list(actions)
        if not names:
            raise RegistrationError("actions is empty: name at least one action")
        loaded = None if config is None else load_config(config)
        self.actions = [
            action if isinstance(action, CustomAction) else CustomAction(action, _needed(loaded), merge=merge)
            for action in names
        ]
        self.timeout = loaded.timeout if loaded else max(action.timeout for action in self.actions)
        if quorum is not None and not (parallel and 0 <= quorum <= len(self.actions)):
            raise RegistrationError(
                f"quorum is {quorum!r}: with parallel=True, say how many of {len(self.actions)} must succeed"
            )
        self.parallel = parallel
        self.quorum = len(self.actions) if quorum is None else quorum
        self.precheck = precheck
        self.all_or_nothing = all_or_nothing
        self.raise_on_failure = raise_on_failure

    async def run(self, request: Any, responder: Any, runtime: Runtime) -> ActionResult:
        """Call and merge all, within one deadline."""
        started = time.monotonic()
        before = Snapshot(responder) if self.all_or_nothing else None
        deadline = Deadline.after(self.timeout)
        work = self._all_at_once if self.parallel else self._one_after_the_other
        log = MergeLog()
        steps = self._refused() or await work(request, responder, runtime, deadline, log)
        result = ActionResult.of_steps(
            steps, elapsed=time.monotonic() - started, failures=len(self.actions) - self.quorum
        )
        if before is not None and not result:
            before.restore()
            return result
        return replace(result, conflicts=log.conflicts(parallel=self.parallel))

    def _refused(self) -> list[ActionResult]:
        """Give the failure of the first action whose server is left alone, if that is to be known."""
        for action in self.actions if self.precheck else ():
            try:
                action.check_circuit()
            except CircuitOpen as error:
                error.action = action.name
                return [ActionResult(action=action.name, server=action.server, error=error, attempts=0)]
        return []

    async def _one_after_the_other(
        self, request: Any, responder: Any, runtime: Runtime, deadline: Deadline, log: MergeLog
    ) -> list[ActionResult]:
        steps: list[ActionResult] = []
        for step, action in enumerate(self.actions):
            errand = action.errand(request, responder, deadline=deadline, step=step)
            steps.append(action.merged(await carry_out(errand, runtime), responder, log))
            if not steps[-1]:
                break
        return steps

    async def _all_at_once(
        self, request: Any, responder: Any, runtime: Runtime, deadline: Deadline, log: MergeLog
    ) -> list[ActionResult]:
        errands = [
            action.errand(request, responder, deadline=deadline, step=step)
            for step, action in enumerate(self.actions)
        ]
        steps = await runtime.gather([carry_out(errand, runtime) for errand in errands])
        return [action.merged(step, responder, log) for action, step in zip(self.actions, steps, strict=True)]

    def __repr__(self) -> str:
        """Show the names, as MindMeld does."""
        return repr(self.actions)

    def __str__(self) -> str:
        """Show the names, as MindMeld does."""
        return f"action_seq={self.actions!r}"


def invoke_custom_action(
    name: str, config: ConfigSource, request: Any, responder: Any, merge: bool = True
) -> ActionResult:
    """Call one action; see :meth:`CustomAction.invoke`."""
    return CustomAction(name, config, merge=merge).invoke(request, responder)


async def invoke_custom_action_async(
    name: str, config: ConfigSource, request: Any, responder: Any, merge: bool = True
) -> ActionResult:
    """Call one action without blocking the event loop; see :meth:`CustomAction.invoke_async`."""
    return await CustomAction(name, config, merge=merge).invoke_async(request, responder)


def _warn(blocking: str, instead: str) -> None:
    warnings.warn(
        f"{blocking} blocks the event loop that runs on this thread; use {instead}",
        RuntimeWarning,
        stacklevel=3,
    )


def _needed(config: Config | None) -> Config:
    if config is None:
        raise RegistrationError("names of actions need a config that says where their server is")
    return config
