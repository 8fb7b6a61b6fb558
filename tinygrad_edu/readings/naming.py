"""What the nodes of a graph are called, in every reading of it.

A node is called by the first of these that it has: its label; for a Parameter its place in the Module that holds it
(W_query⁽²⁾); its role, in a layer (z⁽¹⁾, h⁽¹⁾), in a loss (ŷ, y) or as data (x); ∂y/∂x; L, y or f for the result;
for an element its place in a Tensor with a name (z⁽¹⁾₂). All others are v₁, v₂, … in the order computed. A label that
begins with ∂ comes last, unless it is that of the result.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import zip_longest
from typing import Any, TypeAlias

from .. import array_ops, ops
from ..array_ops import Operation
from ..derivative_name import DerivativeName
from ..errors import check_label
from ..graph import topological_order
from ..network.members import Member, Placed, Suggested, parameter_names
from ..network.nn import ALONE, Parameter, member_of
from ..network.tensor import Tensor, from_values
from ..shapes import Shape
from ..tree import values_in
from ..value import Value
from ..writing.latex import latex_name
from ..writing.notation import SUBSCRIPT, array_name, element, elements, of_layer
from .formulas import is_view
from .layers import (
    WEIGHTS,
    Affine,
    by_depth,
    by_height,
    computed_from,
    find_layers,
    find_neurons,
    labelled,
    letters,
    member,
    users_of,
)

Node: TypeAlias = Value | Tensor

_TARGETS = {"y", "t", "target"}
#: Labels of this form never look alike in LaTeX: letters and digits, what is raised, a time, and what is below.
_PLAIN = re.compile(r"[A-Za-zα-ωΑ-Ωŷ0-9]+′*(⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾)*(\[\d+\])?[₀-₉,]*")


class Names:
    """The names of one document: each node has one, and no two share one, in text or in LaTeX.

    Of several nodes with the same label the first keeps it; the others are h′, h′′, h′′′, h′₍₄₎ …
    A Tensor of shape () and its one Value are the same quantity and have the same name, as have
    any Tensor of one element and its Value that have the same label.

    `values` and `tensors` are the two graphs that end in the roots, inputs first (no Tensors where
    a root is a Value); `layers` and `neurons` are the networks in them, `targets` the numbers that losses compare
    with. `softmax` maps a Tensor logsumexp(z) or log_softmax(z) to ŷ = softmax(z), which its derivative contains and
    the graph does not.

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
        self.roots = list(dict.fromkeys(values_in(self._roots)))
        self.values = topological_order(*self.roots)
        self.tensors = topological_order(*[r for r in self._roots if isinstance(r, Tensor)])
        self.layers = find_layers(self.tensors)
        self.parameters = {v for t in self.tensors if isinstance(t, Parameter) for v in t.values}
        self.parameters |= {v for v in self.values if member(v)}
        self.neurons = find_neurons(self.values, self.parameters, self.layers)
        for v in self.values:
            check_label(v.label)
        mentioned = [v.label for v in self.values if isinstance(v.label, DerivativeName)]
        others = dict.fromkeys([*others, *[v for d in mentioned for v in d.nodes]])  # the y and x of each ∂y/∂x
        self._all_values = list(dict.fromkeys([*self.values, *[v for v in others if isinstance(v, Value)]]))
        self._all_tensors = list(dict.fromkeys([*self.tensors, *[t for t in others if isinstance(t, Tensor)]]))
        self.softmax: dict[Tensor, Tensor] = {}
        self.targets: set[Value] = set()
        self._names: dict[Node, str] = {}
        everything: list[Node] = [*self._all_values, *self._all_tensors]
        height = [by_height(nodes, reverse=True) for nodes in (self._all_tensors, self._all_values)]
        self._farthest_first: list[Any] = [*height[0], *height[1]]
        labels = {label for node in everything if (label := _label(node))}  # kept for the nodes that have them
        labels |= {name for d in mentioned for name in (d.y, *d.xs) if name and not d.nodes}
        plain = all(map(_PLAIN.fullmatch, labels))
        self._labels: set[str] = labels if plain else _Written(labels)
        self._used: set[str] = set() if plain else _Written()
        self._copies: dict[str, int] = {}  # by label: how many primes its last copy has
        self._called: dict[Node, tuple[str, ...]] = {}  # what a root may be called
        for root in sorted(self._roots, key=lambda root: isinstance(root, Value)):
            if root.op or isinstance(root, Value) or not root.shape:
                of_tensor = ("L", "y") if len(values_in(root)) == 1 else ("y",)
                self._called.setdefault(_one(root), of_tensor if isinstance(root, Tensor) else ("f", "y", "L"))
        self._arrays: dict[Any, str] = {}  # what those are called of which only elements are in the graph
        self._last = 0  # the k of the last vₖ
        # A node keeps the first name that it gets, and of a name that is taken the next gets a prime: the order counts.
        self._name_by_label(_own_label)  # a user's label comes before every automatic name
        self._name_parameters()  # the place in a network comes before the layer, whose letters are for what has none
        self._name_layers()
        self._name_by_label(_suggestion)  # before the losses: what a network is to give back is its x, and not a y
        self._name_by_loss()
        self._name_data()  # x or y for data that has no other name
        self._name_derivatives(everything)  # ∂y/∂x is made of the names of y and x
        for root, choices in self._called.items():  # L, y or f for a result that is not a derivative
            self._call(root, *choices)
        self._name_like_derivatives()  # last: ∂L/∂w is a derivative of the result, and not what a user calls so
        self._given = dict(self._names)  # by label, place or role, and not a number
        self._find_targets()
        leaves = {v for v in self.values if not v.op}
        nameless = {v for v in leaves if v not in self._names and v not in others} - self.parameters
        self._constants: set[Node] = {*nameless} if nameless < leaves else set()
        for t in self.tensors:
            if not is_computed(t) and t not in others and leaves.intersection(t.values) <= self._constants:
                self._constants.add(_one(t))

    def given(self, node: Node) -> str | None:
        """The name that a node has by its label, role or place, or None."""
        return self._given.get(_one(node))

    def __call__(self, node: Node) -> str:
        """The name of a node, or v₁, v₂, … in the order computed if it has none by its label, place or role."""
        node = _one(node)
        if node not in self._names and not self._last:
            self._number_all()
        if node not in self._names:  # a constant, another view of what has a name, or what is not in the graph
            self._number(node)
        return self._names[node]

    @cached_property
    def place(self) -> dict[Node, int]:
        """Where each node stands when all are ordered by depth; a Tensor at its first element, but after its inputs."""
        place: dict[Node, int] = {v: k for k, v in enumerate(by_depth(self.values))}
        for t in self.tensors:
            first = min([place.get(v, 0) for v in t.values])
            place[t] = max([first, *[place[a] for a in t.inputs]])
        return place

    def is_constant(self, node: Node) -> bool:
        """Whether a node is a leaf without a name, such as the 2 in 2 * x, or a condition, which gets no gradient.

        In a graph in which no leaf has a name, no number is a constant.
        """
        return _one(node) in self._constants

    def _number_all(self) -> None:
        """Number all but constants and views, layer by layer; the elements of a Tensor are v₁,₁, v₁,₂, …

        The numbers inside an operation on Tensors, such as those that a softmax adds up, come last.
        """
        whole = [t for t in self.tensors if t.shape and t not in self._names]
        whole = [t for t in whole if not (len(t.inputs) == 1 and is_view(t))]
        told = self._constants.union(self._names, *[t.values for t in whole])
        nodes: list[Node] = [*whole, *[v for v in self.values if v not in told]]
        elements = [v for t in self.tensors if t.shape for v in t.values]
        inside = computed_from(elements, self.values).difference(*[t.values for t in self.tensors])
        for node in sorted(nodes, key=lambda node: (node in inside, self.place[node])):
            if node not in self._names:
                self._number(node)

    def _number(self, node: Node) -> None:
        name = ""
        while not name or name in self._used or name in self._labels:
            self._last += 1
            name = element("v", (self._last - 1,), (1,))
        if isinstance(node, Tensor) and len(node.values) == 1:
            self._names.setdefault(node.values[0], name)
        self._set(node, name)

    def _set(self, node: Node, name: str) -> None:
        """Give a node a name; and to the elements of a Tensor, unless they have labels, those of their places in it."""
        self._names[_one(node)] = name
        self._used.add(name)
        if not isinstance(node, Tensor) or not node.shape:
            return
        if len(node.values) == 1 and _label(node) and _label(node) == _label(node.values[0]):
            self._names.setdefault(node.values[0], name)
        own = elements(_label(node) or "", node.shape)
        for v, place, of_label in zip(node.values, elements(name, node.shape), own):
            label = _label(v)
            chosen = not v.op and len(node.inputs) > 1  # a constant among what is computed
            if (label is None and place not in self._labels and not chosen) or label == of_label:
                if place not in self._used:
                    self._names.setdefault(v, place)
                self._used.add(place)  # also where it is a view, and v has its name elsewhere

    def _call(self, node: Node, *choices: str) -> None:
        """Call the node by the first of the choices that is free; else by the first with primes: h′, h′′, …"""
        if _one(node) not in self._names:
            shape, values = (node.shape, node.values) if isinstance(node, Tensor) else ((), ())
            self._set(node, self._free(choices, _label(node), shape, values))

    def _call_element(self, v: Value, array: Any, name: str, shape: Shape, offset: int) -> None:
        """Call a Value by its place in an array that is not in the graph. `name` and `shape` are those of the array."""
        if v not in self._names:
            if array not in self._arrays:
                self._arrays[array] = self._free([name], _label(v), shape)
                if shape:
                    self._used.add(self._arrays[array])
            self._call(v, elements(self._arrays[array], shape)[offset])

    def _free(self, choices: Sequence[str], own: str | None, shape: Shape = (), values: Iterable[Value] = ()) -> str:
        """The first choice that is free, else the first one with primes.

        Free means that nothing has the name, that it is not a user's label for another node, and that the names of the
        elements are free. (What a user calls so keeps its name even if the name of an element is taken.)
        """

        def is_free(name: str) -> bool:
            if name in self._used or (name in self._labels and name != own):
                return False
            taken = {place for place in elements(name, shape) if place in self._used} if shape else set()
            return name == own or taken <= {self._names.get(v) for v in values}

        first = choices[0]
        while not (free := list(filter(is_free, choices))):
            self._copies[first] = k = self._copies.get(first, 0) + 1
            choices = [_primed(first, k)]
        return free[0]

    def _name_by_label(self, label_of: Callable[[Node], str | None], derivatives: bool = False) -> None:
        """Call each by its label: of several with one the farthest from the root first, as the x of the first step."""
        for node in self._farthest_first:
            label = label_of(node)
            if not label or (label.startswith("∂") and not (derivatives or node in self._roots)):
                continue
            if isinstance(node.label, Placed) and (whole := node.label.whole):
                name = " ".join(whole.label.split())
                self._call_element(node, whole.member or whole, name, whole.shape, node.label.offset)
            else:
                self._call(node, label)
        for t in self._all_tensors:
            if t not in self._names and (one := labelled(t)) is not t and label_of(one) and one in self._names:
                self._names[t] = self._names[one]

    def _name_parameters(self) -> None:
        """By their place in a network: one network after the other."""
        nodes: dict[Member, list[Node]] = {member_of(t): [t] for t in self._all_tensors if isinstance(t, Parameter)}
        whole = {*nodes}
        for v in self._all_values:  # elements whose Parameter is not in the graph of Tensors
            if isinstance(v.label, Suggested) and (place := member(v)) and place not in whole:
                nodes.setdefault(place, []).append(v)
        used = [member_of(W) for layer in self.layers for W in layer.weights if isinstance(W, Parameter)]
        for network in dict.fromkeys([place.outermost for place in (*used, *nodes)]):
            for place, name in ({} if network.shape is not None else parameter_names(network)).items():
                for node in nodes.get(place, []):
                    self._call_parameter(node, name)

    def _call_parameter(self, node: Any, name: str) -> None:
        """Call a Parameter, or an element of one that is not in the graph, by the name or by the place in it."""
        if isinstance(node, Parameter):
            self._call(node, name)
        elif node not in self._names and (place := member(node)):
            self._call_element(node, place, name, place.shape or (), node.label.offset)

    def _name_layers(self) -> None:
        """z⁽ˡ⁾ and h⁽ˡ⁾, with their time where the weights are used again; and weights without a place."""
        sizes: dict[Any, int] = {}  # of the layers that neurons are in
        for neuron in self.neurons:
            sizes[neuron.layer] = max(sizes.get(neuron.layer, 0), 1 + (neuron.place or 0))
        affines: list[Affine[Any]] = [*self.layers, *self.neurons]
        for affine in affines:
            for letter, parameters in (("W", affine.weights), ("b", affine.biases)):
                for p in parameters:
                    self._call_parameter(p, of_layer(letter, affine.number))
            for letter, node in (("z", affine.z), ("h", affine.h)):
                if isinstance(node, Tensor):
                    self._call(node, affine.name(letter))
                elif node is not None:
                    use = letter, affine.layer, affine.time, affine.use
                    shape = () if affine.place is None else (sizes[affine.layer],)
                    self._call_element(node, use, affine.name(letter), shape, affine.place or 0)
        for p in self._all_tensors:
            if isinstance(p, Parameter):
                self._call(p, ALONE)

    def _name_by_loss(self) -> None:
        """ŷ and y, where a loss says what its inputs are. Losses come in the order of labels: ŷ′ is beside y′."""
        inputs = {x for layer in self.layers for x in layer.inputs}
        for t in by_height(self.tensors, reverse=True):
            of_computed = t.op is array_ops.LOG_SOFTMAX and is_computed(t.inputs[0])  # a loss may be written by hand
            roles = ("softmax",) if of_computed else t.operation.roles if t.operation else ()
            for a, role in zip(t.inputs, roles):
                if role == "softmax" and "ŷ" not in self._labels and (y_hat := _softmax(t)) is not None:
                    self._call(y_hat, "ŷ")
                    self.softmax[t] = y_hat
                elif role == "ŷ":
                    self._call(a, role)
                elif role == "y" and not is_computed(a) and a not in inputs:  # a network may be to give back its x
                    self._call(a, role)
                    self.targets.update(a.values)

    def _find_targets(self) -> None:
        """What is called y or t and is compared by hand, by a difference or a logarithm, where something is learned."""

        def is_called(v: Value, names: set[str]) -> bool:
            return not v.op and letters(self._names.get(v, "")) in names

        learns = self.parameters or any([is_called(v, WEIGHTS) for v in self.values])
        for node in self.values if learns else ():
            if node.op in (ops.SUB, ops.MUL, ops.DOT):
                sides = node.op.arguments(node.inputs)
                for a, b in zip(*sides) if node.op is ops.DOT else [sides, sides[::-1]]:
                    compared = b.op if node.op is ops.SUB else b.op is ops.LOG
                    if compared and is_called(a, _TARGETS):
                        self.targets.add(a)

    def _name_data(self) -> None:
        """x for the data that enters, y for what it is compared with."""
        owned = {v for t in self.tensors if t.op or t in self._names for v in t.values}

        given = [t for t in self.tensors if t.shape and not isinstance(t, Parameter) and not is_computed(t)]
        used = {*self.values}
        data = dict.fromkeys([t for t in given if not used.isdisjoint(t.values)])  # but no conditions

        def is_data(t: Tensor) -> bool:
            return t in data and t not in self._names and owned.isdisjoint(t.values)

        def shown(t: Tensor) -> Tensor:
            """What a view shows."""
            while len(t.inputs) == 1 and is_view(t):
                (t,) = t.inputs
            return t

        taken = [x for layer in self.layers for x in layer.inputs]
        if not any([_label(t) for t in map(shown, taken) if not is_computed(t)]):  # else it is a start, such as h₀ = 0
            for x in filter(is_data, taken):
                self._call(x, "x")
        if self.parameters:  # and what is only compared with what is computed from it is the target
            users = users_of(self.tensors)
            for y in filter(is_data, data):
                if users[y] and all([t.op is ops.SUB and any(map(is_computed, t.inputs)) for t in users[y]]):
                    self._call(y, "y")
                    self.targets.update(y.values)
                    for prediction in [a for t in users[y][:1] for a in t.inputs if is_computed(a)]:
                        self._call(prediction, "ŷ")
        if not any([t in self._names and self.targets.isdisjoint(t.values) for t in data]):
            for x in [*filter(is_data, data)][:1]:
                self._call(x, "x")

    def _name_derivatives(self, nodes: Sequence[Node]) -> None:
        """∂y/∂x, by the names of what was differentiated by what; a y without a name is called g."""
        for node in nodes:
            if isinstance(d := node.label, DerivativeName):
                for y in d.nodes[:1] if not d.y else ():
                    self._call(y, *self._called.get(y, ("g",)))
                y, *xs = [self._names.get(v) or text for v, text in zip_longest(d.nodes, [d.y, *d.xs])]
                self._call(node, DerivativeName(y or self._free(["g"], None), xs))
            elif (of := differentiated(node)) is not None and (x := self._names.get(_one(node.inputs[0]))):
                above = self._names.get(_one(of)) or of.label or ""
                if not isinstance(above, DerivativeName):
                    above = DerivativeName(above, ())
                self._call(node, DerivativeName(above.y, [*above.xs, x]))

    def _name_like_derivatives(self) -> None:
        if any([label.startswith("∂") for label in self._labels]):
            root = self._names.get(_one(self._roots[0])) if len(self._roots) == 1 else None
            for name in {*self._names.values()} if root else ():
                self._used.add(DerivativeName(str(root), [name]))
            self._name_by_label(_own_label, derivatives=True)


