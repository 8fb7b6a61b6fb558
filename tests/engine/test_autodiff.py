"""grad, jvp, jacobian and hessian on paper, and what is refused."""

import math
import pickle
from collections import namedtuple
from copy import deepcopy

import numpy as np
import pytest

from tinygrad_edu import MLP, Linear, Sequential, Tanh, Tensor, Value, grad, hessian, jacobian, jvp, topological_order
from tinygrad_edu.derivative_name import DerivativeName
from tinygrad_edu.tree import flatten, paths

# Paper-sized cases.


def test_derivatives_of_a_cube_to_the_fourth_order():
    x = Value(2.0)
    derivative, found = x**3, []
    for _ in range(4):
        derivative = grad(derivative, x)
        found.append(derivative.data)
    assert found == [12.0, 12.0, 6.0, 0.0]
    for a in (0.09018283127483313, 0.1, 0.3, 1.7):  # of the first one a · a and pow(a, 2) differ
        x = Value(a)
        assert grad(x**3, x).data == 3 * (a * a)


@pytest.mark.parametrize("a", [0.09018283127483313, 0.1, 0.3, 1.7])  # of the first one a · a and pow(a, 2) differ
def test_a_cube_has_a_gradient_where_its_slope_is_rounded_up_and_where_down(a):
    x = Value(a)
    assert grad(x**3, x).data == 3 * (a * a)


def test_third_derivatives_at_zero():
    x = Value(0.0)
    for y, third in [(x.tanh(), -2.0), (x.sigmoid(), -1 / 8)]:
        assert grad(grad(grad(y, x), x), x).data == third


def test_a_tangent_may_be_a_value_and_be_differentiated_by():
    x, t = Value(2.0), Value(3.0)
    d = jvp(x**3, x, t)  # 3x² t
    assert (d.data, grad(d, t).data, grad(d, x).data) == (36.0, 12.0, 36.0)


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


def test_grad_answers_in_a_namedtuple():
    Pair = namedtuple("Pair", "a b")
    a, b = Value(2.0), Value(3.0)
    found = grad(a * b, Pair(a, [b]))
    assert type(found) is Pair
    assert (found.a.data, found.b[0].data) == (3.0, 2.0)


def test_paths_lead_to_the_leaves():
    x, t = Value(2.0), Tensor([[3.0, 4.0]])
    expected = [(("w", 0), x), (("w", 1, "t", 0, 0), t.values[0]), (("w", 1, "t", 0, 1), t.values[1]), (("n",), 5.0)]
    assert [*paths({"w": (x, {"t": t}), "n": 5.0})] == expected


def test_grad_to_an_inner_node_and_to_a_stranger():
    a = Value(2.0)
    s = a * a
    y = s * s
    assert grad(y, s).data == 8.0
    assert grad(y, Value(1.0)).data == 0.0
    apart = 2 * a
    apart.label = "s2"
    other = r"y was not computed from this s2 = 4\.0, which takes part in another .* write allow_unused=True$"
    for name, derivative in (
        ("grad", grad),
        ("jvp", lambda y, x, **unused: jvp(y, x, 1.0, **unused)),
        ("jacobian", lambda y, x, **unused: jacobian([y, a], x, **unused)[0][0]),
    ):
        with pytest.raises(ValueError, match=f"^{name}: {other}"):
            derivative(y, apart)
        assert derivative(y, apart, allow_unused=True).data == 0.0
    with pytest.raises(ValueError, match=f"^hessian: {other}"):
        hessian(y, apart)


