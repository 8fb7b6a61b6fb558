"""The film of a training: its numbers are the engine's, in Python and on the page; what it refuses; its files."""

import csv
import io
import itertools
import math
import re
import time
import xml.etree.ElementTree as ET
from functools import cache

import numpy as np
import pytest
from graphs import two_moons

from tinygrad_edu import (
    MLP,
    SGD,
    Adam,
    Module,
    Parameter,
    Tensor,
    Training,
    binary_cross_entropy_with_logits,
    cross_entropy,
    film,
    mse_loss,
    squared_error,
)
from tinygrad_edu.readings.training import put
from tinygrad_edu.tree import flatten
from tinygrad_edu.writing.notation import short


def trained(net, loss, X, Y, optimizer=None, steps=12, **options):
    training = Training(net, loss, X, Y, optimizer or SGD(net.parameters(), lr=0.1), **options)
    training.run(steps, progress=False)
    return training


@cache
def moons(n=30, steps=12, lr=0.1, **options):
    net = MLP([2, 16, 16, 1], activation="tanh", seed=0)
    return trained(net, mse_loss, *two_moons(n), SGD(net.parameters(), lr=lr), steps, **options)


@cache
def line():
    X = [[-1.0], [0.0], [0.5], [2.0]]
    return trained(MLP([1, 1], init=0.0), mse_loss, X, [[1.5 * x - 0.5] for [x] in X])


@cache
def classes():
    X = [[0.0, 0.0], [1.0, 0.1], [0.2, 1.0], [0.9, 0.9]]
    return trained(MLP([2, 3, 3], activation="relu", seed=1), cross_entropy, X, [0, 1, 2, 1], batch_size=2, seed=3)


@cache
def practical(lr=0.1):
    net = MLP([4, 4, 3, 3], init=0.1)
    optimizer = SGD(net.parameters(), lr=lr)
    return trained(net, squared_error, [[1.0, 0.0, 1.0, 0.0]], [[0.0, 1.0, 0.0]], optimizer)


HEADS = "[...cards.querySelectorAll('th')].map((th) => th.textContent)"
TRAININGS = {"line": line, "moons": moons, "classes": classes, "practical": practical}


def opened(chromium, tmp_path, made, fragment=""):
    chromium.open(made.save(tmp_path / "film.html").as_uri() + fragment)
    chromium.wait("data !== null && drawCurve.at !== undefined")


@pytest.mark.parametrize("name", TRAININGS)
def test_every_number_of_the_page_is_the_engines(name, chromium, tmp_path):
    training = TRAININGS[name]()
    record = training.record
    opened(chromium, tmp_path, film(training))
    rows, losses = chromium.run("data.runs.map(({ rows, losses }) => [rows.map((row) => [...row]), losses])[0]")
    assert [len(row) for row in rows] == [len(record.numbers[0])] * len(record.steps)
    assert max([abs(a - b) for row, kept in zip(rows, record.numbers) for a, b in zip(row, kept)]) <= 0.5001e-8
    for k in (0, 5, 11, 12):
        put(training.values, record.numbers[k])
        chosen = training.batch(k)
        X, Y = [training.X[i] for i in chosen], [training.Y[i] for i in chosen]
        loss = training.loss(training.net(Tensor(X)), Y if isinstance(Y[0], int) else Tensor(Y))
        training.optimizer.zero_grad()
        loss.backward()
        found = chromium.run(f"[...lossAndGradient(data.runs[0], {k})]")
        assert found == pytest.approx([loss.item(), *[v.grad for v in training.values]], abs=1e-6)
        assert loss.item() == pytest.approx(losses[k], rel=1e-12)
        grid = [[-0.5 + 0.3 * a + 0.1 * b for b in range(len(training.X[0]))] for a in range(8)]
        for x in grid:
            y = chromium.run(f"outputs(data.runs[0], {x}, {k})")[: len(training.net(Tensor(x)).values)]
            assert y == pytest.approx(flatten(training.net(Tensor(x)).tolist()), abs=1e-6)
    assert losses[:12] == pytest.approx(record.losses, rel=1e-12)
    assert chromium.run("(go(12), plots.querySelector('small').textContent)").startswith(f"L = {short(losses[12])}")
    assert not chromium.problems