_look = lru_cache(maxsize=1024)(latex_name)


class _Written(set[str]):
    """Names, of which two count as one if LaTeX writes them alike, as x_1 and x₁."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        super().__init__([look for name in names for look in (name, _look(name))])

    def __contains__(self, name: Any) -> bool:
        return super().__contains__(name) or super().__contains__(_look(name))

    def add(self, name: str) -> None:
        self.update((name, _look(name)))


def _primed(name: str, k: int) -> str:
    """h′, h′′, h′′′, h′₍₄₎, …; of x₁ it is x′₁, as of the x′ that it may be an element of."""
    whole = array_name(name)
    return whole + ("′" * k if k <= 3 else f"′₍{str(k).translate(SUBSCRIPT)}₎") + name.removeprefix(whole)


def _one(node: Node) -> Node:
    """The one Value of a Tensor of shape (), which is the same quantity; any other node itself."""
    return node.values[0] if isinstance(node, Tensor) and not node.shape else node


def _own_label(node: Node) -> str | None:
    """The label that a user gave a node, on one line; None where there is none."""
    if not node.label or isinstance(node.label, (Suggested, DerivativeName)):
        return None
    return " ".join(node.label.split()) or None


def _suggestion(node: Node) -> str | None:
    return node.label if isinstance(node.label, Suggested) else None


def _label(node: Node) -> str | None:
    """The user's label; that of a Value is that of the Tensor made of it."""
    return _own_label(labelled(node))


