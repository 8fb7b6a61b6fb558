"""Random Modules at all levels: names from the program, roles from Parameters, rows that `backward` bears out."""

import random
import re

import pytest

from tinygrad_edu import (
    MLP,
    Linear,
    Module,
    Sequential,
    Tanh,
    Tensor,
    binary_cross_entropy_with_logits,
    cross_entropy,
    draw,
    explain,
    mse_loss,
    squared_error,
    stack,
)
from tinygrad_edu.network.nn import Parameter
from tinygrad_edu.readings.subject import Subject
from tinygrad_edu.writing.expression import Name, within

D = 2  # the width of everything


def parameter(rng, *shape):
    return Parameter.uniform(shape, -1, 1, seed=rng)


class Residual(Module):
    def __init__(self, rng):
        self.inner = MLP([D, 3, D], seed=rng)

    def forward(self, x):
        return x + self.inner(x)


class Recurrent(Module):
    """A cell over three steps, the same weights at each."""

    def __init__(self, rng):
        self.W_xh, self.W_hh, self.b_h = parameter(rng, D, D), parameter(rng, D, D), parameter(rng, D)

    def forward(self, x):
        h = Tensor.zeros(D)
        for scale in (1.0, 0.5, -0.5):
            h = (self.W_xh @ (x * scale) + self.W_hh @ h + self.b_h).tanh()
        return h


class Attention(Module):
    """Over three tokens made of x."""

    def __init__(self, rng):
        self.query, self.key, self.W_v = [Linear(D, D, bias=bias, seed=rng) for bias in (True, False, True)]

    def forward(self, x):
        tokens = stack([x, x * 0.5, x.sin()])
        scores = self.query(tokens) @ self.key(tokens).T / D**0.5
        return (scores.softmax() @ self.W_v(tokens)).sum(axis=0)


class Heads(Module):
    def __init__(self, rng):
        self.heads = [Attention(rng), Attention(rng)]

    def forward(self, x):
        return self.heads[0](x) - self.heads[1](x)


class Norm(Module):
    def __init__(self, rng):
        self.gain, self.shift = parameter(rng, D), parameter(rng, D)

    def forward(self, x):
        deviation = x - x.mean()
        return self.gain * deviation / ((deviation * deviation).mean() + 1.0).sqrt() + self.shift


class Scaled(Module):
    """Single numbers that are learned: one as a Tensor, one that only feeds others."""

    def __init__(self, rng):
        self.alpha, self.beta = parameter(rng), parameter(rng)

    def forward(self, x):
        mix = self.alpha.values[0].sigmoid()
        return mix * x + (1 - mix) * x.sin() * self.beta


class Embedded(Module):
    """A row that is used twice."""

    def __init__(self, rng):
        self.table = parameter(rng, 3, D)

    def forward(self, x):
        return x * self.table[1] + self.table[1] + self.table[2]


class Chain(Module):
    def __init__(self, rng, layers):
        self.body, self.head = layers, Linear(D, D, seed=rng)

    def forward(self, x):
        for layer in self.body:
            x = layer(x)
        return self.head(x)


KINDS = [Residual, Recurrent, Attention, Heads, Norm, Scaled, Embedded]


