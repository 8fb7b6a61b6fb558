"""The rule table: every row against mathematics that does not know it."""

import math
from itertools import product

import pytest
from domains import DOMAINS, NOT_THE_SLOPE, POWERS, positive
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, Value, grad
from tinygrad_edu.ops import (
    ABS,
    ADD,
    AFFINE,
    COS,
    DIV,
    DOT,
    EXP,
    LOG,
    LSE,
    MAX,
    MAXIMUM,
    MINIMUM,
    MUL,
    NEG,
    POW,
    RELU,
    SIGMOID,
    SIN,
    SQRT,
    SQUARE,
    STEP,
    STOP,
    SUB,
    SUM,
    TABLE,
    TANH,
    power,
)
from tinygrad_edu.value import record

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
    assert {*DOMAINS, *NOT_THE_SLOPE} == set(TABLE)
    assert len({op.symbol for op in TABLE}) == len(TABLE)


def test_stop_gradient_is_its_argument_with_the_slope_0():
    x = Value(3.0)
    y = x.stop_gradient()
    assert (y.data, y.partials, grad(y, x).data) == (3.0, (0.0,), 0.0)


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
    (SQUARE, (-3.0,), 9.0, (-6.0,)),
    (STOP, (2.0,), 2.0, (0.0,)),
    (POW, (2.0, 3.0), 8.0, (12.0, 8 * math.log(2.0))),
    (MAX, (1.0, 4.0, 2.0), 4.0, (0.0, 1.0, 0.0)),
    (MAX, (4.0, 4.0, 2.0, 4.0), 4.0, (1 / 3, 1 / 3, 0.0, 1 / 3)),
    # A slope that is infinite where the value is not.
    (SQRT, (0.0,), 0.0, (math.inf,)),
    (power(0.5), (0.0,), 0.0, (math.inf,)),
    (power(1.5), (0.0,), 0.0, (0.0,)),
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
    assert tuple([Tensor(p).item() for p in partials]) == node.partials  # the same arithmetic: the same bits
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
