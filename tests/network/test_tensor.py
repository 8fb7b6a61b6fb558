"""Tensor against NumPy: values against its functions, gradients against formulas worked by hand."""

import copy
import random
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import MLP, Tensor, Value, cat, gradcheck, ops, stack, topological_order
from tinygrad_edu.network.functions import affine
from tinygrad_edu.network.nn import Parameter
from tinygrad_edu.network.operation import Operation

# Eighths of small numbers: their sums and products are exact in binary, so that no order of
# summation rounds, and results are compared with ==.
EIGHTHS = st.integers(-40, 40).map(lambda k: k / 8)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)


def arrays(shape, elements=EIGHTHS):
    return hnp.arrays(np.float64, shape, elements=elements)


def same(tensor, array):
    """Equal in shape and, exactly, in every number."""
    array = np.asarray(array)
    return tensor.shape == array.shape and tensor.data == array.tolist()


def backward_from(tensor, G):
    """∂(Σ G · tensor): each element of the result gets the gradient that G has there."""
    (tensor * G).sum().backward()


def folded(G, shape):
    """The sum of G over the axes along which an array of `shape` was stretched."""
    G = G.sum(axis=tuple(range(G.ndim - len(shape))))
    return G.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)


def state(*tensors):
    """Everything there is to see of Tensors and of the graphs under them."""
    nodes = topological_order(*[v for t in tensors for v in t.values])
    return (
        [(t.values, t.shape, t.op, t.inputs, t.label) for t in tensors],
        [(id(v), v.data, v.grad, v.op, v.inputs, v.partials, v.label) for v in nodes],
    )


@contextmanager
def untouched(*tensors):
    before = state(*tensors)
    yield
    assert state(*tensors) == before


# Making one.


