"""Finding the network in a graph: which nodes together are a neuron, which Tensors a layer.

A neuron is h = g(w · x + b) with leaves as weights and bias. A `Linear` records w · x + b as one
`affine`. Without a bias, or written by hand, it is a `dot`, then perhaps a `+` with the bias; a `dot`
alone is just a product of two vectors, so to count as a neuron it needs a bias, an activation g, or
weights that are Parameters. A layer is the same one floor up, with `@` in place of `dot`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import array_ops, ops
from ..network.nn import Parameter
from ..network.tensor import Tensor
from ..value import Value

if TYPE_CHECKING:
    from typing import TypeVar

    N = TypeVar("N", Value, Tensor)

ACTIVATIONS = (ops.TANH, ops.RELU, ops.SIGMOID)


@dataclass(frozen=True)
class Neuron:
    """z = weights · inputs + bias, h = g(z), in layer number `layer`, counted from 1."""

    weights: tuple[Value, ...]
    inputs: tuple[Value, ...]
    bias: Value | None
    z: Value
    h: Value | None
    layer: int

    @property
    def output(self) -> Value:
        return self.h or self.z

    @property
    def parameters(self) -> tuple[Value, ...]:
        return self.weights if self.bias is None else (*self.weights, self.bias)

    @property
    def inside(self) -> list[Value]:
        """The nodes the neuron is made of, its inputs aside."""
        product = [a for a in self.z.inputs if a is not self.bias] if self.z.op is ops.ADD else []
        return [*self.parameters, *product, self.z] + ([self.h] if self.h else [])


@dataclass(frozen=True)
class Layer:
    """z = W x + b (or x Wᵀ + b, with a row for each example), h = g(z)."""

    W: Tensor
    b: Tensor | None
    x: Tensor
    z: Tensor
    h: Tensor | None
    by_rows: bool


def users_of(order: list[N]) -> dict[N, list[N]]:
    """For every node the nodes that use it, once for each use."""
    users: dict[N, list[N]] = {node: [] for node in order}
    for node in order:
        for a in node.inputs:
            users[a].append(node)
    return users


def find_neurons(order: list[Value], parameters: set[Value]) -> list[Neuron]:
    """The neurons of a graph in topological order, and so layer by layer within each path."""
    if not any([node.op is ops.AFFINE or node.op is ops.DOT for node in order]):
        return []
    users = users_of(order)
    found: dict[Value, Neuron] = {}  # by z
    depth: dict[Value, int] = {}  # how many layers the node has behind it
    for node in order:
        depth[node] = max([depth[a] for a in node.inputs], default=0)
        if node in found:
            depth[node] = found[node].layer
        elif node.op is ops.AFFINE:
            weights, inputs, c = node.op.arguments(node.inputs)
            if not any([a.op for a in (*weights, c)]):
                depth[node] += 1
                found[node] = Neuron(weights, inputs, c, node, _activation(node, users), depth[node])
        elif node.op is ops.DOT and (halves := _halves(node, parameters)):
            weights, inputs = halves
            bias, z = _bias(node, users)
            h = _activation(z, users)
            if bias is not None or h is not None or parameters.issuperset(weights):
                found[z] = Neuron(weights, inputs, bias, z, h, depth[node] + 1)
                depth[node] += z is node
    return list(found.values())


def find_layers(order: list[Tensor]) -> list[Layer]:
    """The layers of a graph of Tensors, from the input on."""
    users = users_of(order)
    layers = []
    for node in order:
        if node.op is array_ops.AFFINE:
            W, x, c = untransposed(node.inputs[0]), *node.inputs[1:]
            if not (W.op or c.op):
                layers.append(Layer(W, c, x, node, _activation(node, users), node.ndim == 2))
        elif node.op is array_ops.MATMUL and (factors := _weights_and_input(node)):
            W, x = factors
            b, z = _bias(node, users)
            h = _activation(z, users)
            if b is not None or h is not None or isinstance(W, Parameter):
                layers.append(Layer(W, b, x, z, h, x is node.inputs[0]))
    return layers


def _bias(product: N, users: dict[N, list[N]]) -> tuple[N | None, N]:
    """(b, z) for z = product + b, if there is a b and nothing else uses the product; else (None, product)."""
    z = _only_user(product, users)
    if z is not None and z.op is ops.ADD:
        leaves = [a for a in z.inputs if not a.op and a is not product]
        if leaves:
            return leaves[0], z
    return None, product


def _activation(z: N, users: dict[N, list[N]]) -> N | None:
    """h for h = g(z), if nothing else uses z."""
    h = _only_user(z, users)
    return h if h is not None and h.op in ACTIVATIONS else None


def _only_user(node: N, users: dict[N, list[N]]) -> N | None:
    return users[node][0] if len(users[node]) == 1 else None


def _halves(dot: Value, parameters: set[Value]) -> tuple[tuple[Value, ...], tuple[Value, ...]] | None:
    """(weights, inputs) of a dot: the weights are the half that is Parameters, else the first that is leaves."""
    n = len(dot.inputs) // 2
    if n == 0:
        return None
    splits = [(dot.inputs[:n], dot.inputs[n:]), (dot.inputs[n:], dot.inputs[:n])]
    for weights, inputs in splits:
        if parameters.issuperset(weights):
            return weights, inputs
    for weights, inputs in splits:
        if not any([w.op for w in weights]):
            return weights, inputs
    return None


def _weights_and_input(product: Tensor) -> tuple[Tensor, Tensor] | None:
    """(W, x) of W x or x Wᵀ: W is the factor that is a Parameter, else the one that is a leaf."""
    left, right = product.inputs
    splits = [(untransposed(left), right), (untransposed(right), left)]
    if left.ndim == right.ndim == 2:
        splits.reverse()  # with a row for each example the weights stand on the right
    for W, x in splits:
        if isinstance(W, Parameter):
            return W, x
    for W, x in splits:
        if W.op is None:
            return W, x
    return None


def untransposed(t: Tensor) -> Tensor:
    """W, of Wᵀ."""
    return t.inputs[0] if t.op is array_ops.TRANSPOSE else t
