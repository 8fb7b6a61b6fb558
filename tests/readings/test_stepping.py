"""The page that steps through a computation: what it computes and says, that it keeps to itself, how it is seen."""

import json
import math
import random
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from graphs import a_square, labelled, named
from pages import in_node, on_one_line, steps_of

from tinygrad_edu import (
    MLP,
    Linear,
    Module,
    Tensor,
    Value,
    cat,
    cross_entropy,
    explain,
    ops,
    squared_error,
    step_through,
)
from tinygrad_edu.readings.drawing import picture
from tinygrad_edu.readings.stepping import Task
from tinygrad_edu.readings.stepping.questions import questions
from tinygrad_edu.value import record
from tinygrad_edu.writing.code import NotWritten
from tinygrad_edu.writing.evaluation import array, evaluate
from tinygrad_edu.writing.expression import Number
from tinygrad_edu.writing.notation import short

HOSTILE = [
    "</script><img src=x onerror=alert(1)>", "<!--<script>", "]]>", "</svg></title></style><b>x</b>", "$title", "&lt;",
    '"onload="alert(1)', "\\u003c", "\ud800\u202e\x00", "a = b → c", "${1}", "n1", "0.5000", "theme", "a&b=1",
]  # fmt: skip
LETTERS = "abcdefg"


def leaves(*numbers):
    return [Value(x, label) for x, label in zip(numbers, LETTERS)]


def one_neuron():
    """(tanh(w x + b) − y)², with every node named."""
    w, x, b, y = named(w=0.5, x=2.0, b=-1.0, y=1.0)
    h = labelled(labelled(w * x + b, "z").tanh(), "h")
    e = labelled(h - y, "e")
    return labelled(e * e, "L")


def network(loss=squared_error, batch=False, init=0.1):
    net = MLP([4, 4, 3, 3], activation="tanh", init=init)
    x, y = [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0]
    if batch:
        return loss(net(Tensor([x, [0.5, 1.0, 0.0, 1.0]], label="x")), Tensor([y, y], label="y"))
    return loss(net(Tensor(x, label="x")), Tensor(y, label="y"))


def attention():
    X = Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], label="X")
    weights = [([[1.0, 0.5], [0.0, 1.0]], "W_q"), ([[0.5, 0.0], [1.0, 1.0]], "W_k"), ([[1.0, 2.0], [0.0, 1.0]], "W_v")]
    Q, K, V = [X @ Tensor(W, label=label).T for W, label in weights]
    S = Q @ K.T / math.sqrt(2)
    A = S.softmax()
    O = A @ V
    for t, label in ((Q, "Q"), (K, "K"), (V, "V"), (S, "S"), (A, "A"), (O, "O")):
        t.label = label
    return (O * O).sum()


def deep():
    return squared_error(MLP([2, 16, 16, 1], seed=1)(Tensor([0.5, -1.0], label="x")), [1.0])


class Block(Module):
    """A block of a GPT: attention and a network, each on what is normalised, added to what comes in."""

    def __init__(self, n):
        self.query, self.key, self.value, self.out = [Linear(n, n, bias=False, seed=k) for k in range(4)]
        self.up, self.down, self.head = Linear(n, 2 * n, seed=5), Linear(2 * n, n, seed=6), Linear(n, 5, seed=7)

    def normalised(self, x):
        centred = x - x.mean(axis=1, keepdims=True)
        return centred / ((centred * centred).mean(axis=1, keepdims=True) + 1e-5).sqrt()

    def forward(self, x):
        a = self.normalised(x)
        attention = (self.query(a) @ self.key(a).T / 2.0).softmax(axis=1) @ self.value(a)
        x = x + self.out(attention)
        return self.head(x + self.down(self.up(self.normalised(x)).relu()))


def gpt_block():
    x = Tensor([[0.5, -1.0, 0.3, 0.8], [1.0, 0.2, -0.4, 0.1], [-0.3, 0.6, 0.9, -0.5], [0.2, 0.1, -0.8, 0.4]], label="x")
    return cross_entropy(Block(4)(x), [1, 2, 3, 4])


