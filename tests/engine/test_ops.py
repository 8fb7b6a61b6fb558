"""The page of calculus: every row against mathematics that does not know it."""

import math
from itertools import product

import pytest
from domains import DOMAINS, NOT_THE_SLOPE, POWERS
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, compile_graph, grad, ops
from tinygrad_edu.ops import SQUARE, TABLE, power
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


def test_every_row_of_the_table_is_tested():
    assert {*DOMAINS, *NOT_THE_SLOPE} == set(TABLE)
    assert len({op.symbol for op in TABLE}) == len(TABLE)


# (inputs, value, partials), each worked by hand.
EXACT = [
    (ops.ADD, (2.0, 3.0), 5.0, (1.0, 1.0)),
    (ops.SUB, (2.0, 3.0), -1.0, (1.0, -1.0)),
    (ops.MUL, (2.0, 3.0), 6.0, (3.0, 2.0)),
    (ops.DIV, (6.0, 4.0), 1.5, (0.25, -0.375)),
    (ops.NEG, (2.0,), -2.0, (-1.0,)),
    (ops.EXP, (0.0,), 1.0, (1.0,)),
    (ops.LOG, (4.0,), math.log(4.0), (0.25,)),
    (ops.SQRT, (9.0,), 3.0, (1 / 6,)),
    (ops.TANH, (0.0,), 0.0, (1.0,)),
    (ops.TANH, (math.log(2.0),), 0.6, (0.64,)),
    (ops.SIGMOID, (0.0,), 0.5, (0.25,)),
    (ops.SIGMOID, (math.log(3.0),), 0.75, (0.1875,)),
    (ops.SIN, (0.0,), 0.0, (1.0,)),
    (ops.COS, (math.pi / 2,), 0.0, (-1.0,)),
    (SQUARE, (3.0,), 9.0, (6.0,)),
    (ops.STEP, (2.0,), 1.0, (0.0,)),
    (ops.STEP, (-2.0,), 0.0, (0.0,)),
    (ops.RELU, (2.0,), 2.0, (1.0,)),
    (ops.RELU, (-2.0,), 0.0, (0.0,)),
    (ops.ABS, (-2.0,), 2.0, (-1.0,)),
    (ops.MAXIMUM, (2.0, 3.0), 3.0, (0.0, 1.0)),
    (ops.MINIMUM, (2.0, 3.0), 2.0, (1.0, 0.0)),
    (ops.STOP, (3.0,), 3.0, (0.0,)),
    (ops.POW, (2.0, 3.0), 8.0, (12.0, 8 * math.log(2.0))),
    (ops.POW, (0.5, -2.0), 4.0, (-16.0, -4 * math.log(2.0))),
    (ops.SUM, (1.0, 2.0, 4.0), 7.0, (1.0, 1.0, 1.0)),
    (ops.DOT, (1.0, 2.0, 3.0, 4.0), 11.0, (3.0, 4.0, 1.0, 2.0)),
    (ops.AFFINE, (1.0, 2.0, 3.0, 4.0, 5.0), 16.0, (3.0, 4.0, 1.0, 2.0, 1.0)),
    (ops.MAX, (1.0, 3.0, 2.0), 3.0, (0.0, 1.0, 0.0)),
    (ops.LSE, (0.0, math.log(3.0)), math.log(4.0), (0.25, 0.75)),
    (power(3.0), (2.0,), 8.0, (12.0,)),
    (power(-1.0), (2.0,), 0.5, (-0.25,)),
    (power(0.5), (4.0,), 2.0, (0.25,)),
    # The conventions at kinks and ties.
    (ops.STEP, (0.0,), 0.0, (0.0,)),
    (ops.RELU, (0.0,), 0.0, (0.0,)),
    (ops.ABS, (0.0,), 0.0, (0.0,)),
    (ops.MAXIMUM, (3.0, 3.0), 3.0, (0.5, 0.5)),
    (ops.MINIMUM, (3.0, 3.0), 3.0, (0.5, 0.5)),
    (ops.MAX, (3.0, 1.0, 3.0, 3.0), 3.0, (1 / 3, 0.0, 1 / 3, 1 / 3)),
    # Powers of 0.
    (power(0.0), (0.0,), 1.0, (0.0,)),
    (power(1.0), (0.0,), 0.0, (1.0,)),
    (power(2.0), (0.0,), 0.0, (0.0,)),
    (power(1.5), (0.0,), 0.0, (0.0,)),
    # An infinite slope of a finite value.
    (ops.SQRT, (0.0,), 0.0, (math.inf,)),
    (power(0.5), (0.0,), 0.0, (math.inf,)),
    (ops.LOG, (5e-324,), math.log(5e-324), (math.inf,)),
    (power(-1.0), (-1e-200,), -1e200, (-math.inf,)),
    (power(-2.0), (-1e-110,), 1e220, (math.inf,)),
]