def test_the_slider_the_keys_and_play_move_through_time(chromium, tmp_path):
    training = moons()
    opened(chromium, tmp_path, film(training, notes=["What bends first?"]))
    assert chromium.run("byId('position').textContent") == "after 0 of 12 steps"
    assert chromium.run("plots.querySelector('small').textContent").startswith(f"L = {training.record.losses[0]:.4g}")
    chromium.run("time.value = 7; time.dispatchEvent(new Event('input'))")
    assert chromium.run("[state.step, byId('whose').textContent]") == [7, "after 7 steps"]
    cell = chromium.run("cards.querySelector('td').textContent").replace("−", "-")
    assert float(cell) == pytest.approx(training.record.numbers[7][0], rel=5e-3)
    said = chromium.run("byId('said').textContent").replace("−", "-")
    old, eta, slope, new = map(float, re.search(r": (\S+) - (\S+) · \((\S+)\) = ([-\d.e]+)", said).groups())
    assert new == pytest.approx(old - eta * slope, abs=2e-4) and eta == 0.1
    chromium.run("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))")
    assert chromium.run("state.step") == 8
    chromium.run("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }))")
    assert chromium.run("[state.step, time.valueAsNumber]") == [12, 12]
    assert chromium.run("byId('whose').textContent") == "after 12 steps"
    chromium.run("playOrPause(); speed.value = 100")  # from the end it begins again
    for _ in range(200):
        if chromium.run("state.step") in range(1, 12):
            break
        time.sleep(0.02)
    assert chromium.run("[playing !== null, play.textContent]") == [True, "pause"]
    chromium.run("playOrPause()")
    assert chromium.run("[state.step > 0, playing, play.textContent]") == [True, None, "play"]
    assert "What bends first?" in chromium.run("byId('notes').textContent")
    opened(chromium, tmp_path, film(training), "#step=5&theme=dark")
    assert chromium.run("[state.step, document.documentElement.dataset.theme]") == [5, "dark"]


def test_keys_and_buttons_of_a_film(chromium, tmp_path):
    opened(chromium, tmp_path, film(line(), line(), names=["a", "b"]))
    press = (
        "((key, more = {}, on = document.body) => {"
        " on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })) })"
    )
    assert chromium.run(f"({press}(' '), playing !== null)") and not chromium.run(f"({press}(' '), playing !== null)")
    chromium.run("go(5)")
    for key, more in (("ArrowRight", "{ ctrlKey: true }"), ("x", "{}"), ("End", "{}, byId('play')")):
        assert chromium.run(f"({press}('{key}', {more}), state.step)") == 5, key
    chromium.click("#first")
    assert chromium.run("[state.step, playing]") == [0, None]
    chromium.run("byId('runs').children[1].click()")
    assert chromium.run("[state.run, byId('whose').textContent]") == [1, "b, after 0 steps"]
    width = "byId('losses').getAttribute('viewBox').split(' ')[2]"
    before = chromium.run(width)
    chromium.call("Emulation.setDeviceMetricsOverride", width=480, height=700, deviceScaleFactor=1, mobile=False)
    chromium.wait(f"{width} !== '{before}'")
    assert "12 steps" not in chromium.run("byId('losses').textContent")  # there is no room for it
    chromium.call("Emulation.clearDeviceMetricsOverride")


def test_a_sigmoid_is_saturated_near_0_and_1_and_held_out_points_of_a_plane_have_the_shape_of_their_class(
    chromium, tmp_path
):
    net = MLP([2, 2, 1], activation="sigmoid", seed=0)
    for value, number in zip(net.layers[0].b.values, [6.0, 0.5]):
        value.data = number
    X, Y = [[0.1, 0.0], [0.2, 0.1]], [[0.0], [1.0]]
    held_out = ([[0.0, 0.2], [0.3, 0.0]], [[1.0], [0.0]])
    opened(chromium, tmp_path, film(trained(net, mse_loss, X, Y, held_out=held_out)))
    said = chromium.run("byId('said').textContent")
    assert "h⁽¹⁾₁ is saturated: in 2 of 2 examples" in said and "h⁽¹⁾₂" not in said
    shapes = chromium.run(
        "[...document.querySelectorAll('.held-out')].map((e) => [e.classList[1], e.getAttribute('d').includes('a')])"
    )
    assert shapes == [["run0", True], ["run1", False]]  # a circle, and a square


