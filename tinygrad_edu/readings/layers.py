"""Finding the network in a graph: which nodes together are a neuron, which Tensors a layer.

A neuron is h = g(z) with z = w · x + b, where w and b are Parameters, or leaves that are labelled as weights and
biases. z may be several such products, as in a recurrent cell. A layer is the same one floor up, with `@`
in place of `dot`. Without a Parameter there is no layer, whatever the arithmetic looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .. import array_ops, ops
from ..network.nn import Parameter, place_of
from ..network.places import Place, layer_numbers
from ..network.tensor import Tensor
from ..value import Value

N = TypeVar("N", Value, Tensor)

ACTIVATIONS = (ops.TANH, ops.RELU, ops.SIGMOID)
WEIGHTS, BIASES = {"w", "W", "weight", "weights"}, {"b", "bias"}


@dataclass(frozen=True)
class Neuron:
    """z = weights · inputs + biases, h = g(z), in the layer of that number."""

    weights: tuple[Value, ...]
    inputs: tuple[Value, ...]
    biases: tuple[Value, ...]
    z: Value
    h: Value | None
    layer: int
    steps: tuple[Value, ...]

    @property
    def output(self) -> Value:
        return self.z if self.h is None else self.h

    @property
    def parameters(self) -> tuple[Value, ...]:
        return (*self.weights, *self.biases)

    @property
    def inside(self) -> list[Value]:
        """The nodes the neuron is made of, its inputs aside."""
        return [*self.parameters, *self.steps, self.z] + ([] if self.h is None else [self.h])


@dataclass(frozen=True)
class Layer:
    """z = W x + b (or x Wᵀ + b, with a row for each example), h = g(z).

    `number` says which weights they are: used again, they have the same. `time` counts the uses that depend on
    each other; it is None where there is one only.
    """

    weights: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    z: Tensor
    h: Tensor | None
    by_rows: bool
    number: int
    time: int | None

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        return (*self.weights, *self.biases)


def letters(name: str) -> str:
    """A name without its indices.

    >>> letters("w⁽¹⁾₁₂"), letters("y_1"), letters("weather")
    ('w', 'y', 'weather')
    """
    return "".join(filter(str.isalpha, name.partition("_")[0]))


def users_of(order: list[N]) -> dict[N, list[N]]:
    """For every node the nodes that use it, once for each use."""
    users: dict[N, list[N]] = {node: [] for node in order}
    for node in order:
        for a in node.inputs:
            users[a].append(node)
    return users


@dataclass
class _Sum(Generic[N]):
    """z = Σ weights · inputs + Σ biases; `steps` are the sums and products inside it."""

    z: N
    weights: list[N]
    inputs: list[N]
    biases: list[N] = field(default_factory=list)
    steps: list[N] = field(default_factory=list)
    h: N | None = None

    def add(self, term: _Sum[N]) -> None:
        self.weights += term.weights
        self.inputs += term.inputs
        self.biases += term.biases
        self.steps += term.steps
        self.steps.append(term.z)


def find_layers(order: list[Tensor]) -> list[Layer]:
    """The layers of a graph of Tensors, from the input on."""

    def product(t: Tensor) -> _Sum[Tensor] | None:
        if t.op is array_ops.AFFINE:
            W, x, c = untransposed(t.inputs[0]), *t.inputs[1:]
            return _Sum(t, [W], [x], [c]) if _is(W, WEIGHTS) and _is(c, BIASES | WEIGHTS) else None
        if t.op is array_ops.MATMUL:
            left, right = t.inputs
            factors = [(untransposed(left), right), (untransposed(right), left)]
            if left.ndim == right.ndim == 2:
                factors.reverse()  # with a row for each example the weights stand on the right
            found = [(W, x) for W, x in factors if _is(W, WEIGHTS) and not _is(untransposed(x), WEIGHTS)]
            return _Sum(t, [found[0][0]], [found[0][1]]) if found else None
        return None

    sums = _sums(order, product, lambda t: _is(t, BIASES | WEIGHTS), lambda t: isinstance(t, Parameter))
    numbers = _numbers(sums)
    times = _times(order, numbers)
    return [
        Layer(
            tuple(s.weights),
            tuple(s.inputs),
            tuple(s.biases),
            s.z,
            s.h,
            _has_rows(next((t for t in s.steps if t.op in (array_ops.AFFINE, array_ops.MATMUL)), s.z), s.inputs[0]),
            numbers[s.z],
            times[s.z],
        )
        for s in sums
    ]


def find_neurons(order: list[Value], parameters: set[Value], layers: list[Layer]) -> list[Neuron]:
    """The neurons of a graph in topological order, and so layer by layer within each path."""

    def is_weight(v: Value) -> bool:
        return v in parameters or _is(v, WEIGHTS)

    def product(v: Value) -> _Sum[Value] | None:
        if v.op is ops.AFFINE:
            weights, inputs, c = v.op.arguments(v.inputs)
            if all(map(is_weight, weights)) and is_bias(c):
                return _Sum(v, list(weights), list(inputs), [c])
        elif v.op is ops.DOT and v.inputs:
            left, right = v.op.arguments(v.inputs)
            for weights, inputs in ((left, right), (right, left)):
                if all(map(is_weight, weights)) and not all(map(is_weight, inputs)):
                    return _Sum(v, list(weights), list(inputs))
        return None

    def is_bias(v: Value) -> bool:
        return is_weight(v) or _is(v, BIASES)

    if not any([node.op is ops.AFFINE or node.op is ops.DOT for node in order]):
        return []
    sums = _sums(order, product, is_bias, parameters.__contains__)
    number = {v: layer.number for layer in layers for v in layer.z.values}
    by_depth = _depths(order, {s.z for s in sums})
    same: dict[tuple[Value, ...], int] = {}  # weights that are used again are the same layer
    return [
        Neuron(
            w := tuple(s.weights),
            tuple(s.inputs),
            tuple(s.biases),
            s.z,
            s.h,
            number[s.z] if s.z in number else same.setdefault(w, by_depth[s.z]),
            tuple(s.steps),
        )
        for s in sums
    ]


def untransposed(t: Tensor) -> Tensor:
    """W, of Wᵀ, or of W in another shape."""
    while t.inputs and t.op in (array_ops.TRANSPOSE, array_ops.RESHAPE):
        (t,) = t.inputs
    return t


def _is(node: Value | Tensor, called: set[str]) -> bool:
    """Whether a node is a Parameter, or a leaf whose label says what it is."""
    return isinstance(node, Parameter) or (not node.op and letters(node.label or "") in called)


def _sums(
    order: list[N],
    product: Callable[[N], _Sum[N] | None],
    is_bias: Callable[[N], bool],
    is_parameter: Callable[[N], bool],
) -> list[_Sum[N]]:
    """The largest sums of products with weights, and of biases; and what an activation makes of them.

    A product alone, with weights that have only the label of such, may be anything.
    """
    users = users_of(order)
    found: dict[N, _Sum[N]] = {}
    for node in order:
        if (own := product(node)) is not None:
            found[node] = own
        elif node.op is ops.ADD:
            a, b = node.inputs
            parts = [x for x in (a, b) if x in found and len(users[x]) == 1]
            if parts and all([x in parts or is_bias(x) for x in (a, b)]):
                whole: _Sum[N] = _Sum(node, [], [])
                for x in (a, b):
                    if x in parts:
                        whole.add(found.pop(x))
                    else:
                        whole.biases.append(x)
                found[node] = whole
    for z, s in found.items():
        if len(users[z]) == 1 and users[z][0].op in ACTIVATIONS:
            s.h = users[z][0]
    return [s for s in found.values() if s.biases or s.h is not None or all(map(is_parameter, s.weights))]


def _has_rows(product: Tensor, x: Tensor) -> bool:
    """Whether each row of the product is one example."""
    return product.ndim == 2 if product.op is array_ops.AFFINE else product.inputs[0] is x


def _numbers(sums: Iterable[_Sum[Tensor]]) -> dict[Tensor, int]:
    """The number of the layer of each z: the same weights and biases are the same layer.

    Where all layers are those of MLPs and Sequentials, they have the numbers that they have there; else they are
    counted in the order in which they are first used.
    """
    layers = dict.fromkeys([(*s.weights, *s.biases) for s in sums])
    numbers: dict[Place, dict[Place, int]] = {}
    placed: dict[tuple[Tensor, ...], tuple[Place, int]] = {}  # the network, and the number in it
    for key in layers:
        if isinstance(W := key[0], Parameter):
            network = place_of(W).outermost
            if network not in numbers:
                numbers[network] = layer_numbers(network)
            if place_of(W) in numbers[network]:
                placed[key] = network, numbers[network][place_of(W)]
    if len(set(placed.values())) == len(layers):
        return {s.z: placed[*s.weights, *s.biases][1] for s in sums}
    counted = {key: n for n, key in enumerate(layers, start=1)}
    return {s.z: counted[*s.weights, *s.biases] for s in sums}


def _times(order: list[Tensor], number: dict[Tensor, int]) -> dict[Tensor, int | None]:
    """At what time each use of a layer's weights is: later where it depends on one that has used them before.

    A node knows its time, and which layers were used at it on the way to the node, as bits.
    """
    state: dict[Tensor, tuple[int, int]] = {}
    for t in order:
        before = [state[a] for a in t.inputs]
        time = max([time for time, _ in before], default=0)
        used = 0
        for then, layers in before:
            used |= layers if then == time else 0
        if t in number:
            bit = 1 << number[t]
            time, used = (time + 1, bit) if used & bit else (time, used | bit)
        state[t] = time, used
    at: dict[int, list[int]] = {}
    for z, n in number.items():
        at.setdefault(n, []).append(state[z][0])
    rank = {n: {time: k for k, time in enumerate(sorted(set(times)), start=1)} for n, times in at.items()}
    return {z: rank[n][state[z][0]] if len(rank[n]) > 1 else None for z, n in number.items()}


def _depths(order: list[Value], ends: set[Any]) -> dict[Value, int]:
    """For each node how many of the ends lie on the longest way to it, itself included."""
    depth: dict[Value, int] = {}
    for node in order:
        depth[node] = max([depth[a] for a in node.inputs], default=0) + (node in ends)
    return depth
