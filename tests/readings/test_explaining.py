"""explain: every printed line is true, and is what one would write on paper."""

import math
import random
import re
import shutil
import subprocess

import numpy as np
import pytest
from graphs import labelled, named, recipes, tensor_program
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import read
from test_truth import check

from tinygrad_edu import (
    MLP,
    Linear,
    Tensor,
    Value,
    cross_entropy,
    draw,
    explain,
    grad,
    mse_loss,
    squared_error,
    stack,
    step_through,
    topological_order,
    worksheet,
)
from tinygrad_edu.network.nn import Parameter
from tinygrad_edu.readings.explaining.lines import lines_of
from tinygrad_edu.readings.explaining.mistakes import mistakes_in
from tinygrad_edu.writing.expression import Derivative, Name, Path, within
from tinygrad_edu.writing.notation import elements
from tinygrad_edu.writing.paper import Text, written

# On paper.


def test_one_neuron_with_squared_error_line_by_line():
    w, x, b, y = named(w=2.0, x=0.5, b=-1.0, y=1.0)
    z = labelled(w * x + b, "z")
    h = labelled(z.tanh(), "h")
    e = labelled(h - y, "e")
    L = labelled(e**2 / 2, "L")
    assert (
        str(explain(L))
        == """\
Forward

w  = 2
x  = 0.5
b  = −1
y  = 1
v₁ = w · x = 2 · 0.5 = 1
z  = v₁ + b = 1 + (−1) = 0
h  = tanh(z) = tanh(0) = 0
e  = h − y = 0 − 1 = −1
v₂ = e² = (−1)² = 1
L  = v₂ / 2 = 1 / 2 = 0.5

Backward

∂L/∂L  = 1
∂L/∂v₂ = ∂L/∂L · (1 / 2) = 1 · 0.5 = 0.5
∂L/∂e  = ∂L/∂v₂ · (2 · e) = 0.5 · (−2) = −1
∂L/∂h  = ∂L/∂e · ∂e/∂h = (−1) · 1 = −1
∂L/∂y  = ∂L/∂e · ∂e/∂y = (−1) · (−1) = 1
∂L/∂z  = ∂L/∂h · (1 − h²) = (−1) · 1 = −1
∂L/∂v₁ = ∂L/∂z · ∂z/∂v₁ = (−1) · 1 = −1
∂L/∂b  = ∂L/∂z · ∂z/∂b = (−1) · 1 = −1
∂L/∂w  = ∂L/∂v₁ · x = (−1) · 0.5 = −0.5
∂L/∂x  = ∂L/∂v₁ · w = (−1) · 2 = −2"""
    )


def test_no_line_gives_as_its_reason_what_it_asks_for():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    roots = [a + b, a - b, a * 4, 0.5 * a, a / 2, -a, a.step(), Value.sum([a, b]), Value.dot([a, b], [1.0, 2.0])]
    for root in roots:
        for quantity, rule, _, _ in explain(root).backward[1].rows:
            assert str(quantity) not in str(rule)
    assert str(explain(a - b).backward[1].rows[1]) == "∂f/∂b = ∂f/∂f · (−1) = 1 · (−1) = −1"


def test_a_value_used_twice_shows_its_running_total_and_its_paths():
    (x,) = named(x=3.0)
    y = labelled(x * x, "y")
    assert (
        str(explain(y, wrt=x))
        == """\
Forward

x = 3
y = x · x = 3 · 3 = 9

Backward

∂y/∂y = 1
∂y/∂x += ∂y/∂y · x = 1 · 3 = 3  → running total 3 (1 of 2 contributions)
∂y/∂x += ∂y/∂y · x = 1 · 3 = 3  → running total 6 (2 of 2 contributions)

Sum over paths

x → y
    = x = 3
    50 % of the sum

x → y
    = x = 3
    50 % of the sum

∂y/∂x = 3 + 3 = 6"""
    )


def practical(loss, **options):
    net = MLP([4, 4, 3, 3], init=0.1)
    L = loss(net(Tensor([1.0, 0.0, 1.0, 0.0], label="x")), [0.0, 1.0, 0.0])
    return explain(L, wrt=net.parameters(), **options), net, L


def test_the_practical_is_derived_in_the_order_and_the_symbols_of_the_notes():
    derivation, _, _ = practical(squared_error)
    rules = [f"{row.quantity} = {row.rule}" for row in derivation if row.rule]
    assert rules == [
        "z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾",
        "h⁽¹⁾ = tanh(z⁽¹⁾)",
        "z⁽²⁾ = W⁽²⁾ h⁽¹⁾ + b⁽²⁾",
        "h⁽²⁾ = tanh(z⁽²⁾)",
        "z⁽³⁾ = W⁽³⁾ h⁽²⁾ + b⁽³⁾",
        "L = ½ · Σ (z⁽³⁾ − y)²",
        "∂L/∂z⁽³⁾ = z⁽³⁾ − y",
        "∂L/∂W⁽³⁾ = ∂L/∂z⁽³⁾ h⁽²⁾ᵀ",
        "∂L/∂b⁽³⁾ = ∂L/∂z⁽³⁾",
        "∂L/∂h⁽²⁾ = W⁽³⁾ᵀ ∂L/∂z⁽³⁾",
        "∂L/∂z⁽²⁾ = ∂L/∂h⁽²⁾ ∘ (1 − h⁽²⁾²)",
        "∂L/∂W⁽²⁾ = ∂L/∂z⁽²⁾ h⁽¹⁾ᵀ",
        "∂L/∂b⁽²⁾ = ∂L/∂z⁽²⁾",
        "∂L/∂h⁽¹⁾ = W⁽²⁾ᵀ ∂L/∂z⁽²⁾",
        "∂L/∂z⁽¹⁾ = ∂L/∂h⁽¹⁾ ∘ (1 − h⁽¹⁾²)",
        "∂L/∂W⁽¹⁾ = ∂L/∂z⁽¹⁾ xᵀ",
        "∂L/∂b⁽¹⁾ = ∂L/∂z⁽¹⁾",
    ]


