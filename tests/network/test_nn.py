"""Modules: what they find, what they compute, and how their numbers are saved and set."""

import copy
import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import (
    MLP,
    SGD,
    Linear,
    Module,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    Tensor,
    Value,
    explain,
)
from tinygrad_edu.network.members import parameter_names
from tinygrad_edu.network.nn import member_of


class Everything(Module):
    """Each way in which a Module can hold parameters, and things that are none."""

    def __init__(self):
        self.scale = Parameter([2.0])
        self.constant = Tensor([5.0])  # not to be learned
        self.name = "everything"
        self.first = Linear(2, 1, init=1.0)
        self.blocks = [Sequential(Linear(1, 1, bias=False, init=3.0), Tanh()), Parameter([[4.0]]), None, "no"]
        self.pair = (Tanh(), Linear(1, 2, init=0.5))
        self.table = {7: [{"q": Parameter([6.0])}], "notes": "not a parameter", "shape": (2, 3)}


def numbers(module):
    return [parameter.data for parameter in module.parameters()]


# What a Module finds.


def test_parameters_are_found_in_attributes_lists_and_modules_in_the_order_they_were_set():
    net = Everything()
    for value in [value for parameter in net.parameters() for value in parameter.values]:
        value.grad = 7.0
    net.zero_grad()
    assert all(value.grad == 0.0 for parameter in net.parameters() for value in parameter.values)
    assert [path for path, _ in net.named_parameters()] == [
        "scale", "first.W", "first.b", "blocks.0.layers.0.W", "blocks.1", "pair.1.W", "pair.1.b", "table.7.0.q",
    ]  # fmt: skip
    assert numbers(net) == [[2.0], [[1.0, 1.0]], [1.0], [[3.0]], [[4.0]], [[0.5], [0.5]], [0.5, 0.5], [6.0]]
    assert dict(net.named_parameters())["first.W"] is net.first.W
    assert " ".join([path for path, _ in net.children()]) == ("scale first blocks.0 blocks.1 pair.0 pair.1 table.7.0.q")


def test_tied_parameters_are_listed_once_and_saved_under_both_names():
    class Tied(Module):
        def __init__(self):
            self.encode, self.decode = Linear(2, 2, bias=False, init=1.0), Linear(2, 2, bias=False)
            self.decode.W = self.encode.W

    net = Tied()
    assert net.parameters() == [net.encode.W]
    assert list(net.state_dict()) == ["encode.W", "decode.W"]
    net.load_state_dict({"encode.W": [[5, 6], [7, 8]], "decode.W": [[5, 6], [7, 8]]})
    assert net.decode.W.data == net.encode.W.data == [[5.0, 6.0], [7.0, 8.0]]


# Names.


def names(net):
    return [*parameter_names(member_of(net)).values()]


class Holder(Module):
    def __init__(self, **modules):
        for name, module in modules.items():
            setattr(self, name, module)


def test_what_is_put_into_a_list_later_has_its_name_by_its_position():
    net = Holder(parts=[Linear(1, 1, bias=False)])
    net.parts.append(Linear(1, 1, bias=False))
    counted = Sequential(Linear(1, 1, bias=False))
    counted.layers.insert(0, Linear(1, 2))
    assert len(net.parameters()) == 2 and len(counted.parameters()) == 3
    assert names(net) == ["W⁽¹⁾", "W⁽²⁾"] and names(counted) == ["W⁽¹⁾", "b⁽¹⁾", "W⁽²⁾"]


def test_words_tell_parameters_apart_where_they_can():
    def layer():
        return Linear(1, 1, bias=False)

    net = Holder(foo=Holder(bar=layer()), baz=Holder(bar=layer()))
    assert names(net) == ["W_foo_bar", "W_baz_bar"]
    net.foo_bar = layer()  # whose words come to the same
    assert names(net) == ["W_foo_bar", "W_baz_bar", "W_foo_bar"]
    assert names(Holder(W_bar=Parameter([1.0]), bar=layer())) == ["W_bar", "W_bar"]


