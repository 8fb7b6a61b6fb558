"""The page of matrix calculus: every operation on whole arrays, and what it passes on to its inputs.

A row reads: symbol, value from the inputs, and what each input gets of G = ∂L/∂y. All of it follows from
`ops.py` element by element: for Y = A B the element Yᵢⱼ is Σₖ Aᵢₖ Bₖⱼ, so ∂L/∂Aᵢₖ = Σⱼ Gᵢⱼ Bₖⱼ, which is G Bᵀ.
The engine computes with single numbers and needs none of these rules; the readings that speak of matrices write
them, and each is tested against the engine. A row of `ops.TABLE`, applied to each
element, has no row here: it passes on G times its partial, summed over what was repeated.

Letters: `G` is ∂L/∂y, `y` the output, `a`, `b`, `z`, `W`, `h` the inputs. Operators and methods are those of
NumPy, with the conventions of paper: a vector is a column, so that `.T` makes a row of it and `h @ g.T` a matrix.
`axis` names the axes that an operation goes along, None for all. In such a row `y` and `G` keep these axes, with
size 1, and broadcast against `a`. Of `cat` it is
one number, of `permute` the new order. A reading reshapes a result that has the right numbers in another shape, and
repeats one that is smaller than the input.
"""

from math import prod
from typing import Any, NamedTuple

from . import ops


class ArrayOp(NamedTuple):
    """One row: `value(a, …)` is y, and `passes_on(G, y, a, …)` is what each input gets of G = ∂L/∂y.

    Both also get by name what the operation was given beside its inputs: `axis`, `shape`, `place` or `less`.
    """

    symbol: str
    value: Any = None
    passes_on: Any = None

    def __reduce__(self) -> str:
        """What `copy` and `pickle` keep of a row: its name in this file."""
        return next(name for name, row in globals().items() if row is self)


class Operation(NamedTuple):
    """What a Tensor remembers of the operation that it was computed by, beside its inputs.

    >>> from tinygrad_edu import Tensor
    >>> t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> t.sum(axis=-1).operation.axis, t[0].operation.keys
    ((1,), (0,))
    """

    op: ops.Op | ArrayOp  #: a row of `ops.TABLE`, element by element, or of this page
    axis: tuple[int, ...] | None = None  #: the axes that it went along, from 0 to ndim − 1; of permute their new order
    keepdims: bool = False  #: whether a reduction left those axes in place, with size 1
    keys: tuple[Any, ...] | None = None  #: of t[keys]: one for each of the first axes, with "..." written as slices
    less: float = 0.0  #: subtracted from the count before dividing: the 1 in n − 1, NumPy's and PyTorch's correction
    of: Any = None  #: the y of a Tensor of gradients ∂y/∂x; its input is x
    roles: tuple[
        str, ...
    ] = ()  #: what a loss says of its inputs: "ŷ", "y", or "softmax" for logits z, whose softmax is ŷ


# Functions for the rows.


def count(a: Any, axis: Any) -> float:
    """How many numbers of `a` there are along the axes."""
    number: float = prod(a.shape if axis is None else [a.shape[k] for k in axis]) * 1.0  # a size may be a symbol
    return number


def shares(a: Any, y: Any, axis: Any) -> Any:
    """1/k for each of the k elements along the axes that are the largest, y; 0 for the others."""
    is_largest = 1 - ops.step(y - a)
    return is_largest / is_largest.sum(axis)


def transposed(a: Any) -> Any:
    """The axes in reverse order; a vector stays a vector."""
    return a.T if len(a.shape) > 1 else a


def matrices(a: Any, b: Any) -> tuple[Any, Any]:
    """a and b with two axes at least: beside matrices a vector on the left is a row, on the right a column."""
    row, column = (1, *a.shape), (*b.shape, 1)
    return a if len(a.shape) > 1 else a.reshape(row), b if len(b.shape) > 1 else b.reshape(column)


def product(a: Any, b: Any) -> ArrayOp:
    """The row of a b for as many axes as these have."""
    return PRODUCTS.get((len(a.shape), len(b.shape)), PRODUCTS[3, 3])


def matmul(a: Any, b: Any) -> Any:
    a, b = matrices(a, b)
    return a @ b


