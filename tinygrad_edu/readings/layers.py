"""A graph layer by layer, and the network in it: which nodes together are a neuron, which Tensors a layer.

A neuron is h = g(z) with z = w · x + b, where w and b are Parameters, or leaves that are labelled as weights and
biases. z may be a sum of several such products, as in a recurrent cell. A layer is the same for Tensors, with `@` in
place of `dot`. Arithmetic alone makes no layer.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass
from math import prod
from typing import Any, Generic, TypeAlias, TypeVar

from .. import array_ops, graph, ops
from ..network.members import Member, Placed, Suggested, layer_numbers
from ..network.nn import Parameter, member_of
from ..network.tensor import Tensor
from ..value import Value
from ..writing.notation import of_layer

# The order of a graph.


def by_depth(order: Sequence[graph.Node]) -> list[graph.Node]:
    """The nodes of a topological order layer by layer.

    First the leaves, in the order in which they are needed; then what needs only leaves, …
    """
    depth: dict[graph.Node, int] = {}
    for node in order:
        depth[node] = 1 + max([depth.get(a, 0) for a in node.inputs], default=-1)
    layers = sorted(order, key=depth.__getitem__)
    needed = dict.fromkeys([a for node in layers for a in node.inputs if not a.inputs and a in depth])
    return [*needed, *[node for node in layers if node.inputs or node not in needed]]


def by_height(order: Sequence[graph.Node], reverse: bool = False) -> list[graph.Node]:
    """The nodes of a topological order layer by layer from the root: each after all its users, or before them."""
    height: dict[graph.Node, int] = dict.fromkeys(order, 0)
    for node in reversed(order):
        for a in node.inputs:
            if a in height:
                height[a] = max(height[a], height[node] + 1)
    return sorted(order, key=height.__getitem__, reverse=reverse)


def computed_from(inputs: Iterable[graph.Node], order: Sequence[graph.Node]) -> set[graph.Node]:
    """The nodes of a topological order that need one of the inputs, and the inputs among them."""
    found = set(inputs)
    for node in order:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found.intersection(order)


def users_of(order: Sequence[graph.Node]) -> dict[graph.Node, list[graph.Node]]:
    """For every node the nodes that use it, once for each use."""
    users: dict[graph.Node, list[graph.Node]] = {node: [] for node in order}
    for node in order:
        for a in node.inputs:
            users[a].append(node)
    return users


# The network.

Either = TypeVar("Either", bound=Value | Tensor)

ACTIVATION_ROWS = (ops.TANH, ops.RELU, ops.SIGMOID)
WEIGHTS, BIASES = {"w", "W", "weight", "weights"}, {"b", "bias"}


@dataclass(eq=False)
class Affine(Generic[Either]):
    """z = Σ weights · inputs + Σ biases, and h = g(z) where an activation follows.

    Attributes:
        sums: the sums and products that it is made of.
        layer: what it shares with the other neurons of its layer, and with other uses of the same weights: the
            Parameters, or of leaves without a Parameter the number.
        number: which layer it is, or is a part of.
        time: counts the uses of a layer that depend on each other; None where there is one only.
        use: of a neuron, how many uses of the layer at the same time come before: other examples.
        place: of a neuron, which one of its layer, counted from 0; None where z is a single number.
    """

    z: Either
    weights: tuple[Either, ...] = ()
    inputs: tuple[Either, ...] = ()
    biases: tuple[Either, ...] = ()
    sums: tuple[Either, ...] = ()
    h: Either | None = None
    layer: Hashable = None
    number: int = 0
    time: int | None = None
    use: int = 0
    place: int | None = 0

    @property
    def title(self) -> str:
        return f"layer {self.number}" + (f", time {self.time}" if self.time else "")

    def name(self, letter: str) -> str:
        """z⁽ˡ⁾ or h⁽ˡ⁾, with its time."""
        return of_layer(letter, self.number) + (f"[{self.time}]" if self.time else "")

    @property
    def output(self) -> Either:
        return self.z if self.h is None else self.h

    @property
    def parameters(self) -> tuple[Either, ...]:
        return (*self.weights, *self.biases)

    @property
    def is_placed(self) -> bool:
        """Whether its parameters are Parameters or elements of such."""
        return all(map(member, self.parameters))

    @property
    def inside(self) -> list[Either]:
        """The nodes it is made of, its inputs aside."""
        return [*self.parameters, *self.sums, self.z] + ([] if self.h is None else [self.h])

    @property
    def by_rows(self) -> bool:
        """Of a layer: whether it is x Wᵀ + b, with a row for each example."""
        products: list[Any] = [t for t in (*self.sums, self.z) if t.op in (array_ops.AFFINE, array_ops.MATMUL)]
        first = products[0]
        return first.ndim == 2 if first.op is array_ops.AFFINE else first.inputs[0] is self.inputs[0]


Neuron: TypeAlias = Affine[Value]
Layer: TypeAlias = Affine[Tensor]


def find_layers(order: Sequence[Tensor]) -> list[Layer]:
    """The layers of a graph of Tensors, from the input on."""
    layers = _sums(order, {t for t in order if isinstance(t, Parameter)})
    _number(layers)
    _tell_times(order, layers)
    return layers


def find_neurons(order: Sequence[Value], parameters: set[Value], layers: Iterable[Layer]) -> list[Neuron]:
    """The neurons of a graph in topological order, and so layer by layer within each path.

    Elements of Parameters know their places, and so a neuron knows the layer that it belongs to, also where no Tensor
    is in the graph. Of other leaves the layers are counted from the input on, and the neurons in order.
    """
    neurons = _sums(order, parameters)
    layer_of = {v: layer for layer in layers for v in layer.z.values}
    depth = _counted(order, {neuron.z for neuron in neurons})
    same: dict[tuple[Value, ...], int] = {}  # weights that are used again are the same layer
    for neuron in neurons:
        if layer := layer_of.get(neuron.z):
            neuron.layer, neuron.number, neuron.time = layer.layer, layer.number, layer.time
        elif not neuron.is_placed:
            neuron.layer = neuron.number = same.setdefault(neuron.weights, depth[neuron.z])
    alone = [neuron for neuron in neurons if neuron.z not in layer_of]
    _number([neuron for neuron in alone if neuron.is_placed], layers)
    _tell_times(order, alone)
    _tell_apart(neurons)
    return neurons


def member(node: Value | Tensor) -> Member | None:
    """The place in a network of a Parameter, or of that which a Value is an element of."""
    if isinstance(node, Parameter):
        return member_of(node)
    return node.label.whole.member if isinstance(node.label, Placed) and node.label.whole else None


def labelled(node: Any) -> Any:
    """What has the label of a node: of a Tensor made of one Value, to which no user gave one, that Value."""
    nameless = not node.label or isinstance(node.label, Suggested)
    made = nameless and isinstance(node, Tensor) and not node.op and len(node.values) == 1
    return node.values[0] if made else node


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


def _products(node: Any) -> list[tuple[list[Any], Sequence[Any], Sequence[Any]]]:
    """The weights, inputs and biases of a product, in each way in which it may have such."""
    if node.op in (ops.AFFINE, ops.DOT):
        left, right, *biases = node.op.arguments(node.inputs)
    elif node.op in (array_ops.AFFINE, array_ops.MATMUL):
        (left, right), biases = [[a] for a in node.inputs[:2]], node.inputs[2:]
    else:
        return []
    ways = [(left, right)] if biases else [(left, right), (right, left)]
    return [([_untransposed(w) for w in weights], inputs, biases) for weights, inputs in ways]


def _sums(order: Sequence[Either], parameters: Set[Either]) -> list[Affine[Either]]:
    """The largest sums of products with weights, plus biases, each with the activation that follows.

    A product with neither bias nor activation counts only if its weights are Parameters: it may be anything else that
    is called w. Where there are Parameters, no label makes a weight. What is added may be called w, as w₀ is.
    """

    def is_called(node: Either, called: Set[str]) -> bool:
        return not node.op and letters(labelled(node).label or "") in called

    def is_weight(node: Either) -> bool:
        return node in parameters or (not parameters and is_called(node, WEIGHTS))

    def is_bias(node: Either) -> bool:
        return is_weight(node) or is_called(node, WEIGHTS | BIASES)

    users = users_of(order)
    found: dict[Either, Affine[Either]] = {}
    for node in order:
        for weights, inputs, biases in _products(node):
            learned = all(map(is_weight, weights)) and all(map(is_bias, biases))
            if learned and weights and (biases or not all([is_weight(_untransposed(x)) for x in inputs])):
                found.setdefault(node, Affine(node, tuple(weights), tuple(inputs), tuple(biases)))
        if node.op is ops.ADD:
            addends: Any = node.inputs
            parts = [a for a in addends if a in found and len(users[a]) == 1]
            weights = [w for a in parts for w in found[a].weights]
            once = len({*weights}) == len(weights)  # the same weights again are another use of the layer
            if parts and once and all([a in parts or is_bias(a) for a in addends]):
                terms = [found.pop(a) if a in found else Affine(a, biases=(a,)) for a in addends]
                found[node] = Affine(
                    node,
                    tuple([w for term in terms for w in term.weights]),
                    tuple([x for term in terms for x in term.inputs]),
                    tuple([b for term in terms for b in term.biases]),
                    tuple([s for term in terms if term.weights for s in (*term.sums, term.z)]),
                )
    for z, whole in found.items():
        if len(users[z]) == 1 and users[z][0].op in ACTIVATION_ROWS:
            whole.h = users[z][0]
    _tell_layers([*found.values()])
    return [s for s in found.values() if s.biases or s.h is not None or parameters >= {*s.weights}]


def _tell_layers(found: Sequence[Affine[Any]]) -> None:
    """Say which sums are one layer: those of the same weights and biases, and a part of such a sum.

    That is the first step of a cell without h₀. The same weights without their bias are another layer.
    """
    layers: dict[Hashable, dict[tuple[Hashable, ...], set[Any]]] = {}  # by each parameter, with their weights
    for affine in sorted(found, key=lambda affine: -len(affine.parameters)):
        weights = {member(w) or w for w in affine.weights}
        own = tuple(dict.fromkeys([member(p) or p for p in affine.parameters]))
        known = layers.get(own[0], {}).items()
        affine.layer = next((whole for whole, of in known if weights < of and {*own} <= {*whole}), own)
        if affine.layer == own:
            for p in own:
                layers.setdefault(p, {})[own] = weights


def _number(found: Sequence[Affine[Either]], others: Iterable[Affine[Any]] = ()) -> None:
    """Number the layers, beside others that have numbers already.

    The layers of MLPs and Sequentials have the numbers that they have there, as their weights do. All others are
    counted after these, in the order in which they are first used.
    """
    numbers = {affine.layer: affine.number for affine in others}
    counted: dict[Hashable, Member | None] = {affine.layer: member(affine.parameters[0]) for affine in found}
    networks = dict.fromkeys([first.outermost for first in counted.values() if first])
    own = {first: (network, n) for network in networks for first, n in layer_numbers(network).items()}
    taken = set()  # by another layer of the same network
    for layer, first in counted.items():
        if layer not in numbers and first in own and own[first] not in taken:
            taken.add(own[first])
            numbers[layer] = own[first][1]
    last = max(numbers.values(), default=0)
    for n, layer in enumerate([layer for layer in counted if layer not in numbers], start=last + 1):
        numbers[layer] = n
    for affine in found:
        affine.number = numbers[affine.layer]


def _counted(order: Sequence[graph.Node], nodes: Set[graph.Node]) -> dict[graph.Node, int]:
    """For each node how many of the given ones are on the longest way to it, itself included."""
    count: dict[graph.Node, int] = {}
    for node in order:
        count[node] = max([count[a] for a in node.inputs], default=0) + (node in nodes)
    return count


def _tell_times(order: Sequence[Either], found: Sequence[Affine[Either]]) -> None:
    """At what time each use of a layer's weights is: later where it depends on one that has used them before."""
    uses: dict[Hashable, list[Affine[Either]]] = {}
    for affine in found:
        uses.setdefault(affine.layer, []).append(affine)
    for alike in uses.values():
        if len({affine.inputs for affine in alike}) > 1:
            counted = _counted(order, {affine.z for affine in alike})
            times = [counted[affine.z] for affine in alike]
            for affine, time in zip(alike, times):
                affine.time = time if max(times) > 1 else None


