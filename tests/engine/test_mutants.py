"""mutants.py itself: it finds what there is to break, and tells the killed from the survivors."""

import shutil
import sys
from functools import cache
from pathlib import Path

import mutants
import pytest
from mutants import FUNCTIONS, PACKAGE, Mutant

from tinygrad_edu import ops


@pytest.fixture
def package(tmp_path):
    return Path(shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__")))


@cache
def made(package):
    return mutants.mutants(package, count=1, seed=0)


def test_every_row_and_every_function_of_the_chain_rule_is_broken_in_several_ways():
    every = made(PACKAGE)
    names = {row: name for name, row in vars(ops).items() if isinstance(row, ops.Op)}
    wanted = {names[row] for row in ops.TABLE}.union(*FUNCTIONS.values())
    assert wanted <= {mutant.name for mutant in every}
    assert len({mutant.source for mutant in every}) == len(every) > 20 * len(ops.TABLE)
    assert len(mutants.named(PACKAGE)) == len(mutants.NAMED)  # what once lived is still there to be broken


def test_a_new_row_is_broken_without_a_word(package):
    rows = (package / "ops.py").read_text(encoding="utf-8")
    rows += 'CUBE = Op("cube", lambda a: a**3, lambda y, a: (3 * a * a,))\n'
    rows += "def slope(y, a):\n    return (3 * a,)\n\nFOURTH = Op('fourth', abs, slope)\n"
    (package / "ops.py").write_text(rows, encoding="utf-8")
    changes = {(mutant.name, mutant.change.rpartition("  →  ")[2]) for mutant in made(package)}
    for wrong in ("(-(3 * a * a),)", "(0.0,)", "((3 * a),)", "(4 * a * a,)", "(3 * a * y,)"):
        assert ("CUBE", f'CUBE = Op("cube", lambda a: a**3, lambda y, a: {wrong})') in changes
    assert ("slope", "return (3 * y,)") in changes


def test_a_function_that_is_gone_is_missed(package):
    path = package / "autodiff.py"
    path.write_text(path.read_text(encoding="utf-8").replace("def jvp(", "def forward("), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"there is no .*jvp.* in autodiff\.py"):
        made(package)


@pytest.mark.long
def test_broken_ones_are_killed_the_unbroken_one_survives_and_the_source_is_not_touched(capsys):
    source = (PACKAGE / "ops.py").read_text(encoding="utf-8")
    some = [mutant for mutant in made(PACKAGE) if mutant.name in ("MUL", "SUB")][:2]
    for mutant in [*some, Mutant("ops.py", "nowhere", "nothing", source)]:
        mutant.tests = ["tests/engine/test_ops.py"]
        assert mutants.survives(mutant) == (mutant.name == "nowhere")
    assert capsys.readouterr().out == "survived: ops.py: nowhere: nothing\n"
    assert (PACKAGE / "ops.py").read_text(encoding="utf-8") == source


def test_the_command_lists_what_there_is_to_break(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mutants.py", "--list", "EXP", "cli"])
    assert mutants.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert any([line.startswith("ops.py: EXP: ") and line.endswith("(-(y),))") for line in lines])
    assert {line.split(":")[0].split("/")[0] for line in lines} == {"ops.py", "cli"}
    monkeypatch.setattr(sys, "argv", ["mutants.py", "NOTHING"])
    with pytest.raises(SystemExit):
        mutants.main()
    assert "there is nothing to break in NOTHING" in capsys.readouterr().err
