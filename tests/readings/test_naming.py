"""One name for a node, whichever reading asks."""

import pytest
from graphs import recipes, tensor_recipes
from hypothesis import given

from tinygrad_edu import MLP, Linear, Sequential, Tanh, Tensor, Value, squared_error
from tinygrad_edu.network.functions import affine
from tinygrad_edu.network.nn import Module, Parameter
from tinygrad_edu.readings.naming import Names


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


def test_elements_follow_their_tensor_when_two_have_the_same_label():
    a, b = Tensor([1.0, 2.0], label="h"), Tensor([3.0, 4.0], label="h")
    names = Names((a * b).sum())
    assert [names(v) for v in (*a.values, *b.values)] == ["h₁", "h₂", "h′₁", "h′₂"]


def test_a_role_gives_way_to_a_label():
    x = Tensor([1.0, 2.0], label="z⁽¹⁾")
    z = Linear(2, 1)(x)
    names = Names(squared_error(z, [1.0]))
    assert names(x) == "z⁽¹⁾" and names(z) == "z⁽¹⁾′"


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
