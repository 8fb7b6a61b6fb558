"""One name for a node, whichever reading asks."""

import pytest
from graphs import recipes, tensor_recipes
from hypothesis import given

from tinygrad_edu import (
    MLP,
    Linear,
    Sequential,
    Tanh,
    Tensor,
    Value,
    compile_graph,
    cross_entropy,
    draw,
    explain,
    squared_error,
    step_through,
    worksheet,
)
from tinygrad_edu.network.functions import affine
from tinygrad_edu.network.nn import Module, Parameter
from tinygrad_edu.readings.naming import Names
from tinygrad_edu.writing.latex import latex_name
from tinygrad_edu.writing.notation import array_name, elements


def tensor_names(y):
    names = Names(y)
    return [names.given(t) for t in names.tensors]


def test_a_label_comes_first():
    w, x = Value(2.0, label="mine"), Value(3.0)
    z = Value.dot([w], [x]).tanh()
    assert Names(z)(w) == "mine"


class ByHand(Module):
    def __init__(self):
        self.first, self.second = Parameter([[0.1, 0.2], [0.3, 0.4]]), Parameter([[0.5, 0.6]])
        self.b1, self.b2 = Parameter([0.0, 0.0]), Parameter([0.0])

    def forward(self, x):
        return self.second @ (self.first @ x + self.b1).tanh() + self.b2


PLACED = ["W⁽¹⁾", "b⁽¹⁾", "W⁽²⁾", "b⁽²⁾"]


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (lambda: Sequential(Linear(2, 2), Tanh(), Linear(2, 1)), PLACED),
        (lambda: Sequential(Sequential(Linear(2, 2), Tanh()), Linear(2, 1)), PLACED),
        (lambda: MLP([2, 2, 1]), PLACED),
        (ByHand, ["first", "second", "b1", "b2"]),
    ],
)
def test_every_network_has_the_layers_of_the_notes(make, parameters):
    found = [name for name in tensor_names(squared_error(make()([1.0, 2.0]), [0.5])) if name]
    assert sorted(found) == sorted(["x", *parameters, "z⁽¹⁾", "h⁽¹⁾", "z⁽²⁾", "y", "L"])


def test_without_weights_there_is_no_role():
    x, c = Value(3.0, label="x"), Value(1.0)
    names = Names((Value.dot([Value(2.0)], [x]) + c).tanh())
    assert names.neurons == [] and names.is_constant(c)


def test_what_has_no_name_is_numbered_layer_by_layer_past_the_labels():
    a, b = Value(2.0, label="a"), Value(3.0, label="v₂")
    product = a * b
    deep = product.exp()
    quotient = a / b
    names = Names(deep + quotient)
    assert [names(v) for v in (product, quotient, deep)] == ["v₁", "v₃", "v₄"]


def test_a_nameless_leaf_is_a_constant_unless_all_are_nameless_or_it_was_asked_for():
    x, two = Value(3.0, label="x"), Value(2.0)
    assert Names(two * x).is_constant(two)
    assert not Names(two * x, [two]).is_constant(two)
    assert not Names(two * Value(1.0)).is_constant(two)
    half, t = Tensor(0.5), Tensor([1.0, 2.0])
    names = Names((t * half).sum())
    assert names.is_constant(half) and not names.is_constant(t)
    assert names.given(t) == "x"  # the first data there is


def test_a_tensor_made_of_one_value_has_its_name():
    z = Tensor([1.0, 2.0, 3.0], label="z")
    third = Tensor(z[2])
    names = Names(z.logsumexp() - third)
    assert names.given(third) == "z₃" and not names.is_constant(third)


def test_nodes_with_the_same_label_keep_apart():
    x = Value(0.5, label="h")
    nodes = [x]
    for _ in range(5):
        nodes.append(nodes[-1].tanh())
        nodes[-1].label = "h"
    names = Names(nodes[-1])
    assert [names(v) for v in nodes] == ["h", "h′", "h′′", "h′′′", "h′₍₄₎", "h′₍₅₎"]


def test_a_copy_takes_no_name_that_a_user_gave():
    first, second, mine = [Value(2.0, label=label) for label in ("h", "h", "h′")]
    names = Names(first * second.exp() + mine)
    assert sorted(map(names, (first, second, mine))) == ["h", "h′", "h′′"] and names(mine) == "h′"


