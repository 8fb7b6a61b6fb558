"""What people saw at models beyond the MLP, and other cases of the same causes: what is shown holds."""

import copy
import pickle
import re

import numpy as np
import pytest
from graphs import labelled, named

from tinygrad_edu import (
    MLP,
    Linear,
    Module,
    Sequential,
    Tanh,
    Tensor,
    Value,
    binary_cross_entropy_with_logits,
    compile_graph,
    cross_entropy,
    draw,
    explain,
    grad,
    mse_loss,
    squared_error,
    stack,
    step_through,
    worksheet,
)
from tinygrad_edu.network.functions import cat, where
from tinygrad_edu.network.nn import Parameter
from tinygrad_edu.readings.drawing.scene import Scene
from tinygrad_edu.readings.naming import Names
from tinygrad_edu.readings.subject import Subject


def rows(y, **options):
    """Each quantity of the forward pass with its formula; None for what is given."""
    return {str(row.quantity): row.rule and str(row.rule) for row in explain(y, **options).forward}


def gradients(y, **options):
    """Each ∂L/∂q with its number or numbers, those of a sum once it is complete."""
    derivation = explain(y, **options)
    found = {}
    for row in [row for step in derivation.backward for row in step.rows]:
        result = row.result if row.total is None else row.total
        found[str(row.quantity)] = result.data if isinstance(result, Tensor) else result
    return found


def tooltips(drawing):
    return re.findall(r' tooltip="([^"]*)"\]', drawing.source)


def tensors(**data):
    return [Tensor(numbers, label=name) for name, numbers in data.items()]


def test_brackets_with_one_number_are_a_time():
    cell, matrix = Linear(3, 3, seed=0), Tensor.randn(2, 3, seed=1, label="M")
    h = cell(cell([1.0, 2.0, 3.0]).tanh()).tanh()
    other = Linear(3, 2, seed=1)(h)
    parts = [h[0] * other[1], (h[1:] * h[:2]).sum(), (Tensor([h[2]]) * other[:1]).sum()]
    L = Tensor(parts[0]) + parts[1] + parts[2] + (matrix[0] * matrix[-1, 0]).sum() + h[[0, -1]].sum()
    formulas = [str(e) for row in explain(L) for e in (row.quantity, row.rule, row.numbers) if e is not None]
    in_brackets = {found for text in formulas for found in re.findall(r"(\w⁽?[¹²]?⁾?)\[(-?\d+)\]", text)}
    assert in_brackets == {(name, time) for name in ("z⁽¹⁾", "h⁽¹⁾") for time in "12"}
    for part in ("h⁽¹⁾[2]₁ · z⁽²⁾₂", "h⁽¹⁾[2][1:]", "h⁽¹⁾[2][[2]]", "Σ M[0, :] · M₂₁"):
        assert part in " ".join(formulas)


def test_what_joined_arrays_get_is_written_without_the_zeros_of_the_others():
    a, b = tensors(a=[1.0, 2.0], b=[0.5])
    joined = cat([a, b])
    gradients = {
        str(row.quantity): str(row.rule) for row in explain(cross_entropy(joined[:2], 1) + joined[2:].exp().sum())
    }
    assert gradients["∂L/∂b"] == "exp(v₁[2:])" and "place" not in str(gradients)


def test_a_network_that_is_to_give_back_its_input_has_an_input_x():
    net, x = Linear(2, 2, seed=0), Tensor([1.0, 2.0])
    for program in (lambda: squared_error(net(x), x), lambda: squared_error(net([1.0, 2.0]), net.W[0])):
        assert rows(program())["z⁽¹⁾"] == "W x + b"


# Single numbers beside Tensors.


def test_a_single_number_beside_a_matrix_is_a_quantity_with_a_gradient():
    (u,), (W, x) = named(u=0.3), tensors(W=[[0.5, -1.0], [1.5, 0.25]], x=[1.0, -0.5])
    y = (W @ x + u * 0.5).sum()
    assert rows(y) == {"u": None, "W": None, "x": None, "v₂": "u · 0.5", "L": "Σ (W x + v₂)"}
    assert gradients(y)["∂L/∂u"] == 1.0  # two elements, half of u in each
    names = [question.name for question in worksheet(y).questions]
    assert "u" in names and "dL_du" in names
    assert {"u (input): value 0.3000", "u, shape ()"} & {*tooltips(draw(y, "value")), *tooltips(draw(y, "tensor"))}


@pytest.mark.parametrize(
    "program",
    [
        lambda T, x: cross_entropy(x / T, 1),  # a temperature
        lambda T, x: (x * T.exp() + T).sum(),
        lambda T, x: (Tensor([T, T * T]) * x).sum(),
        lambda T, x: x.map(lambda v: v * T + v).sum(),
        lambda T, x: (Tensor([[T * x[0], T], [x[1], T.sin()]]) @ x).tanh().sum(),
        lambda T, x: (x * T.tanh()).sum() * T + Tensor([T, T * T]) @ x,
        lambda T, x: ((x * x).sum() * T + x.softmax() @ x) / (T + 1),
        lambda T, x: x.map(lambda v: (v - T) * T).tanh().mean(),
        lambda T, x: (x * Value.sum([T, T * 2, x[0]])).sum(),
        lambda T, x: Tensor(Value.max([T, x[0]])) * (x @ x),
    ],
)
def test_single_numbers_have_a_line_and_their_gradient(program):
    (T,), (x,) = named(T=2.0), tensors(x=[1.0, -0.5])
    y = program(T, x)
    derivation, found = explain(y), gradients(y)
    y.backward()
    assert found["∂L/∂T"] == pytest.approx(T.grad) and found["∂L/∂x"] == pytest.approx(x.grad)
    for row in derivation.forward:
        assert row.rule is not None or not any(v.op for v in row.node.values)


@pytest.mark.parametrize(
    "program, formula",
    [
        (lambda a, b, x: (Tensor([a, b]) * x).sum(), "stack(a, b)"),
        (lambda a, b, x: (Tensor([a, 1.0]) @ x).tanh() + a * b, "stack(a, 1)"),
        (
            lambda a, b, x: (Tensor([[a, b], [b, 0.5]], label="M") @ x).softmax()[:1].sum(),
            "stack(stack(a, b), stack(b, M₂₂))",
        ),
        (lambda a, b, x: (stack([a, b]) * x).sum() + Tensor([b, a]) @ x, "stack(b, a)"),
    ],
)
def test_a_number_with_a_name_that_is_put_into_a_tensor_as_it_is_keeps_its_name(program, formula):
    (a, b), (x,) = named(a=2.0, b=3.0), tensors(x=[1.0, 2.0])
    y = program(a, b, x)
    y.backward()
    found = gradients(y)
    assert formula in rows(y).values()
    assert found["∂L/∂a"] == pytest.approx(a.grad)
    assert found.get("∂L/∂b", 0.0) == pytest.approx(b.grad or 0.0)


