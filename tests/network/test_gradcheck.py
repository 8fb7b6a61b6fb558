"""Central differences and gradcheck: right derivatives pass, and each wrong one is found and named."""

import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, GradcheckError, Linear, Tensor, Value, central_difference, gradcheck, ops, squared_error
from tinygrad_edu.value import record

# A square whose derivative is wrong in the way its name says.
TWICE = ops.Op("twice", lambda a: a * a, lambda y, a: (4 * a,))
OTHER_SIGN = ops.Op("sign", lambda a: a * a, lambda y, a: (-2 * a,))
NONE = ops.Op("none", lambda a: a * a, lambda y, a: (0.0,))


def apply(op, a):
    return record(op, (a,), a.data)


# Central differences.


def test_central_differences_on_paper():
    # The formula is exact for squares, and h = ¼ is exact in binary.
    assert central_difference(lambda a, b: a * a + 3 * b, [3.0, 2.0], step=0.25) == [6.0, 3.0]
    # (8 − 0) / 2 = 4 for x³ at 1 with h = 1, where the derivative is 3: the error is h².
    assert central_difference(lambda a: a**3, [1.0], step=1.0) == [4.0]


def test_central_differences_have_the_structure_of_the_inputs():
    def f(a, t, s):
        return a + (t * [[1.0, 2.0], [3.0, 4.0]]).sum() + s

    inputs = [1.0, [[1.0, 1.0], [1.0, 1.0]], Tensor(2.0)]
    assert central_difference(f, inputs, step=0.5) == [1.0, [[1.0, 2.0], [3.0, 4.0]], 1.0]
    assert central_difference(f, tuple(inputs), step=0.5) == central_difference(f, inputs, step=0.5)
    assert central_difference(lambda a: a * a, 3.0, step=0.5) == [6.0]
    for t in Tensor([3.0, 4.0]), np.array([3.0, 4.0]):
        assert central_difference(lambda t: (t * t).sum(), t, step=0.5) == [[6.0, 8.0]]


def test_numbers_arrive_as_values_and_lists_as_tensors():
    seen = []

    def f(a, t, v):
        seen.append((type(a), a.data, type(t), t.shape, type(v), v.label))
        return 1.0  # a float will do

    central_difference(f, [2, [[1.0, 2.0]], Value(3.0, label="v")], step=0.5)
    assert len(seen) == 8  # twice for each of the four numbers
    assert seen[0] == (Value, 2.5, Tensor, (1, 2), Value, "v")
    assert seen[-1] == (Value, 2.0, Tensor, (1, 2), Value, "v")


@given(st.floats(-1e6, 1e6))
def test_the_step_grows_with_the_input(x):
    (slope,) = central_difference(lambda a: a * a, [x])
    # Rounding of x² by ε x² / 2h with h = 6e-6 · max(1, |x|) is 2e-11 · |x| at most; five times that.
    assert slope == pytest.approx(2 * x, abs=1e-10 * max(1.0, abs(x)))


@given(st.floats(-1e6, 1e6))
def test_the_slope_of_a_line_is_exact_because_the_step_is_measured_as_it_was_rounded(x):
    assert central_difference(lambda a: a, [x]) == [1.0]


def test_the_default_step_is_the_cube_root_of_epsilon():
    moves = []
    central_difference(lambda a: moves.append(a.data) or 0.0, [1000.0])
    h = np.finfo(float).eps ** (1 / 3) * 1000
    # 1000 ± h is rounded by 1e-13, a part in 10¹⁰ of h.
    high, low = moves
    assert [high - 1000, 1000 - low] == pytest.approx([h, h], rel=1e-9)


def test_differences_are_taken_of_finite_numbers():
    with pytest.raises(ValueError, match="a finite number is needed, not nan"):
        central_difference(lambda a: float("nan"), [1.0])
    with pytest.raises(TypeError, match="a real number is needed, not str"):
        central_difference(lambda a: "3", [1.0])


# gradcheck