def test_weights_that_are_used_without_their_bias_are_another_layer():
    net = MLP([2, 2, 2], seed=0)
    L = (net([1.0, 2.0]) * (net.layers[0].W @ Tensor([0.5, 1.0])).tanh()).sum()
    assert sorted(layer.number for layer in Names(L).layers) == [1, 2, 3]
    assert sorted({neuron.number for neuron in Names(L.values[0]).neurons}) == [1, 2, 3]


def test_elements_follow_their_tensor_when_two_have_the_same_label():
    a, b = Tensor([1.0, 2.0], label="h"), Tensor([3.0, 4.0], label="h")
    names = Names((a * b).sum())
    assert [names(v) for v in (*a.values, *b.values)] == ["h₁", "h₂", "h′₁", "h′₂"]


def test_a_role_gives_way_to_a_label():
    x = Tensor([1.0, 2.0], label="z⁽¹⁾")
    z = Linear(2, 1)(x)
    names = Names(squared_error(z, [1.0]))
    assert names(x) == "z⁽¹⁾" and names(z) == "z⁽¹⁾′"


@pytest.mark.parametrize("label", ["x", "y", "z⁽¹⁾", "W", "b", "ŷ", "L", "f", "v₁"])
@pytest.mark.parametrize("loss", [squared_error, cross_entropy])
def test_a_users_label_comes_before_every_automatic_name(loss, label):
    def program():
        return loss(Linear(2, 2, seed=0)([1.0, 2.0]), [0.0, 1.0])

    result, term = program(), Value(2.0, label=label)
    with_a_number = result * term + program()
    result.label = label
    assert Names(result)(result) == Names(result.values[0])(result.values[0]) == label
    result.label = "other"
    assert Names(with_a_number)(term) == label


@pytest.mark.parametrize("label", ["x₁", "z⁽¹⁾₂", "W₁₂", "b₁"])
def test_the_elements_of_what_gets_a_name_have_names_that_no_user_gave(label):
    mine, h = Value(2.0, label=label), Linear(2, 2, seed=0)([1.0, 2.0])
    of_tensor, of_value = Names((h[:1] * mine).sum() * h[1]), Names(h[0] * mine * h[1])
    assert of_tensor(mine) == of_value(mine) == label
    x = h.inputs[1]
    for t in (h, *h.inputs):
        for read in (of_tensor, of_value):
            assert [read(v) for v in t.values] == [*elements(array_name(read(t.values[0])), t.shape)]
    assert of_value(x.values[0]) == ("x′₁" if label == "x₁" else "x₁")


def test_what_a_call_makes_of_a_list_gives_way_to_the_labels_in_the_list():
    a, b = Value(1.0, label="a"), Value(2.0, label="x")
    names = Names(Linear(1, 1, seed=0)([a]).sum() + Linear(2, 1, seed=1)([b, 3.0]).sum())
    x = next(t for t in names.tensors if t.values[0] is b)
    assert [names(v) for v in (a, b, x, x.values[1])] == ["a", "x", "x′", "x′₂"]


def unrolled():
    cell, h = Linear(2, 2, seed=0), Tensor([1.0, 2.0], label="h")
    for _ in range(3):
        h = cell(h).tanh()
        h.label = "h"
    return h


def inputs_of_two_calls():
    net = Linear(2, 2, seed=0)
    return net([1.0, 2.0]).tanh() * net([0.5, -1.0])


def relabelled():
    h = Tensor([1.0, 2.0], label="x") * 2.0
    h.label, h[1:].label = "h\n of x", "t"
    h.label = "k"
    return h


def parameters_alone():
    W, b = Parameter([[0.5, 1.0], [-1.0, 0.25]]), Parameter([0.1, 0.2])
    return (W @ Tensor([1.0, 2.0], label="x") + b).tanh()


def labelled_view():
    out = Linear(2, 3, seed=0)([1.0, 2.0])
    part = out[1:]
    part.label = "μ"
    return part.tanh()


def put_together():
    h = Linear(2, 2, seed=0)([1.0, 2.0]).tanh()
    t = Tensor([h[0] * h[1], h[0]])
    t.label = "t"
    return t * t


