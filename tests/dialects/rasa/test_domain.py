import os

import pytest
from tests.dialects.rasa.drawn import RECORDED

from mm_actions.dialects.rasa.domain import MINIMAL, domain_of, load_domain
from mm_actions.errors import ConfigurationError


def written(tmp_path, text):
    path = tmp_path / "domain.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(path.name for path in RECORDED.iterdir() if path.is_dir()))
def test_a_domain_of_a_real_assistant_is_read(name):
    domain = load_domain(RECORDED / name / "domain.yml")
    assert {"config", "session_config", "forms", "e2e_actions", "responses"} <= domain.content.keys()
    assert domain.content["actions"]
    assert len(domain.digest) == 64


def test_a_domain_without_a_file_is_not_empty():
    assert load_domain(None) is MINIMAL
    assert MINIMAL.content["session_config"]["session_expiration_time"] == 60
    assert MINIMAL.content["intents"] == []


def test_the_digest_tells_domains_apart_and_not_the_order_of_their_members(tmp_path):
    one = load_domain(written(tmp_path, "intents: [a, b]\nslots: {x: {type: text}, y: {type: any}}\n"))
    same = load_domain(written(tmp_path, "slots: {y: {type: any}, x: {type: text}}\nintents: [a, b]\n"))
    other = load_domain(written(tmp_path, "intents: [b, a]\nslots: {x: {type: text}, y: {type: any}}\n"))
    assert one.digest == same.digest != other.digest


def test_words_that_older_yaml_took_for_truth_values_stay_words(tmp_path):
    domain = load_domain(
        written(tmp_path, "intents: [yes, no, on, off]\nflags: [true, False]\nsince: 2026-01-01\n")
    )
    assert domain.content["intents"] == ["yes", "no", "on", "off"]
    assert domain.content["flags"] == [True, False]
    assert domain.content["since"] == "2026-01-01"


def test_a_group_without_members_is_as_an_absent_one(tmp_path):
    assert load_domain(written(tmp_path, "version: '3.1'\nintents:\n")).content["intents"] == []


def test_two_domains_share_nothing():
    domain_of({}).content["slots"]["x"] = 1
    domain_of({}).content["intents"].append("x")
    assert domain_of({}).content["slots"] == MINIMAL.content["slots"] == {}
    assert domain_of({}).content["intents"] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("intents: [", "is not YAML"),
        ("- a", "holds no domain"),
        ("", "holds no domain"),
        ("a: !!python/object:os.system {}", "is not YAML"),
        ("a: {{1: 2}: 3}", "is not YAML"),
        ("a: !!binary aGVsbG8=\nb: &x [*x]", "cannot be sent"),
    ],
)
def test_a_file_that_is_no_domain_is_an_error_that_names_it(tmp_path, text, why):
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError, match=why) as error:
        load_domain(path)
    assert os.fspath(path) in str(error.value)


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        load_domain(tmp_path / "none.yml")


def test_a_folder_is_the_domain_that_its_files_make_up_at_any_depth(tmp_path):
    (tmp_path / "shop" / "forms").mkdir(parents=True)
    (tmp_path / "intents.yml").write_text("version: '3.1'\nintents: [greet, {order: {use_entities: []}}]\n")
    (tmp_path / "shop" / "order.yaml").write_text(
        "intents: [order_more, greet]\nslots: {size: {type: text}}\nactions: [action_order]\n"
    )
    (tmp_path / "shop" / "forms" / "form.yml").write_text(
        "forms: {order_form: {required_slots: [size]}}\nslots: {milk: {type: bool}}\nresponses:\n"
    )
    (tmp_path / "shop" / "stories.yml").write_text("stories: [{story: a}]\n")
    (tmp_path / "notes.txt").write_text("intents: [none]")
    content = load_domain(tmp_path).content
    assert content["intents"] == ["greet", {"order": {"use_entities": []}}, "order_more"]
    assert content["slots"] == {"milk": {"type": "bool"}, "size": {"type": "text"}}
    assert (content["actions"], list(content["forms"])) == (["action_order"], ["order_form"])
    assert (content["responses"], content["version"]) == ({}, "3.1")
    assert "stories" not in content


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("slots: {size: {type: text}}", "slots: {size: {type: any}}", "size"),
        ("intents: [order]", "intents: [{order: {use_entities: []}}]", "order"),
    ],
)
def test_two_files_that_contradict_each_other_are_named(tmp_path, one, other, name):
    written(tmp_path, one)
    (tmp_path / "other.yml").write_text(other)
    with pytest.raises(ConfigurationError, match=name) as error:
        load_domain(tmp_path)
    assert all(os.fspath(tmp_path / file) in str(error.value) for file in ("domain.yml", "other.yml"))


def test_a_folder_without_a_domain_is_an_error_that_says_what_one_has(tmp_path):
    (tmp_path / "stories.yml").write_text("stories: []\n")
    with pytest.raises(ConfigurationError, match=r"holds no domain.*intents") as error:
        load_domain(tmp_path)
    assert os.fspath(tmp_path) in str(error.value)
    (tmp_path / "odd.yml").write_text("intents: 5\nslots: [{a: b}]\n")
    with pytest.raises(ConfigurationError, match="intents") as error:
        load_domain(tmp_path)
    assert os.fspath(tmp_path / "odd.yml") in str(error.value)