def test_layers_are_counted_through_networks_and_own_words_stand_last():
    net = Sequential(MLP([1, 1, 1]), Tanh(), Linear(1, 1))
    assert names(net) == ["W⁽¹⁾", "b⁽¹⁾", "W⁽²⁾", "b⁽²⁾", "W⁽³⁾", "b⁽³⁾"]
    assert names(copy.deepcopy(net)) == names(net)
    assert [p.values[0].label for p in copy.deepcopy(net).parameters()] == [p.values[0].label for p in net.parameters()]
    net = Holder(one=Holder(W_q=Parameter([1.0])), two=Holder(W_q=Parameter([1.0])))
    assert names(net) == ["W_one_q", "W_two_q"]


def test_a_module_that_knows_its_owner_has_no_other():
    net = Holder(part=Holder())
    net.part.owner = net
    assert member_of(net.part).outermost is member_of(net)


def test_a_parameter_names_its_elements_but_those_that_have_a_name():
    net = Holder(w=Parameter([Value(1.0), Value(2.0, label="mine")]))
    assert [v.label for v in net.w.values] == ["w₁", "mine"]
    mine = net.w.values[1]
    assert Parameter([mine, mine * 3]).values[0] is mine
    assert [v.label for v in Holder(table={"q": Parameter([1.0, 2.0])}).table["q"].values] == ["q₁", "q₂"]


def test_several_inputs_are_called_as_those_of_forward():
    class Cell(Module):
        def forward(self, x, h):
            return x * h

    assert [t.label for t in Cell()([1.0], [2.0]).inputs] == ["x", "h"]
    assert Cell()(Tensor([1.0]), [2.0]).inputs[1].label == "h"


def test_a_module_without_forward_says_so():
    with pytest.raises(TypeError, match=r"Everything does not define forward\(self, x\)"):
        Everything()([1.0])


@pytest.mark.parametrize(
    "net", [Linear(2, 2), Linear(2, 2, bias=False), Tanh(), ReLU(), Sigmoid(), Softmax(), MLP([2, 1])]
)
def test_what_is_no_array_of_numbers_is_refused_and_so_is_a_forward_without_return(net):
    class Forgetful(Module):
        def forward(self, x):
            net(x)

    for x in None, "ab", {}:
        with pytest.raises(TypeError, match=f"^a real number is needed, not {type(x).__name__} "):
            net(x)
    for whole in Forgetful(), Sequential(Forgetful(), net):
        with pytest.raises(TypeError, match=r"^Forgetful: forward returned None; is there a return in it\?$"):
            whole([1.0, 2.0])


# repr


def test_sequential_takes_each_module_as_an_argument():
    with pytest.raises(TypeError, match=r"Sequential: each argument is a Module or a function, not list \[Linear"):
        Sequential([Linear(1, 1), Tanh()])


def test_repr_is_the_tree_of_modules():
    net = Sequential(Linear(2, 3, bias=False), Tanh(), Sequential(ReLU(), Softmax(axis=0)), Sigmoid())
    assert repr(net).splitlines() == [
        "Sequential(",
        "  (layers.0): Linear(W: (3, 2))",
        "  (layers.1): Tanh()",
        "  (layers.2): Sequential(",
        "    (layers.0): ReLU()",
        "    (layers.1): Softmax()",
        "  )",
        "  (layers.3): Sigmoid()",
        ")",
    ]


def test_repr_of_a_module_of_ones_own_shows_its_parameters():
    class Scale(Module):
        def __init__(self):
            self.k, self.c = Parameter([3.0]), Parameter([[1.0, 2.0]])

    assert repr(Scale()) == "Scale(k: (1,), c: (1, 2))"


# Saving and setting.


@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(0, 10**6))
def test_a_state_dict_goes_round(m, n, bias, seed):
    net, other = Linear(m, n, bias=bias, seed=seed), Linear(m, n, bias=bias, init=0.0)
    state = net.state_dict()
    assert list(state) == (["W", "b"] if bias else ["W"])
    leaves = [parameter.values for parameter in other.parameters()]
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert [parameter.values for parameter in other.parameters()] == leaves  # an optimiser goes on with them
    other.W.data = np.zeros((n, m))
    assert state == net.state_dict()  # a copy: nothing is shared