@pytest.mark.parametrize(
    "program", [unrolled, inputs_of_two_calls, relabelled, parameters_alone, labelled_view, put_together]
)
def test_an_element_has_one_name_whether_a_value_or_a_tensor_is_read(program):
    h = program()
    of_value, of_tensor = Names(h[0] * h[1]), Names((h[:1] * h[1]).sum())
    named = [v for v in of_value.values if of_value.given(v) and v in of_tensor.values]
    assert len(named) >= 4 and {v: of_value(v) for v in named} == {v: of_tensor(v) for v in named}


@pytest.mark.parametrize(
    "labels",
    [
        ("x_1", "x₁"),
        ("x₁", "x_1"),
        ("θ", "𝜃"),
        ("W_1⁽²⁾", "W⁽²⁾₁"),
        ("x^2", "x²"),
        ("ħ", "ℏ"),
        ("é", "e\u0301"),
        ("v_1", "c"),
    ],
)
@pytest.mark.parametrize("kind", [Value, lambda x, label: Tensor([x, 3.0], label=label)])
def test_no_two_names_are_one_in_latex(labels, kind):
    a, b = [kind(2.0, label=label) for label in labels]
    L = a * b * (a + 1.0)
    names = Names(L if isinstance(L, Value) else L.sum())
    assert names(a) == labels[0]
    found = [latex_name(name) for name in {*map(names, names.values)}]
    assert len({*found}) == len(found)


def test_of_a_tensor_and_its_one_value_as_results_the_tensor_says_the_name():
    L = squared_error(Linear(1, 1, seed=0)([1.0]), [0.0])
    assert Names([L.values[0], L])(L) == Names([L, L.values[0]])(L.values[0]) == "L"


def test_several_results_are_one_document():
    x = Value(2.0, label="x")
    y, dx = x * x, 2 * x
    dx.label = "∂f/∂x"
    names = Names([y, dx])
    assert [names(v) for v in (x, y, dx)] == ["x", "f", "∂f/∂x"]


@given(recipes() | tensor_recipes())
def test_no_two_nodes_share_a_name(recipe):
    y = recipe(*recipe.leaves())
    names = Names(y)
    scalars = {t.values[0] for t in names.tensors if not t.shape}
    nodes = [*names.tensors, *[v for v in names.values if v not in scalars]]
    found = [names(node) for node in nodes if not names.is_constant(node)]
    assert len(set(found)) == len(found)


def test_a_parameter_without_a_module_is_named_by_its_layer():
    W, x = Parameter([[1.0, 2.0]]), Tensor([1.0, 2.0], label="x")
    assert Names((W @ x).tanh().sum())(W) == "W⁽¹⁾"


@pytest.mark.parametrize(("matrix", "added", "layers"), [("W", "b", 1), ("W", "c", 0), ("A", "b", 0), ("A", "c", 0)])
def test_a_layer_has_weights_and_a_bias(matrix, added, layers):
    z = affine(Tensor([[1.0, 2.0]], label=matrix), Tensor([1.0, 2.0], label="x"), Tensor([1.0], label=added))
    assert len(Names(z.tanh().sum()).layers) == layers


def test_a_tensor_of_one_element_and_its_value_with_the_same_label_have_one_name():
    v = Value(2.0, label="a")
    t = Tensor([v], label="a")
    names = Names((t * t).sum())
    assert names(t) == names(v) == "a"


def test_elements_of_what_is_numbered_have_two_indices_unless_there_is_one():
    x = Tensor([1.0, 2.0], label="x")
    two, one = x * x, x[:1] * 3
    names = Names(two.sum() + one.sum())
    assert [names(v) for v in (two, *two.values)] == ["v₁", "v₁,₁", "v₁,₂"]
    assert names(one) == names(one.values[0]) == "v₂"


# Neurons of a Value: which one of its layer each is, its weights know.


class Cell(Module):
    def __init__(self):
        self.W_xh, self.W_hh, self.b_h = [Parameter.randn(*shape, seed=0) for shape in ((3, 2), (3, 3), (3,))]

    def forward(self, x, h):
        return (self.W_xh @ x + self.W_hh @ h + self.b_h).tanh()


class Columns(Module):
    """z = x W, with the neurons in the columns, and one bias for all."""

    def __init__(self):
        self.W, self.b = Parameter.randn(2, 3, seed=0), Parameter(0.1)

    def forward(self, x):
        return x @ self.W + self.b


