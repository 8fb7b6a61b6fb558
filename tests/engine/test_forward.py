"""forward() computes a recorded graph again; a reading of a graph whose data was changed since is refused."""

import math
from fractions import Fraction

import pytest
from graphs import NUMBERS, decisions, recipes
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_edu import Value, compile_graph, explain, grad, hessian, jacobian, jvp, topological_order
from tinygrad_edu.ops import Op, power
from tinygrad_edu.value import record


def numbers_of(y):
    """All that forward and backward write."""
    return [(node.data, node.partials, node.grad) for node in topological_order(y)]


# forward.


def test_a_leaf_is_changed_and_the_graph_computed_again():
    w, x, b = Value(2.0), Value(3.0), Value(1.0)
    y = w * x + b
    y.backward()
    w.data = -2
    y.forward()
    assert (y.data, w.grad) == (-5.0, 3.0)  # −2 · 3 + 1; gradients stay
    x.data, b.data = Fraction(1, 2), 3
    y.forward()
    y.backward()
    assert (y.data, w.grad, x.grad, b.grad) == (2.0, 3.0 + 0.5, 2.0 - 2.0, 2.0)
    x.forward()  # of a leaf there is nothing to compute
    assert (x.data, x.grad) == (0.5, 0.0)
    p = Value.softmax([x, b])
    x.data, b.data = 1000.0, 1000.0
    p[0].forward()  # shifts by the new largest
    assert p[0].data == 0.5


@pytest.mark.parametrize(("number", "error"), [(-1.0, ValueError), (0.0, ZeroDivisionError), (1e200, OverflowError)])
def test_forward_changes_all_or_nothing(number, error):
    x = Value(2.0, label="x")
    y = (1 / (x + 0.0)).sqrt() + x**2
    y.backward()
    before = numbers_of(y)
    x.data = number
    said = {-1.0: r"^sqrt of ÷ = -1\.0", 0.0: r"^÷ of 1\.0, \+ = 0\.0", 1e200: r"^\^2 of x = 1e\+200"}[number]
    with pytest.raises(error, match=f"{said} has no finite value; usual cause: "):
        y.forward()
    x.data = 2.0
    assert numbers_of(y) == before


@given(recipes(), st.lists(NUMBERS, min_size=3, max_size=3))
def test_forward_gives_the_graph_that_would_be_recorded_afresh(recipe, others):
    leaves, fresh = recipe.leaves(), recipe.leaves()
    y = recipe(*leaves)
    for number, x, other in zip(others, leaves, fresh):
        x.data = other.data = number
    try:
        again = recipe(*fresh)
    except (ArithmeticError, ValueError):
        before = numbers_of(y)
        with pytest.raises((ArithmeticError, ValueError)):
            y.forward()
        assert numbers_of(y) == before
        return
    y.forward()
    y.backward()
    again.backward()
    assert numbers_of(y) == numbers_of(again)
    for dx, other in zip(grad(y, leaves), grad(again, fresh)):
        assert dx.data == other.data


def test_a_training_loop_on_one_recorded_graph():
    # L = (w − 3)², η = ¼: each step halves the distance to 3.
    w = Value(7.0)
    L = (w - 3) ** 2
    for _ in range(3):
        L.forward()
        w.grad = 0
        L.backward()
        w.data -= 0.25 * w.grad
    assert w.data == 3.5


# Data that was changed.

READINGS = {
    "grad": lambda y, x: grad(y, x),
    "jvp": lambda y, x: jvp(y, x, 1.0),
    "jacobian": lambda y, x: jacobian([y], [x]),
    "hessian": lambda y, x: hessian(y, [x]),
    "explain": lambda y, x: explain(y),
}


@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS)
def test_a_reading_of_changed_data_names_the_first_node_that_does_not_hold(read):
    w, x = Value(3.0, label="w"), Value(5.0, label="x")
    s = w * x
    s.label = "s"
    y = s + 2 * w
    y.backward()
    w.data = 4.0
    before = numbers_of(y)
    said = r"s = 15\.0 does not follow from w = 4\.0, x = 5\.0: data was changed .* Call forward\(\)"
    with pytest.raises(RuntimeError, match=said):
        read(y, x)
    assert numbers_of(y) == before
    y.forward()
    read(y, x)


def square(x):
    return x * x


@pytest.mark.parametrize(
    ("f", "slope", "changed", "data", "said"),
    [
        (square, 4.0, 0, -2.0, r"× = 4\.0 does not follow from -2\.0, -2\.0"),  # the value holds, but its slope moved
        (lambda x: square(x) + 1, 4.0, 1, 8.0, r"× = 8\.0 does not follow from 2\.0, 2\.0"),  # a computed Value
        (lambda x: x.log(), 0.5, 0, -1.0, r"log = 0\.69\d+ does not follow from -1\.0"),  # outside the domain
    ],
)
def test_other_ways_to_change_data(f, slope, changed, data, said):
    x = Value(2.0)
    y = f(x)
    node = topological_order(y)[changed]
    before, node.data = node.data, data
    with pytest.raises(RuntimeError, match=said):
        grad(y, x)
    node.data = before  # taken back, it is no change
    assert grad(y, x).data == slope


def test_a_program_takes_the_leaves_as_they_are_now():
    x = Value(2.0, label="x")
    y = x * x
    x.data = 5.0
    assert compile_graph(y, x)(3.0) == 9.0


@given(recipes(), NUMBERS)
def test_a_reading_is_refused_or_its_graph_holds(recipe, number):
    leaves = recipe.leaves()
    y = recipe(*leaves)
    leaves[0].data = number
    fresh = Value(number), *[Value(x.data) for x in leaves[1:]]
    try:
        found = grad(y, leaves[0]).data
    except RuntimeError as error:
        assert "does not follow from" in str(error)
    except (ArithmeticError, ValueError):
        assume(False)
    else:
        again = recipe(*fresh)
        assert (y.data, found) == (again.data, grad(again, fresh[0]).data)
        assert decisions(y) == decisions(again)


@given(st.floats(-1e3, 1e3), st.sampled_from([1.5, 2.0, 3.0, 7.0, -1.0, 0.5]))
def test_a_correct_row_is_never_refused(a, n):
    # a ** 2 of a float is math.pow, of a Value the row a × a: the two may differ in the last bit.
    CUBE_OVER_3 = Op("cube/3", lambda a: a * a * a / 3, lambda y, a: (a**2,))
    x = Value(a)
    y = record(CUBE_OVER_3, (x,), a)
    slope = grad(y, x)
    assert slope.data == pytest.approx(a * a, rel=1e-15)
    assert jvp(y, x, 1.0).data == slope.data
    assume(a > 1e-3)
    assert math.isfinite(grad(record(power(n), (x,), a), x).data)