def summed(e: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of an input that was broadcast from `shape`: the sum of e over the axes where it was repeated."""
    own = (1,) * (len(e.shape) - len(shape)) + shape
    axis = tuple([k for k, n in enumerate(e.shape) if n > own[k]])
    return e.sum(axis) if axis else e


def batched(G: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """What A B passes on where A, B or both are stacks of matrices, in the last two axes."""
    a, b = matrices(a, b)
    G = G.reshape((*G.shape[: max(len(a.shape), len(b.shape)) - 2], a.shape[-2], b.shape[-1]))
    return summed(G @ b.mT, a.shape), summed(a.mT @ G, b.shape)


# fmt: off
# y = a b, by the numbers of axes of a and b; (3, 3) is any other pair. y = W h + b, by the number of axes of h: 1 for
# a vector, 2 for a row for each example.
PRODUCTS = {
    (2, 2): ArrayOp("@",      lambda a, b: a @ b,             lambda G, y, a, b: (G @ b.T, a.T @ G)),
    (2, 1): ArrayOp("@",      lambda a, b: a @ b,             lambda G, y, a, b: (G @ b.T, a.T @ G)),
    (1, 2): ArrayOp("@",      lambda a, b: a.T @ b,           lambda G, y, a, b: (b @ G, a @ G.T)),
    (1, 1): ArrayOp("@",      lambda a, b: (a * b).sum(),     lambda G, y, a, b: (G * b, G * a)),
    (3, 3): ArrayOp("@",      lambda a, b: matmul(a, b),      lambda G, y, a, b: batched(G, a, b)),
}
LAYERS = {
    1:      ArrayOp("affine", lambda W, h, b: W @ h + b,      lambda G, y, W, h, b: (G @ h.T, W.T @ G, G)),
    2:      ArrayOp("affine", lambda W, h, b: h @ W.T + b,    lambda G, y, W, h, b: (G.T @ h, G @ W, G.sum((0,)))),
}
MATMUL      = ArrayOp("@",           lambda a, b: product(a, b).value(a, b),
                                     lambda G, y, a, b: product(a, b).passes_on(G, y, a, b))
AFFINE      = ArrayOp("affine",      lambda W, h, b: LAYERS[len(h.shape)].value(W, h, b),
                                     lambda G, y, W, h, b: LAYERS[len(h.shape)].passes_on(G, y, W, h, b))

# Along axes.
SUM         = ArrayOp("sum",         lambda a, axis: a.sum(axis),
                                     lambda G, y, a, axis: (G,))
MEAN        = ArrayOp("mean",        lambda a, axis: a.sum(axis) / count(a, axis),
                                     lambda G, y, a, axis: (G / count(a, axis),))
MAX         = ArrayOp("max",         lambda a, axis: a.max(axis),
                                     lambda G, y, a, axis: (G * shares(a, y, axis),))
MIN         = ArrayOp("min",         lambda a, axis: a.min(axis),
                                     lambda G, y, a, axis: (G * shares(-a, -y, axis),))
LSE         = ArrayOp("logsumexp",   lambda a, axis: a.logsumexp(axis),
                                     lambda G, y, a, axis: (G * a.softmax(axis),))
SOFTMAX     = ArrayOp("softmax",     lambda a, axis: a.softmax(axis),
                                     lambda G, y, a, axis: (y * (G - (G * y).sum(axis)),))
LOG_SOFTMAX = ArrayOp("log_softmax", lambda a, axis: a.log_softmax(axis),
                                     lambda G, y, a, axis: (G - G.sum(axis) * a.softmax(axis),))

# A sum over elements of a, divided by their number, as Σ (aᵢ − ā)² / (n − 1).
PER_COUNT   = ArrayOp("÷",           lambda total, a, axis, less: total / (count(a, axis) - less),
                                     lambda G, y, total, a, axis, less: (G / (count(a, axis) - less), 0.0))

# Other arrangements of the same numbers: each gets back G where its own numbers went. A `place` says which elements of
# `a` were taken; `G.placed` has G there, and 0 elsewhere.
TRANSPOSE   = ArrayOp("ᵀ",           lambda a: transposed(a),
                                     lambda G, y, a: (transposed(G),))
PERMUTE     = ArrayOp("permute",     lambda a, axis: a.permute(axis),
                                     lambda G, y, a, axis: (G.permute(tuple(map(axis.index, range(len(axis))))),))
RESHAPE     = ArrayOp("reshape",     lambda a, shape: a.reshape(shape),
                                     lambda G, y, a, shape: (G.reshape(a.shape),))
INDEX       = ArrayOp("[ ]",         lambda a, place: a[place],
                                     lambda G, y, a, place: (G.placed(place, a.shape),))
WHERE       = ArrayOp("where",       lambda c, a, b: c * a + (1 - c) * b,
                                     lambda G, y, c, a, b: (0.0, summed(G * c, a.shape), summed(G * (1 - c), b.shape)))
CAT         = ArrayOp("cat",         lambda *a, axis: a[0].cat(a[1:], axis),
                                     lambda G, y, *a, axis: G.split([part.shape[axis] for part in a], axis))
STACK       = ArrayOp("stack",       lambda *a: a[0].stack(a[1:]),
                                     lambda G, y, *a: G.rows())

# Of logits z, element by element: −y log σ(z) − (1 − y) log(1 − σ(z)), which is log(1 + eᶻ) − y z. `y` is the target.
BCE         = ArrayOp("binary_cross_entropy",
                                     lambda z, y: ops.log(1 + ops.exp(z)) - y * z,
                                     lambda G, loss, z, y: (G * (z.sigmoid() - y), -G * z))
# A Python function of single numbers, for which there is no rule.
MAP         = ArrayOp("map")
# fmt: on

#: These remove the axes that they go along.
REDUCTIONS = (SUM, MEAN, MAX, MIN, LSE)
#: These, and powers, may be written inside the formula of another operation, as W h in W h + b.
INSIDE = (
    MATMUL, AFFINE, SUM, MEAN, PER_COUNT, LSE, BCE,
    ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.NEG, ops.EXP, ops.LOG, ops.ABS,
    ops.SUM, ops.DOT, ops.AFFINE,
)  # fmt: skip
#: These too, if their argument has a name, as in tanh(z). Any other result gets a name and a line,
#: unless it is a view.
OF_NAMES = (ops.TANH, ops.SIGMOID, ops.RELU, ops.SIN, ops.COS, ops.SQRT)