def two_steps():
    cell = Cell()
    return cell([1.0, 2.0], cell([0.5, -1.0], Tensor([0.0, 0.1, 0.2], label="h")))


def labelled_by_hand():
    linear = Linear(2, 3, seed=0)
    linear.W.label, linear.b.label = "A", "c"
    return linear([1.0, 2.0]).tanh()


def two_networks():
    one, other = Linear(2, 3, seed=0), Linear(2, 3, seed=1)
    return one([1.0, 2.0]).tanh() * other([1.0, 2.0])


def two_examples():
    net = MLP([2, 3, 3], seed=0)
    return net([1.0, 2.0]) * net([0.5, -1.0])


@pytest.mark.parametrize(
    "program",
    [
        lambda: Linear(2, 3, seed=0)([1.0, 2.0]).tanh(),
        lambda: Linear(1, 3, seed=0)([2.0]).tanh(),
        lambda: Linear(2, 3, bias=False, seed=0)([1.0, 2.0]).tanh(),
        lambda: Columns()([1.0, 2.0]).relu(),
        lambda: MLP([2, 3, 3], seed=0)([1.0, 2.0]),
        labelled_by_hand,
        two_steps,
        two_networks,
        two_examples,
    ],
)  # fmt: skip
def test_a_neuron_has_one_name_whether_a_value_or_a_tensor_is_read(program):
    h = program()
    of_value, of_tensor = Names(h[2] * 2.0 + h[0]), Names(h[2:] * 2.0 + h[0])
    neurons = {v for neuron in of_tensor.neurons for v in (neuron.z, neuron.output)} & {*of_value.values}
    assert len(neurons) >= 4 and neurons == {v for n in of_value.neurons for v in (n.z, n.output)}
    assert {v: of_value(v) for v in neurons} == {v: of_tensor(v) for v in neurons}


def test_of_two_examples_and_two_networks_no_neurons_are_mixed():
    net, other = Linear(2, 2, seed=0), Linear(2, 2, seed=1)
    a, b, c = net([1.0, 2.0]).tanh(), net([0.5, -1.0]).tanh(), other([1.0, 2.0]).tanh()
    names = Names(a[0] * b[1] + c[1])
    assert [names(v) for v in (a[0], b[1], c[1])] == ["h⁽¹⁾₁", "h⁽¹⁾′₂", "h⁽²⁾₂"]


def test_a_sum_with_a_vector_of_weights_is_a_single_number():
    w, b = Parameter([1.0, 2.0]), Parameter(0.5)
    z = w @ Tensor([1.0, -1.0], label="x") + b
    assert Names(z)(z) == Names(z.values[0] * 2.0)(z) == Names(z.tanh().values[0])(z) == "z⁽¹⁾"


def test_neurons_of_leaves_without_a_parameter_are_counted():
    x = Value(2.0, label="x")
    w, u, b, c = [Value(0.5, label=label) for label in ("w1", "w2", "b1", "b2")]
    one, two = [(Value.dot([weight], [x]) + bias).tanh() for weight, bias in ((u, c), (w, b))]
    names = Names(two * one)
    assert [names(v) for v in (two, one)] == ["h⁽¹⁾₁", "h⁽¹⁾₂"]


def test_a_later_use_of_the_same_weights_is_a_later_time_only_if_it_depends_on_an_earlier_one():
    first, second = [Linear(1, 1, seed=k) for k in range(2)]
    x = Tensor([1.0], label="x")
    alone = second(x).tanh()
    deep = first(first(x).tanh()).tanh()
    after, beside = second(alone + deep).tanh(), second(deep).tanh()
    names = Names((after * beside).sum())
    assert [names(t) for t in (alone, after, beside)] == ["h⁽¹⁾[1]", "h⁽¹⁾[2]", "h⁽¹⁾[1]′"]


@pytest.mark.parametrize("reading", [explain, draw, worksheet, step_through, lambda f: compile_graph(f, f)])
def test_a_label_that_is_not_text_is_refused_where_it_is_read(reading):
    x = Value(2.0)
    x.label = 3
    with pytest.raises(TypeError, match="a label is text, not 3"):
        reading(x * 2)