def differentiated(node: Node) -> Node | None:
    """The y of a Tensor ∂y/∂x that `grad` has computed; None for any other node."""
    y: Node | None = node.operation.of if isinstance(node, Tensor) and node.operation else None
    return y


def lse_nodes(t: Tensor) -> list[Value]:
    """The log Σ exp of each row of z, for a Tensor that was computed by logsumexp or log_softmax."""
    return list(dict.fromkeys([v if v.op is ops.LSE else v.inputs[1] for v in t.values]))


def _softmax(t: Tensor) -> Tensor | None:
    """softmax(z), which is the slope of log Σ exp z along rows; the graph that ends in the loss does not compute it."""
    z = t.inputs[0]
    nodes = lse_nodes(t)
    along_rows = t.operation and t.operation.axis in (None, (z.ndim - 1,))
    if not along_rows or not all([v.op is ops.LSE for v in nodes]):
        return None
    numbers = [Value(p) for v in nodes for p in v.partials]
    return from_values(numbers, z.shape, Operation(array_ops.SOFTMAX, (z.ndim - 1,)), z)


def is_computed(node: Node) -> bool:
    """Whether a node was computed; a Tensor that records no operation may be made of Values that were."""
    return bool(node.op) or (isinstance(node, Tensor) and any([v.op for v in node.values]))
