"""Arithmetic, functions and products against NumPy's, gradients against formulas worked by hand."""

import itertools

import numpy as np
import pytest
from arrays import EIGHTHS, SHAPES, arrays, backward_from, folded, same, untouched
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, Value, array_ops, ops
from tinygrad_edu.network.functions import affine

# Arithmetic and broadcasting.


@st.composite
def broadcast_pairs(draw, second=EIGHTHS):
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=1, max_side=4))
    a, b = shapes.input_shapes
    return draw(arrays(a)), draw(arrays(b, second)), draw(arrays(shapes.result_shape))


def test_a_column_times_a_row_is_a_table():
    column, row = Tensor([[1.0], [2.0]]), Tensor([3.0, 4.0, 5.0])
    table = column * row
    assert table.data == [[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]
    table.sum().backward()
    assert column.grad == [[12.0], [12.0]]  # 3 + 4 + 5
    assert row.grad == [3.0, 3.0, 3.0]  # 1 + 2
    assert table.op is ops.MUL and table.inputs == (column, row)


@given(broadcast_pairs())
def test_plus_minus_times_broadcast_as_in_numpy(abG):
    a, b, G = abG
    for f, da, db in ((lambda x, y: x + y, G, G), (lambda x, y: x - y, G, -G), (lambda x, y: x * y, G * b, G * a)):
        A, B = Tensor(a), Tensor(b)
        result = f(A, B)
        assert same(result, f(a, b))
        backward_from(result, G)
        assert same(A, a) and A.grad == folded(np.asarray(da), a.shape).tolist()
        assert B.grad == folded(np.asarray(db), b.shape).tolist()


@given(broadcast_pairs(second=st.integers(1, 32).map(lambda k: k / 8)))
def test_division_and_powers_broadcast_as_in_numpy(abG):
    a, b, G = abG
    A, B = Tensor(a), Tensor(b)
    quotient = A / B
    assert same(quotient, a / b)  # one division, rounded as IEEE 754 says in both
    backward_from(quotient, G)
    # A sum of up to 64 rounded terms, each at most 5·5·64 in size: 64 · 1600 · ε = 2e-11.
    np.testing.assert_allclose(A.grad, folded(G / b, a.shape), rtol=0, atol=1e-10)
    np.testing.assert_allclose(B.grad, folded(-G * a / b**2, b.shape), rtol=0, atol=1e-10)
    # exp(b log a) rounds b log a, up to 4·1.6, and exp makes that a relative error: some 10 ε.
    base = np.abs(a) + 1
    np.testing.assert_allclose((Tensor(base) ** Tensor(b)).data, base**b, rtol=1e-14)


@pytest.mark.parametrize("other", [2.0, 2, np.float64(2), np.int64(2), Value(2.0), Tensor(2.0), [2.0], np.array([2.0])])
def test_numbers_arrays_and_values_mix_on_either_side(other):
    t = Tensor([4.0, 8.0])
    results = [t + other, other + t, t - other, other - t, t * other, other * t, t / other, other / t]
    assert all(isinstance(r, Tensor) and r.shape == (2,) for r in results)
    assert [r.data for r in results] == [
        [6.0, 10.0], [6.0, 10.0], [2.0, 6.0], [-2.0, -6.0],
        [8.0, 16.0], [8.0, 16.0], [2.0, 4.0], [0.5, 0.25],
    ]  # fmt: skip
    assert t.maximum(5.0).data == [5.0, 8.0] and t.minimum(5.0).data == [4.0, 5.0]
    # exp(2 log 4) rounds twice: a few ε.
    np.testing.assert_allclose((t**other).data, [16.0, 64.0], rtol=1e-14)
    np.testing.assert_allclose((other**t).data, [16.0, 256.0], rtol=1e-14)


def test_shapes_that_do_not_broadcast_are_named():
    a, b = Tensor.ones(2, 3), Tensor.ones(2)
    of_two = {r"\+": Tensor.__add__, "−": Tensor.__sub__, "×": Tensor.__mul__, "÷": Tensor.__truediv__}
    of_two |= {"pow": Tensor.__pow__, "maximum": Tensor.maximum, "minimum": Tensor.minimum}
    for symbol, f in of_two.items():
        for x, y, shapes in ((a, b, r"\(2, 3\) and \(2,\)"), (b, a, r"\(2,\) and \(2, 3\)")):
            with untouched(a, b), pytest.raises(ValueError, match=rf"^{symbol}: shapes {shapes} do not fit"):
                f(x, y)


@pytest.mark.parametrize("three", [3, 3.0, np.float64(3), np.int64(3)])
def test_a_constant_power_takes_negative_bases(three):
    t = Tensor([-2.0, 3.0])
    y = t**three
    assert y.data == [-8.0, 27.0] and y.op is ops.power(3.0)
    y.sum().backward()
    assert t.grad == [12.0, 27.0]


def test_map_applies_a_function_of_values():
    t = Tensor([[1.0, 2.0]])
    y = t.map(lambda a: a * a * a)
    assert y.data == [[1.0, 8.0]] and y.op is array_ops.MAP
    y.sum().backward()
    assert t.grad == [[3.0, 12.0]]
    assert t.map(lambda a: 3.0).data == [[3.0, 3.0]]
    with pytest.raises(TypeError, match="a real number is needed, not NoneType"):
        t.map(lambda a: None)


def test_an_error_inside_leaves_everything_as_it_was():
    a, zero = Tensor([1.0, 2.0], label="a"), Tensor([1.0, 0.0], label="n")
    with untouched(a, zero):
        with pytest.raises(ZeroDivisionError, match=r"÷ of a₂ = 2.0, n₂ = 0.0 .*divisor is 0"):
            a / zero
        with pytest.raises(ValueError, match=r"log of n₂ = 0.0 .*above 0"):
            zero.log()
        with pytest.raises(TypeError, match="real number is needed, not str"):
            a + "1"
        with pytest.raises(TypeError, match="real number is needed, not NoneType"):
            a * None
        with pytest.raises(OverflowError, match=r"exp of .*too large for a float"):
            (a * 1000).exp()
        with pytest.raises(ValueError, match="no finite value"):
            (-a) ** 0.5


# Elementwise functions: name, on NumPy, its derivative on NumPy, where.

REALS = st.floats(-4, 4)
POSITIVE = st.floats(0.125, 4)
NOT_ZERO = st.floats(0.125, 4) | st.floats(-4, -0.125)  # away from the kinks
FUNCTIONS = {
    "exp": (np.exp, np.exp, REALS),
    "log": (np.log, lambda x: 1 / x, POSITIVE),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x), POSITIVE),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2, REALS),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, REALS),
    "relu": (lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0), NOT_ZERO),
    "sin": (np.sin, np.cos, REALS),
    "cos": (np.cos, lambda x: -np.sin(x), REALS),
    "abs": (np.abs, np.sign, NOT_ZERO),
    "step": (lambda x: 1.0 * (x > 0), np.zeros_like, NOT_ZERO),
    "__neg__": (np.negative, lambda x: -np.ones_like(x), REALS),
    "__abs__": (np.abs, np.sign, NOT_ZERO),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=settings.default.max_examples // 4)  # for each of the twelve
