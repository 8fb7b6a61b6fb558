"""How exact every row of the table is: the number, its slopes and its curvature against 50 digits.

The truth is typed here once more, as mathematics has it and mpmath computes it, and knows nothing
of `ops.py`. An error is measured in ulp: 1 ulp is the distance from the true number to the next
float, and for what underflows that is the smallest float there is, 5e-324. Where a sum cancels,
the number is compared with the size of its terms instead: see `Row.scales`.

The figures that come out stand in the README, rounded up to halves.
"""

import math
import platform
import re
import sys
from functools import cache
from pathlib import Path
from random import Random

import pytest
from mpmath import mp, mpf

from tinygrad_edu import Value, compile_graph, grad
from tinygrad_edu.ops import (
    ABS,
    ADD,
    AFFINE,
    COS,
    DIV,
    DOT,
    EXP,
    LARGEST,
    LOG,
    LSE,
    MAXIMUM,
    MINIMUM,
    MUL,
    NEG,
    ONE_MINUS,
    ONE_MINUS_SQUARE,
    RELU,
    SIGMOID,
    SIN,
    SQRT,
    STEP,
    SUB,
    SUM,
    TABLE,
    TANH,
    power,
)
from tinygrad_edu.value import numbers, record

mp.dps = 50
LARGE = mpf(sys.float_info.max)
NAIVE_SUM = sys.version_info < (3, 12)  # from then on Python carries the lost digits of a sum along


# The points: over all magnitudes, denser where most happens, and at the edges of each function.


def magnitudes(n, smallest=-300, largest=300, seed=0):
    """n numbers above 0, evenly over the powers of ten."""
    random = Random(seed)
    return [10 ** (smallest + (largest - smallest) * (i + random.random()) / n) for i in range(n)]


def around(*points):
    """The points with their neighbours: the next floats, and at distances that become smaller and smaller."""
    near = [x * (1 + s * 2.0**-k) for x in points for k in range(2, 53, 3) for s in (1, -1)]
    return [*points, *near, *[math.nextafter(x, s * math.inf) for x in points for s in (1, -1)]]


# The worst of 10⁵ that were tried: log, the curvature of sqrt, and all three of tanh and sigmoid; and one
# where (1 + y)² exp(−2a), which is 1 − y² too, is off by 4.2 ulp.
HARD = [1.085020114076025, 1.6788440263854922, 0.5159997744170128, 1.337674085071392, 1.3050460042562173,
        -2.7432100791980805, 2.6830191670184, 14.606748437090566, 0.8857081220794917]  # fmt: skip
POSITIVE = [*magnitudes(250), *magnitudes(250, -3, 3), *around(1.0), *[i / 200 for i in range(1, 500)], *HARD[:2]]
REAL = [*POSITIVE, *[-x for x in POSITIVE], 0.0, -0.0]
# Where exp overflows and where it underflows, where tanh and sigmoid change their formula, and where they are 1.
EDGES = (709.78, 745.13, 0.8673, math.log(3), 19.06, 36.7, 372.5, 400.0)
STEEP = [*HARD, *REAL, *[s * x for x in [*around(*EDGES), *magnitudes(200, -0.5, 0.3, seed=3)] for s in (1, -1)]]
# The float next to a multiple of π/2, of all sizes; 6381956970095103 · 2⁷⁹⁷ is nearest of all to one.
MULTIPLES = [k * math.pi / 2 for k in [*range(1, 200), *range(10**6, 10**6 + 50), *map(int, magnitudes(50, 7, 9))]]
WAVES = [*REAL, *MULTIPLES, *[-x for x in MULTIPLES],
         6381956970095103 * 2.0**797, 1.5986289000543612e74, 1.2853022199154463e174, 2.331386745148063e283]  # fmt: skip
NOT_ZERO = [x for x in REAL if x]


