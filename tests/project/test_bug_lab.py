"""The bug lab: each engine fails its check before it is mended and passes after."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

import bug_lab


def test_the_right_engine_is_right() -> None:
    assert bug_lab.is_right(bug_lab.ENGINE)


@pytest.mark.parametrize("bug", range(1, 11))
def test_each_bug_is_found_and_can_be_mended(bug: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.py"
    assert bug_lab.main([str(bug), str(file)]) == 0
    assert bug_lab.main(["--check", str(file)]) == 1
    right, wrong, why = bug_lab.BUGS[bug - 1]
    file.write_text(file.read_text(encoding="utf-8").replace(wrong, right), encoding="utf-8")
    assert bug_lab.main(["--check", str(file)]) == 0
    capsys.readouterr()
    assert bug_lab.main(["--solution", str(bug)]) == 0
    assert why in capsys.readouterr().out
