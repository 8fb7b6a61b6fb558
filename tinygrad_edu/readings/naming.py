"""What the nodes of a graph are called, in every reading of it.

A node is called by its label; else by its role in a network (W⁽¹⁾, b⁽¹⁾, z⁽¹⁾, h⁽¹⁾, x, ŷ, L); else
by its place in a named Tensor (z⁽¹⁾₂); else v₁, v₂, … in the order in which it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import array_ops, ops
from ..array_ops import Operation
from ..graph import topological_order
from ..network.nn import Parameter
from ..network.tensor import Tensor, from_values
from ..value import Value
from ..writing.names import SUBSCRIPT, element, elements, of_layer
from .layers import find_layers, find_neurons
from .order import by_depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Node = Value | Tensor


def check_result(reading: str, y: object) -> None:
    """Raise TypeError, in the name of a reading, unless y is a Value or a Tensor.

    >>> check_result("draw", Tensor.sum)
    Traceback (most recent call last):
    TypeError: draw: a Value or a Tensor is needed, not function: what it computes is read, as in draw(net(x))
    """
    if not isinstance(y, (Value, Tensor)):
        said = f": what it computes is read, as in {reading}(net(x))" if callable(y) else f" {y!r}"
        raise TypeError(f"{reading}: a Value or a Tensor is needed, not {type(y).__name__}{said}")


def check_title(reading: str, title: object) -> None:
    """Raise TypeError, in the name of a reading, unless the title is text, or None.

    >>> check_title("draw", 5)
    Traceback (most recent call last):
    TypeError: draw: a title is text, not 5
    """
    if title is not None and not isinstance(title, str):
        raise TypeError(f"{reading}: a title is text, not {title!r}")


class Names:
    """The names of one document: no two of its nodes share one.

    Of several nodes with the same label the first keeps it; the others are h′, h′′, h′′′, h′₍₄₎ …
    A Tensor of shape () and its one Value are the same quantity and have the same name, as have
    any Tensor of one element and its Value that have the same label.

    `values` and `tensors` are the two graphs that end in the roots, inputs first (no Tensors where
    a root is a Value); `layers` and `neurons` are the networks in them. `softmax` is for the log Σ exp z of
    a cross-entropy, computed from the last layer's z without ŷ, the ŷ = softmax(z) that is its slope.

    Args:
        roots: the result whose graph is read, or several.
        others: further nodes that the reader asked for, in the graph or not. They are not constants.

    >>> x = Tensor([1.0, 2.0], label="x")
    >>> y = (x * x).sum()
    >>> names = Names(y)
    >>> names(x), names(x.values[1]), names(y), names(y.inputs[0])
    ('x', 'x₂', 'L', 'v₁')
    """

    def __init__(self, roots: Node | Sequence[Node], others: Iterable[Node] = ()) -> None:
        self._roots: Sequence[Node] = [roots] if isinstance(roots, (Value, Tensor)) else roots
        self.values = topological_order(*[v for r in self._roots for v in (r.values if isinstance(r, Tensor) else [r])])
        self.tensors = topological_order(*[r for r in self._roots if isinstance(r, Tensor)])
        self.layers = find_layers(self.tensors)
        self.parameters = {v for t in self.tensors if isinstance(t, Parameter) for v in t.values}
        self.neurons = find_neurons(self.values, self.parameters)
        others = dict.fromkeys(others)
        self._all_values = list(dict.fromkeys([*self.values, *[v for v in others if isinstance(v, Value)]]))
        self._all_tensors = list(dict.fromkeys([*self.tensors, *[t for t in others if isinstance(t, Tensor)]]))
        self.softmax: dict[Tensor, Tensor] = {}
        self._names: dict[Node, str] = {}  # by label, role or place
        self._numbers: dict[Node, str] = {}  # v₁, v₂, … and their elements
        everything: list[Node] = [*self._all_values, *self._all_tensors]
        self._labels = {label for node in everything if (label := _label(node))}
        self._used: set[str] = set()
        self._copies: dict[str, int] = {}  # how many nodes have had the same label
        self._last = 0  # the k of the last vₖ
        self._name_tensors()
        self._name_values()
        leaves = {v for v in self.values if not v.op}
        nameless = {v for v in leaves if v not in self._names and v not in others} - self.parameters
        self._constants = nameless if nameless < leaves else set()

    def given(self, node: Node) -> str | None:
        """The name that a node has by its label, role or place, or None."""
        if isinstance(node, Tensor) and not node.shape and node not in self._names:
            return self._names.get(node.values[0])
        return self._names.get(node)

    def __call__(self, node: Node) -> str:
        """The name of a node. One that has none by its label, role or place gets the next of v₁, v₂, …"""
        if name := self.given(node) or self._numbers.get(node):
            return name
        while not name or name in self._used or name in self._labels:
            self._last += 1
            name = element("v", (self._last - 1,), (1,))
        self._give(self._numbers, node, name)
        if isinstance(node, Tensor):
            self._name_elements(self._numbers, node)
        return name

    def is_constant(self, node: Node) -> bool:
        """Whether a node is a leaf without a name, such as the 2 in 2 * x.

        In a graph in which no leaf has a name none is a constant.
        """
        if isinstance(node, Value):
            return node in self._constants
        alone = not node.op and not node.shape and not node.values[0].op
        return alone and self.given(node) is None and not isinstance(node, Parameter)

    def number_values(self, first: Iterable[Value] = ()) -> None:
        """Give every Value but the constants a name, layer by layer; those of `first` before the others.

        So the numbers depend on the graph alone, whichever of its nodes a reading shows.
        """
        before = set(first)
        order = [v for v in by_depth(self.values) if v not in self._constants]
        for v in sorted(order, key=lambda v: v not in before):
            self(v)

    def _give(self, names: dict[Node, str], node: Node, name: str) -> bool:
        """Call the node so, unless it has a name or the name has a node."""
        if node in self._names or node in self._numbers or name in self._used:
            return False
        names[node] = name
        self._used.add(name)
        if isinstance(node, Tensor) and len(node.values) == 1:
            label = _label(node.values[0])
            if label == _label(node) if label else node.shape == ():
                names.setdefault(node.values[0], name)
        return True

    def _give_label(self, node: Node, label: str) -> None:
        if node in self._names:
            return
        name = label
        while name in self._used or (name != label and name in self._labels):
            self._copies[label] = k = self._copies.get(label, 0) + 1
            name = label + ("′" * k if k <= 3 else f"′₍{str(k).translate(SUBSCRIPT)}₎")
        self._give(self._names, node, name)

    def _give_role(self, node: Node | None, *choices: str) -> None:
        if node is not None and node not in self._names:
            next((name for name in choices if name not in self._labels and self._give(self._names, node, name)), None)

    def _name_tensors(self) -> None:
        """Labels; then roles: by layer, ŷ for what softmax makes of the last layer, x for what goes in, L."""
        for t in self._all_tensors:
            if label := _label(t):
                self._give_label(t, label)
        for l, layer in enumerate(self.layers, start=1):
            for letter, role in (("W", layer.W), ("b", layer.b), ("z", layer.z), ("h", layer.h)):
                self._give_role(role, of_layer(letter, l))
            if not layer.x.op and not _computed(layer.x):
                self._give_role(layer.x, "x")
        if self.layers:
            outputs = [t for t in (self.layers[-1].z, self.layers[-1].h) if t is not None]
            for t in self.tensors:
                if t.op is array_ops.SOFTMAX and t.inputs[0] in outputs:
                    self._give_role(t, "ŷ")
            for t in self.tensors:
                if t.op in (array_ops.LSE, array_ops.LOG_SOFTMAX) and t.inputs[0] in outputs and _runs_along_rows(t):
                    y_hat = _softmax(t)
                    self._give_role(y_hat, "ŷ")
                    if y_hat in self._names:
                        self.softmax[t] = y_hat
        for root in self._roots:
            if isinstance(root, Tensor) and (root.op or not root.shape):
                self._give_role(root, *(("L", "y") if len(root.values) == 1 else ("y",)))
        owned = {v for t in self.tensors if t.op or t in self._names for v in t.values}
        for t in self.tensors:
            if not t.op and t.shape and t not in self._names and owned.isdisjoint(t.values) and not _computed(t):
                self._give_role(t, "x")  # the first data there is
                break

    def _name_values(self) -> None:
        """Labels; then places in Tensors with a name; then roles: by neuron, f for a root."""
        for t in [t for t in self._all_tensors if t in self._names]:
            self._name_elements(self._names, t)
        for v in self._all_values:
            if label := _label(v):
                self._give_label(v, label)
        width: dict[int, int] = {}
        for neuron in self.neurons:
            j = width[neuron.layer] = width.get(neuron.layer, 0) + 1
            sizes = (j, len(neuron.weights))
            for i, w in enumerate(neuron.weights):
                self._give_role(w, element(of_layer("w", neuron.layer), (j - 1, i), sizes))
            for letter, role in (("b", neuron.bias), ("z", neuron.z), ("h", neuron.h)):
                self._give_role(role, element(of_layer(letter, neuron.layer), (j - 1,), (j,)))
        for root in self._roots:
            if isinstance(root, Value):
                self._give_role(root, "f", "y", "L")

    def _name_elements(self, names: dict[Node, str], t: Tensor) -> None:
        """Call the Values of a Tensor by their places in it, unless they have a label of their own."""
        own = elements(_label(t) or "", t.shape)
        for v, name, place in zip(t.values, elements(names[t], t.shape), own):
            label = _label(v)
            if (label is None and name not in self._labels) or label == place:
                self._give(names, v, name)


def _label(node: Node) -> str | None:
    """The label on one line, or None where it is empty."""
    return " ".join(node.label.split()) or None if node.label else None


def lse_nodes(t: Tensor) -> list[Value]:
    """The log Σ exp of each row of z, for a Tensor that was computed by logsumexp or log_softmax."""
    return list(dict.fromkeys([v if v.op is ops.LSE else v.inputs[1] for v in t.values]))


def _runs_along_rows(t: Tensor) -> bool:
    assert t.record
    return t.record.axis in (None, (t.inputs[0].ndim - 1,)) and all([v.op is ops.LSE for v in lse_nodes(t)])


def _softmax(t: Tensor) -> Tensor:
    """softmax(z), which is the slope of log Σ exp z; the graph that ends in the loss does not compute it."""
    z = t.inputs[0]
    numbers = [Value(p) for v in lse_nodes(t) for p in v.partials]
    return from_values(numbers, z.shape, Operation(array_ops.SOFTMAX, (z.ndim - 1,)), z)


def _computed(t: Tensor) -> bool:
    """Whether a Tensor that records no operation was made of Values that were computed."""
    return not t.op and any([v.op for v in t.values])