def test_a_tensor_of_nested_lists_has_their_shape_and_numbers():
    t = Tensor([[1, 2.5, 3], [4, 5, 6]])
    assert t.shape == (2, 3) and t.ndim == 2 and len(t) == 2
    assert t.data == t.tolist() == [[1.0, 2.5, 3.0], [4.0, 5.0, 6.0]]
    assert t.grad == [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert [v.data for v in t.values] == [1.0, 2.5, 3.0, 4.0, 5.0, 6.0]
    assert t.op is None and t.inputs == () and all(type(v.data) is float for v in t.values)


@given(SHAPES.flatmap(arrays))
def test_a_numpy_array_goes_in_and_comes_out(x):
    assert same(Tensor(x), x)
    assert np.array_equal(np.array(Tensor(x).data), x)


@pytest.mark.parametrize(
    "data",
    [(1, 2), range(1, 3), [np.float64(1), np.int64(2)], [True, 2], np.array([1, 2], np.float32), [Tensor(1), Value(2)]],
)
def test_any_sequence_of_real_numbers_makes_a_tensor(data):
    assert Tensor(data).data == [1.0, 2.0]


def test_values_put_into_a_tensor_stay_themselves():
    a, b = Value(2.0), Value(3.0)
    t = Tensor([a, 1.0, a * b])
    assert t[0] is a
    t.sum().backward()
    assert (a.grad, b.grad) == (1.0 + 3.0, 2.0)
    assert Tensor(t).values == t.values


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([[1.0, 2.0], [3.0]], ValueError, r"ragged: element 0 has shape \(2,\), but element 1 has shape \(1,\)"),
        ([1.0, [2.0]], ValueError, r"ragged: element 0 has shape \(\), but element 1 has shape \(1,\)"),
        ([[[1.0]], [[2.0, 3.0]]], ValueError, r"ragged.*\(1, 1\).*\(1, 2\)"),
        ([], ValueError, "at least one number, not an empty list"),
        ([[], []], ValueError, "at least one number"),
        (np.zeros((2, 0)), ValueError, "at least one number"),
        ([1.0, float("nan")], ValueError, "finite number is needed, not nan"),
        (np.array([np.inf]), ValueError, "finite number is needed, not inf"),
        (["1.0"], TypeError, "real number is needed, not str '1.0'"),
        ("12", TypeError, "real number is needed, not str '12'"),
        (b"12", TypeError, "real number is needed, not bytes"),
        ([None], TypeError, "real number is needed, not NoneType None"),
        (np.array([1j]), TypeError, "real number is needed, not complex"),
        ({1.0, 2.0}, TypeError, "real number is needed, not set"),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        Tensor(data)


def test_makers_fill_a_shape_given_either_way():
    for zeros in Tensor.zeros(2, 3), Tensor.zeros((2, 3)), Tensor.zeros([2, 3]), Tensor.full((2, 3), 0):
        assert same(zeros, np.zeros((2, 3)))
    assert same(Tensor.ones(2), [1.0, 1.0])
    assert same(Tensor.ones(2, 1, label="o"), [[1.0], [1.0]])
    assert same(Tensor.full(3, 0.5), [0.5, 0.5, 0.5])
    assert same(Tensor.full((), 7), 7.0)
    assert len(set(Tensor.zeros(5).values)) == 5  # five leaves, not one five times
    assert Tensor.zeros(2, label="b")[1].label == "b₂" and Tensor.ones(2, label="o").label == "o"
    assert Tensor.full((1,), 1, label="f").label == "f" and Tensor.randn(1, label="r").label == "r"
    assert isinstance(Parameter.zeros(2), Parameter) and isinstance(Parameter.randn(2, seed=0), Parameter)


@pytest.mark.parametrize("shape", [(0,), (2, 0), (-1,), (2.0,), (2, "3"), 2.5, None, "", True, (True, 2), [[2]], {}])
def test_a_shape_that_is_none_is_refused(shape):
    for make in Tensor.zeros, Tensor.randn, lambda shape: Tensor.full(shape, 1.0):
        with pytest.raises(ValueError, match="whole numbers above 0"):
            make(shape)


def test_a_shape_may_be_an_array():
    assert Tensor.zeros(np.array([2, 3])).shape == Tensor.ones(6).reshape(np.array([2, 3])).shape == (2, 3)
    assert Tensor.zeros(np.int64(2)).shape == (2,)


def test_more_numbers_than_memory_holds_are_refused_at_once():
    for shape in 10**12, (10**6, 10**6):
        with pytest.raises(ValueError, match=r"a Tensor of shape \(1000000.* is too large"):
            Tensor.zeros(shape)


@pytest.mark.parametrize("make", [Value, Tensor, Parameter, lambda x, label: setattr(Tensor(x), "label", label)])
def test_a_label_is_text(make):
    with pytest.raises(TypeError, match=r"a label is text, not 2\.0; several numbers go in one list"):
        make(1.0, 2.0)


def test_random_numbers_lie_between_numbers():
    with pytest.raises(TypeError, match="a real number is needed, not NoneType"):
        Tensor.uniform(2, None, 1.0)


def test_random_numbers_come_from_the_seed():
    assert Tensor.randn(2, 3, seed=1).data == Tensor.randn((2, 3), seed=1).data
    assert Tensor.randn(2, 3, seed=1).data != Tensor.randn(2, 3, seed=2).data
    assert Tensor.uniform(4, 0, 1, seed=1).data == Tensor.uniform((4,), 0, 1, seed=1).data
    rng = random.Random(1)
    first, second = Tensor.randn(3, seed=rng), Tensor.randn(3, seed=rng)
    assert first.data != second.data  # the generator goes on
    assert first.tolist() + second.tolist() == Tensor.randn(6, seed=1).data


def test_random_numbers_have_their_distribution():
    normal = np.array(Tensor.randn(10_000, seed=0).data)
    # The mean of n numbers is off by 1/√n = 0.01, the deviation by 0.007: five times that.
    assert abs(normal.mean()) < 0.05 and abs(normal.std() - 1) < 0.035
    even = np.array(Tensor.uniform(10_000, -2, 4, seed=0).data)
    assert -2 <= even.min() < -1.99 and 3.99 < even.max() <= 4  # missed with a chance of e⁻¹⁶
    assert abs(even.mean() - 1) < 0.1  # five times √3/100


# Names, and the numbers inside.


def test_elements_are_named_after_the_tensor():
    W = Tensor([[1.0, 2.0], [3.0, 4.0]], label="W")
    assert [v.label for v in W.values] == ["W₁₁", "W₁₂", "W₂₁", "W₂₂"]
    W.label = "V"
    assert W.label == "V" and [v.label for v in W.values] == ["V₁₁", "V₁₂", "V₂₁", "V₂₂"]
    assert Tensor(3.0, label="c")[()].label == "c"


def test_values_keep_the_names_they_bring_into_a_tensor():
    a = Value(1.0, label="a")
    assert [v.label for v in Tensor([a, Value(2.0), a * a, 3.0], label="x").values] == ["a", "x₂", None, "x₄"]
    assert Tensor(Tensor([1.0], label="t"), label="y")[0].label == "t₁"


def test_naming_a_result_leaves_the_names_of_its_elements():
    x = Tensor([1.0, 2.0], label="x")
    y, view = x * 2, x[::-1]
    y.label, view.label = "y", "v"
    assert (y.label, view.label) == ("y", "v")
    assert [v.label for v in y.values] == [None, None]
    assert [v.label for v in x.values] == ["x₁", "x₂"]


@pytest.mark.parametrize("data", [0.0, 2.0, [0.0], [[-1.5]]])
def test_a_tensor_of_one_number_is_true_where_numpy_says_so(data):
    assert bool(Tensor(data)) == bool(np.array(data))


def test_a_tensor_of_several_numbers_is_neither_true_nor_false():
    for data in ([0.0, 0.0], [[1.0], [1.0]]):
        with pytest.raises(ValueError, match="ambiguous"):
            bool(np.array(data))
        with pytest.raises(ValueError, match=r"shape \(2,.*\) is neither true nor false"):
            bool(Tensor(data))


def test_repr_shows_numbers_and_label_but_not_a_long_array():
    assert repr(Tensor([[1, 2]])) == "Tensor([[1.0, 2.0]])"
    assert repr(Tensor([0.5], label="b")) == "Tensor([0.5], label='b')"
    assert repr(Tensor(0.5)) == "Tensor(0.5)"
    assert repr(Tensor.zeros(100)) == f"Tensor({[0.0] * 100})"
    assert repr(Tensor.zeros(101, label="b")) == "Tensor(shape=(101,), label='b')"
    assert repr(Parameter([0.5], label="b")) == "Parameter([0.5], label='b')"


def test_setting_data_changes_the_leaves_in_place():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    leaves = t.values
    t.data = np.array([[5, 6], [7, 8]])
    assert t.values is leaves and t.data == [[5.0, 6.0], [7.0, 8.0]]
    t[0].data = [0.0, -1.0]
    assert t.data == [[0.0, -1.0], [7.0, 8.0]]


def test_data_may_be_set_from_a_view_of_itself():
    W = Tensor([[1.0, 2.0], [3.0, 4.0]])
    W.data = W.T
    assert W.data == [[1.0, 3.0], [2.0, 4.0]]
    W.data = W[::-1]
    assert W.data == [[2.0, 4.0], [1.0, 3.0]]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([1.0, 2.0, 3.0], ValueError, r"shape \(3,\) does not fit a Tensor of shape \(2,\)"),
        ([[3.0, 4.0]], ValueError, r"shape \(1, 2\) does not fit a Tensor of shape \(2,\)"),
        (1.0, ValueError, r"shape \(\) does not fit a Tensor of shape \(2,\)"),
        ([1.0, float("nan")], ValueError, "finite number is needed, not nan"),
        ([1.0, "2"], TypeError, "real number is needed"),
    ],
)
def test_data_that_does_not_fit_changes_nothing(data, error, message):
    t = Tensor([1.0, 2.0], label="t")
    with untouched(t), pytest.raises(error, match=message):
        t.data = data


