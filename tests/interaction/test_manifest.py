from __future__ import annotations

import ast
from pathlib import Path

import yaml
from tests.interaction.ways import WAYS

MARK = "pytest.mark.requirement("
HERE = Path(__file__).parent
REQUIREMENTS = yaml.safe_load((HERE / "requirements.yaml").read_text(encoding="utf-8"))


def shown() -> set[str]:
    """Give the requirements that tests name, by their decorators."""
    names = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for decorator in getattr(node, "decorator_list", ()):
                if ast.unparse(decorator).startswith(MARK):
                    names.add(ast.literal_eval(decorator.args[0]))
    return names


def test_every_requirement_has_a_test_and_every_test_a_requirement() -> None:
    names = [each["id"] for each in REQUIREMENTS]
    assert len(set(names)) == len(names)
    assert set(names) == shown()


def test_every_test_of_this_folder_names_a_requirement() -> None:
    for path in HERE.glob("test_*.py"):
        if path.name == Path(__file__).name:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = [ast.unparse(each) for each in node.decorator_list]
                assert any(mark.startswith(MARK) for mark in marks), node.name


def test_a_requirement_says_its_source_and_why_it_does_not_hold_somewhere() -> None:
    for each in REQUIREMENTS:
        assert {"id", "source", "text"} <= set(each) <= {"id", "source", "text", "but"}
        for way, reason in each.get("but", {}).items():
            assert way in WAYS, f"{each['id']}: there is no way {way}"
            assert len(reason) > 5