def test_matrices_are_written_under_their_rule():
    text = str(practical(squared_error)[0])
    assert (
        """
∂L/∂W⁽³⁾ = ∂L/∂z⁽³⁾ h⁽²⁾ᵀ
           ⎡ 0.1640⎤                            ⎡ 0.0350   0.0350   0.0350⎤
         = ⎢−0.8360⎥ [0.2132  0.2132  0.2132] = ⎢−0.1782  −0.1782  −0.1782⎥
           ⎣ 0.1640⎦                            ⎣ 0.0350   0.0350   0.0350⎦
"""
        in text
    )


def test_cross_entropy_leaves_softmax_minus_y():
    row = next(row for row in practical(cross_entropy)[0] if str(row.quantity) == "∂L/∂z⁽³⁾")
    assert row.text() == (
        "∂L/∂z⁽³⁾ = (Σ y) · ŷ − y = 1 · [0.3333  0.3333  0.3333]ᵀ − [0  1  0]ᵀ = "
        "[0.3333  −0.6667  0.3333]ᵀ\n    Σ y = 1, so ∂L/∂z⁽³⁾ = ŷ − y"
    )


def test_the_prediction_of_a_cross_entropy_has_its_line_before_the_loss():
    derivation, _, _ = practical(cross_entropy)
    row = derivation.forward[-2]
    assert row.text() == "ŷ = softmax(z⁽³⁾) = softmax([0.1640  0.1640  0.1640]ᵀ) = [0.3333  0.3333  0.3333]ᵀ"
    assert not [row for row in derivation if str(row.quantity) == "∂L/∂ŷ"]  # the notes skip it, too


def test_a_view_gives_the_output_a_second_name():
    net = MLP([2, 1], init=0.5)
    y_hat = net([1.0, 1.0]).reshape(1)
    y_hat.label = "ŷ"
    rules = [f"{row.quantity} = {row.rule}" for row in explain(squared_error(y_hat, [0.0])) if row.rule]
    assert "ŷ = z⁽¹⁾" in rules
    assert rules[3:6] == ["∂L/∂y = −(ŷ − y)", "∂L/∂ŷ = ŷ − y", "∂L/∂z⁽¹⁾ = ∂L/∂ŷ"]


def test_a_line_that_is_too_wide_is_broken_before_its_terms_and_aligned():
    weights = named(**{f"weight_{k}": float(k) for k in range(1, 15)})
    row = explain(Value.dot(weights, [w * w for w in weights])).forward[-1]
    first, second, third, *_ = lines = row.text().split("\n")
    assert max(map(len, lines)) <= 110
    assert (first[:4], second[:9], third[:9]) == ("f = ", "      + w", "      + w")
    assert "".join([line.strip() + " " for line in lines]).startswith(f"f = {row.rule} = ")
    x, y = named(**{"x" * 70: 2.0, "y" * 70: 3.0})  # a term that is wider than a line is broken too
    assert explain(x * y).forward[-1].text().split("\n")[1] == "      · " + "y" * 70
    y = x
    for _ in range(4):  # and a path
        y = labelled(y.sin(), "h" * 30)
    path, below, rule, *_ = explain(y, x).paths[0].text().split("\n")
    assert len(path) <= 110 and below.startswith("  hhh") and rule.startswith("    = cos(")


# Zeros.


def notes(derivation):
    return {str(row.quantity): "; ".join("".join(map(str, note)) for note in row.notes) for row in derivation}


def test_contributions_that_cancel_up_to_rounding_are_called_zero():
    derivation, net, L = practical(cross_entropy)
    L.backward()
    assert 0 < abs(net.layers[1].b.grad[0]) < 1e-15  # what floats make of 0
    said = notes(derivation)
    cancel = "zero: the contributions 0.0333 + (−0.0667) + 0.0333 cancel (floating point leaves "
    assert said["∂L/∂h⁽²⁾"].startswith(cancel)
    assert said["∂L/∂z⁽²⁾"] == "zero: ∂L/∂h⁽²⁾ = 0"
    assert said["∂L/∂b⁽²⁾"] == "zero: ∂L/∂z⁽²⁾ = 0"
    assert said["∂L/∂W⁽³⁾"] == ""


def test_a_zero_input_is_named_as_the_zero_factor():
    said = notes(practical(squared_error)[0])["∂L/∂W⁽¹⁾"]
    assert said.startswith("W⁽¹⁾₁₂, W⁽¹⁾₂₂, W⁽¹⁾₃₂, W⁽¹⁾₄₂ zero: every path meets a zero factor, x₂ = 0; ")


def test_a_dead_relu_is_named_as_the_zero_factor():
    (a,) = named(a=-1.0)
    said = notes(explain(labelled(a.relu(), "y")))
    assert said["∂y/∂a"] == "zero: every path meets a zero factor, step(a) = 0"


