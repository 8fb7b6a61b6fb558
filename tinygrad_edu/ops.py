"""The page of calculus: every primitive, its value and its partial derivatives.

A row reads: symbol, value on floats, partials from the output `y` and the arguments, and how
Python spells it where that is not `symbol(a)`. The partials are ordinary arithmetic, so the
same row gives a float when it is fed floats and a differentiable graph when it is fed
`Value`s. No derivative is written anywhere else.

Letters: `a`, `b`, `c`, `z` are arguments, `y` is the output, `n` is a constant exponent.

Conventions where calculus leaves a choice: relu'(0) = 0, abs'(0) = 0, step'(a) = 0
everywhere, and a tie in maximum or minimum gives each input half.
"""

from __future__ import annotations

import math
from functools import lru_cache, reduce
from operator import add, mul, neg, sub, truediv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Op:
    """One row: `value(a)`, `value(a, b)` or `value(a, b, c)` is y, and `partials(y, a, …)` (∂y/∂input, …).

    `python` is the same value as source text in the letters a and b, or, for any number of
    inputs, a function that builds it from simpler rows. The arguments are the inputs
    themselves, or, of a row with `vectors`, so many tuples of the same length and then the rest.
    A row is `steep` where a partial may be too large for a float though y is not.
    """

    __slots__ = ("symbol", "value", "partials", "python", "vectors", "steep")

    def __init__(
        self,
        symbol: str,
        value: Callable[..., float],
        partials: Callable[..., tuple[Any, ...]],
        python: str | Callable[..., Any] | None = None,
        vectors: int = 0,
        steep: bool = False,
    ) -> None:
        self.symbol = symbol
        self.value = value
        self.partials = partials
        self.python = python or f"{symbol}(a)"
        self.vectors = vectors
        self.steep = steep

    def arguments(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The inputs as `value` and `partials` take them.

        >>> MUL.arguments((1.0, 2.0)), AFFINE.arguments((1.0, 2.0, 3.0, 4.0, 5.0))
        ((1.0, 2.0), ((1.0, 2.0), (3.0, 4.0), 5.0))
        """
        if not self.vectors:
            return inputs
        n = len(inputs) // self.vectors
        return (*[inputs[k * n : (k + 1) * n] for k in range(self.vectors)], *inputs[self.vectors * n :])

    def __repr__(self) -> str:
        return f"<Op {self.symbol}>"


# Functions the partials need, on a float or on anything that has the method (a Value).


def exp(a: Any) -> Any:
    return math.exp(a) if isinstance(a, float) else a.exp()


def sin(a: Any) -> Any:
    return math.sin(a) if isinstance(a, float) else a.sin()


def cos(a: Any) -> Any:
    return math.cos(a) if isinstance(a, float) else a.cos()


def step(a: Any) -> Any:
    """1 where a > 0, else 0."""
    return (1.0 if a > 0 else 0.0) if isinstance(a, float) else a.step()


def raised(a: Any, n: float) -> Any:
    """aⁿ, for a float as the row aⁿ computes it."""
    return power(n).value(a) if isinstance(a, float) else a**n


def over(a: Any, b: Any) -> Any:
    """1 where a > b, ½ where a = b, 0 where a < b."""
    return (1 + step(a - b) - step(b - a)) / 2


# On paper these are 1 − y², 1 − y and exp(zᵢ − y). Computed so, they lose their digits where y is near 1
# or large; but the inputs a and z still have them. tests/test_accuracy.py measures how exact every row is.


def one_minus_square(y: Any, a: Any) -> Any:
    """1 − y² for y = tanh a, which is also 1 / cosh² a = 4e / (1 + e)² with e = exp(−2|a|)."""
    if not isinstance(y, float):
        return y.one_minus_square(a)
    if y * y < 0.5:
        return 1 - y * y
    e = math.exp(-2 * abs(a))
    return 4 * e / (1 + e) ** 2


def one_minus(y: Any, a: Any) -> Any:
    """1 − y for y = σ(a), which is also σ(−a)."""
    if isinstance(y, float):
        return 1 - y if y < 0.75 else _sigmoid(-a)
    return y.one_minus(a)


def softmax(y: Any, z: tuple[Any, ...]) -> tuple[Any, ...]:
    """exp(zᵢ − y) for y = log Σ exp zⱼ, which is also eᵢ / Σ eⱼ with eᵢ = exp(zᵢ − max z)."""
    return shares(z, max(z), sum) if isinstance(y, float) else y.softmax(z)


def shares(z: Any, shift: Any, total: Callable[[Any], Any]) -> tuple[Any, ...]:
    """eᵢ / Σ eⱼ with eᵢ = exp(zᵢ − shift), which is the same for every shift."""
    e = [exp(zi - shift) for zi in z]
    s = total(e)
    return tuple([ei / s for ei in e])


# Values that need more than one expression.


def _sigmoid(a: float) -> float:
    """1 / (1 + e⁻ᵃ), written so that the exponential never overflows."""
    if a >= 0:
        return 1 / (1 + math.exp(-a))
    return math.exp(a) / (1 + math.exp(a))


def _logsumexp(z: tuple[float, ...]) -> float:
    """log Σ eᶻ = m + log Σ eᶻ⁻ᵐ with m = max z, so that no exponential overflows."""
    m = max(z)
    return m + math.log(sum([math.exp(zi - m) for zi in z]))


# The same in simpler rows, for those who print them.

SIGMOID_AS = "exp(a if a < 0 else 0.0) / (1.0 + exp(-abs(a)))"


def _sum_as(a: Any) -> Any:
    return reduce(add, a)


def _dot_as(a: Any, b: Any) -> Any:
    return reduce(add, map(mul, a, b))


def _affine_as(a: Any, b: Any, c: Any) -> Any:
    return _dot_as(a, b) + c


def _largest_as(z: Any) -> Any:
    return reduce(lambda a, b: a.maximum(b), z)


def _logsumexp_as(z: Any) -> Any:
    m = _largest_as(z)
    return m + reduce(add, [exp(zi - m) for zi in z]).log()


ONE_MINUS_SQUARE_AS = "1.0 - q if (q := a * a) < 0.5 else 4.0 * (e := exp(-2.0 * abs(b))) / (1.0 + e) ** 2"
ONE_MINUS_AS = "1.0 - a if a < 0.75 else (e := exp(-abs(b))) / (1.0 + e)"


# fmt: off
#            symbol     value                            partials                                     in Python
ADD     = Op("+",       add,                             lambda y, a, b: (1.0, 1.0),                  "a + b")
SUB     = Op("−",       sub,                             lambda y, a, b: (1.0, -1.0),                 "a - b")
MUL     = Op("×",       mul,                             lambda y, a, b: (b, a),                      "a * b")
DIV     = Op("÷",       truediv,                         lambda y, a, b: (1 / b, -y / b),           "a / b", steep=True)
NEG     = Op("neg",     neg,                             lambda y, a: (-1.0,),                        "-a")

EXP     = Op("exp",     math.exp,                        lambda y, a: (y,))
LOG     = Op("log",     math.log,                        lambda y, a: (1 / a,),                       steep=True)
SQRT    = Op("sqrt",    math.sqrt,                       lambda y, a: (1 / (2 * y),))
TANH    = Op("tanh",    math.tanh,                       lambda y, a: (one_minus_square(y, a),))
SIGMOID = Op("sigmoid", _sigmoid,                        lambda y, a: (y * one_minus(y, a),),         SIGMOID_AS)
SIN     = Op("sin",     math.sin,                        lambda y, a: (cos(a),))
COS     = Op("cos",     math.cos,                        lambda y, a: (-sin(a),))

STEP    = Op("step",    lambda a: 1.0 if a > 0 else 0.0, lambda y, a: (0.0,),               "1.0 if a > 0 else 0.0")
RELU    = Op("relu",    lambda a: a if a > 0 else 0.0,   lambda y, a: (step(a),),           "a if a > 0 else 0.0")
ABS     = Op("abs",     abs,                             lambda y, a: (step(a) - step(-a),))
MAXIMUM = Op("max",     lambda a, b: a if a > b else b,  lambda y, a, b: (over(a, b), over(b, a)), "a if a > b else b")
MINIMUM = Op("min",     lambda a, b: a if a < b else b,  lambda y, a, b: (over(b, a), over(a, b)), "a if a < b else b")

# Of vectors: a and b are tuples of any length, c is a number. The partials of dot are all bᵢ, and then all aᵢ;
# affine, with which a neuron begins, has those and that of c.
SUM    = Op("sum",       lambda a: sum(a, 0.0),                 lambda y, a: (1.0,) * len(a), _sum_as,       vectors=1)
LSE    = Op("logsumexp", _logsumexp,                            softmax,                      _logsumexp_as, vectors=1)
DOT    = Op("dot",       lambda a, b: sum(map(mul, a, b), 0.0), lambda y, a, b: b + a,        _dot_as,       vectors=2)
AFFINE = Op("affine",    lambda a, b, c: sum(map(mul, a, b), 0.0) + c,
                                                                lambda y, a, b, c: b + a + (1.0,),
                                                                                              _affine_as,    vectors=2)

# For the partials above. They are functions of the first input alone; the second is where its last digits are.
# The shift in a softmax cancels, so that the softmax does not depend on it: its partials count as 0.
ONE_MINUS_SQUARE = Op("1−y²", one_minus_square, lambda _, y, a: (-2.0 * y, 0.0), ONE_MINUS_SQUARE_AS, steep=True)
ONE_MINUS        = Op("1−y",  one_minus,        lambda _, y, a: (-1.0, 0.0),     ONE_MINUS_AS)
LARGEST          = Op("largest", max, lambda y, z: (0.0,) * len(z), _largest_as, vectors=1)

# The power that is there in every loss: a · a is faster than pow(a, 2.0), which may also round.
SQUARE = Op("^2", lambda a: a * a, lambda y, a: (2.0 * a,), "a * a")
# fmt: on


@lru_cache(maxsize=1024)
def power(n: float) -> Op:
    """The row aⁿ for a constant exponent n. (n = 0 is the constant 1, also at a = 0.)

    Its slope is n aⁿ⁻¹, or n y / a where n − 1 would have to be rounded, as for n = 0.1.
    """
    if n == 2:
        return SQUARE
    return Op(
        f"^{n:g}",
        lambda a: math.pow(a, n),
        (lambda y, a: (n * raised(a, n - 1) if n else 0.0,)) if n - 1 + 1 == n else (lambda y, a: (n * y / a,)),
        {0.0: "1.0", 1.0: "a"}.get(n, f"a ** {n:.0f}" if n.is_integer() else f"pow(a, {n!r})"),
        steep=True,
    )


#: The whole page, for whoever wants to go through it row by row; `power(n)` makes the rest.
TABLE = (
    ADD, SUB, MUL, DIV, NEG,
    EXP, LOG, SQRT, TANH, SIGMOID, SIN, COS,
    STEP, RELU, ABS, MAXIMUM, MINIMUM,
    SUM, LSE, DOT, AFFINE,
    ONE_MINUS_SQUARE, ONE_MINUS, LARGEST,
)  # fmt: skip
