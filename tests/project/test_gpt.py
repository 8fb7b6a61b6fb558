"""The tiny GPT: it has the size of microgpt, and it learns."""

import sys
from pathlib import Path

from tinygrad_edu.tree import flatten

GPT = Path(__file__).parents[2] / "examples" / "gpt.py"


def test_it_has_the_parameters_of_microgpt_and_learns(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gpt.py", "40"])
    training, writes, _ = GPT.read_text(encoding="utf-8").partition('print("\\nIt writes:")')
    names = {}
    exec(training, names)
    assert writes and len(flatten(names["W"])) == 4192
    assert sum(names["losses"][-10:]) < 0.9 * sum(names["losses"][:10])
