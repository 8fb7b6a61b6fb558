"""The scripts, run as a reader runs them, against NumPy."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
FIRST, SECOND = ([1, 0, 1, 0], [0, 1, 0]), ([0, 0, 10, 0], [0, 0, 1])


def run(script, *arguments, status=0):
    """What the script prints: standard output, or the error output of a script that must fail."""
    result = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / script, *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=120,
    )
    assert result.returncode == status, result.stderr
    return result.stdout if status == 0 else result.stderr


def practical(question, examples, mean=False, lr=0.1, steps=1):
    """The practical in NumPy, from the formulas of the notes; shaped as the scripts' JSON."""
    sizes = [4, 4, 3, 3]
    W = {l: np.full((sizes[l], sizes[l - 1]), 0.1) for l in (1, 2, 3)}
    b = {l: np.full(sizes[l], 0.1) for l in (1, 2, 3)}
    report, losses = None, []
    for _ in range(steps):
        passes, total = [], {}
        for x, y in examples:
            x, y = np.array(x, float), np.array(y, float)
            z, h = {}, {0: x}
            for l in (1, 2, 3):
                z[l] = W[l] @ h[l - 1] + b[l]
                h[l] = np.tanh(z[l])
            if question == "Q1":
                y_hat = z[3]
                loss = ((y_hat - y) ** 2).sum() / 2
            else:
                y_hat = np.exp(z[3]) / np.exp(z[3]).sum()
                loss = -(y * np.log(y_hat)).sum()
            grad = {"y_hat": y_hat - y} if question == "Q1" else {}
            dz = y_hat - y
            for l in (3, 2, 1):
                grad |= {f"z{l}": dz, f"W{l}": np.outer(dz, h[l - 1]), f"b{l}": dz}
                if l > 1:
                    grad[f"h{l - 1}"] = W[l].T @ dz
                    dz = grad[f"h{l - 1}"] * (1 - h[l - 1] ** 2)
            steps_forward = {"z1": z[1], "h1": h[1], "z2": z[2], "h2": h[2], "z3": z[3], "y_hat": y_hat}
            passes.append({"x": x, "y": y, **steps_forward, "loss": loss, "grad": grad})
        scale = 1 / len(examples) if mean else 1
        total = {name: scale * sum(p["grad"][name] for p in passes) for name in ("W1", "b1", "W2", "b2", "W3", "b3")}
        losses.append(scale * sum(p["loss"] for p in passes))
        report = report or {"question": question, "examples": passes, "loss": losses[0], "grad": total}
        for l in (1, 2, 3):
            W[l] = W[l] - lr * total[f"W{l}"]
            b[l] = b[l] - lr * total[f"b{l}"]
    report["updated"] = {f"{name}{l}": p[l] for l in (1, 2, 3) for name, p in (("W", W), ("b", b))}
    return report | ({"losses": losses} if steps > 1 else {})


def assert_same(ours, reference, path=""):
    if isinstance(reference, dict):
        assert list(ours) == list(reference), path
        for key in reference:
            assert_same(ours[key], reference[key], f"{path}.{key}")
    elif isinstance(reference, list) and isinstance(reference[0], dict):
        assert len(ours) == len(reference), path
        for i, (a, b) in enumerate(zip(ours, reference)):
            assert_same(a, b, f"{path}[{i}]")
    elif isinstance(reference, str):
        assert ours == reference, path
    else:
        # Numbers of size 1 after some hundred roundings of 1e-16, in another order than NumPy's.
        np.testing.assert_allclose(ours, reference, rtol=1e-12, atol=1e-13, err_msg=path)


@pytest.mark.parametrize("question", ["Q1", "Q2"])
@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ([], {"examples": [FIRST]}),
        (["--batch"], {"examples": [FIRST, SECOND]}),
        (["--batch", "--mean"], {"examples": [FIRST, SECOND], "mean": True}),
        (["--lr", "0.5", "--steps", "7"], {"examples": [FIRST], "lr": 0.5, "steps": 7}),
        (["--batch", "--mean", "--steps", "3"], {"examples": [FIRST, SECOND], "mean": True, "steps": 3}),
        (
            ["--example", "-1,0.5,2,0 -> 0.25,0.75,0", "--example=0,0,0,0->1,0,0"],
            {"examples": [([-1, 0.5, 2, 0], [0.25, 0.75, 0]), ([0, 0, 0, 0], [1, 0, 0])]},
        ),
        (["--example", "1,1,1,1 -> 0,0,1", "--batch"], {"examples": [([1, 1, 1, 1], [0, 0, 1]), SECOND]}),
    ],
    ids=lambda x: " ".join(x) or "default" if isinstance(x, list) else "",
)
def test_every_number_of_the_practical_is_numpys(question, arguments, settings):
    ours = json.loads(run(f"{question.lower()}.py", "--json", *arguments))
    assert_same(ours, practical(question, **settings))