def pairs(seed=1):
    """Pairs of any size and sign, nearly equal ones, ties, and zeros."""
    random = Random(seed)
    far = [random.sample(NOT_ZERO, 2) for _ in range(600)]
    moderate = [[random.uniform(-3, 3), random.uniform(-3, 3)] for _ in range(300)]
    close = [[x, s * x] for x in NOT_ZERO[::30] for s in (1, -1)]
    close += [[x, s * x * (1 + 2.0 ** -random.randint(1, 52))] for x in NOT_ZERO[::8] for s in (1, -1)]
    return [*far, *moderate, *close, [0.0, 2.0], [0.0, -1e300], [1e-300, 1e300], [1e300, 1e-300]]


def lists(seed, largest=300, of=1):
    """`of` times one to six numbers of the same size, of all sizes, and such that cancel."""
    random = Random(seed)
    result = []
    for _ in range(300):
        n = of * random.randint(1, 6)
        size = 10 ** random.uniform(-largest, largest)
        result.append([size * random.uniform(-1, 1) for _ in range(n)])
        result.append([random.choice([1, -1]) * 10 ** random.uniform(-largest, largest) for _ in range(n)])
        result.append([size, *[size * random.uniform(-1, 1) for _ in range(n - 2)], -size][:n])
    return result


def logits(seed=2):
    """Moderate, large with small distances, far apart, and all but zero."""
    random = Random(seed)
    result = [[random.uniform(-20, 20) for _ in range(random.randint(1, 6))] for _ in range(300)]
    result += [[s * c + random.uniform(-40, 40) for _ in range(4)] for c in magnitudes(150, 2, 8) for s in (1, -1)]
    result += [[random.uniform(-800, 800) for _ in range(3)] for _ in range(100)]
    result += lists(3)[::9]
    return [
        *result,
        [0.0, 0.0],
        [3.168149628264387e-08, -3.168149628264387e-08],
        [1e300, -1e300],
        [-math.log(2), -math.log(2)],
        [0.0, -36.0],
        [5.0],
    ]


# The truth.


class Row:
    """What a row of the table should give, as mpmath computes it.

    `value`, `first` and `second` take mpf numbers; `first` gives a list of ∂y/∂aᵢ, and `second`
    of the ∂²y/∂aᵢ∂aⱼ, row by row. `scales` are three functions as well: with what size each of
    these is compared, where that is not the number itself. `third` is the largest of the third
    derivatives: grad(grad(…)) is a graph, and refused where its own slopes would overflow.
    """

    def __init__(self, points, value, first, second, scales=(None, None, None), third=None):
        self.points = [tuple(point) for point in points]
        self.functions = value, first, second
        self.scales = scales
        self.third = third or (lambda *_: mpf(0))

    def truth(self, order, inputs):
        """[(the number, what it is compared with), …] for the derivatives of this order."""
        result = self.functions[order](*inputs)
        numbers = result if order else [result]
        scale = self.scales[order]
        sizes = numbers if scale is None else scale(*inputs)
        return list(zip(numbers, sizes if isinstance(sizes, list) else [sizes] * len(numbers), strict=True))


def unary(points, value, slope, curvature, scales=(None, None, None), third=None):
    return Row([(a,) for a in points], value, lambda a: [slope(a)], lambda a: [curvature(a)], scales, third)


def binary(value, first, second):
    return Row(pairs(), value, first, second)


def constant(*numbers):
    return lambda *_: list(map(mpf, numbers))


def step(a):
    return mpf(a > 0)


def sign(a, b):
    """1 where a > b, ½ where a = b, 0 where a < b."""
    return [mpf(a > b) + mpf(a == b) / 2, mpf(b > a) + mpf(a == b) / 2]


def powers(n):
    """aⁿ for the constant n, which is a float and so an exact number."""
    n = mpf(n)
    points = NOT_ZERO[::3] if n == int(n) else POSITIVE

    def slope(a):
        return n * a ** (n - 1)

    def curvature(a):
        return n * (n - 1) * a ** (n - 2)

    def at_least(f, factor):
        """A power that underflows is wrong by half of the smallest float, and then multiplied."""
        return lambda a: max(abs(f(a)), abs(factor) * sys.float_info.min)

    return unary(
        points, lambda a: a**n, slope, curvature,
        (None, at_least(slope, n), at_least(curvature, n * (n - 1))),
        third=lambda a: n * (n - 1) * (n - 2) * a ** (n - 3),
    )  # fmt: skip