def test_every_coordinate_is_checked_and_a_wrong_one_is_named_by_its_place():
    W, x, c = [[1.0, 2.0], [3.0, 4.0]], Tensor([5.0, 6.0], label="x"), 2.0
    assert gradcheck(lambda W, x, c: (W @ x).sum() * c, [W, x, c]) is True
    names = ["inputs[0][0][0]", "inputs[0][0][1]", "inputs[0][1][0]", "inputs[0][1][1]", "x₁", "x₂", "inputs[2]"]
    for k, name in enumerate(names):

        def f(W, x, c, k=k):
            all_of_them = [*W.values, *x.values, c]
            return Value.sum([apply(TWICE if j == k else ops.SQUARE, a) for j, a in enumerate(all_of_them)])

        said = rf"the derivative to {re.escape(name)} is .* by central differences .*; 1 of 7 differ"
        with pytest.raises(GradcheckError, match=said):
            gradcheck(f, [W, x, c])


@pytest.mark.parametrize("op", [TWICE, OTHER_SIGN, NONE])
def test_a_wrong_derivative_is_named_with_the_numbers(op):
    with pytest.raises(GradcheckError) as error:
        gradcheck(lambda a, b: a * a + apply(op, b) + a * b, [Value(3.0), Value(5.0, label="b")])
    wrong = {TWICE: 20, OTHER_SIGN: -10, NONE: 0}[op] + 3
    assert str(error.value) == (
        f"gradcheck: the derivative to b is {wrong} by backward, but 13 by central differences "
        f"(error {abs(wrong - 13):.1e}); 1 of 2 differ"
    )
    assert isinstance(error.value, AssertionError)


def test_the_worst_of_several_wrong_derivatives_is_named():
    with pytest.raises(GradcheckError, match=r"the derivative to inputs\[0\]\[1\] is 40 .* but 20 .*; 3 of 3 differ"):
        gradcheck(lambda t: t.map(lambda a: apply(TWICE, a)).sum(), [[1.0, 10.0, -2.0]])


@pytest.mark.parametrize(
    ("value", "slope", "passes"),
    [(1, 1 + 0.9e-5, True), (1, 1 + 1.2e-5, False), (1, 1 - 1.2e-5, False), (0, 0.9e-7, True), (0, 1.1e-7, False)],
)
def test_the_default_is_one_part_in_a_hundred_thousand_and_beside_zero_one_in_ten_million(value, slope, passes):
    op = ops.Op("near", lambda a: value * a, lambda y, a: (slope,))
    if passes:
        assert gradcheck(lambda a: apply(op, a), [1.0]) is True
    else:
        with pytest.raises(GradcheckError):
            gradcheck(lambda a: apply(op, a), [1.0])


def test_an_error_passes_up_to_atol_plus_rtol_times_the_numeric_derivative():
    # 1.25 where it is 1: an error of ¼ beside a number of 1.
    op = ops.Op("near", lambda a: a, lambda y, a: (1.25,))
    for rtol, atol in (0.25, 0.0), (0.0, 0.25), (0.125, 0.125):
        assert gradcheck(lambda a: apply(op, a), [1.0], rtol=rtol, atol=atol, step=0.25)
    for rtol, atol in (0.24, 0.0), (0.0, 0.24), (0.12, 0.12):
        with pytest.raises(GradcheckError, match=r"is 1\.25 by backward, but 1 by central differences"):
            gradcheck(lambda a: apply(op, a), [1.0], rtol=rtol, atol=atol, step=0.25)


def test_a_tensor_of_one_element_will_do_as_a_result():
    net = Linear(2, 1, seed=0)
    assert gradcheck(lambda x: net(x).tanh(), [[0.5, -0.25]])


def test_a_value_that_was_computed_is_checked_as_an_input_of_its_own():
    a = Value(3.0)
    with pytest.raises(GradcheckError, match=r"inputs\[0\] is 36 by backward, but 18"):  # 2b at b = 9
        gradcheck(lambda b: apply(TWICE, b), [a * a])
    assert gradcheck(lambda b: b * b, [a * a]) and a.grad == 0.0