def test_data_of_a_computed_tensor_cannot_be_set():
    y = Tensor([1.0, 2.0]) * 2
    with untouched(y), pytest.raises(ValueError, match="only the data of leaves can be set"):
        y.data = [0.0, 0.0]


def test_item_and_format_need_one_element():
    assert Tensor([[3.0]]).item() == 3.0 and f"{Tensor([3.0]):.2f}" == "3.00"
    with pytest.raises(ValueError, match="2 elements, not one"):
        Tensor([1.0, 2.0]).item()
    with pytest.raises(ValueError, match="2 elements, not one"):
        format(Tensor([1.0, 2.0]), ".2f")
    with pytest.raises(TypeError, match=r"shape \(\) has no length"):
        len(Tensor(1.0))
    with pytest.raises(TypeError, match=r"shape \(\) has no length"):
        iter(Tensor(1.0))


def test_detached_numbers_have_no_history():
    x = Tensor([1.0, 2.0], label="x")
    y = x * x
    d = y.detach()
    assert d.data == [1.0, 4.0] and d.op is None and all(v.op is None for v in d.values)
    (d * x).sum().backward()
    assert x.grad == [1.0, 4.0]
    assert x.detach().label == "x" and not set(x.detach().values) & set(x.values)


def test_a_deep_copy_shares_no_leaf():
    t = Tensor([1.0, 2.0], label="t")
    c = copy.deepcopy(t)
    c.data = [5.0, 6.0]
    assert t.data == [1.0, 2.0] and c.label == "t" and c.shape == (2,)


# The backward pass.


def test_backward_needs_one_number():
    t = Tensor([1.0, 2.0])
    y = t * t
    with untouched(y), pytest.raises(ValueError, match=r"backward needs one number.*not shape \(2,\): sum\(\) it"):
        y.backward()
    y[:1].backward()
    assert t.grad == [2.0, 0.0]


def test_gradients_add_up_until_they_are_set_to_zero():
    t = Tensor([[1.0, 2.0]])
    for times in 1, 2:
        (t * t).sum().backward()
        assert t.grad == [[2.0 * times, 4.0 * times]]
    t.zero_grad()
    assert t.grad == [[0.0, 0.0]]


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
    assert table.op == "×" and table.inputs == (column, row)


@given(broadcast_pairs())
def test_plus_minus_times_broadcast_as_in_numpy(abG):
    a, b, G = abG
    for f, da, db in (
        (lambda x, y: x + y, G, G),
        (lambda x, y: x - y, G, -G),
        (lambda x, y: x * y, G * b, G * a),
    ):
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


def test_a_numpy_array_on_the_left_leaves_the_work_to_the_tensor():
    a, t = np.array([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 10.0])
    assert type(a + t) is Tensor and (a + t).data == [[2.0, 12.0], [4.0, 14.0]]
    assert type(a @ t) is Tensor and (a @ t).data == [21.0, 43.0]
    assert ([[1.0, 2.0]] @ t).data == [21.0]


@pytest.mark.parametrize("three", [3, 3.0, np.float64(3), np.int64(3)])
def test_a_constant_power_takes_negative_bases(three):
    t = Tensor([-2.0, 3.0])
    y = t**three
    assert y.data == [-8.0, 27.0] and y.op == "^3"
    y.sum().backward()
    assert t.grad == [12.0, 27.0]


