"""NumPy and Tensors: its functions of elements are theirs, and what would cut one off its graph is refused."""

import math
import operator

import numpy as np
import pytest

from tinygrad_edu import Tensor, Value


@pytest.mark.parametrize("f", [float, int, round, math.trunc, math.sin, math.exp, math.sqrt, math.floor])
@pytest.mark.parametrize("data", [2.0, [2.0], [1.0, 2.0]])
def test_functions_of_plain_numbers_name_the_method(f, data):
    with pytest.raises(TypeError, match=r"off its graph: write t\.sin\(\), or t\.item\(\)"):
        f(Tensor(data))


@pytest.mark.parametrize(
    ("f", "way"),
    [
        (np.sum, r"t\.sum\(\)"),
        (np.mean, r"t\.mean\(\)"),
        (np.var, r"t\.var\(correction=0\)"),
        (np.max, r"t\.max\(\)"),
        (np.amax, r"t\.max\(\)"),
        (np.argmax, r"t\.argmax\(\)"),
        (np.reshape, r"t\.reshape\(m, n\)"),
        (np.transpose, r"t\.T"),
        (np.dot, "t @ u"),
        (np.arcsinh, "functions that t has"),
        (np.cumsum, "functions that t has"),
        (np.isnan, "functions that t has"),
        (np.spacing, "functions that t has"),
        (np.linalg.norm, "functions that t has"),
    ],
)
def test_the_functions_of_numpy_name_the_method(f, way):
    t = Tensor([[1.0, 2.0]])
    arguments = (t, (2, 1)) if f is np.reshape else (t, t)[: 2 if f is np.dot else 1]
    with pytest.raises(TypeError, match=rf"would cut a Tensor off its graph: write {way}, or np\.array\(t\.data\) for"):
        f(*arguments)


def test_functions_of_several_name_cat_and_stack():
    t = Tensor([1.0, 2.0])
    for f, way in (np.concatenate, r"cat\("), (np.stack, r"stack\("), (np.vstack, r"stack\("):
        with pytest.raises(TypeError, match=f"write {way}"):
            f([t, t])


@pytest.mark.parametrize(
    "f", [np.exp, np.log, np.sqrt, np.tanh, np.sin, np.cos, np.abs, np.fabs, np.negative, np.positive, np.square]
)
def test_the_functions_of_elements_are_the_tensors_own(f):
    data = [[0.25, 2.0]]
    t = Tensor(data)
    y = f(t)
    assert isinstance(y, Tensor)
    np.testing.assert_allclose(y.data, f(data), rtol=1e-15)  # exp, log, …: an ulp
    y.sum().backward()
    assert 0.0 not in t.grad[0]


@pytest.mark.parametrize("f", [np.maximum, np.minimum])
def test_the_larger_and_the_smaller_of_two_on_either_side(f):
    data = [-1.0, 1.0]
    for other in 0, 0.5, np.array([2.0, -2.0]), Tensor([2.0, -2.0]), Value(0.5):
        for a, b in (Tensor(data), other), (other, Tensor(data)):
            plain = [np.array(getattr(x, "data", x)) if isinstance(x, (Tensor, Value)) else x for x in (a, b)]
            assert f(a, b).data == f(*plain).tolist()


def test_an_array_of_a_tensor_holds_its_values():
    t = Tensor([1.0, 2.0])
    assert [*np.array(t)] == [*t.values] and np.array(t.data).tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="off its graph"):
        np.array(t, dtype=float)


@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("array", [np.array(2.0), np.array([2.0, 4.0]), np.float64(2), np.array([[1], [2]])])
def test_arithmetic_with_an_array_is_the_tensors_own_on_either_side(f, array):
    data = np.array([1.5, 3.0])
    for result, expected in (f(array, Tensor(data)), f(array, data)), (f(Tensor(data), array), f(data, array)):
        assert isinstance(result, Tensor) and result.shape == expected.shape
        np.testing.assert_allclose(result.data, expected, rtol=1e-15)  # pow: an ulp


def test_products_with_arrays():
    A = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert (A @ Tensor([1.0, 1.0])).data == [3.0, 7.0] and (Tensor([1.0, 1.0]) @ A).data == [4.0, 6.0]
    assert np.multiply(A, Tensor(2.0)).data == (2 * A).tolist()


def test_an_array_of_values_joins_their_graph():
    a, b, t = Value(2.0), Value(3.0), Tensor([5.0, 7.0])
    for product in np.array([a, b]) * t, t * np.array([a, b]):
        assert isinstance(product, Tensor) and product.data == [10.0, 21.0]
    product.sum().backward()
    assert (a.grad, b.grad, t.grad) == (5.0, 7.0, [2.0, 3.0])
    assert Tensor(np.array([[a], [b]])).values == (a, b) and Tensor(np.array(a)).values == (a,)


@pytest.mark.parametrize("f", [operator.iadd, operator.imul])
def test_an_array_cannot_take_a_tensor_in(f):
    array = np.array([1.0, 2.0])
    with pytest.raises(TypeError, match="would cut a Tensor off its graph"):
        f(array, Tensor([1.0, 1.0]))
    assert array.tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="would cut a Tensor off its graph"):
        np.add.reduce(Tensor([1.0, 1.0]))