def test_what_the_function_reads_is_left_alone():
    a, t, net = Value(3.0, label="a"), Tensor([1.0, 2.0], label="t"), Linear(2, 1, init=1.0)
    a.grad = net.b[0].grad = 7.0
    product = a * t.sum()
    seen = []
    for check in central_difference, gradcheck:
        check(lambda *given: seen.append(given) or (given[0] * net(given[1])).sum(), [a, t])
        check(lambda p: p * p, [product])
    assert all(given[0] is a and given[1] is t for given in seen)
    assert (a.data, a.grad, a.label, t.data, t.grad) == (3.0, 7.0, "a", [1.0, 2.0], [0.0, 0.0])
    assert (net.W.grad, net.b.grad, product.data, product.grad) == ([[0.0, 0.0]], [7.0], 9.0, 0.0)


def test_an_input_that_is_not_used_has_the_derivative_zero():
    assert gradcheck(lambda a, b: b, [1.0, 2.0])


@pytest.mark.parametrize(
    ("f", "inputs", "error", "message"),
    [
        (lambda t: t * t, [[1.0, 2.0]], ValueError, "a derivative is taken of one number, not of 2"),
        (lambda a: 3.0, [1.0], TypeError, "a Value, a Tensor or a list of them is needed, not float 3.0"),
        (lambda: Value(1.0), [], ValueError, "there are no inputs to differentiate by"),
        (lambda a: a, ["1"], TypeError, "^a real number is needed, not str"),
        (lambda a: a, [[]], ValueError, "at least one number"),
        (lambda a: Value(3.0), [1.0], ValueError, "the result of f depends on none of the inputs"),
        (lambda a: Tensor([2.0]) * a.data, [1.0], ValueError, "the result of f depends on none of the inputs"),
    ],
)
def test_what_cannot_be_checked_is_refused(f, inputs, error, message):
    with pytest.raises(error, match=message):
        gradcheck(f, inputs)


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (0, ValueError, "a step above 0 that leads away from 1.0 is needed, not 0.0"),
        (-1e-5, ValueError, "not -1e-05"),
        (1e-20, ValueError, "not 1e-20"),  # 1 + 1e-20 is 1
        (1.7e308, ValueError, "not 1.7e\\+308"),  # and twice that is no float
        ("x", TypeError, r"^step: a real number is needed, not str"),
    ],
)
def test_a_step_that_leads_nowhere_is_refused(step, error, message):
    for check in central_difference, gradcheck:
        with pytest.raises(error, match=message):
            check(lambda a: a * 2, [1.0], step=step)


# Leaves that f reads by itself.


def test_parameters_that_f_reads_by_itself_are_moved_in_place():
    net = MLP([2, 3, 1], seed=0)
    before = net.state_dict()

    def loss(*_):
        return squared_error(net([0.5, -1.0]), [0.25])

    numeric = np.concatenate([*map(np.ravel, central_difference(loss, net.parameters()))])
    assert gradcheck(loss, net.parameters()) and net.state_dict() == before
    loss().backward()
    assert numeric == pytest.approx([v.grad for p in net.parameters() for v in p.values], abs=1e-8) and any(numeric)


def test_a_wrong_derivative_in_a_network_is_named_by_its_parameter():
    w = Value(3.0, label="w")
    with pytest.raises(GradcheckError, match="the derivative to w is 12 by backward, but 6"):
        gradcheck(lambda _: apply(TWICE, w), [w])
    assert w.data == 3.0 and w.grad == 0.0


def test_a_function_that_draws_at_random_is_refused():
    rng = random.Random(0)
    with pytest.raises(ValueError, match=r"gradcheck: two calls of f at the same point give .* dropout"):
        gradcheck(lambda a: a * rng.random(), [1.0])


@pytest.mark.parametrize("check", [central_difference, gradcheck])
def test_an_error_beside_the_point_is_passed_on_and_a_smaller_step_avoids_it(check):
    t = Tensor([1e-7], label="t")
    with pytest.raises(ValueError, match=r"^log of t₁ = -5.9\d*e-06 has no finite value"):
        check(lambda t: t.log().sum(), [t])
    assert check(lambda t: t.log().sum(), [t], step=1e-11)
    assert t.data == [1e-7]