@given(data=st.data())
def test_functions_and_their_derivatives_are_those_of_numpy(name, data):
    f, derivative, domain = FUNCTIONS[name]
    x = data.draw(SHAPES.flatmap(lambda shape: arrays(shape, domain)))
    t = Tensor(x)
    y = getattr(t, name)()
    # Two mathematical libraries differ by a few ε; 1 − tanh² at 4 loses another factor 1000.
    np.testing.assert_allclose(y.data, f(x), rtol=1e-14, atol=1e-15)
    backward_from(y, np.full(x.shape, 2.0))
    np.testing.assert_allclose(t.grad, 2 * derivative(x), rtol=1e-12, atol=1e-14)
    assert y.shape == x.shape and y.inputs == (t,) and y.op.symbol == name.strip("_")


@given(broadcast_pairs())
def test_maximum_and_minimum_give_the_gradient_to_the_winner_and_halve_a_tie(abG):
    a, b, G = abG
    for name, f, sign in ("maximum", np.maximum, 1), ("minimum", np.minimum, -1):
        A, B = Tensor(a), Tensor(b)
        result = getattr(A, name)(B)
        assert same(result, f(a, b))
        backward_from(result, G)
        share = (1 + sign * np.sign(a - b)) / 2  # 1, ½ or 0
        assert A.grad == folded(np.asarray(G * share), a.shape).tolist()
        assert B.grad == folded(np.asarray(G * (1 - share)), b.shape).tolist()


# The matrix product.


def test_a_matrix_product_on_paper():
    W, h = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Tensor([10.0, 1.0])
    z = W @ h
    assert [v.inputs for v in z.values] == [(*row.values, *h.values) for row in W]  # as in W h: w first
    assert z.data == [12.0, 34.0, 56.0] and z.op is array_ops.MATMUL and z.inputs == (W, h)
    assert [v.op.symbol for v in z.values] == ["dot"] * 3  # each is one node
    backward_from(z, [1.0, 0.0, 2.0])
    assert W.grad == [[10.0, 1.0], [0.0, 0.0], [20.0, 2.0]]  # δ hᵀ
    assert h.grad == [11.0, 14.0]  # Wᵀ δ
    assert ([[1.0, 1.0]] @ h).data == (np.array([[1.0, 1.0]]) @ h).data == [11.0]
    assert type(np.array([1.0, 1.0]) + h) is Tensor


