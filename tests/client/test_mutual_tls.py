"""Actions over mutual TLS with a private authority, in both colours, against a real server."""

import asyncio

import pytest

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import ClientCertificateRejected, TlsPeerUntrusted
from mm_actions.testing import Answer

CALLS = 1_000


@pytest.fixture(autouse=True)
def no_connections_left():
    yield
    close_endpoints()


@pytest.fixture
def serve(mm_fault_server, mm_certificates):
    def start(files=None):
        context = (files or mm_certificates.server()).server_context(client_ca=mm_certificates.certificate)
        return mm_fault_server(Answer(json={"frame": {"answered": True}}), ssl_context=context, keep=10)

    return start


@pytest.fixture
def settings(mm_certificates):
    client = mm_certificates.client()
    return {
        "cert": str(client.ca),
        "public_key": str(client.certificate),
        "private_key": str(client.private_key),
        "timeout": 20,
        "connect_timeout": 10,
    }


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


def results(colour, action, count=1):
    """Invoke an action so often, one call after the other."""
    if colour == "sync":
        return [action.invoke(Request(), DialogueResponder()) for _ in range(count)]

    async def all_of_them():
        return [await action.invoke_async(Request(), DialogueResponder()) for _ in range(count)]

    return asyncio.run(all_of_them())


def test_a_thousand_calls_go_over_one_connection(colour, serve, settings):
    server = serve()
    action = CustomAction("greet", {"url": f"{server.url}/action", **settings})
    assert all(results(colour, action, CALLS))
    assert (server.request_count, server.connections) == (CALLS, 1)
    assert server.requests[0].client_certificate


def test_a_wrong_authority_a_wrong_host_and_a_missing_certificate_are_told_apart(
    colour, serve, settings, mm_certificates, tmp_path
):
    stranger = str(mm_certificates.self_signed().certificate)
    cases = {
        "authority": (serve(), {**settings, "cert": stranger}, TlsPeerUntrusted),
        "host": (serve(mm_certificates.wrong_host()), settings, TlsPeerUntrusted),
        "certificate": (
            serve(),
            {"cert": settings["cert"], "connect_timeout": 10},
            ClientCertificateRejected,
        ),
    }
    messages = {}
    for name, (server, chosen, error) in cases.items():
        (result,) = results(colour, CustomAction("greet", {"url": server.url, **chosen}))
        assert type(result.error) is error
        assert server.request_count == 0
        messages[name] = str(result.error)
    assert len(set(messages.values())) == len(cases)
    assert "cert" in messages["authority"]
    assert "127.0.0.1" in messages["host"]
    assert "public_key" in messages["certificate"]