@pytest.mark.parametrize(("op", "inputs", "value", "partials"), EXACT, ids=lambda x: getattr(x, "symbol", None))
def test_numbers_worked_by_hand(op, inputs, value, partials):
    y = op.value(*op.arguments(inputs))
    # Two roundings of the hand-worked number at most; cos(π/2) is 6e-17 in floats.
    assert y == pytest.approx(value, rel=1e-15, abs=1e-15)
    assert op.partials(y, *op.arguments(inputs)) == pytest.approx(partials, rel=1e-15, abs=1e-15)


@every_row
@given(data=st.data())
def test_partials_are_the_slopes_of_the_value(op, data):
    inputs = data.draw(ROWS[op])
    partials = partials_of(op, *inputs)
    assert len(partials) == len(inputs)
    # h² f‴/6 < 1e-8 for third derivatives below 600, and ε f/h < 1e-9 for values below 60.
    measured = differences(lambda *a: op.value(*op.arguments(a)), inputs)
    assert list(partials) == pytest.approx(measured, rel=1e-6, abs=1e-6)


@every_row
@given(data=st.data())
def test_partials_of_values_are_those_of_floats_and_have_slopes(op, data):
    inputs = data.draw(ROWS[op])
    xs = tuple([Value(x) for x in inputs])
    node = record(op, xs, *op.arguments(inputs))
    partials = op.partials(node, *op.arguments(xs))
    # The same arithmetic: the same bits, but for a², which a Value multiplies out.
    found = [p.data if isinstance(p, Value) else p for p in partials]
    assert found == (pytest.approx(node.partials, rel=4e-16) if op in POWERS else list(node.partials))
    for i, j in product(range(len(xs)), repeat=2):
        slope = grad(partials[i], xs[j]).data if isinstance(partials[i], Value) else 0.0
        by_difference = differences(lambda *a, i=i: partials_of(op, *a)[i], inputs)[j]
        # As above; second derivatives of the steepest row, a⁻³ at 0.2, reach 4e4.
        assert slope == pytest.approx(by_difference, rel=1e-5, abs=1e-5)


METHODS = {name: getattr(math, name) for name in ("exp", "log", "sqrt", "tanh", "sin", "cos")} | {
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "relu": lambda a: max(a, 0.0),
    "step": lambda a: float(a > 0),
    "abs": abs,
    "stop_gradient": lambda a: a,
}


@pytest.mark.parametrize("name", METHODS)
@given(a=st.floats(0.2, 4), sign=st.sampled_from([1.0, -1.0]))
def test_a_method_computes_the_function_of_its_name(name, a, sign):
    a = a if name in ("log", "sqrt") else sign * a
    assert getattr(Value(a), name)().data == pytest.approx(METHODS[name](a), rel=1e-15)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5))
def test_sigmoid_tanh_and_logsumexp_stay_in_their_ranges(z):
    assert 0 <= Value(z[0]).sigmoid().data <= 1 and -1 <= Value(z[0]).tanh().data <= 1
    y = Value.logsumexp([Value(zi) for zi in z]).data
    assert max(z) <= y <= max(z) + math.log(len(z)) + 1e-12  # an ulp of 1e4 is 2e-12


