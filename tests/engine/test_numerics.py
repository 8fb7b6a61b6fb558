"""The ends of the number line: a finite number, or an error that names the node; an infinite slope, but never NaN."""

import inspect
import math
import re
from itertools import product

import pytest

from tinygrad_edu import Linear, Tensor, Value, compile_graph, cross_entropy, grad, mse_loss, squared_error
from tinygrad_edu.ops import TABLE, power
from tinygrad_edu.tree import flatten
from tinygrad_edu.value import record

LARGEST = 1.7976931348623157e308
SMALLEST = 5e-324
EXTREMES = [0.0, -0.0, SMALLEST, -SMALLEST, 1e-308, 1e-200, 0.5, 1.0, -1.0, 1e4, -1e4, 1e200, -1e308, LARGEST, -LARGEST]
ROWS = [*TABLE, *map(power, (0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -2.0, 1e4, -0.1))]
REFUSALS = (ValueError, ZeroDivisionError, OverflowError)

every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.symbol)


def some_inputs(op):
    """Tuples of extremes, as long as the row takes them; four numbers in all for its vectors."""
    _, *letters = inspect.signature(op.partials).parameters.values()
    rest = list(product(EXTREMES, repeat=len(letters) - op.vectors))
    if op.vectors:
        return [(a, b, b, a, *c) for a, b in product(EXTREMES, repeat=2) for c in rest]
    return rest


def assert_finite(numbers):
    assert all(map(math.isfinite, flatten(numbers))), numbers


def at_extremes(op):
    """The row's inputs, labelled x, y, …, and their numbers."""
    for numbers in some_inputs(op):
        yield tuple([Value(x, label="xyzuv"[i]) for i, x in enumerate(numbers)]), numbers


@every_row
def test_a_value_is_finite_or_refused_by_name(op):
    recorded = 0
    for xs, numbers in at_extremes(op):
        try:
            node = record(op, xs, *op.arguments(numbers))
        except REFUSALS as error:
            named = 0 if len(numbers) < 5 else [*map(abs, numbers)].index(max(map(abs, numbers)))
            assert str(error).startswith(f"{op.symbol} of {'xyzuv'[named]} = {numbers[named]!r}")
            assert "has no finite value; usual cause: " in str(error)
            continue
        recorded += 1
        assert_finite(node.data)
        assert not any(map(math.isnan, node.partials)), numbers
    assert recorded >= 4  # half of the powers take few of the extremes


@every_row
def test_a_gradient_is_finite_or_refused_by_name(op):
    """backward takes the recorded slopes; one that is infinite is refused, and every grad as it was."""
    for xs, numbers in at_extremes(op):
        try:
            node = record(op, xs, *op.arguments(numbers))
        except REFUSALS:
            continue
        try:
            node.backward()
        except OverflowError as error:
            assert not all(map(math.isfinite, node.partials))
            assert str(error).startswith(f"backward: {op.symbol} = {node.data!r} has an infinite derivative at ")
            assert [x.grad for x in (node, *xs)] == [0.0] * (1 + len(xs))
            continue
        assert all(map(math.isfinite, node.partials))
        assert [x.grad for x in xs] == list(node.partials)


@every_row
def test_gradients_as_values_are_finite_or_refused_by_name(op):
    """They are nodes of their own, each of which is checked: also the slopes of the slopes."""
    for xs, numbers in at_extremes(op):
        try:
            first = grad(record(op, xs, *op.arguments(numbers)), list(xs))
            second = [grad(dx, list(xs)) for dx in first]
        except REFUSALS as error:
            assert re.search(r" has no finite value; usual cause: | has an infinite derivative at ", str(error))
            continue
        assert_finite([dx.data for dx in flatten([first, second])])


@every_row
def test_a_compiled_row_gives_finite_numbers_or_an_error_that_shows_the_step(op):
    xs = tuple([Value(0.5, label="xyzuv"[i]) for i in range(len(some_inputs(op)[0]))])
    node = record(op, xs, *op.arguments((0.5,) * len(xs)))
    program = compile_graph([node, grad(node, list(xs))], list(xs))
    for numbers in some_inputs(op):
        try:
            result = program(*numbers)
        except REFUSALS as error:
            # "log(x) has no finite value where x = 0.0: …", or "power_1 is inf in power_1 = x * x".
            assert re.search(r"has no finite value where \w+ = |\w+ is (-?inf|nan)\b|not finite: \[", str(error))
            continue
        assert_finite(result)


