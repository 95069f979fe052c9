from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mm_actions.errors import ConfigurationError
from mm_actions.nlp import ExamplesNlp


def test_every_file_that_begins_with_train_is_read(write_app):
    app = write_app({"domains/tea/order/train_more.txt": "pour some {sencha|tea}\n"})
    assert ExamplesNlp(app).process("pour some sencha")["intent"] == "order"


def test_blank_lines_comments_notes_and_lines_taken_out_are_no_sentences(write_app):
    lines = "\n# a comment {\n- taken out {\n\nstir the pot\ta note {\n  \r\nboil the water\r\n"
    nlp = ExamplesNlp(write_app({"domains/tea/prepare/train.txt": "\ufeffwarm the cup\n" + lines}))
    for text in ("warm the cup", "stir the pot", "boil the water"):
        assert nlp.process(text)["intent"] == "prepare"
        assert nlp.process(text)["confidences"]["intents"]["prepare"] > 0.9


def test_hidden_folders_and_other_files_are_passed_over(write_app):
    app = write_app(
        {
            "domains/.cache/x/train.txt": "{",
            "domains/tea/__pycache__/train.txt": "{",
            "domains/tea/order/test.txt": "{",
            "domains/notes.txt": "{",
            "entities/.keep": "",
        }
    )
    assert len(ExamplesNlp(app).intents) == 5


def test_mindmelds_older_mapping_is_a_list(write_app):
    app = write_app(
        {"entities/tea/mapping.json": '[{"id": "1", "cname": "oolong", "whitelist": ["blue tea"]}]'}
    )
    [entity] = ExamplesNlp(app).process("bring me a blue tea")["entities"]
    assert entity["value"][0] == {"cname": "oolong", "id": "1", "score": 1.0, "top_synonym": "blue tea"}


def test_an_app_needs_no_entities_folder_and_a_file_may_be_empty(write_app, tmp_path):
    app = write_app({"entities/tea/mapping.json": "\n", "entities/tea/gazetteer.txt": "\n# none yet\n"})
    assert ExamplesNlp(app).process("bring me a sencha")["entities"][0]["value"] == []
    bare = tmp_path / "bare" / "domains" / "tea" / "order"
    bare.mkdir(parents=True)
    (bare / "train.txt").write_text("bring me a {sencha|tea}", encoding="utf-8")
    assert ExamplesNlp(tmp_path / "bare").process("bring me a sencha")["intent"] == "order"


