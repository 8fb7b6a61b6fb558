"""The page of calculus: every primitive, its value and its partial derivatives.

A row reads: symbol, value from the arguments, partials from the output `y` and the arguments. The
partials are ordinary arithmetic: fed floats they are floats, fed `Value`s a graph that can be
differentiated again, fed symbols a formula. The engine has no derivative of a primitive anywhere else.

Letters: `a`, `b`, `c`, `z` are arguments, `y` is the output, `n` a constant exponent.
Where calculus leaves a choice: relu'(0) = abs'(0) = step'(0) = 0, and a tie shares the gradient equally.
"""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache, reduce
from operator import add, mul, neg, sub, truediv
from typing import Any, NamedTuple


class Op(NamedTuple):
    """One row: `value(a, …)` is y, and `partials(y, a, …)` is (∂y/∂input, …).

    With `vectors` = k the inputs are k vectors of one length, one after the other, and then fewer than k
    single numbers: affine gets a₁ … aₙ b₁ … bₙ c and takes (a, b, c). `exponent` is the n of aⁿ.
    """

    symbol: str
    value: Callable[..., Any]
    partials: Callable[..., tuple[Any, ...]]
    vectors: int = 0
    exponent: float | None = None

    def arguments(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The inputs as `value` and `partials` take them.

        >>> MUL.arguments((1.0, 2.0)), AFFINE.arguments((1.0, 2.0, 3.0, 4.0, 5.0))
        ((1.0, 2.0), ((1.0, 2.0), (3.0, 4.0), 5.0))
        """
        m, n = self.vectors, len(inputs) // max(1, self.vectors)
        return (*[inputs[k * n : (k + 1) * n] for k in range(m)], *inputs[m * n :]) if m else inputs


# Functions for the rows, of a float or of anything that has the method: a Value, a symbol.


def exp(a: Any) -> Any:
    return math.exp(a) if isinstance(a, float) else a.exp()


def log(a: Any) -> Any:
    return math.log(a) if isinstance(a, float) else a.log()


def sin(a: Any) -> Any:
    return math.sin(a) if isinstance(a, float) else a.sin()


def cos(a: Any) -> Any:
    return math.cos(a) if isinstance(a, float) else a.cos()


def step(a: Any) -> Any:
    """1 where a > 0, else 0."""
    return (1.0 if a > 0 else 0.0) if isinstance(a, float) else a.step()


def greater(a: Any, b: Any) -> Any:
    """1 where a > b, ½ where a = b, 0 where a < b."""
    return (1 + step(a - b) - step(b - a)) / 2


def largest(z: tuple[Any, ...]) -> Any:
    return max(z) if isinstance(z[0], float) else reduce(lambda a, b: a.maximum(b), z)


def smallest(z: tuple[Any, ...]) -> Any:
    return min(z) if isinstance(z[0], float) else reduce(lambda a, b: a.minimum(b), z)


def shares_of_largest(y: Any, z: Iterable[Any]) -> tuple[Any, ...]:
    """1/k for each of the k largest, 0 for the others."""
    is_largest = [1 - step(y - zi) for zi in z]
    k = sum(is_largest)
    return tuple([one / k for one in is_largest])


def sigmoid(a: float) -> float:
    """1 / (1 + e⁻ᵃ), written so that the exponential never overflows."""
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def logsumexp(z: tuple[Any, ...]) -> Any:
    """m + log Σ exp(zᵢ − m), which is log Σ exp(zᵢ) for every m; with m = max z nothing overflows."""
    m = largest(z)
    return m + log(sum([exp(zi - m) for zi in z]))


def reciprocal(a: Any) -> Any:
    """1 / a, and ∞ at 0: a partial may be infinite where the value is not, as at √0."""
    return math.inf if isinstance(a, float) and a == 0 else 1 / a


def raised(a: Any, n: Any) -> Any:
    """aⁿ. Floats that overflow, and 0⁻¹, give ±∞: as in `reciprocal`, a partial may be infinite."""
    if not isinstance(a, float):
        return a**n
    try:
        return math.inf if a == 0 > n else math.pow(a, n)
    except OverflowError:
        return -math.inf if a < 0 and n % 2 else math.inf


def slope_of_power(a: Any, n: Any) -> Any:
    """n aⁿ⁻¹, which is 0 for n = 0, also where aⁿ⁻¹ is infinite."""
    return 0.0 if n == 0 else n * raised(a, n - 1)


# fmt: off
#            symbol     value                               partials
ADD     = Op("+",       add,                                lambda y, a, b: (1.0, 1.0))
SUB     = Op("−",       sub,                                lambda y, a, b: (1.0, -1.0))
MUL     = Op("×",       mul,                                lambda y, a, b: (b, a))
DIV     = Op("÷",       truediv,                            lambda y, a, b: (1 / b, -y / b))
NEG     = Op("neg",     neg,                                lambda y, a: (-1.0,))

EXP     = Op("exp",     math.exp,                           lambda y, a: (y,))
LOG     = Op("log",     math.log,                           lambda y, a: (1 / a,))
SQRT    = Op("sqrt",    math.sqrt,                          lambda y, a: (reciprocal(2 * y),))
TANH    = Op("tanh",    math.tanh,                          lambda y, a: (1 - y * y,))
SIGMOID = Op("sigmoid", sigmoid,                            lambda y, a: (y * (1 - y),))
SIN     = Op("sin",     math.sin,                           lambda y, a: (cos(a),))
COS     = Op("cos",     math.cos,                           lambda y, a: (-sin(a),))
SQUARE  = Op("^2",      lambda a: a * a,                    lambda y, a: (2 * a,), exponent=2.0)

STEP    = Op("step",    step,                               lambda y, a: (0.0,))
RELU    = Op("relu",    lambda a: a if a > 0 else 0.0,      lambda y, a: (step(a),))
ABS     = Op("abs",     abs,                                lambda y, a: (step(a) - step(-a),))
MAXIMUM = Op("maximum", lambda a, b: a if a > b else b,     lambda y, a, b: (greater(a, b), greater(b, a)))
MINIMUM = Op("minimum", lambda a, b: a if a < b else b,     lambda y, a, b: (greater(b, a), greater(a, b)))
STOP    = Op("stop_gradient", lambda a: a,                  lambda y, a: (0.0,))  # by definition

POW     = Op("pow",     math.pow,                           lambda y, a, b: (slope_of_power(a, b), y * log(a)))  # a > 0

# Of vectors a, b, z, which are tuples. AFFINE is a neuron's w · x + b, recorded by network/functions.py.
SUM     = Op("sum",     lambda a: sum(a, 0.0),              lambda y, a: (1.0,) * len(a),             vectors=1)
DOT     = Op("dot",     lambda a, b: sum(map(mul, a, b), 0.0), lambda y, a, b: (*b, *a),              vectors=2)
AFFINE  = Op("affine",  lambda a, b, c: sum(map(mul, a, b), 0.0) + c, lambda y, a, b, c: (*b, *a, 1.0), vectors=2)
MAX     = Op("max",     largest,                            shares_of_largest,                        vectors=1)
MIN     = Op("min",     smallest,                           lambda y, z: shares_of_largest(-y, map(neg, z)), vectors=1)
LSE     = Op("logsumexp", logsumexp,                        lambda y, z: tuple([exp(zi - y) for zi in z]), vectors=1)
# fmt: on


@lru_cache(maxsize=1024)
def power(n: float) -> Op:
    """The row aⁿ for a constant n, with the slope n aⁿ⁻¹. (n = 0 is the constant 1, also at a = 0.)"""
    if n == 2:
        return SQUARE
    return Op(f"^{n:.12g}", lambda a: math.pow(a, n), lambda y, a: (slope_of_power(a, n),), exponent=n)


TABLE = (
    ADD, SUB, MUL, DIV, NEG, EXP, LOG, SQRT, TANH, SIGMOID, SIN, COS, SQUARE,
    STEP, RELU, ABS, MAXIMUM, MINIMUM, STOP, POW, SUM, DOT, AFFINE, MAX, MIN, LSE,
)  # fmt: skip
