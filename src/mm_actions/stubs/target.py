"""One language: which generator, with which options, what is mended, how it is built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_actions.stubs.failure import StubsFailed
from mm_actions.stubs.mending import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.stubs.mending import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageForm:
    """What a package is called in a language: words for people, and a pattern."""

    words: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Stubs in one language.

    Attributes:
        language: What the user calls it.
        makes: What comes out, in a few words.
        generator: openapi-generator's name for it.
        package: The package when the user names none.
        form: What packages are called in this language.
        options: Options of the generator that were found to work; ``<package>`` stands for the package,
            ``<name>`` for its last part, ``<path>`` for it with slashes.
        steps: What is mended afterwards, in this order.
        build: The commands that build it, each in the folder of the stubs.
        tested: Whether what comes out is compiled in the tests of mm_actions.
    """

    language: str
    makes: str
    generator: str
    package: str
    form: PackageForm
    options: Mapping[str, str]
    steps: tuple[Step, ...]
    build: tuple[str, ...]
    tested: bool = True

    def names(self, package: str | None) -> dict[str, str]:
        """Give what stands in the place of the marks.

        Raises:
            StubsFailed: The language has no such package names.
        """
        package = package or self.package
        if not re.fullmatch(self.form.pattern, package):
            raise StubsFailed(
                f"{package!r} is not {self.form.words}, which {self.language} needs; such as {self.package}"
            )
        return {
            "package": package,
            "name": re.split(r"[./]", package)[-1],
            "path": package.replace(".", "/"),
        }

    def options_for(self, names: Mapping[str, str]) -> dict[str, str]:
        """Give the options with the names filled in."""
        return {name: filled(value, names) for name, value in self.options.items()}
