"""The lists that `data` and `grad` are: arithmetic as NumPy's, and otherwise lists that nobody can change."""

import copy
import json
import operator
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, Value
from tinygrad_edu.network.lists import Numbers

FLOATS = st.floats(-100, 100).filter(lambda x: x == 0 or abs(x) > 1e-3)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=3)
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv]


@given(st.data(), SHAPES, st.sampled_from(OPERATORS))
def test_arithmetic_goes_element_by_element_as_in_numpy(data, shape, f):
    a, b = [data.draw(hnp.arrays(float, shape, elements=FLOATS)) for _ in range(2)]
    c = data.draw(FLOATS)
    assume(f is not operator.truediv or (a.all() and b.all() and c))
    x, y = Numbers.of(a.tolist()), Numbers.of(b.tolist())
    both = [(f(x, y), f(a, b)), (f(x, b.tolist()), f(a, b)), (f(a.tolist(), y), f(a, b))]
    for result, expected in [*both, (f(x, c), f(a, c)), (f(c, x), f(c, a))]:
        assert type(result) is Numbers and result == expected.tolist()
        assert all(type(number) is float for number in np.ravel(np.array(result, dtype=object)))
    assert (-x, +x, abs(x), x**2) == ((-a).tolist(), a.tolist(), abs(a).tolist(), (a * a).tolist())
    assert x == a.tolist()  # unchanged


@pytest.mark.parametrize("other", [2, True, np.float32(2), np.int64(2), Value])
def test_numbers_of_any_kind_count_as_floats(other):
    if other is Value:
        with pytest.raises(TypeError):
            Numbers.of([1.0]) * Value(2.0)
    else:
        assert [type(x) for x in Numbers.of([1.0]) * other] == [float]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ([1.0, 2.0, 3.0], r"\+: shapes \(1, 2\) and \(3,\) do not fit together"),
        ([[1.0], [2.0], [3.0], [4.0, 5.0]], r"element 0 has shape \(1,\), but element 3 has shape \(2,\)"),
        ([[1.0, 2.0], [3.0]], r"ragged: element 0 has shape \(2,\), but element 1 has shape \(1,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(other, message):
    for f in (lambda x: x + other), (lambda x: x.__iadd__(other)):
        with pytest.raises(ValueError, match=message):
            f(Numbers.of([[1.0, 2.0]]))


@pytest.mark.parametrize("kind", ["data", "grad"])
@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.__setitem__(0, 1.0),
        lambda x: x.__delitem__(0),
        lambda x: x[0].__setitem__(0, 1.0),
        lambda x: x[0].__delitem__(slice(None)),
        lambda x: x.append(1.0),
        lambda x: x.extend([1.0]),
        lambda x: x.insert(0, 1.0),
        lambda x: x[0].sort(),
        lambda x: x[0].sort(reverse=True),
        lambda x: x.reverse(),
        lambda x: x.pop(),
        lambda x: x.remove(1.0),
        lambda x: x.clear(),
        lambda x: x[1:].append(1.0),
    ],
)
def test_nothing_is_assigned_into_a_copy(kind, change):
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(TypeError, match=r"would be lost.*t\[0, 1\]\.data = 5\.0.*t\.data = rows"):
        change(getattr(t, kind))
    assert t.data == [[1.0, 2.0], [3.0, 4.0]] and t.grad == [[0.0, 0.0], [0.0, 0.0]]


def test_what_the_refusal_says_works():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    t[0, 1].data = 5.0
    rows = t.data.tolist()
    rows[1][0] = 7.0
    t.data = rows
    assert t.data == [[1.0, 5.0], [7.0, 4.0]]


