"""The tensor level: one card for each Tensor, values beside gradients, and a frame around every layer.

The numbers of a card and its gradients are small matrices, coloured by size and sign.
"""

from collections import Counter
from math import ceil, prod
from typing import Any

from ...network.tensor import Tensor
from ...writing.expression import Derivative, Name, Number, within
from ...writing.notation import constant
from ...writing.paper import Text, written
from ..formulas import on_its_own
from ..layers import Layer
from . import look
from .scene import Scene


class TensorCards:
    """Which Tensors get a card.

    The parameters of a layer share a card. In a model, which has Parameters or layers, the steps without a name (W x
    before b is added, the squares of a loss) are part of the formula of what they lead to, unless several formulas need
    them. Elsewhere every Tensor is a card.
    """

    def __init__(self, scene: Scene) -> None:
        self.quantities = scene.read.quantities
        graph = self.quantities.graph
        scene.numbered.update([t for t in self.quantities.of if not scene.names.given(t)])
        self.scene = scene
        self.layers = scene.layers
        self.parameter_of: dict[Tensor, Layer] = {}
        for layer in scene.layers:
            for t in layer.parameters:
                self.parameter_of.setdefault(t, layer)
        self.in_layers = {t for layer in scene.layers for t in (layer.z, layer.h)}
        named = [node for node in graph.order if node.tensor in self.quantities.of]
        nodes = [node for node in named if node.tensor not in self.parameter_of]
        for t in self.quantities.softmax:
            nodes.insert(-1, graph.nodes[scene.names.softmax[t]])  # the root stays the last
        self.shown = dict.fromkeys([node.tensor for node in nodes])
        self.ids = {t: f"n{k}" for k, t in enumerate(self.shown, start=1)}  # of the card that a Tensor is on
        for l, layer in enumerate(self.layers, start=1):
            self.ids |= dict.fromkeys(self.own(layer), f"p{l}")
        # The cards that arrows lead from to the card of a Tensor: of W and b, which share one, a single arrow.
        self._id_of = {self.quantities.of[t].name: id for t, id in self.ids.items() if t in self.quantities.of}
        self.tails = {t: self._tails(t) for t in self.shown}
        self.arrows_from = Counter([tail for tails in self.tails.values() for tail in tails])
        self.leaves = {self.ids[t] for t in self.shown if not graph.nodes[t].inputs}

    def formula(self, t: Tensor) -> str | None:
        """How a Tensor was computed, in terms of those that have a name; None if it was not."""
        node = self.quantities.graph.nodes[t]
        rule = on_its_own(self.quantities.written_out(node)) if node.inputs else None
        return None if rule is None else str(written(rule, Text(self.scene.digits)))

    def _tails(self, t: Tensor) -> list[str]:
        """The cards of what is named in the formula of a Tensor."""
        node = self.quantities.graph.nodes[t]
        rule = self.quantities.written_out(node) if node.inputs else Number(0.0)
        return list(dict.fromkeys([self._id_of[e.text] for e in within(rule) if isinstance(e, Name)]))

    def __len__(self) -> int:
        return len(self.shown) + len({id(layer) for layer in self.parameter_of.values()})

    def own(self, layer: Layer) -> list[Tensor]:
        """The parameters on the card of the layer: W and b, unless they are on the card of an earlier layer."""
        return [t for t in dict.fromkeys(layer.parameters) if self.parameter_of[t] is layer]

    def is_target(self, tail: str, t: Tensor) -> bool:
        """Whether a card is a leaf that only t, which belongs to no layer, is computed from."""
        alone = tail in self.leaves and self.arrows_from[tail] == 1
        return bool(self.layers) and t not in self.in_layers and alone

    def graph(self, title: str | None = None) -> Any:
        """The picture."""
        ids, scene = self.ids, self.scene
        place = {} if self.layers and not scene.close else _folded(self)
        scene.frames = not place
        order = {} if self.layers or place else {"ordering": "in"}  # a × b: a first
        nodesep, ranksep = ("0.2", "0.3") if scene.close else ("0.3", "0.55")
        graph = look.new_graph(title, "LR", nodesep=nodesep, ranksep=ranksep, **order)
        framed: set[Tensor] = set()
        for l, layer in enumerate(self.layers, start=1):
            if not place:
                framed |= _frame(graph, self, l, layer)
            elif self.own(layer):
                _parameter_node(graph, self, l, layer)
        for t in self.shown:
            if t not in framed:
                _tensor_node(graph, self, t, ids[t])
        beside = {} if place else {layer.z: f"p{l}" for l, layer in enumerate(self.layers, start=1)}
        for t in self.shown:
            for k, tail in enumerate(self.tails[t], start=1):
                attributes = {"weight": "10" if t in self.in_layers else "2"}
                if tail == beside.get(t):
                    continue  # its arrow is in the frame
                if place:
                    attributes = {"constraint": "false"}  # the columns are held together already
                elif self.is_target(tail, t):
                    unseen = look.subgraph(f"cluster_{ids[t]}", peripheries="0", label="")
                    _beside(unseen, self, tail, t)
                    graph.subgraph(unseen)
                    continue
                elif t in framed and self.arrows_from[tail] > 1:
                    attributes |= {"tailport": "e", "headport": "w"}  # not across the title of the frame
                look.edge(graph, tail, ids[t], **attributes, **scene.arrow(ids[t], k))
        if place:
            _stack(graph, place)
        return graph


