"""The page of matrix calculus: every row is what `ops.TABLE` gives, element by element."""

import random

import numpy as np
import pytest
from reading import read

from tinygrad_edu import Tensor, array_ops, binary_cross_entropy_with_logits, cat, explain, ops, stack, where
from tinygrad_edu.network.functions import affine
from tinygrad_edu.network.reductions import per_count
from tinygrad_edu.readings.formulas import contributions, elementwise, formula, written
from tinygrad_edu.writing.expression import Name, Reshape

ROWS = {name: row for name, row in vars(array_ops).items() if isinstance(row, array_ops.ArrayOp)}


def size(rng):
    return rng.choice([1, 2, 3, 4])


def array(rng, *shape):
    """Numbers of which some are equal, so that there are ties, and a shape that is drawn unless it is given."""
    shape = shape if shape else tuple([size(rng) for _ in range(rng.choice([1, 2, 2, 3]))])
    return Tensor(
        np.array([rng.choice([-1.5, -0.5, 0.25, 0.5, 1.0, 2.0]) for _ in range(np.prod(shape))]).reshape(shape)
    )


def along(name, *options):
    """A method along one axis, along several or all, with and without keepdims where it has that."""

    def program(rng):
        t = array(rng)
        axis = rng.randrange(-t.ndim, t.ndim)
        if "keepdims" in options:
            some = rng.sample(range(t.ndim), rng.randint(0, t.ndim))
            return getattr(t, name)(rng.choice([axis, tuple(some), None]), keepdims=rng.random() < 0.5)
        return getattr(t, name)(axis)

    return program


def matmul(rng):
    """Of vectors, of matrices, and of several matrices, some of them repeated."""
    m, n, p, k, l = [size(rng) for _ in range(5)]
    left = rng.choice([(n,), (m, n), (k, m, n), (1, m, n), (l, k, m, n)])
    right = rng.choice([(n,), (n, p), (k, n, p), (1, n, p), (l, 1, n, p)])
    return array(rng, *left) @ array(rng, *right)


def layer(rng):
    m, n = size(rng), size(rng)
    return affine(array(rng, m, n), array(rng, *rng.choice([(n,), (size(rng), n)])), array(rng, m))


def index(rng):
    t = array(rng)
    keys = []
    for n in t.shape[: rng.randint(1, t.ndim)]:
        start = rng.randrange(n)
        keys.append(
            rng.choice([start, slice(start, None), slice(None, None, -1), [rng.randrange(n) for _ in range(2)]])
        )
    part = t[tuple(keys)]
    return part if isinstance(part, Tensor) else t[:1]


def joined(rng):
    t = array(rng)
    axis = rng.randrange(t.ndim)
    shapes = [(*t.shape[:axis], size(rng), *t.shape[axis + 1 :]) for _ in range(rng.randint(1, 3))]
    return cat([t, *[array(rng, *shape) for shape in shapes]], axis=axis)


def stacked(rng):
    t = array(rng)
    return stack([t, *[array(rng, *t.shape) for _ in range(rng.randint(0, 3))]])


def permuted(rng):
    t = array(rng)
    return t.permute(rng.sample(range(t.ndim), t.ndim))


def bce(rng):
    z = array(rng)
    return binary_cross_entropy_with_logits(z, Tensor([rng.random() for _ in z.values]).reshape(z.shape)).inputs[0]


def chosen(rng):
    t = array(rng)
    mask = Tensor(np.array([float(rng.random() < 0.5) for _ in t.values]).reshape(t.shape))
    other = array(rng, *[rng.choice([1, n]) for n in t.shape][rng.randrange(t.ndim) :])
    return where(mask, *rng.choice([(t, other), (other, t)]))


def divided(rng):
    of = array(rng)
    return per_count(array(rng), of, tuple(rng.sample(range(of.ndim), rng.randint(1, of.ndim))), rng.choice([0.0, 0.5]))


PROGRAMS = {
    "MATMUL": matmul,
    "AFFINE": layer,
    "SUM": along("sum", "keepdims"),
    "MEAN": along("mean", "keepdims"),
    "MAX": along("max", "keepdims"),
    "MIN": along("min", "keepdims"),
    "LSE": along("logsumexp", "keepdims"),
    "SOFTMAX": along("softmax"),
    "LOG_SOFTMAX": along("log_softmax"),
    "TRANSPOSE": lambda rng: array(rng).T,
    "PERMUTE": permuted,
    "RESHAPE": lambda rng: array(rng).reshape(-1, rng.choice([1, 1, 1])),
    "INDEX": index,
    "CAT": joined,
    "STACK": stacked,
    "BCE": bce,
    "WHERE": chosen,
    "PER_COUNT": divided,
}


