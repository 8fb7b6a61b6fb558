"""Four times the graph takes four times the work: every reading grows with the graph and what it prints."""

import sys

import pytest
from graphs import value_of

from tinygrad_edu import (
    MLP,
    Tensor,
    Value,
    compile_graph,
    cross_entropy,
    draw,
    explain,
    grad,
    jvp,
    squared_error,
    topological_order,
    worksheet,
)
from tinygrad_edu.readings.naming import Names


def lines_run(f):
    """How many lines of Python f runs, those of comprehensions once for each turn."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event == "line"
        return counted

    before = sys.gettrace()
    sys.settrace(counted)
    try:
        f()
    finally:
        sys.settrace(before)
    return count


def chain(n, label=None):
    y = Value(0.5, label="x")
    for _ in range(n):
        y = y.sin()
        y.label = label
    return y


def used_twice(n):
    y = Value(0.5, label="x")
    for _ in range(n // 2):
        y = (y + y).tanh()
    return y


def every_use(n):
    """One number that all others use."""
    x = Value(0.5, label="x")
    return Value.sum([x * (0.01 * i) for i in range(n)])


def tied_steps(n):
    """The same weights in every step of time."""
    h, W = Tensor([0.1, 0.2], label="h"), Tensor([[0.1, 0.2], [0.3, -0.4]], label="W")
    for _ in range(n // 2):
        h = (W @ h).tanh()
    return h.sum()


def tensors_used_twice(n):
    t = Tensor([0.5, 0.25], label="x")
    for _ in range(n // 2):
        t = (t + t).tanh()
    return t.sum()


def rows(f):
    """A program of a Tensor with a row for each of n / 2 examples."""
    return lambda n: f(Tensor.randn(n // 2, 3, seed=0, label="X"))


NUMBERS = {
    "a chain": chain,
    "equal labels": lambda n: chain(n, "h"),
    "nodes used twice": used_twice,
    "one node that all use": every_use,
    "leaves": lambda n: Value.sum([Value(0.1 * i, label=f"x{i}") ** 2 for i in range(n)]),
    "leaves of one label": lambda n: Value.sum([Value(0.1 * i, label="x") ** 2 for i in range(n)]),
    "zeros": lambda n: Value.sum([Value(0.0, label=f"x{i}") ** 2 for i in range(n)]) * 0.0,
}
TENSORS = {
    "Tensors used twice": tensors_used_twice,
    "tied steps": tied_steps,
    "a network": rows(lambda X: cross_entropy(MLP([3, 2, 2], seed=0)(X), [0] * len(X))),
    "a deep network": lambda n: squared_error(MLP([1] * (n // 2 + 1), seed=0)([0.5]), [1.0]),
    "slices": rows(lambda X: (X[1:] * X[:-1]).tanh().sum()),
    "softmax": rows(lambda X: (X.softmax() * X).sum()),
    "normalisation": rows(lambda X: ((X - X.mean(axis=0)) ** 2).mean(axis=0).sqrt().sum()),
    "maxima": rows(lambda X: X.max(axis=1).sum() + X.min()),
    "zeros in a matrix": rows(lambda X: (X @ Tensor.zeros(3, 3, label="W")).relu().sum()),
    "single numbers": rows(lambda X: sum([Tensor(v * v) for v in X.values[::3]], Tensor(0.0))),
    "map": rows(lambda X: (X.map(lambda v: v * v) * X).sum()),
    "rows one by one": rows(lambda X: sum([X[i].tanh().sum() for i in range(len(X))], Tensor(0.0))),
}
GRAPHS = NUMBERS | TENSORS


def leaves(y):
    return [v for v in topological_order(value_of(y)) if not v.op and v.label] or topological_order(value_of(y))[:1]


def name_all(y):
    names = Names(y)
    return [names(node) for node in (*names.values, *names.tensors)]


def in_text_and_latex(y):
    derivation = explain(y)
    return str(derivation), derivation.to("latex")


def marked_all_wrong(y):
    """Where every number is wrong, every mistake of the catalogue is looked for in every line."""
    sheet = worksheet(y, "all")
    sheet.mark({entry: 7.5 for q in sheet.questions if q.asked for entry in q.entries})


READINGS = {
    "names": name_all,
    "backward": lambda y: y.backward(),
    "forward": lambda y: y.forward(),
    "grad": lambda y: grad(y, leaves(y)),
    "jvp": lambda y: jvp(y, leaves(y), [1.0] * len(leaves(y))),
    "explain": in_text_and_latex,
    "explain between numbers": lambda y: str(explain(y, level="value")),
    "explain one leaf": lambda y: str(explain(y, leaves(y)[:1])),
    "explain some leaves": lambda y: str(explain(y, leaves(y)[:8], level="value")),
    "draw, by value": lambda y: draw(y, "value", force=True).source,
    "draw, by neuron": lambda y: draw(y, "neuron", force=True).source,
    "draw, by Tensor": lambda y: draw(y, "tensor", force=True).source,
    "compile_graph": lambda y: compile_graph({"y": y, "slopes": grad(y, leaves(y))}, leaves(y)).source,
    "worksheet": lambda y: str(worksheet(y, "all")),
    "marks": marked_all_wrong,
}


def growth(graph, reading, n):
    """How many times the work four times the graph is."""
    read = READINGS[reading]
    read(GRAPHS[graph](4 * n))  # imports and what is kept from the first call are not counted
    small, large = [lines_run(lambda n=n: read(GRAPHS[graph](n))) for n in (n, 4 * n)]
    return large / small


#: The gradient of X is a sum of as many matrices as X has rows, which are written whole while they are small.
MORE = {("rows one by one", "explain"), ("rows one by one", "marks")}
#: What writes the most reads a few graphs, and all with --long.
LONGEST = {"explain between numbers", "explain some leaves", "marks"}
A_FEW = {"leaves of one label", "zeros", "tied steps", "single numbers", "rows one by one"}


def says_more(graph, reading):
    """Whether a reading of this graph is another than one beside it."""
    if reading in ("explain between numbers", "draw, by Tensor"):
        return graph in TENSORS
    return reading != "draw, by neuron" or graph == "a network"


@pytest.mark.filterwarnings("ignore:draw")
@pytest.mark.parametrize("graph", GRAPHS)
def test_four_times_the_graph_is_four_times_the_work(graph):
    for reading in READINGS:
        if says_more(graph, reading) and (reading not in LONGEST or graph in A_FEW):
            assert growth(graph, reading, 8) < (5.5 if (graph, reading) in MORE else 5), reading


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:draw")
@pytest.mark.parametrize("graph", GRAPHS)
def test_four_times_a_larger_graph_is_four_times_the_work(graph):
    assert not [reading for reading in READINGS if says_more(graph, reading) and growth(graph, reading, 16) >= 5]