def test_the_page_of_question_1_shows_the_numbers_of_the_notes():
    page = run("q1.py")
    for line in (
        r"z⁽¹⁾ += W⁽¹⁾ h⁽⁰⁾ \+ b⁽¹⁾ += \[0.3000  0.3000  0.3000  0.3000\]ᵀ  ✓",
        r"h⁽¹⁾ += tanh\(z⁽¹⁾\) += \[0.2913  0.2913  0.2913  0.2913\]ᵀ  ✓",
        r"z⁽²⁾ += W⁽²⁾ h⁽¹⁾ \+ b⁽²⁾ += \[0.2165  0.2165  0.2165\]ᵀ  ✓",
        r"z⁽³⁾ += W⁽³⁾ h⁽²⁾ \+ b⁽³⁾ += \[0.1640  0.1640  0.1640\]ᵀ  ✓",
        r"L += ½ Σᵢ \(ŷᵢ − yᵢ\)² += 0.3764  ✓",
        r"∂L/∂ŷ += ŷ − y += \[0.1640  −0.8360  0.1640\]ᵀ  ✓",
    ):
        assert re.search(line, page), line
    assert "The notes print z⁽³⁾ = 0.16936. The number is 0.16396" in page
    assert "26 formulas and the engine agree" in page
    assert "✗" not in page


def test_the_page_follows_the_order_of_the_notes():
    page = run("q1.py")
    names = re.findall(r"^(\S+)(?: = h⁽³⁾)? += ", page, flags=re.MULTILINE)
    backward = [f"∂L/∂{s}⁽{l}⁾" for l in "³²¹" for s in "hzWb"][1:]
    parameters = [f"{s}⁽{l}⁾" for l in "¹²³" for s in "Wb"]
    forward = ["h⁽⁰⁾", "z⁽¹⁾", "h⁽¹⁾", "z⁽²⁾", "h⁽²⁾", "z⁽³⁾", "ŷ", "L"]
    assert names[names.index("h⁽⁰⁾") :] == [*forward, "∂L/∂ŷ", *backward, *parameters]


def test_the_page_of_question_2_says_that_only_the_last_layer_learns():
    page = run("q2.py")
    assert "only the last layer learns" in page
    assert "−0.0000" not in page
    assert re.search(r"∂L/∂h⁽²⁾ += W⁽³⁾ᵀ ∂L/∂z⁽³⁾ += \[0.0000  0.0000  0.0000\]ᵀ  ✓", page)


def test_a_batch_shows_that_the_gradient_of_the_sum_is_the_sum_of_the_gradients():
    page = run("q1.py", "--batch")
    assert "the gradient of the sum is the sum of the gradients" in page
    assert re.search(r"∂L/∂b⁽³⁾ += Σᵢ ∂Lᵢ/∂b⁽³⁾ += \[.*\]ᵀ  ✓", page)
    mean = run("q1.py", "--batch", "--mean")
    assert re.search(r"∂L/∂b⁽³⁾ += 1/2 Σᵢ ∂Lᵢ/∂b⁽³⁾ += \[.*\]ᵀ  ✓", mean)
    assert "✗" not in page + mean


def test_steps_are_a_table_of_falling_losses_and_digits_are_counted():
    page = run("q1.py", "--steps", "5", "--digits", "6")
    losses = [float(x) for x in re.findall(r"^ +\d  (\d\.\d{6})$", page, flags=re.MULTILINE)]
    assert len(losses) == 5
    assert losses == sorted(losses, reverse=True)
    assert "After 5 steps" in page