@pytest.mark.parametrize(
    ("symbol", "f"),
    [
        (r"\+", lambda a, b: a + b),
        ("−", lambda a, b: a - b),
        ("×", lambda a, b: a * b),
        ("÷", lambda a, b: a / b),
        (r"\^", lambda a, b: a**b),
        ("maximum", Tensor.maximum),
        ("minimum", Tensor.minimum),
    ],
)
def test_shapes_that_do_not_broadcast_are_named(symbol, f):
    a, b = Tensor.ones(2, 3), Tensor.ones(2)
    with untouched(a, b), pytest.raises(ValueError, match=rf"^{symbol}: shapes \(2, 3\) and \(2,\) do not fit"):
        f(a, b)
    with untouched(a, b), pytest.raises(ValueError, match=rf"^{symbol}: shapes \(2,\) and \(2, 3\) do not fit"):
        f(b, a)


def test_an_error_inside_leaves_everything_as_it_was():
    a, zero = Tensor([1.0, 2.0], label="a"), Tensor([1.0, 0.0], label="n")
    with untouched(a, zero):
        with pytest.raises(ZeroDivisionError, match=r"÷ of a₂ = 2.0, n₂ = 0.0 .*divisor is 0"):
            a / zero
        with pytest.raises(ValueError, match=r"log of n₂ = 0.0 .*above 0"):
            zero.log()
        with pytest.raises(OverflowError, match=r"exp of .*too large for a float"):
            (a * 1000).exp()
        with pytest.raises(ValueError, match="no finite value"):
            (-a) ** 0.5
        with pytest.raises(TypeError, match="real number is needed, not str"):
            a + "1"
        with pytest.raises(TypeError, match="real number is needed, not NoneType"):
            a * None


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
@settings(max_examples=25)  # for each of the twelve
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
    assert y.shape == x.shape and y.inputs == (t,) and y.op == name.strip("_")


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


def test_map_applies_a_function_of_values():
    t = Tensor([[1.0, 2.0]])
    y = t.map(lambda a: a * a * a)
    assert y.data == [[1.0, 8.0]] and y.op == "map"
    y.sum().backward()
    assert t.grad == [[3.0, 12.0]]


# The matrix product.


def test_a_matrix_product_on_paper():
    W, h = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Tensor([10.0, 1.0])
    z = W @ h
    assert z.data == [12.0, 34.0, 56.0] and z.op == "@" and z.inputs == (W, h)
    assert [v.op.symbol for v in z.values] == ["dot"] * 3  # each is one node
    backward_from(z, [1.0, 0.0, 2.0])
    assert W.grad == [[10.0, 1.0], [0.0, 0.0], [20.0, 2.0]]  # δ hᵀ
    assert h.grad == [11.0, 14.0]  # Wᵀ δ


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
    assert str(error.value) == (
        "W h + b: shapes {}, {} and {} do not fit; (m, n), (n,) or (N, n), and (m,) are what works".format(*shapes)
    )


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


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (2, 3)), ((3,), (2,)), ((2, 3), (2,)), ((2,), (3, 2)), ((), (1,)), ((1,), ()), ((2, 2, 2), (2,)),
     ((2,), (2, 2, 2))],
)  # fmt: skip
def test_a_product_of_shapes_that_do_not_fit_names_both(left, right):
    a, b = Tensor.ones(left), Tensor.ones(right)
    with untouched(a, b), pytest.raises(ValueError) as error:
        a @ b
    assert f"@: shapes {left} and {right} do not fit" in str(error.value)


# Reductions.


@st.composite
def arrays_and_axes(draw, elements=EIGHTHS, unique=False):
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4))
    x = draw(hnp.arrays(np.float64, shape, elements=elements, unique=unique))
    one = st.integers(-x.ndim, x.ndim - 1)
    axes = st.none() | one | st.lists(one, unique_by=lambda k: k % x.ndim).map(tuple)
    axis, keepdims = draw(axes if x.ndim else st.sampled_from([None, ()])), draw(st.booleans())
    G = draw(arrays(np.sum(x, axis=axis, keepdims=keepdims).shape))
    return x, axis, keepdims, G, G if keepdims else np.expand_dims(G, _gone(axis, x.ndim))


def _gone(axis, ndim):
    return tuple(range(ndim)) if axis is None else axis


def test_a_sum_goes_down_the_columns_or_along_the_rows():
    t = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert t.sum().data == 21.0 and t.sum().shape == ()
    assert t.sum(axis=0).data == [5.0, 7.0, 9.0]
    assert t.sum(axis=1).data == t.sum(-1).data == [6.0, 15.0]
    assert t.mean(axis=1, keepdims=True).data == [[2.0], [5.0]]
    assert t.max(axis=0).data == [4.0, 5.0, 6.0]
    assert t.sum(axis=(0, 1), keepdims=True).data == [[21.0]]
    assert (t.sum().op, t.mean().op, t.max().op, t.logsumexp().op) == ("sum", "mean", "max", "logsumexp")
    assert t.sum().values[0].inputs == t.values  # one node