def test_a_state_may_be_made_of_the_parameters_themselves():
    a, b = Linear(1, 1, init=1.0), Linear(1, 1, init=2.0)
    net = Sequential(a, b)
    net.load_state_dict({"layers.0.W": b.W, "layers.0.b": b.b, "layers.1.W": a.W, "layers.1.b": a.b})
    assert numbers(net) == [[[2.0]], [2.0], [[1.0]], [1.0]]  # exchanged
    a.load_state_dict({"b": Tensor([3.0]), "W": np.array([[1]], np.float32)})
    assert a.state_dict() == {"W": [[1.0]], "b": [3.0]}


GOOD = {"layers.0.W": [[1.0, 2.0]], "layers.0.b": [3.0]}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layers.0.b": [1.0, 2.0]}, ValueError, r"layers\.0\.b of shape \(2,\) does not fit"),
        ({"layers.0.b": [[1.0]]}, ValueError, r"layers\.0\.b of shape \(1, 1\) does not fit"),
        ({"layers.0.b": [float("nan")]}, ValueError, "finite number is needed, not nan"),
        ({"layers.0.b": ["1"]}, TypeError, "real number is needed, not str"),
        ({"layers.0.b": None}, ValueError, r"layers\.0\.b of shape \(\) does not fit"),
        ({"layers.0.b": 1.0}, ValueError, r"layers\.0\.b of shape \(\) does not fit"),
        ({"layers.1.W": [1.0]}, KeyError, r"load_state_dict: missing \[\], unknown \['layers.1.W'\]"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    net = Sequential(Linear(2, 1, init=0.5))
    with pytest.raises(error, match=message):
        net.load_state_dict(GOOD | change)
    assert numbers(net) == [[[0.5, 0.5]], [0.5]]
    net.load_state_dict(GOOD)
    assert numbers(net) == [[[1.0, 2.0]], [3.0]]


def test_a_parameter_that_was_computed_is_a_leaf_and_is_set_like_others():
    class Scaled(Module):
        def __init__(self):
            self.a = Parameter([1.0])
            self.b = Parameter(Tensor([[5.0, 6.0]], label="s") * 0.5, label="b")

    net = Scaled()
    net.load_state_dict({"a": [2.0], "b": [[3.0, 4.0]]})
    assert numbers(net) == [[2.0], [[3.0, 4.0]]]
    assert [(v.op, v.label) for v in net.b.values] == [(None, "b₁₁"), (None, "b₁₂")]
    SGD(net.parameters(), lr=0.1)  # which refuses what was computed


@pytest.mark.parametrize("state", [None, [], "W"])
def test_a_state_is_a_dict(state):
    with pytest.raises(TypeError, match=f"load_state_dict: a dict .* is needed, not {type(state).__name__}"):
        Linear(1, 1).load_state_dict(state)


def test_missing_and_unknown_names_are_listed():
    with pytest.raises(KeyError) as error:
        Sequential(Linear(2, 1)).load_state_dict({"layers.0.W": [[1.0, 2.0]], "z": 1.0, "bias": [1.0]})
    assert error.value.args[0] == "load_state_dict: missing ['layers.0.b'], unknown ['bias', 'z']"
    with pytest.raises(KeyError) as error:
        Sequential(Linear(2, 1)).load_state_dict({})
    assert error.value.args[0] == "load_state_dict: missing ['layers.0.W', 'layers.0.b'], unknown []"


def test_a_parameter_is_not_replaced_by_something_that_is_not_learned():
    net = Linear(2, 1, init=1.0)
    W = net.W
    with pytest.raises(TypeError, match=r"W is a Parameter, not a list; to set its numbers, write W\.data = …"):
        net.W = [[1.0, 2.0]]
    with pytest.raises(TypeError, match="W is a Parameter, not a Tensor"):
        net.W -= 0.1 * net.W
    assert net.W is W and W.data == [[1.0, 1.0]] and [path for path, _ in net.named_parameters()] == ["W", "b"]
    net.W, net.b = Parameter([[3.0, 4.0]]), None
    assert numbers(net) == [[[3.0, 4.0]]] and net([1.0, 1.0]).data == [7.0]


# Linear.


def test_linear_is_W_h_plus_b_for_an_example_and_for_a_batch():
    net = Linear(2, 3)
    W, b = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([0.5, 0.25, 0.125])
    net.load_state_dict({"W": W, "b": b})
    H = np.array([[1.0, 0.0], [2.0, -1.0]])  # small binary fractions: nothing is rounded
    G = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert net(H[1]).data == (W @ H[1] + b).tolist()
    batch = net(H)
    assert batch.data == (H @ W.T + b).tolist()
    (batch * G).sum().backward()
    assert net.W.grad == (G.T @ H).tolist()  # Σ over the batch of δ hᵀ
    assert net.b.grad == G.sum(axis=0).tolist()


def test_linear_without_bias_has_none():
    net = Linear(2, 1, bias=False, init=2.0)
    assert net.b is None and net.parameters() == [net.W]
    assert net([1.0, 3.0]).data == [8.0] and net([[1.0, 3.0], [0.0, 1.0]]).data == [[8.0], [2.0]]
    net.b = [0.5]
    assert net([1.0, 3.0]).data == [8.5]
    for bias in ([0.5, 1.0], 0.5):
        net.b = bias
        with pytest.raises(ValueError, match=r"^W h \+ b: shapes \(1, 2\), \(2,\) and \(2?,?\) do not fit"):
            net([1.0, 3.0])
    net.b = "x"
    with pytest.raises(TypeError, match="a real number is needed, not str 'x'"):
        net([1.0, 3.0])


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1,), (), (2, 2, 2)])
def test_linear_names_the_shapes_that_do_not_fit(shape):
    net = Linear(2, 3)
    with pytest.raises(ValueError) as error:
        net(Tensor.ones(shape))
    assert str(shape) in str(error.value) and "do not fit" in str(error.value)


