"""The readings stand beside each other."""

import ast
from pathlib import Path

import pytest

READINGS = Path(__file__).parents[2] / "tinygrad_edu" / "readings"
# The page is made of the cards of a drawing; every reading may say a line as the derivation says it.
USED = {"explaining": set(), "stepping": {"explaining", "drawing"}}


def other_readings(path):
    """The readings that a file of readings/ imports, but for its own."""
    own, *_ = path.relative_to(READINGS).parts
    depth = len(path.relative_to(READINGS).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from {name.split(".")[0] for name in names} - {own}


@pytest.mark.parametrize("path", sorted(READINGS.rglob("*.py")), ids=lambda path: str(path.relative_to(READINGS)))
def test_a_reading_is_built_on_no_other_than_these(path):
    own, *_ = path.relative_to(READINGS).parts
    assert {*other_readings(path)} <= USED.get(own, {"explaining"})