@given(st.data(), *[st.integers(1, 4)] * 3, st.booleans())
def test_an_affine_map_is_that_of_numpy_and_one_node_an_element(data, m, n, N, batch):
    w, x, c = data.draw(arrays((m, n))), data.draw(arrays((N, n) if batch else (n,))), data.draw(arrays((m,)))
    G = data.draw(arrays((N, m) if batch else (m,)))
    W, h, b = Tensor(w), Tensor(x), Tensor(c)
    z = affine(W, h, b)
    assert same(z, x @ w.T + c) and z.inputs == (W, h, b)
    assert {v.op for v in z.values} == {ops.AFFINE}
    backward_from(z, G)
    G = G.reshape(-1, m)
    assert W.grad == (G.T @ x.reshape(-1, n)).tolist()  # Gᵀ h, of one example δ hᵀ
    assert h.grad == (G @ w).reshape(x.shape).tolist()  # G W, of one example Wᵀ δ
    assert b.grad == G.sum(axis=0).tolist()


@pytest.mark.parametrize(
    "shapes",
    [((2, 3), (2,), (2,)), ((2, 3), (2, 2), (2,)), ((2, 3), (3,), (3,)), ((2, 3), (3,), (1,)), ((2, 3), (3,), ()),
     ((3,), (3,), (3,)), ((3,), (3,), ()), ((1, 2, 3), (3,), (1, 2)), ((2, 3), (), (2,)), ((2, 3), (1, 1, 3), (2,))],
)  # fmt: skip
def test_an_affine_map_refuses_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError) as error:
        affine(*map(Tensor.ones, shapes))
    assert str(error.value).startswith("W h + b: shapes {}, {} and {} do not fit".format(*shapes))


@given(st.data(), *[st.integers(1, 4)] * 3, st.booleans(), st.booleans())
def test_products_of_vectors_and_matrices_are_those_of_numpy(data, m, n, p, left_is_vector, right_is_vector):
    a = data.draw(arrays((n,) if left_is_vector else (m, n)))
    b = data.draw(arrays((n,) if right_is_vector else (n, p)))
    G = data.draw(arrays(np.shape(a @ b)))
    A, B = Tensor(a), Tensor(b)
    assert same(A @ B, a @ b)
    backward_from(A @ B, G)
    G2 = G.reshape(1 if left_is_vector else m, 1 if right_is_vector else p)
    assert A.grad == (G2 @ b.reshape(n, -1).T).reshape(a.shape).tolist()  # ∂L/∂A = G Bᵀ
    assert B.grad == (a.reshape(-1, n).T @ G2).reshape(b.shape).tolist()  # ∂L/∂B = Aᵀ G


@given(st.data(), st.sampled_from([(2, 2, 3), (1, 2, 3), (2, 1, 2, 3), (2, 3), (3,)]),
       st.sampled_from([(2, 3, 2), (1, 3, 2), (2, 3, 1), (2, 2, 3, 2), (3, 2), (3,)]))  # fmt: skip
def test_products_of_many_matrices_are_those_of_numpy(data, left, right):
    a, b = data.draw(arrays(left)), data.draw(arrays(right))
    A, B = Tensor(a), Tensor(b)
    assert same(A @ B, a @ b)
    G = data.draw(arrays(np.shape(a @ b)))
    backward_from(A @ B, G)
    slope = np.zeros(left)  # of Σ G (a b), which is linear in a
    for place in np.ndindex(*left):
        one = np.zeros(left)
        one[place] = 1
        slope[place] = np.sum(G * (one @ b))
    assert A.grad == slope.tolist()


def test_the_axes_are_permuted_as_in_numpy():
    a = np.arange(24.0).reshape(2, 3, 4)
    t = Tensor(a)
    for order in itertools.permutations(range(3)):
        with untouched(t):
            assert same(t.permute(*order), a.transpose(order)) and same(t.permute(order), a.transpose(order))
    assert same(t.mT, a.swapaxes(1, 2)) and same(t.permute(-1, 0, 1), a.transpose(2, 0, 1))
    for wrong in [(0, 1), (0, 1, 1), (0, 1, 3), ()]:
        with pytest.raises((ValueError, IndexError)):
            t.permute(*wrong)
    with pytest.raises(ValueError, match=r"^mT: a matrix is needed, not a Tensor of shape \(2,\)"):
        Tensor([1.0, 2.0]).mT  # noqa: B018


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (2, 3)), ((3,), (2,)), ((2, 3), (2,)), ((2,), (3, 2)), ((), (1,)), ((1,), ()), ((2, 2, 2), (3,))],
)
def test_a_product_of_shapes_that_do_not_fit_names_both(left, right):
    a, b = Tensor.ones(left), Tensor.ones(right)
    with untouched(a, b), pytest.raises(ValueError) as error:
        a @ b
    assert f"@: shapes {left} and {right} do not fit" in str(error.value)
