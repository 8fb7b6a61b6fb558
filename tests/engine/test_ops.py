"""The rule table: every row against mathematics that does not know it."""

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, grad
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
from tinygrad_edu.value import record

# Where each row is smooth and a central difference with h = 1e-5 is good to 1e-6.
anywhere = st.floats(-3, 3)
positive = st.floats(0.2, 4)
off_zero = st.one_of(st.floats(0.2, 3), st.floats(-3, -0.2))
apart = st.tuples(anywhere, off_zero).map(lambda pair: (pair[0], pair[0] + pair[1]))

DOMAINS = {
    ADD: st.tuples(anywhere, anywhere),
    SUB: st.tuples(anywhere, anywhere),
    MUL: st.tuples(anywhere, anywhere),
    DIV: st.tuples(anywhere, off_zero),
    NEG: st.tuples(anywhere),
    EXP: st.tuples(anywhere),
    LOG: st.tuples(positive),
    SQRT: st.tuples(positive),
    TANH: st.tuples(anywhere),
    SIGMOID: st.tuples(anywhere),
    SIN: st.tuples(anywhere),
    COS: st.tuples(anywhere),
    STEP: st.tuples(off_zero),
    RELU: st.tuples(off_zero),
    ABS: st.tuples(off_zero),
    MAXIMUM: apart,
    MINIMUM: apart,
    SUM: st.lists(anywhere, min_size=1, max_size=5).map(tuple),
    DOT: st.integers(1, 4).flatmap(lambda n: st.tuples(*[anywhere] * 2 * n)),
    AFFINE: st.integers(1, 4).flatmap(lambda n: st.tuples(*[anywhere] * (2 * n + 1))),
    LSE: st.lists(anywhere, min_size=1, max_size=5).map(tuple),
    # Where they look at the first input alone; from there on the two must fit, as in test_accuracy.py.
    ONE_MINUS_SQUARE: st.tuples(st.floats(-0.6, 0.6), anywhere),
    ONE_MINUS: st.tuples(st.floats(0.0, 0.7), anywhere),
}
POWERS = {power(n): st.tuples(positive) for n in (-2.0, -1.0, -0.5, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0)}
POWERS |= {power(n): st.tuples(off_zero) for n in (-3.0, 4.0)}
ROWS = DOMAINS | POWERS

every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.symbol)


def differences(f, inputs, h=1e-5):
    """∂f/∂xᵢ by central differences of the row's value, without the engine."""
    result = []
    for i, x in enumerate(inputs):
        above, below = ([*inputs[:i], x + d, *inputs[i + 1 :]] for d in (h, -h))
        result.append((f(*above) - f(*below)) / (2 * h))
    return result


def partials_of(op, *inputs):
    """The row's partials at these numbers, without the engine."""
    arguments = op.arguments(inputs)
    return op.partials(op.value(*arguments), *arguments)


def test_every_row_of_the_table_has_a_domain_to_be_tested_on():
    assert {*DOMAINS, LARGEST} == set(TABLE)
    assert len(TABLE) == 24


def test_the_shift_of_a_softmax_counts_as_a_constant():
    # Σ eᵢ / Σ eⱼ is 1 for every shift, so what the shift passes on would be 0 but for rounding.
    z = [Value(1.0), Value(3.0)]
    largest = record(LARGEST, tuple(z), (1.0, 3.0))
    assert (largest.data, largest.partials) == (3.0, (0.0, 0.0))
    p = grad(Value.logsumexp(z), z)[1]
    assert grad(p, z[1]).data == pytest.approx(p.data * (1 - p.data), rel=1e-15)


