"""The fixtures, in a test run of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request

from mm_actions.testing import Answer

TESTS = """
import http.client
import threading
import pytest
from mm_actions import CustomAction, Request, Responder
from mm_actions.server import ActionServer
from mm_actions.testing import Answer

def get(peer, tls=None):
    if tls is None:
        client = http.client.HTTPConnection(peer.host, peer.port, timeout=10)
    else:
        client = http.client.HTTPSConnection("localhost", peer.port, timeout=10, context=tls)
    try:
        client.request("GET", "/")
        return client.getresponse().read()
    finally:
        client.close()

def test_a_server_and_a_proxy_in_front_of_it(mm_fault_server, mm_fault_proxy):
    first, second = mm_fault_server(Answer(json=1)), mm_fault_server(Answer(json=2), keep=1)
    assert (get(first), get(second)) == (b"1", b"2")
    assert get(mm_fault_proxy(first)) == b"1"
    assert get(mm_fault_proxy(second.host, second.port, seed=1)) == b"2"

def test_they_ended_with_the_test():
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mm-fault")]

def test_certificates(mm_fault_server, mm_certificates):
    server = mm_fault_server(Answer(json=3), ssl_context=mm_certificates.server().server_context())
    assert get(server, mm_certificates.context()) == b"3"

def test_an_action_server(mm_action_server, mm_certificates):
    server = ActionServer()

    @server.action
    def greet(request, responder):
        responder.reply("Hello.")

    plain = mm_action_server(server)
    files = mm_certificates.server()
    https = mm_action_server(server, tls_cert=files.certificate, tls_key=files.private_key)
    for url in plain.url, https.url:
        config = {"url": f"{url}/action", "cert": str(mm_certificates.certificate)}
        responder = Responder()
        assert CustomAction("greet", config).invoke(Request(), responder)
        assert [directive["payload"]["text"] for directive in responder.directives] == ["Hello."]

def test_a_broken_script_fails_its_test(mm_fault_server):
    get(mm_fault_server(lambda request, number: 1 / 0))
"""


def test_the_plugin_offers_its_fixtures(tmp_path):
    (tmp_path / "test_them.py").write_text(TESTS)
    plugins = ["-p", "no:mm_actions", "-p", "mm_actions.testing.pytest_plugin", "-p", "no:cacheprovider"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-c",
        "/dev/null",
        "--rootdir",
        ".",
        *plugins,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert "5 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "the script of a FaultServer raised ZeroDivisionError" in done.stdout


def test_the_fixtures_work_together(mm_fault_server, mm_fault_proxy, mm_certificates):
    server = mm_fault_server(
        Answer(json={"frame": {"a": 1}}), ssl_context=mm_certificates.server().server_context()
    )
    proxy = mm_fault_proxy(server)
    context = mm_certificates.context()
    with urllib.request.urlopen(f"https://127.0.0.1:{proxy.port}/", context=context, timeout=10) as response:
        assert json.load(response) == {"frame": {"a": 1}}
    assert proxy.connections == server.connections == 1