@given(arrays_and_axes())
def test_sum_and_mean_reduce_as_in_numpy(case):
    x, axis, keepdims, G, spread = case
    t = Tensor(x)
    total = t.sum(axis, keepdims)
    assert same(total, x.sum(axis=axis, keepdims=keepdims))
    backward_from(total, G)
    assert t.grad == np.broadcast_to(spread, x.shape).tolist()

    t = Tensor(x)
    mean = t.mean(axis=axis, keepdims=keepdims)
    assert same(mean, x.mean(axis=axis, keepdims=keepdims))  # an exact sum, divided once
    backward_from(mean, G)
    n = x.size // G.size
    # G · (1/n) rounds twice where G / n rounds once.
    np.testing.assert_allclose(t.grad, np.broadcast_to(spread / n, x.shape), rtol=1e-15, atol=0)


@given(arrays_and_axes(unique=True))
def test_the_maximum_reduces_as_in_numpy(case):
    x, axis, keepdims, G, spread = case
    t = Tensor(x)
    top = t.max(axis, keepdims)
    assert same(top, x.max(axis=axis, keepdims=keepdims))
    backward_from(top, G)
    assert t.grad == (spread * (x == x.max(axis=axis, keepdims=True))).tolist()


@pytest.mark.parametrize("name", ["max", "min"])
def test_equal_extremes_share_the_gradient(name):
    t = Tensor([[2.0, 1.0, 2.0], [3.0, 3.0, 3.0]]) * (1 if name == "max" else -1)
    x = Tensor(t.data)
    getattr(x, name)(axis=1).sum().backward()
    assert x.grad == [[0.5, 0.0, 0.5], [1 / 3, 1 / 3, 1 / 3]]


def test_a_maximum_is_one_node():
    t = Tensor([1.0, 5.0, 2.0, 5.0])
    assert t.max().values[0].inputs == t.values and t.max().record.row is ops.MAX


@given(arrays_and_axes(unique=True))
def test_the_minimum_reduces_as_in_numpy(case):
    x, axis, keepdims, G, spread = case
    t = Tensor(x)
    least = t.min(axis, keepdims)
    assert same(least, x.min(axis=axis, keepdims=keepdims))
    backward_from(least, G)
    assert t.grad == (spread * (x == x.min(axis=axis, keepdims=True))).tolist()


@given(st.data(), arrays_and_axes())
def test_the_variance_is_that_of_numpy_for_every_correction(data, case):
    x, axis, keepdims, G, _ = case
    n = x.size // G.size
    correction = data.draw(st.sampled_from([0, 1, 0.5]))
    t = Tensor(x)
    if n <= correction:
        with pytest.raises(ValueError, match=f"var: {n} numbers less a correction of {correction} leave nothing"):
            t.var(axis, correction, keepdims)
        return
    variance = t.var(axis, correction, keepdims)
    assert variance.shape == G.shape
    # Squares of numbers up to 10 that were rounded once: 100 · 64 · ε = 1e-12.
    np.testing.assert_allclose(
        variance.data, x.var(axis=axis, ddof=correction, keepdims=keepdims), rtol=1e-14, atol=1e-12
    )
    variance.sum().backward()
    expected = 2 * (x - x.mean(axis=axis, keepdims=True)) / (n - correction)
    np.testing.assert_allclose(t.grad, expected, rtol=1e-12, atol=1e-12)


def test_the_variance_is_by_default_that_of_a_sample():
    t = Tensor([[1.0, 2.0, 6.0], [0.0, 0.0, 0.0]])
    assert t.var(axis=1).data == [7.0, 0.0] and t[0].var(correction=0).data == pytest.approx(14 / 3)


@given(SHAPES.flatmap(lambda shape: arrays(shape, st.integers(-2, 2).map(float))), st.data())
def test_argmax_says_where_as_numpy_does(x, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    expected = np.argmax(x, axis=axis).tolist()
    assert Tensor(x).argmax(axis) == expected and type(Tensor(x).argmax()) is int


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "logsumexp"])
@pytest.mark.parametrize("axis", [(0, 0), (0, -2), [1, 0, 1]])
def test_an_axis_is_named_once(name, axis):
    with pytest.raises(ValueError, match=r"names an axis of shape \(2, 3\) twice"):
        getattr(Tensor.ones(2, 3), name)(axis)


def test_along_no_axis_nothing_is_added():
    t = Tensor([[1.0, 2.0]])
    assert t.sum(axis=()).data == t.mean(axis=()).data == t.max(axis=()).data == [[1.0, 2.0]]
    assert Tensor(3.0).mean().data == Tensor(3.0).sum().data == 3.0


def test_an_operation_is_remembered_with_its_data():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert t.record is None and t.op is None
    for result, expected in [
        (t + 1, ("+", ops.ADD)),
        (t.tanh(), ("tanh", ops.TANH)),
        ((t / 4) ** 1000001, ("^1000001", ops.power(1000001.0))),
        (t**t, ("^", ops.POW)),
        (t @ t, ("@", ops.DOT)),
        (t.sum(-1), ("sum", ops.SUM, (1,))),
        (t.mean(keepdims=True), ("mean", None, (0, 1), True)),
        (t.softmax(), ("softmax", None, (1,))),
        (t.log_softmax(0), ("log_softmax", None, (0,))),
        (t.T, ("ᵀ",)),
        (t.flatten(), ("reshape",)),
        (t[..., -1], ("[ ]", None, None, False, (slice(None), -1))),
        (stack([t, t]), ("stack",)),
        (cat([t, t], axis=-1), ("cat", None, (1,))),
        (t.map(Value.exp), ("map",)),
    ]:
        assert result.record == Operation(*expected) and result.op == expected[0]
    assert [x.record.exponent for x in (t**0.1, t**2, t**t, t.T)] == [0.1, 2.0, None, None]


