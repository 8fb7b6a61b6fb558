"""The scripts, with the arguments that readers give them, against NumPy."""

import json
import re
import runpy
import sys

import numpy as np
import pytest
from scripts import EXAMPLES, run

from tinygrad_edu import MLP
from tinygrad_edu.readings.exercising.answers import read_number
from tinygrad_edu.tree import flatten

FIRST, SECOND = ([1, 0, 1, 0], [0, 1, 0]), ([0, 0, 10, 0], [0, 0, 1])


def one_example(question, p, x, y):
    """A pass of the practical in NumPy, from the formulas of the notes; shaped as in the scripts' JSON."""
    h, z = {0: np.array(x, float)}, {}
    for l in (1, 2, 3):
        z[l] = p[f"W{l}"] @ h[l - 1] + p[f"b{l}"]
        h[l] = np.tanh(z[l])
    y_hat = z[3] if question == "Q1" else np.exp(z[3]) / np.exp(z[3]).sum()
    loss = ((y_hat - y) ** 2).sum() / 2 if question == "Q1" else -(y * np.log(y_hat)).sum()
    dz = y_hat - y
    grad = {"y_hat": dz} if question == "Q1" else {}
    for l in (3, 2, 1):
        grad |= {f"z{l}": dz, f"W{l}": np.outer(dz, h[l - 1]), f"b{l}": dz}
        if l > 1:
            grad[f"h{l - 1}"] = p[f"W{l}"].T @ dz
            dz = grad[f"h{l - 1}"] * (1 - h[l - 1] ** 2)
    forward = {"z1": z[1], "h1": h[1], "z2": z[2], "h2": h[2], "z3": z[3], "y_hat": y_hat}
    return {"x": h[0], "y": np.array(y, float), **forward, "loss": loss, "grad": grad}


def practical(question, examples, mean=False, lr=0.1, steps=1, seed=None):
    net = MLP([4, 4, 3, 3], activation="tanh", seed=seed, init=0.1 if seed is None else None)
    p = dict(zip(("W1", "b1", "W2", "b2", "W3", "b3"), [np.array(t.data) for t in net.parameters()]))
    scale, history = 1 / len(examples) if mean else 1, []
    for _ in range(steps):
        passes = [one_example(question, p, *example) for example in examples]
        total = {name: scale * sum([of["grad"][name] for of in passes]) for name in p}
        p = {name: p[name] - lr * total[name] for name in p}
        loss = scale * sum([of["loss"] for of in passes])
        history.append({"examples": passes, "loss": loss, "grad": total, "updated": p})
    report = {"question": question, **history[0], "updated": p}
    return report | ({"losses": [step["loss"] for step in history], "steps": history} if steps > 1 else {})


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
        (
            ["--example", "-1,0.5,2,0 -> 0.25,0.75,0", "--example=0,0,0,0->1,0,0"],
            {"examples": [([-1, 0.5, 2, 0], [0.25, 0.75, 0]), ([0, 0, 0, 0], [1, 0, 0])]},
        ),
        (["--seed", "3", "--batch", "--steps", "2"], {"examples": [FIRST, SECOND], "seed": 3, "steps": 2}),
    ],
    ids=lambda x: " ".join(x) or "default" if isinstance(x, list) else "",
)
def test_every_number_of_the_practical_is_numpys(question, arguments, settings):
    ours = json.loads(run(f"{question.lower()}.py", "--json", *arguments))
    assert_same(ours, practical(question, **settings))


def test_the_page_of_question_1_shows_the_numbers_of_the_notes_in_their_order():
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
    assert page.count("The notes print z⁽³⁾ = 0.16936. The number is 0.16396") == 1
    assert "26 formulas and the engine agree" in page
    assert "✗" not in page
    names = re.findall(r"^(\S+)(?: = h⁽³⁾)? += ", page, flags=re.MULTILINE)
    backward = [f"∂L/∂{s}⁽{l}⁾" for l in "³²¹" for s in "hzWb"][1:]
    forward = ["h⁽⁰⁾", "z⁽¹⁾", "h⁽¹⁾", "z⁽²⁾", "h⁽²⁾", "z⁽³⁾", "ŷ", "L"]
    assert names[names.index("h⁽⁰⁾") :] == [*forward, "∂L/∂ŷ", *backward, *[f"{s}⁽{l}⁾" for l in "¹²³" for s in "Wb"]]


def test_the_page_of_question_2_says_that_only_the_last_layer_learns():
    page = run("q2.py")
    assert page.count("only the last layer learns") == 1
    assert "−0.0000" not in page
    assert re.search(r"∂L/∂h⁽²⁾ += W⁽³⁾ᵀ ∂L/∂z⁽³⁾ += \[0.0000  0.0000  0.0000\]ᵀ  ✓", page)