@pytest.mark.parametrize("label", ["s", None])
def test_a_tensor_made_of_one_computed_number_is_that_number(label):
    (a, b), (x,) = named(a=0.5, b=1.5), tensors(x=[1.0, -2.0])
    s = labelled(a * b, label)
    y = ((Tensor([s]) ** 2 * x + Tensor([s * 2.0, s], label="T").relu()) ** 2).sum()
    names = [str(row.quantity) for row in explain(y).forward]
    assert len({*names}) == len(names) and rows(y)[label or "T₂"] == "a · b"
    assert rows(y)["L"] == f"Σ ({label or 'T₂'}² · x + relu(T))²"


def test_elements_that_are_labelled_as_such_are_those_of_their_tensor():
    x = Tensor([Value(2.0, label="x₁"), Value(3.0, label="x₂")], label="x")
    p = Parameter([Value(2.0, label="slope"), Value(3.0, label="offset")], label="p")
    assert rows((x * x).sum()) == {"x": None, "L": "Σ x²"}
    assert rows((p * x).sum()) == {"p": None, "x": None, "L": "Σ p ∘ x"}
    (a,) = named(a=2.0)
    assert rows((Tensor([a]) * x).sum()) == {"a": None, "x": None, "L": "Σ a · x"}
    both = Tensor([a, 1.0], label="both")  # asked for, it is one quantity
    assert [str(row.rule) for step in explain((both * x).sum(), wrt=both).backward for row in step.rows] == ["x"]


def test_a_parameter_that_feeds_a_tensor_by_its_number_is_known():
    class Mixed(Module):
        def __init__(self):
            self.share, self.steps = Parameter(0.0), Parameter([1.0, 2.0])

        def forward(self, x):
            p = self.share.values[0].sigmoid()
            return x * p + (1 - p) * self.steps[1]

    net = Mixed()
    y = net([1.0, 3.0]).sum()
    assert "sigmoid(share)" in rows(y).values()
    assert {"∂L/∂share", "∂L/∂steps₂"} <= gradients(y).keys()
    assert gradients(y.values[0])["∂f/∂share"] == gradients(y)["∂L/∂share"] == -0.25 + 0.75 - 1.0 + 0.5  # ¼ Σ (x − 2)


# Constants.


@pytest.mark.parametrize(
    "program, formula",
    [
        (lambda x, z: (z * Tensor([1.0, 0.0])).sum(), "Σ z ∘ v₁"),
        (lambda x, z: (where([True, False], z, 0.0) ** 2).sum(), "v₁ ∘ z"),
        (lambda x, z: squared_error(where([[True], [False]], z, 2.0), [[1.0, 0.5]] * 2), "v₁ ∘ z + 2 · (1 − v₁)"),
        (lambda x, z: (where([0, 1], z, x) * [[2.0, 0.0]]).sum(), "v₁ ∘ z + (1 − v₁) ∘ x"),
        (lambda x, z: (cat([z, [0.0]]) * [1.0, 2.0, 3.0]).sum(), "cat(z, v₁)"),
        (lambda x, z: (labelled(where([1, 0], z, 3.0), "kept") * x).sum(), "v₁ ∘ z + 3 · (1 − v₁)"),
        (lambda x, z: where(True, x * z, 0.0).sum(), "x ∘ z"),
        (lambda x, z: (Tensor([[0.5, 2.0]]) @ z).tanh().sum(), "v₁ z"),
    ],
)
def test_what_has_no_name_is_a_constant_at_every_level(program, formula):
    (x,) = tensors(x=[1.0, 2.0])
    y = program(x, labelled(x.tanh(), "z"))
    y.backward()
    assert formula in rows(y).values()
    given = {name for name, rule in rows(y).items() if rule is None}
    assert {"x"} <= {name for name in given if f"∂L/∂{name}" in gradients(y)} <= {"x", "y"}
    assert {name[0] for name, rule in rows(y, level="value").items() if rule is None} <= {"x", "y"}
    assert not [node for node in draw(y, "tensor").source.split("]\n") if "class=constant" in node and "∂" in node]


@pytest.mark.parametrize(
    "program, asked, given",
    [
        (lambda a, b, c: a * b + b * c, "a", {"a", "b"}),
        (lambda a, b, c: (a * b + b * c) * (b + c).tanh(), "a", {"a", "b"}),
        (lambda a, b, c: a * b + labelled(b * c, "h"), "a", {"a", "b", "h"}),
        (lambda a, b, c: a * b + b * c, "c", {"b", "c"}),
    ],
)
def test_what_does_not_depend_on_what_is_asked_and_has_no_name_is_a_constant(program, asked, given):
    nodes = dict(zip("abc", named(a=2.0, b=3.0, c=0.5)))
    f = program(*nodes.values())
    f.backward()
    found = rows(f, wrt=nodes[asked])
    assert {name for name, rule in found.items() if rule is None} == given
    assert gradients(f, wrt=nodes[asked])[f"∂f/∂{asked}"] == pytest.approx(nodes[asked].grad)
    sheet = worksheet(f, "all", wrt=nodes[asked])
    assert {q.name for q in sheet.questions if q.line.rule is None and not q.name.startswith("d")} == given
    marks = sheet.mark({q.name: q.key.numbers[0] for q in sheet.questions if q.asked})
    assert marks.points == sum([q.asked and not q.copies for q in sheet.questions])


# Sums.


@pytest.mark.parametrize(
    "program, slope",
    [
        (lambda W, x: (W @ x).sum() + (W * W).sum(), "ones(2) xᵀ + 2 · W"),
        (lambda W, x: (W * W).sum() + (W @ x).tanh().sum(), "2 · W + ∂L/∂z⁽¹⁾ xᵀ"),
        (lambda W, x: (W @ x).tanh().sum() - (W * W).sum() - (W**2).sum(), "∂L/∂z⁽¹⁾ xᵀ − 4 · W"),
        (lambda W, x: (W**2).sum() + (W @ x).tanh().sum() + 3 * (W * W).sum(), "8 · W + ∂L/∂z⁽¹⁾ xᵀ"),
        (lambda W, x: (W * x).sum() + W.exp().sum() + (W * x).sum(), "2 · (ones(2 × 2) ∘ x) + exp(W)"),
    ],
)
def test_like_terms_of_a_slope_are_one(program, slope):
    (W, x) = tensors(W=[[0.5, 1.0], [-1.0, 2.0]], x=[1.0, 2.0])
    y = program(W, x)
    y.backward()
    (rule,) = [str(row.rule) for row in explain(y) if str(row.quantity) == "∂L/∂W"]
    assert rule == slope
    np.testing.assert_allclose(gradients(y)["∂L/∂W"], W.grad)


