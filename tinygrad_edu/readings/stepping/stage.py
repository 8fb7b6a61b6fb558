"""The stage: the picture of the graph, with a mark on everything that a step shows or changes.

Graphviz lays it out once, with room for the longest text that a place will hold. In the SVG a card
has the id n1, n2, …, the arrows into n2 have the ids n2-1, n2-2, …, and a place for a number carries
`data-value` or `data-gradient` with the number of its node.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from ...value import Value
from ...writing.numbers import number
from ..drawing.picture import SVG, render, unwrap_links
from ..drawing.scene import Scene
from ..drawing.values import NeuronCards, neuron_level, value_level
from ..subject import Subject

if TYPE_CHECKING:
    from ..explaining.rows import Derivation, Row
    from ..layers import Neuron

_INSET = 4.5  # points from the right end of a card's numbers to the middle of its outline


class Card:
    """A card of the picture.

    Attributes:
        id: its id.
        head: the node whose value it ends in.
        nodes: all the nodes that are shown on it.
        rows: those with a value and a gradient on it, from top to bottom.
        folded: leaves below these, with a value alone.
        sources: for each arrow into it, the card that it comes from.
    """

    def __init__(self, id: str, head: Value, neuron: Neuron | None, folded: list[Value]) -> None:
        self.id = id
        self.head = head
        self.nodes = {head}
        self.results = [neuron.z, neuron.h] if neuron and neuron.h else [head]
        self.rows = [*(neuron.parameters if neuron else ()), *self.results]
        self.folded = folded
        self.sources: list[Card] = []

    @property
    def arrows(self) -> list[str]:
        """The ids of the arrows into it."""
        return [f"{self.id}-{k}" for k in range(1, len(self.sources) + 1)]


class Stage(Scene):
    """A Scene with the gradients of a derivation, drawn at one level: "value" or "neuron".

    With `live` the places of numbers have room for others.
    `cards` are its cards, inputs first; `card_of` is the card that a node is shown on; `source` its DOT text.
    """

    def __init__(self, read: Subject, derivation: Derivation, level: str, live: bool = False) -> None:
        super().__init__(read, derivation.digits)
        self.room = "−000." + "0" * derivation.digits if live else ""
        self.blank = False
        self._values = {v: super(Stage, self).value(v) for v in self.values}  # as recorded
        self.level = level
        self._texts: dict[Value, list[str]] = {}  # all that the place of a gradient will hold
        for step in derivation.backward:
            for row in step.rows:
                self._texts.setdefault(row.node, []).append(self.so_far(row))
        self.number_of = {v: i for i, v in enumerate(self.values)}
        neurons = NeuronCards(self) if level == "neuron" else None
        heads = neurons.heads if neurons else [(v, None) for v in self.values]
        self.cards = [
            Card(f"n{i}", v, neuron, neurons.folded.get(v, []) if neurons else [])
            for i, (v, neuron) in enumerate(heads, 1)
        ]
        of_head = {card.head: card for card in self.cards}
        self.card_of = {v: of_head[neurons.card_of[v] if neurons else v] for v in self.values}
        for v, card in self.card_of.items():
            card.nodes.add(v)
        for card, (v, neuron) in zip(self.cards, heads):
            card.sources = [self.card_of[a] for a in (neurons.sources(v, neuron) if neurons else v.inputs)]
        graph = neuron_level(self, neurons) if neurons else value_level(self)
        self.source = str(graph.source)

    def number_values(self) -> None:
        """Show all numbers: each step is called by the name that it has in the lines of the derivation."""
        self.numbered.update([v for v in self.values if not self.name(v) and not self.names.is_constant(v)])

    def so_far(self, row: Row) -> str:
        """A gradient once a row of the backward pass is done, as its card shows it."""
        return number(row.result if row.total is None else row.total, self.digits)

    def value(self, v: Value) -> str:
        """The longest text that its place will hold."""
        return max(self._values[v], self.room, key=len)

    def gradient(self, v: Value) -> str:
        """The longest text that its place will hold."""
        return max(*self._texts.get(v, [""]), self.room, key=len)

    def svg(self, timeout: float) -> str:
        """The picture with its marks.

        Raises:
            RuntimeError, ValueError, TimeoutError: as `Drawing.svg`.
        """
        root = ET.fromstring(render(self.source, "svg", timeout))
        cards = {card.id: card for card in self.cards}
        arrows: dict[tuple[str, ...], list[ET.Element]] = {}
        for element in root.iter():
            element.tag = element.tag.removeprefix(SVG)
            element.attrib.pop("font-family", None)  # the page says it once
        for element in root.iter():
            unwrap_links(element)
        for group in sorted(root.iter("g"), key=_place_in_source):
            kind, title = group.get("class", "").split(" ")[0], group.find("title")
            ends = tuple(re.findall(r"n\d+", title.text or "" if title is not None else ""))
            if kind == "edge":
                arrows.setdefault(ends, []).append(group)
            elif card := cards.get(group.get("id", "")):
                self._mark(group, card)
            if title is not None:
                group.remove(title)
        for card in self.cards:
            for k, (id, source) in enumerate(zip(card.arrows, card.sources)):
                arrow = arrows[source.id, card.id].pop(0)
                arrow.set("id", id)
                for text in arrow.iter("text"):  # at the value level, an arrow for each input
                    text.set("data-partial", f"{self.number_of[card.head]},{k}")
        root.attrib |= {"class": "tinygrad-edu", "aria-hidden": "true"}  # the lines beside it say the same in words
        return ET.tostring(root, encoding="unicode").strip()

    def _mark(self, group: ET.Element, card: Card) -> None:
        """Say in the SVG which text of a card is which number: a gradient is italic, and nothing else is."""
        texts = group.findall("text")
        outline = [e for e in group if e.tag in ("path", "polygon") and e.get("fill") == "none"][-1]
        outline.set("class", "outline")
        points = re.findall(r"(-?[\d.]+),", outline.get("points") or outline.get("d") or "")
        right = max(map(float, points)) - _INSET
        gradients = [i for i, text in enumerate(texts) if text.get("font-style") == "italic"]
        before = 1 if len(card.rows) > 1 else 2  # in a row of its own the gradient has a word before it
        shown = card.rows[: len(gradients) - len(card.results)] + card.results  # a long card leaves some out
        for i, v in zip(gradients, shown):
            self._place_value(texts[i - before], v, right if before == 2 else None)
            texts[i].attrib |= {"data-gradient": str(self.number_of[v]), "text-anchor": "end", "x": f"{right:g}"}
            texts[i].text = ""
        below = texts[gradients[-1] + 2 :: 2]  # further rows, each a name and a number
        for text, v in zip(below, card.folded):
            self._place_value(text, v, right)
        for k, text in enumerate(below[len(card.folded) :]):  # the softmax on a card of logsumexp: its slopes
            text.attrib |= {"class": "slope", "data-partial": f"{self.number_of[card.head]},{k}"}

    def _place_value(self, text: ET.Element, v: Value, right: float | None) -> None:
        """Say which number it is. Where others may come, let it end where the longest text of the place would."""
        text.set("data-value", str(self.number_of[v]))
        if self.room:
            if right is None:
                right = float(text.get("x", "0")) + _width(text.text or "") * float(text.get("font-size", "12"))
            text.attrib |= {"text-anchor": "end", "x": f"{right:g}"}
            text.text = self._values[v]


def _width(text: str) -> float:
    """The width of a number in DejaVu Sans, in sizes of the font."""
    return sum([{"−": 0.838, ".": 0.318, "+": 0.838, "e": 0.615}.get(c, 0.636) for c in text])


def _place_in_source(group: ET.Element) -> int:
    """Graphviz numbers the edges in the order of the DOT text, and draws them in another."""
    return int("0" + "".join(filter(str.isdigit, group.get("id", ""))))
