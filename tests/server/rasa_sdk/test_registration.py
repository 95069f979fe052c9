"""Which actions are found in what is written for rasa_sdk, and what is said when one cannot be."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.server.rasa_sdk.conftest import call_named, hosting, performed

from mm_actions.errors import ConfigurationError, RegistrationError
from mm_actions.server import ActionServer
from mm_actions.server.rasa_sdk import register, register_function
from mm_actions.server.serving.loading import ModuleFailed, load_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Package = Callable[..., str]

ACTION = """
from rasa_sdk import Action
class {kind}(Action):
    '''{kind} does it.

    And more.
    '''
    def name(self): return "{name}"
    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="{name} of " + __name__)
"""


def action(name: str, kind: str = "Act") -> str:
    return ACTION.format(name=name, kind=kind)


def test_a_package_is_walked_to_its_end(package: Package) -> None:
    name = package(
        __init__="",
        first=action("action_first"),
        deep__in____init__=action("action_deep"),
        deep__in__deeper=action("action_deeper"),
    )
    server = ActionServer()
    names = register(server, name)
    assert sorted(names) == ["action_deep", "action_deeper", "action_first"]
    assert [each.name for each in server.catalogue()] == names
    assert {each.description for each in server.catalogue()} == {"Act does it."}
    said = performed(server, call_named("action_deeper")).responses[0]["text"]
    assert said == f"action_deeper of {name}.deep.deeper"


def test_a_folder_without_init_is_a_package_too(package: Package) -> None:
    assert register(ActionServer(), package(only=action("action_only"))) == ["action_only"]


def test_the_program_of_a_package_is_not_run(package: Package) -> None:
    name = package(__init__=action("action_a"), __main__="raise SystemExit(3)")
    assert register(ActionServer(), name) == ["action_a"]


def test_a_class_imported_from_elsewhere_counts_and_those_of_rasa_do_not(package: Package) -> None:
    library = package(__init__=action("action_lib", "Lib"))
    user = package(
        __init__=f"from {library} import Lib\n"
        "from rasa_sdk import Action, FormValidationAction, ValidationAction\n"
        "from rasa_sdk.knowledge_base.actions import ActionQueryKnowledgeBase\n"
    )
    assert register(ActionServer(), user) == ["action_lib"]


def test_what_one_module_registers_does_not_leak_into_another(package: Package) -> None:
    one, two = package(__init__=action("action_one")), package(__init__=action("action_two"))
    assert register(ActionServer(), one) == ["action_one"]
    assert register(ActionServer(), two) == ["action_two"]
    assert register(ActionServer(), one) == ["action_one"]


def test_an_abstract_base_is_no_action_and_what_inherits_it_is(package: Package) -> None:
    name = package(
        __init__="""
import abc
from rasa_sdk import Action
class Base(Action, abc.ABC):
    @abc.abstractmethod
    def name(self): ...
    def run(self, dispatcher, tracker, domain): return []
class Act(Base):
    def name(self): return "action_act"
class Holder:
    class Inner(Base):
        def name(self): return "action_inner"
"""
    )
    assert sorted(register(ActionServer(), name)) == ["action_act", "action_inner"]


def test_what_an_executor_holds_counts(package: Package) -> None:
    name = package(
        __init__=action("action_class")
        + """
from rasa_sdk.executor import ActionExecutor
class Given(Action):
    def __init__(self, word): self.word = word
    def name(self): return "action_given"
    def run(self, dispatcher, tracker, domain): dispatcher.utter_message(text=self.word)
async def function(dispatcher, tracker, domain):
    dispatcher.utter_message(text="from a function")
