"""The scripts, with the arguments that readers give them, against NumPy."""

import json
import os
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest
from scripts import EXAMPLES, run

from tinygrad_edu import MLP, save

FIRST, SECOND = ([1, 0, 1, 0], [0, 1, 0]), ([0, 0, 10, 0], [0, 0, 1])


def practical(question, examples, mean=False, lr=0.1, steps=1, seed=None):
    """The practical in NumPy, from the formulas of the notes; shaped as the scripts' JSON."""
    net = MLP([4, 4, 3, 3], activation="tanh", seed=seed, init=0.1 if seed is None else None)
    W = {l: np.array(layer.W.data) for l, layer in enumerate(net.layers, start=1)}
    b = {l: np.array(layer.b.data) for l, layer in enumerate(net.layers, start=1)}
    history = []
    for _ in range(steps):
        passes = []
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
        loss = scale * sum(p["loss"] for p in passes)
        for l in (1, 2, 3):
            W[l] = W[l] - lr * total[f"W{l}"]
            b[l] = b[l] - lr * total[f"b{l}"]
        updated = {f"{name}{l}": p[l] for l in (1, 2, 3) for name, p in (("W", W), ("b", b))}
        history.append({"examples": passes, "loss": loss, "grad": total, "updated": updated})
    report = {"question": question, **history[0], "updated": history[-1]["updated"]}
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


def test_steps_are_a_table_of_falling_losses_and_digits_are_counted():
    page = run("q1.py", "--steps", "5", "--digits", "6")
    losses = [float(x) for x in re.findall(r"^ +\d  (\d\.\d{6})$", page, flags=re.MULTILINE)]
    assert len(losses) == 5
    assert losses == sorted(losses, reverse=True)
    assert "After 5 steps" in page


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


def test_weights_from_a_file_are_those_that_were_saved(tmp_path):
    file = save(MLP([4, 4, 3, 3], activation="tanh", seed=3), tmp_path / "net.json")
    assert run("q1.py", "--json", "--weights", str(file)) == run("q1.py", "--json", "--seed", "3")
    assert f"A 4-4-3-3 network, weights from {file}, tanh" in run("q1.py", "--weights", str(file))
    assert "No such file" in run("q1.py", "--weights", str(tmp_path / "no.json"), status=1)
    save(MLP([4, 3], activation="tanh"), file)
    assert str(file) in run("q1.py", "--weights", str(file), status=2)


def test_the_scripts_read_like_the_notes():
    for script in ("q1.py", "q2.py"):
        source = (EXAMPLES / script).read_text(encoding="utf-8")
        assert len(source.splitlines()) <= 56
        assert "z1 = " in source and "L.backward()" in source and "p.data -= run.eta * p.grad" in source


@pytest.mark.parametrize("script", ["q1.py", "q2.py"])
def test_the_loss_is_drawn_and_stepped_through(script, tmp_path):
    picture, page = tmp_path / "q.dot", tmp_path / "page.html"
    for level, more in (("value", []), ("neuron", []), ("tensor", ["--batch"])):
        assert f"{picture} is written." in run(script, "--draw", str(picture), "--level", level, *more)
        source = picture.read_text(encoding="utf-8")
        assert source.startswith("digraph") and ("0.3764" in source) == (script == "q1.py" and not more)
    run(script, "--step", str(page), "--level", "neuron")
    text = page.read_text(encoding="utf-8")
    assert f"<h1>Question {script[1]}: " in text and "Backward through neuron h⁽¹⁾₄" in text
    assert "a drawing is saved as" in run(script, "--draw", "q.jpeg", status=2)
    assert "a page is saved as" in run(script, "--step", "q.svg", status=2)
    assert "No such file" in run(script, "--draw", str(tmp_path / "no" / "q.svg"), status=1)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--example", "1,0,1,0"], 'an example looks like "1,0,1,0 -> 0,1,0"'),
        (["--example", "1,0,1 -> 0,1,0"], "4 finite numbers for x and 3 for y"),
        (["--example", "1,0,1,0 -> 0,inf,0"], "4 finite numbers for x and 3 for y"),
        (["--lr", "0"], "--lr is above 0 and finite"),
        (["--lr", "fast"], "invalid float value: 'fast'"),
        (["--digits", "-1"], "a whole number from 0 to 17"),
        (["--json", "--explain"], "--json and --explain print different things: choose one"),
        (["--explain", "--steps", "3"], "--steps changes nothing in --explain"),
        (["--format", "latex"], "--format is the format of --explain, which is not asked for"),
        (["--level", "neuron"], "--level is the level of --draw and --step, which are not asked for"),
        (["--level", "tensor", "--step", "q.html"], "--level tensor is a level of --draw alone"),
        (["--json", "--digits", "3"], "--digits changes nothing in --json"),
        (["--mean"], "--mean needs several examples"),
        (["--seed", "1", "--weights", "net.json"], "not allowed with argument --seed"),
        (["--variant", "7"], "--variant is one of an exercise, which is not asked for"),
    ],
)
def test_malformed_arguments_get_one_clear_line(arguments, message):
    error = run("q1.py", *arguments, status=2)
    assert message in error.splitlines()[-1]
    assert "Traceback" not in error