@pytest.mark.parametrize(
    "sizes", [(0, 1), (1, 0), (-1, 1), (1, -2), (2.0, 1), (1, 1.5), ("a", 1), (2, None), (True, 1)]
)
def test_linear_refuses_sizes_that_are_none(sizes):
    with pytest.raises(ValueError, match="whole numbers above 0"):
        Linear(*sizes)


def test_init_sets_every_weight_and_bias():
    net = MLP([2, 3, 1], init=0.1)
    assert numbers(net) == [[[0.1] * 2] * 3, [0.1] * 3, [[0.1] * 3], [0.1]]
    assert numbers(Linear(1, 1, init=0)) == [[[0.0]], [0.0]]  # 0 is a value, not "draw them"
    assert len({value for parameter in net.parameters() for value in parameter.values}) == 13
    for init, error in ((float("nan"), ValueError), ("zeros", TypeError)):
        with pytest.raises(error, match="number is needed, not"):
            Linear(1, 1, init=init)


@given(st.integers(1, 30), st.integers(0, 10**6))
def test_random_weights_lie_within_one_over_the_root_of_the_width(width, seed):
    drawn = np.concatenate([np.ravel(data) for data in numbers(Linear(width, 3, seed=seed))])
    assert np.abs(drawn).max() <= width**-0.5
    assert len(set(drawn.tolist())) == 3 * width + 3


def test_random_weights_fill_their_range():
    drawn = np.array(Linear(100, 100, seed=0).W.data)
    assert drawn.min() < -0.0999 and drawn.max() > 0.0999  # of 10⁴ missed with a chance of e⁻⁵
    assert abs(drawn.mean()) < 0.003  # five times the deviation 0.1/√3/100


