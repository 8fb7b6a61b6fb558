"""The laboratory of a page: the graph as JavaScript, computed at other numbers, against the engine."""

import json
import random
import shutil
import subprocess
from importlib.resources import files

import pytest

from tinygrad_edu import MLP, SGD, Tensor, Value, ops, squared_error, step_through
from tinygrad_edu.graph import topological_order
from tinygrad_edu.readings.explaining.values import derive_values
from tinygrad_edu.readings.stepping.live import as_script
from tinygrad_edu.value import record
from tinygrad_edu.writing.numbers import short

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="there is no node to run JavaScript with")


def leaves(*numbers):
    return [Value(x, label) for x, label in zip(numbers, "abcdefg")]


def graphs():
    """A graph for each row of the table, and some that share nodes or hold a network."""
    made = []
    for op in (*ops.TABLE, ops.power(3.0), ops.power(-1.5)):
        for n in (3,) if op.vectors == 1 else (6,) if op is ops.DOT else (7,) if op.vectors else (1, 2):
            inputs = leaves(0.7, 0.3, 1.1, 0.9, 0.4, 1.3, 0.8)[:n]
            numbers = op.arguments(tuple([v.data for v in inputs]))
            try:
                op.partials(op.value(*numbers), *numbers)
            except TypeError:
                continue
            made.append(record(op, tuple(inputs), *numbers) * 2.0 + inputs[0])
            break
    a, b = leaves(0.7, 0.3)
    shared = a * b
    made.append((shared * shared + shared.tanh()).sigmoid() + a)
    made.append(squared_error(MLP([2, 3, 2], seed=1)([1.0, 2.0]), [0.5, -0.5]).values[0])
    assert len(made) >= len(ops.TABLE) + 4
    return made


def javascript(order, settings):
    """The values and the gradients of a graph in JavaScript, for each {index: number} of `settings`."""
    root = order[-1]
    engine = files("tinygrad_edu.readings.stepping").joinpath("engine.js").read_text(encoding="utf-8")
    maps = ", ".join([f"new Map({json.dumps(list(s.items()))})" for s in settings])
    script = (
        as_script(order, derive_values(root, None, 4, 3000), ())
        + engine
        + f"console.log(JSON.stringify([{maps}].map((m) => {{ const v = forward(m); return [v, backward(v)] }})))"
    )
    run = subprocess.run(["node"], input=script, capture_output=True, text=True, encoding="utf-8", check=True)
    return json.loads(run.stdout)


@needs_node
def test_every_row_has_the_engines_values_and_gradients_at_other_numbers():
    rng = random.Random(1)
    for root in graphs():
        order = topological_order(root)
        mine = [i for i, v in enumerate(order) if not v.op and v.label]
        settings = [{i: rng.uniform(0.1, 2.0) for i in mine} for _ in range(10)]
        for setting, (values, gradients) in zip(settings, javascript(order, settings), strict=True):
            for i, x in setting.items():
                order[i].data = x
                order[i].grad = 0.0
            root.forward()
            root.backward()
            for v, value in zip(order, values, strict=True):
                assert abs(v.data - value) <= 1e-12 * max(1, abs(v.data))
            for i in mine:  # sums of a few terms of the size of 1
                assert abs(order[i].grad - gradients[i]) <= 1e-11 * max(1, abs(order[i].grad))


@needs_node
def test_ties_and_kinks_are_as_in_the_engine():
    for function in (lambda a, b: a.maximum(b), lambda a, b: (a - b).abs(), lambda a, b: (a - b).relu()):
        a, b = leaves(0.5, 0.5)
        root = function(a, b)
        root.backward()
        order = topological_order(root)
        ((_, gradients),) = javascript(order, [{}])
        assert [gradients[order.index(a)], gradients[order.index(b)]] == [a.grad, b.grad]


@needs_node
@pytest.mark.parametrize("digits", [0, 1, 4, 7])
def test_numbers_are_written_as_python_writes_them(digits):
    rng = random.Random(2)
    ties = [k / 2**n for n in range(1, 12) for k in (-7, 1, 3, 5, 21)]
    numbers = [0.0, 1.0, 0.1 + 0.2, -2.5e-7, 1234500.0, 999999.5, 1e300, -5e-324, *ties]
    numbers += [rng.uniform(-10, 10) * 10.0 ** rng.randint(-12, 12) for _ in range(500)]
    engine = files("tinygrad_edu.readings.stepping").joinpath("engine.js").read_text(encoding="utf-8")
    script = f"const graph = {{ digits: {digits} }}; {engine} console.log(JSON.stringify({numbers}.map(short)))"
    run = subprocess.run(["node"], input=script, capture_output=True, text=True, encoding="utf-8", check=True)
    assert json.loads(run.stdout) == [short(x, digits) for x in numbers]


def test_a_film_alone_has_no_laboratory():
    a, b = leaves(2.0, 3.0)
    assert 'id="laboratory"' in step_through(a * b).html
    page = step_through(a * b, live=False)
    assert 'id="laboratory"' not in page.html and "const graph" not in page.html


def test_a_label_cannot_end_the_script():
    text = step_through(Value(3.0, "</script><b>") ** 2).html
    assert text.count("</script>") == 2


@pytest.fixture
def opened(chromium, tmp_path):
    def open_(page):
        chromium.problems.clear()
        chromium.open(page.save(tmp_path / "page.html").as_uri())
        chromium.run("document.getElementById('laboratory').open = true")
        return chromium

    yield open_
    assert chromium.problems == []


def type_number(browser, x):
    browser.run(f"(() => {{ number.value = '{x}'; number.dispatchEvent(new Event('input')) }})()")


def test_a_typed_number_moves_the_point_and_its_slope(opened):
    a, b = leaves(2.0, 3.0)
    browser = opened(step_through(a * a * b))
    type_number(browser, 5)
    assert browser.run("reading.textContent").startswith("Changed: a = 5. ")
    assert browser.run("reading.textContent").endswith("= 75, slope ∂f/∂a = 30")
    browser.click("#reset")
    assert browser.run("reading.textContent") == "f = 12, slope ∂f/∂a = 12"


def test_out_of_a_domain_it_says_so_and_comes_back(opened):
    browser = opened(step_through(Value(1.0, "a").log()))
    type_number(browser, -1)
    assert browser.run("reading.textContent") == "Changed: a = −1. log of −1 has no finite value."
    assert not browser.run("Boolean(document.querySelector('#curve circle'))")
    type_number(browser, 1)
    assert browser.run("reading.textContent") == "f = 0, slope ∂f/∂a = 1"


def test_ten_descents_are_ten_steps_of_sgd(opened):
    model = MLP([2, 2, 1], seed=1)
    x, target = Tensor([1.0, 2.0]), [0.5]
    page = step_through(squared_error(model(x), target))
    browser = opened(page)
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        optimizer.zero_grad()
        squared_error(model(x), target).backward()
        optimizer.step()
    browser.click("#ten")
    loss = squared_error(model(x), target).item()
    assert abs(browser.run("forward(changed).at(-1)") - loss) <= 1e-12
    browser.click("#undo")
    assert browser.run("changed.size") == 0


def test_keys_in_a_field_stay_there(opened):
    browser = opened(step_through(Value(1.0, "a") ** 2))
    browser.run("number.focus()")
    browser.press("End")
    assert browser.run("step") == 0
