"""The stage: the picture of the graph, with a mark on everything that a step shows or changes.

Graphviz lays it out once, with room for the numbers that may come; the page fills them in. In the SVG a card has the
id n1, n2, …, the arrows into n2 have the ids n2-1, n2-2, …, and the group of a number carries `data-value` or
`data-gradient` with the number of its node, or `data-slope` with a node and which of its inputs.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...graph import topological_order
from ...network.tensor import Tensor
from ...tree import values_in
from ...value import Value
from ..drawing import look
from ..drawing.picture import SVG, render, unwrap_links
from ..drawing.scene import Scene
from ..drawing.tensors import TensorCards
from ..drawing.values import ValueCards
from ..explaining.rows import Derivation, Row
from ..naming import lse_nodes
from ..subject import Subject

_INSET = 2  # points between a number and the outline of its card
_PLACES = {"value", "gradient", "slope"}  # what a marked cell may hold


@dataclass(eq=False)
class Card:
    """A card of the picture.

    Attributes:
        id: its id.
        head: the Value or Tensor that it ends in.
        nodes: the Values that are shown on it, and those inside its formula.
        sources: for each arrow into it, the id of the card that it comes from.
        is_neuron: whether it is the card of a neuron.
    """

    id: str
    head: Value | Tensor
    nodes: list[Value]
    sources: list[str]
    is_neuron: bool


class Stage(Scene):
    """A Scene whose numbers are filled in by the page, drawn at one level: "value", "neuron" or "tensor".

    Attributes:
        nodes: the Values of the page, inputs first; `number_of` tells the number of each.
        given: what an optimiser sets and remembers, by letter, as leaves of no card; `number_of` counts on.
        slope_of: for each element of a ŷ that no node computes, the log Σ exp z and the input whose slope it is.
        cards: the cards, inputs first; `card_of` tells on which a Value or Tensor is.
        source: the DOT text.
    """

    padding = 1
    close = True

    def __init__(self, read: Subject, digits: int, level: str) -> None:
        super().__init__(read, digits)
        self.level = level
        self.blank = False
        self.slope_of: dict[Value, tuple[Value, int]] = {}
        self.given: dict[str, Value | Tensor] = {}
        tensors = TensorCards(self) if level == "tensor" else None
        cards = ValueCards(self, level)
        if tensors:
            for t, y_hat in self.names.softmax.items():
                slopes = [(v, k) for v in lse_nodes(t) for k in range(len(v.partials))]
                self.slope_of |= dict(zip(y_hat.values, slopes))
            ids: dict[Any, str] = tensors.ids
            sources = {tensors.ids[t]: tails for t, tails in tensors.tails.items()}
            shown = [*tensors.shown, *tensors.parameter_of]
            self.nodes = self._graph_of([*read.quantities.of, *shown])
            on = {v: tensors.ids[t] for t in reversed(shown) for v in t.values}
            for b in reversed(self.nodes):  # what has no card is inside the formula that needs it first
                for a in b.inputs if b in on else ():
                    on.setdefault(a, on[b])
        else:
            self.nodes = self.values
            ids = dict(cards.ids)
            on = {v: ids[cards.card_of[v]] for v in self.values}
            sources = {ids[v]: [ids[a] for a in cards.sources(v)] for v in cards.heads}
        self.number_of = {v: k for k, v in enumerate(self.nodes)}
        of_id: dict[str, Card] = {}
        for v, id in ids.items():
            of_id.setdefault(id, Card(id, v, [], sources.get(id, []), not tensors and bool(cards.heads[v])))
        for v in self.nodes:
            if v in on:
                of_id[on[v]].nodes.append(v)
        self.cards = list(of_id.values())
        self.card_of = {v: of_id[id] for v, id in {**ids, **on}.items()}
        graph = (tensors or cards).graph()
        self.source = str(graph.source)

    def _graph_of(self, tensors: list[Tensor]) -> list[Value]:
        """Their numbers and all that these need; the page begins its backward pass at the last one."""
        order = topological_order(*[v for t in tensors for v in t.values if v not in self.slope_of], self.roots[0])
        return [v for v in order if v is not self.roots[0]] + [self.roots[0]]

    def remember(self, derivation: Derivation, given: Sequence[Row]) -> None:
        """Fill in `given` for an update: the settings of the optimiser, and its state."""
        made = Tensor if self.level == "tensor" else Value
        names = {str(row.quantity): made(row.result) for row in given}
        derivation.names |= {node: name for name, node in names.items()}
        self.given = {name.rstrip("′"): node for name, node in names.items()}
        self.number_of |= {v: k for k, v in enumerate(values_in(self.given), start=len(self.nodes))}

    def number_values(self) -> None:
        """Show all numbers: each step is called by the name that it has in the lines of the derivation."""
        self.numbered.update([v for v in self.values if not self.name(v) and not self.names.is_constant(v)])

    def mark(self, what: str, v: Value) -> str:
        if v in self.slope_of:
            v, k = self.slope_of[v]
            what = f"slope {k}"
        return "-".join([*what.split(), str(self.number_of[v])]) if v in self.number_of else ""

    def arrow(self, head: str, k: int) -> dict[str, str]:
        return {"id": f"{head}-{k}"}

    def beside(self, v: Value) -> str:
        """On the page a card says how its number was computed."""
        formula = f" = {self.formula(v)}"
        return formula if len(f"{self.name(v)}{formula}") <= look.WIDTH else super().beside(v)

    def value(self, v: Value) -> str:
        return room(self.digits)

    gradient = value

    def element(self, x: float) -> str:
        return room(self.digits, in_matrix=True)

    def slope(self, partial: float) -> str:
        return f"×({room(self.digits, in_matrix=True)})"

    def svg(self, timeout: float) -> str:
        """The picture with its marks.

        Raises:
            RuntimeError, ValueError, TimeoutError: as `Drawing.svg`.
        """
        root = ET.fromstring(render(self.source, "svg", timeout))
        for element in root.iter():
            element.tag = element.tag.removeprefix(SVG)
            element.attrib.pop("font-family", None)  # the page says it once
        for group in root.iter("g"):
            _mark(group)
        for element in root.iter():
            unwrap_links(element)
        root.attrib |= {"class": "tinygrad-edu", "role": "group", "aria-label": "The leaves, each with its number"}
        return ET.tostring(root, encoding="unicode").strip()


def room(digits: int, in_matrix: bool = False) -> str:
    """A text as wide as the place for a number."""
    return ("−0." if in_matrix else "−00.") + "0" * max(digits, 1)


def width(room: str) -> float:
    """The width of such a text in DejaVu Sans, in sizes of the font."""
    return 0.838 + 0.318 + 0.636 * (len(room) - 2)


def _mark(group: ET.Element) -> None:
    """A cell with an id, which Graphviz makes a link, becomes the group of a number that ends where its room does."""
    what, *numbers = group.get("id", "").removeprefix("a_").split("-")
    link = group.find("a")
    if what not in _PLACES or link is None:
        return
    polygons = link.findall("polygon")  # the background, and of a cell of a matrix the border
    for background in polygons[:1]:
        fill, points = background.get("fill", ""), background.get("points", "")
        background.attrib = {"class": "row", "fill": fill, "points": points}
        if len(polygons) > 1:  # the page shades it, once its number is shown
            background.attrib |= {"class": "cell", "fill": look.colour("operation")}
    group[:] = [*polygons[:1], *link.findall("text")]
    group.attrib = {"class": "place", f"data-{what}": ",".join(reversed(numbers))}
    for text in group.iter("text"):
        size = float(text.get("font-size", "12"))
        right = float(text.get("x", "0")) + width(text.text or "") * size - _INSET
        text.attrib = {"x": f"{right:.1f}", "y": text.get("y", "0"), "font-size": f"{size:g}"}
        text.text = ""