@pytest.mark.parametrize(
    "program, formula",
    [
        (lambda X: X.mean(axis=1).tanh().sum(), "sum(X / 2, axis=1)"),
        (lambda X: X.max(axis=2).tanh().sum(), "max(X, axis=2)"),
        (lambda X: X.sum(axis=(0, 2)).tanh().sum(), "sum(X, axis=(0, 2))"),
        (lambda X: X.logsumexp(axis=0, keepdims=True).tanh().sum(), "logsumexp(X, axis=0, keepdims)"),
    ],
)
def test_axes_that_disappear_are_not_said_to_stay(program, formula):
    (X,) = tensors(X=[[[1.0, 2.0], [0.5, -1.0]], [[0.0, 1.5], [2.5, 0.25]]])
    y = program(X)
    y.backward()
    assert rows(y)["v₁"] == formula
    np.testing.assert_allclose(gradients(y)["∂L/∂X"], X.grad)
    compiled = compile_graph({"y": y, "g": grad(y, X)}, [X], level="tensor")(X.data)
    np.testing.assert_allclose(compiled["g"], X.grad)


# Losses.


@pytest.mark.parametrize("loss, result", [(squared_error, "v₃ · 0.5"), (mse_loss, "sum(v₂)")])
def test_a_sum_of_one_number_is_not_the_number_a_second_time(loss, result):
    (W, x) = tensors(W=[[0.5, 1.0]], x=[1.0, 2.0])
    y = loss(W @ x, [1.0])
    found = rows(y, level="value")
    assert found["L"] == result and "v₂" not in found.values() and not [f for f in found.values() if f and "/ 1" in f]
    titles = [text.split(": ")[0].split(" = ")[1] for text in tooltips(draw(y, "value")) if text.startswith("v")]
    assert "(ŷ₁ − y₁)²" in titles and len({*titles}) == len(titles)


def test_a_sum_over_examples_has_no_layers_but_those_of_the_network():
    net = MLP([2, 2], seed=0)
    L = sum(cross_entropy(net(x), k) for x, k in (([1.0, 0.0], 0), ([0.0, 1.0], 1), ([1.0, 1.0], 0)))
    found = rows(L)
    assert [name for name in found if name.startswith("z")] == ["z⁽¹⁾", "z⁽¹⁾′", "z⁽¹⁾′′"]
    assert "0 +" not in str(explain(L)).replace(".0 +", "") and {"y", "y′", "y′′"} <= found.keys()
    assert all(a is W for layer in Subject(L).names.layers for a, W in zip(layer.weights, [net.layers[0].W]))


@pytest.mark.parametrize(
    "penalty",
    [
        lambda W: (W * W).sum(),
        lambda W: W.reshape(-1) @ W.reshape(-1),
        lambda W: (W @ W.T).sum(),
        lambda W: abs(W).sum(),
    ],
)
def test_a_penalty_is_no_layer(penalty):
    net = MLP([2, 2, 1], seed=1)
    L = squared_error(net([1.0, -1.0]), [0.5]) + 0.1 * penalty(net.layers[0].W)
    assert [name for name in rows(L) if name[0] in "zh"] == ["z⁽¹⁾", "h⁽¹⁾", "z⁽²⁾"]


def two_examples(loss):
    net = MLP([2, 2, 1], seed=0)
    return sum([loss(net(x)[0], y) for x, y in (([1.0, 0.0], 1.0), ([0.0, 1.0], 0.0))], Tensor(0.0)) / 2


class Gate(Module):
    def __init__(self):
        self.W_z, self.U_z, self.gain = Parameter([[0.1]]), Parameter([[0.5]]), Parameter([2.0])

    def forward(self, x, h):
        z = (self.W_z @ x + self.U_z @ h).sigmoid()
        return (1 - z) * h + z * x * self.gain


class Norm(Module):
    def __init__(self):
        self.gain, self.shift = Parameter([1.0, 2.0]), Parameter([0.0, 0.5])

    def forward(self, t):
        return self.gain * (t - t.mean()) + self.shift


def mixed(a, A, B):
    α = labelled(a.sigmoid(), "α")
    return (A * α + B * (1 - α)).sum()


def slope_times_x(x):
    return grad(labelled(x**3, "f"), x) * x


def many(label, of):
    """A Tensor of 25 numbers, too many for each to have a line."""
    return Tensor([of(k) for k in range(25)], label=label)


def inside_a_function(x):
    s = labelled(x.values[0] * x.values[1], "s")
    return many("B", lambda k: x.values[k] * s).sum()


def part_of_another(x):
    squares = [v * v for v in x.values]
    squares[0].label = "q"  # a reader may ask for it
    return many("B", squares.__getitem__).sum() * Tensor(squares[:23], label="o").sum()


ONE, OTHER, LAYER = MLP([1, 1], seed=0), MLP([1, 1], seed=1), Linear(2, 2, bias=False, seed=0)
p, q = tensors(p=[1.0, -0.5], q=[3.0, -1.0])
NO = "is not there"


def ridge():
    net = Linear(2, 1, bias=False, seed=0)
    return ((net(Tensor([[1.0, 2.0], [0.5, 1.0]], label="X")) - Tensor([[1.0], [0.0]])) ** 2).mean() + 0.01 * (
        net.W @ net.W.T
    ).sum()