def _folded(cards: TensorCards) -> dict[str, tuple[int, int]]:
    """The row and the column of each card, where a picture in one row would be too wide; else nothing.

    Every second row runs back, so that the next one begins below the end of the one before.
    """
    sources: dict[str, list[str]] = {}
    width: dict[str, int] = {}
    for t in [*cards.parameter_of, *cards.shown]:
        id, numbers = cards.ids[t], min(_columns(t), MOST)
        sources[id] = cards.tails.get(t, [])
        both = 1 if numbers > NARROW or id[0] == "p" else 2  # its gradients below it, or beside it
        width[id] = max(120, _DIGITS * numbers * both + width.get(id, 0))
    column = look.columns(sources)
    count = max(column.values()) + 1
    whole = sum([max([width[id] for id in column if column[id] == k], default=0) + _GAP for k in range(count)])
    rows = min(ceil(whole / _WIDEST), count)
    each = ceil(count / rows)
    place = {}
    for id in sorted(column, key=lambda id: not sources[id]) if rows > 1 else []:  # a leaf below what is computed
        at_the_end = not sources[id] and (column[id] + 1) % each == 0  # of a row: then it stands below its user
        row, k = divmod(column[id] + at_the_end, each)
        place[id] = row, each - 1 - k if row % 2 else k
    return place


def _stack(graph: Any, place: dict[str, tuple[int, int]]) -> None:
    """Hold the cards of each column together, those of the first row above."""
    heads = []
    for column in sorted({k for _, k in place.values()}):
        ids = sorted([id for id, (_, k) in place.items() if k == column], key=lambda id: place[id][0])
        heads.append(ids[0])
        look.column(graph, ids)
    for before, after in zip(heads, heads[1:]):
        look.edge(graph, before, after, style="invis", weight="50")


def _beside(frame: Any, cards: TensorCards, tail: str, t: Tensor) -> None:
    """An arrow from a card to the one above it: in a frame Graphviz puts the tail of an edge in one rank last.

    A card that other arrows leave may stand on either side.
    """
    beside, head = look.subgraph(rank="same"), cards.ids[t]
    ports = {"tailport": "n", "headport": "s"} if cards.arrows_from[tail] == 1 else {}
    attributes = cards.scene.arrow(head, cards.tails[t].index(tail) + 1)
    look.edge(beside, tail, head, **ports, **attributes)
    frame.subgraph(beside)


def _frame(graph: Any, cards: TensorCards, l: int, layer: Layer) -> set[Tensor]:
    """The frame of one layer, titled with its formula, around its parameters, z and h."""
    ids = cards.ids
    inside = [t for t in (layer.z, layer.h) if t is not None and t in ids]
    lines = [look.row(look.cell(look.styled(layer.title, "muted", bold=True), "LEFT"))]
    for t in inside:
        said = f"{cards.scene.name(t)} = {cards.formula(t)}"
        lines.append(look.row(look.cell(look.styled(look.shortened(said, 60)), "LEFT")))
    attributes = {"labeljust": "l", "style": "rounded", "color": look.colour("frame"), "margin": "10"}
    frame = look.subgraph(f"cluster{l}", label=f"<{look.table(lines, air=1)}>", id=f"layer{l}", **attributes)
    for t in inside:
        _tensor_node(frame, cards, t, ids[t], group="spine")
    if cards.own(layer):
        _parameter_node(frame, cards, l, layer)
        _beside(frame, cards, f"p{l}", layer.z)
    graph.subgraph(frame)
    return set(inside)