executor = ActionExecutor()
executor.register_function("action_function", function)
executor.register_action(Given("given"))
"""
    )
    server = ActionServer()
    assert sorted(register(server, name)) == ["action_class", "action_function", "action_given"]
    for action_name, text in (("action_function", "from a function"), ("action_given", "given")):
        assert performed(server, call_named(action_name)).responses[0]["text"] == text


def test_a_function_is_registered_by_name() -> None:
    def greet(dispatcher, tracker, domain):
        """Greet."""
        dispatcher.utter_message(text=f"Hello {tracker.sender_id}")

    server = ActionServer()
    register_function(server, "action_greet", greet)
    assert performed(server, call_named("action_greet")).responses[0]["text"] == "Hello ann"
    assert server.catalogue()[0].description == "Greet."
    with pytest.raises(RegistrationError, match=r"must take \(dispatcher, tracker, domain\)"):
        register_function(server, "action_short", lambda dispatcher, tracker: None)


def test_two_actions_of_one_name_are_refused_by_both_their_names(package: Package) -> None:
    name = package(__init__=action("action_same", "One") + action("action_same", "Two"))
    server = ActionServer()
    with pytest.raises(
        RegistrationError, match=rf"two actions are called 'action_same': {name}.One and {name}.Two"
    ):
        register(server, name)
    assert len(server.registry) == 0


def test_a_name_that_the_server_has_already_is_refused_and_nothing_is_registered(package: Package) -> None:
    server = ActionServer()

    @server.action("action_second")
    def ours(request, responder): ...

    name = package(first=action("action_first"), second=action("action_second"))
    with pytest.raises(RegistrationError, match=rf"action_second'.*<locals>.ours and {name}.second.Act"):
        register(server, name)
    assert [each.name for each in server.registry] == ["action_second"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class Act(Action):\n    def run(self, d, t, o): ...", "Act has no name: write its name"),
        (
            "class Act(Action):\n    def __init__(self, x): ...\n    def name(self): return 'a'",
            "takes no arguments: TypeError",
        ),
        ("class Act(Action):\n    def name(self): return None", "Act has None for a name"),
        (
            "class Act(Action):\n    def name(self): return 'a'\n    def run(self, d, t): ...",
            "must take",
        ),
    ],
)
def test_a_class_that_cannot_be_an_action_is_named(package: Package, text: str, says: str) -> None:
    name = package(__init__=f"from rasa_sdk import Action\n{text}\n")
    with pytest.raises(RegistrationError, match=says) as refused:
        register(ActionServer(), name)
    assert f"{name}.Act" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["import there_is_no_such_module", "raise NameError('x')", "def (", "raise SystemExit(1)"]
)
def test_a_submodule_that_cannot_be_imported_is_named_with_its_own_traceback(
    package: Package, text: str
) -> None:
    name = package(__init__="", broken=text)
    with pytest.raises(ModuleFailed, match=rf"{name}.broken cannot be imported") as failed:
        register(ActionServer(), name)
    assert "broken.py" in failed.value.traceback


def test_a_module_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(ConfigurationError, match="there is no module 'no_such_bot'"):
        register(ActionServer(), "no_such_bot")


def test_a_domain_that_cannot_be_read_is_said_to_be(package: Package, tmp_path: Path) -> None:
    name = package(__init__=action("action_a"))
    with pytest.raises(ConfigurationError, match=r"nothing\.yml cannot be read"):
        register(ActionServer(), name, domain=tmp_path / "nothing.yml")


def test_a_module_of_actions_of_rasa_alone_is_given_a_server(package: Package) -> None:
    name = package(deep__in__acts=action("action_deep"))
    server = load_server(f"{name}.deep.acts")
    assert [each.name for each in server.registry] == ["action_deep"]


def test_a_file_of_actions_is_given_a_server(package: Package, tmp_path: Path) -> None:
    name = package(acts=action("action_filed"))
    server = load_server(str(tmp_path / name / "acts.py"))
    assert [each.name for each in server.registry] == ["action_filed"]
    del sys.modules["acts"]


def test_a_server_in_the_module_goes_before_the_actions_of_rasa(package: Package) -> None:
    name = package(
        __init__=action("action_theirs")
        + "from mm_actions.server import ActionServer\nserver = ActionServer()\n"
        + "@server.action('ours')\ndef ours(request, responder): ...\n"
    )
    assert [each.name for each in load_server(name).registry] == ["ours"]


def test_a_module_without_actions_of_any_kind_is_told_what_to_write(package: Package) -> None:
    with pytest.raises(ConfigurationError, match=r"write server = ActionServer\(\) in it"):
        load_server(package(__init__="import rasa_sdk\n"))


def test_both_kinds_of_actions_live_in_one_server(package: Package) -> None:
    name = package(
        __init__=action("action_theirs")
        + "from mm_actions.server import ActionServer\nfrom mm_actions.server.rasa_sdk import register\n"
        + "server = ActionServer()\n@server.action('ours')\ndef ours(request, responder): ...\n"
        + "register(server, __name__)\n"
    )
    assert [each.name for each in load_server(name).registry] == ["ours", "action_theirs"]


def test_hosting_needs_no_domain(package: Package) -> None:
    name = package(
        __init__="from rasa_sdk import Action\nclass Act(Action):\n    def name(self): return 'action_d'\n"
        "    def run(self, dispatcher, tracker, domain):\n"
        "        dispatcher.utter_message(json_message={'d': domain})\n"
    )
    from msgspec import UNSET, structs

    call = structs.replace(call_named("action_d"), domain=UNSET)
    assert performed(hosting(name), call).responses[0]["custom"] == {"d": {}}


def test_without_the_library_the_extra_to_install_is_named(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = package(__init__="from rasa_sdk import Action\n")
    monkeypatch.setitem(sys.modules, "rasa_sdk", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'mm_actions\[rasa\]'"):
        register(ActionServer(), "anything")
    with pytest.raises(ModuleFailed, match=r"pip install 'mm_actions\[rasa\]'"):
        load_server(name)


def test_the_library_is_loaded_when_actions_are_registered_and_not_before() -> None:
    code = "import sys, mm_actions.server.rasa_sdk.native; sys.exit('rasa_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


def test_an_action_may_query_a_knowledge_base(package: Package, tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text('{"cafe": [{"id": 1, "name": "Blue", "wifi": true}]}', encoding="utf-8")
    name = package(
        __init__=f"""
from rasa_sdk.knowledge_base.actions import ActionQueryKnowledgeBase
from rasa_sdk.knowledge_base.storage import InMemoryKnowledgeBase
class Query(ActionQueryKnowledgeBase):
    def __init__(self):
        super().__init__(InMemoryKnowledgeBase({str(data)!r}))
"""
    )
    tracker = {
        "sender_id": "ann",
        "slots": {"object_type": "cafe", "attribute": None, "mention": None},
        "latest_message": {"text": "which cafes are there?", "entities": []},
        "events": [],
    }
    domain = {"slots": {"object_type": {"type": "text"}, "wifi": {"type": "any"}}}
    done = performed(hosting(name), call_named("action_query_knowledge_base", tracker=tracker, domain=domain))
    assert [one["text"] for one in done.responses] == [
        "Found the following objects of type 'cafe':",
        "1: Blue",
    ]
    slots = {event["name"]: event["value"] for event in done.events}
    assert slots["knowledge_base_listed_objects"] == [1]
    assert slots["knowledge_base_last_object"] == 1