def tensors():
    """Operations on whole arrays that the others have not."""
    x = Tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], label="x")
    w = Tensor([[0.3, 0.7], [-0.4, 0.2]], label="w")
    parts_ = [
        (w @ x).exp().mean(axis=1).sum(),
        x.max(axis=1).sum(),
        x[1:, :2].sum(),
        x.reshape(3, 2).T.logsumexp(axis=1).sum(),
    ]
    return parts_[0] * parts_[1] + parts_[2] / parts_[3]


def three_axes():
    x = Tensor([[[0.5, -1.0], [2.0, 1.5]], [[0.25, -0.75], [1.0, 0.3]]], label="x")
    w = Tensor([[0.3, 0.7], [-0.4, 0.2]], label="w")
    h = (x @ w).tanh()
    h.label = "h"
    several = (h @ h.permute(0, 2, 1)).softmax(axis=2).log().sum() + h.permute(2, 0, 1)[1].sum()
    return several + (w @ x).tanh().sum()  # one matrix times several


def gathered():
    """Arrays joined along either axis, a row taken twice, and the smallest of each row."""
    x = Tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], label="x")
    below, beside = cat([x, Tensor([[0.3, 0.7, 0.9]], label="w")]), cat([x, x.tanh()], axis=1)
    return (
        (below[[0, 0, 2]] * below.tanh()).sum()
        + x.min(axis=1).sum()
        + (beside**2 * [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).sum()
    )


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


GRAPHS = {
    **{f"row {y.inputs[0].inputs[0].op.symbol}": (lambda y=y: y) for y in rows()},
    "shared": shared, "kinks": kinks, "labels": odd_labels, "neuron": one_neuron, "Question 1": network,
    "Question 2": lambda: network(cross_entropy), "batch": lambda: network(batch=True),
}  # fmt: skip
MATRICES = {
    "Question 1": network, "Question 2": lambda: network(cross_entropy), "batch": lambda: network(batch=True),
    "random": lambda: network(init=None), "attention": attention, "2-16-16-1": deep,
    "tensors": tensors, "three axes": three_axes, "GPT": gpt_block, "gathered": gathered,
}  # fmt: skip


# What it computes and says, against the engine; all of it in one process of node.


def told_at(setting):
    return (
        f"(() => {{ const run = compute(new Map({json.dumps(list(setting.items()))})), story = tell(run);"
        "return { values: run.values.slice(0, nodes.length), gradients: run.gradients, slopes: run.slopes,"
        " lines: story.filter((s) => s.phase !== 'update').flatMap((s) => s.lines.map((l) => ["
        "asText({ ...l, notes: [] }),"
        " l.sides.map((side) => side.filter((p) => typeof p !== 'string').map((p) => p.numbers))])) } })()"
    )


def largest_terms(nodes):
    """For each node the largest term that was added to get its gradient."""
    largest = dict.fromkeys(nodes, 0.0)
    for b in nodes:
        for a, p in zip(b.inputs, b.partials):
            largest[a] = max(largest[a], abs(b.grad * p))
    return [largest[v] for v in nodes]


def assert_numbers(nodes, told, name):
    for v, value, gradient, most in zip(nodes, told["values"], told["gradients"], largest_terms(nodes), strict=True):
        assert abs(v.data - value) <= 1e-12 * max(1, abs(v.data)), name
        assert abs(v.grad - gradient) <= 1e-12 * max(1, most), name


def at_other_numbers(makes, level, count):
    """For pages and numbers at random: the name, the page, and what it tells there, where its graph is meanwhile."""
    pages = {name: step_through(make(), level) for name, make in makes.items()}
    rng, jobs = random.Random(1), []
    for name, page in pages.items():
        mine = page._data["leaves"]
        jobs += [(name, {i: rng.uniform(0.1, 2.0) for i in rng.sample(mine, min(len(mine), 6))}) for _ in range(count)]
    for (name, setting), told in zip(jobs, in_node([(pages[name], told_at(setting)) for name, setting in jobs])):
        nodes = pages[name]._stage.nodes
        recorded = {i: nodes[i].data for i in setting}
        for i, x in setting.items():
            nodes[i].data = x
        for v in nodes:
            v.grad = 0.0
        nodes[-1].forward()
        nodes[-1].backward()
        assert_numbers(nodes, told, name)
        yield name, pages[name], told
        for i, x in recorded.items():
            nodes[i].data = x
        nodes[-1].forward()


@pytest.mark.parametrize("count", [3, pytest.param(100, marks=pytest.mark.long)])
def test_numbers_and_lines_are_the_engines_at_other_numbers(count):
    for name, page, told in at_other_numbers(GRAPHS, "value", count):
        for (line, _), row in zip(told["lines"], explain(page._stage.root, level="value").rows, strict=True):
            assert on_one_line(line) == on_one_line(row.text().partition("\n    zero: ")[0]), name


def arrays_in(e):
    """The arrays of a formula, from left to right."""
    own = [np.ravel(e.number.tolist())] if isinstance(e, Number) and getattr(e.number, "shape", ()) else []
    return own + [array for part in e.args for array in arrays_in(part)]


@pytest.mark.parametrize("count", [3, pytest.param(100, marks=pytest.mark.long)])
def test_in_matrices_too(count):
    for name, page, told in at_other_numbers(MATRICES, "tensor", count):
        for (line, sides), row in zip(told["lines"], explain(page._stage.root).rows, strict=True):
            assert line.startswith(f"{row.quantity} {row.relation} "), name
            expected = [arrays for e in (row.numbers, Number(row.result)) if e is not None and (arrays := arrays_in(e))]
            found = [side for side in sides if side]
            for mine, theirs in zip(found[::-1], expected[::-1]):  # sides that look alike are one
                for a, b in zip(mine, theirs, strict=True):
                    assert np.allclose(a, b, rtol=1e-9, atol=1e-9), (name, line[:80])


def test_a_small_gradient_is_not_taken_for_rounding():
    x = Value(2.0, label="x")
    u = x * 3.0
    pages = [step_through(y) for y in (u * 1e6 - u * 1e6 + x * 1e-9, 0.1 * x + 0.2 * x - 0.3 * x)]
    told = in_node([(page, "compute(new Map()).gradients[nodes.indexOf(2)]") for page in pages])
    assert told == [1e-9, 0]


def test_the_formula_of_every_line_comes_to_its_number():
    script = (
        "(() => { const run = compute(new Map()); const lines = data.steps.flatMap((s) => s.lines);"
        "return lines.filter((l) => l.tree && l.relation !== '←')"
        ".map((l) => [l.quantity, evaluate(l.tree, run), elementsOf(l.of, run)]) })()"
    )
    for name, told in zip(MATRICES, in_node([(step_through(make(), "tensor"), script) for make in MATRICES.values()])):
        for quantity, found, expected in told:
            assert np.allclose(found, expected, rtol=1e-9, atol=1e-12), (name, quantity)


@pytest.mark.parametrize("digits", [0, 1, 4, 7])
def test_numbers_are_written_as_python_writes_them(digits):
    rng = random.Random(2)
    ties = [k / 2**n for n in range(1, 12) for k in (-7, 1, 3, 5, 21)]
    numbers = [0.0, 1.0, 0.1 + 0.2, -2.5e-7, 1234500.0, 999999.5, 1e300, -5e-324, 9999999.5, *ties]
    numbers += [rng.uniform(-10, 10) * 10.0 ** rng.randint(-12, 12) for _ in range(500)]
    page = step_through(Value(1.0, "a") ** 2, digits=digits)
    (told,) = in_node([(page, f"{numbers}.map((x) => [short(x), widthOf(fitting(x)) <= ROOM])")])
    assert [text for text, _ in told] == [short(x, digits) for x in numbers]
    assert digits < 4 or all([fits for (_, fits), x in zip(told, numbers) if 1e-9 < abs(x) < 1e9 or x == 0])


def test_the_steps_of_one_neuron():
    page = step_through(one_neuron())
    steps = steps_of(page)
    phases = [step.phase for step in page._script.steps]
    assert phases == ["given"] + ["forward"] * 5 + ["backward"] * 6 + ["update"]
    assert steps[0][1] == ["w = 0.5", "x = 2", "b = −1", "y = 1"]
    assert steps[3][1] == ["h = tanh(z) = tanh(0) = 0"]
    assert steps[6][1] == ["∂L/∂L = 1"]
    assert steps[7] == [
        "Backward through L = e · e: incoming ∂L/∂L = 1",
        [
            "∂L/∂e += ∂L/∂L · e = 1 · (−1) = −1  → running total −1 (1 of 2 contributions)",
            "∂L/∂e += ∂L/∂L · e = 1 · (−1) = −1  → running total −2 (2 of 2 contributions)",
        ],
    ]


def zero_meets_infinity():
    return Value(0.0, label="x").sqrt() * 0.0


@pytest.mark.parametrize("make", [a_square, one_neuron, network, lambda: network(cross_entropy), zero_meets_infinity])
def test_at_the_value_level_the_lines_are_those_of_explain_in_its_order(make):
    y = make()
    lines = [line for _, lines in steps_of(step_through(y, "value")) for line in lines]
    assert list(map(on_one_line, lines)) == [on_one_line(row.text()) for row in explain(y, level="value")]


@pytest.mark.parametrize("loss", [squared_error, cross_entropy])
def test_at_the_neuron_level_every_line_of_explain_is_said_once_and_running_totals_are_in_order(loss):
    y = network(loss)
    steps = steps_of(step_through(y, "neuron"))
    lines = [line for _, lines in steps for line in lines]
    assert sorted(map(on_one_line, lines)) == sorted([on_one_line(row.text()) for row in explain(y, level="value")])
    for name in {line.split()[0] for line in lines if "+=" in line}:
        own = [line for line in lines if line.split()[0] == name and "+=" in line]
        assert [int(re.search(r"\((\d+) of", line)[1]) for line in own] == list(range(1, len(own) + 1))
    layers = [int("⁰¹²³".index(m[1])) for title, _ in steps if (m := re.search(r"Backward .*neuron .⁽(.)⁾", title))]
    assert layers == [3] * 3 + [2] * 3 + [1] * 4  # a layer finishes before the next begins


@pytest.mark.parametrize("last", [1.0, 0.0])
def test_a_bias_used_elsewhere_too_has_its_running_total_in_the_order_shown_and_why_it_is_zero(last):
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(0.1, label="b")
    L = b.sin().tanh().tanh() * (Value.dot([w], [x]) + b).tanh() * Value(last, label="c")
    L.label = "L"
    L.backward()
    steps = steps_of(step_through(L, "neuron", digits=9))
    own = [line for _, lines in steps for line in lines if line.startswith("∂L/∂b +=")]
    assert [re.search(r"\((\d) of 2", line)[1] for line in own] == ["1", "2"]
    assert (f"running total {b.grad:.9f}" if last else "every path meets a zero factor") in own[-1]


def test_one_element_is_told_as_the_sum_behind_it():
    page = step_through(attention(), "tensor")
    script = (
        "(() => { const run = compute(new Map()); const lines = data.steps.flatMap((s) => s.lines);"
        "return lines.filter((l) => l.tree !== null && l.tree !== undefined).map((l) => evaluate(l.tree, run)"
        ".map((x, k) => [l.quantity, behind(l.tree, k, run), x])) })()"
    )
    (told,) = in_node([(page, script)])
    found = {(q, k): behind for line in told for k, (q, behind, _) in enumerate(line)}
    element = {name: f"v{k}" for k, name in enumerate(page._data["names"])}
    assert found["V", 1]["text"] == "1 · 0 + 0 · 1"  # row 1 of X, and row 2 of W_v, a column of its transpose
    assert found["V", 1]["used"] == [element[name] for name in ("X₁₁", "W_v₂₁", "X₁₂", "W_v₂₂")]
    assert found["∂L/∂Q", 3]["text"] == "0.707 · ((−1.77) · 1 + (−0.178) · 1 + 1.95 · 2)"
    assert len(found["∂L/∂Q", 3]["used"]) == 6
    for line in told:
        for _, behind, x in line:
            text = behind["text"].replace("−", "-").replace("·", "*").replace("²", "**2")
            if "softmax" not in text:  # the numbers are shown with three figures
                assert abs(eval(text) - x) <= 0.02 * max(1, abs(x)), behind["text"]


@pytest.mark.parametrize("level", ["value", "tensor"])
def test_what_wrong_rules_make_of_a_line_is_what_their_formulas_come_to(level):
    page = step_through(network(cross_entropy, init=None), level)
    script, environment = page._script, {}
    for row in script.derivation.rows:
        if not row.update:
            environment[row.quantity.text] = row.arrived
    environment["η"] = 0.1
    for k, v in enumerate(page._stage.nodes):
        environment |= {f"p({k}, {i})": p for i, p in enumerate(v.partials)}
    asked = questions(script)
    expected = [np.ravel(array(evaluate(e, environment)).numbers) for q in asked for _, e in q.wrong]
    trees = [script.trees.tree(e) for q in asked for _, e in q.wrong]
    numbers = f"((run) => {json.dumps(trees)}.map((tree) => evaluate(tree, run)))(compute(new Map()))"
    (found,) = in_node([(page, numbers)])
    sentences = {sentence for q in asked for sentence, _ in q.wrong}
    assert level == "value" or any(["W stands where its transpose" in sentence for sentence in sentences])
    assert len(trees) > 50
    for mine, theirs in zip(found, expected, strict=True):
        assert np.allclose(mine, theirs, rtol=1e-9, atol=1e-12)


def test_factors_that_changed_places_are_named_with_their_way_where_there_are_several():
    a, b, c = leaves(2.0, 3.0, 5.0)
    exchanged = "The factors have changed places: the derivative of a · b by a is b."
    for y, ways in ((a * b).tanh(), {""}), ((a * b).tanh() + (a * c).sin(), {"", "v₁", "v₂"}):
        said = {sentence for q in questions(step_through(y)._script) for sentence, _ in q.wrong}
        found = {s.removeprefix(exchanged) for s in said if s.startswith(exchanged)}
        assert found == {way and f" (On the way through {way}.)" for way in ways}
    net = Linear(2, 1, seed=1)
    L = net(Tensor([1.0, 2.0], label="x")).tanh().sum() + Tensor(net.b[0] * net.b[0])
    said = [sentence for q in questions(step_through(L, "value")._script) for sentence, _ in q.wrong]
    assert "A path is left out: the gradients of all paths add up. (On the way through z⁽¹⁾₁.)" in said
    assert f"{exchanged} (On the way through z⁽¹⁾₁.)" not in said  # where the bias is no factor


def test_what_a_line_repeats_is_not_asked():
    page = step_through(one_neuron())
    asked = [str(page._script.steps[q.step].lines[q.line].row.quantity) for q in questions(page._script)]
    forward, e = ["v₁", "z", "h", "e", "L"], ["∂L/∂e"] * 2
    assert asked == [*forward, *e, "∂L/∂y", "∂L/∂z", "∂L/∂w", "∂L/∂x", "w", "b"]  # 1 times what arrives is no question
    a, b, c = Value(1.0, label="a"), Value(2.0, label="b"), Value(3.0, label="c")
    script = step_through((a + b) * (a + c))._script
    asked = [script.steps[q.step].lines[q.line].row for q in questions(script)]
    assert [row.part for row in asked if row.node is a] == [(2, 2)]  # of contributions that repeat a number the total


def test_it_differentiates_on_its_own_and_shows_the_pass_that_was_run():
    L = one_neuron()
    page = step_through(L)
    L.inputs[0].inputs[1].data = 1234.5
    assert "1234.5" not in page.html and L.grad == 0.0


def test_a_leaf_alone_and_a_formula_of_constants_are_pages_too():
    assert [lines for _, lines in steps_of(step_through(Value(2.0)))] == [["f = 2"], ["∂f/∂f = 1"]]
    assert len(step_through(Value(2.0) * 3.0)) == 4
    step = next(s for s in step_through(Value(3.0, label="x") * 2.0)._script.steps[::-1] if s.phase == "backward")
    assert len(step.lines) == 1  # a constant has no gradient


def test_the_level_follows_the_size():
    assert step_through(one_neuron()).level == "value"
    assert step_through(one_neuron(), "neuron").level == "value"  # there is none
    assert [step_through(make()).level for make in (network, deep, attention)] == ["neuron", "tensor", "tensor"]
    lengths = {name: len(step_through(make(), "tensor")) for name, make in MATRICES.items()}
    assert (
        lengths["GPT"] <= 80
        and lengths["Question 1"] <= 25
        and lengths["2-16-16-1"] <= 30
        and lengths["attention"] <= 30
    )


# What is refused.


def test_too_many_steps_are_refused_with_the_coarser_level():
    y = MLP([1, 250, 1], seed=1)([1.0]).sum()
    with pytest.raises(ValueError, match=r'^step_through: 1,\d\d\d steps .* at the value level .* level="neuron" has'):
        step_through(y, "value")
    assert step_through(y).level == "tensor"
    x = Value(0.5, label="x")
    for _ in range(600):
        x = x.tanh()
    with pytest.raises(ValueError, match=r"^step_through: 1,202 steps .* or compute with Tensors, whose page"):
        step_through(x)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3.0,), TypeError, "a Value or a Tensor is needed, not float 3.0"),
        ((Tensor([1.0, 2.0]),), ValueError, "2"),
        ((Value(1.0), "tensor"), ValueError, "needs a Tensor"),
        ((Value(1.0), "matrix"), ValueError, "the level is"),
        ((Value(1.0), None, None, 18), ValueError, "digits is a whole number from 0 to 17, not 18"),
    ],
)
def test_what_is_no_page_is_refused_in_a_sentence(arguments, error, words):
    with pytest.raises(error, match=words):
        step_through(*arguments)