def test_a_batch_shows_that_the_gradient_of_the_sum_is_the_sum_of_the_gradients():
    page = run("q1.py", "--batch")
    assert "the gradient of the sum is the sum of the gradients" in page
    assert re.search(r"∂L/∂b⁽³⁾ += Σᵢ ∂Lᵢ/∂b⁽³⁾ += \[.*\]ᵀ  ✓", page)
    mean = run("q1.py", "--batch", "--mean")
    assert re.search(r"∂L/∂b⁽³⁾ += 1/2 Σᵢ ∂Lᵢ/∂b⁽³⁾ += \[.*\]ᵀ  ✓", mean)
    assert "✗" not in page + mean


def test_the_page_finds_a_formula_that_does_not_hold(monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(sys, "argv", ["q1.py"])
    import practical_page

    monkeypatch.setattr(practical_page, "_times", lambda W, h: [2 * sum(w * hj for w, hj in zip(row, h)) for row in W])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(EXAMPLES / "q1.py"))
    assert stop.value.code == 1
    output = capsys.readouterr().out
    assert output.count("✗ the formula gives") == 5  # z⁽¹⁾ to z⁽³⁾, ∂L/∂h⁽²⁾ and ∂L/∂h⁽¹⁾
    assert "DO NOT AGREE" in output


def test_a_class_is_the_probabilities_with_one_1():
    by_class, one_hot = [run("q2.py", "--json", "--example", f"1,2,3,4 -> {y}") for y in ("2", "0,0,1")]
    assert by_class == one_hot
    sizes = "--example takes 4 finite numbers for x and 3 for y"
    assert f"{sizes}, or a class from 0 to 2" in run("q2.py", "--example", "1,2,3,4 -> 3", status=2)
    assert run("q1.py", "--example", "1,2,3,4 -> 2", status=2).endswith(f"{sizes}\n")


@pytest.mark.parametrize("script", ["q1.py", "q2.py"])
def test_the_loss_is_drawn_and_stepped_through(script, tmp_path):
    picture, page = tmp_path / "q.dot", tmp_path / "page.html"
    assert f"{picture} is written." in run(script, "--draw", str(picture), "--level", "value")
    assert picture.read_text(encoding="utf-8").startswith("digraph")
    run(script, "--step", str(page), "--level", "neuron")
    text = page.read_text(encoding="utf-8")
    assert f"<h1>Question {script[1]}: " in text and "Backward through neuron h⁽¹⁾₄" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--example", "1,0,1,0"], 'an example looks like "1,0,1,0 -> 0,1,0"'),
        (["--example", "1,0,1 -> 0,1,0"], "4 finite numbers for x and 3 for y"),
        (["--example", "1,0,1,0 -> 0,inf,0"], "4 finite numbers for x and 3 for y"),
        (["--lr", "0"], "--lr is above 0 and finite"),
        (["--lr", "1e308", "--steps", "3"], "finite"),
        (["--digits", "-1"], "a whole number from 0 to 17"),
        (["--json", "--explain"], "--json, --explain and an exercise are printed one at a time"),
        (["--explain", "--steps", "3"], "--steps is of the page"),
        (["--variant", "7"], "--variant is one of an exercise, which is not asked for"),
        (["--draw", "q.jpeg"], "a drawing is saved as"),
        (["--step", "q.svg"], "a page is saved as"),
    ],
)
def test_malformed_arguments_get_one_clear_line(arguments, message):
    error = run("q1.py", *arguments, status=2)
    assert message in error.splitlines()[-1] and "Traceback" not in error


def test_what_cannot_be_written_gets_one_clear_line(tmp_path):
    for script, arguments in (("q1.py", ["--draw", "q.svg"]), ("neuron.py", ["n.html"]), ("laboratory.py", ["l.html"])):
        assert "No such file" in run(script, *arguments[:-1], str(tmp_path / "no" / arguments[-1]), status=1)


# The programs that are scripts of their own.


def rows(text):
    """The numbers of the lines that hold nothing else, which is how the scripts print tables."""
    lines = [line.split() for line in text.splitlines()]
    return [[float(x) for x in line] for line in lines if line and all(re.fullmatch(r"-?[\d.e+-]+", x) for x in line)]


def test_the_closures_are_right_on_the_notes_and_wrong_where_the_package_is_right():
    lines = run("closures.py").splitlines()
    assert [line.split()[-3:] for line in lines[1:]] == [
        ["40", "40", "40"],
        ["6", "10", "6"],
        ["5000", "RecursionError", "5000"],
    ]