@given(arrays_and_axes(elements=st.floats(-1000, 1000)))
def test_logsumexp_reduces_as_in_numpy(case):
    x, axis, keepdims, G, spread = case
    t = Tensor(x)
    result = t.logsumexp(axis, keepdims)
    m = x.max(axis=axis, keepdims=True)
    e = np.exp(x - m)
    expected = m + np.log(e.sum(axis=axis, keepdims=True))
    # One rounding of a number near 1000 is 1e-13, and exp makes it a relative error in the gradient.
    np.testing.assert_allclose(result.data, expected.reshape(result.shape), rtol=1e-14, atol=1e-12)
    backward_from(result, G)
    softmax = e / e.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(t.grad, spread * softmax, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "argmax", "logsumexp", "softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_does_not_exist_is_named_with_the_shape(name, axis):
    t = Tensor.ones(2, 3)
    with untouched(t), pytest.raises(IndexError, match=rf"axis {axis} does not exist .* shape \(2, 3\)"):
        getattr(t, name)(axis)


@pytest.mark.parametrize("axis", ["x", 1.0, None, True, [0]])
def test_an_axis_is_a_whole_number(axis):
    for name in ("sum", "softmax"):
        with pytest.raises(TypeError, match=rf"an axis is a whole number, not {type(axis).__name__}"):
            getattr(Tensor.ones(2, 3), name)((0, axis))


# Softmax.


def test_softmax_on_paper():
    t = Tensor([0.0, np.log(3.0)])
    # log 3 is rounded, and so are two exponentials: a few ε.
    np.testing.assert_allclose(t.softmax().data, [0.25, 0.75], rtol=1e-15)
    np.testing.assert_allclose(t.log_softmax().data, [-np.log(4), np.log(0.75)], rtol=1e-15)
    assert t.softmax().op == "softmax" and t.softmax().inputs == (t,)
    assert t.log_softmax().op == "log_softmax" and t.log_softmax().inputs == (t,)


def test_softmax_is_exact_at_logits_of_a_thousand():
    t = Tensor([1000.0, -1000.0, 1000.0])
    assert t.softmax().data == [0.5, 0.0, 0.5]
    assert t.log_softmax().data == [-np.log(2), -2000 - np.log(2), -np.log(2)]
    backward_from(t.softmax(), [1.0, 0.0, 0.0])
    assert t.grad == [0.25, 0.0, -0.25]  # s₁ (δᵢ₁ − sᵢ)
    t.zero_grad()
    backward_from(t.log_softmax(), [0.0, 1.0, 0.0])
    assert t.grad == [-0.5, 1.0, -0.5]  # δᵢ₂ − sᵢ


@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_softmax_and_its_logarithm_are_those_of_numpy_along_any_axis(data, shape):
    x = data.draw(arrays(shape, st.floats(-1000, 1000)))
    G = data.draw(arrays(shape))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    shifted = x - x.max(axis=axis, keepdims=True)
    e = np.exp(shifted)
    s = e / e.sum(axis=axis, keepdims=True)
    # Of numbers up to 2000 in size one rounding is 2e-13; otherwise a few ε of terms up to 4·5.
    t = Tensor(x)
    np.testing.assert_allclose(t.softmax(axis).data, s, rtol=1e-14, atol=0)
    backward_from(t.softmax(axis), G)
    expected = s * (G - (G * s).sum(axis=axis, keepdims=True))  # sᵢ (Gᵢ − Σⱼ Gⱼ sⱼ)
    np.testing.assert_allclose(t.grad, expected, rtol=0, atol=1e-13)

    t = Tensor(x)
    np.testing.assert_allclose(
        t.log_softmax(axis).data, shifted - np.log(e.sum(axis=axis, keepdims=True)), rtol=1e-15, atol=1e-14
    )
    backward_from(t.log_softmax(axis), G)
    np.testing.assert_allclose(t.grad, G - s * G.sum(axis=axis, keepdims=True), rtol=0, atol=1e-13)  # Gᵢ − sᵢ Σⱼ Gⱼ


def test_rows_of_softmax_are_the_default():
    t = Tensor([[0.0, 0.0], [0.0, 1000.0]])
    assert t.softmax().data == [[0.5, 0.5], [0.0, 1.0]]
    assert t.softmax(axis=0).data == [[0.5, 0.0], [0.5, 1.0]]
    assert t.log_softmax().data[1] == [-1000.0, 0.0] and t.log_softmax(axis=0).data[0][1] == -1000.0


# Views.


def test_views_share_their_values():
    t = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert t[1, 2] is t.values[5] and t[-1, -1] is t.values[5]
    assert t[1][2] is t[1, 2] and t.T[2, 1] is t[1, 2] and t.reshape(6)[5] is t[1, 2]
    assert t[:, 1:].values == (t[0, 1], t[0, 2], t[1, 1], t[1, 2])
    assert [row.data for row in t] == t.data and list(t[0]) == [t[0, 0], t[0, 1], t[0, 2]]
    t[:, 0].sum().backward()
    assert t.grad == [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert (t.T.op, t.reshape(6).op, t[0].op) == ("ᵀ", "reshape", "[ ]")
    assert t.T.inputs == t.reshape(6).inputs == t[0].inputs == (t,)


@given(st.data(), SHAPES)
def test_any_basic_index_selects_what_numpy_selects(data, shape):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    t, expected = Tensor(x), x[index]
    if expected.size == 0:
        with untouched(t), pytest.raises(IndexError, match="selects nothing"):
            t[index]
    elif expected.ndim == 0:
        assert t[index] is t.values[int(expected)]
    else:
        assert same(t[index], expected)
        assert t[index].values == tuple(t.values[int(k)] for k in expected.flat)


def test_negative_steps_and_the_ellipsis():
    t = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert t[::-1].data == [[4.0, 5.0, 6.0], [1.0, 2.0, 3.0]]
    assert t[..., ::-2].data == [[3.0, 1.0], [6.0, 4.0]]
    assert t[..., 0].data == [1.0, 4.0] and t[0, ...].data == [1.0, 2.0, 3.0]
    assert t[...].data == t.data and t[0, ..., 1] is t[0, 1] and t[()].data == t.data


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (2, IndexError, r"index 2 is out of range for axis 0 of shape \(2, 3\)"),
        ((0, -4), IndexError, r"index -4 is out of range for axis 1 of shape \(2, 3\)"),
        ((0, 0, 0), IndexError, r"3 indices for a Tensor of shape \(2, 3\)"),
        ((..., 0, 0, 0), IndexError, r"3 indices for a Tensor of shape \(2, 3\)"),
        (slice(2, 2), IndexError, r"slice\(2, 2, None\) selects nothing .* shape \(2, 3\)"),
        (None, TypeError, "an index is an integer, a slice or an array of integers, not NoneType"),
        (1.0, TypeError, "an index is an integer, .*, not float 1.0"),
        ([0.0, 1.0], TypeError, "an index is an integer, .*, not float 0.0"),
        (np.array([0.0]), TypeError, "an index is an integer, .*, not float 0.0"),
        (Tensor([0.5]), TypeError, "an index is an integer, .*, not float 0.5"),
        ("0", TypeError, "an index is an integer, .*, not str"),
        (True, TypeError, "an index is an integer, .*, not bool"),
        ([True, 0], TypeError, "an index is an integer, .*, not bool"),
        ([0, 2], IndexError, r"index 2 is out of range for axis 0 of shape \(2, 3\)"),
        ((0, [0, -4]), IndexError, r"index -4 is out of range for axis 1 of shape \(2, 3\)"),
        ([], IndexError, r"\[\] selects nothing .* shape \(2, 3\)"),
        ([[0], [0, 1]], IndexError, "the rows of .* differ in length"),
        (([0, 1], [0, 1, 2]), ValueError, r"index: shapes \(2,\) and \(3,\) do not fit together"),
        ([True, False, True], IndexError, r"a mask of shape \(3,\) does not fit the axes \(2, 3\)"),
        ([False, False], IndexError, "selects nothing"),
    ],
)
def test_an_index_that_selects_nothing_is_refused(index, error, message):
    t = Tensor.ones(2, 3)
    with untouched(t), pytest.raises(error, match=message):
        t[index]