@pytest.mark.parametrize(
    ("program", "formulas"),
    [
        (lambda: two_examples(binary_cross_entropy_with_logits), {"y": None, "y′": None}),
        (
            lambda: two_examples(lambda z, y: (z - y) ** 2),
            {"z⁽¹⁾′₂": "W⁽¹⁾₂₁ · x′₁ + W⁽¹⁾₂₂ · x′₂ + b⁽¹⁾₂", "h⁽¹⁾₁": "tanh(z⁽¹⁾₁)", "L": "(v₃ + v₄) / 2"},
        ),
        (lambda: mixed(Value(0.2, label="a"), p, q), {"α": "sigmoid(a)", "v₂": "1 − α"}),
        (lambda: (p + LAYER(p)).sum(), {"z⁽¹⁾": "W p", "b": NO, "L": "Σ (p + z⁽¹⁾)"}),
        (
            lambda: Sequential(Linear(2, 2, seed=0), Tensor.relu, lambda h: h * 2, Norm())([1.0, 2.0]).sum(),
            {"gain⁽²⁾": None, "shift⁽²⁾": None, "W⁽¹⁾": None, "x": None},
        ),
        (lambda: ONE([1.0]).sum() * ONE([2.0]).sum(), {"z⁽¹⁾": "W⁽¹⁾ x + b⁽¹⁾", "z⁽¹⁾′": "W⁽¹⁾ x′ + b⁽¹⁾"}),
        (lambda: squared_error(ONE([1.0]), OTHER([1.0])), {"W⁽¹⁾": None, "b⁽¹⁾": None, "W⁽¹⁾′": None, "b⁽¹⁾′": None}),
        (lambda: squared_error(ONE([1.0]), copy.deepcopy(ONE)([1.0])), {"W⁽¹⁾": None, "W⁽¹⁾′": None}),
        (lambda: Linear(1, 1)(Linear(1, 1)([1.0]).tanh()).sum(), {"z⁽¹⁾": "W x + b", "z⁽²⁾": "W′ h⁽¹⁾ + b′"}),
        (lambda: slope_times_x(Value(2.0, label="x")), {"∂f/∂x": "1 · v₂"}),
        (lambda: (p * Parameter(0.5).values[0].sigmoid()).sum(), {"θ": None, "v₁": "sigmoid(θ)"}),
        (lambda: p[0] * Parameter([0.5, 1.0]).values[1], {"θ₂": None, "f": "p₁ · θ₂"}),
        (lambda: inside_a_function(many("x", float)), {"s": "x₁ · x₂"}),
        (lambda: part_of_another(many("x", float)), {"q": NO, "o": f"B[{[*range(23)]}]"}),
        (
            lambda: Tensor([[p[0] * p[1], p[0]], [p[1], p[0] * 2]]).sum(),
            {"v₁": "stack(stack(p₁ · p₂, p₁), stack(p₂, p₁ · 2))"},
        ),
        (ridge, {"X": None, "y": None, "L": "Σ (z⁽¹⁾ − y)² / 2 + 0.01 · (W Wᵀ)"}),
        (lambda: (gate := Gate())([0.5], gate([1.0], [0.0])).sum(), {"z⁽¹⁾[1]": "W_z x + U_z h"}),
        (lambda: (Tensor([0.5, 1.0], label="p") * (3**0.5 / 2)).sum(), {"L": "0.8660 · Σ p"}),
        (lambda: (Tensor([0.5, 1.0]) + Linear(2, 2, bias=False, seed=0)([1.0, 2.0])).sum(), {"x": None}),
    ],
)
def test_data_targets_and_neurons_are_called_by_what_they_are(program, formulas):
    found = rows(program())
    assert {name: found.get(name, NO) for name in formulas} == formulas


def test_targets_and_predictions_are_what_a_loss_says():
    (x,) = tensors(x=[1.0, 2.0])
    p = x * 2  # a prediction, though there is no network
    truth = Tensor([1.0, 0.0])
    for loss in squared_error, mse_loss:
        assert {"ŷ", "y"} <= rows(loss(p, truth)).keys()
    assert "y, shape (2,)" in tooltips(draw(binary_cross_entropy_with_logits(x, truth), "tensor"))
    target = Tensor([1.0, 0.0], label="truth")
    assert "truth₁ (target): value 1.0000" in tooltips(draw(squared_error(p, target), "value"))


# Names.


class Cell(Module):
    def __init__(self):
        self.W_xh, self.W_hh, self.b_h = Parameter([[0.5]]), Parameter([[0.25]]), Parameter([0.1])

    def forward(self, x, h):
        return (self.W_xh @ x + self.W_hh @ h + self.b_h).tanh()


def test_an_unrolled_network_has_the_same_names_from_every_step():
    cell, h = Cell(), Tensor([0.0], label="h₀")
    steps = [h := cell([x], h) for x in (1.0, -0.5, 2.0)]
    all_three = rows(squared_error(stack(steps), [[0.0], [1.0], [0.0]]))
    assert [name for name in all_three if name.startswith("h⁽")] == ["h⁽¹⁾[1]", "h⁽¹⁾[2]", "h⁽¹⁾[3]"]
    assert all_three["z⁽¹⁾[2]"] == "W_xh x′ + W_hh h⁽¹⁾[1] + b_h"
    for k, step in enumerate(steps[1:], start=2):
        found = rows(step)
        assert set(found) <= set(all_three) and f"h⁽¹⁾[{k}]" in found


class Transformer(Module):
    def __init__(self):
        self.heads = [Head(), Head()]
        self.encoder, self.decoder = MLP([1, 1, 1], seed=0), MLP([1, 1, 1], seed=1)
        self.table = {"left": Parameter([[1.0]]), "right": Parameter([[1.0]])}
        self.mixes = [Parameter([[1.0]])]
        self.mixes.append(Parameter([[2.0]]))


class Head(Module):
    def __init__(self):
        self.query, self.W_k, self.scale = Linear(1, 1), Linear(1, 1, bias=False), Parameter(1.0)


def test_a_parameter_is_called_by_its_place():
    net = Transformer()
    net.parameters()  # which tells what was appended to a list where it stands
    L = sum((p * p).sum() for p in net.parameters())
    names = Subject(L).names
    assert " ".join(map(names, net.parameters())) == (
        "W_query⁽¹⁾ b_query⁽¹⁾ W_k⁽¹⁾ scale⁽¹⁾ W_query⁽²⁾ b_query⁽²⁾ W_k⁽²⁾ scale⁽²⁾ "
        "W_encoder⁽¹⁾ b_encoder⁽¹⁾ W_encoder⁽²⁾ b_encoder⁽²⁾ W_decoder⁽¹⁾ b_decoder⁽¹⁾ W_decoder⁽²⁾ b_decoder⁽²⁾ "
        "left right mixes⁽¹⁾ mixes⁽²⁾"
    )


def test_names_survive_a_copy_a_pickle_and_the_end_of_the_network():
    for net in (copy.deepcopy(Transformer()), pickle.loads(pickle.dumps(Transformer()))):
        kept = net.heads[1].query.W
        del net
        assert rows((kept * kept).sum()) == {"W_query⁽²⁾": None, "L": "W_query⁽²⁾²"}


def test_numbers_count_up_on_the_page():
    x, y = named(x=0.5, y=2.0)
    a, b = x * y, x + y
    for program in (b * a, (a.exp() + b) * a.sin(), a / b + (b - a) * b.tanh()):
        found = [name for name in rows(program) if name.startswith("v")]
        assert found == sorted(found)


# Derivatives among the names.


