"""Value: recording, the backward pass, and what is refused."""

import gc
import math
import sys
from fractions import Fraction

import numpy as np
import pytest

from tinygrad_edu import Tensor, Value, grad, jvp, topological_order


def test_a_product_gives_each_factor_the_other_as_its_gradient():
    a, b = Value(2.0), Value(3.0)
    y = a * b
    y.backward()
    assert (y.data, a.grad, b.grad, y.grad) == (6.0, 3.0, 2.0, 1.0)


def test_a_value_used_twice_collects_both_gradients():
    x = Value(3.0)
    y = x * x
    y.backward()
    assert (x.grad, y.inputs, y.partials) == (6.0, (x, x), (3.0, 3.0))
    (3 * x).backward()  # and those of another root
    assert x.grad == 6.0 + 3.0
    x.backward()  # of which x itself is one
    (x * 0.0 + x).backward()  # and one with a zero factor, which brings nothing
    assert x.grad == 9.0 + 1.0 + 1.0


def test_paths_through_a_shared_node_add_up():
    # s = x², y = s·s + 3s = x⁴ + 3x²: dy/dx = 4x³ + 6x = 44 at 2, and dy/ds = 2s + 3 = 11.
    x = Value(2.0)
    s = x * x
    y = s * s + 3 * s
    y.backward()
    assert (s.grad, x.grad) == (11.0, 44.0)


def test_of_two_to_the_hundredth_paths_each_node_is_walked_once():
    x = Value(1.0)
    y = x
    for _ in range(100):
        y = (y + y) / 2
    y.backward()
    assert (y.data, x.grad) == (1.0, 1.0)


def test_a_plus_before_a_value_is_no_node():
    x, t = Value(3.0), Tensor([1.0, 2.0])
    assert +x is x and +t is t


def test_what_the_reader_typed_is_one_node():
    a, b = Value(6.0), Value(4.0)
    assert [node.op.symbol for node in (a - b, a / b, -a, a**2, 1 - a, 2 / a)] == ["−", "÷", "neg", "^2", "−", "÷"]
    assert (a - b).inputs == (a, b)
    assert [x.data for x in (1 - a).inputs] == [1.0, 6.0] and (a / b).partials == (0.25, -0.375)
    assert (a.op, a.inputs, a.partials) == (None, (), ())


def test_reflected_operators_take_python_numbers_on_the_left():
    x = Value(4.0)
    results = [3 + x, 3 - x, 3 * x, 3 / x, 2**x]
    assert [y.data for y in results] == [7.0, -1.0, 12.0, 0.75, 16.0]
    for y in results:
        y.backward()
    assert x.grad == pytest.approx(1 - 1 + 3 - 3 / 16 + 16 * math.log(2), rel=1e-14)


def test_the_sum_of_a_python_list_starts_without_a_node_for_zero():
    a, b = Value(1.0), Value(2.0)
    assert sum([a, b]).inputs == (a, b)


def test_n_ary_functions_are_one_node_each():
    a, b, c = Value(1.0), Value(2.0), Value(4.0)
    assert Value.sum([a, b, c]).inputs == (a, b, c)
    assert Value.dot([a, b], [c, 3.0]).inputs[:3] == (a, b, c)
    assert Value.dot([a, b], [c, 3.0]).data == 10.0
    assert Value.max([a, c, 3.0]).data == 4.0
    assert Value.logsumexp([a, a]).data == pytest.approx(1 + math.log(2), rel=1e-15)
    assert Value.sum([]).data == 0.0
    for function in (Value.max, Value.logsumexp):
        with pytest.raises(ValueError, match=r"^(max|logsumexp): at least one number is needed"):
            function([])
    with pytest.raises(ValueError, match="dot: 2 numbers on the left, 1 on the right"):
        Value.dot([a, b], [c])


# backward, called again and with changes in between.


def awkward_graph():
    """Sums of thirds and tenths: were gradients added in another order, the last bit would differ."""
    x = Value(1 / 3)
    return x, x * 0.1 + x * 0.7 + x * x * 0.2 + (x * 1.1).tanh()


def test_backward_twice_doubles_the_leaves_exactly_and_leaves_the_rest():
    x, y = awkward_graph()
    y.backward()
    once = x.grad
    inside = [node.grad for node in topological_order(y) if node.op]
    y.backward()
    assert x.grad == 2 * once
    assert [node.grad for node in topological_order(y) if node.op] == inside