def sech2(a):
    return mp.sech(a) ** 2 if abs(a) < 1e6 else 4 * mp.exp(-2 * abs(a))


def sigma(a):
    return 1 / (1 + mp.exp(-a))


def slope_of_sigma(a):
    e = mp.exp(-abs(a))
    return e / (1 + e) ** 2


def softmax(*z):
    e = [mp.exp(zi - max(z)) for zi in z]
    return [ei / mp.fsum(e) for ei in e]


def logsumexp(*z):
    return max(z) + mp.log(mp.fsum([mp.exp(zi - max(z)) for zi in z]))


def hessian_of_logsumexp(*z):
    p = softmax(*z)
    return [p[i] * ((i == j) - p[j]) for i in range(len(z)) for j in range(len(z))]


def distances(z):
    """|zᵢ − max z|: the float nearest to it is wrong by that much ε, and so is its exponential."""
    return [max(z) - zi for zi in z]


def softmax_scale(*z):
    return [pi * (1 + di) for pi, di in zip(softmax(*z), distances(z))]


def hessian_scale(*z):
    p, d, n = softmax(*z), distances(z), range(len(z))
    return [p[i] * (1 if i == j else p[j]) * (1 + d[i] + d[j]) for i in n for j in n]


def of_wave(f):
    """Some 2⁻⁹² are wrong in sin and cos of glibc 2.36 from 10⁸ on: where they are all but 0 it shows."""
    return lambda a: max(abs(f(a)), mpf(2) ** -40 if abs(a) > 1e8 else 0)


def no_curvature(*a):
    return [mpf(0)] * len(a) ** 2


def dot(*ab):
    n = len(ab) // 2
    return mp.fsum([a * b for a, b in zip(ab[:n], ab[n:])])


def slopes_of_dot(*ab):
    n = len(ab) // 2
    return [*ab[n:], *ab[:n]]


def curvature_of_dot(*ab):
    n = len(ab) // 2
    return [mpf(abs(i - j) == n) for i in range(2 * n) for j in range(2 * n)]


def affine(*abc):
    return dot(*abc[:-1]) + abc[-1]


def curvature_of_affine(*abc):
    n = len(abc) // 2
    return [mpf(abs(i - j) == n and max(i, j) < 2 * n) for i in range(2 * n + 1) for j in range(2 * n + 1)]


def affine_points():
    """Vectors and a number of any size, and one that cancels their product."""
    points = [*lists(5, 150, of=2), *lists(6, of=2)[::3]]
    far = [[*ab, c] for ab, [c, *_] in zip(points, lists(8))]
    return [*far, *[[*ab, -float(dot(*map(mpf, ab)))] for ab in points if abs(dot(*map(mpf, ab))) < LARGE]]