@pytest.mark.parametrize("level", ["value", "tensor"])
def test_a_tensor_with_a_label_like_a_derivative_makes_no_false_equation(level):
    (x,) = tensors(x=[1.0, 2.0])
    mine = labelled(x * 5, "∂L/∂x")
    found = explain((mine * x).sum(), level=level)
    names = [str(row.quantity) for row in (*found.forward, *[row for step in found.backward for row in step.rows])]
    assert {name for name in names if name.startswith("∂L/∂x")} == {
        "value": {"∂L/∂x₁", "∂L/∂x₂", "∂L/∂x′₁", "∂L/∂x′₂"}, "tensor": {"∂L/∂x", "∂L/∂x′"}
    }[level]  # fmt: skip


def test_a_label_like_a_derivative_makes_no_false_equation():
    (w, x) = named(w=3.0, x=2.0)
    mine = labelled(w * 5, "∂L/∂w")
    L = labelled(mine * x + w, "L")
    found = explain(L)
    names = [str(row.quantity) for row in found.forward]
    assert "∂L/∂w" not in names and "∂L/∂w′" in names
    assert gradients(L)["∂L/∂w"] == 11.0


def test_the_slope_of_what_has_no_name_says_of_what_it_is_the_slope():
    (a, b) = named(a=2.0, b=3.0)
    both = rows(grad(a * b, a) + grad(a * b * a, a))
    assert both["f"] == "∂g/∂a + ∂g′/∂a"
    y = a * b
    assert rows(grad(y, a) * y)["f"] == "∂g/∂a · g" and rows(grad(y, a) * y)["g"] == "a · b"
    assert rows(grad(grad(a * b * a, a), b) * a)["f"] == "∂²g/∂a∂b · a"
    (x,) = tensors(x=[1.0, 2.0])
    assert rows((grad((x**3).sum(), x) * x).sum())["L"] == "Σ ∂g/∂x ∘ x"
    alone = copy.deepcopy(grad(a + b, a))  # a leaf that knows no more than its name
    assert rows(alone * b)["f"] == "∂g/∂a · b"


def test_a_label_that_begins_with_a_d_is_just_a_label():
    (a,) = named(**{"∂": 2.0})
    y = labelled(a * a, "∂y")
    assert compile_graph({"y": y}, [a])(3.0) == {"y": 9.0}
    assert rows(labelled(y + 1, "s")) == {"∂": None, "∂y": "∂ · ∂", "s": "∂y + 1"}


def test_a_gradient_of_a_network_is_called_after_its_parameter():
    net = MLP([1, 1], init=0.5)
    L = labelled(squared_error(net([2.0]), [0.0]), "L")
    slope = grad(L, net.layers[0].W)
    assert {"∂L/∂W⁽¹⁾", "∂L/∂W⁽¹⁾₁₁"} <= rows((slope * slope).sum()).keys()
    W, x = tensors(W=[[1.0, 2.0], [0.5, -1.0]], x=[1.0, 0.5])
    L = labelled((W @ x).tanh().sum(), "L")
    y = (grad(L, W) * W).sum()
    y.backward()
    assert gradients(y)["∂y/∂W"] == [pytest.approx(row) for row in W.grad]


@pytest.mark.parametrize("key", [np.int64(1), (np.int32(1), 2), np.str_("a"), (), (0.5,)])
def test_a_key_of_numpy_is_written_as_that_of_python(key):
    (a,) = named(a=2.0)
    assert compile_graph({key: a * a}, [a])(3.0) == {key: 9.0}


# Infinite slopes.


@pytest.mark.parametrize(
    "program",
    [
        lambda x: Value(3.0, label="w") + x.sqrt() * 0.0,
        lambda x: (x**0.5) * (x.relu()) + 1.0,
        lambda x: x.sqrt().relu() * 2.0 * 0.0 + x,
        lambda x: (x.sqrt() * 0.0).tanh() + (x**0.25) * 0.0,
        lambda x: (x * x + x).sqrt() * 0.0 + x,
        lambda x: Value.dot([x.sqrt(), x], [0.0, 3.0]),
        lambda x: Value.max([x.sqrt(), x + 1.0]),
    ],
)
def test_nothing_times_an_infinite_slope_is_nothing(program):
    (x,) = named(x=0.0)
    y = program(x)
    y.backward()
    found = gradients(y, wrt=x)
    assert found["∂f/∂x"] == x.grad and "nan" not in str(explain(y, wrt=x))


def test_an_infinite_slope_in_a_matrix():
    (x,) = tensors(x=[0.0, 4.0])
    y = (x.sqrt() * 2)[1:].sum()
    assert gradients(y) == {"∂L/∂x": [0.0, 0.5]}
    assert gradients((x.sqrt() * [0.0, 1.0]).sum())["∂L/∂x"] == [0.0, 0.25]


def test_where_a_gradient_meets_an_infinite_slope_the_engine_says_so():
    (w, x) = named(w=3.0, x=0.0)
    with pytest.raises(OverflowError, match=r"sqrt = 0\.0 has an infinite derivative at x = 0\.0, and a gradient of 3"):
        explain(w * x.sqrt(), wrt=x)


# Views.


@pytest.mark.parametrize(
    "program",
    [
        lambda v, t: v.max(),
        lambda v, t: v.min() * 2,
        lambda v, t: (cat([v, v]) ** 2).sum(),
        lambda v, t: v.maximum(2.0).sum(),
        lambda v, t: v.logsumexp() + t.max(axis=0).sum(),
        lambda v, t: (stack([v, v * 2]) * v).sum(),
        lambda v, t: (cat([labelled(v[:2], "a"), labelled(v[1:], "b")]) ** 2).tanh().sum(),
        lambda v, t: labelled(t[0], "r").max() * t.sum(),
        lambda v, t: (labelled(t.T, "s") @ t).min() + v.sum(),
    ],
)
def test_a_labelled_view_is_the_quantity(program):
    (t,) = tensors(t=[[1.0, 2.0], [3.0, 0.5]])
    v = labelled(t.reshape(4), "v")
    y = program(v, t)
    y.backward()
    found = gradients(y)
    for quantity, node in (("∂L/∂t", t), ("∂L/∂v", v)):
        assert quantity not in found or found[quantity] == node.grad
    assert "the last term" not in str(explain(y)) and "∂L/∂t" in found


def test_a_labelled_view_has_a_line_and_a_gradient_only_where_nothing_else_uses_its_numbers():
    (x,) = tensors(x=[1.0, 2.0, 3.0])
    head, tail = labelled(x[:1], "h"), labelled(x[1:], "v")
    apart = (head.tanh() * (tail * tail.exp())).sum()
    assert {"h": "x[:1]", "v": "x[1:]"}.items() <= rows(apart).items() and "v₁" not in rows(apart)
    assert {"∂L/∂h", "∂L/∂v", "∂L/∂x"} <= gradients(apart).keys()
    for beside in (x.sum(), x[2:].sum(), labelled(x[[2, 2]], "d").sum()):
        y = (tail * 2).sum() + beside
        assert rows(y)["v"] == "x[1:]" and "∂L/∂v" not in gradients(y)
        with pytest.raises(ValueError, match="another view of a Tensor in the graph"):
            explain(y, wrt=tail)
        assert not [text for text in tooltips(draw(y, "tensor")) if text.startswith("v") and "gradient" in text]