def test_the_page_finds_a_formula_that_does_not_hold(monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    import practical
    import q1

    monkeypatch.setattr(practical, "outer", lambda u, v: [[2 * ui * vj for vj in v] for ui in u])
    assert practical.run(q1.QUESTION, []) == 1
    output = capsys.readouterr().out
    assert output.count("✗ the formula gives") == 3
    assert "DO NOT AGREE" in output


@pytest.mark.parametrize("script", ["q1.py", "q2.py"])
@pytest.mark.parametrize("more", [[], ["--batch"]])
def test_the_graph_of_the_loss_is_drawn(script, more, tmp_path):
    for level in ("value", "neuron", "tensor"):
        path = tmp_path / f"{level}.dot"
        run(script, "--draw", str(path), "--level", level, *more)
        source = path.read_text(encoding="utf-8")
        assert source.startswith("digraph")
        assert ("0.3764" in source) == (script == "q1.py" and not more)
    assert "a drawing is saved as" in run(script, "--draw", "q.jpeg", status=2)
    assert "No such file" in run(script, "--draw", str(tmp_path / "no" / "q.svg"), status=1)


@pytest.mark.parametrize("script", ["q1.py", "q2.py"])
def test_the_loss_is_stepped_through(script, tmp_path):
    path = tmp_path / "page.html"
    run(script, "--step", str(path), "--level", "neuron")
    page = path.read_text(encoding="utf-8")
    assert f"<h1>Question {script[1]}: " in page and "Backward through neuron h⁽¹⁾₄" in page
    assert "a page is saved as" in run(script, "--step", "q.svg", status=2)


def test_every_number_of_question_1_stands_in_its_drawing_by_neurons(tmp_path):
    run("q1.py", "--draw", str(tmp_path / "q1.dot"), "--level", "neuron")
    source = (tmp_path / "q1.dot").read_text(encoding="utf-8")

    def numbers(x):
        if isinstance(x, dict):
            return [leaf for part in x.values() for leaf in numbers(part)]
        return [leaf for part in x for leaf in numbers(part)] if isinstance(x, list) else [x]

    found = numbers(json.loads(run("q1.py", "--json"))["examples"][0])
    assert len(found) == 95
    for x in found:
        assert f"{x:.4f}".replace("-", "−").replace("−0.0000", "0.0000") in source


def test_the_derivation_speaks_the_language_of_the_notes():
    text = run("q1.py", "--explain")
    for formula in (
        "∂L/∂ŷ    = ŷ − y",
        "∂L/∂W⁽³⁾ = ∂L/∂z⁽³⁾ h⁽²⁾ᵀ",
        "∂L/∂h⁽²⁾ = W⁽³⁾ᵀ ∂L/∂z⁽³⁾",
        "∂L/∂h⁽²⁾ ∘ (1 − h⁽²⁾²)",
    ):
        assert formula in text
    assert "zero: the contributions" in run("q2.py", "--explain")
    assert run("q2.py", "--explain", "--format", "latex").startswith("\\documentclass")


@pytest.mark.parametrize("script", ["q1.py", "q2.py"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--example", "1,0,1,0"], 'an example looks like "1,0,1,0 -> 0,1,0"'),
        (["--example", "1,0,1 -> 0,1,0"], "x must be 4 numbers"),
        (["--example", "1,0,1,0 -> 0,1"], "y must be 3 numbers"),
        (["--example", "1,0,one,0 -> 0,1,0"], "x must be 4 numbers"),
        (["--example", "1,0,nan,0 -> 0,1,0"], "x must be 4 numbers"),
        (["--example", "1,0,1,0 -> 0,inf,0"], "y must be 3 numbers"),
        (["--example", ""], "an example looks like"),
        (["--lr", "0"], "lr must be above 0"),
        (["--lr", "-1"], "lr must be above 0"),
        (["--lr", "nan"], "a finite number is needed"),
        (["--lr", "fast"], "invalid float value"),
        (["--steps", "0"], "a whole number from 1"),
        (["--digits", "-1"], "a whole number from 0 to 17"),
        (["--lr", "1e308", "--steps", "3"], "too large"),
    ],
)
def test_malformed_arguments_get_one_clear_line(script, arguments, message):
    error = run(script, *arguments, status=2)
    assert message in error.splitlines()[-1]
    assert "Traceback" not in error


def test_question_2_refuses_a_target_that_is_no_distribution():
    error = run("q2.py", "--example", "1,0,1,0 -> 0,1,1", status=2)
    assert "is not a probability distribution; its sum is 2.0" in error


def test_the_chain_rule_is_the_formula_of_the_notes():
    assert re.search(r"9t² \+ 2t +40 +40$", run("chain_rule.py"), flags=re.MULTILINE)
    assert re.search(r"9t² \+ 2t +3.25 +3.25$", run("chain_rule.py", "0.5"), flags=re.MULTILINE)
    assert "invalid float value" in run("chain_rule.py", "two", status=2)
    assert "finite" in run("chain_rule.py", "nan", status=2)


def test_the_moons_are_told_apart_and_compiled_in_the_same_way(tmp_path):
    pytest.importorskip("tqdm", reason="tqdm and matplotlib are the optional extra `examples`")
    pytest.importorskip("matplotlib")
    picture = tmp_path / "moons.png"
    text = run("train_moons.py", "--epochs", "60", "--picture", str(picture))
    assert float(re.search(r"after the last step: ([\d.]+)%", text)[1]) >= 95
    assert picture.read_bytes().startswith(b"\x89PNG")
    # The numbers differ by the order of summing, some 1e-16, which sixty steps do not bring to light.
    assert run("train_moons.py", "--epochs", "60", "--compiled") == text.replace(text.splitlines(True)[-1], "")
    assert "ends in .png" in run("train_moons.py", "--picture", "moons.txt", status=2)
    assert "there is no folder" in run("train_moons.py", "--picture", str(tmp_path / "no" / "moons.png"), status=2)
