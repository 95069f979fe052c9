"""What is generated compiles, with the real tools of each language, and answers no null."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.example_server.builds import ROOT, SHORT_LIVED_JAVA, maven, node_tools, program, run
from tests.example_server.running import run_server
from tests.example_server.servers import start
from tests.stubs.conftest import installed

from mm_actions.stubs import TARGETS, Plan, target_named, write_stubs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stubs.conftest import Folders

# A first build fetches what it needs from the registry of its language.
pytestmark = [pytest.mark.generator, pytest.mark.timeout(900)]


PROGRAMS = Path(__file__).parent / "programs"


def keeps_the_core_level(
    command: list[str | Path], folder: Path, environment: dict[str, str] | None = None
) -> None:
    """Ask the kit about stubs that were filled in with one action of any name."""
    with start(command, folder, environment, within=120) as running:
        conform = [sys.executable, "-m", "mm_actions.cli", "conform", running.url]
        said = run([*conform, "--level", "core", "--action", "greet"], ROOT)
    assert "The server conforms (level core)" in said


def with_maven(folder: Path) -> None:
    with maven() as mvn:
        run([*mvn, "compile"], folder)
    assert list(folder.glob("target/classes/com/example/actions/model/Responder.class"))


def with_go(folder: Path) -> None:
    run([program("go"), "vet", "./..."], folder)


def with_go_and_a_call(folder: Path) -> None:
    (folder / "call").mkdir()
    shutil.copy(PROGRAMS / "call.go", folder / "call" / "main.go")
    with_go(folder)
    with run_server() as server:
        assert run([program("go"), "run", "./call", server.url], folder) == "reply true\n"


def with_tsc_and_a_call(folder: Path) -> None:
    node = program("node")
    tsc = node_tools() / "tsc"
    run([tsc, "--strict"], folder)
    run([tsc, "-p", "tsconfig.esm.json"], folder)
    assert (folder / "dist" / "index.d.ts").exists()
    assert (folder / "dist" / "esm" / "index.js").exists()
    shutil.copy(PROGRAMS / "call.js", folder)
    with run_server() as server:
        assert run([node, "call.js", server.url], folder) == "reply true\n"


def with_maven_filled_in(folder: Path) -> None:
    shutil.copy(PROGRAMS / "Shop.kt", folder / "src" / "main" / "kotlin" / "com" / "example" / "actions")
    with maven() as mvn:
        run([*mvn, "package"], folder)
    (jar,) = folder.glob("target/*.jar")
    keeps_the_core_level([program("java"), *SHORT_LIVED_JAVA, "-jar", jar, "--server.port=0"], folder)


def with_cargo_filled_in(folder: Path) -> None:
    (folder / "examples").mkdir()
    shutil.copy(PROGRAMS / "shop.rs", folder / "examples")
    run([program("cargo"), "build", "--quiet", "--examples"], folder, within=800)
    keeps_the_core_level([folder / "target" / "debug" / "examples" / "shop"], folder)


def with_python(folder: Path) -> None:
    """Install what the stubs need into a folder of its own, fill them in, and ask the kit."""
    needs = folder / "needs"
    pip = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "install", "--quiet"]
    run([*pip, "--target", needs, "-r", folder / "requirements.txt"], folder)
    shutil.copy(PROGRAMS / "shop.py", folder)
    environment = {"PYTHONPATH": f"{needs}:{folder / 'src'}"}
    keeps_the_core_level([sys.executable, "shop.py"], folder, environment)


#: How each language is built, and the marks of the test.
BUILDS: dict[str, tuple[Callable[[Path], None], tuple[pytest.MarkDecorator, ...]]] = {
    "java-spring": (with_maven, (pytest.mark.java,)),
    "java-jaxrs": (with_maven, (pytest.mark.java,)),
    "java-client": (with_maven, (pytest.mark.java,)),
    "kotlin": (with_maven_filled_in, (pytest.mark.java, pytest.mark.slow)),
    "go-server": (with_go, (pytest.mark.go,)),
    "go-client": (with_go_and_a_call, (pytest.mark.go,)),
    "typescript-fetch": (with_tsc_and_a_call, (pytest.mark.node,)),
    "rust-axum": (with_cargo_filled_in, (pytest.mark.slow,)),
    "python-fastapi": (with_python, (pytest.mark.slow,)),
}


@pytest.mark.parametrize(
    "language", [pytest.param(language, marks=marks) for language, (_, marks) in BUILDS.items()]
)
def test_the_stubs_compile(language: str, stubs: Folders, tmp_path: Path) -> None:
    build, _ = BUILDS[language]
    build(shutil.copytree(stubs.of(language), tmp_path / language))


ON_THE_CLASS = r"@com\.\S+JsonInclude\(\S+NON_NULL\)\n[^{}]{0,200}?^(public|data) class"

#: What keeps null out of an answer, by file.
NULLS_KEPT_OUT = {
    "java-spring": {"src/main/java/**/model/*.java": ON_THE_CLASS},
    "java-jaxrs": {"src/gen/java/**/model/*.java": ON_THE_CLASS},
    "java-client": {
        "src/main/java/**/ApiClient.java": r"setSerializationInclusion\(JsonInclude\.Include\.NON_NULL\)",
        "src/main/java/**/model/[B-Z]*.java": ON_THE_CLASS,
    },
    "kotlin": {"src/main/kotlin/**/model/*.kt": ON_THE_CLASS},
    "go-server": {
        "model_responder.go": r'Directives \[\]Directive `json:"directives"`',
        "responder_json.go": r"whole\.Frame = map\[string\]interface\{\}\{\}",
        "model_params.go": r'AllowedIntents \[\]string `json:"allowed_intents,omitempty"`',
    },
    "go-client": {
        "model_responder.go": r"if !IsNil\(o\.Frame\) \{",
        "model_params.go": r"if !IsNil\(o\.AllowedIntents\) \{",
    },
    "typescript-fetch": {
        "src/models/Responder.ts": r"^    frame\?: \{ \[key: string\]: any; \};",
        "src/models/Params.ts": r"^    allowedIntents\?: Array<string>;",
    },
    "rust-axum": {
        "src/models.rs": r'skip_serializing_if="Option::is_none"\)\]\n    pub frame: Option<',
    },
    "csharp": {
        "src/*/Startup.cs": r"NullValueHandling = Newtonsoft\.Json\.NullValueHandling\.Ignore;",
    },
    "python-fastapi": {"src/*/apis/actions_api.py": r"^    response_model_exclude_none=True,$"},
}


@pytest.mark.parametrize("language", [target.language for target in TARGETS])
def test_no_answer_can_hold_null_where_a_client_fails_on_it(language: str, stubs: Folders) -> None:
    folder = stubs.of(language)
    for pattern, what in NULLS_KEPT_OUT[language].items():
        files = sorted(folder.glob(pattern))
        assert files
        assert [
            file.name for file in files if not re.search(what, file.read_text("utf-8"), re.MULTILINE)
        ] == []


@pytest.mark.parametrize("language", ["java-spring", "java-jaxrs", "java-client", "kotlin"])
def test_members_that_are_not_known_are_ignored_in_java(language: str, stubs: Folders) -> None:
    models = [*stubs.of(language).glob("src/*/*/**/model/[B-Z]*")]
    assert len(models) >= 10
    for model in models:
        assert "JsonIgnoreProperties(ignoreUnknown = true)" in model.read_text("utf-8")


@pytest.mark.parametrize("language", [target.language for target in TARGETS])
def test_nothing_names_a_place_that_is_to_be_filled_in_or_the_day_it_was_made(
    language: str, stubs: Folders
) -> None:
    text = "".join(
        path.read_text("utf-8", errors="replace") for path in stubs.of(language).rglob("*") if path.is_file()
    )
    for word in ("GIT_USER_ID", "my-secret-key", "Generated on", "mm-actions-stubs-"):
        assert word not in text


def test_core_has_one_operation(stubs: Folders) -> None:
    operations = r"^\t(\w+)\(context\.Context"
    assert re.findall(operations, (stubs.of("go-server", "core") / "api.go").read_text(), re.MULTILINE) == [
        "InvokeAction"
    ]
    full = re.findall(operations, (stubs.of("go-server", "full") / "api.go").read_text(), re.MULTILINE)
    assert full == ["InvokeAction", "StreamAction", "ListActions", "GetLiveness", "GetReadiness"]


@pytest.mark.parametrize("language", ["go-server", "csharp"])
def test_the_same_command_writes_the_same_bytes(language: str, stubs: Folders, tmp_path: Path) -> None:
    again = tmp_path / "another name"
    plan = Plan(target=target_named(language), profile="full", folder=again)
    write_stubs(plan, generator=installed())
    assert contents(again) == contents(stubs.of(language))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.java
def test_a_package_of_ones_own_is_used_throughout(tmp_path: Path) -> None:
    folder = tmp_path / "stubs"
    plan = Plan(target=target_named("java-spring"), profile="core", folder=folder, package="org.acme.bots")
    files = write_stubs(plan, generator=installed())
    assert "src/main/java/org/acme/bots/api/ActionsApiDelegate.java" in files
    assert not [name for name, text in contents(folder).items() if b"com.example.actions" in text]
