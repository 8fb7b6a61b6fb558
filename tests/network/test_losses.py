"""Losses: cases small enough for paper, then NumPy's own sums and the formulas of their gradients."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import (
    Tensor,
    Value,
    binary_cross_entropy_with_logits,
    cross_entropy,
    explain,
    gradcheck,
    mse_loss,
    squared_error,
    topological_order,
)

# Eighths: their squares and sums are exact, so that results are compared with ==.
EIGHTHS = st.integers(-40, 40).map(lambda k: k / 8)
LOSSES = [squared_error, mse_loss, cross_entropy]


@st.composite
def predictions_and_targets(draw, max_dims=2):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=max_dims, max_side=4))
    return [draw(hnp.arrays(np.float64, shape, elements=EIGHTHS)) for _ in range(2)]


@st.composite
def logits_and_probabilities(draw):
    N, K = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    z = draw(hnp.arrays(np.float64, (N, K), elements=st.floats(-1000, 1000)))
    weights = draw(hnp.arrays(np.float64, (N, K), elements=st.integers(0, 8).map(float)))
    weights[:, 0] += 1  # no row of zeros
    return z, weights / weights.sum(axis=1, keepdims=True)


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


# Squares.


def test_squared_error_on_paper():
    y_hat = Tensor([1.0, 3.0])
    L = squared_error(y_hat, [0.0, 1.0])
    assert L.shape == () and L.data == 2.5  # ½ (1² + 2²)
    L.backward()
    assert y_hat.grad == [1.0, 2.0]  # ŷ − y


def test_squared_error_adds_the_examples_or_takes_their_mean_but_never_divides_by_the_outputs():
    y_hat, y = [[1.0, 3.0], [2.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]
    assert squared_error(Tensor(y_hat), y).data == 4.5  # 2.5 + 2
    assert squared_error(Tensor(y_hat), y, reduction="sum").data == 4.5
    assert squared_error(Tensor(y_hat), y, reduction="mean").data == 2.25
    assert squared_error(Tensor(y_hat[0]), y[0], reduction="mean").data == 2.5  # one example


@pytest.mark.parametrize("loss", [squared_error, mse_loss])
def test_the_error_is_recorded_as_prediction_minus_target(loss):
    y_hat, y = Value(3.0), Value(1.0)
    (error,) = {node for node in topological_order(loss(y_hat, y).values[0]) if node.inputs == (y_hat, y)}
    assert error.op.symbol == "−" and error.data == 2.0


def test_a_prediction_may_be_a_value_or_a_list_as_a_target_may():
    a = Value(3.0)
    squared_error(a, 1.0).backward()
    assert a.grad == 2.0
    mse_loss([a, 0.0], [1.0, 0.0]).backward()  # by default the mean of all squares
    assert a.grad == 2.0 + 2.0
    cross_entropy([a, Value(3.0)], 0).backward()
    assert a.grad == 4.0 - 0.5


@given(predictions_and_targets(max_dims=3))
def test_squares_and_their_gradients_are_those_of_numpy(case):
    y_hat, y = case
    N = len(y_hat) if y_hat.ndim > 1 else 1
    for loss, reduction, scale in [
        (squared_error, "sum", 0.5),
        (squared_error, "mean", 0.5 / N),
        (mse_loss, "sum", 1.0),
        (mse_loss, "mean", 1.0 / y.size),
    ]:
        prediction, target = Tensor(y_hat), Tensor(y)
        L = loss(prediction, target, reduction=reduction)
        # An exact sum, times a scale that is rounded: a few ε.
        np.testing.assert_allclose(L.data, scale * ((y_hat - y) ** 2).sum(), rtol=1e-15)
        L.backward()
        np.testing.assert_allclose(prediction.grad, 2 * scale * (y_hat - y), rtol=1e-15)
        np.testing.assert_allclose(target.grad, 2 * scale * (y - y_hat), rtol=1e-15)


# Cross-entropy.


def test_cross_entropy_on_paper():
    z = Tensor([0.0, np.log(3.0)])
    L = cross_entropy(z, 0)
    # softmax = [¼, ¾]; log 3 and what follows are rounded a few times.
    assert L.shape == () and L.data == pytest.approx(np.log(4), rel=1e-15)
    L.backward()
    np.testing.assert_allclose(z.grad, [0.25 - 1, 0.75], rtol=1e-15)  # softmax − y


@pytest.mark.parametrize(
    "target", [1, np.int64(1), np.array(1), [0, 1, 0], np.array([0.0, 1.0, 0.0]), Tensor([0, 1, 0])]
)
def test_a_class_index_and_its_one_hot_vector_are_the_same_target(target):
    z = Tensor([1.0, 2.0, 3.0])
    L = cross_entropy(z, target)
    L.backward()
    s = np.exp([1.0, 2.0, 3.0]) / np.exp([1.0, 2.0, 3.0]).sum()
    # A few roundings of numbers around 1.
    assert L.data == pytest.approx(-np.log(s[1]), rel=1e-14)
    np.testing.assert_allclose(z.grad, s - [0, 1, 0], rtol=1e-14)


@pytest.mark.parametrize("target", [[1, 0], (1, 0), np.array([1, 0]), list(np.array([1, 0])), ((0, 1), (1, 0)),
                                    np.array([[0, 1], [1, 0]]), Tensor([[0, 1], [1, 0]])])  # fmt: skip
def test_a_batch_takes_an_index_or_a_row_for_each_example(target):
    z = Tensor([[0.0, 0.0], [1000.0, 0.0]])
    assert cross_entropy(z, target, reduction="sum").data == np.log(2)  # the second example is certain
    assert cross_entropy(z, target).data == cross_entropy(z, target, "mean").data == np.log(2) / 2
    cross_entropy(z, target).backward()
    assert z.grad == [[0.25, -0.25], [0.0, 0.0]]  # (softmax − y) / N


def test_targets_that_were_computed_get_their_gradient_too():
    z, y = Tensor([0.0, np.log(3.0)]), Tensor([0.0, 0.0])
    cross_entropy(z, y.softmax()).backward()
    # ∂L/∂yₖ = −log ŷₖ = [log 4, log 4/3]; through the softmax at ½: ± ¼ of their difference, log 3.
    np.testing.assert_allclose(y.grad, [np.log(3) / 4, -np.log(3) / 4], rtol=1e-14)


@given(logits_and_probabilities(), st.sampled_from(["sum", "mean"]))
def test_cross_entropy_and_its_gradient_are_those_of_numpy(case, reduction):
    z, y = case
    N = len(z) if reduction == "mean" else 1
    logits = Tensor(z)
    L = cross_entropy(logits, y, reduction=reduction)
    # The logarithm of a sum near e¹⁰⁰⁰ is rounded by ε · 1000 = 2e-13, for each of 4 · 4 terms.
    assert L.data == pytest.approx(-(y * log_softmax(z)).sum() / N, rel=1e-13, abs=4e-12)
    L.backward()
    np.testing.assert_allclose(logits.grad, (np.exp(log_softmax(z)) - y) / N, rtol=0, atol=1e-12)  # (softmax − y) / N
    one = cross_entropy(Tensor(z[0]), y[0], reduction=reduction)  # of one example both reductions are the loss
    assert one.data == pytest.approx(-(y[0] * log_softmax(z[0])).sum(), rel=1e-13, abs=1e-12)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_pass_the_check_by_differences(loss, reduction):
    y = [[0.25, 0.5, 0.25], [0.0, 1.0, 0.0]]
    assert gradcheck(lambda z: loss(z, y, reduction), [[[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]]])


# What does not fit.


@pytest.mark.parametrize("loss", [squared_error, mse_loss])
@pytest.mark.parametrize(("prediction", "target"), [((2,), (3,)), ((2,), (2, 1)), ((2, 3), (3,)), ((1,), ())])
def test_squares_do_not_broadcast_and_name_both_shapes(loss, prediction, target):
    y_hat = Tensor.ones(prediction)
    with pytest.raises(ValueError) as error:
        loss(y_hat, Tensor.ones(target))
    said, _, advice = str(error.value).partition("; ")
    assert said == f"{loss.__name__}: the prediction has shape {prediction}, the target {target}"
    assert advice == (f"Tensor(target).reshape{prediction} fits" if prod(prediction) == prod(target) else "")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("reduction", ["none", "average", None, ""])
def test_an_unknown_reduction_is_refused(loss, reduction):
    with pytest.raises(ValueError, match=f'the reduction is "sum" or "mean", not {reduction!r}'):
        loss(Tensor([0.5, 0.5]), [0.5, 0.5], reduction=reduction)


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_logits_are_a_vector_or_a_batch_of_them(shape):
    with pytest.raises(ValueError) as error:
        cross_entropy(Tensor.ones(shape), 0)
    assert str(error.value) == f"cross_entropy: logits of shape (K,) or (N, K) are needed, not {shape}"


@pytest.mark.parametrize(
    ("logits", "target", "error", "message"),
    [
        ([0.0, 0.0], 2, IndexError, "cross_entropy: class 2 does not exist, there are 0 to 1"),
        ([0.0, 0.0], -1, IndexError, "class -1 does not exist, there are 0 to 1"),
        ([[0.0, 0.0, 0.0]] * 2, [0, 3], IndexError, "class 3 does not exist, there are 0 to 2"),
        ([[0.0, 0.0, 0.0]] * 2, Tensor([3.0, 0.0]), IndexError, "class 3 does not exist, there are 0 to 2"),
        ([0.0, 0.0], [1.5, -0.5], ValueError, "are not probabilities"),
        ([0.0, 0.0], [0.5, 0.50001], ValueError, "are not probabilities"),
        ([0.0, 0.0], None, TypeError, "real number is needed, not NoneType"),
        ([0.0, 0.0], [float("nan"), 1], ValueError, "finite number is needed, not nan"),
        ([[0.0, 0.0]] * 3, [[1, 0]], ValueError, r"shape \(1, 2\), not \(3, 2\) or, for classes, \(3,\)$"),
        ([[0.0, 0.0]] * 3, 1, ValueError, r"shape \(\), not \(3, 2\) or, for classes, \(3,\)$"),
        ([0.0, 0.0], [0.5, 0.501], ValueError, r"are not probabilities with the sum 1, but 1\.001"),
        ([0.0, 0.0], [0.5, 0.6], ValueError, r"\(0\.5, 0\.6\) are not probabilities with the sum 1, but 1\.1"),
        ([[0.0, 0.0]] * 2, [[0, 1], [1, 1]], ValueError, r"\(1\.0, 1\.0\) are not probabilities"),
        ([0.0, 0.0], [1, 0, 0], ValueError, r"the target has shape \(3,\), not \(2,\) or, for classes, \(\)"),
        ([0.0, 0.0], 0.5, IndexError, r"class 0\.5 does not exist"),
        ([[0.0, 0.0]] * 3, [0, 1], ValueError, r"shape \(2,\), not \(3, 2\) or, for classes, \(3,\)$"),
        ([0.0, 0.0], "1", TypeError, "real number is needed, not str"),
    ],
)
def test_a_target_that_does_not_fit_is_refused_and_changes_nothing(logits, target, error, message):
    z = Tensor(logits, label="z")
    z.values[0].grad = 7.0
    before = [(v, v.data, v.grad, v.label, v.op, v.inputs) for v in z.values]
    with pytest.raises(error, match=message):
        cross_entropy(z, target)
    assert [(v, v.data, v.grad, v.label, v.op, v.inputs) for v in z.values] == before


def test_probabilities_may_be_off_by_the_rounding_of_single_precision():
    y = np.array([0.1] * 10, np.float32)  # their sum is 1 + 1.5e-8
    assert abs(float(y.astype(float).sum()) - 1) > 1e-9
    assert cross_entropy(Tensor.zeros(10), y).data == pytest.approx(np.log(10), rel=1e-7)


@pytest.mark.parametrize("loss", [*LOSSES, binary_cross_entropy_with_logits])
def test_a_target_without_a_name_is_y_in_a_derivation(loss):
    assert "∂L/∂y₁" in explain(loss(Tensor([1.0, 2.0], label="z"), Tensor([0.0, 1.0])), level="value").to("text")


@pytest.mark.parametrize("loss", LOSSES)
def test_a_target_keeps_its_name_and_is_y_where_it_has_none(loss):
    def names(target):
        return {node.label for node in topological_order(loss(Tensor([1.0, 2.0]), target).values[0]) if node.label}

    assert names([0.0, 1.0]) == {"y₁", "y₂"}
    assert names(Tensor([0.0, 1.0], label="t")) == {"t₁", "t₂"}
    assert names(Tensor([0.0, 1.0])) == set()


@pytest.mark.parametrize("target", [[2, 0], np.array([2, 0]), Tensor([2, 0]), [np.int64(2), 0], (2, 0)])
def test_classes_may_be_a_tensor_of_whole_numbers(target):
    logits = Tensor([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])
    one_hot = cross_entropy(logits, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert cross_entropy(logits, target).data == one_hot.data
    for k in 2, Tensor(2.0), Value(2.0), np.int64(2):
        assert cross_entropy(logits[0], k).data == cross_entropy(logits[0], [0, 0, 1]).data


# Binary cross-entropy.


@given(st.data(), hnp.array_shapes(min_dims=0, max_dims=3, max_side=3))
def test_binary_cross_entropy_is_that_of_numpy(data, shape):
    z = data.draw(hnp.arrays(np.float64, shape, elements=st.floats(-1000, 1000)))
    y = data.draw(hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 0.25])))
    losses = np.logaddexp(0, z) - y * z
    for reduction, n in ("mean", z.size), ("sum", 1):
        logits = Tensor(z)
        L = binary_cross_entropy_with_logits(logits, y, reduction)
        L.backward()
        # Each loss is a difference of numbers up to 1000, a gradient of numbers up to 1: rounded to 1e-13 and 1e-16.
        assert L.item() == pytest.approx(losses.sum() / n, rel=1e-12, abs=1e-11)
        np.testing.assert_allclose(logits.grad, (np.exp(-np.logaddexp(0, -z)) - y) / n, atol=1e-13)


@pytest.mark.parametrize(
    ("target", "reduction", "message"),
    [
        ([1.0], "mean", r"the prediction has shape \(2,\), the target \(1,\)"),
        ([1.0, 1.5], "mean", r"a target is from 0 to 1, not 1\.5"),
        ([-0.5, 1.0], "sum", r"a target is from 0 to 1, not -0\.5"),
        ([0, 1], "none", "the reduction is"),
    ],
)
def test_binary_cross_entropy_refuses_what_is_no_target(target, reduction, message):
    with pytest.raises(ValueError, match=message):
        binary_cross_entropy_with_logits(Tensor([1.0, 2.0]), target, reduction)