def test_an_inner_node_keeps_only_the_gradient_of_the_last_root():
    x = Value(2.0)
    s = x * x
    (s * 5).backward()
    (s * 7).backward()
    assert (s.grad, x.grad) == (7.0, 5 * 4.0 + 7 * 4.0)


def test_changing_a_leaf_afterwards_does_not_change_the_pass_that_was_run():
    w, x = Value(3.0), Value(5.0)
    y = w * x
    w.data = 100.0
    y.backward()
    assert (x.grad, y.data) == (3.0, 15.0)


def test_detach_cuts_the_history_and_keeps_number_and_label():
    x = Value(3.0, label="x")
    y = x * x
    y.label = "y"
    d = y.detach()
    (d * x).backward()
    assert (d.data, d.label, d.op, d.inputs, x.grad) == (9.0, "y", None, (), 9.0)


def test_a_long_chain_needs_no_recursion():
    n = 50_000
    assert n > 10 * sys.getrecursionlimit()
    x = Value(1.0)
    y = x
    for _ in range(n):
        y = y + x
    y.backward()
    assert (y.data, x.grad) == (n + 1.0, n + 1.0)


def test_a_graph_is_freed_without_the_garbage_collector():
    class Probe(Value):
        __slots__ = ("__weakref__",)
        alive = 0

        def __init__(self, data):
            super().__init__(data)
            Probe.alive += 1

        def __del__(self):
            Probe.alive -= 1

    gc.disable()
    try:
        x = Probe(2.0)
        y = (x * x + x).tanh()
        y.backward()
        assert Probe.alive == 1
        del x, y
        assert Probe.alive == 0
    finally:
        gc.enable()


# Numbers: what data and grad take.

NOT_A_NUMBER = [None, "3", b"3", [1], (1.0,), {}, 1j, object(), Value(1.0), Tensor(1.0)]
NOT_FINITE = [math.nan, math.inf, -math.inf, np.float64("nan")]
NUMBERS = [3, True, np.float32(3), np.int64(3), Fraction(3), Fraction(1, 3), np.array(0.5), np.True_]


def assign_data(x, number):
    x.data = number


def assigned(x):
    return x.data, x.grad


every_way = pytest.mark.parametrize("give", [lambda x, number: Value(number), assign_data])


@every_way
@pytest.mark.parametrize("bad", NOT_A_NUMBER)
def test_what_is_not_a_real_number_is_a_type_error(give, bad):
    x = Value(2.0)
    with pytest.raises(TypeError, match=f"^a real number is needed, not {type(bad).__name__}"):
        give(x, bad)
    assert assigned(x) == (2.0, 0.0)


@every_way
@pytest.mark.parametrize("bad", NOT_FINITE)
def test_nan_and_infinity_are_a_value_error(give, bad):
    x = Value(2.0)
    with pytest.raises(ValueError, match="a finite number is needed, not"):
        give(x, bad)
    assert assigned(x) == (2.0, 0.0)


@pytest.mark.parametrize("bad", [*NOT_A_NUMBER, *NOT_FINITE])
def test_a_refused_assignment_names_the_leaf(bad):
    x = Value(2.0, label="x")
    with pytest.raises((TypeError, ValueError), match=r"^x\.data: a (real|finite) number is needed, not "):
        x.data = bad
    assert assigned(x) == (2.0, 0.0)


def test_none_and_0_clear_a_gradient():
    x = Value(2.0)
    for nothing in (None, 0):
        x.grad = nothing
        (x * x).backward()
        assert x.grad == 4.0
    x.data -= 0.5 * x.grad
    assert x.data == 0.0


@pytest.mark.parametrize("number", NUMBERS)
def test_every_kind_of_real_number_becomes_a_float(number):
    x = Value(2.0)
    x.data = number
    for found in (Value(number).data, x.data):
        assert (type(found), found) == (float, float(number))


def test_a_label_is_text():
    with pytest.raises(TypeError, match=r"a label is text, not 2; several numbers go in one list"):
        Value(1.0, 2)


@pytest.mark.parametrize("cut", [float, int, complex, round, math.trunc, math.floor, math.sin, math.exp, math.sqrt])
def test_what_would_cut_a_value_off_its_graph_is_refused(cut):
    with pytest.raises(TypeError, match=r"off its graph.*write x\.sin\(\), or x\.data"):
        cut(Value(0.0))


