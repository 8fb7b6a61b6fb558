"""The scene: the graph to be drawn, the names of its nodes, and how numbers are shown."""

from collections import Counter
from collections.abc import Mapping, Sized
from functools import cached_property
from math import isfinite
from typing import Any

from ... import ops
from ...network.tensor import Tensor
from ...value import Value, chain_rule
from ...writing.expression import Name
from ...writing.notation import elements, number, short
from ...writing.paper import Text, written
from ..formulas import formula
from ..layers import BIASES, WEIGHTS, letters
from ..naming import is_computed, lse_nodes
from ..subject import Subject
from . import look

LEVELS = ("value", "neuron", "tensor")


def chosen_level(reading: str, level: str | None, cards: Mapping[str, Sized], comfortable: Mapping[str, float]) -> str:
    """The level that is asked for; where it is None the finest, with so many cards, that is read with ease."""
    if level not in (None, *LEVELS):
        raise ValueError(f"{reading}: the level is one of {', '.join(LEVELS)}, or None, not {level!r}")
    if level is None:
        return next((l for l in cards if len(cards[l]) <= comfortable[l]), [*cards][-1])
    if level == "tensor" and level not in cards:
        raise ValueError(
            f'{reading}: the level "tensor" needs a Tensor, because a Value does not record what was done with whole '
            "Tensors: take the loss itself, not its one Value"
        )
    return level if level in cards else "value"  # the graph holds no network