@pytest.mark.parametrize(
    ("task", "error", "words"),
    [
        (3, TypeError, "task 1 cannot be set up on this graph: a task is a Task, or"),
        (("Set q.", {"q": 1.0}), ValueError, "'q' is not a leaf of it; there are w, x, b, y"),
        (("Set w.", {"w": math.inf}), ValueError, "a finite number"),
        (("Set w.", [("w", 1.0)]), TypeError, "a dict of numbers"),
        (("", {}), ValueError, "no sentence"),
        (Task("Break it.", mistake="none"), ValueError, "'none' is none of overwrite, order, uncleared"),
        (Task("Look.", shows="wall"), ValueError, "'wall' is none of change, descend, predict, mistake"),
    ],
)
def test_a_task_that_cannot_be_set_up_is_refused(task, error, words):
    with pytest.raises(error, match=words):
        step_through(one_neuron(), tasks=[task])
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match="task 1 cannot be set up on this graph"):
        step_through(x.log(), tasks=[("Take a number below 0.", {x: -1.0})])


def test_a_row_that_javascript_cannot_write_is_refused():
    odd = ops.Op("odd", lambda a: math.fmod(a, 2.0), lambda y, a: (1.0,))
    with pytest.raises(NotWritten, match="the row odd"):
        step_through(record(odd, tuple(leaves(3.0)), 1.0))


