"""Graphs for the tests, small ones and random ones: a recipe is drawn once and can be built again, also from other
numbers.
"""

import math
import random

from domains import NOT_THE_SLOPE
from hypothesis import settings
from hypothesis import strategies as st

from tinygrad_edu import MLP, Linear, Tensor, Value, cross_entropy, grad, ops, squared_error, stack, topological_order
from tinygrad_edu.network.functions import affine, cat
from tinygrad_edu.value import numbers, record


def labelled(node, label):
    node.label = label
    return node


def named(**numbers):
    """Values with these labels and numbers."""
    return [Value(number, label=label) for label, number in numbers.items()]


def value_of(y):
    """The Value that y is, or the only one of a Tensor."""
    return y.values[0] if isinstance(y, Tensor) else y


def a_square(label="x"):
    x = Value(3.0, label=label)
    return labelled(x * x, "y")


def regression():
    """The loss of a network of three layers."""
    return squared_error(MLP([4, 4, 3, 3], seed=1)(Tensor([1.0, -0.5, 0.25, 2.0], label="x")), [1.0, 0.0, -1.0])


def two_moons(n):
    """Points on two half circles, and the target of each."""
    rng = random.Random(0)
    turns = [(i % 2, math.pi * rng.random()) for i in range(n)]
    X = [[math.cos(t), math.sin(t)] if up else [1 - math.cos(t), 0.5 - math.sin(t)] for up, t in turns]
    return X, [[1.0 if up else -1.0] for up, _ in turns]


# A step takes nodes made before and makes another: a and b, and those that take any number all of
# them. Every number is in the domain, and slopes are moderate as long as the inputs are.
STEPS = {
    "add": lambda a, b, *_: a + b,
    "subtract": lambda a, b, *_: a - b,
    "multiply": lambda a, b, *_: a * b,
    "divide": lambda a, b, *_: a / (b * b + 1),
    "negative": lambda a, *_: -a,
    "square": lambda a, *_: a**2,
    "cube": lambda a, *_: a**3,
    "power": lambda a, b, *_: (a * a + 1) ** -1.5,
    "power of a power": lambda a, b, *_: (a * a + 1) ** b.tanh(),
    "tanh": lambda a, *_: a.tanh(),
    "sigmoid": lambda a, *_: a.sigmoid(),
    "sin": lambda a, b, *_: (a - b).sin(),
    "cos": lambda a, b, *_: (a * b).cos(),
    "exp": lambda a, *_: a.tanh().exp(),
    "log": lambda a, b, *_: (a * a + b * b + 1).log(),
    "sqrt": lambda a, *_: (a * a + 1).sqrt(),
    "step": lambda a, b, *_: a.step() * b,
    "relu": lambda a, *_: a.relu(),
    "abs": lambda a, *_: a.abs(),
    "maximum": lambda a, b, *_: a.maximum(b),
    "minimum": lambda a, b, *_: a.minimum(b),
    "sum": lambda *a: Value.sum([*a, a[0], 2.0]),
    "dot": lambda *a: Value.dot([*a, 0.5], [a[-1], *a]),
    "affine": lambda a, b, *_: affine(Tensor([[a, 0.5, b]]), Tensor([b, a, a]), Tensor([b]))[0],
    "max": lambda *a: Value.max(a),
    "min": lambda *a: Value.min(a),
    "logsumexp": lambda *a: Value.logsumexp(a),
    "softmax": lambda *a: Value.softmax(a)[0],
    "constant on the left": lambda a, *_: 1.5 - 0.5 * a,
    "zero factor": lambda a, b, *_: a * 0.0 + b,
    "moderate": lambda a, *_: a.tanh() * 2,
}


def of_row(op):
    """A step that records a row with numbers from [½, 1½], which is in every domain of domains.py."""

    def step(a, b, *_):
        within = [x.tanh() ** 2 + 0.5 for x in (a, b)]
        arguments = op.partials.__code__.co_argcount - 1
        xs = within * op.vectors + within[: arguments - op.vectors]
        return record(op, tuple(xs), *op.arguments(numbers(xs)))

    return step


