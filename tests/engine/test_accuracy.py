"""How exact a row is: its value and its slopes beside the truth, which mpmath computes with 50 digits.

The truth is typed here once more, as mathematics has it, and knows nothing of `ops.py`. A value is within
4 ulp of it (1 ulp is the distance to the next float, 5e-324 for what underflows), a slope within
4e-16 · max(1, |slope|): 1 − y² and its kin lose relative digits where a function is flat, not absolute ones.
"""

import math
import sys
from functools import cache
from random import Random

import pytest
from mpmath import mp, mpf

from tinygrad_edu import Value, compile_graph, grad, ops
from tinygrad_edu.ops import LSE, POW, power
from tinygrad_edu.value import numbers, record

mp.dps = 50
LARGE = mpf(sys.float_info.max)


# The points: over all magnitudes, denser where most happens, and at the edges of each function.


def magnitudes(n, smallest=-300, largest=300, seed=0):
    """n numbers above 0, evenly over the powers of ten."""
    random = Random(seed)
    return [10 ** (smallest + (largest - smallest) * (i + random.random()) / n) for i in range(n)]


def around(*points):
    """The points with their neighbours: the next floats, and at distances that become smaller and smaller."""
    near = [x * (1 + s * 2.0**-k) for x in points for k in range(2, 53, 3) for s in (1, -1)]
    return [*points, *near, *[math.nextafter(x, s * math.inf) for x in points for s in (1, -1)]]


POSITIVE = [*magnitudes(250), *magnitudes(250, -3, 3), *around(1.0), *[i / 200 for i in range(1, 500)]]
REAL = [*POSITIVE, *[-x for x in POSITIVE], 0.0, -0.0]
NOT_ZERO = [x for x in REAL if x]
# Where exp overflows and where it underflows, and where tanh and sigmoid are 1.
EDGES = (709.78, 745.13, 19.06, 36.7, 372.5)
STEEP = [*REAL, *[s * x for x in [*around(*EDGES), *magnitudes(200, -0.5, 0.3, seed=3)] for s in (1, -1)]]
# The float next to a multiple of π/2, of all sizes; 6381956970095103 · 2⁷⁹⁷ is nearest of all to one.
MULTIPLES = [k * math.pi / 2 for k in [*range(1, 200), *range(10**6, 10**6 + 50), *map(int, magnitudes(50, 7, 9))]]
WAVES = [*REAL, *MULTIPLES, *[-x for x in MULTIPLES], 6381956970095103 * 2.0**797, 1.5986289000543612e74]


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
    """What a row should give, of mpf numbers: `value` a number, `slopes` a list.

    `size` is what the value is compared with where that is not the value itself: the size of terms that cancel.
    `factor` is by how much more than others the slopes may be off.
    """

    def __init__(self, points, value, slopes, size=None, factor=lambda *_: 1.0):
        self.points = [tuple(point) for point in points]
        self.value, self.slopes, self.size, self.factor = value, slopes, size or value, factor


def unary(points, value, slope, size=None, factor=lambda *_: 1.0):
    return Row([(a,) for a in points], value, lambda a: [slope(a)], size, factor)


def binary(value, slopes):
    return Row(pairs(), value, slopes)


def constant(*numbers):
    return lambda *_: list(map(mpf, numbers))


def step(a):
    return mpf(a > 0)


def sign(a, b):
    """1 where a > b, ½ where a = b, 0 where a < b."""
    return [mpf(a > b) + mpf(a == b) / 2, mpf(b > a) + mpf(a == b) / 2]


def rounded_exponent(a, n):
    """n − 1 is rounded, and aⁿ⁻¹ then off by |ln a| times that error, relative to it."""
    return 1.0 + float(abs(mp.log(abs(a)) * (mpf(float(n) - 1) - (n - 1)))) / 4e-16


def powers(n):
    """aⁿ for the constant n, which is a float and so an exact number."""
    points, n = (NOT_ZERO[::3] if n == int(n) else POSITIVE), mpf(n)
    return unary(points, lambda a: a**n, lambda a: n * a ** (n - 1), factor=lambda a: rounded_exponent(a, n))


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


def of_wave(f):
    """Some 2⁻⁹² are wrong in sin and cos of glibc 2.36 from 10⁸ on: where they are all but 0 it shows."""
    return lambda a: max(abs(f(a)), mpf(2) ** -40 if abs(a) > 1e8 else 0)


def dot(*ab):
    n = len(ab) // 2
    return mp.fsum([a * b for a, b in zip(ab[:n], ab[n:])])


def slopes_of_dot(*ab):
    n = len(ab) // 2
    return [*ab[n:], *ab[:n]]


def affine(*abc):
    return dot(*abc[:-1]) + abc[-1]


def affine_points():
    """Vectors and a number of any size, and one that cancels their product."""
    points = [*lists(5, 150, of=2), *lists(6, of=2)[::3]]
    far = [[*ab, c] for ab, [c, *_] in zip(points, lists(8))]
    return [*far, *[[*ab, -float(dot(*map(mpf, ab)))] for ab in points if abs(dot(*map(mpf, ab))) < LARGE]]