def test_they_are_lists_to_everyone_else():
    data = Tensor([[1.0, 2.0], [3.0, 4.0]]).data
    assert isinstance(data, list) and data == [[1.0, 2.0], [3.0, 4.0]] and data == [[1.0, 2.0], [3.0, 4.0]]
    assert repr(data) == "[[1.0, 2.0], [3.0, 4.0]]" and json.dumps(data) == repr(data)
    assert np.array_equal(np.array(data), [[1, 2], [3, 4]]) and np.array(data).dtype == float
    assert data != [[1.0, 2.0]] and data.shape == (2, 2) and len(data) == 2 and data[1][0] == 3.0
    assert data[::-1] == [[3.0, 4.0], [1.0, 2.0]] and type(data[1:]) is Numbers and data[2:] == []
    assert sum(data) == [4.0, 6.0] and sorted(data[0], reverse=True) == [2.0, 1.0]
    with pytest.raises(TypeError, match="unhashable"):
        hash(data)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), Numbers.copy])
def test_copies_are_of_the_same_kind(again):
    data = Tensor([[1.0, 2.0], [3.0, 4.0]]).data
    assert again(data) == data and type(again(data)) is type(again(data)[0]) is Numbers


def test_plain_lists_come_from_tolist():
    for rows in Tensor([[1.0, 2.0]]).tolist(), Tensor([[1.0, 2.0]]).data.tolist():
        assert type(rows) is type(rows[0]) is list
    assert Tensor(1.5).tolist() == 1.5


def test_arrays_and_tensors_take_over():
    data = Tensor([1.0, 2.0]).data
    products = data * np.array([3.0, 4.0]), np.array([3.0, 4.0]) * data
    for result, numbers in (*[(product, [3.0, 8.0]) for product in products], (np.float64(2) * data + 1, [3.0, 5.0])):
        assert isinstance(result, np.ndarray) and result.tolist() == numbers
    for result in data * Tensor([3.0, 4.0]), Tensor([3.0, 4.0]) * data:
        assert isinstance(result, Tensor) and result.data == [3.0, 8.0]


@pytest.mark.parametrize("other", ["2", None, {}])
def test_arithmetic_with_something_else_is_a_type_error(other):
    data = Tensor([1.0, 2.0]).data
    for compute in (lambda: data * other, lambda: other * data):
        with pytest.raises(TypeError):
            compute()


# The update of the notes.


def test_the_update_is_written_as_in_the_notes():
    W, b, eta = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor(0.5), 0.5
    for _ in range(2):
        W.grad, b.grad = None, 0
        ((W * W).sum() + b * b).backward()
        W.data -= eta * W.grad  # 2W: W − ½ · 2W = 0
        b.data += -0.25 * b.grad
        assert W.data == [[0.0, 0.0], [0.0, 0.0]]
    assert b.data == 0.125 and W.grad == [[0.0, 0.0], [0.0, 0.0]]


def test_gradients_can_be_clipped_and_cleared():
    t = Tensor([3.0, 4.0])
    (t * t).sum().backward()
    t.grad *= 0.5
    assert t.grad == [3.0, 4.0]
    for nothing in None, 0, 0.0:
        t.grad = [1.0, 2.0]
        t.grad = nothing
        assert t.grad == [0.0, 0.0]
    t[0].grad = None
    (t * t).sum().backward()
    assert t.grad == [6.0, 8.0]
    for wrong, said in (
        ([1.0], r"^Tensor\.grad of shape \(1,\) does not fit a Tensor of shape \(2,\)"),
        (1.0, r"of shape \(\) does not fit"),
        ([1.0, float("nan")], r"^Tensor\.grad: a finite number is needed, not nan"),
        ([1.0, "b"], r"^Tensor\.grad: a real number is needed, not str 'b'"),
        ("ab", r"of shape \(\) does not fit"),
    ):
        with pytest.raises((ValueError, TypeError), match=said):
            t.grad = wrong
    assert t.grad == [6.0, 8.0]


def test_an_update_that_is_too_large_changes_nothing():
    t = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="a finite number is needed, not inf"):
        t.data += t.data * 1e308 * 1e10
    assert t.data == [1.0, 2.0]