# What is refused, and that nothing has changed then.


@pytest.mark.parametrize(
    ("compute", "error", "message"),
    [
        (lambda p: p.log(), ValueError, r"^log of p = 0.0 has no finite value; usual cause: log needs a number above"),
        (lambda p: 1 / p, ZeroDivisionError, r"^÷ of 1.0, p = 0.0 .* the divisor is 0"),
        (lambda p: (p - 1).sqrt(), ValueError, r"^sqrt of − = -1.0 .* not below 0"),
        (lambda p: (p + 1000).exp(), OverflowError, r"^exp of \+ = 1000.0 .* too large for a float"),
        (lambda p: (p + 1e308) * 10, OverflowError, r"^× of \+ = 1e\+308, 10.0 .* no float is above"),
        (lambda p: (p + 1e308) + 1e308, OverflowError, r"^\+ of \+ = 1e\+308, 1e\+308"),
        (lambda p: (p - 2.0) ** 0.5, ValueError, r"^\^0.5 of − = -2.0 .* needs a whole exponent"),
        (lambda p: p**-1, ValueError, r"^\^-1 of p = 0.0 .* 0 one that is not below 0"),
        (lambda p: 1.0 / (p + 1e-309), OverflowError, r"^÷ of 1.0, \+ = 1e-309"),
        (lambda p: (p - 800).sigmoid().log(), ValueError, r"^log of sigmoid = 0.0 .* takes its logit"),
        (lambda p: Value.softmax([p, 800.0])[0].log(), ValueError, r"^log of ÷ = 0.0 .* log_softmax or cross_entropy"),
        (lambda p: (1 - (p + 800).sigmoid()).log(), ValueError, r"^log of − = 0.0 .* takes its logit"),
        (lambda p: (p.exp() - 2).log(), ValueError, r"^log of − = -1.0 .* cause: log needs a number above 0$"),
        (lambda p: ((p - 800).exp() - 1).log(), ValueError, r"^log of − = -1.0 .* cause: log needs a number above 0$"),
        (lambda p: (p / 2).log(), ValueError, r"^log of ÷ = 0.0 .* cause: log needs a number above 0$"),
        (lambda p: Value(-2.0) ** (p + 2), ValueError, r"^pow of -2.0, \+ = 2.0 .* needs a base above 0; for x \*\* 2"),
        (lambda p: Value(1e200) ** (p + 2), OverflowError, r"^pow of 1e\+200, \+ = 2.0 .* no float is above"),
        (
            lambda p: Value.sum([p, p, p, p, 1e308, 1e308]),
            OverflowError,
            r"^sum of (1e\+308, ){2}(p = 0.0, ){2}… .* no float",
        ),
        (lambda p: Value.sum([p, p, p, 1e308, 1e308]), OverflowError, r"^sum of (1e\+308, ){2}(p = 0.0, ){2}… has no "),
        (lambda p: Value.sum([p, 1e308, 1e308, p]), OverflowError, r"^sum of p = 0.0, (1e\+308, ){2}p = 0.0 has no "),
        (lambda p: Value.dot([p, 1e200], [p, 1e200]), OverflowError, r"^dot of p = 0.0, 1e\+200"),
    ],
)
def test_a_node_without_a_finite_value_is_refused_by_name(compute, error, message):
    p = Value(0.0, label="p")
    with pytest.raises(error, match=message):
        compute(p)
    assert (p.data, p.grad) == (0.0, 0.0)


@pytest.mark.parametrize("x", [1.0, -1.0])
def test_a_gradient_that_overflows_is_refused_and_nothing_has_changed(x):
    tiny = Value(1e-300 * x, label="tiny")
    tiny.grad = 7.0
    first = tiny * 1e200
    second = first * 1e200
    first.grad = 5.0
    with pytest.raises(OverflowError, match=r"^backward: the gradient of tiny = -?1e-300 is too large"):
        second.backward()
    assert (tiny.grad, first.grad, second.grad) == (7.0, 5.0, 0.0)


def test_of_several_gradients_that_overflow_the_one_nearest_to_the_root_is_named():
    nodes = [Value(0.0, label="x")]
    for label in "abcd":
        nodes.append(nodes[-1] * 1e200)
        nodes[-1].label = label
    # ∂d/∂c = 1e200, and at b it is 1e400.
    with pytest.raises(OverflowError, match=r"the gradient of b = 0\.0 is too large"):
        nodes[-1].backward()


