"""Every equation that `explain` prints holds: it is read back and evaluated, in symbols and in numbers."""

import random
import re

import numpy as np
import pytest
from graphs import MANY, any_program, labelled, programs
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading import NAMED, read, read_latex

from tinygrad_edu import (
    Parameter,
    Tensor,
    Value,
    array_ops,
    binary_cross_entropy_with_logits,
    explain,
    ops,
    stack,
    topological_order,
    where,
)
from tinygrad_edu.network.functions import cat
from tinygrad_edu.readings.drawing.scene import Scene
from tinygrad_edu.readings.drawing.tensors import TensorCards
from tinygrad_edu.readings.subject import Subject
from tinygrad_edu.writing.evaluation import array, evaluate, is_known
from tinygrad_edu.writing.expression import (
    Apply,
    Chain,
    Constant,
    Derivative,
    Function,
    Literal,
    Number,
    with_args,
    within,
)
from tinygrad_edu.writing.latex import LaTeX
from tinygrad_edu.writing.notation import elements
from tinygrad_edu.writing.paper import Text, written


def numbers_of(derivation, L):
    """Every name on the page with the engine's number: quantities, gradients, and the Jacobians of Chains."""
    for v in [*topological_order(L.values[0]), *[v for row in derivation.forward for v in row.node.values]]:
        v.grad = 0.0
    L.backward()
    named = {row.node: str(row.quantity) for row in derivation.forward}
    environment = with_elements(named)
    told = {row.node for step in derivation.backward for row in step.rows}
    above = named[L]
    environment |= {Derivative(above, name).text: np.array(t.grad) for t, name in named.items()}
    tensor_of = {name: t for t, name in named.items()}
    for row in derivation:
        for part in within(row.rule) if row.rule else []:
            if isinstance(part, Chain):
                t, a = tensor_of[part.derivative.above], tensor_of[part.derivative.below]
                environment[part.derivative.text] = jacobian(t, a, told, set(named))
    return environment


def with_elements(named):
    """The numbers of each Tensor by its name, and of each element by its name: z₂, where a formula takes it out."""
    found = {name: v.data for t, called in named.items() for name, v in zip(elements(called, t.shape), t.values)}
    return found | {name: np.array(t.data) for t, name in named.items()}


def numbers_of_elements(derivation, L):
    """z₂ and ∂L/∂z₂ of every element on the page, and ∂h₂/∂z₂ where one was computed from the other."""
    names = {}
    for row in derivation.forward:
        for v, name in zip(row.node.values, elements(str(row.quantity), row.node.shape)):
            names.setdefault(v, name)
    root = next(str(row.quantity) for row in derivation.forward if row.node is L)
    found = {name: v.data for v, name in names.items()}
    found |= {Derivative(root, name).text: v.grad for v, name in names.items()}
    for b in topological_order(L.values[0]):
        pairs = [(a, p) for a, p in zip(b.inputs, b.partials) if {a, b} <= names.keys() and b is not L.values[0]]
        found |= {Derivative(names[b], names[a]).text: p for a, p in pairs}
    return found


def jacobian(t, a, told, named):
    """∂t/∂a while the numbers of all other Tensors on the page stay, by a sum over all paths."""
    told_values = {v for other in told for v in other.values}
    own = set(t.values) if t in told else set(t.values) - told_values
    stop = told_values | {v for other in named for v in other.values if v.op}
    stop -= own
    memo = {}

    def slope(v, x):
        if (v, x) not in memo:
            memo[v, x] = 1.0 if v is x else 0.0 if v in stop else sum(
                p * slope(b, x) for b, p in zip(v.inputs, v.partials)
            )  # fmt: skip
        return memo[v, x]

    return np.array([slope(v, x) for v in t.values for x in a.values]).reshape(t.shape + a.shape)


def close(read, true, tolerance):
    read = np.asarray(read)
    if read.size == np.size(true):
        read = read.reshape(np.shape(true))  # a vector on its own may be a row or a column
    assert read.size in (1, np.size(true)), (read.shape, np.shape(true))
    return np.all(np.abs(read - true) <= tolerance)


