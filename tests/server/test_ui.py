"""Swagger UI at the server itself."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tests.example_server.test_swagger_ui import page  # noqa: F401 - a fixture
from tests.server.conftest import Served, assert_problem

from mm_actions import ConfigurationError
from mm_actions.server import ActionServer, BearerTokens
from mm_actions.server.door import ui

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    Serve = Callable[[ActionServer], Served]


@pytest.fixture
def shop() -> ActionServer:
    server = ActionServer(drain=0)

    @server.action("price_drink")
    def price_drink(request, responder, size: str):
        """Price a drink."""
        responder.reply(f"A {size} one is $3.")

    return server


@pytest.fixture
def served(serve: Serve, shop: ActionServer) -> Iterator[Served]:
    return serve(shop)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("", "text/html"),
        ("start.js", "text/javascript"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui.css", "text/css"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_the_files_are_served_with_their_types_and_may_be_kept(
    served: Served, name: str, media_type: str
) -> None:
    answer = served.get(f"/ui/{name}")
    assert (answer.status, answer.media_type) == (200, media_type)
    assert answer.headers["cache-control"] == "max-age=3600"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    again = served.get(f"/ui/{name}", If_None_Match=answer.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_the_short_address_leads_to_the_page_wherever_the_server_is_mounted(served: Served) -> None:
    answer = served.get("/ui")
    assert (answer.status, answer.headers["location"]) == (307, "ui/")


@pytest.mark.parametrize(
    "path",
    [
        "/ui/../server/ui.py",
        "/ui/..%2f..%2fetc%2fpasswd",
        "/ui/%2e%2e/openapi.json",
        "/ui//etc/passwd",
        "/ui/index.j2",
        "/ui/swagger-ui.css/..",
        "/ui/swagger-ui.css%00.js",
        "/ui/__init__.py",
    ],
)
def test_no_other_file_is_ever_read(served: Served, path: str) -> None:
    assert_problem(served.get(path), 404)


def test_the_page_is_open_also_where_calls_need_credentials(serve: Serve) -> None:
    assert serve(ActionServer(drain=0, guards=(BearerTokens("token"),))).get("/ui/").status == 200


def test_the_page_can_be_left_out(serve: Serve) -> None:
    served = serve(ActionServer(drain=0, ui=False))
    assert_problem(served.get("/ui/"), 404)
    assert served.get("/openapi.json").status == 200
    with pytest.raises(ConfigurationError, match="openapi"):
        _ = ActionServer(ui=True, openapi=False).asgi


def test_without_the_library_there_is_no_page_and_whoever_asks_for_it_learns_why() -> None:
    program = (
        "import sys\n"
        "sys.modules['swagger_ui_bundle'] = None\n"
        "from mm_actions import ConfigurationError\n"
        "from mm_actions.server import ActionServer\n"
        "print('/ui/' in ActionServer().asgi.doors)\n"
        "try:\n"
        "    ActionServer(ui=True).asgi\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    there, said = done.stdout.splitlines()
    assert there == "False"
    assert "mm_actions[ui]" in said


def test_every_file_is_in_the_library_that_is_installed() -> None:
    for name in ui.NAMES:
        assert len(ui.page(name, {}).body) > 100


@pytest.mark.browser
def test_an_action_is_tried_out_in_a_browser(served: Served, page: Page) -> None:  # noqa: F811 - pytest's way
    requested: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    page.goto(f"{served.url}/ui")

    operation = page.locator("#operations-actions-invoke_action")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    response = operation.locator(".live-responses-table")
    response.get_by_text("A text one is $3.").first.wait_for()

    assert "200" in response.locator("tbody .response-col_status").first.inner_text()
    hosts = {urlsplit(url).netloc for url in requested if urlsplit(url).scheme not in {"data", "blob"}}
    assert hosts == {f"127.0.0.1:{served.port}"}
    assert f"{served.url}/action" in requested
    assert failed == []