taken = {node.op for step in STEPS.values() for node in topological_order(step(Value(0.5), Value(-0.25)))}
# A row without a step, such as a new one, gets one here.
STEPS |= {op.symbol: of_row(op) for op in ops.TABLE if op not in taken | NOT_THE_SLOPE}

TENSOR_STEPS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - 2 * b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 1),
    "power": lambda a, b: (a * a + 1) ** b.tanh(),
    "square": lambda a, b: a**2,
    "maximum": lambda a, b: a.maximum(b),
    "minimum": lambda a, b: a.minimum(b),
    "functions": lambda a, b: a.sin() + b.cos() * a.sigmoid(),
    "kinks": lambda a, b: a.relu() - abs(b) + a.step(),
    "logarithm": lambda a, b: (a * a + b.exp().sqrt() + 1).log(),
    "matmul": lambda a, b: a @ b,
    "matmul with its transpose": lambda a, b: a @ a.T,
    "affine": lambda a, b: affine(a, b, a.mean(axis=1)),
    "transpose": lambda a, b: a.T,
    "reshape": lambda a, b: a.reshape(-1),
    "slice": lambda a, b: a[..., ::-1],
    "row": lambda a, b: a[0] + b,
    "stack": lambda a, b: stack([a, a * a]),
    "sum of columns": lambda a, b: a.sum(axis=0),
    "mean of rows": lambda a, b: a.mean(axis=-1, keepdims=True),
    "max of rows": lambda a, b: a.max(axis=-1),
    "logsumexp": lambda a, b: a.logsumexp(axis=0),
    "softmax": lambda a, b: a.softmax(),
    "log_softmax": lambda a, b: a.log_softmax(axis=0),
    "moderate": lambda a, b: a.tanh() * 2,
}


class Recipe:
    """Numbers to start from, and steps; called with Values or Tensors it builds the graph of one number over them."""

    def __init__(self, table, start):
        self.table, self.start, self.steps = table, start, []

    def take(self, nodes, name, picks):
        nodes.append(self.table[name](*[nodes[i] for i in picks]))
        self.steps.append((name, picks))
        if not moderate(nodes[-1]):  # decided here, once: at other numbers the graph is the same
            self.take(nodes, "moderate", [len(nodes) - 1] * 2)

    def __call__(self, *xs):
        nodes = list(xs)
        for name, picks in self.steps:
            nodes.append(self.table[name](*[nodes[i] for i in picks]))
        return sum([(node * 0.5).sum()[()] if isinstance(node, Tensor) else node for node in nodes[-3:]])

    def leaves(self):
        """Fresh leaves with the numbers to start from."""
        return [Tensor(x, label=name) if isinstance(x, list) else Value(x, name) for x, name in zip(self.start, "abcd")]

    def __repr__(self):
        return f"Recipe({self.start}, {self.steps})"


def moderate(node):
    return all([abs(v.data) <= 4 for v in (node.values if isinstance(node, Tensor) else [node])])


# Thousandths, so that no derivative is so small that it is mostly rounding.
NUMBERS = st.integers(-1500, 1500).map(lambda k: k / 1000)


