"""Reductions and softmax against NumPy's, gradients against formulas worked by hand."""

import numpy as np
import pytest
from arrays import EIGHTHS, SHAPES, arrays, backward_from, same, untouched
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, ops, topological_order
from tinygrad_edu import array_ops as A

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
    assert (t.sum().op, t.mean().op, t.max().op, t.logsumexp().op) == (A.SUM, A.MEAN, A.MAX, A.LSE)
    assert t.sum().values[0].inputs == t.values  # one node
    assert t.max().values[0].inputs == t.values and t.max().values[0].op is ops.MAX
    assert Tensor([[1.0, 2.0, 6.0], [0.0, 0.0, 0.0]]).var(axis=1).data == [7.0, 0.0]  # by default that of a sample


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


@pytest.mark.parametrize("name", ["max", "min"])
@given(arrays_and_axes(unique=True))
def test_the_extremes_reduce_as_in_numpy(name, case):
    x, axis, keepdims, G, spread = case
    t = Tensor(x)
    extreme = getattr(t, name)(axis, keepdims)
    assert same(extreme, getattr(x, name)(axis=axis, keepdims=keepdims))
    backward_from(extreme, G)
    assert t.grad == (spread * (x == getattr(x, name)(axis=axis, keepdims=True))).tolist()


@pytest.mark.parametrize(("name", "sign"), [("max", 1), ("min", -1)])
def test_equal_extremes_share_the_gradient(name, sign):
    x = Tensor((np.array([[2.0, 1.0, 2.0], [3.0, 3.0, 3.0]]) * sign).tolist())
    getattr(x, name)(axis=1).sum().backward()
    assert x.grad == [[0.5, 0.0, 0.5], [1 / 3, 1 / 3, 1 / 3]]


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
    assert variance.inputs[0].op is A.SUM and variance.inputs[1] is t
    variance.sum().backward()
    expected = 2 * (x - x.mean(axis=axis, keepdims=True)) / (n - correction)
    np.testing.assert_allclose(t.grad, expected, rtol=1e-12, atol=1e-12)


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


def test_the_shift_of_softmax_is_a_constant():
    t = Tensor([1.0, 3.0])
    shifts = [v for v in topological_order(*t.softmax().values) if v.op is ops.STOP]
    assert {v.data for v in shifts} == {3.0}
    assert t.softmax().op is A.SOFTMAX and t.log_softmax().inputs == (t,)


def test_softmax_is_exact_at_logits_of_a_thousand():
    t = Tensor([1000.0, -1000.0, 1000.0])
    assert t.softmax().data == [0.5, 0.0, 0.5]
    assert t.log_softmax().data == [-np.log(2), -2000 - np.log(2), -np.log(2)]
    backward_from(t.softmax(), [1.0, 0.0, 0.0])
    assert t.grad == [0.25, 0.0, -0.25]  # s₁ (δᵢ₁ − sᵢ)
    t.zero_grad()
    backward_from(t.log_softmax(), [0.0, 1.0, 0.0])
    assert t.grad == [-0.5, 1.0, -0.5]  # δᵢ₂ − sᵢ
    rows = Tensor([[0.0, 0.0], [0.0, 1000.0]])  # of which those are the default
    assert rows.softmax().data == [[0.5, 0.5], [0.0, 1.0]]
    assert rows.softmax(axis=0).data == [[0.5, 0.0], [0.5, 1.0]]
    assert rows.log_softmax().data[1] == [-1000.0, 0.0] and rows.log_softmax(axis=0).data[0][1] == -1000.0


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