def test_a_path_may_be_a_text(write_app):
    assert ExamplesNlp(os.fspath(write_app())).intents


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a {sencha|tea", "column 3: '{' is not closed"),
        ("a [{sencha|tea}", "column 3: '[' is not closed"),
        ("a sencha|tea}", "column 9: '|' outside of a mark"),
        ("a sencha}", "column 9: '}' closes nothing"),
        ("a {sencha|tea]", "column 14: ']' closes nothing"),
        ("a {sencha}", "column 3: the mark of 'sencha' has no type"),
        ("a {sencha|}", "column 3: the mark of 'sencha' has an empty part"),
        ("a {sencha||old}", "column 3: the mark of 'sencha' has an empty part"),
        ("a {sencha|tea|}", "column 3: the mark of 'sencha' has an empty part"),
        ("a {sencha|tea|old|new}", "column 3: the mark of 'sencha' has too many parts"),
        ("a {|tea}", "column 3: the mark marks no word"),
        ("a {sencha|{tea|x}}", "column 11: '{' within a type or role"),
        ("a [{sencha|tea}|tea|old]", "column 3: the mark of 'sencha' has too many parts"),
    ],
)
def test_a_malformed_mark_is_an_error_with_its_place_and_what_to_write(write_app, line, message):
    app = write_app({"domains/tea/order/train.txt": f"bring me a {{sencha|tea}}\n\n{line}\n"})
    with pytest.raises(ConfigurationError) as caught:
        ExamplesNlp(app)
    place = app / "domains" / "tea" / "order" / "train.txt"
    assert (
        str(caught.value) == f"{place}:3: {message}; write {{text|entity_type}} or {{text|entity_type|role}}"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("domains/tea/order/train.txt", "", "train.txt holds no sentence; write at least one"),
        ("domains/tea/order/train.txt", "# later\n\n", "train.txt holds no sentence"),
        ("domains/tea/pour/notes.txt", "", "pour/train.txt holds no sentence"),
        ("domains/tea/order/train.txt", "fine\n...\n", "train.txt:2: '...' has no word"),
        (
            "domains/tea/order/train.txt",
            b"fine\nna\xefve\n",
            "train.txt:2: not UTF-8; save the file as UTF-8",
        ),
        ("domains/empty/notes.txt", "", "empty holds no folder; write one for each <intent>"),
        (
            "entities/tea/gazetteer.txt",
            "1.0\tsencha\nrooibos\n",
            "gazetteer.txt:2: 'rooibos' is not a popularity",
        ),
        (
            "entities/tea/gazetteer.txt",
            "much\tsencha\n",
            "gazetteer.txt:1: 'much\\tsencha' is not a popularity",
        ),
        ("entities/tea/gazetteer.txt", "nan\tsencha\n", "write 1.0<TAB>name"),
        ("entities/tea/gazetteer.txt", "1.0\t\n", "write 1.0<TAB>name"),
        ("entities/tea/mapping.json", '{"entities":\n [}', "mapping.json:2:3: not JSON"),
        ("entities/tea/mapping.json", "[" * 200_000, "mapping.json:1"),
        ("entities/tea/mapping.json", '{"entities": {}}', "mapping.json:1: no list of entities"),
        ("entities/tea/mapping.json", '"sencha"', 'write {"entities": [{"id": "1", "cname": "Name"'),
        ("entities/tea/mapping.json", '[{"cname": "a"}, {}]', 'mapping.json: entities[1] has no "cname"'),
        ("entities/tea/mapping.json", '["sencha"]', 'mapping.json: entities[0] has no "cname"'),
        ("entities/tea/mapping.json", '[{"cname": "?"}]', 'entities[0] has no "cname" with a name'),
        (
            "entities/tea/mapping.json",
            '[{"cname": "a", "whitelist": "b"}]',
            'entities[0]: "whitelist" is not a list of names',
        ),
        (
            "entities/tea/mapping.json",
            '[{"cname": "a", "whitelist": [1]}]',
            '"whitelist" is not a list of names',
        ),
        ("entities/tea/mapping.json", '[{"cname": "a", "id": [1]}]', '"id" is neither a text nor a number'),
        ("entities/tea/mapping.json", '[{"cname": "a", "id": true}]', '"id" is neither a text nor a number'),
    ],
)
def test_a_malformed_file_is_an_error_that_names_it_and_says_what_to_write(write_app, name, content, message):
    with pytest.raises(ConfigurationError) as caught:
        ExamplesNlp(write_app({name: content}))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(write_app()))


def test_a_folder_without_domains_is_an_error_that_says_where_sentences_go(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ConfigurationError, match=r"domains is not a folder; write training sentences to"):
            ExamplesNlp(path)


def test_a_domains_folder_without_a_domain_is_an_error(tmp_path):
    (tmp_path / "domains").mkdir()
    with pytest.raises(ConfigurationError, match="holds no folder; write one for each <domain>"):
        ExamplesNlp(tmp_path)


def test_a_file_that_cannot_be_read_is_an_error_that_names_it(write_app):
    app = write_app()
    (app / "domains" / "tea" / "order" / "train_folder.txt").mkdir()
    with pytest.raises(ConfigurationError, match=r"train_folder\.txt cannot be read: Is a directory"):
        ExamplesNlp(app)


def test_a_missing_rapidfuzz_is_an_error_that_names_the_extra(write_app, monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    with pytest.raises(ConfigurationError) as caught:
        ExamplesNlp(write_app())
    assert 'pip install "mm_actions[nlp]"' in str(caught.value)


def test_importing_the_package_does_not_import_rapidfuzz():
    code = "import sys, mm_actions.nlp; sys.exit('rapidfuzz' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