def _tell_apart(neurons: Sequence[Neuron]) -> None:
    """Which one of its layer each neuron is, and which use of it: for which inputs, or which of the same weights."""
    inputs: dict[Any, dict[Any, int]] = {}
    places: dict[int, dict[Any, int]] = {}
    uses: Counter[Any] = Counter()
    for neuron in neurons:
        if neuron.is_placed:
            seen = inputs.setdefault((neuron.layer, neuron.time), {})
            neuron.use = seen.setdefault(neuron.inputs, len(seen))
            neuron.place = _row(neuron)
        else:
            neuron.use = uses[neuron.time, neuron.parameters]
            uses[neuron.time, neuron.parameters] += 1
            layer = places.setdefault(neuron.number, {})
            neuron.place = layer.setdefault(neuron.parameters, len(layer))


def _row(neuron: Neuron) -> int | None:
    """Where its bias stands, if that is one of several; else the row, or the column, of its weights."""
    biases: list[Any] = [b.label for b in neuron.biases]
    for bias in biases:
        if prod(bias.whole.shape) > 1:
            return int(bias.offset)
    weights: list[Any] = [w.label for w in neuron.weights]
    first, *others = [weight.offset for weight in weights if weight.whole is weights[0].whole]
    shape = weights[0].whole.shape
    if len(shape) < 2:
        return 0 if any([bias.whole.shape for bias in biases]) else None
    if not others:
        return int(first)
    return int(first // shape[-1] if others[0] == first + 1 else first % shape[-1])
