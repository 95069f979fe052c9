"""`mm-actions stubs`: servers and clients of the contract in other languages."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.cli import stubs_options as asked  # noqa: TC001 - typer reads the annotations
from mm_actions.cli.display import console
from mm_actions.cli.failure import UsageProblem
from mm_actions.cli.printable import document
from mm_actions.stubs import TARGETS, Generator, Plan, StubsFailed, target_named, write_stubs

if TYPE_CHECKING:
    from collections.abc import Iterator


def stubs(
    language: asked.Language = None,
    *,
    output: asked.Output = None,
    profile: asked.ProfileName = "full",
    package: asked.Package = None,
    list_them: asked.ListThem = False,
    dry_run: asked.DryRun = False,
    force: asked.Force = False,
    as_json: asked.AsJson = False,
) -> int:
    """Write a server or client of the contract in another language, to fill in.

    It needs the extra `stubs` and Java 11. What openapi-generator writes is mended, so that it compiles
    and answers no null where a client cannot take it.

    For example:

      mm-actions stubs --list

      mm-actions stubs java-spring -o action-server --package com.example.shop

      mm-actions stubs go-server -o actions --profile core
    """
    if list_them:
        _list(as_json=as_json)
        return 0
    if language is None:
        raise UsageProblem("in which language? mm-actions stubs --list shows what there is")
    if output is None and not dry_run:
        raise UsageProblem("where to? For example: -o action-server")
    try:
        target = target_named(language)
        target.names(package)  # a wrong package is a wrong command line
    except StubsFailed as error:
        raise UsageProblem(str(error)) from None
    plan = Plan(target=target, profile=profile, package=package, folder=output or Path("DIR"))
    if dry_run:
        _show(plan, as_json=as_json)
        return 0
    files = write_stubs(plan, force=force)
    if as_json:
        print(document({"folder": str(plan.folder), "files": files}))  # noqa: T201 - goes to a program
        return 0
    out = console()
    out.print(f"{len(files)} files in {plan.folder}. {target.makes}.")
    if not target.tested:
        out.print("untested: nobody has compiled this one for you.", style="yellow")
    out.print("Build it there with: " + " && ".join(plan.build))
    return 0


def _list(*, as_json: bool) -> None:
    if as_json:
        languages = [
            {
                "language": target.language,
                "makes": target.makes,
                "generator": target.generator,
                "tested": target.tested,
                "build": list(target.build),
            }
            for target in TARGETS
        ]
        print(document({"languages": languages}))  # noqa: T201 - goes to a program
        return
    width = max(len(target.language) for target in TARGETS)
    for target in TARGETS:
        state = "compiled" if target.tested else "untested"
        console().print(f"{target.language:<{width}}  {state}  {target.makes}")


def _show(plan: Plan, *, as_json: bool) -> None:
    generator = Generator.as_shown()
    command = plan.command(generator, Path(f"contract-{plan.profile}.json"), plan.folder)
    steps = plan.steps(generator.version)
    if as_json:
        shown = {
            "generator": generator.version,
            "command": list(command),
            "steps": [{"change": step.change(plan.names), "why": step.why} for step in steps],
            "build": list(plan.build),
        }
        print(document(shown))  # noqa: T201 - goes to a program
        return
    for line in _lines(plan, generator, command):
        console().print(line)


def _lines(plan: Plan, generator: Generator, command: tuple[str, ...]) -> Iterator[str]:
    yield f"openapi-generator {generator.version}, on the {plan.profile} profile of the contract:"
    yield f"  {shlex.join(command)}"
    yield "then:"
    for step in plan.steps(generator.version):
        yield f"  {step.change(plan.names)}: {step.why}"
    yield "built with:"
    for line in plan.build:
        yield f"  {line}"