def test_the_seed_decides_every_weight():
    assert numbers(MLP([3, 4, 2], seed=1)) == numbers(MLP([3, 4, 2], seed=1))
    assert numbers(MLP([3, 4, 2], seed=1)) != numbers(MLP([3, 4, 2], seed=2))
    assert numbers(Linear(3, 2, seed=1)) == numbers(Linear(3, 2, seed=random.Random(1)))
    net = MLP([3, 3, 3], seed=1)
    assert net.layers[0].W.data != net.layers[1].W.data  # one generator, not the same seed again
    rng = random.Random(5)
    assert numbers(Linear(2, 2, seed=rng)) != numbers(Linear(2, 2, seed=rng))


# Activations, Sequential, MLP.


@pytest.mark.parametrize(
    ("module", "f"),
    [
        (Tanh(), np.tanh),
        (ReLU(), lambda z: np.maximum(z, 0)),
        (Sigmoid(), lambda z: 1 / (1 + np.exp(-z))),
        (Softmax(), lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)),
        (Softmax(axis=0), lambda z: np.exp(z) / np.exp(z).sum(axis=0)),
    ],
    ids=lambda of: repr(of) if isinstance(of, Module) else "",
)
def test_activations_are_those_of_numpy(module, f):
    z = np.array([[-1.0, 0.0, 2.0], [0.5, -3.0, 1.0]])
    # A few roundings of numbers around 1.
    np.testing.assert_allclose(module(z).data, f(z), rtol=1e-14)
    assert module.parameters() == []


def test_sequential_applies_its_modules_from_left_to_right():
    net = Sequential(Linear(1, 1, init=1.0), ReLU(), Linear(1, 1, init=2.0))
    assert net([3.0]).data == [10.0]  # 2 · relu(3 + 1) + 2
    assert net([-3.0]).data == [2.0]
    assert Sequential()([1.0, 2.0]).data == [1.0, 2.0]


@pytest.mark.parametrize(
    ("activation", "g"),
    [("tanh", np.tanh), ("relu", lambda z: np.maximum(z, 0)), ("sigmoid", lambda z: 1 / (1 + np.exp(-z)))],
)
def test_mlp_is_the_formulas_on_paper(activation, g):
    net = MLP([3, 4, 2, 2], activation=activation, seed=3)
    (W1, b1, W2, b2, W3, b3) = map(np.array, numbers(net))
    x = np.array([0.5, -1.0, 2.0])
    # Three layers of sums of at most four products of numbers around 1: a few ε.
    expected = W3 @ g(W2 @ g(W1 @ x + b1) + b2) + b3
    np.testing.assert_allclose(net(x).data, expected, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(net([x, -x]).data[0], expected, rtol=1e-13, atol=1e-14)


def test_mlp_names_its_parameters_and_results_as_in_the_notes():
    net = MLP([2, 2, 1])
    assert [parameter.label for parameter in net.parameters()] == ["W⁽¹⁾", "b⁽¹⁾", "W⁽²⁾", "b⁽²⁾"]
    assert net.layers[0].W[0, 1].label == "W⁽¹⁾₁₂" and net.layers[1].b[0].label == "b⁽²⁾₁"
    assert [path for path, _ in net.named_parameters()] == ["layers.0.W", "layers.0.b", "layers.1.W", "layers.1.b"]
    z2 = net([1.0, 2.0])
    weights, _, bias = z2.inputs
    assert (weights, bias) == (net.layers[1].W, net.layers[1].b)
    assert re.findall(r"^([zh]\S*) += ", str(explain(z2.sum())), re.MULTILINE) == ["z⁽¹⁾", "h⁽¹⁾", "z⁽²⁾"]


def test_mlp_refuses_what_it_cannot_be():
    for sizes, *more in ([],), ([3],), (3,), (3, [4, 4, 1]):  # the last as in micrograd
        with pytest.raises(ValueError) as error:
            MLP(sizes, *more)
        assert (
            str(error.value)
            == f"MLP: the sizes of at least an input and an output are needed, in one list, not {sizes}"
        )
    for sizes in None, "21", [[2], [1]], [2, 0, 1]:
        with pytest.raises(ValueError, match="whole numbers above 0"):
            MLP(sizes)
    with pytest.raises(ValueError, match="MLP: the activation is one of tanh, relu, sigmoid, not 'softplus'"):
        MLP([1, 1], activation="softplus")