def test_gradients_that_overflow_by_adding_up_are_refused_and_nothing_has_changed():
    x = Value(1.0, label="x")
    y = x * 1e308
    y.backward()
    with pytest.raises(OverflowError, match=r"^backward: the gradient of x = 1\.0 is too large"):
        y.backward()
    assert x.grad == 1e308


def test_finite_partials_whose_sum_overflows_are_not_refused():
    assert Value.dot([1e308, 1e308], [0.1, 0.1]).partials == (0.1, 0.1, 1e308, 1e308)


# An infinite slope of a finite value, as at the foot of √.

STEEP = [
    (lambda x: x.sqrt(), 0.0),
    (lambda x: x**0.5, 0.0),
    (lambda x: x.log(), 5e-324),
    (lambda x: x / 5e-324, 0.0),
    (lambda x: x**-1, 1e-200),
]
every_steep = pytest.mark.parametrize(("compute", "at"), STEEP)


@every_steep
def test_an_infinite_slope_is_recorded(compute, at):
    y = compute(Value(at))
    assert math.isfinite(y.data)
    assert math.isinf(y.partials[0])


@every_steep
@pytest.mark.parametrize("pick", [lambda a, b: a.maximum(b), lambda a, b: (a * 0.0) + b])
def test_backward_passes_over_an_infinite_slope_that_no_gradient_meets(compute, at, pick):
    x, b = Value(at), Value(3e305)
    pick(compute(x), b).backward()
    assert (x.grad, b.grad) == (0.0, 1.0)


@every_steep
def test_a_gradient_that_meets_an_infinite_slope_is_refused_by_name_and_nothing_has_changed(compute, at):
    x = Value(at, label="x")
    s = compute(x)
    y = s * 3.0
    s.label, x.grad, s.grad = "s", 7.0, 5.0
    said = rf"^backward: s = .* has an infinite derivative at x = {at!r}.* and a gradient of 3\.0 arrives there"
    with pytest.raises(OverflowError, match=said):
        y.backward()
    assert (x.grad, s.grad, y.grad) == (7.0, 5.0, 0.0)
    for derivative in (grad, lambda y, x: jvp(y, x, 1.0)):
        with pytest.raises(OverflowError, match=rf"^s = .* has an infinite derivative at x = {at!r}.* backward\(\) "):
            derivative(y, x)


@pytest.mark.parametrize("other", ["1", None, [1.0], 1j])
def test_arithmetic_with_something_else_is_pythons_own_type_error(other):
    x = Value(1.0)
    for compute in (lambda: x + other, lambda: other - x, lambda: x * other, lambda: x / other, lambda: x**other):
        with pytest.raises(TypeError):
            compute()
    for compute in (lambda: x.maximum(other), lambda: x.minimum(other), lambda: x < other):
        with pytest.raises(TypeError):
            compute()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_arithmetic_with_nan_and_infinity_is_refused(bad):
    for compute in (lambda: Value(1.0) + bad, lambda: bad * Value(1.0), lambda: Value(1.0) ** bad):
        with pytest.raises(ValueError, match="a finite number is needed, not "):
            compute()


# As Python objects.


def test_values_are_equal_only_to_themselves():
    a, b = Value(1.0), Value(1.0)
    assert a == a and a != b and len({a, b}) == 2


def test_order_compares_the_numbers():
    a, b = Value(1.0), Value(2.0)
    assert a < b and b > a and a <= b and b >= a and a < 1.5 and a > 0.5 and max(a, b) is b
    assert not (a > b or a >= b or b < a or b <= a)


def test_the_repr_shows_number_gradient_and_label():
    x = Value(3, label="x")
    (x * 2).backward()
    assert repr(x) == "Value(data=3.0, grad=2.0, label='x')"
    assert repr(Value(0.5)) == "Value(data=0.5, grad=0.0)"
    assert f"{x:.2f} {x}" == "3.00 Value(data=3.0, grad=2.0, label='x')"


def test_the_order_of_a_graph_is_inputs_first_each_once_and_the_same_every_time():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    c = a * b
    d = c + a
    y = d * c
    assert topological_order(y) == [a, b, c, d, y]
    assert topological_order(d, y, d) == [a, b, c, d, y]
    assert topological_order(b, a) == [b, a]
    assert topological_order() == []
