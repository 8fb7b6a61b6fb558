"""NumPy's functions and arrays on Values: the right number with its graph, or an error."""

import operator

import numpy as np
import pytest

from tinygrad_edu import Tensor, Value

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


def differences(f, *numbers):
    """The same by differences, of f at numbers."""
    step = 1e-6
    at = [[x + sign * step * (i == k) for k, x in enumerate(numbers)] for i in range(len(numbers)) for sign in (1, -1)]
    sums = [float(np.sum(f(*xs))) for xs in at]
    return pytest.approx([(a - b) / (2 * step) for a, b in zip(sums[::2], sums[1::2])], rel=1e-7)


def slopes(result, *leaves):
    """The derivatives of the sum of whatever NumPy has returned."""
    for x in leaves:
        x.grad = 0.0
    Tensor(result).sum().backward()
    return [x.grad for x in leaves]


@pytest.mark.parametrize("f", OPERATORS)
@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), np.array(2.0)])
def test_a_number_of_numpy_on_either_side_makes_a_value(f, number):
    x = Value(3.0)
    for y, plain in (f(x, number), lambda x: f(x, 2.0)), (f(number, x), lambda x: f(2.0, x)):
        assert type(y) is Value and y.data == plain(3.0)
        assert slopes(y, x) == differences(plain, 3.0)


@pytest.mark.parametrize("f", OPERATORS)
def test_an_array_on_either_side_makes_an_array_of_values(f):
    x, array = Value(3.0), np.array([[2.0], [4.0]])
    for y, plain in (f(x, array), lambda x: f(x, array)), (f(array, x), lambda x: f(array, x)):
        assert Tensor(y).data == plain(3.0).tolist()
        assert slopes(y, x) == differences(plain, 3.0)


@pytest.mark.parametrize("f", [np.exp, np.log, np.sqrt, np.tanh, np.sin, np.cos, np.abs, np.negative, np.square])
def test_a_function_of_elements_is_the_method_of_its_name(f):
    x, w = Value(0.25), Value(2.0)
    assert type(f(x)) is Value and f(x).data == pytest.approx(f(0.25), rel=1e-15)
    assert Tensor(f(np.array([x, w]))).data == pytest.approx(f([0.25, 2.0]).tolist(), rel=1e-15)
    assert slopes(f([x, w]), x, w) == differences(lambda x, w: f([x, w]), 0.25, 2.0)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (np.sum, [1.0, 1.0]),
        (np.mean, [0.5, 0.5]),
        (np.max, [0.0, 1.0]),
        (np.min, [1.0, 0.0]),
        (np.prod, [5.0, 3.0]),
        (lambda a: np.dot(a, a), [6.0, 10.0]),
        (lambda a: np.where(np.array(a) > 4, a, 0), [0.0, 1.0]),
        (lambda a: np.array(a) @ np.array([2.0, 7.0]), [2.0, 7.0]),
        (lambda a: np.cumsum(a), [2.0, 1.0]),
        (lambda a: np.linalg.norm([3 * a[0], a[1] * 0 + 12]), [9 * 3 / 15, 0.0]),
    ],
)
def test_a_function_of_arrays_takes_lists_of_values(f, expected):
    a = [Value(3.0), Value(5.0)]
    y, plain = f(a), f([3.0, 5.0])
    assert Tensor(y).data == np.asarray(plain).tolist()
    assert slopes(y, *a) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.mean, 1.0),
        (np.linalg.norm, 1.0),
        (np.sign, 0.0),
        (lambda x: np.where(x > 1, x, 0), 1.0),
        (lambda x: np.maximum(x, 0.0), 1.0),
        (lambda x: np.minimum([1.0, 4.0], x), 1.0),
        (lambda x: np.fmax(x, 3.0), 0.0),
        (lambda x: np.clip(x, 0, 1), 0.0),
        (lambda x: np.clip(x, 0, 5), 1.0),
        (lambda x: np.stack([x, x]), 2.0),
    ],
)
def test_a_function_that_compares_or_moves_values_keeps_them(f, slope):
    x = Value(2.0)
    y = f(x)
    assert Tensor(y).data == np.asarray(f(2.0)).tolist()
    assert slopes(y, x) == [slope]


@pytest.mark.parametrize(
    "f",
    [
        np.arcsinh,
        np.floor,
        np.isnan,
        np.log1p,
        lambda x: np.std([x, 2 * x]),
        lambda x: np.array([x], dtype=float),
        lambda x: np.array([x]).astype(int),
        lambda x: np.heaviside(x, 0),
        lambda x: np.exp(x, out=np.zeros(1)),
        lambda x: np.zeros(2).fill(x),
        lambda x: operator.iadd(np.zeros(2), x),
        lambda x: operator.setitem(np.zeros(2), 0, x),
    ],
)
def test_what_would_need_a_bare_number_is_a_type_error(f):
    with pytest.raises(TypeError):
        f(Value(2.0))


def test_comparisons_with_an_array_are_those_of_the_numbers():
    x, array = Value(3.0), np.array([2.0, 3.0, 4.0])
    assert (x > array).tolist() == (array < 3.0).tolist() and (array >= x).tolist() == (array >= 3.0).tolist()
