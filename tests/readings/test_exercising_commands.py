"""Exercises from the command lines: of a formula, and of the practical."""

from pathlib import Path

import pytest
from scripts import run

from tinygrad_edu.cli import main

FORMULA = ["tanh(w*x + b)", "w=0.3", "x=0.7", "b=-0.2", "--seed", "7"]


def test_a_formula_as_sheet_key_form_and_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, key, form = tmp_path / "sheet.html", tmp_path / "key.html", tmp_path / "form.csv"
    files = ["-o", str(sheet), "--key", str(key), "--answers", str(form)]
    assert main(["worksheet", *FORMULA, *files]) == 0
    assert "<td></td>" in sheet.read_text(encoding="utf-8")
    assert "<h1>tanh(w*x + b), seed 7</h1>" in sheet.read_text(encoding="utf-8")
    assert "<td></td>" not in key.read_text(encoding="utf-8")
    form.write_text(form.read_text(encoding="utf-8").replace("df_dw,", "df_dw,about 1"), encoding="utf-8")
    assert main(["mark", *FORMULA, str(form)]) == 0
    said = capsys.readouterr().out
    assert "df_dw          illegible" in said
    assert "'about 1' is not a number" in said
    scheme = ["--points", "df_dw=3", "--tolerance", "1", "--least-digits", "1"]
    for suffix, start in (("html", "<!DOCTYPE html>"), ("csv", "\ufeffnumber,,given"), ("txt", "0 of 5 points")):
        marks = tmp_path / f"marks.{suffix}"
        assert main(["mark", *FORMULA, *scheme, "-o", str(marks), str(form)]) == 0
        assert marks.read_text(encoding="utf-8").startswith(start)
    assert main(["worksheet", *FORMULA, "--lr", "0.1"]) == 2
    assert "--lr needs --wrt NAME" in capsys.readouterr().err
    assert main(["worksheet", *FORMULA, "--lr", "0.1", "--wrt", "w"]) == 0
    assert "new_w = ____" in capsys.readouterr().out
    assert main(["mark", *FORMULA]) == 2
    assert "needs the answers last" in capsys.readouterr().err


@pytest.mark.parametrize("question", ["q1", "q2"])
def test_the_practical_as_an_exercise(question: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seeded = [f"{question}.py", "--variant", "3"]
    files = ["--worksheet", "sheet.html", "--key", "key.tex", "--answers", "form.csv"]
    assert "form.csv is written" in run(*seeded, *files)
    assert "0 of 2" in run(*seeded, "--mark", "form.csv")
    assert "squared error, variant 3</h1>" in Path("sheet.html").read_text() or question == "q2"
    (tmp_path / "class").mkdir()
    (tmp_path / "form.csv").rename(tmp_path / "class" / "Ada.csv")
    assert "Bob.json is written" in run(f"{question}.py", "--variant", "4", "--answers", "class/Bob.json")
    of_three, of_both = [run(*seeded, *more, "--mark", "class") for more in ([], ["4"])]
    assert "\nAda      0" in of_three and "not marked: it is a form of another sheet" in of_three
    assert "\nAda      0" in of_both and "\nBob      0" in of_both