ROWS = {
    ADD: binary(lambda a, b: a + b, constant(1, 1), no_curvature),
    SUB: binary(lambda a, b: a - b, constant(1, -1), no_curvature),
    MUL: binary(lambda a, b: a * b, lambda a, b: [b, a], constant(0, 1, 1, 0)),
    DIV: Row(
        [(a, b) for a, b in pairs() if b],
        lambda a, b: a / b,
        lambda a, b: [1 / b, -a / b**2],
        lambda a, b: [mpf(0), -1 / b**2, -1 / b**2, 2 * a / b**3],
        third=lambda a, b: max(abs(2 / b**3), abs(6 * a / b**4)),
    ),
    NEG: unary(REAL, lambda a: -a, lambda a: mpf(-1), lambda a: mpf(0)),
    EXP: unary(STEEP, mp.exp, mp.exp, mp.exp),
    LOG: unary(POSITIVE, mp.log, lambda a: 1 / a, lambda a: -1 / a**2, third=lambda a: 2 / a**3),
    SQRT: unary(
        POSITIVE, mp.sqrt, lambda a: 1 / (2 * mp.sqrt(a)), lambda a: -1 / (4 * a * mp.sqrt(a)),
        third=lambda a: 3 / (8 * a**2 * mp.sqrt(a)),
    ),
    TANH: unary(STEEP, mp.tanh, sech2, lambda a: -2 * mp.tanh(a) * sech2(a)),
    # σ″ = σ′ (1 − 2σ) cancels near a = 0, so it is compared with σ′.
    SIGMOID: unary(
        STEEP, sigma, slope_of_sigma, lambda a: -slope_of_sigma(a) * mp.tanh(a / 2), (None, None, slope_of_sigma)
    ),
    SIN: unary(WAVES, mp.sin, mp.cos, lambda a: -mp.sin(a), (of_wave(mp.sin), of_wave(mp.cos), of_wave(mp.sin))),
    COS: unary(
        WAVES, mp.cos, lambda a: -mp.sin(a), lambda a: -mp.cos(a), (of_wave(mp.cos), of_wave(mp.sin), of_wave(mp.cos))
    ),
    STEP: unary(REAL, step, lambda a: mpf(0), lambda a: mpf(0)),
    RELU: unary(REAL, lambda a: a * step(a), step, lambda a: mpf(0)),
    ABS: unary(REAL, abs, mp.sign, lambda a: mpf(0)),
    MAXIMUM: binary(max, sign, no_curvature),
    MINIMUM: binary(min, lambda a, b: sign(-a, -b), no_curvature),
    SUM: Row(
        lists(4), lambda *a: mp.fsum(a), lambda *a: [mpf(1)] * len(a), no_curvature,
        (lambda *a: mp.fsum(map(abs, a)), None, None),
    ),
    DOT: Row(
        [*lists(5, 150, of=2), *lists(6, of=2)[::3]],
        dot, slopes_of_dot, curvature_of_dot, (lambda *ab: dot(*map(abs, ab)), None, None),
    ),
    AFFINE: Row(
        affine_points(), affine, lambda *abc: [*slopes_of_dot(*abc[:-1]), mpf(1)], curvature_of_affine,
        (lambda *abc: affine(*map(abs, abc)), None, None),
    ),
    LSE: Row(
        logits(), logsumexp, softmax, hessian_of_logsumexp,
        (lambda *z: max(map(abs, [*z, logsumexp(*z)])), softmax_scale, hessian_scale),
    ),
    # Of tanh a or σ(a) and a: the number is that of the a, not of the rounded first input.
    ONE_MINUS_SQUARE: Row(
        [(math.tanh(a), a) for a in [*HARD, *STEEP[::2]]],
        lambda y, a: sech2(a), lambda y, a: [-2 * mp.tanh(a), mpf(0)], constant(-2, 0, 0, 0),
    ),
    ONE_MINUS: Row(
        [(SIGMOID.value(a), a) for a in STEEP], lambda y, a: sigma(-a), constant(-1, 0), no_curvature
    ),
    LARGEST: Row(lists(7), lambda *z: max(z), lambda *z: [mpf(0)] * len(z), no_curvature),
}  # fmt: skip
EXPONENTS = (0.0, 1.0, 2.0, 3.0, 4.0, 7.0, -1.0, -2.0, -3.0, 0.5, 1.5, 2.5, -0.5, -2.5, 0.1, 1 / 3, -1 / 3, -1.1, 1.1)
POWERS = {power(n): powers(n) for n in EXPONENTS}
every_row = pytest.mark.parametrize("op", [*ROWS, *POWERS], ids=lambda op: op.symbol)


# What the engine gives, and how far it is from the truth.


def recorded(op, point):
    """The node for the row at this point, and its inputs; None where the engine refuses."""
    inputs = tuple(map(Value, point))
    try:
        return record(op, inputs, *op.arguments(tuple(point))), inputs
    except (ArithmeticError, ValueError):
        return None, inputs


def computed(order, node, inputs):
    """The derivatives of this order as the engine has them; None where it refuses."""
    if order < 2:
        return node.partials if order else [node.data]
    try:
        return [dd.data for d in grad(node, inputs) for dd in grad(d, inputs)]
    except (ArithmeticError, ValueError):
        return None


def too_large(numbers):
    """Whether one exceeds a float; a step on the way to it may be 16 times as large."""
    return any([abs(number) > LARGE / 16 for number in numbers])


def ulps(number, truth, scale):
    return float(abs(mpf(number) - truth) / mpf(math.ulp(float(scale))))