def test_a_page_is_saved_whole_as_html(tmp_path):
    page = step_through(a_square())
    assert page.save(tmp_path / "y.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(ValueError, match=r"saved as \.html or \.htm, not '\.svg'"):
        page.save(tmp_path / "y.svg")
    with pytest.raises(OSError):
        page.save(tmp_path / "missing" / "y.html")
    assert [path.name for path in tmp_path.iterdir()] == ["y.html"]


def test_without_graphviz_a_notebook_is_told_and_save_raises(tmp_path, monkeypatch):
    monkeypatch.setattr(picture.shutil, "which", lambda program: None)
    monkeypatch.setattr(picture, "find_spec", lambda module: None)
    page = step_through(a_square())
    assert list(page._repr_mimebundle_()) == ["text/plain"]
    assert "pip install" in page._repr_mimebundle_()["text/plain"]
    with pytest.raises(RuntimeError, match="no Graphviz"):
        page.save(tmp_path / "y.html")


# It keeps to itself.


class Parts(HTMLParser):
    """The elements of a page, and the text of its <style>, its <script>s, its data."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.inside = [], {}, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag in ("script", "style"):
            self.inside = attributes.get("type", tag)

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside] = self.texts.get(self.inside, "") + data


@pytest.mark.parametrize("level", ["value", "neuron", "tensor"])
def test_a_page_needs_nothing_from_outside(level):
    parts_ = Parts(step_through(network(), level).html)
    assert not re.search("https?:", parts_.texts["script"] + parts_.texts["style"])
    for tag, attributes in parts_.elements:
        assert tag not in ("link", "img", "iframe", "object", "a", "base")
        assert not [name for name in attributes if name in ("src", "href", "style", "xlink:href") or name[:2] == "on"]
    assert "innerHTML" not in parts_.texts["script"] and "eval(" not in parts_.texts["script"]


def test_its_policy_allows_its_own_style_and_script_and_nothing_else():
    parts_ = Parts(step_through(a_square()).html)
    policy = next(a["content"] for tag, a in parts_.elements if a.get("http-equiv") == "Content-Security-Policy")
    hashes = {
        what: f"'sha256-{b64encode(sha256(parts_.texts[what].encode()).digest()).decode()}'"
        for what in ("style", "script")
    }
    assert policy.split("; ") == [
        "default-src 'none'", f"script-src {hashes['script']}", f"style-src {hashes['style']}", "base-uri 'none'"
    ]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_label_is_text_whatever_it_contains(label):
    page = step_through(a_square(label), title=label, tasks=[label])
    page.html.encode()
    parts_, plain = Parts(page.html), Parts(step_through(a_square()).html)
    assert [tag for tag, _ in parts_.elements] == [tag for tag, _ in plain.elements]
    given = json.loads(parts_.texts["application/json"])["steps"][0]["lines"][0]["quantity"]
    assert given == label or not label.isprintable()


@pytest.mark.parametrize(
    ("make", "level", "kilobytes"),
    [
        (network, "neuron", 300),
        (network, "tensor", 500),
        (attention, "tensor", 500),
        (deep, None, 500),
        (gpt_block, None, 500),
    ],
)
def test_a_page_is_small(make, level, kilobytes):
    assert len(step_through(make(), level).html.encode()) <= kilobytes * 1000


def test_a_maximum_of_many_is_not_written_once_for_each():
    def size(n):
        return len(step_through(Value.max([Value(float(k), f"x{k}") for k in range(n)]) * 1.5, digits=0).html)

    a, b, c = size(10), size(40), size(160)
    assert c - b < 5 * (b - a)


def test_javascript_stays_short():
    for package, most in (("stepping", 1500), ("training", 500)):
        folder = files(f"tinygrad_edu.readings.{package}")
        scripts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name.endswith(".js")]
        assert scripts and sum([text.count("\n") for text in scripts]) <= most


def test_a_notebook_shows_it_in_a_frame_of_its_own():
    page = step_through(a_square(), title='<"&>')
    frame = Parts(page._repr_mimebundle_()["text/html"])
    (attributes,) = [attributes for tag, attributes in frame.elements if tag == "iframe"]
    assert attributes["sandbox"] == "allow-scripts" and attributes["title"] == '<"&>'
    assert attributes["srcdoc"] == page.html


@pytest.mark.parametrize("program", ["dot", "pygraphviz"])
def test_places_and_arrows_are_marked_with_either_graphviz(program, monkeypatch):
    if program == "dot" and not picture.shutil.which("dot"):
        pytest.skip("no dot on the PATH")
    if program == "pygraphviz":
        pytest.importorskip("pygraphviz")
        monkeypatch.setattr(picture.shutil, "which", lambda program: None)
    y = network(cross_entropy)
    for level in ("value", "neuron", "tensor"):
        page = step_through(y, level)
        ids = {attributes["id"] for _, attributes in Parts(page.html).elements if "id" in attributes}
        arrows = {f"{id}-{k}" for id, _, sources in page._data["cards"] for k in range(1, len(sources) + 1)}
        assert ids >= {*arrows, *[id for id, *_ in page._data["cards"]]} and len(arrows) > 5
        values = [a["data-value"] for _, a in Parts(page.html).elements if "data-value" in a]
        assert len(set(values)) >= 46  # every weight and bias of the network, and what it computes
