"""Loading an application from a folder, a file or a module."""

from __future__ import annotations

import sys

import pytest

from mm_actions import Application, Request
from mm_actions.application.loading import load_app
from mm_actions.errors import ConfigurationError

MAKE = "from mm_actions import Application\napp = Application(__name__)\n"
HANDLE = (
    "from .root import app\n"
    "@app.handle(default=True)\n"
    "def answer(request, responder):\n    responder.reply({text!r})\n"
)


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content)
    return folder


def package(folder, text="hi"):
    return write(
        folder,
        __init__="from . import handlers\nfrom .root import app\n",
        root=MAKE,
        handlers=HANDLE.format(text=text),
    )


def reply_of(app):
    return app.process(Request()).directives[0]["payload"]["text"]


def test_a_folder_with_init_is_a_package(tmp_path):
    app = load_app(package(tmp_path / "a_shop"))
    assert app.app_path == str(tmp_path / "a_shop")
    assert reply_of(app) == "hi"


def test_a_folder_with_app_py_is_enough(tmp_path):
    write(tmp_path, app=MAKE + "import neighbour_of_this_test\n", neighbour_of_this_test="")
    assert load_app(str(tmp_path)).app_path == str(tmp_path)


def test_a_package_whose_app_is_in_app_py(tmp_path):
    write(tmp_path / "b_shop", __init__="", app=MAKE + "from . import other\n", other="")
    assert load_app(tmp_path / "b_shop").import_name == "b_shop.app"


def test_a_file(tmp_path):
    write(tmp_path, my_little_shop=MAKE)
    assert load_app(tmp_path / "my_little_shop.py").import_name == "my_little_shop"


def test_a_module_by_its_dotted_name(tmp_path, monkeypatch):
    package(tmp_path / "c_shop")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_app("c_shop.root") is load_app("c_shop")


def test_a_folder_is_loaded_afresh_each_time(tmp_path):
    folder = package(tmp_path / "d_shop", "before")
    first = load_app(folder)
    write(folder, handlers=HANDLE.format(text="after, and longer"))
    second = load_app(folder)
    assert (reply_of(first), reply_of(second)) == ("before", "after, and longer")


def test_two_apps_of_the_same_name_do_not_mix(tmp_path):
    one = load_app(package(tmp_path / "one" / "shop_of_two", "one"))
    two = load_app(package(tmp_path / "two" / "shop_of_two", "two"))
    assert (reply_of(one), reply_of(two)) == ("one", "two")
    assert two.import_name.startswith("shop_of_two_")


def test_an_app_in_a_folder_called_like_a_module_leaves_the_module_alone(tmp_path):
    import json

    assert reply_of(load_app(package(tmp_path / "json", "mine"))) == "mine"
    assert sys.modules["json"] is json


def test_an_app_that_cannot_be_imported_leaves_nothing_behind(tmp_path):
    folder = write(tmp_path / "e_shop", __init__="from . import root\n1 / 0\n", root=MAKE)
    with pytest.raises(ZeroDivisionError):
        load_app(folder)
    assert not [name for name in sys.modules if name.startswith("e_shop")]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"__init__": "x = 1\n"}, "has no Application called `app`: write app = Application"),
        ({"app": "app = 5\n"}, "has no Application called `app`"),
        ({"__init__": "", "app": "x = 1\n"}, "has no Application called `app`"),
        ({"other": MAKE}, "has neither __init__.py nor app.py"),
    ],
)
def test_a_folder_without_an_app_is_an_error_that_says_what_to_write(tmp_path, files, message):
    with pytest.raises(ConfigurationError, match=message):
        load_app(write(tmp_path / "f_shop", **files))


def test_a_file_that_is_not_python_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ConfigurationError, match="it is not a Python file"):
        load_app(tmp_path / "notes.txt")


@pytest.mark.parametrize("name", ["no_such_shop", "no_such_shop.app", "json.no_such_shop"])
def test_a_place_that_is_not_there_is_an_error(name):
    with pytest.raises(ConfigurationError, match=f"there is no file, folder or module '{name}'"):
        load_app(name)


def test_a_module_that_an_app_misses_is_named_as_it_is(tmp_path, monkeypatch):
    write(tmp_path, g_shop="import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        load_app("g_shop")


def test_what_is_loaded_is_an_application(tmp_path):
    assert isinstance(load_app(package(tmp_path / "h_shop")), Application)
