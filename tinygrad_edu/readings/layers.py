"""A graph layer by layer, and the network in it: which nodes together are a neuron, which Tensors a layer.

A neuron is h = g(z) with z = w · x + b, where w and b are Parameters, or leaves that are labelled as weights and
biases. z may be a sum of several such products, as in a recurrent cell. A layer is the same for Tensors, with `@` in
place of `dot`. Arithmetic alone makes no layer.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from .. import array_ops, graph, ops
from ..network.members import layer_numbers
from ..network.nn import Parameter, member_of
from ..network.tensor import Tensor
from ..value import Value

# The order of a graph.


def by_depth(order: Sequence[graph.N]) -> list[graph.N]:
    """The nodes of a topological order layer by layer.

    First the leaves, in the order in which they are needed; then what needs only leaves, …
    """
    depth: dict[graph.N, int] = {}
    for node in order:
        depth[node] = 1 + max([depth.get(a, 0) for a in node.inputs], default=-1)
    layers = sorted(order, key=depth.__getitem__)
    needed = dict.fromkeys([a for node in layers for a in node.inputs if not a.inputs and a in depth])
    return [*needed, *[node for node in layers if node.inputs or node not in needed]]


def by_height(order: Sequence[graph.N], reverse: bool = False) -> list[graph.N]:
    """The nodes of a topological order layer by layer from the root: each after all its users, or before them."""
    height: dict[graph.N, int] = dict.fromkeys(order, 0)
    for node in reversed(order):
        for a in node.inputs:
            if a in height:
                height[a] = max(height[a], height[node] + 1)
    return sorted(order, key=height.__getitem__, reverse=reverse)


def computed_from(inputs: Iterable[graph.N], order: Sequence[graph.N]) -> set[graph.N]:
    """The nodes of a topological order that need one of the inputs, and the inputs among them."""
    found = set(inputs)
    for node in order:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found.intersection(order)


def users_of(order: Sequence[graph.N]) -> dict[graph.N, list[graph.N]]:
    """For every node the nodes that use it, once for each use."""
    users: dict[graph.N, list[graph.N]] = {node: [] for node in order}
    for node in order:
        for a in node.inputs:
            users[a].append(node)
    return users


# The network.

N = TypeVar("N", bound=Value | Tensor)

ACTIVATIONS = (ops.TANH, ops.RELU, ops.SIGMOID)
WEIGHTS, BIASES = {"w", "W", "weight", "weights"}, {"b", "bias"}


@dataclass(eq=False)
class Affine(Generic[N]):
    """z = Σ weights · inputs + Σ biases, and h = g(z) where an activation follows.

    Attributes:
        steps: the sums and products inside it.
        number: which layer it is, or is a part of. Weights that are used again have the same.
        time: counts the uses of a layer that depend on each other; None where there is one only.
    """

    z: N
    weights: list[N] = field(default_factory=list)
    inputs: list[N] = field(default_factory=list)
    biases: list[N] = field(default_factory=list)
    steps: list[N] = field(default_factory=list)
    h: N | None = None
    number: int = 0
    time: int | None = None

    @property
    def title(self) -> str:
        return f"layer {self.number}" + (f", time {self.time}" if self.time else "")

    @property
    def output(self) -> N:
        return self.z if self.h is None else self.h

    @property
    def parameters(self) -> tuple[N, ...]:
        return (*self.weights, *self.biases)

    @property
    def inside(self) -> list[N]:
        """The nodes it is made of, its inputs aside."""
        return [*self.parameters, *self.steps, self.z] + ([] if self.h is None else [self.h])

    @property
    def by_rows(self) -> bool:
        """Of a layer: whether it is x Wᵀ + b, with a row for each example."""
        products: list[Any] = [t for t in (*self.steps, self.z) if t.op in (array_ops.AFFINE, array_ops.MATMUL)]
        first = products[0]
        return first.ndim == 2 if first.op is array_ops.AFFINE else first.inputs[0] is self.inputs[0]


Neuron: TypeAlias = Affine[Value]
Layer: TypeAlias = Affine[Tensor]


def find_layers(order: Sequence[Tensor]) -> list[Layer]:
    """The layers of a graph of Tensors, from the input on."""
    layers = _sums(order, {t for t in order if isinstance(t, Parameter)})
    _number(layers)
    _tell_times(order, {layer.z: layer for layer in layers})
    return layers


def find_neurons(order: Sequence[Value], parameters: set[Value], layers: Iterable[Layer]) -> list[Neuron]:
    """The neurons of a graph in topological order, and so layer by layer within each path."""
    neurons = _sums(order, parameters)
    layer_of = {v: layer for layer in layers for v in layer.z.values}
    sums, depth = {neuron.z for neuron in neurons}, dict.fromkeys(order, 0)  # how many sums on the longest way
    for node in order:
        depth[node] = max([depth[a] for a in node.inputs], default=0) + (node in sums)
    same: dict[tuple[Value, ...], int] = {}  # weights that are used again are the same layer
    for neuron in neurons:
        if layer := layer_of.get(neuron.z):
            neuron.number, neuron.time = layer.number, layer.time
        else:
            neuron.number = same.setdefault(tuple(neuron.weights), depth[neuron.z])
    return neurons


def letters(name: str) -> str:
    """A name without its indices.

    >>> letters("w⁽¹⁾₁₂"), letters("y_1"), letters("weather")
    ('w', 'y', 'weather')
    """
    return "".join(filter(str.isalpha, name.partition("_")[0]))


def _untransposed(node: Any) -> Any:
    """W, of Wᵀ, or of W in another shape."""
    while node.op in (array_ops.TRANSPOSE, array_ops.RESHAPE):
        (node,) = node.inputs
    return node


def _products(node: Any) -> list[tuple[Sequence[Any], Sequence[Any], Sequence[Any]]]:
    """The weights, inputs and biases of a product, in each way in which it may have such."""
    match node.op:
        case array_ops.AFFINE:
            W, x, b = node.inputs
            return [([_untransposed(W)], [x], [b])]
        case array_ops.MATMUL:
            left, right = node.inputs
            return [([_untransposed(left)], [right], []), ([_untransposed(right)], [left], [])]
        case ops.AFFINE:
            weights, inputs, b = node.op.arguments(node.inputs)
            return [(weights, inputs, [b])]
        case ops.DOT:
            left, right = node.op.arguments(node.inputs)
            return [(left, right, []), (right, left, [])]
    return []


def _sums(order: Sequence[N], parameters: Set[N]) -> list[Affine[N]]:
    """The largest sums of products with weights, plus biases, each with the activation that follows.

    A product alone counts only if its weights are Parameters: it may be anything else that is called w.
    """

    def is_weight(node: N, called: Set[str] = WEIGHTS) -> bool:
        return node in parameters or (not node.op and letters(node.label or "") in called)

    def is_bias(node: N) -> bool:
        return is_weight(node, WEIGHTS | BIASES)

    users = users_of(order)
    found: dict[N, Affine[N]] = {}
    for node in order:
        for weights, inputs, biases in _products(node):
            learned = all(map(is_weight, weights)) and all(map(is_bias, biases))
            if learned and weights and (biases or not all([is_weight(_untransposed(x)) for x in inputs])):
                found.setdefault(node, Affine(node, [*weights], [*inputs], [*biases]))
        if node.op is ops.ADD:
            addends: Any = node.inputs
            parts = [a for a in addends if a in found and len(users[a]) == 1]
            if parts and all([a in parts or is_bias(a) for a in addends]):
                terms = [found.pop(a) if a in found else Affine(a, biases=[a]) for a in addends]
                found[node] = _added(node, terms)
    for z, whole in found.items():
        if len(users[z]) == 1 and users[z][0].op in ACTIVATIONS:
            whole.h = users[z][0]
    return [s for s in found.values() if s.biases or s.h is not None or parameters >= {*s.weights}]


def _added(z: N, terms: Sequence[Affine[N]]) -> Affine[N]:
    """The sum z of several, some of which are a bias alone."""
    whole = Affine(z)
    for term in terms:
        whole.weights += term.weights
        whole.inputs += term.inputs
        whole.biases += term.biases
        whole.steps += [*term.steps, term.z] if term.weights else []
    return whole


def _number(layers: Sequence[Layer]) -> None:
    """Number the layers: the same weights and biases are the same layer.

    Where all layers are those of MLPs and Sequentials, they have the numbers that they have there; else they are
    counted in the order in which they are first used.
    """
    counted = dict.fromkeys([layer.parameters for layer in layers])
    numbers: dict[tuple[Tensor, ...], tuple[Any, int]] = {}  # the network, and the number in it
    for parameters in counted:
        W = parameters[0]
        if isinstance(W, Parameter):
            network = member_of(W).outermost
            if n := layer_numbers(network).get(member_of(W)):
                numbers[parameters] = network, n
    if len(set(numbers.values())) < len(counted):
        numbers = {parameters: (None, n) for n, parameters in enumerate(counted, start=1)}
    for layer in layers:
        _, layer.number = numbers[layer.parameters]


def _tell_times(order: Sequence[Tensor], layer_of: dict[Tensor, Layer]) -> None:
    """At what time each use of a layer's weights is: later where it depends on one that has used them before."""
    time: dict[Tensor, int] = {}
    used: dict[Tensor, set[Any]] = {}  # the weights that were used at that time on the way to a node
    for t in order:
        time[t] = max([time[a] for a in t.inputs], default=0)
        used[t] = {n for a in t.inputs if time[a] == time[t] for n in used[a]}
        if t in layer_of:
            if layer_of[t].parameters in used[t]:
                time[t], used[t] = time[t] + 1, set()
            used[t].add(layer_of[t].parameters)
    times: dict[Any, set[int]] = {}
    for z, layer in layer_of.items():
        times.setdefault(layer.parameters, set()).add(time[z])
    for z, layer in layer_of.items():
        if len(times[layer.parameters]) > 1:
            layer.time = 1 + sorted(times[layer.parameters]).index(time[z])