# Softmax and the losses.

LOGITS = [[1e4, -1e4], [-1e4, -1e4], [0.0, -0.0], [SMALLEST, 1e-308], [1e308, 1e308], [LARGEST, LARGEST]]
LOGITS += [[-LARGEST, -LARGEST], [LARGEST, -LARGEST], [1e200, 0.0], [1e154, -1e154]]
RESULTS = {
    name: lambda z, name=name: getattr(z, name)()
    for name in ("softmax", "log_softmax", "logsumexp", "sum", "mean", "max", "tanh", "sigmoid", "relu")
} | {
    "squared_error": lambda z: squared_error(z, [0.0, 1.0]),
    "mse_loss": lambda z: mse_loss(z, [0.0, 1.0]),
    "mse_loss of probabilities": lambda z: mse_loss(z.sigmoid(), [0.0, 1.0]),
    "cross_entropy of the first class": lambda z: cross_entropy(z, 0),
    "cross_entropy of the second class": lambda z: cross_entropy(z, [0.0, 1.0]),
    "cross_entropy of a tie": lambda z: cross_entropy(z, [0.5, 0.5]),
    "cross_entropy of a batch": lambda z: cross_entropy(Tensor([z, z]), [0, 1]),
    "log of softmax": lambda z: z.softmax().log(),
}


@pytest.mark.parametrize("logits", LOGITS, ids=str)
@pytest.mark.parametrize("name", RESULTS)
def test_a_result_of_extreme_logits_is_finite_or_refused_by_name(name, logits):
    z = Tensor(logits, label="z")
    try:
        y = RESULTS[name](z)
        assert_finite(flatten([y.data]))
        first = grad(y.sum(), z)
        assert_finite(flatten([first.data]))
        y.sum().backward()
    except REFUSALS as error:
        assert re.search(r" has no finite value; usual cause: | has an infinite derivative at ", str(error))
    assert_finite([z.data, z.grad])


@pytest.mark.parametrize("large", [1e3, 1e4, 1e200, 1e307])
def test_softmax_and_cross_entropy_are_exact_however_far_apart_the_logits(large):
    z = Tensor([large, -large])
    assert z.softmax().data == [1.0, 0.0]
    assert z.log_softmax().data == [0.0, -2 * large]
    for k, loss, slope in ((0, 0.0, [0.0, 0.0]), (1, 2 * large, [1.0, -1.0])):
        z.zero_grad()
        L = cross_entropy(z, k)
        L.backward()
        assert (L.data, z.grad) == (loss, slope)


@pytest.mark.parametrize("x", [0.0, SMALLEST, 1e4, -1e4])
def test_equal_logits_share_alike(x):
    z, y = Tensor([x] * 4), Tensor([1.0, 0.0, 0.0, 0.0])
    assert z.softmax().data == [0.25] * 4
    L = cross_entropy(z, y)
    L.backward()
    # logsumexp is rounded by an ulp of 1e4, 2e-12, which may be all that its softmax knows of it.
    assert z.grad == pytest.approx([-0.75, 0.25, 0.25, 0.25], rel=1e-11)
    assert L.data == pytest.approx(math.log(4.0), abs=4e-12)
    assert_finite(y.grad)  # targets of 0 and 1 bring no logarithm of 0


def test_a_predicted_probability_of_0_is_an_error_with_the_remedy_unless_its_logit_is_used():
    z = Tensor([1e4, -1e4], label="z")
    with pytest.raises(ValueError, match=r"^log of .* = 0\.0 has no finite .* use log_softmax or cross_entropy"):
        z.softmax().log()
    assert cross_entropy(z, 1).data == 2e4


def test_of_many_inputs_the_error_names_the_largest():
    net = Linear(3, 1, init=1.0)
    net.b.label = "b"
    net.b.data = [1e308]
    with pytest.raises(
        OverflowError, match=r"^affine of x₁ = 1\.2e\+308, b₁ = 1e\+308, W₁₁ = 1\.0, W₁₂ = 1\.0, … has no finite"
    ):
        net(Tensor([1.2e308, 0.0, 0.0], label="x"))
