"""Every snippet of the README and of docs/ does what its page says.

The Python blocks of a page run in their order, as one program in a folder of its own, against two real
sample servers. The pages say ``http://localhost:8080`` and ``:8081``; only these addresses are replaced.

- A block whose first line is a comment with a file's name is written to that file.
- ``text output`` holds what the Python block before it prints.
- ``python tests`` holds tests, which pass in a run of pytest of their own.
- ``python notest`` is not run; a comment in its first line says why.
- YAML blocks are settings: they load, and each of their actions can be configured.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import re
import subprocess
import sys
import types
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from tests.docs.pages import ROOT, blocks_of, documented

from mm_actions import CustomAction, close_endpoints, load_config
from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from tests.docs.conftest import Addresses
    from tests.docs.pages import Block

LANGUAGES = {"python", "yaml", "text", "console", "json", "ini"}
WORDS = {
    "python": {"notest", "tests"},
    "text": {"output"},
}
#: Pages whose blocks have a meaning of their own, in a test of their own.
OWN_KINDS = {
    "go.md": "tests/example_server/test_go_page.py",
    "java.md": "tests/example_server/test_java_page.py",
    "protocol.md": "tests/contract/test_openapi_protocol.py",
    "typescript.md": "tests/example_server/test_node_page.py",
}
#: The value of every variable that a YAML block needs, also of the password of an encrypted key.
VALUE = "throw-away"
_NEEDED = re.compile(r"\$\{(\w+)\}")


class Program:
    """A page, played block by block."""

    def __init__(self, page: Path, folder: Path, addresses: Addresses) -> None:
        self.folder = folder
        self._addresses = addresses
        self._printed = ""
        self._module = types.ModuleType(f"page_{page.stem.lower().replace('-', '_')}")
        self._module.__file__ = str(folder / "app.py")

    def __enter__(self) -> Self:
        sys.modules[self._module.__name__] = self._module
        return self

    def __exit__(self, *_: object) -> None:
        del sys.modules[self._module.__name__]
        close_endpoints()

    def play(self, block: Block) -> None:
        text = self._addresses.put_into(block.text)
        if block.file_name:
            file = self.folder / block.file_name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if block.language == "yaml":
            self._configure(block, text)
        elif block.language == "json":
            json.loads(text)
        elif "output" in block.words:
            assert self._printed == text, block.place
        elif block.language != "python" or block.file_name:
            return
        elif "notest" in block.words:
            assert text.startswith("# "), f"{block.place} does not say why it is not run"
            _check_imports(block)
        elif "tests" in block.words:
            self._run_tests(block, text)
        else:
            self._run(block, text)

    def _run(self, block: Block, text: str) -> None:
        # Empty lines in front make a traceback show the line of the page.
        code = compile("\n" * block.line + text, str(block.page), "exec")
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(code, self._module.__dict__)
        self._printed = printed.getvalue()

    def _run_tests(self, block: Block, text: str) -> None:
        file = self.folder / f"test_line_{block.line}.py"
        file.write_text(text, encoding="utf-8")
        options = ["-q", "-W", "error", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, file.name],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, f"{block.place}\n{done.stdout}{done.stderr}"

    def _configure(self, block: Block, text: str) -> None:
        file = self.folder / (block.file_name or f"line_{block.line}.yaml")
        file.write_text(text, encoding="utf-8")
        config = load_config(file)
        actions = [*config.actions, *(["any_other"] if config.default else [])]
        assert [CustomAction(action, config).name for action in actions] == actions


def _check_imports(block: Block) -> None:
    """Of a block that cannot run here, check at least that it is Python and imports what there is."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mm_actions"):
            module = importlib.import_module(node.module or "")
            missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
            assert missing == [], block.place


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a page's program, with the certificates that the pages name."""
    authority = tmp_path / "authority"
    authority.mkdir()
    ca = CertificateAuthority(authority)
    client, encrypted = ca.client(), ca.encrypted(password=VALUE)
    certificates = tmp_path / "page" / "certs"
    certificates.mkdir(parents=True)
    for name, source in {
        "ca.pem": ca.certificate,
        "client.pem": client.certificate,
        "client.key": client.private_key,
        "encrypted.pem": encrypted.certificate,
        "encrypted.key": encrypted.private_key,
    }.items():
        (certificates / name).write_bytes(source.read_bytes())
    monkeypatch.chdir(certificates.parent)
    return certificates.parent


@pytest.mark.parametrize("page", documented(), ids=lambda page: page.stem)
def test_every_snippet_of_a_page_does_what_the_page_says(
    page: Path, folder: Path, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in blocks_of(page):
        if block.language in {"yaml", "python"}:
            for name in _NEEDED.findall(block.text):
                monkeypatch.setenv(name, VALUE)
    with Program(page, folder, addresses) as program:
        for block in blocks_of(page):
            program.play(block)


@pytest.mark.parametrize(
    "page", [page for page in documented() if page.name not in OWN_KINDS], ids=lambda page: page.stem
)
def test_every_block_is_of_a_kind_that_the_tests_know(page: Path) -> None:
    unknown = [
        block.place
        for block in blocks_of(page)
        if block.language not in LANGUAGES or not set(block.words) <= WORDS.get(block.language, set())
    ]
    assert unknown == []


@pytest.mark.parametrize(("page", "test"), OWN_KINDS.items())
def test_a_page_with_blocks_of_its_own_kinds_has_a_test_that_reads_it(page: str, test: str) -> None:
    assert f"docs/{page}" in (ROOT / test).read_text(encoding="utf-8").replace('" / "', "/")


def test_the_quick_start_is_one_short_program() -> None:
    quick_start = next(block for block in blocks_of(ROOT / "README.md") if block.language == "python")
    lines = [line for line in quick_start.text.splitlines() if line.strip()]
    assert 10 <= len(lines) <= 20
