"""Every language, in the order in which they are listed."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from mm_actions.stubs import go_targets, java_targets, other_targets
from mm_actions.stubs.failure import StubsFailed

if TYPE_CHECKING:
    from mm_actions.stubs.target import Target

TARGETS: tuple[Target, ...] = (
    java_targets.SPRING,
    java_targets.JAXRS,
    java_targets.CLIENT,
    java_targets.KOTLIN,
    go_targets.SERVER,
    go_targets.CLIENT,
    other_targets.TYPESCRIPT,
    other_targets.RUST,
    other_targets.CSHARP,
    other_targets.FASTAPI,
)


def target_named(language: str) -> Target:
    """Find a language.

    Raises:
        StubsFailed: There is none of that name; the message names those that are near it.
    """
    by_name = {target.language: target for target in TARGETS}
    if language in by_name:
        return by_name[language]
    near = [name for name in by_name if language in name] or get_close_matches(language, by_name, cutoff=0.4)
    hint = f"; is it {' or '.join(near)}?" if near else ""
    raise StubsFailed(f"there are no stubs in {language!r}{hint} mm-actions stubs --list shows them all")