ROWS = {
    ops.ADD: binary(lambda a, b: a + b, constant(1, 1)),
    ops.SUB: binary(lambda a, b: a - b, constant(1, -1)),
    ops.MUL: binary(lambda a, b: a * b, lambda a, b: [b, a]),
    ops.DIV: Row([(a, b) for a, b in pairs() if b], lambda a, b: a / b, lambda a, b: [1 / b, -a / b**2]),
    ops.NEG: unary(REAL, lambda a: -a, lambda a: mpf(-1)),
    ops.EXP: unary(STEEP, mp.exp, mp.exp),
    ops.LOG: unary(POSITIVE, mp.log, lambda a: 1 / a),
    ops.SQRT: unary(POSITIVE, mp.sqrt, lambda a: 1 / (2 * mp.sqrt(a))),
    ops.TANH: unary(STEEP, mp.tanh, sech2),
    ops.SIGMOID: unary(STEEP, sigma, slope_of_sigma),
    ops.SIN: unary(WAVES, mp.sin, mp.cos, of_wave(mp.sin)),
    ops.COS: unary(WAVES, mp.cos, lambda a: -mp.sin(a), of_wave(mp.cos)),
    ops.STEP: unary(REAL, step, lambda a: mpf(0)),
    ops.RELU: unary(REAL, lambda a: a * step(a), step),
    ops.ABS: unary(REAL, abs, mp.sign),
    ops.MAXIMUM: binary(max, sign),
    ops.MINIMUM: binary(min, lambda a, b: sign(-a, -b)),
    ops.STOP: unary(REAL, lambda a: a, lambda a: mpf(0)),
    POW: Row(
        [(abs(a), b) for a, b in pairs() if a and abs(b) < 1e3],
        lambda a, b: a**b,
        lambda a, b: [b * a ** (b - 1), a**b * mp.log(a)],
        factor=rounded_exponent,
    ),
    ops.SUM: Row(lists(4), lambda *a: mp.fsum(a), lambda *a: [mpf(1)] * len(a), lambda *a: mp.fsum(map(abs, a))),
    ops.DOT: Row(
        [*lists(5, 150, of=2), *lists(6, of=2)[::3]], dot, slopes_of_dot, lambda *ab: dot(*map(abs, ab))
    ),
    ops.AFFINE: Row(
        affine_points(), affine, lambda *abc: [*slopes_of_dot(*abc[:-1]), mpf(1)], lambda *abc: affine(*map(abs, abc))
    ),
    ops.MAX: Row(lists(7), lambda *z: max(z), lambda *z: [mpf(zi == max(z)) / z.count(max(z)) for zi in z]),
    LSE: Row(
        logits(), logsumexp, softmax,
        # The value is rounded where it is largest, and the slopes exp(zᵢ − y) are off by that.
        lambda *z: max(map(abs, [*z, logsumexp(*z)])), factor=lambda *z: max(1.0, *map(abs, z)),
    ),
}  # fmt: skip
ROWS |= {ops.SQUARE: powers(2.0)}
EXPONENTS = (0.0, 1.0, 3.0, 4.0, 7.0, -1.0, -2.0, -3.0, 0.5, 1.5, 2.5, -0.5, -2.5, 0.1, 1 / 3, -1 / 3, -1.1, 1.1)
ROWS |= {power(n): powers(n) for n in EXPONENTS}
every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.symbol)


def assert_exact(op, point, value, slopes):
    """Within the bounds above, and infinite where the truth is beyond the floats."""
    row, exact = ROWS[op], tuple(map(mpf, point))
    ulp = math.ulp(float(row.size(*exact)))
    assert abs(mpf(value) - row.value(*exact)) <= 4 * mpf(ulp), f"value at {point}"
    for slope, truth in zip(slopes, row.slopes(*exact), strict=True):
        if abs(truth) > LARGE / 2:  # rounding on the way may be the last straw
            assert slope * mp.sign(truth) > LARGE / 4, f"slope at {point}"
        else:
            bound = 4e-16 * row.factor(*exact) * max(1, abs(truth))
            assert abs(mpf(slope) - truth) <= bound, f"slope at {point}"


@every_row
def test_values_and_slopes_are_those_of_mathematics(op):
    refused = 0
    for point in ROWS[op].points:
        inputs = tuple(map(Value, point))
        try:
            node = record(op, inputs, *op.arguments(point))
        except (ArithmeticError, ValueError):
            refused += 1
            exact = tuple(map(mpf, point))
            assert max(abs(ROWS[op].value(*exact)), ROWS[op].size(*exact)) > LARGE / 2, f"refused at {point}"
        else:
            assert_exact(op, point, node.data, node.partials)
    assert refused < len(ROWS[op].points) / 2


@every_row
def test_a_compiled_program_is_as_exact(op):
    @cache
    def program(n):
        """Recorded once, and then run with all numbers."""
        xs = [Value(0.4 + 0.3 * i) for i in range(n)]
        y = record(op, tuple(xs), *op.arguments(numbers(xs)))
        return compile_graph([y, grad(y, xs)], [xs])

    ran = 0
    for point in ROWS[op].points[::3]:
        try:
            value, slopes = program(len(point))(point)
        except (ArithmeticError, ValueError):
            continue  # a program computes slopes too, and refuses what is not finite
        assert_exact(op, point, value, slopes)
        ran += 1
    assert ran > len(ROWS[op].points) / 12
