from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from mm_actions.nlp import ExamplesNlp
from nlp.said import COFFEE_SHOP

if TYPE_CHECKING:
    from pathlib import Path

TEA_HOUSE = {
    "domains/tea/order/train.txt": "bring me a {sencha|tea}\n{two|sys_number} cups of {sencha|tea} please\n",
    "domains/tea/swap/train.txt": (
        "swap the {sencha|tea|old} for a {rooibos|tea|new}\nnot {rooibos|tea|old} but {sencha|tea|new}\n"
    ),
    "domains/tea/brew/train.txt": "how long does it brew\nbrewing time of this one\n",
    "domains/visit/opening/train.txt": "are you open {tomorrow|sys_time}\nwhen do you open\n",
    "domains/visit/tip/train.txt": "leave a tip of {$3|sys_amount-of-money}\n",
    "entities/tea/gazetteer.txt": "5.0\tsencha\n9.5\trooibos\n1\tgenmaicha\n",
    "entities/tea/mapping.json": (
        '{"entities": [{"id": 7, "cname": "sencha", "whitelist": ["green tea"]},'
        ' {"cname": "rooibos", "whitelist": ["red tea", "bush tea"]},'
        ' {"id": "9", "cname": "honeybush", "whitelist": ["bush tea"]}]}'
    ),
}


class WriteApp(Protocol):
    def __call__(self, files: dict[str, str | bytes] | None = None) -> Path: ...


@pytest.fixture
def write_app(tmp_path: Path) -> WriteApp:
    """Write the tea house, with these files beside or instead of its own."""

    def write(files: dict[str, str | bytes] | None = None) -> Path:
        for name, content in (TEA_HOUSE | (files or {})).items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


@pytest.fixture
def tea_house(write_app: WriteApp) -> ExamplesNlp:
    return ExamplesNlp(write_app())


@pytest.fixture(scope="session")
def coffee_shop() -> ExamplesNlp:
    return ExamplesNlp(COFFEE_SHOP)
