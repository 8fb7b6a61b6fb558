"""Indexing against NumPy's own: integers, slices, arrays of integers, in every mixture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, Value, array_ops

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=3)


def check(shape, index):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    t, expected = Tensor(x), x[index]
    if expected.size == 0:
        with pytest.raises(IndexError, match="selects nothing"):
            t[index]
    elif expected.ndim == 0:
        assert t[index] is t.values[int(expected)]
    else:
        assert t[index].shape == expected.shape
        assert t[index].values == tuple(t.values[int(k)] for k in expected.flat)


@st.composite
def mixed_indices(draw):
    """Integers, slices and arrays that are broadcast together, on some of the axes, perhaps with an ellipsis."""
    shape = draw(SHAPES)
    common = draw(hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=3))
    first = draw(st.integers(0, len(shape)))
    last = draw(st.integers(0, len(shape) - first))
    keys = []
    for n in (*shape[:first], *shape[len(shape) - last :]):
        integer = st.integers(-n, n - 1)
        sizes = st.sampled_from([common, common[-1:], (1,) * len(common)])
        array = sizes.flatmap(lambda size, integer=integer: hnp.arrays(int, size, elements=integer))
        keys.append(draw(st.one_of(integer, array, array, st.slices(n))))
    if last or draw(st.booleans()):
        keys.insert(first, Ellipsis)
    return shape, tuple(keys)


@given(mixed_indices())
def test_any_mixture_selects_what_numpy_selects(case):
    check(*case)


X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "key",
    [[1, 0, 1], (range(2),), range(0, 2), np.array([1, 0, 1]), np.array([[1], [0]], np.uint8), [np.int64(1), 0]],
)
def test_an_array_of_integers_comes_in_any_form(key):
    expected = X[np.asarray(key[0] if isinstance(key, tuple) else key)]
    assert Tensor(X)[key].data == expected.tolist()


def test_whole_numbers_of_the_library_are_integers():
    C, i = Tensor(X), Tensor([[1.0, 0.0], [1.0, 1.0]])
    assert C[i].data == X[[[1, 0], [1, 1]]].tolist() and C[i].shape == (2, 2, 3)
    assert C[Tensor(1.0)].data == C[Value(1.0)].data == C[i[0, 0]].data == C[np.array(1)].data == X[1].tolist()
    assert C[[Value(1.0), Value(0.0)]].data == X[[1, 0]].tolist()
    assert C[Tensor(1.0), Tensor(2.0)] is C[1, 2]


def test_gradients_add_up_where_an_element_is_taken_several_times():
    C = Tensor([[1.0, 2.0], [3.0, 4.0]])
    rows = C[[0, 1, 0, 0]]
    (rows * [[1.0], [10.0], [100.0], [1000.0]]).sum().backward()
    assert C.grad == [[1101.0, 1101.0], [10.0, 10.0]]
    assert rows.op is array_ops.INDEX and rows.inputs == (C,) and rows.record.keys == ([0, 1, 0, 0],)


def test_the_same_element_cannot_be_given_two_numbers():
    t = Tensor([1.0, 2.0], label="t")
    with pytest.raises(ValueError, match=r"data: t₂ is there twice, as 5\.0 and 6\.0"):
        t[[0, 1, 1]].data = [4.0, 5.0, 6.0]
    assert t.data == [1.0, 2.0]
    t[[1, 0]].data = [4.0, 5.0]
    assert t.data == [5.0, 4.0]