def test_errors_of_the_engine_get_one_clear_line():
    error = run("q1.py", "--lr", "1e308", "--steps", "3", status=2)
    assert re.search("finite|float", error.splitlines()[-1]) and "Traceback" not in error
    error = run("q2.py", "--example", "1,0,1,0 -> 0,1,1", status=2)
    assert "is not a probability distribution; its sum is 2.0" in error


@pytest.mark.skipif(os.name != "posix", reason="a closed pipe is a different error there")
@pytest.mark.parametrize("arguments", [[], ["--explain"]])
def test_a_reader_that_stops_reading_is_no_error(arguments):
    command = [sys.executable, EXAMPLES / "q1.py", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as script:
        script.stdout.close()  # as `head` does when it has seen enough
        assert script.stderr.read() == b""
    assert script.returncode == 1


# The programs that are scripts of their own.


def rows(text):
    """The numbers of the lines that hold nothing else, which is how the scripts print tables."""
    lines = [line.split() for line in text.splitlines()]
    return [[float(x) for x in line] for line in lines if line and all(re.fullmatch(r"-?[\d.e+-]+", x) for x in line)]


def test_by_hand_the_derivative_is_the_formula_and_differences_approach_it():
    text = run("by_hand.py")
    assert "dr/dt = v · 2t + u · 3 = 40" in text and "9t² + 2t = 40" in text
    table = rows(text)
    assert [row[0] for row in table] == [1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11, 1e-13]
    for h, one_side, error, both_sides, _ in table[:3]:
        # r(2 + h) = 28 + 40h + 19h² + 3h³; rounding adds about 1e-16 · 28 / h
        assert one_side == pytest.approx(40 + 19 * h + 3 * h**2, abs=1e-14 / h)
        assert both_sides == pytest.approx(40 + 3 * h**2, abs=1e-14 / h)
        assert error == pytest.approx(19 * h, rel=0.1)
    assert table[-1][2] > table[-3][2]  # an h that is too small makes it worse


def test_the_closures_are_right_on_the_notes_and_wrong_where_the_package_is_right():
    lines = run("closures.py").splitlines()
    assert [line.split()[-3:] for line in lines[1:]] == [
        ["40", "40", "40"],
        ["6", "10", "6"],
        ["5000", "RecursionError", "5000"],
    ]


def test_the_closures_take_40_lines():
    source = (EXAMPLES / "closures.py").read_text(encoding="utf-8")
    engine = source[source.index("class Value:") : source.index("def answers")].rstrip()
    assert len(engine.splitlines()) in range(38, 44)


def test_the_chain_rule_is_the_formula_of_the_notes():
    assert re.search(r"9t² \+ 2t +40 +40$", run("recorded.py"), flags=re.MULTILINE)
    assert re.search(r"9t² \+ 2t +3.25 +3.25$", run("recorded.py", "0.5"), flags=re.MULTILINE)
    assert "invalid float value" in run("recorded.py", "two", status=2)
    assert "finite" in run("recorded.py", "nan", status=2)


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
    assert "a drawing is saved as" in run("neuron.py", "neuron.jpeg", status=2)
    assert "No such file" in run("neuron.py", str(tmp_path / "no" / "neuron.html"), status=1)


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
    assert "saved as .html" in run("laboratory.py", "laboratory.svg", status=2)
    assert "No such file" in run("laboratory.py", str(tmp_path / "no" / "laboratory.html"), status=1)


def test_the_line_is_that_of_least_squares_and_every_step_is_numpys():
    text = run("line.py")
    xs, ys = np.arange(-2, 2.5, 0.5), np.array([-3.2, -1.9, -1.1, 0.3, 0.7, 2.1, 2.9, 4.3, 4.8])
    theta, expected = np.zeros(2), []
    for step in range(41):
        error = theta[0] * xs + theta[1] - ys
        expected += [[step, (error**2).mean(), *theta]] if step % 5 == 0 else []
        theta = theta - 0.1 * 2 * np.array([(error * xs).mean(), error.mean()])
    np.testing.assert_allclose(rows(text), expected, atol=6e-7)  # six decimals are printed
    best = re.search(r"formula +(\S+) +(\S+)$", text, flags=re.MULTILINE).groups()
    np.testing.assert_allclose([float(x) for x in best], np.polyfit(xs, ys, 1), atol=6e-7)


def test_xor_needs_the_hidden_layer():
    numbers = rows(run("xor.py"))
    assert [row[3] for row in numbers[5:9]] == [0.5] * 4
    assert [round(row[3]) for row in numbers[14:]] == [0, 1, 1, 0]


def test_newton_doubles_the_digits_and_finds_the_minimum_of_the_logistic_loss():
    numbers = rows(run("newton.py"))
    distances, logistic = numbers[:7], numbers[7:]
    newton = descent = 1.5
    for step, *shown in distances[:5]:  # one digit of each is printed
        assert shown == [float(f"{abs(x - np.log(2)):.0e}") for x in (newton, descent)], step
        newton, descent = newton - 1 + 2 * np.exp(-newton), descent - 0.3 * (np.exp(descent) - 2)
    assert distances[6][1] < 1e-15 < 1e-4 < distances[6][2]
    assert logistic[-1][4] < 1e-9 < 1 < logistic[0][4]  # the length of the gradient


def test_the_compiled_step_is_the_engines_and_faster():
    text = run("compiled.py")
    assert all(engine == program for _, engine, program in rows(text)) and len(rows(text)) == 6
    assert "def program(x, y, parameters):" in text and "# update" in text
    assert float(re.search(r"(\d+) times faster", text)[1]) > 3  # measured: 30
    ways = dict(re.findall(r"^(\w[^\n]*?) +[\d.]+ ms +([\d.]+) µs$", text, flags=re.MULTILINE))
    if "machine code needs a C compiler" not in text:
        assert "const double z1_1 = W1_11 * x_1 + W1_12 * x_2 + b1_1;" in text
        assert float(ways["machine code"]) < float(ways["Python"]) / 3  # measured: 20
    assert float(ways["Python"]) < float(ways["the engine"])


def test_the_program_on_arrays_learns_and_agrees_with_the_engine():
    text = run("arrays.py")
    assert float(re.findall(r"([\d.]+)%$", text, flags=re.MULTILINE)[-1]) > 90
    assert float(re.search(r"difference of ∂L/∂θ is (\S+)", text)[1]) < 1e-12


@pytest.mark.parametrize(
    ("script", "module", "message"),
    [
        ("arrays.py", "numpy", 'arrays.py needs NumPy: pip install -e ".[examples]"\n'),
        ("devices.py", "jax", 'devices.py needs JAX: pip install -e ".[jax]"\n'),
    ],
)
def test_a_script_says_what_to_install(script, module, message, tmp_path):
    (tmp_path / f"{module}.py").write_text("raise ImportError")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, EXAMPLES / script], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, message)


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
    assert "ends in .png" in run("train_moons.py", "--picture", "moons.txt", status=2)
    assert "does not exist" in run("train_moons.py", "--picture", str(tmp_path / "no" / "moons.png"), status=2)


def test_seven_films_are_what_their_notes_say(tmp_path):
    text = run("films.py", str(tmp_path))
    shown = re.findall(r"^  (.+): L = \S+ at step 0, (\S+) at step \d+$", text, flags=re.MULTILINE)
    last = {name: float(L) for name, L in shown}
    assert last["η = 0.75"] > 1e4 and last["no hidden layer"] == 0.5 and last["three hidden neurons"] < 1e-4
    assert last["momentum"] < last["SGD"] / 100
    pages = [*tmp_path.glob("*.html")]
    assert len(pages) == 7 and max([page.stat().st_size for page in pages]) < 400_000
