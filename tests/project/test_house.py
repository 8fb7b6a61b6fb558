"""Which reading may import which."""

import ast
from pathlib import Path

import pytest

READINGS = Path(__file__).parents[2] / "tinygrad_edu" / "readings"
# What all readings share are the files beside the folders, and those are built on no reading. The page is made of the
# cards of a drawing, its laboratory is printed as programs are, and every reading may say a line as the derivation
# says it.
FOLDERS = {path.name for path in READINGS.iterdir() if path.is_dir()}
USED = {"explaining": set(), "stepping": {"explaining", "drawing", "compiling"}}
USED["training"] = {"drawing", "compiling", "stepping"}


def other_readings(path):
    """The readings, other than its own, that a file of readings/ imports."""
    own, *_ = parts = path.relative_to(READINGS).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == len(parts):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from FOLDERS & {name.split(".")[0] for name in names} - {own}


@pytest.mark.parametrize("path", sorted(READINGS.rglob("*.py")), ids=lambda path: str(path.relative_to(READINGS)))
def test_a_reading_is_built_on_no_other_than_these(path):
    own, *_ = path.relative_to(READINGS).parts
    assert {*other_readings(path)} <= (USED.get(own, {"explaining"}) if own in FOLDERS else set())