def test_the_smallest_of_several_is_one_quantity_at_the_level_of_numbers():
    (x,) = tensors(x=[1.0, 2.0, 1.0])
    assert rows(x.min(), level="value")["L"] == "min(x₁, x₂, x₃)"
    assert gradients(x.min(), level="value") == {"∂L/∂L": 1.0, "∂L/∂x₁": 0.5, "∂L/∂x₂": 0.0, "∂L/∂x₃": 0.5}


def test_a_constant_has_the_digits_of_the_page():
    (x,) = tensors(x=[1.0, 2.0])
    y = (x * 0.123456789).sum()
    assert "L = 0.12 · Σ x = 0.12 · Σ [1  2]ᵀ" in str(explain(y, digits=2))
    assert "L = 0.123457 · Σ x = " in str(explain(y, digits=6))


def test_a_stored_gradient_of_another_result_is_called_so():
    net = Linear(1, 1, init=0.5)
    z = net([2.0])[0]
    z.backward()
    for level in ("value", "neuron"):
        assert "stored" not in str(draw(z, level))
    (z * z).backward()  # adds 2 z · 2 to the 2 that is stored for W
    for level in ("value", "neuron"):
        assert "stored" in draw(z, level).source
    assert "W₁₁ (parameter): value 0.5000, stored gradient 8.0000" in tooltips(draw(z, "value"))


# Remarks.


def test_neurons_that_will_differ_are_not_called_identical():
    net = MLP([1, 2, 1], init=0.5)
    data = squared_error(net([1.0]), [0.3])
    assert explain(data).remarks  # nothing tells them apart
    w = net.layers[1].W
    for L in (data + w[0, 0] * w[0, 0], data + Tensor([[1.0, 0.0]]) @ net.layers[0].W.reshape(-1)):
        assert not any("identical" in said for said in explain(L.sum()).remarks)


@pytest.mark.parametrize("seed", range(5))
def test_neurons_that_are_called_identical_are_so_after_ten_steps(seed):
    net = MLP([2, 3, 2], seed=seed)
    net.layers[0].W.data = [net.layers[0].W.tolist()[0]] * 3
    net.layers[0].b.data = [0.1] * 3
    columns = [[x, x, z] for x, z in zip((0.5, -0.25), (0.75, 0.3 if seed % 2 else -0.25))]
    net.layers[1].W.data = columns
    examples = [([1.0, -0.5], [0.0, 1.0]), ([0.25, 2.0], [1.0, 0.5])]
    (said,) = explain(sum(squared_error(net(x), y) for x, y in examples)).remarks
    assert said.startswith("neurons 1 and 2 of layer 1 are identical")
    for _ in range(10):
        net.zero_grad()
        sum(squared_error(net(x), y) for x, y in examples).backward()
        for p in net.parameters():
            p.data -= 0.1 * p.grad
    first, second, third = net.layers[0].W.tolist()
    assert first == pytest.approx(second, rel=1e-12) and first != pytest.approx(third, rel=1e-3)


def test_saturated_is_said_of_the_examples_that_there_are():
    net = MLP([1, 1, 1], activation="tanh", init=1.0)
    one, far, near = [net([x]) for x in (9.0, 8.0, 0.0)]
    said = "neuron 1 of layer 1 is saturated in"
    assert explain(one.sum()).remarks == [f"{said} this example: the slope of the activation is below 0.001"]
    assert explain(one.sum() + far.sum()).remarks == [
        f"{said} all examples: the slope of the activation is below 0.001"
    ]
    assert explain(one.sum() + near.sum()).remarks == []


# Pictures and pages.


def test_a_prediction_is_called_so_on_every_card():
    net = MLP([2, 3, 2], seed=0)
    y_hat = labelled(net([1.0, 2.0]), "ŷ")
    L = squared_error(y_hat, [0.5, 0.1])
    for level in ("tensor", "neuron", "value"):
        assert "ŷ" in draw(L, level).source and "z⁽²⁾" not in draw(L, level).source
    assert "ŷ" in step_through(L).html


def test_a_gradient_of_something_else_is_not_shown_as_that_of_the_result():
    (x,) = named(x=2.0)
    y = labelled(x * x, "y")
    y.backward()
    x.data = 5.0
    y.forward()
    assert not any("∂y/∂x = 4" in said for said in tooltips(draw(y)))
    W, X = tensors(W=[1.0, 2.0], x=[3.0, 4.0])
    data, penalty = (W * X).sum(), (W * W).sum()
    data.backward()
    penalty.backward()
    L = labelled(data + penalty, "L")
    assert "∂L/∂W" not in draw(labelled(penalty, "P"), "tensor").source.replace("∂P", "")
    assert "∂L/∂D" not in draw(L, "tensor").source


@pytest.mark.parametrize(
    ("program", "target"),
    [
        (lambda w, x, y, t: (t * t + x).sin(), ""),
        (lambda w, x, y, t: t * w + y, ""),
        (lambda w, x, y, t: (w * x - t).tanh() + y * x, "t"),
        (lambda w, x, y, t: (y - w * x) ** 2 / t, "y"),
        (lambda w, x, y, t: -(y * (w * x).sigmoid().log() + (1 - y) * (1 - (w * x).sigmoid()).log()), "y"),
        (lambda w, x, y, t: Value.dot([t, x], [(w * x).exp().log(), w]), "t"),
    ],
)
def test_a_target_is_what_is_compared_with_what_is_learned(program, target):
    y = program(*named(w=1.0, x=1.0, y=2.0, t=0.5))
    found = {said.partition(" ")[0] for said in tooltips(draw(y)) if "target" in said}
    assert found == {target} - {""}


def test_nothing_is_said_twice():
    (x,) = tensors(x=[1.0, 2.0])
    for y in (
        sum([x.sum(), (x * x).sum()]),
        (x + 0.0).sum(),
        x.sum() * 1.0,
        Tensor(x[0]) + 0.0,
        labelled(x.sum().tanh().reshape(()), "T") * 2,
    ):
        for row in explain(y).forward:
            assert row.rule is None or str(row.rule) != str(row.quantity)


# Modules and types.


