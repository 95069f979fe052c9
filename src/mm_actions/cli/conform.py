"""`mm-actions conform`: whether an action server keeps the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.cli import call_options as given  # noqa: TC001 - typer reads the annotations
from mm_actions.cli import conform_options as asked  # noqa: TC001 - likewise
from mm_actions.cli.conform_display import Progress, print_checks, print_report
from mm_actions.cli.failure import UsageProblem
from mm_actions.cli.printable import document
from mm_actions.cli.servers import given_options
from mm_actions.config import load_config
from mm_actions.conformance import ConformanceOptions, Examination, junit
from mm_actions.conformance.examination import selected
from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mm_actions.conformance import Check, Report

_EXIT_CODES = {"conforms": 0, "fails": 76, "incomplete": 75}


def conform(
    url: asked.Url = None,
    *,
    level: asked.Level = "full",
    action: asked.Action = None,
    only: asked.Only = None,
    strict: asked.Strict = False,
    timeout: asked.Timeout = 60.0,
    wait: asked.Wait = 10.0,
    list_them: asked.ListThem = False,
    path: asked.ActionPath = None,
    max_body: asked.MaxBody = 16 * 1024 * 1024,
    idempotent: given.Idempotent = False,
    cert: given.Cert = None,
    public_key: given.PublicKey = None,
    private_key: given.PrivateKey = None,
    private_key_password: given.PrivateKeyPassword = None,
    insecure_dev: given.InsecureDev = False,
    headers: given.Headers = None,
    bearer: asked.Bearer = None,
    hmac_secret: asked.HmacSecret = None,
    as_json: given.AsJson = False,
    junit_file: asked.Junit = None,
    verbose: asked.Verbose = False,
) -> int:
    """Check an action server from outside, in whatever language it is written.

    The action is called some hundred times. Exit code 0: no MUST failed; 76: one did; 75: the time was up.

    For example:

      mm-actions conform http://localhost:8080

      mm-actions conform https://shop:8443/action --level core --action list_stores --cert ca.pem

      mm-actions conform http://localhost:8080 --only C14,C23 --verbose
    """
    options = ConformanceOptions(
        level=level,
        action=action,
        only=tuple(filter(None, (only or "").replace(" ", "").split(","))),
        path=path,
        idempotent=idempotent,
        max_body=max_body,
        wait=wait,
        timeout=timeout,
    )
    if list_them:
        print_checks(_selected(options), as_json=as_json)
        return 0
    if url is None:
        raise UsageProblem("which server? For example: mm-actions conform http://localhost:8080")
    if bearer is not None and hmac_secret is not None:
        raise UsageProblem("--bearer and --hmac-secret exclude each other: look at the server twice")
    settings = given_options(
        {
            "cert": cert,
            "public_key": public_key,
            "private_key": private_key,
            "private_key_password": private_key_password,
            "verify": False if insecure_dev else None,
            "insecure_dev": insecure_dev or None,
        },
        headers=headers or (),
        bearer=bearer,
    )
    if hmac_secret is not None:
        settings["auth"] = {"hmac": hmac_secret}
    _, server = load_config({"url": url, **settings}).server_of("")
    _selected(options)  # a wrong id is told before the server is asked
    examination = Examination(server, options)
    examination.open()
    with Progress(len(examination.checks), quiet=as_json) as progress:
        report = examination.run(progress.tell)
    if junit_file is not None:
        _write(junit_file, report, strict=strict)
    if as_json:
        print(document(report.document(strict=strict, verbose=verbose)))  # noqa: T201 - goes to a program
    else:
        print_report(report, strict=strict, verbose=verbose)
    return _EXIT_CODES[report.verdict(strict=strict)]


def _selected(options: ConformanceOptions) -> Sequence[Check]:
    try:
        return selected(options)
    except ConfigurationError as error:
        raise UsageProblem(str(error)) from None


def _write(file: Path, report: Report, *, strict: bool) -> None:
    try:
        file.write_bytes(junit(report, strict=strict))
    except OSError as error:
        raise ConfigurationError(f"--junit {file} cannot be written: {error.strerror}") from error
