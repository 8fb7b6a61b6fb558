"""The tensor level: a card a Tensor, values beside gradients, and a frame around every layer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ... import array_ops
from ...network.tensor import Tensor
from ..formulas import on_its_own
from ..layers import ACTIVATIONS, Layer
from ..quantities import Quantities, TensorGraph
from . import look
from .dot import edge, new_graph, node, part
from .tensor_card import parameter_card, tensor_card

if TYPE_CHECKING:
    from typing import Any

    from ..quantities import Node
    from .scene import Scene

FUNCTIONS = (*ACTIVATIONS, array_ops.SOFTMAX, array_ops.LOG_SOFTMAX)


class TensorCards:
    """Which Tensors get a card.

    The parameters of a layer share a card. In a network the steps without a name (W x before b is
    added, the squares of a loss) are part of the formula of what they lead to, unless several
    formulas need them; without a network every Tensor is a card.
    """

    def __init__(self, scene: Scene) -> None:
        assert isinstance(scene.root, Tensor)
        graph = TensorGraph(scene.root)
        self.quantities = Quantities(graph, scene.names, ())
        scene.numbered.update([t for t in self.quantities.of if not scene.names.given(t)])
        self.scene = scene
        self.layers = scene.layers
        self.parameter_of: dict[Tensor, Layer] = {}
        for layer in scene.layers:
            for t in (layer.W, layer.b):
                if t is not None:
                    self.parameter_of.setdefault(t, layer)
        self.in_layers = {t for layer in scene.layers for t in (layer.z, layer.h)}
        nodes = [node for node in graph.order if node.tensor not in self.parameter_of and self._is_shown(node)]
        for t in self.quantities.softmax:
            nodes.insert(-1, graph.nodes[scene.names.softmax[t]])  # the root stays the last
        self.shown = dict.fromkeys([node.tensor for node in nodes])
        self.sources = {node.tensor: self._cards_behind(node) for node in nodes}
        self.uses = Counter([a for behind in self.sources.values() for a in behind])

    def _is_shown(self, node: Node) -> bool:
        t = node.tensor
        if t in self.quantities.of or t.label:
            return True
        if node.base is not node:
            return False
        if not node.inputs:
            return len(t.values) > 1 or not self.layers
        return not self.layers or t.op in FUNCTIONS

    def _cards_behind(self, node: Node) -> list[Tensor]:
        """The Tensors with a card, or on a parameter card, that a Tensor is computed from, each once."""
        found: dict[Tensor, None] = {}
        waiting = list(reversed(node.inputs))
        seen: set[Node] = set()
        while waiting:
            a = waiting.pop()
            if a.tensor in self.shown or a.tensor in self.parameter_of:
                found[a.tensor] = None
            elif a not in seen:
                seen.add(a)
                waiting += reversed(a.inputs)
        return list(found)

    def formula(self, t: Tensor) -> str | None:
        """How a Tensor was computed, in terms of those that have a name; None if it was not."""
        node = self.quantities.graph.nodes[t]
        return str(on_its_own(self.quantities.written_out(node))) if node.inputs else None

    def __len__(self) -> int:
        return len(self.shown) + len({id(layer) for layer in self.parameter_of.values()})

    def own(self, layer: Layer) -> list[Tensor]:
        """The parameters on the card of the layer: W and b, unless they are on the card of an earlier layer."""
        both = [t for t in (layer.W, layer.b) if t is not None]
        return [t for t in dict.fromkeys(both) if self.parameter_of[t] is layer]

    def is_parameter(self, a: Tensor, z: Tensor) -> bool:
        """Whether a is on the parameter card of the layer that computes z."""
        return a in self.parameter_of and self.parameter_of[a].z is z

    def is_target(self, a: Tensor, t: Tensor) -> bool:
        """Whether a is a leaf that only t, which belongs to no layer, is computed from."""
        leaf = not self.quantities.graph.nodes[a].inputs
        return bool(self.layers) and t not in self.in_layers and leaf and self.uses[a] == 1


def tensor_level(cards: TensorCards, rankdir: str | None = None, title: str | None = None) -> Any:
    """The graph of Tensors."""
    rankdir = rankdir or "LR"
    order = {} if cards.layers else {"ordering": "in"}  # a × b: a first
    graph = new_graph(title, rankdir, nodesep="0.3", ranksep="0.55", **order)
    ids = {t: f"n{k}" for k, t in enumerate(cards.shown, start=1)}
    for l, layer in enumerate(cards.layers, start=1):
        ids |= dict.fromkeys(cards.own(layer), f"p{l}")
    framed: set[Tensor] = set()
    for l, layer in enumerate(cards.layers, start=1):
        framed |= _frame(graph, cards, l, layer, ids, rankdir)
    for t in cards.shown:
        if t not in framed:
            _tensor_node(graph, cards, t, ids[t])
    for t in cards.shown:
        drawn: set[str] = set()
        for a in cards.sources[t]:
            if cards.is_parameter(a, t) or ids[a] in drawn:
                continue  # its arrow is in the frame; or W and b, one card, one arrow
            drawn.add(ids[a])
            if cards.is_target(a, t):
                unseen = part(f"cluster_{ids[t]}", peripheries="0", label="")
                _beside(unseen, ids[a], ids[t], rankdir)
                graph.subgraph(unseen)
            else:
                edge(graph, ids[a], ids[t], weight="10" if t in cards.in_layers else "2")
    return graph


def _beside(frame: Any, tail: str, head: str, rankdir: str) -> None:
    """An arrow from a card to the one it stands beside: below it, where the drawing runs sideways, else left of it.

    Of two cards in one rank Graphviz puts the tail of an edge first, but last in a frame from left to right.
    """
    pair = part(rank="same")
    tailport, headport = ("n", "s") if rankdir in ("LR", "RL") else ("e", "w")
    edge(pair, tail, head, tailport=tailport, headport=headport)
    frame.subgraph(pair)


def _frame(graph: Any, cards: TensorCards, l: int, layer: Layer, ids: dict[Tensor, str], rankdir: str) -> set[Tensor]:
    """The frame of one layer, titled with its formula, around its parameters, z and h."""
    own = cards.own(layer)
    inside = [t for t in (layer.z, layer.h) if t is not None and t in ids]
    lines = [look.row(look.cell(look.styled(f"layer {l}", "muted", bold=True), "LEFT"))]
    for t in inside:
        said = f"{cards.scene.name(t)} = {cards.formula(t)}"
        lines.append(look.row(look.cell(look.styled(look.shortened(said, 60)), "LEFT")))
    label = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(lines)}</TABLE>>'
    frame = part(
        f"cluster{l}",
        label=label,
        labeljust="l",
        style="rounded",
        color=look.colour("frame"),
        margin="10",
        id=f"layer{l}",
    )
    for t in inside:
        _tensor_node(frame, cards, t, ids[t], group="spine")
    if own:
        node(frame, f"p{l}", parameter_card(cards.scene, own), "parameter", f"parameters of layer {l}")
        _beside(frame, f"p{l}", ids[layer.z], rankdir)
    graph.subgraph(frame)
    return set(inside)


def _tensor_node(graph: Any, cards: TensorCards, t: Tensor, id: str, **attributes: str) -> None:
    scene, formula = cards.scene, cards.formula(t)
    said = " = ".join([text for text in (scene.name(t), formula) if text]) or "constant"
    node(graph, id, tensor_card(scene, t, formula), scene.kind(t), f"{said}, shape {t.shape}", **attributes)