# (inputs, value, partials), each worked by hand.
EXACT = [
    (ADD, (2.0, 3.0), 5.0, (1.0, 1.0)),
    (SUB, (2.0, 3.0), -1.0, (1.0, -1.0)),
    (MUL, (2.0, 3.0), 6.0, (3.0, 2.0)),
    (DIV, (6.0, 4.0), 1.5, (0.25, -0.375)),
    (NEG, (2.0,), -2.0, (-1.0,)),
    (EXP, (0.0,), 1.0, (1.0,)),
    (LOG, (4.0,), math.log(4.0), (0.25,)),
    (SQRT, (9.0,), 3.0, (1 / 6,)),
    (TANH, (0.0,), 0.0, (1.0,)),
    (TANH, (math.log(2.0),), 0.6, (0.64,)),
    (SIGMOID, (0.0,), 0.5, (0.25,)),
    (SIGMOID, (math.log(3.0),), 0.75, (0.1875,)),
    (SIN, (0.0,), 0.0, (1.0,)),
    (COS, (math.pi / 2,), 0.0, (-1.0,)),
    (STEP, (2.0,), 1.0, (0.0,)),
    (STEP, (-2.0,), 0.0, (0.0,)),
    (RELU, (2.0,), 2.0, (1.0,)),
    (RELU, (-2.0,), 0.0, (0.0,)),
    (ABS, (-2.0,), 2.0, (-1.0,)),
    (MAXIMUM, (2.0, 3.0), 3.0, (0.0, 1.0)),
    (MINIMUM, (2.0, 3.0), 2.0, (1.0, 0.0)),
    (SUM, (1.0, 2.0, 4.0), 7.0, (1.0, 1.0, 1.0)),
    (DOT, (1.0, 2.0, 3.0, 4.0), 11.0, (3.0, 4.0, 1.0, 2.0)),
    (AFFINE, (1.0, 2.0, 3.0, 4.0, 5.0), 16.0, (3.0, 4.0, 1.0, 2.0, 1.0)),
    (LSE, (0.0, math.log(3.0)), math.log(4.0), (0.25, 0.75)),
    (power(3.0), (2.0,), 8.0, (12.0,)),
    (power(-1.0), (2.0,), 0.5, (-0.25,)),
    (power(0.5), (4.0,), 2.0, (0.25,)),
    # The conventions at kinks and ties.
    (STEP, (0.0,), 0.0, (0.0,)),
    (RELU, (0.0,), 0.0, (0.0,)),
    (ABS, (0.0,), 0.0, (0.0,)),
    (MAXIMUM, (3.0, 3.0), 3.0, (0.5, 0.5)),
    (MINIMUM, (3.0, 3.0), 3.0, (0.5, 0.5)),
    (power(0.0), (0.0,), 1.0, (0.0,)),
    (ONE_MINUS_SQUARE, (0.6, math.log(2.0)), 0.64, (-1.2, 0.0)),
    (ONE_MINUS, (0.75, math.log(3.0)), 0.25, (-1.0, 0.0)),
    (power(1.0), (0.0,), 0.0, (1.0,)),
    (power(2.0), (0.0,), 0.0, (0.0,)),
]


@pytest.mark.parametrize(("op", "inputs", "value", "partials"), EXACT, ids=lambda x: getattr(x, "symbol", None))
def test_a_row_gives_the_numbers_worked_by_hand(op, inputs, value, partials):
    y = op.value(*op.arguments(inputs))
    # Two roundings of the hand-worked number at most; cos(π/2) is 6e-17 in floats.
    assert y == pytest.approx(value, rel=1e-15, abs=1e-15)
    assert op.partials(y, *op.arguments(inputs)) == pytest.approx(partials, rel=1e-15, abs=1e-15)


@every_row
@given(data=st.data())
def test_the_partials_of_a_row_are_the_slopes_of_its_value(op, data):
    inputs = data.draw(ROWS[op])
    partials = partials_of(op, *inputs)
    assert len(partials) == len(inputs)
    # h² f‴/6 < 1e-8 for third derivatives below 600, and ε f/h < 1e-9 for values below 60.
    assert list(partials) == pytest.approx(
        differences(lambda *a: op.value(*op.arguments(a)), inputs), rel=1e-6, abs=1e-6
    )


@every_row
@given(data=st.data())
def test_a_row_fed_with_values_gives_the_same_partials_and_their_slopes(op, data):
    inputs = data.draw(ROWS[op])
    xs = tuple(Value(x) for x in inputs)
    node = record(op, xs, *op.arguments(inputs))
    partials = op.partials(node, *op.arguments(xs))
    assert tuple(map(float, partials)) == node.partials  # the same arithmetic: the same bits
    for i, j in product(range(len(xs)), repeat=2):
        slope = grad(partials[i], xs[j]).data if isinstance(partials[i], Value) else 0.0
        by_difference = differences(lambda *a, i=i: partials_of(op, *a)[i], inputs)[j]
        # As above; second derivatives of the steepest row, a⁻³ at 0.2, reach 4e4.
        assert slope == pytest.approx(by_difference, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("method", "f"),
    [
        ("exp", math.exp),
        ("log", math.log),
        ("sqrt", math.sqrt),
        ("tanh", math.tanh),
        ("sigmoid", lambda a: 1 / (1 + math.exp(-a))),
        ("sin", math.sin),
        ("cos", math.cos),
        ("abs", abs),
        ("relu", lambda a: max(a, 0.0)),
        ("step", lambda a: float(a > 0)),
    ],
)
@given(a=positive, sign=st.sampled_from([1.0, -1.0]))
def test_a_method_computes_the_function_of_its_name(method, f, a, sign):
    a = a if method in ("log", "sqrt") else sign * a
    assert getattr(Value(a), method)().data == pytest.approx(f(a), rel=1e-15)


@given(st.floats(-1e4, 1e4))
def test_sigmoid_and_tanh_stay_in_their_range_for_arguments_of_any_size(a):
    assert 0 <= Value(a).sigmoid().data <= 1
    assert -1 <= Value(a).tanh().data <= 1


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5))
def test_logsumexp_of_large_numbers_is_between_the_largest_and_log_n_above_it(z):
    y = Value.logsumexp([Value(zi) for zi in z]).data
    assert max(z) <= y <= max(z) + math.log(len(z)) + 1e-12  # an ulp of 1e4 is 2e-12


def test_a_row_prints_as_its_symbol():
    assert [repr(op) for op in (MUL, LSE, power(3.0))] == ["<Op ×>", "<Op logsumexp>", "<Op ^3>"]