def test_a_moment_opens_its_pass_as_a_page_with_the_numbers_of_the_moment(chromium, tmp_path):
    training = practical(0.05)
    opened(chromium, tmp_path, film(practical(), training))
    named = chromium.run("data.runs[0].names")
    chromium.run("window.open = (address) => { globalThis.opened_ = address }; choose(1); go(10); openPass()")
    chromium.follow("location.href = opened_")
    assert chromium.run("byId('result').textContent").endswith(f"{training.record.losses[10]:.4f}")
    found = chromium.run(
        "(() => { const now = updated(run, moving); return names.map((name, n) => [name, now.get(n)]) })()"
    )
    found = {name: number for name, number in found if number is not None}
    assert [found[name] for name in named] == pytest.approx([*training.record.numbers[11]], abs=1e-6)
    assert not chromium.problems


def test_a_new_point_is_tried_by_a_click(chromium, tmp_path):
    training = moons()
    opened(chromium, tmp_path, film(training))
    across, down = chromium.run(
        "(({ field: { svg } }) => { const { left, top, width, height } = svg.getBoundingClientRect();"
        "const at = { clientX: Math.round(left + 0.9 * width), clientY: Math.round(top + 0.25 * height) };"
        "svg.dispatchEvent(new MouseEvent('click', { ...at, bubbles: true }));"
        "return [(at.clientX - left) / width, (at.clientY - top) / height] })(data.runs[0])"
    )
    (x0, x1), (y0, y1) = film(training).runs[0].domain
    assert chromium.run("state.tried") == pytest.approx([x0 + across * (x1 - x0), y1 - down * (y1 - y0)], abs=1e-5)
    assert "ŷ = " in chromium.run("plots.querySelector('small').textContent")


def test_two_runs_share_one_axis_and_the_one_that_diverges_says_why(chromium, tmp_path):
    net = MLP([1, 1], init=0.0)
    good = line()
    bad = Training(net, mse_loss, good.X, good.Y, SGD(net.parameters(), lr=3.0))
    with pytest.raises(ArithmeticError):
        bad.run(1000, progress=False)
    opened(chromium, tmp_path, film(good, bad, names=["η = 0.1", "η = 3"]))
    assert chromium.run("data.steps") == bad.record.steps[-1]
    assert chromium.run("[...byId('runs').children].map((b) => b.textContent)") == ["η = 0.1", "η = 3"]
    chromium.run("choose(1); go(data.steps)")
    said = chromium.run("[...document.querySelectorAll('.ended')].map((p) => p.textContent)")
    assert said[0] == "" and "Parameters of more than 10⁶" in said[1] and bad.record.ended in said[1]
    assert not chromium.problems


def test_a_saturated_and_a_dead_neuron_are_named(chromium, tmp_path):
    for activation, word in (("tanh", "saturated"), ("relu", "dead")):
        net = MLP([1, 2, 1], activation=activation, seed=0)
        b = net.layers[0].b
        for value, number in zip(b.values, [-50.0, 1.1]):
            value.data = number
        opened(chromium, tmp_path, film(trained(net, mse_loss, [[0.1], [0.5]], [[0.0], [1.0]])))
        assert re.search(rf"h⁽¹⁾₁ is {word}", chromium.run("byId('said').textContent"))
        assert "h⁽¹⁾₂" not in chromium.run("byId('said').textContent")
        marks = "[...cards.querySelectorAll('td.idle')].map((e) => e.textContent)"
        assert chromium.run(marks) == [word, ""]  # on the card of W⁽¹⁾


def test_rows_of_an_image_are_marked_too(chromium, tmp_path):
    net = MLP([50, 2, 1], activation="relu", seed=0)
    net.layers[0].b.values[1].data = -50.0
    X = [[0.01 * k] * 50 for k in range(2)]
    opened(chromium, tmp_path, film(trained(net, mse_loss, X, [[0.0], [1.0]])))
    assert chromium.run("cards.querySelector('canvas ~ small ~ small').textContent") == "dead: row 2"


def test_points_that_are_held_out_are_hollow(chromium, tmp_path):
    X = [[-1.0], [0.0], [0.5]]
    training = trained(MLP([1, 1], init=0.0), mse_loss, X, X, held_out=([[3.0], [1.0]], [[2.0], [1.0]]))
    made = film(training)
    opened(chromium, tmp_path, made)
    ends = "all.map((e) => e.getAttribute('d').match(/M([\\d.]+) ([\\d.]+)/).slice(1).map(Number))"
    held = chromium.run(f"((all) => {ends})([...document.querySelectorAll('.held-out')])")
    (x0, x1), (y0, y1) = made.runs[0].domain
    assert held == [
        pytest.approx([100 * (x - x0) / (x1 - x0) - 1.5, 100 * (y1 - y) / (y1 - y0)]) for x, y in ((3, 2), (1, 1))
    ]
    assert "hollow: held out" in chromium.run("byId('legend').textContent")
    assert made.save(tmp_path / "a.svg").read_text(encoding="utf-8").count('fill="none" stroke="#0072b2"') == 4