@st.composite
def recipes(draw, most=12):
    """Graphs of Values. Nodes are picked again and again, so that most have several users."""
    recipe = Recipe(STEPS, draw(st.lists(NUMBERS, min_size=3, max_size=3)))
    nodes = recipe.leaves()
    for _ in range(draw(st.integers(most // 2, most))):
        picks = st.lists(st.integers(0, len(nodes) - 1), min_size=2, max_size=4)
        recipe.take(nodes, draw(st.sampled_from(sorted(STEPS))), draw(picks))
    return recipe


SHAPES = st.sampled_from([(1,), (3,), (2, 1), (1, 3), (2, 3), (3, 2)])


def filled(shape):
    row = st.lists(NUMBERS, min_size=shape[-1], max_size=shape[-1])
    return row if len(shape) == 1 else st.lists(row, min_size=shape[0], max_size=shape[0])


@st.composite
def tensor_recipes(draw, most=8):
    """Graphs of Tensors that are broadcast, multiplied, cut and reduced; steps that do not fit are left out."""
    recipe = Recipe(TENSOR_STEPS, [draw(filled(draw(SHAPES))) for _ in range(3)])
    nodes = recipe.leaves()
    for _ in range(draw(st.integers(most // 2, most))):
        pick = st.integers(0, len(nodes) - 1)
        try:
            recipe.take(nodes, draw(st.sampled_from(sorted(TENSOR_STEPS))), [draw(pick), draw(pick)])
        except (ValueError, IndexError):
            continue
        if nodes[-1].ndim > 2 or len(nodes[-1].values) > 12:  # too large to go on from
            recipe.take(nodes, "sum of columns", [len(nodes) - 1] * 2)
    return recipe


@st.composite
def single_steps(draw, table, name):
    """One step of the table, which the random graphs may have left out."""
    shape = filled((2, 2)) if table is TENSOR_STEPS else NUMBERS
    recipe = Recipe(table, [draw(shape), draw(shape)])
    recipe.take(recipe.leaves(), name, [0, 1])
    return recipe


KINKED = {ops.RELU, ops.ABS, ops.STEP, ops.MAXIMUM, ops.MINIMUM, ops.MAX, ops.MIN}


def decisions(y):
    """On which side of its kink every node of the graph is: where this changes no slope can be measured."""
    inputs = [[a.data for a in node.inputs] for node in topological_order(y) if node.op in KINKED]
    several = [z if len(z) > 1 else [*z, 0.0] for z in inputs]
    return tuple([(a > b) - (a < b) for z in several for a in z for b in z])


def tensor_program(rng):
    """A loss and its leaves, of many shapes. Every step may reuse any Tensor before it, whole or in part."""
    shapes = [(3,), (2,), (1, 3), (2, 3), (2, 1), (1,), (3, 2), (2, 2), (2, 2, 3)]
    leaves = [Tensor(rng.uniform(-1.5, 1.5), label="s")]
    leaves += [Tensor.uniform(shape, -1.5, 1.5, seed=rng) for shape in rng.sample(shapes, 4)]
    for leaf, label in zip(leaves[1:], "ABCD"):
        leaf.label = label
    nodes = list(leaves)
    for _ in range(rng.randint(3, 9)):
        a, b = rng.choice(nodes), rng.choice(nodes[-4:])
        try:
            new = rng.choice([*TENSOR_STEPS.values(), *_MORE_STEPS])(a, b)
        except (ValueError, IndexError, TypeError, ArithmeticError):  # shapes that do not fit, numbers too large
            continue
        if not isinstance(new, Tensor) or max(map(abs, numbers(new.values))) > 1e3:
            continue
        nodes.append(new.tanh() if rng.random() < 0.3 else new)
        if rng.random() < 0.2:
            nodes[-1].label = f"T{len(nodes)}"
    return sum([(node * 0.5).sum() for node in nodes[-3:]], Tensor(0.0)), leaves


#: Labels that people give, and some that look like formulas, derivatives or names that the readings give.
LABELS = ["T1", "h", "h", "θ", "x̂", "α", "under_score", "A′", "W⁽¹⁾", "z⁽¹⁾", "v₁", "v₂", "L", "y", "ŷ", "a + b", "a=b",
          "x|z", "x\ny", "∂", "∂x", "∂L/∂s", "∂²L/∂a∂b", "שלום"]  # fmt: skip


def any_program(rng):
    """A loss of such a program, and of single numbers, views with a label, zeros, infinite slopes and gradients."""
    L, leaves = tensor_program(rng)
    for t in leaves:
        t.label = rng.choice([t.label, rng.choice(LABELS)])

    def number():
        return Value(rng.choice([0.0, 0.5, -1.25, 2.0]), label=rng.choice(LABELS))

    u, w, B = number(), number(), rng.choice(leaves)
    mix = rng.choice([u.sigmoid(), u * w + 1, u.relu() - w, (u * u + 1).log(), abs(u) * 0.5])
    mix.label = rng.choice([None, rng.choice(LABELS)])
    view = rng.choice(leaves).reshape(-1)
    view.label = rng.choice(LABELS)
    zeros = Tensor([0.0, 1.0, 4.0], label=rng.choice(LABELS))
    inner = (B.tanh() ** 2).sum()
    inner.label = rng.choice([None, rng.choice(LABELS)])
    extra = [
        lambda: (B * mix).sum() + (B.tanh() * (1 - mix)).sum(),
        lambda: (Tensor([mix, u, u * w]) * [1.0, -2.0, 0.5]).sum(),
        lambda: B.map(lambda v: v * u + w * v * v).sum(),
        lambda: (zeros.sqrt() * [0.0, 1.0, 0.5]).sum(),
        lambda: (grad(inner, B) * B).sum(),
        lambda: rng.choice([view.max(), (view * view).sum(), view.min() * 2, view.softmax() @ view]),
    ]
    return sum([f() for f in rng.sample(extra, 3)], L)


#: Losses of such programs, each with its leaves.
programs = st.integers(0, 10**9).map(lambda seed: tensor_program(random.Random(seed)))
#: How many of them a test goes through.
MANY = min(2 * settings.default.max_examples, 2000)

#: Steps of programs, besides those that a recipe takes.
_MORE_STEPS = [
    lambda a, b: a.T @ b, lambda a, b: b.tanh(), lambda a, b: b.sigmoid() * 0.5, lambda a, b: -b,
    lambda a, b: b.logsumexp(axis=-1), lambda a, b: b.softmax(axis=0), lambda a, b: (b * b + 0.5) ** (1 / 3),
    lambda a, b: b.max(axis=0), lambda a, b: b[..., 1:], lambda a, b: stack([a, b.tanh()]),
    lambda a, b: abs(abs(b) - 0.5), lambda a, b: b * 2.5 / 7, lambda a, b: (b * b).sum(axis=0) * a,
    lambda a, b: Tensor(b.values[-1]) * a, lambda a, b: Tensor([v * v for v in b.values]),
    lambda a, b: Tensor([a.values[-1] * 2, b.values[0]]), lambda a, b: b.map(lambda v: v * a.values[0] + 1),
    lambda a, b: Tensor(b.values[0] + a.values[-1]) * b, lambda a, b: (b * b + 1.0).sqrt(),
    lambda a, b: b.exp() - b, lambda a, b: b.sum(axis=(0, 1)), lambda a, b: b.step() * a,
    lambda a, b: a + b.values[-1], lambda a, b: b + Value.sum([v * v for v in a.values]),
    lambda a, b: cat([a, b]), lambda a, b: cat([a, b], axis=-1), lambda a, b: b[[0, -1, 0]],
    lambda a, b: b * b.stop_gradient(), lambda a, b: b.min(axis=-1, keepdims=True) - b, lambda a, b: stack([a, b]).T,
    # What people build of these: layers, tied weights, attention, normalisation, a convolution by slices.
    lambda a, b: layer(b).tanh(), lambda a, b: layer(b), lambda a, b: (b @ a).tanh() @ a.T,
    lambda a, b: (a @ b.T).softmax() @ b, lambda a, b: (a @ (a @ b).T / 2**0.5).softmax() @ a,
    lambda a, b: (b - b.mean(axis=-1, keepdims=True)) / (b.var(axis=-1, keepdims=True) + 0.5).sqrt(),
    lambda a, b: (b - b.mean(axis=0)) / ((b - b.mean(axis=0)) ** 2).mean().sqrt() * a,
    lambda a, b: stack([(b[i : i + 2] * a[:2]).sum() for i in range(len(b) - 1)]),
    lambda a, b: sum([b[i : i + 2] * a[i] for i in range(len(b) - 1)], Tensor(0.0)),
    lambda a, b: cross_entropy(b, [0] * len(b) if b.ndim == 2 else 0), lambda a, b: squared_error(a, b),
]  # fmt: skip


def layer(x):
    """A layer of a new network."""
    return Linear(x.shape[-1], len(x), seed=len(x.values))(x)