def test_the_neuron_is_the_formula_and_its_update_lowers_the_loss(tmp_path):
    picture, page = tmp_path / "neuron.dot", tmp_path / "neuron.html"
    text = run("neuron.py", str(picture), str(page))
    x, theta = np.array([1, -2, 1]), np.array([0.5, 0.25, 0.5])  # the bias is the weight of a 1
    h = np.tanh(theta @ x)
    slopes = (h - 1) * (1 - h**2) * x
    for name, slope in zip(("w₁", "w₂", "b"), slopes):
        assert re.search(rf"^∂L/∂{name} +{slope:.4f} +{slope:.4f}$", text, flags=re.MULTILINE)
        assert f"{slope:.4f}".replace("-", "−") in picture.read_text(encoding="utf-8")
    before, after = (h - 1) ** 2 / 2, (np.tanh((theta - 0.1 * slopes) @ x) - 1) ** 2 / 2
    assert f"L falls from {before:.4f} to {after:.4f}" in text
    assert f"L  = v₅ / 2 = 0.2893 / 2 = {before:.4f}" in text
    assert "<h1>" in page.read_text(encoding="utf-8")


def test_the_experiments_of_the_laboratory_come_out_as_it_says(tmp_path):
    page = tmp_path / "laboratory.html"
    text = run("laboratory.py", str(page))
    w, x, b, y = 0.5, 1.5, -0.5, 0.25
    u = w * x
    slope = 1 - np.tanh(u + b) ** 2
    error = np.tanh(u + b) + u - y
    right, wrong = 2 * error * (1 + slope) * x, error * slope * x
    assert f"1 − h² has fallen from {slope:.4f} to {1 - np.tanh(u + 4) ** 2:.4f}" in text
    assert f"w from 0.5000 to {w - 0.1 * right:.4f}" in text
    assert f"∂L/∂w is {wrong:.4f}, not {right:.4f}" in text
    assert 'id="laboratory"' in page.read_text(encoding="utf-8")


def test_xor_needs_the_hidden_layer():
    numbers = rows(run("xor.py"))
    assert [row[3] for row in numbers[5:9]] == [0.5] * 4
    assert [round(row[3]) for row in numbers[14:]] == [0, 1, 1, 0]


@pytest.mark.parametrize("epochs", [6, pytest.param(60, marks=pytest.mark.long)])
def test_the_moons_are_told_apart_and_compiled_in_the_same_way(epochs, tmp_path):
    pytest.importorskip("tqdm", reason="tqdm and matplotlib are the optional extra `examples`")
    pytest.importorskip("matplotlib")
    picture = tmp_path / "moons.png"
    text = run("train_moons.py", "--epochs", "60", "--compiled", "--picture", str(picture))
    assert float(re.search(r"after the last step: ([\d.]+)%", text)[1]) >= 95
    assert picture.read_bytes().startswith(b"\x89PNG")
    # The numbers differ by the order of summing, some 1e-16, which sixty steps do not bring to light.
    few = ["train_moons.py", "--epochs", str(epochs)]
    assert run(*few) == run(*few, "--compiled")


def test_eight_films_are_what_their_notes_say(tmp_path):
    text = run("films.py", str(tmp_path))
    shown = re.findall(r"^  (.+): L = \S+ at first, (\S+) after \d+ steps$", text, flags=re.MULTILINE)
    last = {name: read_number(L).number for name, L in shown}
    assert last["η = 0.75"] > 1e4 and last["no hidden layer"] == 0.5 and last["three hidden neurons"] < 1e-4
    assert last["momentum"] < last["SGD"] / 100
    sizes = {page.stem: page.stat().st_size for page in tmp_path.glob("*.html")}
    assert len(sizes) == 8 and sizes.pop("gpt") < 1_000_000 and max(sizes.values()) < 400_000


@pytest.mark.parametrize("bug", range(1, 11))
def test_each_bug_is_found_by_the_check_and_can_be_fixed(bug, tmp_path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import bug_lab

    file = tmp_path / "mine.py"
    assert bug_lab.is_right(bug_lab.ENGINE)
    assert bug_lab.main([str(bug), str(file)]) == 0
    assert bug_lab.main(["--check", str(file)]) == 1
    right, wrong, why = bug_lab.BUGS[bug - 1]
    file.write_text(file.read_text(encoding="utf-8").replace(wrong, right), encoding="utf-8")
    assert bug_lab.main(["--check", str(file)]) == 0
    capsys.readouterr()
    assert bug_lab.main(["--solution", str(bug)]) == 0
    assert why in capsys.readouterr().out


def test_the_tiny_gpt_has_the_parameters_of_microgpt_and_learns(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gpt.py", "40"])
    training, writes, _ = (EXAMPLES / "gpt.py").read_text(encoding="utf-8").partition('print("\\nIt writes:")')
    names = {}
    exec(training, names)
    assert writes and len(flatten(names["W"])) == 4192
    assert sum(names["losses"][-10:]) < 0.9 * sum(names["losses"][:10])