@given(st.data(), SHAPES.flatmap(arrays))
def test_reshape_and_transpose_are_those_of_numpy(data, x):
    t = Tensor(x)
    sizes = data.draw(st.permutations(x.shape))
    unknown = data.draw(st.none() | st.integers(0, x.ndim - 1)) if x.ndim else None
    asked = [-1 if k == unknown else n for k, n in enumerate(sizes)]
    assert same(t.reshape(asked), x.reshape(asked)) and same(t.reshape(*asked), x.reshape(asked))
    assert same(t.reshape(-1), x.reshape(-1)) and t.reshape(-1).values == t.values
    assert same(t.T, x.T)
    G = data.draw(arrays(x.T.shape))
    backward_from(t.T, G)
    assert t.grad == G.T.tolist()


@pytest.mark.parametrize(
    "shape", [(4,), (2, 2), (-1, 4), (-1, -1), (-2, -3), (0, -1), (), (7, -1), (2.0, 3), (-1, 3.0), (-1, "3")]
)
def test_a_shape_for_another_number_of_elements_is_refused(shape):
    t = Tensor.ones(2, 3)
    with untouched(t), pytest.raises(ValueError) as error:
        t.reshape(shape)
    assert str(error.value) == f"reshape: 6 elements do not fit the shape {shape}"


@pytest.mark.parametrize("shape", [None, "6", 2.5])
def test_a_new_shape_that_is_none_is_refused(shape):
    with pytest.raises(ValueError, match=f"6 elements do not fit the shape {shape!r}"):
        Tensor.ones(2, 3).reshape(shape)