def test_only_what_is_rounding_cancels():
    (x,) = named(x=1.0)
    assert "cancel (floating point leaves" in str(explain(0.1 * x + 0.2 * x - 0.3 * x))
    assert "cancel" not in str(explain(x * (1 + 1e-9) - x)) + str(explain((x * 1e-9) ** 3))


def test_exact_cancellation_and_the_zeros_below_it():
    (a,) = named(a=2.0)
    h = labelled(a * a, "h")
    derivation = explain(labelled(3 * h - h * 3, "y"))
    said = notes(derivation)
    assert said["∂y/∂h"] == "zero: the contributions −3 + 3 cancel"
    assert said["∂y/∂a"] == "zero: every path meets a zero factor, ∂y/∂h = 0"


def test_what_y_does_not_depend_on_is_said():
    a, b = named(a=1.0, b=2.0)
    assert notes(explain(labelled(a * 2, "y"), wrt=b))["∂y/∂b"] == "zero: y does not depend on b"


def test_a_tensor_outside_the_graph_has_the_gradient_zero_and_a_view_is_refused():
    x, u = Tensor([1.0, 2.0], label="x"), Tensor([3.0], label="u")
    L = (x * x).sum()
    row = explain(L, wrt=u).rows[-1]
    assert str(row) == "∂L/∂u = [0]\n    zero: L does not depend on u"
    with pytest.raises(ValueError, match="another view of a Tensor in the graph"):
        explain(L, wrt=x.reshape(2, 1))


# Truth: right-hand sides are read back, from the text itself and from the numbers in it.


@settings(max_examples=3 * settings.default.max_examples // 2)
@given(recipes())
def test_every_line_between_numbers_holds_in_symbols_and_in_numbers(recipe):
    leaves = recipe.leaves()
    y = recipe(*leaves)
    derivation = explain(y, wrt=leaves, digits=17)
    y.backward()
    name = derivation.names
    environment = {name[v]: v.data for v in name}
    environment |= {Derivative(name[y], name[v]).text: v.grad for v in name}
    for b in name:
        slopes = [(a, p) for a, p in zip(b.inputs, b.partials) if a in name and b is not y]
        environment |= {Derivative(name[b], name[a]).text: p for a, p in slopes}
    for row in derivation:
        # 17 decimals are printed, so a small factor carries a relative error; … stands for factors of many.
        for side, tolerance in ((row.numbers, 1e-12), (row.rule, 1e-9)):
            if side and "…" not in (text := written(side, Text(17))):
                assert read(text, environment) == pytest.approx(row.result, rel=1e-9, abs=tolerance)
    totals = {}
    for row in [row for step in derivation.backward for row in step.rows]:
        totals[row.node] = totals.get(row.node, 0.0) + row.result
        assert not row.part or row.total == pytest.approx(totals[row.node], rel=1e-12, abs=1e-12)
    for v, total in [*totals.items(), *[(row.node, row.result) for row in derivation.paths if row.quantity in name]]:
        assert total == pytest.approx(v.grad, rel=1e-9, abs=1e-12)  # sums in another order
    for x in leaves:
        products = [row.result for row in derivation.paths if row.node is x and isinstance(row.quantity, Path)]
        assert not products or math.fsum(products) == pytest.approx(x.grad, rel=1e-9, abs=1e-12)


# Truth in matrices: test_truth.py reads every row back; here it is that the gradients are the engine's.


def check_matrices(L, leaves):
    """The gradients are those of `backward`, and every row holds."""
    derivation, _ = check(L)
    gradients = {row.node: row.result.tolist() for step in derivation.backward for row in step.rows}
    for leaf in leaves:
        np.testing.assert_allclose(gradients[leaf], leaf.grad, rtol=1e-9, atol=1e-12)
    return derivation


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("loss", [squared_error, mse_loss, cross_entropy])
@pytest.mark.parametrize("batch", [None, 1, 2, 3])
def test_a_network_is_derived_truly_for_one_example_and_for_batches(activation, loss, batch):
    rng = random.Random(7)
    net = MLP([3, 4, 2], activation=activation, seed=rng)
    x = Tensor.randn(3, seed=rng, label="x") if batch is None else Tensor.randn(batch, 3, seed=rng, label="X")
    target = [0.25, 0.75] if batch is None else [[0.25, 0.75]] * batch
    L = loss(net(x), target)
    check_matrices(L, [x, *net.parameters()])


A = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]
B = [[1.0, 2.0, -0.5], [0.5, -1.5, 1.25]]


LOSSES = {
    "activation": lambda z: z.tanh().sum(),
    "sum": lambda z: z.sum(),
    "mean": lambda z: z.mean(),
    "two uses": lambda z: z.sum() + z.tanh().sum(),
}