def test_a_module_takes_several_inputs_and_options():
    class Gate(Module):
        def __init__(self):
            self.W = Parameter([[2.0]])

        def forward(self, x, h, gain=1.0, *, mask=None):
            y = (self.W @ x + h) * gain
            return y if mask is None else y * mask

    gate = Gate()
    y = gate([1.0], [3.0], gain=0.5, mask=[2.0])
    assert y.data == [5.0] and {"x", "h"} <= rows(y.sum()).keys()
    assert gate(Tensor([1.0]), 3.0).data == [5.0]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'h'"):
        gate([1.0])


def test_a_derivation_says_how_it_is_kept():
    (x,) = named(x=2.0)
    with pytest.raises(TypeError, match="a derivation holds its graph and cannot be copied or pickled: keep its text"):
        pickle.dumps(explain(x * x))
    with pytest.raises(
        TypeError, match=r"a page holds its graph and cannot be copied or pickled: .* page\.save\(path\)"
    ):
        pickle.dumps(step_through(x * x))
    with pytest.raises(TypeError, match="a worksheet holds its graph and cannot be copied or pickled: keep"):
        pickle.dumps(worksheet(x * x))


def test_what_is_subtracted_is_a_target_only_where_something_is_learned():
    a, b, w = Tensor([1.0, 2.0]), Tensor([0.5, 0.3]), Parameter([0.1, 0.2], label="w")
    assert rows(((a.tanh() - b) ** 3).sum()) == {"x": None, "v₁": None, "L": "Σ (tanh(x) − v₁)³"}
    assert {"x", "w", "y"} <= {*rows((((w * a).tanh() - b) ** 3).sum())}


def test_a_formula_holds_eight_operations_and_no_more():
    x = total = Tensor([1.0, 2.0], label="x")
    for _ in range(8):
        total = total + x
    assert rows(total.sum()) == {"x": None, "L": f"Σ ({' + '.join(['x'] * 9)})"}
    assert rows((total + x).sum()) == {"x": None, "v₉": " + ".join(["x"] * 10), "L": "Σ v₉"}


def test_what_is_called_zero_by_a_cancellation_is_said_also_where_its_place_has_no_line():
    s, x = Tensor([2.0], label="s"), Tensor([-1.0, 1.0], label="x")
    assert "zero: contributions above it cancel" in str(explain(((s + 1) * x).sum()))
    h = Tensor([4.0], label="h")
    assert "zero factor" not in str(explain((Tensor([-3.0, 3.0], label="X") / h.sqrt()).sum()))
    gates = [(Tensor([0.0], label=f"g{k}") * s).sum() for k in range(9)]  # more zero factors than are written
    assert "zero: contributions above it cancel" in str(explain(sum(gates, ((s + 1) * x).sum()), s))
    assert (
        "a zero factor, such as g8₁, g7₁, g6₁, g5₁, g4₁, g3₁ = 0\n" in str(explain(sum(gates, Tensor(0.0)), s)) + "\n"
    )


def test_the_layers_of_two_networks_are_no_times_of_one():
    first, second = MLP([2, 1], seed=0), MLP([1, 2], seed=1)
    text = str(explain(mse_loss(second(first(Tensor([1.0, 2.0], label="x")).tanh()), [1.0, 0.0])))
    assert "z⁽¹⁾′ = W⁽¹⁾′ h⁽¹⁾ + b⁽¹⁾′" in text and "[1]" not in text.replace("= [1]", "")


def test_what_a_network_takes_in_is_an_input_also_where_it_is_the_target():
    x = Tensor([1.0, 2.0], label="x")
    picture = draw(mse_loss(Linear(2, 2, seed=0)(x), x), level="tensor").source
    assert "class=input" in picture and "class=target" not in picture


@pytest.mark.parametrize("further", [lambda L: L * 2, lambda L: L * L, lambda L: L / 3])
def test_gradients_of_a_further_result_are_not_called_those_of_the_one_that_is_drawn(further):
    w = Tensor([1.0, 2.0], label="w")
    L = (w * w).sum()
    further(L).backward()
    picture = draw(L, level="tensor").source
    assert "∂L" not in picture and "grad" in picture
    w.zero_grad()
    L.backward()
    assert "∂L/∂w" in draw(L, level="tensor").source


class Table:
    """What prints as long as a DataFrame does."""

    def __repr__(self):
        return "1.0  2.0\n" * 500


@pytest.mark.parametrize("read", [explain, draw, worksheet, lambda t: explain(Value(1.0) * 2, wrt=t)])
def test_what_cannot_be_read_is_not_printed_whole(read):
    with pytest.raises(TypeError, match=r"not Table 1\.0") as refused:
        read(Table())
    assert len(str(refused.value)) < 200


def test_a_condition_has_no_gradient_to_be_asked():
    M, mask = Tensor([[1.0, 4.0]], label="M"), Tensor([[0.0, 1.0]], label="mask")
    L = where(mask, M.sqrt(), M * M).sum()
    assert "∂L/∂mask" not in str(explain(L)) and "dL_dmask" not in str(worksheet(L, "all"))
    assert "without influence on L" in str(explain(L, wrt=mask))


def test_each_quantity_has_its_name_at_every_level():
    x, p = Tensor([1.0, 2.0], label="x"), Tensor([0.5, 0.25], label="p")
    layer, gate, expert = [Linear(2, 2, seed=k) for k in range(3)]
    w, b = Parameter([0.1, 0.2]), Value(0.3, label="b")

    # A Value that is labelled as a bias is one at both levels.
    y = (Tensor([[1.0, 2.0], [3.0, 4.0]], label="X") @ w + b).sigmoid().sum()
    assert "z⁽¹⁾ = X W⁽¹⁾ + b\n" in str(explain(y))
    assert "z⁽¹⁾₂ = v₁,₂ + b" in str(explain(y, level="value"))

    # A Parameter that no Module holds is θ.
    y = (Parameter([0.1, 0.2]) * x).tanh().sum()
    assert "θ  = [0.1  0.2]ᵀ" in str(explain(y)) and "θ₁" in str(explain(y, level="value"))

    # z has the number of its weights; layers without a number are counted after those that have one.
    inner = Sequential(Linear(2, 3), Tanh(), Linear(3, 2))
    text = str(explain(inner(layer(x).tanh()).sum()))
    assert all([line in text for line in ("z⁽¹⁾ = W⁽¹⁾ h⁽³⁾ + b⁽¹⁾", "z⁽²⁾ = W⁽²⁾ h⁽¹⁾ + b⁽²⁾", "z⁽³⁾ = W x + b")])

    # Layers of single numbers are counted beside those of Tensors.
    g = gate(x).softmax()
    y = (g[0] * layer(x) + g[1] * expert(x)).sum()
    lefts = [line.split(" = ")[0].strip() for line in str(explain(y, level="value")).splitlines() if " · x₁ + " in line]
    assert len(lefts) == 6 and {*lefts} == {f"z⁽{n}⁾{k}" for n in "¹²³" for k in "₁₂"}

    # The same weights twice are two uses, and no sum of one layer.
    found = rows((layer(x) + layer(p)).sum())
    assert (found["z⁽¹⁾"], found["z⁽¹⁾′"]) == ("W x + b", "W p + b")

    # ŷ is what a loss compares, and not any softmax.
    shares = Parameter([0.1, 0.2]).log_softmax()
    assert "ŷ" not in str(explain((shares + x).logsumexp()))

    # Of several losses y′ is compared with ŷ′.
    y = cross_entropy(layer(x), 0) + cross_entropy(expert(p), 1) * 0.5
    slopes = {str(row.quantity): str(row.rule) for step in explain(y).backward for row in step.rows}
    assert slopes["∂L/∂z⁽¹⁾"] == "(Σ y′) · ŷ′ − y′" and slopes["∂L/∂z⁽²⁾"] == "½ · ((Σ y) · ŷ) − ½ · y"

    # A label is the name, also of a part of a layer.
    h = layer(x)
    mean = h[:1]
    mean.label = "μ"
    y = (mean * mean + h[1:].exp()).sum()
    assert "μ = " in str(explain(y)) and "μ₁" in str(explain(y, level="value"))