class Scene:
    """What every level of drawing needs to know.

    `values` is the graph that ends in y, inputs first; `layers` and `neurons` are the network found in it.

    Args:
        read: what to draw.
        digits: decimals of a scalar; matrices show one less.
        gradients: whether there are gradients at all.
        numbers: False leaves names and operations.
    """

    padding = 3  # points around each text of a card
    frames = True  # whether each layer of Tensors has a frame around it
    close = False  # whether cards stand close together, on a page that has to show a whole network

    def __init__(self, read: Subject, digits: int = 4, gradients: bool = True, numbers: bool = True) -> None:
        self.read = read
        self.root = read.result
        self.names = read.names
        self.roots = read.names.roots
        self.values = self.names.values
        self.layers = self.names.layers
        self.neurons = self.names.neurons
        self.numbered: set[Value | Tensor] = set()  # those whose v₁, v₂, … a reader sees
        self.digits = digits
        self.numbers = numbers
        self.gradients = gradients and numbers
        # The root's own gradient is 1 after backward() and 0 before: then the gradients are left blank.
        self.blank = not any([root.grad for root in self.roots])
        leaves = [v for v in self.values if not v.op]
        self._has_weights = any([letters(self.name(v) or "") in WEIGHTS for v in leaves])
        found: list[Any] = [*self.layers, *self.neurons]
        self._entering: set[Value | Tensor] = {x for affine in found for x in affine.inputs}
        self._learned = self.names.parameters.union(*[affine.parameters for affine in found])
        self._examples: dict[Value, int] = {}
        for layer in self.layers:
            for t in (layer.z, layer.h):
                if t is not None and t.ndim == 2 and t.shape[not layer.by_rows] > 1:
                    n = t.shape[1]
                    self._examples |= {v: 1 + (k // n if layer.by_rows else k % n) for k, v in enumerate(t.values)}
        self._roles = {self.kind(v) for v in leaves} - {"constant"}

    def mark(self, what: str, v: Value) -> str:
        """The id of the cell that holds the "value" or the "gradient" of a node, where a page will change it."""
        return ""

    def arrow(self, head: str, k: int) -> dict[str, str]:
        """What an arrow has besides its ends: arrow k, counted from 1, into the card `head`."""
        return {}

    def name(self, node: Value | Tensor) -> str | None:
        """What the node is called; None for a constant, and for a step that is shown as its formula."""
        return self.names(node) if node in self.numbered else self.names.given(node)

    def number_values(self) -> None:
        """Show the numbers of the nameless Values that formulas need one for.

        These are the leaves, what is used more than once, what has no formula that fits on a card, and the rows
        on the card of a neuron whose names in the network belong to others.
        """
        uses = Counter([a for v in self.values for a in v.inputs])
        rows = {v for neuron in self.neurons for v in (neuron.z, neuron.output)}
        for v in self.values:
            nameless = not self.name(v) and not self.names.is_constant(v)
            if nameless and (not v.op or uses[v] > 1 or v in rows or len(self.formula(v)) > look.WIDTH):
                self.numbered.add(v)

    def formula(self, v: Value, nameless: str = "") -> str:
        """How a Value was computed, in terms of those that have a name; others are their formula, or `nameless`."""

        def symbol(a: Value) -> Name | None:
            name = self.name(a) or nameless
            return Name(name) if name else None

        return str(written(formula(v, symbol), Text(self.digits)))

    def beside(self, v: Value) -> str:
        """What stands beside the name of what was computed: a formula, or the operation."""
        formula = f" = {self.formula(v)}" if v in self.numbered else ""
        fits = formula and len(f"{self.name(v)}{formula}") <= look.WIDTH
        return formula if fits else look.shortened(f"  {self.sign(v)}")

    def sign(self, v: Value) -> str:
        """The operation: +, tanh; e², or ( )² of what has no name."""
        assert v.op
        return v.op.symbol if v.op.exponent is None else self.formula(v, nameless=" ")

    @property
    def loss(self) -> str:
        """The L of ∂L/∂x: the root's name if the gradients are its own, else L; empty if that is the root's name."""
        own = len(self.roots) == 1 and self.roots[0].grad in (None, 0.0, 1.0)
        name = self.name(self.root) or "L"
        return name if own else "L" if name != "L" else ""

    def value(self, v: Value) -> str:
        """The number of a node, as text; one that is given is not written as 0 where it is small."""
        text = number(v.data, self.digits)
        return text if v.op or v.data == 0 or float(text.replace("−", "-")) else short(v.data, self.digits)

    def gradient(self, v: Value) -> str:
        """The gradient of a node, as text: blank before backward(), and where that of something else is stored."""
        stored = self.blank or (v.op and not self.holds(v))
        return "" if stored else number(v.grad or 0.0, self.digits)

    def is_of_another(self, *nodes: Value) -> bool:
        """Whether a gradient that is shown is not that of the result."""
        return any([self.gradient(v) and not self.holds(v) for v in nodes])

    def holds(self, v: Value) -> bool:
        """Whether the gradient that is stored is that of the result.

        It is not after `forward()` at other numbers, or where further sums were differentiated: a leaf accumulates.
        """
        expected = self._gradients.get(v, 0.0)  # an element that the result does not use gets none
        return abs((v.grad or 0.0) - expected) <= 1e-9 * max(abs(expected), self._largest) or self.close

    @cached_property
    def _gradients(self) -> dict[Value, float]:
        """What backward() stores in the graph of one result; for several results what is stored now."""
        if len(self.roots) > 1:
            return {v: v.grad or 0.0 for v in self.values}
        seed = self.roots[0].grad or 0.0
        return {v: seed * g for v, g in chain_rule(self.values).items()}

    @cached_property
    def _largest(self) -> float:
        return max([abs(g) for g in self._gradients.values() if isfinite(g)], default=0.0)

    def element(self, x: float) -> str:
        """A number in a matrix."""
        return number(x, max(self.digits - 1, 0))

    def has_gradient(self, t: Tensor) -> bool:
        """Whether a gradient is shown: not of a view beside which its numbers are used, nor where none is computed.

        The ŷ beside a cross-entropy has none, because the loss is computed from z.
        """
        q = self.read.quantities.of.get(t)
        return self.gradients and (q is None or q.has_gradient)

    def kind(self, node: Value | Tensor) -> str:
        """The role that colours a node: loss, operation, parameter, target, constant or input.

        Where nothing is a Parameter, a leaf is one by its name: w, and b beside it, as in the notes. What
        a layer takes in is not one.
        """
        if is_computed(node):
            alone = [node] == self.roots or (node is self.root and len(self.roots) == 1)
            return "loss" if alone else "operation"
        name = self.name(node)
        if not name or self.names.is_constant(node):
            return "constant"
        word, one = letters(name), node.values[0] if isinstance(node, Tensor) else node
        is_called_so = word in WEIGHTS or (word in BIASES and self._has_weights)
        by_name = is_called_so and not self.names.parameters and node not in self._entering
        if by_name or one in self._learned or node in self._learned:
            return "parameter"
        return "target" if one in self.names.targets else "input"

    def example(self, v: Value) -> str:
        """Which example of a batch a neuron computes; empty where there is just one."""
        return f"example {self._examples[v]}" if v in self._examples else ""

    def slope(self, partial: float) -> str:
        """A local derivative, on its arrow."""
        return f"×{short(partial, self.digits)}"

    def softmax(self, v: Value) -> list[tuple[str, str, str]]:
        """ŷ = softmax(z), and each element of it, for one of the nodes log Σ exp z; nothing for any other."""
        if v.op is not ops.LSE:
            return []
        n = len(v.partials)
        for t, y_hat in self.names.softmax.items():
            if v in (nodes := lse_nodes(t)):
                i = nodes.index(v)
                name, row = self.names(y_hat), elements(self.names(y_hat), y_hat.shape)[i * n : (i + 1) * n]
                rows = [(name, f"softmax({self.names(t.inputs[0])})", "")]
                break
        else:
            rows, row = [], elements("softmax", (n,))
        return rows + [
            (element, number(p, self.digits), self.mark(f"slope {k}", v))
            for k, (element, p) in enumerate(zip(row, v.partials))
        ]

    def titled(self, node: Value | Tensor, name: str) -> str:
        """The name of a card in bold; that of a leaf with its role beside it."""
        role = self.role(node)
        beside = look.styled(f"  {role}", "muted", look.SMALL) if role else ""
        return look.styled(look.shortened(name), bold=True) + beside

    def role(self, node: Value | Tensor) -> str:
        """What a leaf is, in a word, where there are leaves of several kinds. (Colour may not be printed.)"""
        kind = self.kind(node)
        return kind if len(self._roles) > 1 and kind in self._roles and not is_computed(node) else ""
