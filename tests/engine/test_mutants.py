"""mutants.py itself: it finds what there is to break, and tells the killed from the survivors."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import FUNCTIONS, PACKAGE, ROOT, main, mutants

from tinygrad_edu import ops

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


@pytest.fixture
def package(tmp_path):
    return Path(shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__")))


def test_every_row_and_every_function_of_the_chain_rule_is_broken_in_several_ways():
    every = mutants(PACKAGE)
    names = {row: name for name, row in vars(ops).items() if isinstance(row, ops.Op)}
    wanted = {names[row] for row in ops.TABLE} | {name for of_file in FUNCTIONS.values() for name in of_file}
    broken = [mutant.where for mutant in every]
    assert wanted <= set(broken)
    assert len({mutant.source for mutant in every}) == len(every) > 10 * len(ops.TABLE)


def test_a_new_row_is_broken_without_a_word(package):
    with (package / "ops.py").open("a", encoding="utf-8") as file:
        file.write('CUBE = Op("cube", lambda a: a**3, lambda y, a: (3 * a * a,))\n')
    changes = [mutant.change for mutant in mutants(package) if mutant.where == "CUBE"]
    assert {"(-(3 * a * a),)", "(0.0,)", "(3 * a,)", "(4 * a * a,)", "(3 * a * y,)"} <= set(changes)


def test_partials_with_a_name_are_broken_where_they_are_defined(package):
    path = package / "ops.py"
    rows = path.read_text(encoding="utf-8")
    rows += "\ndef slope(y, a):\n    return (3 * a,)\n\nCUBE = Op('cube', abs, slope)\n"
    path.write_text(rows, encoding="utf-8")
    assert [mutant.change for mutant in mutants(package) if mutant.where == "CUBE"]


def test_a_function_that_is_gone_is_missed(package):
    path = package / "autodiff.py"
    path.write_text(path.read_text(encoding="utf-8").replace("def jvp(", "def forward("), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"there is no jvp in autodiff\.py"):
        mutants(package)


SOME = """
import mutants
every = mutants.mutants(mutants.PACKAGE)
some = [m for m in every if m.where == "MUL" or (m.where == "chain_rule" and "gradient[a] +=" in m.change)]
same = mutants.Mutant("ops.py", "nowhere", "nothing", (mutants.PACKAGE / "ops.py").read_text(encoding="utf-8"))
alive = mutants.tried([*some, same], lambda _: mutants.called_directly(None, ["test_value"]))
print(len(some), [m.where for m in alive])
"""


@forks
def test_broken_ones_are_killed_the_unbroken_one_survives_and_the_source_is_not_touched():
    before = {path: path.read_bytes() for path in PACKAGE.glob("*.py")}
    run = subprocess.run([sys.executable, "-c", SOME], cwd=ROOT / "tests", capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    some, _, alive = run.stdout.strip().partition(" ")
    assert int(some) >= 12 and alive == "['nowhere']"
    assert {path: path.read_bytes() for path in PACKAGE.glob("*.py")} == before


def test_the_command_lists_what_there_is_to_break(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mutants.py", "--list", "EXP", "NEG"])
    assert main() == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["EXP", "(-y,)"] in lines and ["NEG", "(1.0,)"] in lines
    assert {where for where, _ in lines} == {"EXP", "NEG"}
    monkeypatch.setattr(sys, "argv", ["mutants.py", "NOTHING"])
    with pytest.raises(SystemExit):
        main()
    assert "there is nothing to break in NOTHING" in capsys.readouterr().err