def test_what_a_step_does_to_the_loss_is_told_beside_what_its_gradient_says(chromium, tmp_path):
    X, Y = [[1.0], [2.0]], [[2.0], [3.0]]
    for lr, long in ((0.1, False), (0.9, True)):
        net = MLP([1, 1], init=0.0)
        training = trained(net, mse_loss, X, Y, SGD(net.parameters(), lr=lr), 2)
        opened(chromium, tmp_path, film(training))
        said = chromium.run("plots.textContent").replace("−", "-")
        moved, along = map(float, re.search(r"Step 1 moves L by (\S+); the gradient alone says (\S+)\.", said).groups())
        assert moved == pytest.approx(training.record.losses[1] - training.record.losses[0], rel=5e-3)
        assert along == pytest.approx(-lr * (5.0**2 + 8.0**2), rel=5e-3)  # ∂L/∂b = −5, ∂L/∂w = −8
        assert ("The step is too long" in said) == long


def test_between_kept_moments_what_is_shown_says_of_which_it_is(chromium, tmp_path):
    X = [[-1.0], [0.0], [0.5]]
    net = MLP([1, 1], init=0.0)
    training = trained(net, mse_loss, X, X, steps=12, keep=5, held_out=([[3.0]], [[2.0]]))
    record = training.record
    opened(chromium, tmp_path, film(training))
    head = "plots.querySelector('small').textContent"
    assert chromium.run(f"(go(5), {head})") == f"L = {short(record.losses[5])}, held out {short(record.held_out[1])}"
    held = f"; after 5 steps: held out {short(record.held_out[1])}"
    assert chromium.run(f"(go(8), {head})") == f"L = {short(record.losses[8])}{held}"
    assert chromium.run("plots.querySelector('figcaption').textContent") == "after 5 steps"
    assert chromium.run("byId('said').textContent").startswith("Steps 6 to 10 move W⁽¹⁾₁₁ most: ")
    press = "(key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
    found = []
    for act in ("byId('next').click()", "byId('next').click()", "byId('next').click()", "byId('previous').click()"):
        found.append(chromium.run(f"({act}, state.step)"))
    found += [chromium.run(f"(({press})('{key}'), state.step)") for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft")]
    assert found == [10, 12, 12, 10, 5, 0, 0]


def test_at_the_last_moment_there_is_no_update_and_nothing_moves_aside(chromium, tmp_path):
    class Many(Module):
        def __init__(self):
            self.w = Parameter([[0.01 * k] * 10 for k in range(10)])

        def forward(self, x):
            return (self.w * x.sum()).sum()

    def loss(y, t):
        return squared_error(y, t.sum())

    net = Many()
    optimizer = SGD(net.parameters(), lr=1e-4)
    training = trained(net, loss, [[1.0, 2.0], [1.0]], [[3.0], [2.0]], optimizer, batch_size=1, keep=5)
    opened(chromium, tmp_path, film(training))
    right = (
        "(({ canvases: [, c] }) => [...c.getContext('2d').getImageData(0, 0, 1, 1).data].slice(0, 3))"
        "(data.runs[0].shown[0])"
    )
    sides = "cards.querySelector('small').textContent"
    for step, text in (0, "update of 5 steps"), (10, "update of 2 steps"), (12, "no update, at the end"):
        assert chromium.run(f"(go({step}), {sides})") == f"left: value, right: {text}"
    assert chromium.run(f"(go(0), go(12), {right})") == chromium.run("colour('--operation')")
    opened(chromium, tmp_path, film(practical()))
    places = [chromium.run(f"(go({k}), byId('network').getBoundingClientRect().left)") for k in (0, 11, 12)]
    assert len(set(places)) == 1


def test_rows_that_are_equal_are_said_to_stay_so(chromium, tmp_path):
    opened(chromium, tmp_path, film(practical()))
    assert chromium.run(HEADS) == ["value", "gradient"] * 6
    assert "All rows of W⁽¹⁾, b⁽¹⁾, W⁽²⁾, b⁽²⁾ are equal" in chromium.run("byId('said').textContent")
    opened(chromium, tmp_path, film(classes()))
    assert "equal" not in chromium.run("byId('said').textContent")


def test_examples_of_several_shapes_have_a_film_of_losses_and_parameters(chromium, tmp_path):
    class Sum(Module):
        def __init__(self):
            self.w = Parameter([0.5])

        def forward(self, x):
            return (x * self.w).sum()

    def loss(y, t):
        return squared_error(y, t.sum())

    training = trained(Sum(), loss, [[1.0, 2.0], [1.0], [1.0, 0.0, 1.0]], [[3.0], [2.0], [1.0]], batch_size=1, seed=0)
    opened(chromium, tmp_path, film(training))
    assert chromium.run("data.runs[0].rows.map(([w]) => w)") == pytest.approx(
        [w for [w] in training.record.numbers], abs=1e-7
    )
    assert chromium.run("byId('said').textContent").startswith("Step 1 moves w")
    assert not chromium.problems


def test_a_frame_of_moons_takes_a_few_milliseconds(chromium, tmp_path):
    opened(chromium, tmp_path, film(moons(60)))
    frames = "for (let k = 0; k < 12; k++) { go(k); await new Promise(requestAnimationFrame); }"
    assert chromium.milliseconds(f"(async () => {{ {frames} }})()") / 12 < 16


class Hostile(Module):
    def __init__(self, name):
        self.w = Parameter([0.5, 0.1])
        self.w.label = name

    def forward(self, x):
        return (x * self.w).sum(axis=-1, keepdims=True)


def test_names_are_inserted_as_text(chromium, tmp_path):
    names = ["</script><b>", "${x}", '"', "a\nb", "\\u0041"]
    runs = [trained(Hostile(name), mse_loss, [[0.0, 1.0], [1.0, 0.5]], [[1.0], [0.0]], steps=2) for name in names]
    made = film(*runs, names=names, title="".join(names), notes=names)
    opened(chromium, tmp_path, made)
    for k, name in enumerate(names):
        chromium.run(f"choose({k})")
        assert chromium.run("cards.querySelector('figcaption').firstChild.textContent") == name.replace("\n", " ")
    assert chromium.run("document.querySelectorAll('b').length") == 0
    assert not chromium.problems
    ET.fromstring(made.save(tmp_path / "a.svg").read_text(encoding="utf-8"))
    assert "https:" not in made.html.replace("http://www.w3.org", "")


def test_a_network_that_cannot_be_printed_still_has_its_record(chromium, tmp_path):
    def penalised(y, t):
        return squared_error(y, t) + 0.01 * sum([(w * w).sum() for w in net.parameters()], Tensor(0.0))

    net = MLP([2, 2, 1], seed=0)
    training = trained(net, penalised, [[0.0, 1.0], [1.0, 1.0], [0.5, 0.2]], [[1.0], [0.0], [1.0]])
    made = film(training).runs[0].data({}, {})
    assert made["mean"] is None and "program" in made  # its penalty is not a sum over the examples
    opened(chromium, tmp_path, film(training))
    assert "→" in chromium.run("byId('said').textContent") and not chromium.problems
    assert chromium.run(HEADS) == ["value", "update"] * 4
    update = chromium.run("[...cards.querySelectorAll('td.gradient')].map((cell) => cell.textContent)")
    change = training.record.numbers[1][0] - training.record.numbers[0][0]
    assert float(update[0].replace("−", "-")) == pytest.approx(change, rel=1e-2)


def test_the_loss_of_a_batch_is_a_sum_or_a_mean_of_those_of_its_examples_also_after_one_step():
    class Total(Module):
        def __init__(self):
            self.w = Parameter([0.5, 0.1])

        def forward(self, x):
            return (x * self.w).sum(axis=-1)

    X, Y = [[1.0, 2.0], [2.0, 0.5]], [2.0, 3.0]  # targets without an axis of their own, as the predictions
    for loss, is_mean in ((squared_error, False), (mse_loss, True)):
        assert film(trained(Total(), loss, X, Y, steps=1)).runs[0].data({}, {})["mean"] is is_mean


def test_small_multiples_and_a_table(tmp_path):
    training = moons()
    made = film(training, training, names=["a", "b"])
    picture = ET.fromstring(made.save(tmp_path / "steps.svg", steps=[0, 3, 12]).read_text(encoding="utf-8"))
    titles = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert titles == [f"{run}, after {step} steps" for run in "ab" for step in (0, 3, 12)]
    rows = list(csv.DictReader(io.StringIO(film(training).save(tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert [float(row["loss"]) for row in rows] == [*training.record.losses, training.loss_at(12).data]
    assert float(rows[5]["layers.0.W[3]"]) == training.record.numbers[5][3]
    with pytest.raises(ValueError, match=r"a film is saved as \.html, \.svg or \.csv, not '\.pdf'"):
        made.save(tmp_path / "a.pdf")
    with pytest.raises(ValueError, match="only a network with one input and one output, or with two inputs"):
        film(practical()).save(tmp_path / "a.svg")


def test_what_is_not_a_training_that_has_run_is_refused():
    net = MLP([1, 1], seed=0)
    fresh = Training(net, mse_loss, [[1.0]], [[1.0]], SGD(net.parameters(), lr=0.1))
    with pytest.raises(TypeError, match="film: a Training is needed, not MLP"):
        film(net)
    with pytest.raises(ValueError, match="a training has taken no step"):
        film(fresh)
    with pytest.raises(ValueError, match="there are 0 runs and 0 names"):
        film()
    with pytest.raises(ValueError, match="there are 1 runs and 2 names"):
        film(line(), names=["a", "b"])


def test_films_are_small(tmp_path):
    assert film(moons(50, steps=40)).save(tmp_path / "moons.html").stat().st_size < 300_000
    large = MLP([64, 56, 10], seed=0)
    X = [[(k * j % 7) / 7 for k in range(64)] for j in range(4)]
    training = trained(large, cross_entropy, X, [0, 1, 2, 3], Adam(large.parameters(), lr=0.01), 20)
    assert film(training).save(tmp_path / "large.html").stat().st_size < 1_000_000
    assert film(practical()).save(tmp_path / "q1.html").stat().st_size < 150_000


def test_the_plane_is_painted_with_what_the_network_says(chromium, tmp_path):
    source = moons(steps=1)
    training = trained(MLP([2, 5, 1], seed=0), mse_loss, source.X, [[2.5 * y + 0.5] for [y] in source.Y], steps=12)
    made = film(training)
    opened(chromium, tmp_path, made)
    chromium.run("go(12)")
    paper, first, second = chromium.run("['--paper', '--a', '--b'].map(colour)")
    pixels = chromium.run(
        "(({ canvas }) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data])"
        "(data.runs[0].field)"
    )
    (x0, x1), (y0, y1) = made.runs[0].domain
    assert len(pixels) == 4 * 44 * 44
    for i, j in itertools.product(range(0, 44, 5), range(44)):
        at = [x0 + (x1 - x0) * (i + 0.5) / 44, y1 - (y1 - y0) * (j + 0.5) / 44]
        y = training.net(at).item() - 0.5  # targets are 0.5 ± 2.5
        share = 0.6 * min(abs(y) / 2.5, 1.0)
        expected = [p + (q - p) * share for p, q in zip(paper, first if y > 0 else second)]
        assert pixels[4 * (44 * j + i) :][:4] == pytest.approx([*expected, 255], abs=1)
    drawn = ET.fromstring(made.save(tmp_path / "a.svg", steps=[12]).read_text(encoding="utf-8"))
    for k, cell in enumerate(list(drawn.iter(svg("path")))[:900]):
        at = [x0 + (x1 - x0) * (k % 30 + 0.5) / 30, y1 - (y1 - y0) * (k // 30 + 0.5) / 30]
        y = training.net(at).item() - 0.5
        assert cell.get("fill") == ("#0072b2" if y > 0 else "#d55e00")
        assert float(cell.get("fill-opacity")) == pytest.approx(0.55 * min(abs(y) / 2.5, 1.0), abs=0.006)


def test_the_boundary_is_where_the_network_is_between_its_targets_and_a_flat_one_has_none(chromium, tmp_path):
    X, Y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]]
    bent, flat = [MLP(sizes, activation="tanh", seed=3) for sizes in ([2, 3, 1], [2, 1])]
    made = film(*[trained(net, squared_error, X, Y, SGD(net.parameters(), lr=0.1), 300) for net in (bent, flat)])
    opened(chromium, tmp_path, made)
    path, (caption, none) = chromium.run(
        "(go(300), [data.runs[0].field.svg.querySelector('.boundary').getAttribute('d'),"
        " data.runs.map(({ field }) => field.caption.textContent)])"
    )
    (x0, x1), (y0, y1) = made.runs[0].domain
    points = [tuple(map(float, point.split(","))) for point in re.split("[ML]", path)[1:]]
    says = [bent([x0 + a / 100 * (x1 - x0), y1 - b / 100 * (y1 - y0)]).item() for a, b in points]
    assert len(points) > 100 and max([abs(y - 0.5) for y in says]) < 2e-3
    assert (caption, none) == ("", "ŷ is 0.5 everywhere here: there is no boundary")


def test_the_loss_over_two_parameters_is_a_map_in_ten_bands(chromium, tmp_path):
    training = line()
    opened(chromium, tmp_path, film(training))
    domain, share = chromium.run(
        "(({ domain, share }) => [domain, Array.from({ length: 1936 }, (_, n) => share(n % 44, Math.floor(n / 44)))])"
        "(data.runs[0].plane)"
    )
    for low_high, numbers in zip(domain, zip(*training.record.numbers)):
        low, high = min(numbers), max(numbers)
        assert low_high == pytest.approx([low - (high - low) / 4, high + (high - low) / 4], abs=1e-6)
    assert "W⁽¹⁾₁₁ (→) and b⁽¹⁾₁ (↑); shade: L" in chromium.run("plots.textContent")
    (w0, w1), (b0, b1) = domain
    losses = []
    for j, i in itertools.product(range(44), range(44)):
        w, b = w0 + (w1 - w0) * (i + 0.5) / 44, b1 - (b1 - b0) * (j + 0.5) / 44
        errors = [(w * x + b - y) ** 2 for [x], [y] in zip(training.X, training.Y)]
        losses.append(math.log(sum(errors) / len(errors) + 1e-3))
    low, high = min(losses), max(losses)
    assert max([abs(9 * s - 9 * (L - low) / (high - low)) for s, L in zip(share, losses)]) <= 0.5 + 1e-9
    way = chromium.run(
        "(go(5), data.runs[0].plane.svg.querySelector('path').getAttribute('d').split(/[ML]/).length - 1)"
    )
    assert way == 6


def test_shades_follow_the_size_of_the_numbers_of_a_matrix(chromium, tmp_path):
    net = MLP([4, 1], seed=0)
    for value, number in zip(net.layers[0].W.values, [2.0, -1.0, 0.3, 0.0]):
        value.data = number
    training = trained(net, mse_loss, [[0.0] * 4, [1.0] * 4], [[0.0], [1.0]])
    opened(chromium, tmp_path, film(training))
    assert chromium.run("[...cards.querySelectorAll('td.value')].map((td) => td.classList[1])")[:4] == [
        "up6",
        "down3",
        "up1",
        None,
    ]


def test_of_many_dead_neurons_three_are_said(chromium, tmp_path):
    net = MLP([1, 5, 1], activation="relu", seed=0)
    for b in net.layers[0].b.values:
        b.data = -9.0
    opened(chromium, tmp_path, film(trained(net, mse_loss, [[0.1], [0.5]], [[0.0], [1.0]])))
    said = chromium.run("[...byId('said').children].map((li) => li.textContent)")
    assert [line.split(" ")[0] for line in said[-4:]] == ["h⁽¹⁾₁", "h⁽¹⁾₂", "h⁽¹⁾₃", "and"] and said[-1] == "and 2 more"


def svg(tag):
    return f"{{http://www.w3.org/2000/svg}}{tag}"


def test_small_multiples_show_what_the_network_says_and_where_the_points_are(tmp_path):
    training = classes()
    made = film(training, training)
    root = ET.fromstring(made.save(tmp_path / "a.svg", steps=[0, 6, 12]).read_text(encoding="utf-8"))
    assert [float(root.get(side)) for side in ("width", "height")] == [3 * 216 + 16, 2 * (200 + 22 + 16) + 16]
    places = [tuple(map(float, re.findall(r"[\d.]+", g.get("transform")))) for g in root.findall(svg("g"))]
    assert places == [(16 + 216 * k, 16 + 238 * j) for j in range(2) for k in range(3)]
    paths = list(root.findall(svg("g"))[2].iter(svg("path")))
    (x0, x1), (y0, y1) = made.runs[0].domain
    for i, j in itertools.product(range(0, 30, 7), range(0, 30, 4)):
        cell = paths[30 * j + i]
        assert cell.get("d").startswith(f"M{i * 200 / 30:.1f} {j * 200 / 30:.1f}h")
        z = training.net([x0 + (i + 0.5) / 30 * (x1 - x0), y1 - (j + 0.5) / 30 * (y1 - y0)]).tolist()
        best = max(range(3), key=z.__getitem__)
        certain = (1 / sum([math.exp(x - z[best]) for x in z]) - 1 / 3) / (2 / 3)
        assert cell.get("fill") == ("#0072b2", "#d55e00", "#009e73")[best]
        assert float(cell.get("fill-opacity")) == pytest.approx(0.55 * certain, abs=0.006)
    marks = {0: "m-3 0a", 1: "m-3 -3h", 2: "m0 -4l4 7h"}
    for path, x, y in zip(paths[900:], training.X, training.Y, strict=True):
        across, down = 200 * (x[0] - x0) / (x1 - x0), 200 * (y1 - x[1]) / (y1 - y0)
        assert path.get("d").startswith(f"M{across:.1f} {down:.1f}{marks[y]}")


def test_a_curve_of_small_multiples_goes_where_the_network_says(tmp_path):
    training = line()
    made = film(training)
    (x0, x1), (y0, y1) = made.runs[0].domain
    root = ET.fromstring(made.save(tmp_path / "a.svg", steps=[12]).read_text(encoding="utf-8"))
    curve, *points = root.iter(svg("path"))
    found = [tuple(map(float, part.split())) for part in curve.get("d")[1:].split("L")]
    for k, (across, down) in enumerate(found):
        y = training.net([x0 + (k + 0.5) / 30 * (x1 - x0)]).item()
        assert (across, down) == pytest.approx((200 * (k + 0.5) / 30, 200 * (y1 - y) / (y1 - y0)), abs=0.06)
    assert len(found) == 30 and len(points) == 4


def test_a_table_has_the_loss_of_points_that_are_held_out(tmp_path):
    training = trained(MLP([1, 1], init=0.0), mse_loss, [[1.0]], [[2.0]], steps=3, held_out=([[2.0]], [[3.0]]), keep=2)
    rows = list(csv.DictReader(io.StringIO(film(training).save(tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert [row["step"] for row in rows] == ["0", "2", "3"]
    assert [float(row["held_out"]) for row in rows] == training.record.held_out


def test_a_logit_is_on_its_side_where_it_is_above_0(chromium, tmp_path):
    X, Y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [[0.0], [1.0], [1.0]]
    training = trained(MLP([2, 1], seed=0), binary_cross_entropy_with_logits, X, Y, steps=40)
    opened(chromium, tmp_path, film(training))
    for k in (0, 20, 40):
        put(training.values, training.record.numbers[k])
        right = sum([(training.net(x).item() > 0) == bool(y) for x, [y] in zip(X, Y)])
        assert chromium.run(f"(go({k}), plots.querySelector('small').textContent)").endswith(f", {right} of 3 right")


def test_the_curve_is_the_losses_to_scale_and_says_which(chromium, tmp_path):
    words = "byId('losses').querySelector('text').textContent"
    X, Y = [[0.0], [1.0], [2.0]], [[1.0], [0.0], [1.0]]
    for training in line(), trained(MLP([1, 1], init=0.0), mse_loss, X, Y, held_out=([[3.0]], [[3.0]])):
        made = film(training)
        opened(chromium, tmp_path, made)
        assert chromium.run(words) == ("L, thin: of points not learned from" if training.held_out else "L")
        width, path = chromium.run(
            "[byId('losses').clientWidth, document.querySelector('#losses .run0').getAttribute('d')]"
        )
        found = [tuple(map(float, point.split())) for point in path[1:].split("L")]
        losses = made.runs[0].losses
        most = max([*losses, *training.record.held_out])
        expected = [(56 + (width - 68) * k / 12, 10 + 138 * (most - L) / most) for k, L in enumerate(losses)]
        assert np.allclose(found, expected, atol=0.06)
    diverging = trained(
        MLP([1, 1], init=0.0), mse_loss, [[1.0]], [[1.0]], SGD(Parameter([1.0]).values, lr=1.0), steps=2
    )
    diverging.record.losses[:] = [1.0, 1e5]
    opened(chromium, tmp_path, film(diverging))
    assert chromium.run(words) == "L, on a logarithmic scale, cut off at 1000"