@pytest.mark.parametrize("x", [[1.0, -0.5], [[1.0, -0.5], [0.25, 2.0]]], ids=["example", "batch"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("label", ["z", None])
def test_a_linear_layer_is_derived_as_if_written_by_hand(x, loss, label):
    layer = Linear(2, 3, seed=0)
    W, b, x = layer.W, layer.b, Tensor(x, label="x")
    W.label, b.label = "W", "b"
    for h in (x, (2 * x).exp()):
        texts = []
        for z in (layer(h), W @ h + b if x.ndim == 1 else h @ W.T + b):
            z.label = label
            L = LOSSES[loss](z)
            for t in (W, b, x):
                t.zero_grad()
            check_matrices(L, [W, b, x])
            texts.append(sorted(map(str, explain(L))))
        assert texts[0] == texts[1]


def test_a_neuron_of_a_layer_is_a_sum_as_on_paper():
    layer = Linear(2, 1, init=0.5)
    layer.W.label, layer.b.label = "W", "b"
    z = layer(Tensor([1.0, 3.0], label="x"))
    z.label = "z"
    assert str(explain(z, level="value").forward[-1]) == (
        "z₁ = W₁₁ · x₁ + W₁₂ · x₂ + b₁ = 0.5 · 1 + 0.5 · 3 + 0.5 = 2.5"
    )


def test_a_tensor_that_is_an_input_twice_has_a_term_for_each():
    x = Tensor([1.0, 2.0], label="x")
    v = stack([x, x])
    row = explain((v @ x).sum()).backward[-1].rows[0]
    assert str(row).startswith("∂L/∂x = v₁ᵀ ones(2) + (ones(2) xᵀ)[0] + (ones(2) xᵀ)[1]")
    assert row.result.data == [4.0, 8.0]  # of 2 (x₁² + x₂²)


def test_elements_are_called_after_their_tensor():
    net = MLP([2, 2, 1], init=0.5)
    L = squared_error(net(Tensor([1.0, 2.0], label="x")), [1.0])
    text = "\n".join(map(str, explain(L, wrt=net.layers[0].W[0, 1])))
    assert "∂L/∂z⁽¹⁾₁ = ∂L/∂h⁽¹⁾₁ · (1 − h⁽¹⁾₁²)" in text
    assert "W⁽¹⁾₁₂ → z⁽¹⁾₁ → h⁽¹⁾₁ → z⁽²⁾₁ → " in text


def test_a_tensor_of_three_axes_is_written_by_its_shape():
    C, D = Tensor([A, B], label="C"), Tensor(A, label="D")
    derivation = check_matrices((C * stack([D, D.sin()])).tanh().sum() + C.max(), [C, D])
    assert re.search("^C +=.* 2 × 2 × 3 numbers$", str(derivation), flags=re.MULTILINE)
    assert r"C = 2 \times 2 \times 3\text{ numbers}" in derivation.to("latex")


def test_a_matrix_row_by_row_times_a_vector():
    W, v = Tensor([[1.0, 2.0], [3.0, 4.0]], label="W"), Tensor([1.0, 0.5, 2.0, 1.0], label="v")
    derivation = check_matrices(W.reshape(-1) @ v, [W, v])
    assert str(derivation.forward[-1]).startswith("L = Σ reshape(W, 4) ∘ v = ")


# As data.


def test_a_derivation_prints_itself_is_markdown_in_a_notebook_and_is_saved_as_its_suffix_says(tmp_path):
    (x,) = named(x=0.5)
    derivation = explain(x.tanh())
    assert repr(derivation) == str(derivation) == derivation.to("text")
    assert derivation._repr_markdown_() == derivation.to("markdown")
    for suffix, format in ((".txt", "text"), (".md", "markdown"), (".tex", "latex")):
        assert derivation.save(tmp_path / f"tanh{suffix}").read_text("utf-8") == derivation.to(format) + "\n"


def test_wrt_may_be_a_dict_and_the_result_itself():
    a, b = named(a=2.0, b=3.0)
    y = labelled(a * b, "y")
    assert str(explain(y, wrt={"one": a, "two": [b]})) == str(explain(y, wrt=[a, b]))
    assert str(explain(y, wrt=y)) == "Forward\n\na = 2\nb = 3\ny = a · b = 2 · 3 = 6\n\nBackward\n\n∂y/∂y = 1"


def test_rows_are_data_and_steps_follow_the_node_in_hand():
    a, b = named(a=2.0, b=3.0)
    derivation = explain(labelled(a * b, "y"))
    quantity, rule, numbers, result = derivation.rows[-1]
    assert (str(quantity), str(rule), str(numbers), result) == ("∂y/∂b", "∂y/∂y · a", "1 · 2", 2.0)
    step = derivation.backward[1]
    assert (step.name, [(row.node, row.edge) for row in step.rows]) == ("y", [(a, 0), (b, 1)])
    assert len(list(derivation)) == len(derivation) == 6


def test_each_step_comes_after_all_that_pass_a_gradient_to_its_node():
    (x,) = named(x=0.5)
    h = x.tanh()
    y = h * h + (h.exp() + x).sin()
    done = set()
    for step in explain(y).backward[1:]:
        done.add(step.node)
        assert not [row for row in step.rows if row.node in done]


def test_explaining_changes_nothing():
    net = MLP([2, 2], seed=0)
    L = squared_error(net([1.0, 2.0]), [0.0, 1.0])
    L.backward()
    before = [v.grad for v in topological_order(L.values[0])]
    explain(L)
    explain(L, wrt=net.layers[0].W[0, 0])
    assert [v.grad for v in topological_order(L.values[0])] == before


# Errors.


def changed():
    a, b = named(a=2.0, b=3.0)
    y = a * b
    a.data = 5.0
    return y


x, w = Value(1e-300, label="x"), Value(3.0, label="w")
REFUSED = {
    ValueError: {
        "a derivative is taken of one number": lambda: explain(Tensor([1.0, 2.0])),
        "needs Tensors": lambda: explain(Value(1.0), level="tensor"),
        'the level is "tensor" or "value"': lambda: explain(Value(1.0), level="matrix"),
        'the format is "text", "markdown", "latex" or "fragment"': lambda: explain(Value(1.0)).to("html"),
        "explain: digits is a whole number from 0 to 17, not 18": lambda: explain(Value(1.0), digits=18),
        "explain: digits is a whole number from 0 to 17, not 2.0": lambda: explain(Value(1.0), digits=2.0),
        r"1,501 numbers are too many to read one by one\. Explain a Tensor": lambda: explain(sum([1.0] * 1500, w)),
        r"explain: 2,001 Tensors are too many to read\. Explain": lambda: explain(sum([1.0] * 1000, Tensor(0.0))),
        "explain: an update is asked for, but there is nothing to learn": lambda: explain(Tensor(x) * 2, eta=0.1),
        "update is asked for, but there is nothing to learn: y depends": lambda: explain(x * 2, wrt=x * 3, eta=0.1),
    },
    TypeError: {
        "wrt is made of Values and Tensors": lambda: explain(Value(1.0), wrt=3.0),
        "a real number is needed": lambda: explain(x * 2, wrt=x, eta="0.1"),
    },
    OverflowError: {
        "explain: the gradient of x = 1e-300 is too large for a float": lambda: explain((x * 1e200) * 1e200),
        r"explain: w − η · ∂f/∂w is too large for a float; a smaller": lambda: explain(w * w, wrt=w, eta=1e308),
        r"worksheet: w − .* is too large for a float": lambda: worksheet(w * w, eta=1e308, wrt=w),
    },
    RuntimeError: {r"explain: .* data was changed after it was recorded": lambda: explain(changed())},
}


@pytest.mark.parametrize("kind", REFUSED)
def test_errors_say_what_to_pass(kind):
    for message, call in REFUSED[kind].items():
        with pytest.raises(kind, match=message):
            call()


def test_many_paths_are_not_listed():
    (x,) = named(x=0.001)
    y = x
    for _ in range(200):
        y = y + y  # 2²⁰⁰ paths
    assert "more than 16 paths" in notes(explain(y, wrt=x))["∂f/∂x"]


def test_a_derivative_of_a_derivative_has_the_name_of_mathematics():
    a, b = named(a=2.0, b=3.0)
    L = labelled(a * a * b * b, "L")
    slope = grad(L, a)
    derivation = explain(slope)
    assert str(derivation.forward[-1]).startswith("∂L/∂a = ")
    first, *_, last = [row for step in derivation.backward for row in step.rows]
    assert str(first) == "∂(∂L/∂a)/∂(∂L/∂a) = 1" and str(last.quantity) == "∂(∂L/∂a)/∂b"
    assert r"\frac{\partial \left(\frac{\partial L}{\partial a}\right)}{\partial b}" in derivation.to("latex")
    second = str(explain(labelled(grad(slope, b) * grad(slope, b), "s")))
    assert "s = ∂²L/∂a∂b · ∂²L/∂a∂b" in re.sub(" +", " ", second).replace("(∂²L/∂a∂b)²", "∂²L/∂a∂b · ∂²L/∂a∂b")
    assert "∂(∂L/∂a)/∂v₃ = 1" in draw(slope).source  # on an arrow; v₃ is a step of the slope alone


def test_names_that_look_like_formulas_stand_in_parentheses_in_a_derivative():
    a, b = named(**{"x - y": 2.0, "b": 3.0})
    L = labelled(a * b * a, "L/N")
    assert [d.label for d in grad(L, [a, b])] == ["∂(L/N)/∂(x - y)", "∂(L/N)/∂b"]
    assert str(explain(L).backward[-1].rows[-1].quantity) == "∂(L/N)/∂b"


# Remarks.


def remarks(net, x, y, loss=squared_error, **options):
    return explain(loss(net(Tensor(x, label="x")), y), **options).remarks


@pytest.mark.parametrize("level", ["tensor", "value"])
@pytest.mark.parametrize("loss", [squared_error, cross_entropy])
def test_neurons_that_start_alike_are_said_to_stay_so(loss, level):
    net = MLP([4, 4, 3, 3], init=0.1)
    assert remarks(net, [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0], loss, level=level) == [
        "neurons 1 to 4 of layer 1, neurons 1 to 3 of layer 2 and neurons 1 and 3 of layer 3 are identical and stay "
        "so: the same weights, and the same gradients"
    ]


@pytest.mark.parametrize("level", ["tensor", "value"])
def test_a_neuron_is_dead_if_no_example_reaches_it(level):
    net = MLP([1, 3, 1], activation="relu", init=1.0)
    net.layers[0].W.data, net.layers[0].b.data = [[1.0], [2.0], [-1.0]], [-2.5, 0.5, -0.25]
    (sentence,) = remarks(net, [[1.0], [2.0]], [[0.0], [0.0]], level=level)
    assert sentence == "neurons 1 and 3 of layer 1 are dead for all examples: z is never above 0, so no gradient passes"
    (sentence,) = remarks(net, [[1.0], [3.0]], [[0.0], [0.0]], level=level)  # which reaches neuron 1
    assert sentence.startswith("neuron 3 of layer 1 is dead")
    assert remarks(net, [1.0], [0.0], level=level) == []  # of one example the line says why it is zero


def test_a_saturated_neuron_is_named():
    net = MLP([1, 2, 1], activation="sigmoid", init=0.5)
    net.layers[0].b.data = [-9.0, 0.5]
    derivation = explain(squared_error(net([1.0]), [0.0]))
    said = "neuron 1 of layer 1 is saturated in this example: the slope of the activation is below 0.001"
    assert derivation.remarks == [said]
    for form, heading in (("text", "Remarks\n\n"), ("markdown", "## Remarks\n\n"), ("latex", "\\section*{Remarks}\n")):
        before, said, _ = derivation.to(form).partition(heading + derivation.remarks[0])
        assert said and "Backward" in before
    asked = explain(squared_error(net([1.0]), [0.0]), wrt=net.layers[1].W)  # whose gradient it does not touch
    assert asked.remarks == []


@pytest.mark.parametrize("level", ["tensor", "value"])
def test_networks_side_by_side_number_their_own_neurons(level):
    a, b = MLP([1, 2, 1], activation="sigmoid", init=0.5), MLP([1, 2, 1], activation="sigmoid", init=0.5)
    a.layers[0].b.data, b.layers[0].b.data = [0.2, 0.5], [0.1, 9.0]
    derivation = explain(squared_error(a([1.0]) + b([1.0]), [0.0]), level=level)
    said = "is saturated in this example: the slope of the activation is below 0.001"
    assert derivation.remarks == [f"neuron 2 of the layer with W⁽¹⁾′ {said}"]
    assert f"neuron 2 of the layer with $W'^{{(1)}}$ {said}" in derivation.to("latex")
    derivation = explain(squared_error(b([1.0]) + b([2.0]), [0.0]), level=level)  # one network, read twice
    assert derivation.remarks == [f"neuron 2 of layer 1 {said.replace('this example', 'all examples')}"]


# A title, and the update.


def test_a_value_of_a_network_has_the_update_of_its_parameters():
    net = MLP([1, 1], init=0.5)
    L = squared_error(net([1.0]), [0.0])
    by_value, by_tensor = [explain(y, eta=0.1).update for y in (L.values[0], L)]
    assert [str(row) for row in by_value] == [
        "W⁽¹⁾₁₁ ← W⁽¹⁾₁₁ − η · ∂f/∂W⁽¹⁾₁₁ = 0.5 − 0.1 · 1 = 0.4", "b⁽¹⁾₁ ← b⁽¹⁾₁ − η · ∂f/∂b⁽¹⁾₁ = 0.5 − 0.1 · 1 = 0.4",
    ]  # fmt: skip
    assert [row.result for row in by_value] == [x for row in by_tensor for x in np.ravel(row.result.data)]


@pytest.mark.parametrize("read", [explain, draw, step_through, worksheet])
def test_every_reading_names_itself_where_an_argument_is_of_another_kind(read):
    x = Value(3.0, label="x")
    name = read.__name__
    for wrong in ([x * x], 3.0, None):
        with pytest.raises(TypeError, match=f"^{name}: a Value or a Tensor is needed, not {type(wrong).__name__} "):
            read(wrong)
    with pytest.raises(TypeError, match=f"^{name}: a title is text, not 5$"):
        read(x * x, title=5)


@pytest.mark.parametrize("level", ["tensor", "value"])
def test_the_derivation_ends_with_the_update_of_every_parameter(level):
    net = MLP([2, 2, 1], seed=0)
    L = squared_error(net(Tensor([1.0, 0.5], label="x")), Tensor([1.0], label="y"))
    rows = explain(L, level=level, eta=0.1).update
    L.backward()
    before = {p.label: p.data for p in net.parameters()}
    updated = [x for row in rows for x in ([row.result] if isinstance(row.result, float) else flat(row.result))]
    for p in net.parameters():
        p.data -= 0.1 * p.grad
    assert sorted(updated) == pytest.approx(sorted([x for p in net.parameters() for x in flat(p)]), rel=1e-15)
    assert len(rows) == (len(before) if level == "tensor" else len(updated))
    if level == "tensor":
        assert [str(row.rule) for row in rows][:2] == [
            "W⁽¹⁾ − η · ∂L/∂W⁽¹⁾", "b⁽¹⁾ − η · ∂L/∂b⁽¹⁾"
        ]  # fmt: skip


def flat(t):
    return [v.data for v in t.values]


def test_the_update_of_a_number_adds_up_its_contributions():
    (x, a) = named(x=3.0, a=2.0)
    derivation = explain(x * x + a, wrt=x, eta=0.5, title="A square")
    assert str(derivation).startswith("A square\n\nForward\n\nx ")
    assert str(derivation).endswith("Update\n\nx ← x − η · ∂f/∂x = 3 − 0.5 · 6 = 0")
    assert derivation.to("markdown").startswith("# A square\n\n## Forward")
    assert r"x \leftarrow x - \eta \cdot \frac{\partial f}{\partial x} = 3 - 0.5 \cdot 6 = 0" in derivation.to("latex")
    assert r"{\Large\bfseries A square\par}" in derivation.to("latex")


# LaTeX and Markdown.


def test_markdown_holds_latex_formulas():
    (x,) = named(x=0.5)
    assert explain(labelled(x.tanh(), "h")).to("markdown").endswith(
        "$$\n\\frac{\\partial h}{\\partial x} = \\frac{\\partial h}{\\partial h} \\cdot \\left(1 - {h}^{2}\\right)"
        " = 1 \\cdot 0.7864 = 0.7864\n$$"
    )  # fmt: skip


def test_greek_letters_have_their_names_in_latex():
    latex = explain(Value.sum(named(Γ=1.0, Λ=2.0, λ=3.0, Α=4.0))).to("latex")
    for symbol in (r"\Gamma", r"\Lambda", r"\lambda", r"\langle 391\rangle"):  # LaTeX has no capital alpha
        assert rf"{{\partial {symbol}}}" in latex


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex to compile with")
def test_latex_compiles_as_it_stands(tmp_path):
    odd = named(**{"w_1": 0.5, "ŷ": 1.5, "θ": -0.25, "50% of $x^2$": 2.0, r"\input{a}": 1.0, "数 λ": 0.1, "~#&{": 3.0})
    y = Value.sum([labelled(abs(a).sqrt() / (a + 7.0), f"{a.label}′₁") * 1e-9 for a in odd]).maximum(odd[0] - odd[0])
    letters = "ßæłı ϵεςϕ ℝℂℜℓℏ 𝑥𝒙𝔸𝟙𝓛𝛼𝖶𝚠 ŧŀĸ ǅ №™½ ≤∑√ x⃗y̧"
    letters_too = Value.sum(named(**{c: 1.0 + k for k, c in enumerate([*letters.split(), *letters.replace(" ", "")])}))
    X = Tensor.randn(12, 10, seed=1, label="X")
    wide = cross_entropy(MLP([10, 11, 9], seed=0)(X), [0] * 12)
    documents = [
        explain(y, wrt=odd[0]),
        explain(y),
        explain(letters_too, title=letters),
        practical(squared_error)[0],
        practical(cross_entropy)[0],
        explain(wide),
        explain(wide, digits=9),
        explain(cross_entropy(MLP([9, 9, 9], seed=0)(X[:, :9]), [0] * 12), digits=12),
        explain(wide, wrt=[X], title=r"50 % of ∂L/∂W⁽¹⁾ & \input{ŷ}, 数 $x_1$", eta=0.1),
    ]
    for i, derivation in enumerate(documents):
        (tmp_path / f"{i}.tex").write_text(derivation.to("latex"), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{i}.tex"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
        odd_names = i < 3  # which are wider in LaTeX than as text
        assert odd_names or b"Overfull" not in run.stdout


# One name space.


@settings(max_examples=3 * settings.default.max_examples // 5)
@given(st.integers(0, 10**9))
def test_every_name_in_a_sentence_is_on_the_page(seed):
    L, _ = tensor_program(random.Random(seed))
    derivation = explain(L)
    shapes = {str(row.quantity): row.node.shape for row in derivation.forward}
    known = set(shapes) | {name for t, shape in shapes.items() for name in elements(t, shape)}
    for row in derivation:
        for note in row.notes:
            for part in [p for word in note if not isinstance(word, str) for p in within(word)]:
                if isinstance(part, Name):
                    assert part.text in known
                if isinstance(part, Derivative):
                    assert {part.above, part.below} <= known


def test_a_hidden_number_is_not_given_as_a_reason():
    W, x, c = Tensor([[2.0, 1.0], [2.0, 3.0]], label="W"), Tensor([1.0, -2.0], label="x"), Tensor([0.3, 0.4], label="c")
    said = notes(explain(((W @ x) * c).tanh().sum()))["∂L/∂c"]
    assert said == "c₁ zero: every path meets a zero factor"  # W x has no name on the page


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (7, 2), (4,)])
def test_a_matrix_is_printed_once_and_aligned(shape):
    W = Tensor.randn(*shape, seed=0, label="W")
    lines = str(explain((W * W).sum()).forward[0]).split("\n")
    assert len(lines) == (shape[0] if len(shape) > 1 else 1)
    assert len(set(map(len, lines))) == 1


@pytest.mark.parametrize(
    "program",
    [
        lambda x, C: (x * 0.123456).tanh().sum(),
        lambda x, C: Tensor(2.0, label="s").mean() * x.sum(),
        lambda x, C: (x.sum(axis=()) * 2).sum(),
        lambda x, C: (C.sum(axis=1) ** 2).sum(),
        lambda x, C: (C.mean(axis=1, keepdims=True) ** 2).mean() + C.logsumexp(axis=1).sum(),
    ],
)
@pytest.mark.parametrize("digits", [0, 1, 4, 17])
def test_odd_shapes_and_any_digits_are_printed(program, digits):
    L = program(Tensor([1.0, -2.0], label="x"), Tensor([[[1.0, 2.0]], [[3.0, 4.0]]], label="C"))
    assert check(L) and len(str(explain(L, digits=digits))) > 20


def test_a_path_may_be_a_negative_part_of_the_sum():
    x = Value(1.0, label="x")
    text = str(explain(3 * x - x, x))
    assert "150 % of the sum" in text and "−50 % of the sum" in text


def test_neurons_with_other_gradients_are_not_called_identical():
    """z = [1, 1] from equal weights; the error of the first is 0, and that of the second is 1."""
    text = str(explain(squared_error(Linear(1, 2, init=0.5)([1.0]), [1.0, 0.0])))
    assert "identical" not in text
    assert "identical" in str(explain(squared_error(Linear(1, 2, init=0.5)([1.0]), [0.5, 0.5])))


def test_the_contributions_to_a_line_each_have_a_gradient_from_above():
    W, x = Parameter([[1.0, 2.0], [3.0, 4.0]], label="W"), Tensor([1.0, 2.0], label="x")
    line = lines_of(explain((W @ x).tanh().sum() + (W * W).sum())).of["∂L/∂W"]
    assert list(map(str, line.terms)) == ["2 · W + ∂L/∂z⁽¹⁾ xᵀ"]


def test_wrong_rules_are_those_that_learners_write():
    """A mistake of the start is made in ∂L/∂z⁽²⁾ and ∂L/∂y alone, and one of the weights where there are others."""
    lines = lines_of(explain(cross_entropy(MLP([2, 2, 2], activation="tanh", seed=1)([1.0, 2.0]), 1)))

    def wrong(text):
        found = mistakes_in(lines.of[text], lines)
        return {(made.mistake.id, str(made.rule)) for made in found}

    assert wrong("∂L/∂W⁽²⁾") == {
        ("no-incoming", "ones(2) h⁽¹⁾ᵀ"),
        ("outer-transposed", "h⁽¹⁾ (∂L/∂z⁽²⁾)ᵀ"),
        ("other-h", "∂L/∂z⁽²⁾ xᵀ"),
        ("z-for-h", "∂L/∂z⁽²⁾ z⁽¹⁾ᵀ"),
    }
    assert wrong("∂L/∂h⁽¹⁾") == {
        ("no-incoming", "W⁽²⁾ᵀ ones(2)"),
        ("not-transposed", "W⁽²⁾ ∂L/∂z⁽²⁾"),
        ("other-layer", "W⁽¹⁾ᵀ ∂L/∂z⁽²⁾"),
        ("rows-reversed", "W⁽²⁾[::-1]ᵀ ∂L/∂z⁽²⁾"),
    }
    right = "(Σ y) · ŷ − y"
    assert wrong("∂L/∂z⁽²⁾") == {
        ("slope-at-output", f"({right}) ∘ (1 − z⁽²⁾²)"),
        ("slope-at-output", f"({right}) ∘ (1 − tanh(z⁽²⁾)²)"),
        ("sign", "y − (Σ y) · ŷ"),
        ("factor-2", f"2 · ({right})"),
        ("factor-half", f"½ · ({right})"),
        ("softmax-alone", "(Σ y) · ŷ"),
        ("softmax-twice", f"({right}) ∘ (ŷ ∘ (1 − ŷ))"),
    }


def test_the_layers_of_labelled_leaves_have_other_weights_and_inputs_too():
    """Names as people give them, W1 and a0, in place of those of Modules."""
    weights = [Tensor([[0.1, 0.2], [0.3, 0.4]], label=f"W{k}") for k in (1, 2)]
    a = [Tensor([0.5, -0.2], label="a0")]
    for k, W in enumerate(weights, start=1):
        a.append((W @ a[-1] + Tensor([0.1, 0.2], label=f"b{k}")).tanh())
        a[-1].label = f"a{k}"
    lines = lines_of(explain(squared_error(a[-1], [0.0, 1.0])))
    wrong = [str(made.rule) for q in ("W2", "a1") for made in mistakes_in(lines.of[f"∂L/∂{q}"], lines)]
    assert {"∂L/∂z⁽²⁾ a0ᵀ", "W1ᵀ ∂L/∂z⁽²⁾", "W2[::-1]ᵀ ∂L/∂z⁽²⁾"} <= {*wrong}
    assert not [rule for rule in wrong if "a2" in rule]  # which no layer takes in


def test_a_zero_factor_without_a_name_is_not_passed_over():
    """|x − w| is inside the formula of L, and has its kink at 0."""
    x, w = Tensor([0.0, 1.0], label="x"), Tensor([0.0, 2.0], label="w")
    text = str(explain((x * w).relu().sum() + abs(x - w).sum()))
    assert "x₁ zero: every path meets a zero factor, such as ∂L/∂v₁,₁ = 0" in text


def test_where_0_meets_an_infinite_slope_a_line_says_what_counts():
    x, w = named(x=0.0, w=2.0)
    text = str(explain(w * x.sqrt() * x + x))
    assert text.count("0 · ∞ = 0") == text.count("a gradient of 0 passes on 0, also where a slope is infinite") == 1
    assert "infinite" not in str(explain(w * x * x))


@pytest.mark.parametrize("turned", [False, True])
def test_weights_may_be_a_vector(turned):
    w, X = Parameter([0.5, -0.25], label="w"), Tensor([[1.0, 2.0], [0.0, -1.0]], label="X")
    lines = lines_of(explain(((w @ X if turned else X @ w) ** 2).sum()))
    ids = {made.mistake.id for line in lines for made in mistakes_in(line, lines)}
    assert "no-constant" in ids and "rows-reversed" not in ids


def test_a_factor_that_is_a_part_is_not_taken_for_another_array():
    W, x = Parameter([[1.0, 2.0], [3.0, 4.0]], label="W"), Tensor([1.0, 2.0, 3.0], label="x")
    lines = lines_of(explain((W @ x[:2]).tanh().sum()))
    line = lines.of["∂L/∂W"]
    assert str(line.rule) == "∂L/∂z⁽¹⁾ x[:2]ᵀ"
    assert {made.mistake.id for made in mistakes_in(line, lines)} == {"no-incoming", "outer-transposed"}


def test_the_softmax_of_two_losses_is_one_mistake():
    """ŷ and ŷ′ are the same numbers, so that one wrong formula stands for both."""
    z = Tensor([1.0, 2.0, 0.5], label="z")
    lines = lines_of(explain(cross_entropy(z, 1) + cross_entropy(z, 2)))
    found = [str(made.rule) for made in mistakes_in(lines.of["∂L/∂z"], lines) if made.mistake.id == "softmax-twice"]
    assert found == ["((Σ y) · ŷ + (Σ y′) · ŷ′ − y − y′) ∘ (ŷ ∘ (1 − ŷ))"]