def test_what_a_layer_takes_in_is_an_input_whatever_its_label():
    layer = Linear(2, 2, seed=0)
    for label in ("b", "W", "w"):
        y = layer(Tensor([0.5, 0.25], label=label)).sum()
        for level in ("tensor", "value"):
            scene = Scene(Subject(y))
            given = [t for t in (scene.names.tensors if level == "tensor" else scene.values) if not t.inputs]
            kinds = {scene.name(t): scene.kind(t) for t in given}
            learned = {name for name, kind in kinds.items() if kind == "parameter"}
            assert kinds.pop(label if level == "tensor" else f"{label}₁") == "input" and len(learned) in (2, 6)


def test_a_vector_times_a_matrix_has_a_line_since_others_take_it_as_a_column():
    x, A = Tensor([1.0, 2.0], label="x"), Tensor([[1.0, 2.0], [3.0, 4.0]], label="A")
    for y in ((x @ A).sum(), (x @ A) @ x, ((x @ A) + x).exp().sum()):
        assert rows(y)["v₁"] == "xᵀ A" and "reshape" not in str(explain(y))


def test_weights_labelled_by_hand_are_used_for_two_examples():
    W, b = Tensor([[0.1, 0.2], [0.3, 0.4]], label="W"), Tensor([0.1, 0.2], label="b")
    first, second = [(W @ Tensor(x) + b).tanh() for x in ([1.0, 2.0], [3.0, 4.0])]
    names = [name for name in rows(first[0] * first[1] + second[0] * second[1]) if name[0] in "zh"]
    assert " ".join(names) == "z⁽¹⁾₁ z⁽¹⁾₂ z⁽¹⁾′₁ z⁽¹⁾′₂ h⁽¹⁾₁ h⁽¹⁾₂ h⁽¹⁾′₁ h⁽¹⁾′₂"


def test_beside_parameters_no_label_makes_a_weight():
    """A word vector w is an input; b is a bias where it is added to a product with a Parameter."""
    w, U, b = Tensor([1.0, 0.0], label="w"), Parameter([[0.5, 0.2]], label="U"), Tensor([0.1], label="b")
    for L in (squared_error(U @ w, [1.0]), squared_error(U @ w + b, [1.0])):
        scene = Scene(Subject(L))
        learned = {scene.name(v) for v in scene.values if scene.kind(v) == "parameter"}
        assert learned in ({"U₁₁", "U₁₂"}, {"U₁₁", "U₁₂", "b₁"}) and scene.kind(w) == scene.kind(w[1]) == "input"
    assert "b₁" in learned


def test_a_start_beside_labelled_data_is_no_x_and_what_is_compared_by_hand_is_a_prediction():
    X, cell = Tensor([[1.0, 2.0], [0.5, -1.0]], label="X"), Linear(4, 2, seed=1)
    h = Tensor([0.0, 0.0])
    for row in X:
        h = cell(cat([row, h])).tanh()
    names = Names(((0.5 * h - Tensor([1.0, 0.0])) ** 2).sum())
    called = {names(t) for t in names.tensors if names.given(t)}
    assert {"X", "ŷ", "y", "z⁽¹⁾[2]"} <= called and "x" not in called
    x, start, W = Tensor([1.0, 2.0], label="data"), Tensor([0.0, 0.0]), Parameter([[1.0, 2.0], [3.0, 4.0]], label="W")
    for L, expected in ((W @ start + W @ x, False), (W @ start + x, True)):
        assert (Names(L.sum()).given(start) == "x") is expected


@pytest.mark.parametrize("bias", [False, True])
def test_a_cell_without_a_start_is_one_layer_from_its_first_step_on(bias):
    W_xh, W_hh = Parameter([[0.5], [0.2]], label="W_xh"), Parameter([[0.1, 0.2], [0.3, 0.4]], label="W_hh")
    W_hy, b = Parameter([[1.0, -1.0]], label="W_hy"), Parameter([0.1, 0.2], label="b")
    h, losses = None, []
    for t, (x, y) in enumerate([(1.0, 0.5), (0.3, 0.2), (-1.0, 0.0)], start=1):
        z = W_xh @ Tensor([x], label=f"x{t}")
        z = z if h is None else z + W_hh @ h
        h = (z + b if bias else z).tanh()
        losses.append(squared_error(W_hy @ h, [y]))
    L = sum(losses)
    for level in ("tensor", "value"):
        names = {name for name in explain(L, level=level).names.values() if name.startswith("z")}
        assert {re.sub("[₁₂]", "", name) for name in names} == {
            "z⁽¹⁾[1]", "z⁽¹⁾[2]", "z⁽¹⁾[3]", "z⁽²⁾", "z⁽²⁾′", "z⁽²⁾′′",
        }  # fmt: skip
    source = draw(L, "tensor").source
    assert {*re.findall(r"layer \d+, time \d+", source)} == {f"layer 1, time {t}" for t in (1, 2, 3)}
    assert "of layer 2" in source and "layer 3" not in source


def test_tied_weights_with_biases_of_their_own_are_two_layers():
    W, b, c = Parameter([[0.5, 0.2]], label="W"), Parameter([0.1], label="b"), Parameter([0.3, 0.4], label="c")
    x = Tensor([1.0, 2.0], label="x")
    names = Names(squared_error(W.T @ (W @ x + b).tanh() + c, x))
    assert [layer.name("z") for layer in names.layers] == ["z⁽¹⁾", "z⁽²⁾"]