def sizes_of_gradients(derivation, L):
    """For each gradient on the page, of a quantity and of an element, the sum of the magnitudes of all paths."""
    order = topological_order(L.values[0])
    size = dict.fromkeys(order, 0.0) | {order[-1]: 1.0}
    for b in reversed(order):
        for a, p in zip(b.inputs, b.partials):
            size[a] += size[b] and size[b] * abs(p)
    root = next(str(row.quantity) for row in derivation.forward if row.node is L)
    found = {}
    for row in derivation.forward:
        name, each = str(row.quantity), [size.get(v, 0.0) for v in row.node.values]
        for called, x in ((name, max(each)), *zip(elements(name, row.node.shape), each)):
            found.setdefault(Derivative(root, called).text, x)
    return found


def check_notes(row, environment, tolerances):
    """What is called zero is 0, a sum that is called 1 is 1, and contributions that are said to cancel do."""
    for note in row.notes:
        said = "".join([word if isinstance(word, str) else "{}" for word in note])
        formulas = [word for word in note if not isinstance(word, str)]
        if said.endswith(" = 0"):
            places = said.partition("zero: ")[0].count("{}")
            for e in formulas[places:]:
                tolerance = tolerances.get(getattr(e, "text", ""), 1e-9)
                assert np.all(np.abs(read(written(e, Text(15)), environment)) <= tolerance), f"{e} = 0\n{row}"
        elif said.startswith("{} = 1, so "):
            assert np.all(read(written(formulas[0], Text(15)), environment) == 1)
            assert close(read(written(formulas[2], Text(15)), environment), environment[str(formulas[1])], 1e-9)
        elif "contributions {} cancel" in said:
            cancel = formulas[said.partition("contributions ")[0].count("{}")]
            terms = [float(part.number) for part in within(cancel) if isinstance(part, Number)]
            assert abs(sum(terms)) <= 1e-12 * max(map(abs, terms)), str(row)


def uses_single_numbers(L):
    """Whether a Tensor was put together from numbers of others, or a function of numbers was mapped over one."""
    made = [t for t in topological_order(L) if not t.inputs or t.op is array_ops.MAP]
    numbers = [v for t in made for v in set(t.values)]
    return any(v.op for v in numbers) or len(set(numbers)) < len(numbers)


def magnitude(rule, environment):
    """The sum of the magnitudes of all terms, with each number one larger: what rounding is relative to.

    None where a function in the formula is known by its name alone.
    """

    def positive(e):
        args = [positive(a) for a in e.args]
        match e:
            case Apply(ops.SUB):
                return Apply(ops.ADD, tuple(args))
            case Apply(ops.NEG):
                return args[0]
            case Constant(number) | Literal(number):
                return Constant(abs(number))
        return with_args(e, args) if args else e

    if not is_known(rule):
        return None
    larger = {name: array(np.abs(number) + 1.0) for name, number in environment.items()}
    return np.max(array(evaluate(positive(rule), larger)).numbers)


READERS = {"text": (Text(15), read), "columns": (Text(15, columns=True), read), "LaTeX": (LaTeX(15), read_latex)}


def check(L, wrt=None, styles=("text", "columns", "LaTeX")):
    derivation = explain(L, wrt=wrt, digits=15)
    environment = numbers_of(derivation, L)
    scale = 1.0 + max(np.max(np.abs(x)) for x in environment.values())
    single = environment | numbers_of_elements(derivation, L)
    rounding = {name: 1e-13 * size for name, size in sizes_of_gradients(derivation, L).items()}
    told = set()
    for row in derivation:
        check_notes(row, single, rounding)
        if any("the last term" in word for note in row.notes for word in note if isinstance(word, str)):
            assert uses_single_numbers(L) if "by themselves" in str(row) else scale > 1e8, str(row)
        name = str(row.quantity)
        true = environment[name]
        told.add(name)
        result = np.array(row.result.data)
        assert np.array_equal(result, true) or close(result, true, np.where(result, 0.0, rounding[name])), str(row)
        if row.rule is None or any(isinstance(part, Function) and part.name not in NAMED for part in within(row.rule)):
            continue  # nothing is printed of a function of single numbers but what it is made of
        # On paper a matrix of one column looks like a vector, and of three axes there is no picture.
        plain = all(len(part.shape) < 3 and part.shape[1:] != (1,) for part in within(row.rule))
        size = magnitude(row.rule, environment) or scale
        for rule, tolerance in ((row.rule, 1e-12 * scale + 1e-14 * size), (row.numbers, 1e-10 * scale**2)):
            for style, reader in [READERS[style] for style in styles]:
                text = "" if rule is None else written(rule, style)
                put_in = any(isinstance(part, Number) and part.shape for part in within(rule or row.quantity))
                whole = not any(sign in text for sign in ("⋯", "⋮", "…", "dots"))  # all its numbers are shown
                if text and whole and (plain or not put_in):
                    assert close(reader(text, environment), true, tolerance), f"{name} = {text}\n{row}"
    return derivation, told