def random_loss(rng):
    """A loss of a network that is put together at random, and the network."""
    layers = [rng.choice(KINDS)(rng) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.5:
        layers.insert(rng.randint(0, len(layers)), Sequential(Linear(D, D, seed=rng), Tanh()))
    if rng.random() < 0.3:
        layers = [Sequential(*layers)]
    net = Chain(rng, layers) if rng.random() < 0.5 else Sequential(*layers, Linear(D, D, seed=rng))
    examples = [[rng.uniform(-1, 1) for _ in range(D)] for _ in range(rng.choice([1, 1, 2]))]

    def loss(z):
        kind = rng.randrange(4)
        if kind == 0:
            return cross_entropy(z, rng.randrange(D))
        if kind == 1:
            return binary_cross_entropy_with_logits(z, [1.0, 0.0])
        return (squared_error if kind == 2 else mse_loss)(z, Tensor([0.5, -0.5]))

    L = sum([loss(net(x)) for x in examples])
    if rng.random() < 0.3:
        L = L + 0.1 * sum([(p * p).sum() for p in net.parameters()])
    return L, net


def values_of(node):
    return node.values if isinstance(node, Tensor) else (node,)


def check(seed):
    rng = random.Random(seed)
    L, net = random_loss(rng)
    L.backward()
    subject = Subject(L)
    names = subject.names
    called = {p: names(p) for p in net.parameters() if p in names.tensors}

    # A Parameter is called by its own letter, and by no other's name; whatever is read.
    paths = {p: path.split(".") for path, p in net.named_parameters()}
    assert len(set(called.values())) == len(called)
    for p, name in called.items():
        own = paths[p][-1]
        assert re.match(re.escape(own if len(own.partition("_")[0]) > 1 else own[0]) + r"(?![A-Za-z0-9])", name), name
        words = {word.removeprefix("W_") for word in paths[p]} | {"h", "xh", "hh"}
        assert set(re.sub("⁽.*", "", name).split("_")[1:]) <= words, (name, paths[p])
    number = Subject(L.values[0]).names  # which knows no Tensors, and so no rows of a batch
    one_by_one = [t for layer in names.layers if layer.z.ndim == 1 for t in (layer.z, layer.h) if t is not None]
    assert all(number(v) == names(v) for t in one_by_one for v in t.values)
    part = Subject(names.layers[-1].z)
    assert [part.names(p) for p in called if p in part.names.tensors] == [
        called[p] for p in called if p in part.names.tensors
    ]

    for level in ("tensor", "value"):
        derivation = explain(L, level=level)
        quantities = [str(row.quantity) for row in derivation.forward]
        assert len(set(quantities)) == len(quantities)
        parameters = names.parameters
        weights = {str(row.quantity) for row in derivation.forward if parameters.issuperset(values_of(row.node))}
        by_name = {str(row.quantity): row for row in derivation.forward}
        for row in derivation.forward:
            name, node = str(row.quantity), row.node
            if name.startswith("ŷ") and node not in names.tensors:
                continue  # beside the loss, for its derivatives
            # One name for a node, in all readings.
            assert names(node) == name
            # What was computed is not given, and what is given was not computed.
            assert (row.rule is None) == (not any(v.op for v in values_of(node))), name
            # A layer has weights: in its formula, or in the products that it adds up.
            if name.startswith("z⁽"):
                reached, waiting = set(), [row]
                while waiting:
                    rule = waiting.pop().rule
                    found = {e.text for e in (within(rule) if rule is not None else ()) if isinstance(e, Name)}
                    found, reached = found - reached, reached | found
                    waiting += [by_name[text] for text in found if text.startswith("v")]
                assert reached & weights, (name, reached)
        # Every gradient is that of `backward`.
        totals = {}
        for step in derivation.backward:
            for row in step.rows:
                totals[row.node] = row.result if row.total is None else row.total
        for node, total in totals.items():
            found = total.values if isinstance(total, Tensor) else [total]
            expected = [v.grad for v in values_of(node)]
            given = [x.data if hasattr(x, "data") else x for x in found]
            assert given == pytest.approx(expected, rel=1e-9, abs=1e-9), str(names(node))
        assert set(called) <= set(totals) or level == "value"
        assert "single numbers of" not in str(derivation)
    for level in ("tensor", "neuron", "value"):
        source = draw(L, level, force=True).source
        for name in called.values():
            assert name in source, (level, name)
    assert all(isinstance(W, Parameter) for layer in names.layers for W in layer.weights)


@pytest.mark.parametrize("seed", range(12))
def test_a_random_module_is_read_truly(seed):
    check(seed)


@pytest.mark.long
@pytest.mark.parametrize("block", range(12))
def test_300_random_modules_are_read_truly(block):
    for seed in range(12 + 24 * block, 36 + 24 * block):
        check(seed)