@cache
def measured(op):
    """The largest errors of the row, in ulp: of its value, its slopes, its curvature."""
    row = (ROWS | POWERS)[op]
    worst = [(0.0, None)] * 3
    refused = 0
    for i, point in enumerate(row.points):
        exact = tuple(map(mpf, point))
        node, inputs = recorded(op, point)
        truths = []
        for order in (0, 1, 2) if i % 4 == 0 or point[0] in HARD else (0, 1):  # grad(grad(…)) takes longer
            truths += (expected := row.truth(order, exact))
            found = computed(order, node, inputs) if node else None
            if found is None:
                continue
            for number, (truth, scale) in zip(found, expected, strict=True):
                assert abs(truth) < LARGE, f"{op.symbol} of {point} is {number}, but should overflow"
                worst[order] = max(worst[order], (ulps(number, truth, scale), point), key=lambda pair: pair[0])
        if node is None or found is None:
            refused += 1
            beyond = [row.third(*exact)] if node else []
            assert too_large([*[number for number, _ in truths], *beyond]), f"{op.symbol} refuses {point}"
    assert refused < len(row.points) / 2
    return worst


# Python's math is the C library's: another one may be a little better here and worse there.
OTHER_LIBRARY = 0.0 if platform.libc_ver()[0] == "glibc" else 2.0


def stated():
    """The table of the README: for each symbol the three figures."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## How exact it is\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"]
    return {symbol: list(map(float, cells[1:4])) for cells in rows for symbol in re.findall("`([^`]+)`", cells[0])}


def test_every_row_has_a_truth_to_be_compared_with_and_a_line_in_the_readme():
    assert set(ROWS) == set(TABLE)
    assert set(stated()) == {op.symbol for op in TABLE} | {"aⁿ"}


def figures(op):
    """The row's largest errors; those of all powers together."""
    if op in ROWS:
        return [error for error, _ in measured(op)]
    return [max(errors) for errors in zip(*[[error for error, _ in measured(op)] for op in POWERS])]


@every_row
def test_no_error_is_larger_than_the_readme_says(op):
    bounds = stated()[op.symbol if op in ROWS else "aⁿ"]
    for what, bound, (error, point) in zip(("value", "slope", "curvature"), bounds, measured(op)):
        assert error <= bound + OTHER_LIBRARY, f"{what} of {op.symbol} at {point}"


@pytest.mark.parametrize("op", [*ROWS, power(2.0)], ids=lambda op: op.symbol)
def test_the_readme_does_not_promise_less_than_there_is(op):
    if op in (SUM, DOT, AFFINE, LSE) and not NAIVE_SUM:
        return  # better than it says
    for bound, error in zip(stated()[op.symbol if op in ROWS else "aⁿ"], figures(op)):
        assert bound - error < 1 + OTHER_LIBRARY  # rounded up to halves


def test_values_and_slopes_are_good_to_4_ulp():
    assert all([max(bounds[:2]) <= 4 for bounds in stated().values()])


@pytest.mark.parametrize(
    "op", [op for op in [*ROWS, *POWERS] if op not in (ONE_MINUS, ONE_MINUS_SQUARE)], ids=lambda op: op.symbol
)
def test_a_compiled_program_is_within_4_ulp_of_the_engine(op):
    # Those two are in the programs of tanh and sigmoid.
    row = (ROWS | POWERS)[op]

    @cache
    def program(n):
        """Recorded once, and then run with all numbers."""
        xs = [Value(0.4 + 0.3 * i) for i in range(n)]
        y = record(op, tuple(xs), *op.arguments(numbers(xs)))
        return compile_graph([y, grad(y, xs)], [xs])

    for point in row.points[::3]:
        node, _ = recorded(op, point)
        if node:
            value, slopes = program(len(point))(point)
            for order, found in enumerate([[value], slopes]):
                engines = computed(order, node, ())
                if tuple(found) != tuple(engines):
                    for number, engine, (_, scale) in zip(found, engines, row.truth(order, tuple(map(mpf, point)))):
                        assert ulps(number, mpf(engine), scale) <= 4, f"{op.symbol} at {point}"
