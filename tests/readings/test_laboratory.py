"""The laboratory of a page, in a browser: what it computes and says at other numbers, against the engine."""

import json
import math
import random
import re
import shutil
import subprocess
from importlib.resources import files

import pytest

from tinygrad_edu import MLP, SGD, Tensor, Value, cross_entropy, explain, ops, squared_error, step_through
from tinygrad_edu.graph import topological_order
from tinygrad_edu.readings.explaining.lines import lines_of
from tinygrad_edu.readings.explaining.mistakes import CATALOGUE
from tinygrad_edu.value import chain_rule, record
from tinygrad_edu.writing.evaluation import evaluate
from tinygrad_edu.writing.numbers import exact, number, short

LETTERS = "abcdefg"


def leaves(*numbers):
    return [Value(x, label) for x, label in zip(numbers, LETTERS)]


def rows():
    """A graph for each row of the table."""
    for op in (*ops.TABLE, ops.power(3.0), ops.power(-1.5)):
        for n in (3,) if op.vectors == 1 else (6,) if op is ops.DOT else (7,) if op.vectors else (1, 2):
            inputs = leaves(0.7, 0.3, 1.1, 0.9, 0.4, 1.3, 0.8)[:n]
            numbers = op.arguments(tuple([v.data for v in inputs]))
            try:
                op.partials(op.value(*numbers), *numbers)
            except TypeError:
                continue  # it takes two
            yield record(op, tuple(inputs), *numbers) * 2.0 + inputs[0]
            break


def shared():
    a, b = leaves(0.7, 0.3)
    ab = a * b
    return (ab * ab + ab.tanh()).sigmoid() + a


def kinks():
    a, b, c = leaves(0.5, 0.5, -1.0)
    return a.maximum(b) + (a - b).abs() * c + Value.max([a, b, c]) + (a - b).relu()


def odd_labels():
    a, b = Value(0.5, "</script><b>"), Value(0.25, "a + b")
    return (a / b + a) ** 2


def question(loss, batch=False):
    net = MLP([4, 4, 3, 3], activation="tanh", init=0.1)
    x, y = [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0]
    return loss(net(Tensor([x, [0.5, 1.0, 0.0, 1.0]] if batch else x)), Tensor([y, y] if batch else y))


GRAPHS = {
    **{f"row {y.inputs[0].inputs[0].op.symbol}": (lambda y=y: y) for y in rows()},
    "shared": shared,
    "kinks": kinks,
    "labels": odd_labels,
    "Question 1": lambda: question(squared_error),
    "Question 2": lambda: question(cross_entropy),
    "batch": lambda: question(squared_error, batch=True),
}


def order_of(y):
    return topological_order(y if isinstance(y, Value) else y.values[0])


def settings_of(y, n, seed=1):
    """Other numbers for some of the leaves of a graph."""
    rng = random.Random(seed)
    order = order_of(y)
    names = explain(y, level="value").names
    mine = [i for i, v in enumerate(order) if not v.op and v in names]
    return [{i: rng.uniform(0.1, 2.0) for i in rng.sample(mine, min(len(mine), 6))} for _ in range(n)]


def moved(y, setting):
    """The nodes of a graph after a pass at other numbers; and the recorded ones of the leaves, to go back."""
    order = order_of(y)
    recorded = {i: order[i].data for i in setting}
    for i, x in setting.items():
        order[i].data = x
    for v in order:
        v.grad = 0.0
    order[-1].forward()
    order[-1].backward()
    return order, recorded


