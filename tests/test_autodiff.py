"""grad, jvp, jacobian and hessian; and that all ways to a derivative agree on random graphs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, Value, central_difference, grad, hessian, jacobian, jvp, topological_order

# Paper-sized cases.


def test_derivatives_of_a_cube_to_the_fourth_order():
    x = Value(2.0)
    derivative, found = x**3, []
    for _ in range(4):
        derivative = grad(derivative, x)
        found.append(derivative.data)
    assert found == [12.0, 12.0, 6.0, 0.0]


def test_the_second_derivative_of_tanh():
    x = Value(0.5)
    t = math.tanh(0.5)
    assert grad(grad(x.tanh(), x), x).data == pytest.approx(-2 * t * (1 - t * t), rel=1e-14)


def test_a_cube_has_a_gradient_where_its_slope_is_rounded_up_and_where_down():
    for a in (0.09018283127483313, 0.1, 0.3, 1.7):  # of the first one a · a and pow(a, 2) differ
        x = Value(a)
        assert grad(x**3, x).data == 3 * (a * a)


def test_a_third_derivative_at_zero_survives_the_exact_formulas():
    x = Value(0.0)
    for y, third in [(x.tanh(), -2.0), (x.sigmoid(), -1 / 8)]:
        assert grad(grad(grad(y, x), x), x).data == third


def test_grad_touches_no_grad():
    x = Value(2.0)
    y = x * x
    y.backward()
    before = [(node, node.grad) for node in topological_order(y)]
    grad(grad(y, x), x)
    assert [(node, node.grad) for node in topological_order(y)] == before


def test_grad_answers_in_the_structure_it_was_asked_in():
    a, b, t = Value(2.0), Value(3.0), Tensor([[1.0, 2.0]])
    y = a * b + (t * t).sum()
    assert type(grad(y, a)) is Value
    found = grad(y, [a, (b, {"t": t})])
    assert found[0].data == 3.0
    assert type(found[1]) is tuple and found[1][0].data == 2.0
    assert found[1][1]["t"].data == [[2.0, 4.0]]


def test_grad_to_an_inner_node_and_to_a_stranger():
    a = Value(2.0)
    s = a * a
    y = s * s
    assert grad(y, s).data == 8.0
    assert grad(y, Value(1.0)).data == 0.0


def test_a_gradient_is_an_ordinary_graph():
    x = Value(3.0)
    slope = grad(x * x, x)
    (slope * slope).backward()  # (2x)², whose derivative is 8x
    assert x.grad == 24.0


def test_jvp_is_the_derivative_along_a_direction():
    a, b = Value(2.0), Value(5.0)
    y = a * b + a
    assert jvp(y, [a, b], [1.0, 10.0]).data == 6.0 * 1 + 2.0 * 10
    assert jvp(y, a, 1.0).data == 6.0
    assert jvp(y, Value(1.0), 1.0).data == 0.0


def test_jvp_of_an_input_that_depends_on_another_counts_both_ways():
    a = Value(2.0)
    s = a * a
    assert jvp(3 * s, [a, s], [1.0, 1.0]).data == 3 * (4.0 + 1.0)


def test_jvp_can_be_differentiated():
    x = Value(2.0)
    assert grad(jvp(x**3, x, 1.0), x).data == 12.0


def test_the_jacobian_has_a_row_for_each_output():
    r, angle = Value(2.0), Value(0.5)
    c, s = math.cos(0.5), math.sin(0.5)
    J = jacobian([r * angle.cos(), r * angle.sin()], [r, angle])
    assert [[d.data for d in row] for row in J] == [pytest.approx([c, -2 * s]), pytest.approx([s, 2 * c])]


def test_the_jacobian_of_a_matrix_product_is_the_matrix():
    W, h = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Tensor([0.5, -0.5])
    assert [[d.data for d in row] for row in jacobian(W @ h, h)] == W.data


def test_the_hessian_is_the_matrix_of_second_derivatives():
    a, b = Value(2.0), Value(3.0)
    H = hessian(a**3 * b + b * b, [a, b])
    assert [[d.data for d in row] for row in H] == [[36.0, 12.0], [12.0, 2.0]]


# What is refused.


def test_grad_refuses_what_is_not_one_number():
    t = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="a derivative is taken of one number, not of 2: sum them, or use jacobian"):
        grad(t, t)
    for y, x in ((3.0, Value(1.0)), (Value(1.0), 3.0), (Value(1.0), ["x"])):
        with pytest.raises(TypeError, match="a Value, a Tensor or a list of them is needed"):
            grad(y, x)
    with pytest.raises(ValueError, match="2 values to move, but 1 tangents"):
        jvp(t.sum(), t, [1.0])
    with pytest.raises(TypeError, match="a real number is needed, not str"):
        jvp(t.sum(), t, [1.0, "1"])
    with pytest.raises(TypeError, match=r"a graph ends in Values or Tensors, each an argument of its own, not in \["):
        topological_order([t])


def test_grad_of_a_pass_whose_numbers_were_changed_is_refused_and_changes_nothing():
    w, x = Value(3.0), Value(5.0)
    y = w * x
    y.backward()
    w.data = 4.0
    with pytest.raises(RuntimeError, match="× was recorded with other numbers"):
        grad(y, x)
    assert (w.grad, x.grad, y.grad) == (5.0, 3.0, 1.0)


# Random graphs. Nodes are picked again and again, so that most have several users.

STEPS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 1),
    "square": lambda a, b: a**2,
    "power": lambda a, b: (a * a + 1) ** -1.5,
    "tanh": lambda a, b: a.tanh(),
    "sigmoid": lambda a, b: a.sigmoid(),
    "sin": lambda a, b: (a - b).sin(),
    "cos": lambda a, b: (a * b).cos(),
    "exp": lambda a, b: a.tanh().exp(),
    "log": lambda a, b: (a * a + b * b + 1).log(),
    "sqrt": lambda a, b: (a * a + 1).sqrt(),
    "sum": lambda a, b: Value.sum([a, b, a, 2.0]),
    "dot": lambda a, b: Value.dot([a, b, a], [b, b, 0.5]),
    "logsumexp": lambda a, b: Value.logsumexp([a, b, a]),
    "shrink": lambda a, b: a.sin() * 0.7,
    "constant": lambda a, b: 1.5 - a,
}

recipes = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 99), st.integers(0, 99)), min_size=3, max_size=12
)
starts = st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3)


def build(recipe, xs):
    """The graph of a recipe: each step takes two nodes made before and makes another."""
    nodes = list(xs)
    for name, i, j in recipe:
        y = STEPS[name](nodes[i % len(nodes)], nodes[j % len(nodes)])
        nodes.append(y.tanh() * 2 if abs(y.data) > 4 else y)  # keeps numbers and slopes moderate
    return Value.sum(nodes[-3:])


def by_paths(y, x):
    """∂y/∂x as the sum over all paths of the product of the slopes along it: calculus, not an algorithm."""
    if y is x:
        return 1.0
    return sum(p * by_paths(a, x) for a, p in zip(y.inputs, y.partials))


@given(recipe=recipes, start=starts)
def test_backward_grad_and_forward_mode_agree_on_random_graphs(recipe, start):
    xs = [Value(x) for x in start]
    y = build(recipe, xs)
    y.backward()
    backward = [x.grad for x in xs]
    # The same products in the same order, or the reverse: a few roundings apart.
    scale = max(1.0, *map(abs, backward))
    assert [g.data for g in grad(y, xs)] == pytest.approx(backward, abs=1e-12 * scale)
    forward = [jvp(y, x, 1.0).data for x in xs]
    assert forward == pytest.approx(backward, abs=1e-12 * scale)


@given(recipe=recipes.filter(lambda r: len(r) <= 7), start=starts)
def test_the_gradient_is_the_sum_over_all_paths(recipe, start):
    xs = [Value(x) for x in start]
    y = build(recipe, xs)
    y.backward()
    for x in xs:
        assert x.grad == pytest.approx(by_paths(y, x), rel=1e-9, abs=1e-9)


@given(recipe=recipes, start=starts)
def test_backward_agrees_with_central_differences_on_random_graphs(recipe, start):
    xs = [Value(x) for x in start]
    y = build(recipe, xs)
    if any(3.999 < abs(node.data) < 4.001 for node in topological_order(y)):
        return  # a step beside this would build another graph
    y.backward()
    numeric = central_difference(lambda *zs: build(recipe, zs), start)
    # Third derivatives of twelve nested steps can be large: 1e-5 of the slope is what is left.
    scale = max(1.0, *[abs(x.grad) for x in xs])
    assert [x.grad for x in xs] == pytest.approx(numeric, abs=1e-5 * scale)


@given(recipe=recipes.filter(lambda r: len(r) <= 6), start=starts)
def test_second_derivatives_are_symmetric_and_the_slopes_of_first_ones(recipe, start):
    xs = [Value(x) for x in start]
    H = [[d.data for d in row] for row in hessian(build(recipe, xs), xs)]
    scale = max(1.0, *[abs(d) for row in H for d in row])
    for i in range(3):
        for j in range(3):
            assert H[i][j] == pytest.approx(H[j][i], abs=1e-10 * scale)
            # Forward mode over reverse mode: another order of the same derivatives.
            slope = jvp(grad(build(recipe, xs), xs[i]), xs[j], 1.0).data
            assert H[i][j] == pytest.approx(slope, abs=1e-10 * scale)
