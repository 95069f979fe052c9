"""Swagger UI in a real browser: what a newcomer does first."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.example_server.running import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from tests.example_server.running import RunningServer

_REPLY = "Invoking action_restart on custom server."
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.browser


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        message = (
            "no Chromium on the PATH: install one (Debian: apt install chromium) to run the browser tests"
        )
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    playwright_api: Any = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        try:
            opened = browser.new_page(viewport={"width": 1200, "height": 1500})
            opened.set_default_timeout(20_000)
            yield opened
        finally:
            browser.close()


def test_swagger_ui_sends_an_invocation_and_shows_the_reply(server: RunningServer, page: Page) -> None:
    requested: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(f"{server.url}/ui/")

    operation = page.locator("#operations-actions-invoke_action")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    response = operation.locator(".live-responses-table")
    response.get_by_text(_REPLY).first.wait_for()

    assert "200" in response.locator("tbody .response-col_status").first.inner_text()
    hosts = {urlsplit(url).netloc for url in requested if urlsplit(url).scheme not in {"data", "blob"}}
    assert hosts == {f"127.0.0.1:{server.port}"}
    assert f"{server.url}/action" in requested
    assert failed == []
    if os.environ.get("SWAGGER_UI_SCREENSHOT"):
        target = ROOT / "docs" / "images" / "swagger-ui.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        top, bottom = operation.bounding_box(), response.bounding_box()
        assert top
        assert bottom
        height = bottom["y"] + bottom["height"] - top["y"] + 10
        clip = {**top, "y": top["y"] + page.evaluate("window.scrollY"), "height": height}
        page.screenshot(path=target, full_page=True, clip=clip)
