"""NumPy and Tensors: its functions of elements are theirs, and what would cut one off its graph is refused."""

import math
import operator

import numpy as np
import pytest

from tinygrad_edu import Tensor, Value


@pytest.mark.parametrize("data", [2.0, [1.0, 2.0]])
def test_functions_of_plain_numbers_are_refused(data):
    for f in float, math.sin, math.exp, math.floor:
        with pytest.raises(TypeError, match=r"off its graph: write t\.sin\(\), or t\.item\(\)"):
            f(Tensor(data))
    for f in int, round, math.trunc:
        with pytest.raises(TypeError, match="Tensor"):
            f(Tensor(data))


@pytest.mark.parametrize("f", [np.sum, np.mean, np.max, np.spacing, np.isnan])
def test_other_functions_of_numpy_are_refused(f):
    with pytest.raises(TypeError, match=r"unexpected keyword|NotImplemented"):
        f(Tensor([[1.0, 2.0]]))


def test_products_and_norms_of_numpy_are_computed_with_the_values():
    t = Tensor([3.0, 4.0])
    for y, slope in (np.dot(t, t), [6.0, 8.0]), (np.linalg.norm(t), [0.6, 0.8]):
        t.zero_grad()
        y.backward()
        assert t.grad == pytest.approx(slope)


@pytest.mark.parametrize("f", [np.exp, np.log, np.sqrt, np.tanh, np.sin, np.cos, np.abs, np.negative, np.square])
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
    with pytest.raises(TypeError, match="NotImplemented"):
        f(array, Tensor([1.0, 1.0]))
    assert array.tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="NotImplemented"):
        np.add.reduce(Tensor([1.0, 1.0]))
