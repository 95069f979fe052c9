"""The curl command that does what a call does, without a secret in it."""

from __future__ import annotations

import re
import secrets
import shlex
from typing import TYPE_CHECKING

from mm_actions.cli.failure import UsageProblem
from mm_actions.config import BasicAuth, BearerAuth, HmacAuth
from mm_actions.config.address import HTTP, scheme_of
from mm_actions.contract.codec import encode
from mm_actions.core.payload import payload_of
from mm_actions.core.transport import Invocation
from mm_actions.transports.http.auth import SIGNATURE

if TYPE_CHECKING:
    from mm_actions.cli.turn import Turn
    from mm_actions.config import ServerSettings

_LONGEST_ARGUMENT = 128 << 10  # of one argument, Linux
_STEP = " \\\n  "


def curl_command(turn: Turn, settings: ServerSettings) -> str:
    """Write the command for a POSIX shell, after a comment for each variable that it wants to be set.

    Raises:
        EncodingFailed: The turn holds what JSON cannot carry.
        UsageProblem: The turn is too long for a command line, or the server is not called with our contract.
    """
    if scheme_of(settings.url) not in HTTP:
        raise UsageProblem(
            f"--curl shows calls over {' and '.join(HTTP)}, not over {scheme_of(settings.url)}: leave it out"
        )
    invocation = Invocation(action=turn.action, request=turn.request, responder=turn.responder)
    body = encode(payload_of(invocation, settings.history)).decode()
    if len(body.encode()) >= _LONGEST_ARGUMENT:
        raise UsageProblem("the turn is too long for a command line: send less, such as history: none")
    wanted: dict[str, str] = {}
    credentials, preparation = _credentials(settings, wanted)
    pieces = [
        "curl --silent --show-error --fail-with-body",
        f"--max-time {settings.timeout:g} --connect-timeout {settings.connect_timeout:g}",
        *_connection(settings, wanted),
        "--header 'Content-Type: application/json' --header 'Accept: application/json'",
        f"--header 'X-MM-Timeout-Ms: {max(1, int(settings.timeout * 1000))}'",
        *(
            f'--header "{_quoted(name)}: ${_variable(name, what, wanted)}"'
            for name, what in _headers(settings)
        ),
    ]
    if settings.honours_key(turn.action):
        pieces.append(f"--header 'Idempotency-Key: {secrets.token_hex(16)}'")
    data = '"$MM_BODY"' if preparation else shlex.quote(body)
    pieces += [*credentials, f"--data-raw {data}", f"--url {shlex.quote(settings.url)}"]
    comments = [f"# needs {name}: {what}" for name, what in wanted.items()]
    setting = [f"MM_BODY={shlex.quote(body)}", *preparation] if preparation else []
    return "\n".join([*comments, *setting, _STEP.join(pieces)])


def _connection(settings: ServerSettings, wanted: dict[str, str]) -> list[str]:
    pieces = []
    if settings.proxy is None:
        pieces.append("--noproxy '*'")
    else:
        pieces.append(f'--proxy "${_variable("proxy", "the proxy of the settings", wanted)}"')
    if settings.url.startswith("https:"):
        pieces.append("--tlsv1.2")
    for option, file in (
        ("--cacert", settings.cert),
        ("--crlfile", settings.crl),
        (
            "--cert",
            settings.public_key and settings.public_key.replace(":", "\\:"),
        ),  # else a password follows
        ("--key", settings.private_key),
    ):
        if file is not None:
            pieces.append(f"{option} {shlex.quote(file)}")
    if settings.private_key_password:
        name = _variable("private_key_password", "the password of the private key", wanted)
        pieces.append(f'--pass "${name}"')
    if not settings.verify:
        pieces.append("--insecure")
    return pieces


def _credentials(settings: ServerSettings, wanted: dict[str, str]) -> tuple[list[str], list[str]]:
    """Give the options that carry the credentials, and the commands that must run before."""
    auth = settings.auth
    if isinstance(auth, BearerAuth):
        return [f'--header "Authorization: Bearer ${_variable("bearer", "the token of auth", wanted)}"'], []
    if isinstance(auth, BasicAuth):
        name = _variable("password", "the password of auth", wanted)
        return [f'--basic --user {shlex.quote(auth.username + ":")}"${name}"'], []
    if isinstance(auth, HmacAuth):
        name = _variable("hmac_secret", "the secret of auth", wanted)
        sign = f'openssl dgst -sha256 -hmac "${name}" -r | cut -d " " -f 1'
        preparation = [
            "MM_TIME=$(date +%s)",
            f'MM_SIGNATURE=$(printf "%s.%s" "$MM_TIME" "$MM_BODY" | {sign})',
        ]
        return [f'--header "{SIGNATURE}: t=$MM_TIME,v1=$MM_SIGNATURE"'], preparation
    return [], []


def _headers(settings: ServerSettings) -> list[tuple[str, str]]:
    return [(name, f"the value of the header {name}") for name, _ in settings.headers]


def _variable(name: str, what: str, wanted: dict[str, str]) -> str:
    """Name the variable that stands for a secret; any configured header may be one."""
    variable = f"MM_{re.sub('[^A-Za-z0-9]', '_', name).upper()}"
    wanted[variable] = what
    return variable


def _quoted(name: str) -> str:
    """Quote what a header's name may hold and a shell would take for its own within double quotes."""
    return re.sub(r'([$`"\\!])', r"\\\1", name)