@settings(max_examples=MANY)
@given(programs)
def test_every_row_of_random_programs_holds(program):
    L, leaves = program
    _, told = check(L)
    for leaf in set(leaves) & set(topological_order(L)):  # of others only single numbers are used
        assert f"∂L/∂{leaf.label}" in told


@settings(max_examples=MANY // 2)
@given(st.integers(0, 10**9))
def test_every_row_holds_with_single_numbers_gradients_and_labels_of_every_sort(seed):
    L = any_program(random.Random(seed))
    assume(np.isfinite(L.item()))
    derivation, _ = check(L, styles=("text", "columns"))
    names = [str(row.quantity) for row in derivation.forward]
    assert len(set(names)) == len(names)
    for row in derivation.forward:
        assert row.rule is not None or not any(v.op for v in row.node.values), "what was computed is not given"


@settings(max_examples=MANY)
@given(programs)
def test_the_formula_on_every_card_holds(program):
    L, _ = program
    cards = TensorCards(Scene(Subject(L), digits=15))
    names = with_elements({t: name for t in [*cards.shown, *cards.parameter_of] if (name := cards.scene.name(t))})
    scale = 1.0 + max(np.max(np.abs(x)) for x in names.values())
    for t in cards.shown:
        text = cards.formula(t)
        if text and not re.search(r"map\(|Tensor\(", text):
            assert close(read(text, names), np.array(t.data), 1e-11 * scale), f"{cards.scene.name(t)} = {text}"


@settings(max_examples=MANY)
@given(programs)
def test_every_row_between_numbers_and_every_step_of_a_page_holds(program):
    L, _ = program
    order = topological_order(L.values[0])
    assume(len(order) < 150)
    L.backward()
    derivation = explain(L, level="value", digits=15)
    name = derivation.names
    environment = {name[v]: v.data for v in name} | {f"∂L/∂{name[v]}": v.grad for v in name}
    for b in name:
        if b is not order[-1]:
            environment |= {f"∂{name[b]}/∂{name[a]}": p for a, p in zip(b.inputs, b.partials) if a in name}
    scale = 1.0 + max(map(abs, environment.values()))
    for row in derivation:
        for text in [written(side, Text(15)) for side in (row.rule, row.numbers)] if row.rule else []:
            assert "…" in text or abs(read(text, environment) - row.result) <= 1e-11 * scale, f"{text}\n{row}"
    scene = Scene(Subject(L), digits=15)  # in a picture fewer have names, and formulas are longer
    scene.number_values()
    numbers = {scene.name(v): v.data for v in order if scene.name(v)}
    for v in order:
        text = scene.formula(v)
        assert "…" in text or abs(read(text, numbers) - v.data) <= 1e-11 * scale, f"{scene.names(v)} = {text}"


X, Q, K = [Tensor.randn(*shape, seed=i, label="XQK"[i]) for i, shape in enumerate([(4, 3), (3, 3), (3, 3)])]
g, E = Tensor.randn(3, seed=4, label="g"), Tensor.randn(5, 3, seed=5, label="E")
HEADS = Tensor.randn(2, 4, 3, seed=6, label="H")
KNOWN = {
    "attention": lambda: ((((X @ Q) @ (X @ K).T) / 3**0.5).softmax() @ X).tanh().sum(),
    "normalisation": lambda: ((X - X.mean(axis=0)) / ((X - X.mean(axis=0)) ** 2).mean(axis=0).sqrt() * g).tanh().sum(),
    "embedding": lambda: (E[[0, 2, 0, 4]] * X).tanh().sum(),
    "one class of each row": lambda: -X.log_softmax()[range(4), [0, 1, 2, 0]].mean(),
    "convolution": lambda: sum([(X[i : i + 2] * Q[:2]).sum() for i in range(3)], Tensor(0.0)).tanh(),
    "cat": lambda: (cat([X, E]) @ g).tanh().sum(),
    "stack": lambda: (stack([X, E[:4]]) ** 2).sum(),
    "variance": lambda: X.var(axis=0).sum() + X.var(),
    "extremes": lambda: X.min(axis=1).sum() + X.max(),
    "tied": lambda: ((X @ Q).tanh() @ Q.T).sum(),
    "powers": lambda: ((X * X + 1.0) ** g).sum(),
    "stop_gradient": lambda: (X * X.stop_gradient()).sum(),
    "single elements": lambda: Tensor(X[1, 2] * g[0]).exp() * (X @ g).sum(),
    "three axes": lambda: (stack([X, X * 2]).T * 2).tanh().sum(),
    "a choice": lambda: where(np.tri(4), X @ X.T, -9.0).softmax().tanh().sum(),
    "heads": lambda: (HEADS @ HEADS.mT / 2**0.5).softmax().permute(1, 0, 2).reshape(4, 8).tanh().sum(),
    "a loss of logits": lambda: binary_cross_entropy_with_logits(X @ g, [1, 0, 1, 1]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_programs_that_people_write_are_told_in_matrices_alone(name):
    derivation, _ = check(KNOWN[name]())
    assert "the last term" not in str(derivation)


z = Tensor([1.0, 2.0, 3.0], label="z")
x = Tensor([1.0, -2.0], label="x")
W = Tensor([[2.0, 1.0], [2.0, 3.0]], label="W")
P = Parameter([0.5, -1.5], label="P")


@pytest.mark.parametrize(
    "program",
    [
        lambda: z.logsumexp() - z[2],
        lambda: z[2] - z.logsumexp(),
        lambda: (W @ x).tanh().sum() + Tensor(Value.sum([w * w for w in W.values])),
        lambda: (Tensor([x[0] * x[0], x[1]]) * x).sum(),
        lambda: (Tensor([x[0], x[1] * x[0]]) ** 2).sum(),
        lambda: x.map(lambda v: v * W[0, 1]).sum() * W.mean(),
        lambda: (P * Parameter(P)).sum(),
        lambda: (x * 2)[:1].sum() * x.sum(),
        lambda: (stack([x, x.tanh(), x]) @ x).tanh().sum(),
        lambda: (W.T @ W * W[0]).sum(),
        lambda: ((W @ x) ** 2 / (W * W).sum(axis=0)).sum() + W.mean(axis=1) @ x,
        lambda: ((W / 2.5 + 1.0).sum(axis=0) * W).sum(),
        lambda: (Tensor([1.0, 2.0]).reshape(2, 1) @ x.reshape(1, 2) * W).sum(),
        lambda: (W.softmax(axis=0) * W.log_softmax()).sum() + W.logsumexp(axis=1) @ x,
        lambda: ((x * x) ** 0.3333 + (x * x) ** (1 / 3) + (x * 0 + 1) ** 1234567.0 + x**2.0000000).sum(),
        lambda: (W.reshape(4) * W.reshape(4)[::-1]).sum(),
        lambda: (W.max(axis=0) * x).sum() + W.max(),
        lambda: abs(abs(W) - abs(x)).sum(),
        lambda: (2.0 ** W).sum() + ((W * W) ** x).sum(),
        lambda: (x[[0, -1, 0]] * z).sum() + x.sum(),
        lambda: (labelled(x[[0, 0, 1]], "T") * z).tanh().sum(),
        lambda: (labelled(W[[1, 0, 1]], "T")[:, 1:].sum() * W[0, 0]).sum(),
        lambda: (stack([x.sum()]) * x[[1, 1]][0]).sum() + x.sum()[()] * z.mean(),
        lambda: (W.sum().reshape(1)[[0, 0, 0]] * z).sum(),
        lambda: (cat([W, W.T], axis=1) ** 2).tanh().sum() + (W.min(axis=1) * x).sum() + W.min(axis=0).sum(),
        lambda: ((z.reshape(1, 3) - z.reshape(1, 3).mean(axis=1)) ** 2).sum(axis=1).sqrt().sum() * x.sum(),
    ],
)  # fmt: skip
def test_the_graph_of_values_is_told_where_that_of_tensors_does_not_see_it(program):
    for t in (z, x, W, P):
        t.zero_grad()
    check(program())


def test_a_tensor_known_by_its_numbers_alone_is_derived_when_it_is_asked_for():
    for t in (z, x, W, P):
        t.zero_grad()
    L = Tensor(x[0] * x[1]) * 3.0
    _, told = check(L, wrt=[x])
    assert "∂L/∂x" in told