@pytest.mark.parametrize("copied", [deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_are_refused_as_what_a_result_was_not_computed_from(copied):
    net, w = MLP([2, 1], init=0.5), Value(2.0, label="w")
    L, y = net([1.0, 2.0]).sum(), w * Value(3.0)
    of_copy = r"y was not computed from this (W⁽¹⁾₁₁ = 0\.5|w = 2\.0), which is a copy"
    for z, xs in ((L, copied(net).parameters()), (y, [w, copied(w)])):
        jvp_of_all = lambda z, xs: jvp(z, xs, [p.data for p in xs])  # noqa: E731
        readings = {"grad": grad, "hessian": hessian, "jacobian": jacobian, "jvp": jvp_of_all}
        for name, derivative in readings.items():
            with pytest.raises(ValueError, match=f"^{name}: {of_copy}"):
                derivative(z, xs)
        assert [d.data for d in flatten(grad(z, xs, allow_unused=True))][-1] == 0.0
    assert grad(grad(y, w), w).data == 0.0  # of a constant
    y.label = "y"
    assert grad(2 * y, Value(1.0, label="y")).data == 0.0  # a copy of a leaf has its label


def test_what_a_network_does_not_use_has_the_gradient_0():
    """As in PyTorch a Tensor is used if one of its numbers is. Layers of one Module may have one name."""
    net = Sequential(Linear(2, 2), Tanh(), Linear(2, 2))
    experts = [Linear(2, 2), Linear(2, 2)]
    x, t = Tensor([1.0, 2.0], label="x"), Tensor([3.0, 4.0], label="t")
    W, b = grad(net(x)[0], net.parameters())[2:]
    assert W.data[1] == [0.0, 0.0] != W.data[0] and b.data == [1.0, 0.0]
    of_experts = grad(experts[0](x).sum(), [p for expert in experts for p in expert.parameters()])
    assert [p.data for p in of_experts[2:]] == [[[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0]]
    z = x * 2
    assert grad(z[0], z).data == [1.0, 0.0] and grad(z[0], [x, t])[1].data == [0.0, 0.0]
    for derivative in (grad, hessian, lambda y, x: jacobian([y], x)):
        with pytest.raises(ValueError, match=r"not computed from this x₁ = 1\.0, which is a copy"):
            derivative((x * x).sum(), [x, Tensor(x.data, label="x")])
    assert [[d.data for d in row] for row in hessian(x.sum(), x)] == [[0.0, 0.0], [0.0, 0.0]]


def test_where_0_meets_an_infinite_slope_the_number_is_0_and_a_graph_of_it_is_refused():
    w, x = Value(0.0, label="w"), Value(0.0, label="x")
    y = w * x.sqrt()
    y.backward()
    assert (w.grad, x.grad, jvp(y, w, 1.0).data) == (0.0, 0.0, 0.0)
    for derivative in (lambda: grad(y, [w, x]), lambda: jvp(y, x, 1.0), lambda: hessian(y, [w, x])):
        with pytest.raises(OverflowError, match=r"^sqrt = 0\.0 has an infinite derivative at x = 0\.0, and .* as 0 "):
            derivative()


def test_a_derivative_is_named_after_what_it_is_taken_by():
    x, nameless = Value(2.0, label="x"), Value(3.0)
    dx, d = grad(x * nameless, [x, nameless])
    assert (dx.label, d.label) == ("∂x", None)


def test_a_gradient_is_a_number_of_its_own():
    a, b, c = Value(2.0, label="a"), Value(3.0), Value(1.0)
    y = a * b + c
    gradients = grad(y, [a, b, c, y])
    assert [g.data for g in gradients] == [3.0, 2.0, 1.0, 1.0]
    assert len({a, b, c, y, *gradients}) == 8 and (b.label, y.label) == (None, None)
    assert grad(gradients[0], b).data == 1.0 and grad(gradients[1], a).data == 1.0
    assert grad(grad(a**3, a), a).data == 12.0


def test_no_two_derivatives_have_one_name():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    L = a * a * b * b
    nameless = [grad(L, a), grad(grad(L, a), b), grad(grad(grad(L, a), b), a)]
    assert [d.label for d in nameless] == ["∂a", "∂²/∂a∂b", "∂³/∂a∂b∂a"]
    L.label = "L"
    assert [d.label for d in grad(L, [a, b])] == ["∂L/∂a", "∂L/∂b"]
    assert [d.label.nodes for d in grad(L, [a, b])] == [(L, a), (L, b)]
    assert grad(grad(L, a), b).label.nodes == (L, a, b)
    assert [[d.label for d in row] for row in hessian(L, [a, b])] == [
        ["∂²L/∂a²", "∂²L/∂a∂b"], ["∂²L/∂b∂a", "∂²L/∂b²"],
    ]  # fmt: skip
    for sign in " +−-·×*/∂":
        assert DerivativeName("L", [f"a{sign}b"]) == f"∂L/∂(a{sign}b)"
    d = a.exp()
    d.label = "L"
    for _ in range(11):
        d = grad(d, a)
    assert d.label == "∂¹¹L/∂a¹¹"


def test_jvp_is_the_derivative_along_a_direction():
    a, b = Value(2.0), Value(5.0)
    y = a * b + a
    assert jvp(y, [a, b], [1.0, 10.0]).data == 6.0 * 1 + 2.0 * 10
    assert jvp(y, a, 1.0).data == 6.0 and jvp(a * a, [a, a], [1.0, 10.0]).data == 4.0 * 11
    assert jvp(y, Value(1.0), 1.0).data == 0.0


def test_jvp_of_an_input_that_depends_on_another_counts_both_ways():
    a = Value(2.0)
    s = a * a
    assert jvp(3 * s, [a, s], [1.0, 1.0]).data == 3 * (4.0 + 1.0)


def test_jvp_pairs_structures_key_by_key():
    a, b, t = Value(2.0), Value(3.0), Tensor([[1.0, 2.0], [3.0, 4.0]])
    y = a * a + 10 * b + (t * Tensor([[1.0, 2.0], [3.0, 4.0]])).sum()[()]
    assert jvp(y, {"a": a, "b": b}, {"b": 1.0, "a": 0.5}).data == 0.5 * 4 + 10
    assert jvp(y, (a, [b]), [1, (np.float64(2),)]).data == 4.0 + 20
    for tangent in (np.eye(2), [[1.0, 0.0], [0.0, 1.0]], Tensor([[1.0, 0.0], [0.0, 1.0]])):
        assert jvp(y, {"t": t}, {"t": tangent}).data == 1.0 + 4.0
        assert jvp(y, t, tangent).data == jvp(y, [t], [tangent]).data == 1.0 + 4.0
    assert jvp(y, Tensor(a), 1.0).data == 4.0
    assert jvp(y, [], []).data == 0.0
    assert jvp(y, [a, a], [1.0, 10.0]).data == 4.0 * 11  # a Value that is named twice has both tangents
    Pair = namedtuple("Pair", "a b")
    assert jvp(y, Pair(a, b), Pair(1.0, 2.0)).data == 4.0 + 20


@pytest.mark.parametrize(
    ("xs", "tangents"),
    [
        (lambda a, t: [a, a], [1.0]),
        (lambda a, t: [a], [1.0, 2.0]),
        (lambda a, t: [a], 1.0),
        (lambda a, t: [a], "1"),
        (lambda a, t: {"a": a}, {"b": 1.0}),
        (lambda a, t: {"a": a}, [1.0]),
        (lambda a, t: t, {"t": [[1.0, 2.0], [3.0, 4.0]]}),
        (lambda a, t: {"a": a}, {"a": 1.0, "b": 1.0}),
        (lambda a, t: {"a": a}, {}),
        (lambda a, t: t, [1.0]),
        (lambda a, t: t, 1.0),
        (lambda a, t: t, np.zeros((2, 3))),
        (lambda a, t: t, [[1.0, 2.0], [3.0]]),
    ],
)
def test_structures_that_differ_are_refused(xs, tangents):
    a, t = Value(2.0), Tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match=r"^jvp: xs and tangents differ in structure, at \["):
        jvp(a * t.sum()[()], xs(a, t), tangents)


def test_the_jacobian_has_a_row_for_each_output():
    r, angle = Value(2.0), Value(0.5)
    c, s = math.cos(0.5), math.sin(0.5)
    J = jacobian([r * angle.cos(), r * angle.sin()], [r, angle])
    assert [[d.data for d in row] for row in J] == [pytest.approx([c, -2 * s]), pytest.approx([s, 2 * c])]
    W, h = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Tensor([0.5, -0.5])
    assert [[d.data for d in row] for row in jacobian(W @ h, h)] == W.data


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
    with pytest.raises(TypeError, match="a real number is needed, not str"):
        jvp(t.sum(), t, [1.0, "1"])
    with pytest.raises(ValueError, match="a finite number is needed, not nan"):
        jvp(t.sum(), t, [1.0, math.nan])
    with pytest.raises(TypeError, match=r"a graph ends in Values or Tensors, each an argument of its own, not in \["):
        topological_order([t])


@pytest.mark.parametrize("derivative", [grad, hessian, jacobian])
def test_a_function_is_to_be_called_first(derivative):
    with pytest.raises(TypeError, match=r"not function: a function or a network is called first, as in f\(x\)$"):
        derivative(lambda x: x * x, Value(1.0))