def check(t, rng):
    """The formula of t is its value, and what its row passes on is what `backward` gives, in NumPy's numbers."""
    G = np.array([rng.choice([-2.0, -0.5, 0.75, 1.0, 3.0]) for _ in t.values]).reshape(t.shape)
    names = [Name(f"a{k}", a.shape) for k, a in enumerate(t.inputs)]
    numbers = {"G": G, "y": np.array(t.data)} | {f"a{k}": np.array(a.data) for k, a in enumerate(t.inputs)}
    value = str(written(t, names))
    assert_same(read(value, numbers), t.data, value)
    given = contributions(t, Name("G", t.shape), Name("y", t.shape), names)
    (t * G).sum().backward()
    for a, e in zip(t.inputs, given):
        assert e.shape in (a.shape, ())
        assert_same(read(str(e), numbers), a.grad, str(e))


def assert_same(found, true, text):
    found = np.broadcast_to(found, np.shape(true)) if np.ndim(found) == 0 else np.reshape(found, np.shape(true))
    np.testing.assert_allclose(found, true, rtol=1e-12, atol=1e-12, err_msg=text)


def test_single_numbers_are_named_only_where_they_are_used(monkeypatch):
    x = Tensor([0.5, -1.0, 2.0], label="x")
    L = (x * x).sum() * 3.0
    true = str(explain(L))
    assert "the last term" not in true
    monkeypatch.setattr("tinygrad_edu.array_ops.summed", lambda e, shape: e * 2)
    wrong = str(explain(L))
    assert "the last term is rounding" in wrong and "by themselves" not in wrong


def test_the_loss_of_logits_is_that_of_the_notes():
    z = Tensor([0.5, -1.0], label="z")
    assert "∂L/∂z = ½ · (sigmoid(z) − y)" in str(explain(binary_cross_entropy_with_logits(z, [1, 0])))


def test_every_row_has_a_program():
    assert PROGRAMS.keys() == ROWS.keys() - {"MAP"} and ROWS["MAP"].passes_on is None


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_row_is_that_of_its_single_numbers(name):
    for seed in range(60):
        rng = random.Random(f"{name} {seed}")
        t = PROGRAMS[name](rng)
        assert t.op is ROWS[name]
        check(t, rng)


@pytest.mark.parametrize(
    "row", [op for op in ops.TABLE if not op.vectors and hasattr(Tensor, op.symbol)], ids=lambda op: op.symbol
)
def test_a_function_of_each_element_needs_no_row(row):
    for seed in range(20):
        rng = random.Random(seed)
        a = array(rng, 2, 3).abs() + 0.25
        a = Tensor(a.data)
        if row.partials.__code__.co_argcount == 3:  # of two numbers: y, a, b
            check(getattr(a, row.symbol)(array(rng, *rng.choice([(2, 3), (3,), (2, 1), (1, 1), (1,)]))), rng)
        else:
            check(getattr(a, row.symbol)(), rng)


def test_a_row_needs_no_reshape_beside_a_matrix():
    row = Reshape(Name("r", (1, 3)), (3,))
    assert str(elementwise(ops.ADD, [Name("A", (2, 3)), row])) == "A + r"
    assert str(elementwise(ops.ADD, [Name("a", (3,)), row])) == "a + reshape(r, 3)"


def test_the_gradient_of_a_part_beside_others_is_that_of_its_columns():
    left, right = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[5.0], [6.0]])
    joined = cat([left, right], axis=1)
    symbols = [Name(text, t.shape) for text, t in (("G", joined), ("y", joined), ("a", left), ("b", right))]
    found = contributions(joined, *symbols[:2], symbols[2:])
    assert list(map(str, found)) == ["G[:, 0:2]", "G[:, 2:3]"]
    assert [e.keys for e in found] == [(slice(None), slice(0, 2)), (slice(None), slice(2, 3))]


def test_a_leaf_without_a_symbol_is_written_as_its_numbers():
    x = Tensor([1.0, 2.0])
    symbol = {x: Name("x", (2,))}.get
    assert str(formula(x * Tensor([3.0, 4.0]), symbol)) == "x ∘ [3  4]ᵀ"
    assert str(formula(x * Tensor(3.0), symbol)) == "3 · x"
