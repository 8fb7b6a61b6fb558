"""The scene: the graph to be drawn, the names of its nodes, and how numbers are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...network.nn import Parameter
from ...network.tensor import Tensor
from ...value import Value
from ...writing.expression import Name
from ...writing.numbers import number
from ..formulas import formula, on_its_own
from ..naming import Names
from . import look

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_ELEMENTS = 8  # of a Tensor that was put together from Values, in its formula


class Scene:
    """What every level of drawing needs to know.

    `values` and `tensors` are the two graphs that end in y, inputs first (no Tensors where y is a
    Value); `layers` and `neurons` are the networks found in them.

    Args:
        y: what to draw, a Value or a Tensor.
        digits: decimals of a scalar; matrices show one less. None is 4.
        gradients: whether there are gradients at all.
    """

    def __init__(self, y: Value | Tensor, digits: int | None = None, gradients: bool = True) -> None:
        self.root = y
        self.names = Names(y)
        self.roots = [y] if isinstance(y, Value) else list(dict.fromkeys(y.values))
        self.values = self.names.values
        self.tensors = self.names.tensors
        self.layers = self.names.layers
        self.neurons = self.names.neurons
        self.numbered: set[Value | Tensor] = set()  # those whose v₁, v₂, … a reader sees
        self.digits = 4 if digits is None else digits
        self.gradients = gradients
        # The root's own gradient is 1 after backward() and 0 before: then the gradients are left blank.
        self.blank = all([root.grad == 0 for root in self.roots])
        self._has_weights = any([(self.name(v) or " ")[0] in "wW" for v in self.values if not v.op])

    def name(self, node: Value | Tensor) -> str | None:
        """What the node is called; None for a constant, and for a step that is shown as its formula."""
        return self.names(node) if node in self.numbered else self.names.given(node)

    def number_values(self) -> None:
        """Show the numbers of the Values that have no name and no formula short enough for a card."""
        self.names.number_values()
        for v in self.values:
            if not self.name(v) and not self.names.is_constant(v) and (not v.op or len(self.formula(v)) > look.WIDTH):
                self.numbered.add(v)

    def number_tensors(self) -> None:
        """Show the numbers of the Tensors that have no name and that formulas need one for."""
        self.numbered.update([t for t in self.names.number_tensors() if not self.names.given(t)])

    def formula(self, node: Value | Tensor) -> str:
        """How a node was computed, in terms of the nodes that have a name."""
        if isinstance(node, Tensor) and not node.op:
            elements = [self._element(v) for v in node.values[:MOST_ELEMENTS]]
            dots = ["…"] if len(node.values) > MOST_ELEMENTS else []
            return f"[{', '.join(elements + dots)}]" if node.shape else elements[0]
        return str(on_its_own(formula(node, self._symbol)))

    def _symbol(self, node: Value | Tensor) -> Name | None:
        name = self.name(node)
        return Name(name, node.shape if isinstance(node, Tensor) else ()) if name else None

    def _element(self, v: Value) -> str:
        """A Value in a Tensor that was put together by hand: its name, or its formula if names suffice for that."""
        if name := self.name(v):
            return name
        return "…" if any([a.op and not self.name(a) for a in v.inputs]) else str(formula(v, self._symbol))

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
        if is_computed(node):
            alone = [node] == self.roots or (node is self.root and len(self.roots) == 1)
            return "loss" if alone else "operation"
        name = self.name(node)
        if not name:
            return "constant"
        letter = name[0]
        if isinstance(node, Parameter) or node in self.names.parameters or letter in "wW":
            return "parameter"
        if letter == "b" and self._has_weights:
            return "parameter"
        return "target" if letter in "yt" else "input"


def is_computed(node: Value | Tensor) -> bool:
    """Whether a node was computed; a Tensor that records no operation may be made of Values that were."""
    return bool(node.op) or (isinstance(node, Tensor) and any([v.op for v in node.values]))


def sources(tensors: Iterable[Tensor]) -> dict[Tensor, list[Tensor]]:
    """For each Tensor of a graph the Tensors that its numbers come from, each once.

    These are its inputs. Of a Tensor that was put together from Values, and of `map`, whose function
    may use any Value, they are the Tensors that hold these Values or the ones behind them.
    """
    tensors = list(tensors)
    leaves = sorted([t for t in tensors if not t.op], key=lambda t: not t.label)
    owner: dict[Value, Tensor] = {}
    # An operation owns what it computed, a view nothing; of two leaves the one with a label is the original.
    for t in [*[t for t in tensors if t.op], *leaves]:
        shared = {v for a in t.inputs for v in a.values}
        for v in t.values:
            if v not in shared:
                owner.setdefault(v, t)
    found = {t: list(dict.fromkeys(t.inputs)) for t in tensors}
    for t in tensors:
        if t.op in (None, "map"):
            found[t] = list(dict.fromkeys([*t.inputs, *_owners_behind(t, owner)]))
    return found


def _owners_behind(t: Tensor, owner: dict[Value, Tensor]) -> list[Tensor]:
    """The first Tensors other than t on each way back from its Values, in the order of the Values."""
    found: dict[Tensor, None] = {}
    seen: set[Value] = set()
    waiting = list(reversed(t.values))
    while waiting:
        v = waiting.pop()
        if v in seen:
            continue
        seen.add(v)
        if owner.get(v, t) is not t:
            found[owner[v]] = None
        else:
            waiting += reversed(v.inputs)
    return list(found)
