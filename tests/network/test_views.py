"""Views, indexing, reshape, stack and cat against NumPy's: other arrangements of the same Values."""

import numpy as np
import pytest
from arrays import SHAPES, arrays, backward_from, same, untouched
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, Value, cat, stack, where
from tinygrad_edu import array_ops as A

# Views.


def test_views_share_their_values():
    t = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert t[1, 2] is t.values[5] and t[-1, -1] is t.values[5]
    assert t[1][2] is t[1, 2] and t.T[2, 1] is t[1, 2] and t.reshape(6)[5] is t[1, 2]
    assert t[:, 1:].values == (t[0, 1], t[0, 2], t[1, 1], t[1, 2])
    assert [row.data for row in t] == t.data and list(t[0]) == [t[0, 0], t[0, 1], t[0, 2]]
    t[:, 0].sum().backward()
    assert t.grad == [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert (t.T.op, t.reshape(6).op, t[0].op) == (A.TRANSPOSE, A.RESHAPE, A.INDEX)
    assert t.T.inputs == t.reshape(6).inputs == t[0].inputs == (t,)


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
        (slice(2, 2), IndexError, r"the index selects nothing .* shape \(2, 3\)"),
        (None, TypeError, "an index is an integer, a slice or an array of integers, not NoneType"),
        (0.5, TypeError, "an index is an integer, .*, not float 0.5"),
        ("0", TypeError, "an index is an integer, .*, not str"),
        (True, TypeError, "an index is an integer, .*, not bool"),
        ((..., 0, 0, 0), IndexError, r"3 indices for a Tensor of shape \(2, 3\)"),
        ([0, 2], IndexError, r"index 2 is out of range for axis 0 of shape \(2, 3\)"),
        (Tensor([0.5]), TypeError, "an index is an integer, .*, not float 0.5"),
        ([True, 0], TypeError, "an index is an integer, .*, not bool"),
        ((0, [0, -4]), IndexError, r"index -4 is out of range for axis 1 of shape \(2, 3\)"),
        ([], IndexError, r"the index selects nothing .* shape \(2, 3\)"),
        ([[0], [0, 1]], ValueError, r"ragged: element 0 has shape \(1,\), but element 1 has shape \(2,\)"),
        (([0, 1], [0, 1, 2]), ValueError, r"index: shapes \(2,\) and \(3,\) do not fit together"),
        (np.array([True, False]), TypeError, "not bool True; of a mask, write the places that are True"),
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
    "shape", [(4,), (2, 2), (-1, 4), (-1, -1), (-2, -3), (0, -1), (), (7, -1), (2.0, 3), (-1, "3"), None, "6", 2.5]
)
def test_a_shape_for_another_number_of_elements_is_refused(shape):
    t = Tensor.ones(2, 3)
    with untouched(t), pytest.raises(ValueError, match=r"reshape: 6 elements do not fit the shape|a shape is made of"):
        t.reshape(shape)


def test_stack_makes_rows_that_are_still_the_same_values():
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    s = stack([a, b, a])
    assert s.data == [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]] and s.op is A.STACK and s.inputs == (a, b, a)
    assert stack([[1.0, 2.0], a]).data == [[1.0, 2.0], a.data]
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


def test_where_chooses_as_in_numpy_and_only_what_is_chosen_gets_the_gradient():
    a, b = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([10.0, 20.0])
    mask = np.array([[True, False], [False, True]])
    for condition in (mask, mask.tolist(), mask * 1.0, Tensor(mask * 1.0)):
        with untouched(a, b):
            assert same(where(condition, a, b), np.where(mask, a.data, b.data))
    assert where(True, 1.0, Tensor([2.0])).data == [1.0]
    (where(mask, a, b) * Tensor([[5.0, 6.0], [7.0, 8.0]])).sum().backward()
    assert a.grad == [[5.0, 0.0], [0.0, 8.0]] and b.grad == [7.0, 6.0]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ([0.5, 1.0], "not 0.5;"),
        (Tensor([1.0, 2.0]).step(), "not computed, not step = 1.0;"),
        ([True] * 3, r"\(3,\) and"),
    ],
)
def test_a_condition_is_zero_or_one_and_given(condition, said):
    with pytest.raises(ValueError, match=f"^where: .*{said}"):
        where(condition, Tensor([1.0, 2.0]), 0.0)


# Indexing: integers, slices and arrays of integers, in every mixture.

INDEXED = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=3)


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
    shape = draw(INDEXED)
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
    "key", [[1, 0, 1], (range(2),), range(0, 2), np.array([1, 0, 1]), np.array([[1], [0]], np.uint8), [np.int64(1), 0]]
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
    assert rows.op is A.INDEX and rows.inputs == (C,) and rows.operation.keys == ([0, 1, 0, 0],)


def test_the_same_element_cannot_be_given_two_numbers():
    t = Tensor([1.0, 2.0], label="t")
    with pytest.raises(ValueError, match=r"data: t₂ is there twice, as 5\.0 and 6\.0"):
        t[[0, 1, 1]].data = [4.0, 5.0, 6.0]
    assert t.data == [1.0, 2.0]
    t[[1, 0]].data = [4.0, 5.0]
    assert t.data == [5.0, 4.0]


def test_the_integers_of_numpy_count_as_integers():
    t, two = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.int64(2)
    one = two - 1
    assert t[one].data == [4.0, 5.0, 6.0] and t[one, two] is t[1, 2] and t[:one, :two].data == [[1.0, 2.0]]
    assert t.sum(axis=one).data == [6.0, 15.0] and t.max(axis=(one,)).data == [3.0, 6.0]
    shapes = [Tensor.zeros(two), Tensor.zeros(two, 3), Tensor.full(two, 1.0), t.reshape(3, two), t.reshape(two * 3)]
    assert [s.shape for s in shapes] == [(2,), (2, 3), (2,), (3, 2), (6,)]
    assert all(type(n) is int for s in shapes for n in s.shape)
    assert Tensor.zeros(np.array([2, 3])).shape == t.reshape(np.array([2, 3])).shape == (2, 3)