def test_saturated_slopes_are_those_of_the_textbook():
    # 1 − y², y (1 − y) and exp(z − y), as they stand: far out y is 1 and the slope 0.
    for a in (0.3, 2.0, 18.0, 40.0):
        x = Value(a)
        t, s = x.tanh(), x.sigmoid()
        lse = Value.logsumexp([x, Value(0.0)])
        assert t.partials == (1 - t.data * t.data,)
        assert s.partials == (s.data * (1 - s.data),)
        assert lse.partials == (math.exp(a - lse.data), math.exp(-lse.data))
    assert Value(40.0).tanh().partials == Value(40.0).sigmoid().partials == (0.0,)


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), min_size=1, max_size=8))
def test_a_tie_of_k_gives_each_one_kth(z):
    k = z.count(max(z))
    assert Value.max([Value(zi) for zi in z]).partials == tuple([1 / k if zi == max(z) else 0.0 for zi in z])


def test_the_gradient_stops_where_it_is_told_to():
    x = Value(3.0)
    dx = grad(x * x.stop_gradient(), x)
    assert (dx.data, grad(dx, x).data) == (3.0, 0.0)


def test_softmax_is_a_list_with_its_own_slopes():
    # p = (¼, ¾), and ∂pᵢ/∂zⱼ = pᵢ (δᵢⱼ − pⱼ).
    z = [Value(0.0), Value(math.log(3.0))]
    p = Value.softmax(z)
    assert [pi.data for pi in p] == pytest.approx([0.25, 0.75], rel=1e-15)
    for pi, slopes in zip(p, [[3 / 16, -3 / 16], [-3 / 16, 3 / 16]]):
        assert [d.data for d in grad(pi, z)] == pytest.approx(slopes, rel=1e-15)
    assert [pi.data for pi in Value.softmax([Value(1e4), -1e4])] == [1.0, 0.0]
    with pytest.raises(ValueError, match="max: at least one number is needed"):
        Value.softmax([])


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=5), st.floats(-1e3, 1e3))
def test_softmax_does_not_see_a_shift(z, shift):
    p, moved = [[pi.data for pi in Value.softmax([Value(zi + c) for zi in z])] for c in (0.0, shift)]
    assert sum(p) == pytest.approx(1.0, rel=1e-15)
    assert moved == pytest.approx(p, rel=1e-12)  # z + shift is rounded by 1e-13


# Powers.


def test_a_value_as_exponent_is_one_row():
    a, b = Value(2.0), Value(3.0)
    y = a**b
    assert (y.op, y.inputs, y.data, (b**a).data) == (ops.POW, (a, b), 8.0, 9.0)
    large = (Value(10.0) ** Value(300.0)).data
    assert abs(large - 1e300) <= 2 * math.ulp(1e300)


def test_second_derivatives_of_a_power_of_two_values():
    # aᵇ at (2, 3): ∂²/∂a² = b(b−1)aᵇ⁻² = 12, ∂²/∂a∂b = aᵇ⁻¹(1 + b ln a), ∂²/∂b² = aᵇ ln² a.
    a, b = Value(2.0), Value(3.0)
    mixed, l = 4 * (1 + 3 * math.log(2)), math.log(2)
    found = [[d.data for d in grad(first, [a, b])] for first in grad(a**b, [a, b])]
    assert found == [pytest.approx([12.0, mixed], rel=1e-15), pytest.approx([mixed, 8 * l * l], rel=1e-15)]


def test_x_to_the_three_halves_is_flat_at_0_in_every_reading():
    x = Value(0.0, label="x")
    y = x**1.5
    y.backward()
    assert (y.data, x.grad, grad(y, x).data) == (0.0, 0.0, 0.0)
    assert compile_graph([y, grad(y, x)], x)(0.0) == [0.0, 0.0]


def test_a_power_keeps_its_exponent_as_a_number():
    for n in (3.0, 1234567.0, 1 / 3):
        assert (Value(1.0) ** n).op.exponent == n
    assert power(2) is SQUARE and SQUARE.exponent == 2.0