def largest_terms(order):
    """For each node the largest term that was added to get its gradient."""
    largest = dict.fromkeys(order, 0.0)
    for b in order:
        for a, p in zip(b.inputs, b.partials):
            largest[a] = max(largest[a], abs(b.grad * p))
    return [largest[v] for v in order]


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a page from a file with its laboratory, and looks whether the console was silent at the end."""

    def open_(page, fragment="", **media):
        chromium.problems.clear()
        path = page.save(tmp_path / "page.html")
        chromium.open(path.as_uri() + fragment, **media)
        chromium.run("byId('laboratory').open = true")
        return chromium

    yield open_
    assert chromium.problems == []


def type_number(browser, x):
    browser.run(f"(() => {{ number_.value = '{x}'; number_.dispatchEvent(new Event('input')) }})()")


def lines_at(browser, setting):
    """All lines of all steps, and the numbers on the cards in the end, at other numbers."""
    return browser.run(
        f"(() => {{ changed = new Map({json.dumps(list(setting.items()))}); setTo([]); show(last);"
        "const text = (what) => Object.fromEntries(all(`[data-${what}]`).map((e) => [e.dataset[what], e.textContent]));"
        "return { lines: story.flatMap((s) => s.lines.map((l) => l.join(''))), values: text('value'),"
        " gradients: text('gradient'), partials: text('partial'), run } })()"
    )


def on_card(x):
    """A number on a card, which has room for nine characters; of a longer one the most digits that fit."""
    plain, *shorter = [number(x), *[f"{x:.{k}e}".replace("e+0", "e+").replace("-", "−") for k in (2, 1, 0)]]
    return plain if len(plain) <= len("−000.0000") else next(text for text in shorter if len(text) <= 9)


def ulps(a, b):
    return abs(a - b) / math.ulp(max(abs(a), abs(b), 1e-300))


# What it computes and says.


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("count", [3, pytest.param(100, marks=pytest.mark.long)])
def test_numbers_lines_and_cards_are_the_engines_at_other_numbers(opened, name, count):
    y = GRAPHS[name]()
    browser = opened(step_through(y, "value"))
    for setting in settings_of(y, count // 5 if count > 5 and isinstance(y, Tensor) else count):
        shown = lines_at(browser, setting)
        order, recorded = moved(y, setting)
        for v, value, gradient, most in zip(
            order, shown["run"]["values"], shown["run"]["gradients"], largest_terms(order), strict=True
        ):
            assert abs(v.data - value) <= 1e-12 * max(1, abs(v.data))
            assert abs(v.grad - gradient) <= 1e-12 * max(1, most)
        if name.startswith("row "):
            node = order[-1].inputs[0].inputs[0]  # the row, of leaves alone
            i = order.index(node)
            assert ulps(shown["run"]["values"][i], node.data) <= 4
            for mine, theirs in zip(shown["run"]["slopes"][i], node.partials, strict=True):
                assert abs(mine - theirs) <= 4 * math.ulp(max(abs(mine), abs(node.data), 1.0))  # 1 − y² cancels
        derivation = explain(y, level="value")
        for line, row in zip(shown["lines"], derivation.rows, strict=True):
            text, zero, _ = row.text().partition("\n    zero: ")
            assert line == row.text() or (zero and line == text)  # some remarks need more than the line's factors
        for i, text in shown["values"].items():
            assert text == on_card(order[int(i)].data)
        for i, text in shown["gradients"].items():
            assert not text or text == on_card(order[int(i)].grad)
        for place, text in shown["partials"].items():
            node, k = map(int, place.split(","))
            assert text.strip() == f"×{short(order[node].partials[k])}"
        for i, x in recorded.items():
            order[i].data = x
        order[-1].forward()


def test_at_a_tie_and_a_kink_it_is_as_the_engine(opened):
    y = kinks()
    browser = opened(step_through(y))
    type_number(browser, 2)
    browser.click("#reset")
    shown = lines_at(browser, {1: 0.5})
    y.backward()
    assert shown["run"]["gradients"] == [v.grad for v in order_of(y)]


@pytest.mark.parametrize("digits", [0, 1, 4, 7])
def test_numbers_are_written_as_python_writes_them(digits):
    if not shutil.which("node"):
        pytest.skip("there is no node to run JavaScript with")
    rng = random.Random(2)
    ties = [k / 2**n for n in range(1, 12) for k in (-7, 1, 3, 5, 21)]
    numbers = [0.0, 1.0, 0.1 + 0.2, -2.5e-7, 1234500.0, 999999.5, 1e300, -5e-324, 9999999.5, *ties]
    numbers += [rng.uniform(-10, 10) * 10.0 ** rng.randint(-12, 12) for _ in range(500)]
    engine = files("tinygrad_edu.readings.stepping").joinpath("engine.js").read_text(encoding="utf-8")
    script = f"const graph = {{ digits: {digits}, nodes: [], names: [] }}; {engine}"
    script += f"console.log(JSON.stringify({numbers}.map((x) => [short(x), number(x), exact(x)])))"
    run = subprocess.run(["node"], input=script, capture_output=True, text=True, encoding="utf-8", check=True)
    assert json.loads(run.stdout) == [[short(x, digits), number(x, digits), exact(x)] for x in numbers]


def test_a_maximum_of_many_is_not_written_once_for_each():
    def size(n):
        return len(step_through(Value.max([Value(float(k), f"x{k}") for k in range(n)]) * 1.5, digits=0).html)

    a, b, c = size(10), size(40), size(160)
    assert c - b < 5 * (b - a)


# Changing.


def test_names_that_look_like_formulas_are_asked_for_too(opened):
    a, b = leaves(0.5, 0.75)
    u = a * b
    u.label = "a - b"
    L = u.tanh() * u
    L.label = "L/N"
    browser = opened(step_through(L))
    browser.run("predict.checked = true; redraw(); show(last)")
    assert browser.run("byId('asked').textContent") == "∂(L/N)/∂a"
    slope = math.tanh(0.375) + 0.375 * (1 - math.tanh(0.375) ** 2)
    assert "The local derivative, b, is left out." in ask(browser, f"{slope:.9f}")
    assert ask(browser, f"{slope * 0.75:.9f}") == "Right."


def test_a_film_alone_has_no_laboratory():
    a, b = leaves(2.0, 3.0)
    assert 'id="laboratory"' in step_through(a * b).html
    page = step_through(a * b, live=False)
    assert 'id="laboratory"' not in page.html and "const graph" not in page.html and "forms" not in page.html


def test_a_row_that_javascript_has_no_words_for_leaves_the_film():
    op = ops.Op("odd", lambda a: math.fmod(a, 2.0), lambda y, a: (1.0,))
    page = step_through(record(op, tuple(leaves(3.0)), 3.0))
    assert 'id="laboratory"' not in page.html


def test_a_label_cannot_end_the_script():
    text = step_through(Value(3.0, "</script><b>") ** 2).html
    assert text.count("</script>") == 2


VIEW = "({ lines: byId('lines').textContent, w: values[0][0].textContent, changes: byId('changes').textContent })"


def test_a_number_is_changed_on_its_card_by_keys_by_typing_and_by_dragging(opened):
    w, x = Value(0.5, "w"), Value(2.0, "x")
    browser = opened(step_through(w * x))
    browser.run("show(1); values[0][0].focus()")
    browser.press("ArrowUp")
    assert browser.run(VIEW) == {
        "lines": "f = w · x = 0.6 · 2 = 1.2", "w": "0.6000", "changes": "Changed: w = 0.6 (recorded: 0.5)"
    }  # fmt: skip
    browser.press("ArrowDown", "Shift")
    browser.press("ArrowUp", "Alt")
    assert browser.run(VIEW)["w"] == "−0.3900"
    assert browser.run("step") == 1  # the keys moved the number, not the film
    browser.press("Enter")
    browser.run("typed.select()")
    browser.type("−1/4")
    browser.press("Enter")
    assert browser.run(VIEW)["lines"] == "f = w · x = (−0.25) · 2 = −0.5"
    browser.press("Enter")
    browser.type("x")
    browser.press("Enter")  # that is no number
    assert browser.run("[typed.hidden, typed.getAttribute('aria-invalid')]") == [False, "true"]
    browser.press("Escape")
    assert browser.run(VIEW)["w"] == "−0.2500"
    browser.drag("[data-value='0']", 40)  # ten times 4 pixels
    assert browser.run("changed.get(0)") == -0.05
    assert browser.run("values[0][0].getAttribute('aria-valuetext')") == "−0.05, changed"
    assert browser.run("[values[0][0].classList.contains('changed'), values[1][0].classList.contains('changed')]") == [
        True, False
    ]  # fmt: skip
    browser.press("ArrowRight")
    assert browser.run("document.activeElement.getAttribute('aria-label')") == "x"
    browser.click("#reset")
    assert browser.run("[changed.size, byId('changes').hidden, values[0][0].textContent]") == [0, True, "0.5000"]


def test_the_address_keeps_the_step_and_the_numbers(opened):
    page = step_through(shared())
    browser = opened(page)
    browser.run("change(0, -1.25); show(3)")
    browser.wait("location.hash === '#3&0=-1.25'")
    before = browser.run("[story, [...changed]]")
    assert opened(page, "#3&0=-1.25").run("[story, [...changed]]") == before
    assert browser.run("step") == 3
    browser.run("location.hash = '#1&1=0.75'")
    browser.wait("step === 1")
    assert browser.run("[...changed]") == [[1, 0.75]]
    for nonsense in ("#3&0=x", "#3&99=1", "#3&0=1e999", "#&=&", "#3&2=1"):  # node 2 is no leaf
        assert opened(page, nonsense).run("changed.size") == 0


def test_out_of_a_domain_it_says_so_leaves_blanks_and_comes_back(opened):
    x = Value(1.0, "x")
    y = x.log() + (x * 2.0).tanh()
    browser = opened(step_through(y))
    recorded = browser.run("document.body.innerText")
    type_number(browser, -1)
    with pytest.raises(ValueError) as error:
        Value(-1.0, "x").log()
    assert browser.run("byId('problem').textContent") == str(error.value).partition(";")[0].replace("-1.0", "−1") + "."
    browser.run("show(last)")
    shown = browser.run("Object.fromEntries(all('[data-value]').map((e) => [e.dataset.value, e.textContent]))")
    blank = {str(i) for i, v in enumerate(order_of(y)) if v is y or v.op is ops.LOG}
    assert {i for i, text in shown.items() if not text} == blank
    assert browser.run("all('[data-gradient]').map((e) => e.textContent).join('')") == ""
    assert not browser.run("Boolean(document.querySelector('#curve circle'))")
    type_number(browser, 1)
    browser.run("document.activeElement.blur(); show(0)")
    assert browser.run("document.body.innerText") == recorded


def test_what_the_engine_refuses_for_its_slope_has_no_value_here_either(opened):
    a, b = leaves(2.0, 3.0)
    browser = opened(step_through(a**b))
    type_number(browser, -2)
    with pytest.raises(ValueError, match="a Value as exponent needs a base above 0"):
        Value(-2.0) ** Value(3.0)
    assert browser.run("byId('problem').textContent") == "pow of a = −2, b = 3 has no finite value."
    assert browser.run("[run.values.at(-1) === undefined, run.gradients.length]") == [True, 0]


def test_an_infinite_slope_is_said(opened):
    browser = opened(step_through(Value(1.0, "x").sqrt()))
    type_number(browser, 0)
    assert browser.run("byId('problem').textContent") == (
        "f has an infinite derivative at x = 0, and a gradient of 1 arrives there."
    )


# The slope.


def test_the_curve_is_the_result_and_the_tangent_has_the_gradient_as_slope(opened):
    y = shared()
    order = order_of(y)
    browser = opened(step_through(y))
    for other, x in ((0.3, 0.2), (1.1, 0.9)):
        browser.run(f"change(1, {other}); change(0, {x})")
        low, high = browser.run("window_(0)")
        drawn = browser.run(
            "(() => { const n = (e, a) => Number(e.getAttribute(a)); const t = curve.querySelector('.tangent');"
            "const c = curve.querySelector('circle'); return { path: curve.querySelector('path').getAttribute('d'),"
            "ends: ['x1', 'y1', 'x2', 'y2'].map((a) => n(t, a)), at: ['cx', 'cy'].map((a) => n(c, a)) } })()"
        )
        points = [tuple(map(float, p.split())) for p in re.split("[ML]", drawn["path"])[1:]]
        order[1].data = other

        def result(at):
            order[0].data = at
            y.forward()
            return y.data

        ys = [result(low + (high - low) * k / (len(points) - 1)) for k in range(len(points))]
        result(x)
        y.backward()
        across, up = 300 / (high - low), 110 / (max(*ys, y.data) - min(*ys, y.data))
        for (px, py), k, value in zip(points, range(len(points)), ys):
            assert abs(px - (80 + 300 * k / (len(points) - 1))) < 0.01
            assert abs(py - (130 - up * (value - min(*ys, y.data)))) < 0.01
        x1, y1, x2, y2 = drawn["ends"]
        slope = -(y2 - y1) / (x2 - x1) * across / up
        assert abs(slope - chain_rule(order)[order[0]]) < 1e-9
        assert abs(y1 + (y2 - y1) * (drawn["at"][0] - x1) / (x2 - x1) - drawn["at"][1]) < 1e-9


def test_the_point_is_dragged_along_the_curve(opened):
    browser = opened(step_through(Value(1.0, "a") ** 2))
    browser.drag("#curve circle", 50)
    a = browser.run("changed.get(0)")
    scale = browser.run("curve.getBoundingClientRect().width / 400")
    assert abs(a - (1 + 50 / scale * 4 / 300)) < 0.02
    assert browser.run("reading.textContent") == f"f = {short(a * a)}, slope ∂f/∂a = {short(2 * a)} at a = {short(a)}"


# Descent.


def test_ten_descents_are_ten_steps_of_sgd(opened):
    model = MLP([2, 2, 1], seed=1)
    x, target = Tensor([1.0, 2.0]), [0.5]
    browser = opened(step_through(squared_error(model(x), target)))
    optimizer = SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = squared_error(model(x), target)
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    browser.click("#ten")
    losses.append(squared_error(model(x), target).item())
    got = browser.run("[...past, changed].map(result)")
    assert all(abs(a - b) <= 1e-12 for a, b in zip(got, losses, strict=True))
    assert len(browser.run("losses.querySelector('polyline').getAttribute('points').split(' ')")) == 11
    for _ in range(10):
        browser.click("#undo")
    assert browser.run("[changed.size, byId('undo').disabled]") == [0, True]


def test_one_step_of_question_1_is_the_update_of_the_notes(opened):
    browser = opened(step_through(question(squared_error), "value"))
    browser.click("#one")
    after = {name: browser.run(f"now(names.indexOf('{name}'))") for name in ("W⁽³⁾₁₁", "W⁽³⁾₂₁", "b⁽³⁾₂")}
    # ŷ − y = (0.16396, −0.83604, 0.16396) and h⁽²⁾ = 0.2132; W ← W − 0.1 (ŷ − y) h⁽²⁾ᵀ
    h = math.tanh(0.4 * math.tanh(0.3) + 0.1)
    z = 0.3 * h + 0.1
    assert after == pytest.approx(
        {"W⁽³⁾₁₁": 0.1 - 0.1 * z * h, "W⁽³⁾₂₁": 0.1 - 0.1 * (z - 1) * h, "b⁽³⁾₂": 0.1 - 0.1 * (z - 1)}, abs=1e-14
    )
    assert round(z, 5) == 0.16396 and round(h, 4) == 0.2132


def test_without_parameters_what_is_ticked_moves_and_a_step_out_of_the_domain_is_not_taken(opened):
    a, b = leaves(2.0, 0.5)
    browser = opened(step_through(a * a + b.log()))
    assert browser.run("byId('moving').innerText").split() == ["What", "moves:", "a", "b"]
    browser.click("#moving label:last-child input")
    browser.click("#one")
    assert browser.run("[...changed]") == [[0, 2 - 0.1 * 4]]
    browser.click("#reset")
    browser.click("#moving label:last-child input")
    browser.run("eta.value = '1'")
    browser.click("#one")  # b becomes 0.5 − 2
    assert browser.run("changed.size") == 0
    assert browser.run("descended.textContent").startswith("The steps are not taken: log of b = −1.5")


# Predictions.


def ask(browser, text):
    return browser.run(
        f"(() => {{ answer.value = {json.dumps(text)}; form.requestSubmit(); return verdict.textContent }})()"
    )


def right_answer(derivation, browser):
    """The number that is asked for, from the derivation."""
    asked = browser.run("byId('asked').textContent")
    if asked.startswith("what one path adds to "):
        return None
    quantity = asked.removesuffix(", all its paths together,")
    rows = [row for row in derivation.rows if str(row.quantity) == quantity]
    return rows[-1].result if rows[-1].total is None else rows[-1].total


@pytest.mark.parametrize("name", ["shared", "Question 1"])
@pytest.mark.parametrize("places", [2, 3, 4])
def test_every_right_answer_is_accepted_rounded_to_so_many_digits(opened, name, places):
    y = GRAPHS[name]()
    derivation = explain(y, level="value")
    browser = opened(step_through(y))
    browser.run("predict.checked = true; redraw()")
    asked = 0
    for n in map(int, browser.run("Object.keys(questions)")):
        browser.run(f"show({n})")
        right = right_answer(derivation, browser)
        assert browser.run("byId('lines').childElementCount") == 0
        if right is None:
            right = browser.run("rightNumber()")
        assert ask(browser, f"{right:.{places}g}".replace("-", "−").replace(".", ",")) == "Right."
        assert browser.run("byId('lines').childElementCount") > 0 and browser.run("form.hidden")
        asked += 1
    assert asked > 5
    assert browser.run("score.textContent") == f"{asked} of {asked} right at the first try"


def test_known_mistakes_are_named(opened):
    w, x, b, y = [Value(data, label) for data, label in ((0.5, "w"), (2.0, "x"), (-0.6, "b"), (1.0, "y"))]
    z = w * x + b
    h = z.tanh()
    e = h - y
    L = (e * e + h * x) * 0.5
    for node, label in ((z, "z"), (h, "h"), (e, "e"), (L, "L")):
        node.label = label
    derivation = explain(L)
    environment = {row.quantity.text: row.result if row.total is None else row.total for row in derivation.rows}
    lines = lines_of(derivation)
    browser = opened(step_through(L))
    browser.run("predict.checked = true; redraw()")
    named = set()
    for n in map(int, browser.run("Object.keys(questions)")):
        browser.run(f"show({n})")
        asked = browser.run("byId('asked').textContent").removesuffix(", all its paths together,")
        line = next((line for line in lines if str(line.quantity) == asked), None)
        if line is None:
            continue
        right = environment[asked]
        for mistake in CATALOGUE:
            if mistake.part != line.part or not mistake.written:
                continue
            for wrong in mistake.wrong(line, lines):
                got = evaluate(wrong, environment)
                if abs(got - right) > 1e-6:
                    said = ask(browser, f"{got:.12f}")
                    assert said.startswith("Not yet. ")
                    named |= {m.id for m in CATALOGUE if m.sentence in said}
                    named |= {"the factor"} if re.search("The local derivative, .+, is left out", said) else set()
        if abs(right) > 1e-6:
            assert "The sign is the other one." in ask(browser, f"{-right:.12f}")
    assert named >= {"the factor", "slope-of-z", "slope-of-sigmoid", "no-incoming", "path-left-out", "no-activation"}
    assert browser.run("tally.right") == 0


def test_z_for_h_and_the_transpose_of_the_weights_are_named(opened):
    model = MLP([2, 2, 2], activation="tanh", seed=3)
    browser = opened(step_through(squared_error(model([0.5, -1.0]), [1.0, 0.0]), "value"))
    browser.run("predict.checked = true; redraw()")
    asked = {}
    for n in map(int, browser.run("Object.keys(questions)")):
        browser.run(f"show({n})")
        asked[browser.run("byId('asked').textContent")] = n
    layer1, layer2 = model.layers
    h = layer1([0.5, -1.0]).tanh()
    out = layer2(h)
    squared_error(out, [1.0, 0.0]).backward()
    g, W = [v.grad for v in out.values], layer2.W
    browser.run(f"show({asked['∂L/∂h⁽¹⁾₁, all its paths together,']})")
    assert "W stands where its transpose" in ask(browser, f"{g[0] * W[0, 0].data + g[1] * W[0, 1].data:.12f}")
    n = next(n for asked_for, n in asked.items() if asked_for.startswith("∂L/∂W⁽²⁾") or "W⁽²⁾" in asked_for)
    browser.run(f"show({n})")
    i, j = [" ₁₂".index(c) - 1 for c in browser.run("byId('asked').textContent")[-2:]]
    z = layer1([0.5, -1.0])[j].data
    assert "z stands where h belongs" in ask(browser, f"{g[i] * z:.12f}")


def test_an_answer_that_is_too_coarse_is_neither_right_nor_wrong(opened):
    a, b = leaves(0.125, 0.3)
    browser = opened(step_through((a * b).tanh()))  # a b = 0.0375
    browser.run("predict.checked = true; redraw(); show(1)")
    for coarse in ("0", "0.0", "0.04"):
        assert ask(browser, coarse).startswith("More digits, please")
    assert browser.run("tally.asked") == 0
    assert ask(browser, "0.1") == "Not yet."
    assert ask(browser, "0.038") == "Right."


def test_a_factor_in_the_place_of_the_other_is_named(opened):
    a, b = leaves(0.5, 3.0)
    browser = opened(step_through((a * b).tanh()))
    browser.run("predict.checked = true; redraw(); show(last)")
    slope = 1 - math.tanh(1.5) ** 2
    assert browser.run("byId('asked').textContent") == "∂f/∂a"
    assert "The factors have changed places" in ask(browser, f"{slope * 0.5:.9f}")
    assert "The local derivative, b, is left out." in ask(browser, f"{slope:.9f}")
    browser.run("change(0, 0.75)")  # another question now
    assert browser.run("[answer.value, verdict.hidden]") == ["", True]


def test_nothing_hidden_can_be_heard_or_seen(opened):
    browser = opened(step_through(shared(), digits=9))
    browser.run("predict.checked = true; redraw()")
    for n in map(int, browser.run("Object.keys(questions)")):
        browser.run(f"show({n})")
        hidden = short(browser.run("rightNumber()"), 9)
        told = browser.run(
            "byId('said').innerText + byId('laboratory').innerText + all('text:not(.hidden)').map((e) => e.textContent)"
        )
        if hidden not in browser.run(f"(show({n - 1}), byId('said').innerText + picture.innerText)"):
            assert hidden not in told
        assert browser.run("document.querySelectorAll('[title]').length") == browser.run(
            "document.querySelectorAll('header [title]').length"
        )
        browser.run(f"show({n}); byId('reveal').click()")
        assert hidden in browser.run("byId('lines').textContent")
    assert browser.run("score.textContent").startswith("0 of ")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("−0,5", -0.5), ("-.5", -0.5), ("1/4", 0.25), ("−1 / 4", -0.25), ("1.2e-3", 0.0012), ("1,2·10⁻³", 0.0012),
        ("1.2*10^-3", 0.0012), ("2·10³", 2000), ("7", 7),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(opened, text, number):
    browser = opened(step_through(Value(1.0, "a") ** 2))
    assert browser.run(f"read({json.dumps(text)}).number") == pytest.approx(number, rel=1e-15)


@pytest.mark.parametrize("text", ["", "x", "1/0", "1e999", "--1", "1/2/3", "1.2.3"])
def test_what_is_no_number_is_not_read(opened, text):
    browser = opened(step_through(Value(1.0, "a") ** 2))
    assert browser.run(f"read({json.dumps(text)})") is None


def test_keys_in_a_field_stay_there(opened):
    browser = opened(step_through(Value(1.0, "a") ** 2))
    browser.run("predict.checked = true; redraw(); show(1)")
    for field in ("number", "eta", "answer"):
        browser.run(f"byId('{field}').focus()")
        for key in ("End", "ArrowLeft", " "):
            browser.press(key)
        assert browser.run("step") == 1


# Engines with a mistake.


def overwriting(order):
    gradient = dict.fromkeys(order, 0.0) | {order[-1]: 1.0}
    for b in reversed(order):
        if gradient[b]:
            for a, p in zip(b.inputs, b.partials):
                gradient[a] = gradient[b] * p
    return gradient


def without_order(order):
    gradient = dict.fromkeys(order, 0.0) | {order[-1]: 1.0}
    queue = [order[-1]]
    for b in queue:  # which grows: a search by breadth
        queue += [a for a in dict.fromkeys(b.inputs) if a not in queue]
        if gradient[b]:
            for a, p in zip(b.inputs, b.partials):
                gradient[a] += gradient[b] * p
    return gradient


def uncleared(order):
    gradient = chain_rule(order) | {order[-1]: 1.0}
    for b in reversed(order):
        if gradient[b]:
            for a, p in zip(b.inputs, b.partials):
                gradient[a] += gradient[b] * p
    return gradient


@pytest.mark.parametrize("name", ["shared", "kinks", "Question 1"])
@pytest.mark.parametrize(
    ("choice", "wrong"), [("overwrite", overwriting), ("order", without_order), ("uncleared", uncleared)]
)
def test_wrong_engines_are_the_loop_with_that_fault(opened, name, choice, wrong):
    y = GRAPHS[name]()
    browser = opened(step_through(y))
    browser.run(f"mistake.value = '{choice}'; mistake.dispatchEvent(new Event('change'))")
    order = order_of(y)
    expected, right = wrong(order), chain_rule(order)
    got = browser.run("wrongGradients()")
    assert got == pytest.approx([expected[v] for v in order], rel=1e-12, abs=1e-15)
    differ = [v for v in order if abs(expected[v] - right[v]) > 1e-9]
    words = browser.run("byId('difference').textContent")
    assert "wrong. " in words if differ else words.startswith("No difference here: ")
    if differ:
        browser.run("mine = []; for (const n of story.keys()) { show(n); mine.push(byId('lines').innerText) }")
        told = [line for text in browser.run("mine") for line in text.split("\n") if line.startswith("wrong, with ")]
        pairs = [pair for line in told for pair in line.partition(": ")[2].split(", ")]
        assert {pair.rpartition(" = ")[2] for pair in pairs} <= {short(expected[v]) for v in differ} and pairs


def test_where_a_mistake_makes_no_difference_it_says_why(opened):
    a, b = leaves(2.0, 3.0)
    browser = opened(step_through((a * b).tanh()))
    reasons = {}
    for choice in ("overwrite", "order"):
        browser.run(f"mistake.value = '{choice}'; mistake.dispatchEvent(new Event('change'))")
        reasons[choice] = browser.run("byId('difference').textContent")
    assert reasons == {
        "overwrite": "No difference here: no node is used twice, so each gradient is a single contribution.",
        "order": "No difference here: each node has all of its gradient before its turn.",
    }


# Where it is shown.


def test_it_fits_a_narrow_screen_and_prints_the_step_alone(opened):
    browser = opened(step_through(shared()))
    size = {"deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", width=360, height=640, **size)
    assert browser.run("document.documentElement.scrollWidth") <= 360
    assert browser.run("byId('benches').scrollWidth <= byId('laboratory').clientWidth")
    browser.call("Emulation.clearDeviceMetricsOverride")
    browser.call("Emulation.setEmulatedMedia", media="print")
    seen = browser.run(
        "['#laboratory', '.controls', '#picture', '#said'].map((s) => document.querySelector(s).offsetHeight > 0)"
    )
    browser.call("Emulation.setEmulatedMedia", media="")
    assert seen == [False, False, True, True]


def test_in_the_frame_of_a_notebook_it_works_too(chromium, tmp_path):
    chromium.problems.clear()
    path = tmp_path / "notebook.html"
    frame = step_through(Value(1.0, "a") ** 2)._repr_mimebundle_()["text/html"]
    path.write_text(
        f"<!DOCTYPE html><title>Notebook</title>{frame.replace(' sandbox=', ' data-was=')}", encoding="utf-8"
    )
    chromium.open(path.as_uri())
    inside = "document.querySelector('iframe').contentWindow"
    assert chromium.run(f"{inside}.eval === undefined") is False
    chromium.run(f"{inside}.document.getElementById('laboratory').open = true")
    chromium.run(f"{inside}.document.getElementById('one').click()")
    chromium.wait(f"{inside}.document.getElementById('changes').textContent.includes('a = 0.8 (recorded: 1)')")
    assert chromium.problems == []