def test_map_and_stack_make_values_of_numbers_and_refuse_what_is_none():
    assert Tensor([1.0, 2.0]).map(lambda a: 3.0).data == [3.0, 3.0]
    with pytest.raises(TypeError, match="a real number is needed, not NoneType"):
        Tensor([1.0, 2.0]).map(lambda a: None)
    rows = stack([[1.0, 2.0], Tensor([3.0, 4.0])])
    assert rows.data == [[1.0, 2.0], [3.0, 4.0]] and [t.shape for t in rows.inputs] == [(2,), (2,)]


def test_the_integers_of_numpy_count_as_integers():
    t, two = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.int64(2)
    one = two - 1
    assert t[one].data == [4.0, 5.0, 6.0] and t[one, two] is t[1, 2] and t[:one, :two].data == [[1.0, 2.0]]
    assert t.sum(axis=one).data == [6.0, 15.0] and t.max(axis=(one,)).data == [3.0, 6.0]
    shapes = [Tensor.zeros(two), Tensor.zeros(two, 3), Tensor.full(two, 1.0), t.reshape(3, two), t.reshape(two * 3)]
    assert [s.shape for s in shapes] == [(2,), (2, 3), (2,), (3, 2), (6,)]
    assert all(type(n) is int for s in shapes for n in s.shape)


def test_stack_makes_rows_that_are_still_the_same_values():
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    s = stack([a, b, a])
    assert s.data == [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]] and s.op == "stack" and s.inputs == (a, b, a)
    (s * [[1.0], [10.0], [100.0]]).sum().backward()
    assert a.grad == [101.0, 101.0] and b.grad == [10.0, 10.0]
    with untouched(a, b), pytest.raises(ValueError, match=r"ragged.*\(2,\).*\(1,\)"):
        stack([a, b[:1]])


@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
def test_cat_is_numpys_concatenate(data, shape):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    xs = []
    for n in data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)):
        xs.append(data.draw(arrays((*shape[: axis % len(shape)], n, *shape[axis % len(shape) + 1 :]))))
    tensors = [Tensor(x) for x in xs]
    joined = cat(tensors, axis)
    assert same(joined, np.concatenate(xs, axis)) and joined.inputs == tuple(tensors)
    assert {*joined.values} == {v for t in tensors for v in t.values}  # the same Values


def test_cat_refuses_what_does_not_fit():
    a, b = Tensor.ones(2, 3), Tensor.ones(2, 2)
    with pytest.raises(ValueError, match=r"cat: shapes \(2, 3\), \(2, 2\) differ beside axis 0"):
        cat([a, b])
    with pytest.raises(ValueError, match=r"cat: shapes \(2, 3\), \(2,\) differ"):
        cat([a, b[0]], axis=1)
    with pytest.raises(ValueError, match="cat: at least one Tensor"):
        cat([])
    for wrong, axis in ((a, 2), (Tensor(1.0), 0)):
        with pytest.raises(IndexError, match=f"axis {axis} does not exist"):
            cat([wrong, wrong], axis)
    assert cat([[1.0], [2.0, 3.0]]).data == [1.0, 2.0, 3.0]


# The recorded graph again.


def test_a_graph_is_computed_again_from_its_leaves():
    W, x = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, -1.0])
    y = (W @ x).tanh().softmax()
    W.data *= 0.5
    x.data = [2.0, 0.25]
    y.forward()
    again = (W @ x).tanh().softmax()
    assert y.data == again.data
    (y * [1.0, 0.0]).sum().backward()
    gradient, W.grad = W.grad, None
    (again * [1.0, 0.0]).sum().backward()
    assert W.grad == gradient


def test_a_graph_is_computed_again_whole_or_not_at_all():
    x = Tensor([4.0, 9.0], label="x")
    y = stack([x.exp(), x.sqrt()])
    before = y.data
    x.data = [1.0, -1.0]
    with pytest.raises(ValueError, match=r"sqrt of x₂ = -1\.0"):
        y.forward()
    assert y.data == before


def test_python_random_seed_governs_what_has_no_seed():
    def drawn():
        random.seed(1337)
        return [Tensor.randn(2).data, Tensor.uniform(2, -1, 1).data, MLP([2, 2]).state_dict(), random.random()]

    assert drawn() == drawn() and Tensor.randn(2).data != Tensor.randn(2).data
    random.seed(0)
    state = random.getstate()
    Tensor.randn(2, seed=1)
    MLP([2, 2], seed=random.Random(1))
    assert random.getstate() == state  # with a seed of their own they leave it alone


# All together.


@given(st.data(), st.integers(1, 3), st.integers(1, 3))
def test_a_formula_of_everything_passes_the_check_by_differences(data, m, n):
    W = data.draw(arrays((m, n), st.floats(-1, 1)))
    x = data.draw(arrays((n,), st.floats(-1, 1)))

    def f(W, x):
        z = (W @ x).tanh() + (W * x).sum(axis=1)
        return (z.softmax() * z[::-1]).mean() + W.T.logsumexp(axis=0, keepdims=True).sum() / (1 + (x * x).sum())

    assert len(gradcheck(f, [W, x])) == m * n + n