def _tensor_node(graph: Any, cards: TensorCards, t: Tensor, id: str, **attributes: str) -> None:
    scene, formula = cards.scene, cards.formula(t)
    said = " = ".join([text for text in (scene.name(t), formula) if text]) or "constant"
    look.node(graph, id, tensor_card(scene, t, formula), scene.kind(t), f"{said}, shape {t.shape}", **attributes)


def _parameter_node(graph: Any, cards: TensorCards, l: int, layer: Layer) -> None:
    label = parameter_card(cards.scene, cards.own(layer))
    look.node(graph, f"p{l}", label, "parameter", f"parameters of layer {layer.number}")


# Cards.

MOST = 8  # rows and columns of a matrix that are shown
NARROW = 4  # columns of a matrix that leave room for the gradients beside it
DIGIT_SIZE = 11
_DIGITS, _GAP, _WIDEST = 50, 45, 1150  # points: a number, the space between columns, a picture that fits a screen


def tensor_card(scene: Scene, t: Tensor, formula: str | None) -> str:
    """One number in words, or a matrix beside its gradients (above them, if it is wide).

    `formula` says how it was computed.
    """
    padding = 5
    if not scene.numbers:
        name = scene.name(t) or ("" if formula else constant(t.item(), scene.digits))
        rows = [_centred(scene.titled(t, name))] if name else []
        rows += [_centred(look.styled(look.shortened(said, 60), "muted")) for said in (formula, _shape(t)) if said]
    elif len(t.values) == 1:
        rows = [_centred(text) for text in _sentences(scene, t, formula)]
    else:
        called, heading, below = scene.name(t), _heading(scene, t, formula), ""
        columns = _columns(t)
        if called and called != heading and len(heading) > (12 * columns if scene.close else look.WIDTH):
            heading, below = called, formula or ""  # in a row of its own, where it would make the card wide
        parts = [_matrix(scene, t, scene.titled(t, heading))]
        if scene.has_gradient(t):
            parts.append(_gradient(scene, t))
        wide = columns > NARROW
        rows = [_centred(part) for part in parts] if wide else [_centred(*parts)]
        if below:
            said = _muted(below, room=1 + min(len(below), 60) // 10)
            rows.append(look.row(look.cell(said, "CENTER", span=1 if wide else len(parts))))
        padding = 3
    return look.card(rows, scene.kind(t), formula is not None, padding)


def parameter_card(scene: Scene, tensors: list[Tensor]) -> str:
    """[W | b] over [∂L/∂W | ∂L/∂b]; without numbers their shapes."""
    if not scene.numbers:
        said = [[_bold(scene.name(t) or ""), look.styled(_shape(t), "muted")] for t in tensors]
        return look.card([_centred(*texts) for texts in zip(*said)], "parameter", rounded=False, padding=5)
    rows = [_centred(*[_matrix(scene, t, _bold(scene.name(t) or "")) for t in tensors])]
    if scene.gradients:
        rows.append(_centred(*[_gradient(scene, t) for t in tensors]))
    return look.card(rows, "parameter", rounded=False)


def _sentences(scene: Scene, t: Tensor, formula: str | None) -> list[str]:
    """L = 2.0102, ∂L/∂L = 1.0000, and how it was computed."""
    v, name = t.values[0], scene.name(t)
    before = f"{look.shortened(name)} = " if name else ""
    sentences = [look.equation(before, scene.value(v), scene.mark("value", v), bold=True)]
    if scene.has_gradient(t) and not scene.blank:
        before, mark = f"{look.shortened(_gradient_name(scene, t))} = ", scene.mark("gradient", v)
        sentences.append(look.equation(before, scene.gradient(v), mark, "gradient", italic=True))
    if said := formula or scene.role(t):
        sentences.append(_muted(said))
    return sentences


def _muted(formula: str, room: int = 1) -> str:
    """A formula in small letters, with room behind it, as fonts differ in width."""
    return look.styled(f" {look.shortened(formula, 60)}{' ' * room}", "muted", look.SMALL)


def _columns(t: Tensor) -> int:
    """How many numbers stand side by side: a vector is a column, and of more than two axes matrices are."""
    return t.shape[-1] * prod(t.shape[:-2]) if t.ndim > 1 else 1


def _heading(scene: Scene, t: Tensor, formula: str | None) -> str:
    """The name of a Tensor and how it was computed, unless the frame of its layer says that."""
    name = scene.name(t)
    framed = scene.frames and any([t is layer.z or t is layer.h for layer in scene.layers])
    if not formula or (name and framed):
        return name or "constant"
    return f"{name} = {formula}" if name else formula


def _bold(name: str) -> str:
    return look.styled(look.shortened(name), bold=True)


def _shape(t: Tensor) -> str:
    """(4, 3); nothing for a number."""
    return str(t.shape) if t.shape else ""


def _gradient_name(scene: Scene, t: Tensor) -> str:
    name = scene.name(t)
    if not scene.loss or (not scene.blank and not all(map(scene.holds, t.values))):
        return "grad"  # that of another result, or that of another sum is in it
    return str(Derivative(scene.loss, name)) if name else "gradient"


def _matrix(scene: Scene, t: Tensor, heading: str, what: str = "value") -> str:
    """The numbers of a Tensor under a heading, or their gradients, which may not be known."""
    if what == "value":
        numbers: list[float | None] = [v.data for v in t.values]
    else:
        numbers = [(v.grad or 0.0) if scene.gradient(v) else None for v in t.values]
    largest = max([abs(x) for x in numbers if x is not None], default=0.0)
    scale = largest if round(largest, max(scene.digits - 1, 0)) else 0.0  # what is written as 0 has no colour
    cells = []
    for v, x in zip(t.values, numbers):
        italic = what == "gradient"
        text = " " * (scene.digits + 2) if x is None else look.styled(scene.element(x), size=DIGIT_SIZE, italic=italic)
        cells.append(look.cell(text, fill=look.heat(x or 0.0, scale), id=scene.mark(what, v)))
    return look.table([_centred(heading), _centred(_grid(scene, cells, t))], air=1)


def _gradient(scene: Scene, t: Tensor) -> str:
    heading = look.styled(look.shortened(_gradient_name(scene, t)), "gradient", bold=True)
    return _matrix(scene, t, heading, "gradient")


def _grid(scene: Scene, cells: list[str], t: Tensor) -> str:
    """The cells as a table: a vector is a column, and an array of more than two axes is a row of matrices."""
    size = prod(t.shape[-2:])
    width = t.shape[-1] if t.ndim > 1 else 1
    matrices = [_one_grid(scene, cells[k : k + size], width) for k in range(0, len(cells), size)]
    if len(matrices) == 1:
        return matrices[0]
    more = look.cell(look.styled(f"⋯ {len(matrices)}", "muted", look.SMALL))
    return look.table([look.row(*_beginning(list(map(look.cell, matrices)), more, scene))], gap=2)


def _one_grid(scene: Scene, cells: list[str], width: int) -> str:
    dots = look.cell(look.styled("⋯", "muted"), "CENTER", "operation")
    rows = [look.row(*_beginning(cells[i : i + width], dots, scene)) for i in range(0, len(cells), width)]
    height = look.styled(f"⋮ {len(rows)} rows", "muted", look.SMALL)
    rows = _beginning(rows, look.row(look.cell(height, "CENTER", "operation", min(width, MOST))), scene)
    return look.table(rows, f' COLOR="{look.colour("frame")}"', lines=1, air=3)


def _beginning(parts: list[str], ellipsis: str, scene: Scene) -> list[str]:
    """The parts, or if there are too many the first ones and the ellipsis."""
    first = MOST - 4 if scene.close else MOST - 1
    return parts if len(parts) <= MOST else [*parts[:first], ellipsis]


def _centred(*contents: str) -> str:
    return look.row(*[look.cell(content, "CENTER") for content in contents])
