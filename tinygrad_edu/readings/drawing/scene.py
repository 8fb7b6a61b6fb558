"""The scene: the graph to be drawn, what its nodes are called, and how the reader wants the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph import topological_order
from ...network.nn import Parameter
from ...network.tensor import Tensor
from ...value import Value
from ...writing.names import element, elements, of_layer
from ...writing.numbers import number
from ..layers import find_layers, find_neurons

if TYPE_CHECKING:
    from typing import Any


class Scene:
    """What every level of drawing needs to know.

    `values` and `tensors` are the two graphs that end in y, inputs first (no Tensors where y is a
    Value); `layers` and `neurons` the networks found in them. A node is called what the user
    called it, else by its place in a Tensor (`z⁽²⁾₁`), else by its place in the network.

    Args:
        y: what to draw, a Value or a Tensor.
        digits: decimals of a scalar; matrices show one less. None is 4.
        gradients: whether there are gradients at all.
    """

    def __init__(self, y: Value | Tensor, digits: int | None = None, gradients: bool = True) -> None:
        self.root = y
        self.roots = [y] if isinstance(y, Value) else list(dict.fromkeys(y.values))
        self.values = topological_order(*self.roots)
        self.tensors = [] if isinstance(y, Value) else topological_order(y)
        self.layers = find_layers(self.tensors)
        self.parameters = {v for t in self.tensors if isinstance(t, Parameter) for v in t.values}
        self.neurons = find_neurons(self.values, self.parameters)
        self.digits = 4 if digits is None else digits
        self.gradients = gradients
        # A root's own gradient is 1 after backward() and 0 before: then the rest is no result yet.
        self.blank = all([root.grad == 0 for root in self.roots])
        self._tensor_names = _names_of_tensors(self)
        self._value_names = _names_of_values(self)
        self._has_weights = any([(self.name(v) or " ")[0] in "wW" for v in self.values if not v.op])

    def name(self, node: Value | Tensor) -> str | None:
        """What the node is called, or None."""
        if isinstance(node, Value):
            return _said(node.label) or self._value_names.get(node)
        return _said(node.label) or self._tensor_names.get(node)

    @property
    def loss(self) -> str:
        """The L of ∂L/∂x: the root's name if the gradients are its own, else L."""
        own = len(self.roots) == 1 and self.roots[0].grad in (0.0, 1.0)
        return (own and self.name(self.root)) or "L"

    def value(self, v: Value) -> str:
        """The number of a node, as text."""
        return number(v.data, self.digits)

    def gradient(self, v: Value) -> str:
        """The gradient of a node, as text: blank before backward()."""
        return "" if self.blank else number(v.grad, self.digits)

    def kind(self, node: Value | Tensor) -> str:
        """The role that colours a node: loss, operation, parameter, target, constant or input.

        Whether a leaf without a Parameter around it is a parameter or a target, only its name can
        tell: w, and b beside it, are parameters, y is a target, as in the notes.
        """
        if node.op is not None:
            alone = [node] == self.roots or (node is self.root and len(self.roots) == 1)
            return "loss" if alone else "operation"
        name = self.name(node)
        if not name:
            return "constant"
        letter = name[0]
        if isinstance(node, Parameter) or node in self.parameters or letter in "wW":
            return "parameter"
        if letter == "b" and self._has_weights:
            return "parameter"
        return "target" if letter in "yt" else "input"


def _said(label: Any) -> str | None:
    return str(label) if label is not None and str(label).strip() else None


def _names_of_tensors(scene: Scene) -> dict[Tensor, str]:
    """Names for Tensors without a label: W⁽¹⁾, b⁽¹⁾, z⁽¹⁾, h⁽¹⁾ by layer, x for what goes in, L for the loss."""
    names: dict[Tensor, str] = {}
    for l, layer in enumerate(scene.layers, start=1):
        for letter, t in (("W", layer.W), ("b", layer.b), ("z", layer.z), ("h", layer.h)):
            if t is not None:
                names.setdefault(t, of_layer(letter, l))
        if layer.x.op is None:
            names.setdefault(layer.x, "x")
    if isinstance(scene.root, Tensor) and len(scene.root.values) == 1 and scene.root.op:
        names.setdefault(scene.root, "L")
    return names


def _names_of_values(scene: Scene) -> dict[Value, str]:
    """Names for Values without a label: by the Tensor they stand in, else by the neuron."""
    names: dict[Value, str] = {}
    for t in scene.tensors:
        if name := scene.name(t):
            for value, its_name in zip(t.values, elements(name, t.shape)):
                names.setdefault(value, its_name)
    width: dict[int, int] = {}
    for neuron in scene.neurons:
        j = width[neuron.layer] = width.get(neuron.layer, 0) + 1
        sizes = (j, len(neuron.weights))
        for i, w in enumerate(neuron.weights):
            names.setdefault(w, element(of_layer("w", neuron.layer), (j - 1, i), sizes))
        for letter, v in (("b", neuron.bias), ("z", neuron.z), ("h", neuron.h)):
            if v is not None:
                names.setdefault(v, element(of_layer(letter, neuron.layer), (j - 1,), (j,)))
    return names
