"""The tensor level: a card a Tensor, values beside gradients, and a frame around every layer."""

from __future__ import annotations

from ..notation import number
from ..tensor import Tensor
from . import look
from .dot import edge, new_graph, node, part
from .formula import formula
from .network import ACTIVATIONS, Layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .scene import Scene

MOST = 8  # rows and columns of a matrix that are shown
FUNCTIONS = (*ACTIVATIONS, "softmax", "log_softmax")


class TensorCards:
    """Which Tensors get a card, and which are told otherwise.

    The parameters of a layer share a card. In a network the steps without a name (W x before b is
    added, the squares of a loss) are part of the formula of what they lead to; without a network
    every Tensor is a card.
    """

    def __init__(self, scene: Scene) -> None:
        self.layers = scene.layers
        self.parameter_of: dict[Tensor, Layer] = {}
        for layer in scene.layers:
            for t in (layer.W, layer.b):
                if t is not None:
                    self.parameter_of.setdefault(t, layer)
        shown = [t for t in scene.tensors if t not in self.parameter_of and self._shows(scene, t)]
        self.shown = dict.fromkeys(shown)

    def _shows(self, scene: Scene, t: Tensor) -> bool:
        if t is scene.root or scene.name(t):
            return True
        if t.op in ("ᵀ", "reshape", "[ ]"):
            return False
        if t.op is None:
            return len(t.values) > 1 or not scene.layers
        return not scene.layers or t.op in FUNCTIONS

    def __len__(self) -> int:
        return len(self.shown) + len({id(layer) for layer in self.parameter_of.values()})

    def is_parameter(self, a: Tensor, z: Tensor) -> bool:
        """Whether a is on the parameter card of the layer that computes z."""
        return a in self.parameter_of and self.parameter_of[a].z is z

    def is_target(self, a: Tensor, t: Tensor) -> bool:
        """Whether a is a leaf that only t, which belongs to no layer, is computed from."""
        outside = bool(self.layers) and not any([t in (layer.z, layer.h) for layer in self.layers])
        return outside and not a.op and [u for u in self.shown if a in self.sources(u)] == [t]

    def sources(self, t: Tensor) -> list[Tensor]:
        """The Tensors with a card, or on a parameter card, that t is computed from, each once."""
        found: dict[Tensor, None] = {}
        waiting = list(reversed(t.inputs))
        seen: set[Tensor] = set()
        while waiting:
            a = waiting.pop()
            if a in self.shown or a in self.parameter_of:
                found[a] = None
            elif a not in seen:
                seen.add(a)
                waiting += reversed(a.inputs)
        return list(found)


def tensor_level(scene: Scene, cards: TensorCards, rankdir: str | None = None, title: str | None = None) -> Any:
    """The graph of Tensors."""
    rankdir = rankdir or "LR"
    order = {} if cards.layers else {"ordering": "in"}  # a × b: a first
    graph = new_graph(title, rankdir, nodesep="0.3", ranksep="0.55", **order)
    ids = {t: f"n{k}" for k, t in enumerate(cards.shown, start=1)}
    for l, layer in enumerate(cards.layers, start=1):
        own = [t for t in (layer.W, layer.b) if t is not None and cards.parameter_of[t] is layer]
        ids |= dict.fromkeys(own, f"p{l}")
    framed: set[Tensor] = set()
    for l, layer in enumerate(cards.layers, start=1):
        framed |= _frame(graph, scene, cards, l, layer, ids, rankdir)
    for t in cards.shown:
        if t not in framed:
            _tensor_node(graph, scene, t, ids[t])
    main = {t for layer in cards.layers for t in (layer.z, layer.h)}
    for t in cards.shown:
        sources = {ids[a]: a for a in reversed(cards.sources(t))}  # W and b are one card: one arrow
        for id, a in reversed(sources.items()):
            if cards.is_target(a, t):
                unseen = part(f"cluster_{ids[t]}", peripheries="0", label="")
                _beside(unseen, id, ids[t], rankdir)
                graph.subgraph(unseen)
            elif not cards.is_parameter(a, t):
                edge(graph, id, ids[t], weight="10" if t in main else "2")
    return graph


def _beside(frame: Any, tail: str, head: str, rankdir: str) -> None:
    """An arrow from a card to the one it stands beside: below it, where the drawing runs sideways, else left of it.

    Of two cards in one rank Graphviz puts the tail of an edge first, but last in a frame from left to right.
    """
    pair = part(rank="same")
    tailport, headport = ("n", "s") if rankdir in ("LR", "RL") else ("e", "w")
    edge(pair, tail, head, tailport=tailport, headport=headport)
    frame.subgraph(pair)


def _frame(
    graph: Any, scene: Scene, cards: TensorCards, l: int, layer: Layer, ids: dict[Tensor, str], rankdir: str
) -> set[Tensor]:
    """The frame of one layer, titled with its formula, around its parameters, z and h."""
    own = [t for t in (layer.W, layer.b) if t is not None and cards.parameter_of[t] is layer]
    inside = [t for t in (layer.z, layer.h) if t is not None and t in ids]
    lines = [look.row(look.cell(look.styled(f"layer {l}", "muted", bold=True), "LEFT"))]
    for t in inside:
        said = f"{scene.name(t)} = {formula(t, scene.name)}"
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
        _tensor_node(frame, scene, t, ids[t], group="spine")
    if own:
        node(frame, f"p{l}", _parameter_card(scene, own), "parameter", f"parameters of layer {l}")
        _beside(frame, f"p{l}", ids[layer.z], rankdir)
    graph.subgraph(frame)
    return set(inside)


def _tensor_node(graph: Any, scene: Scene, t: Tensor, id: str, **attributes: str) -> None:
    kind = scene.kind(t)
    name = scene.name(t)
    tip = f"{name or t.op or 'constant'}, shape {t.shape}" + (f", = {formula(t, scene.name)}" if t.op else "")
    label = _number_card(scene, t, kind) if len(t.values) == 1 else _matrix_card(scene, t, kind)
    node(graph, id, label, kind, tip, **attributes)


def _number_card(scene: Scene, t: Tensor, kind: str) -> str:
    """A Tensor of one element: its number, its gradient, its formula."""
    v = t.values[0]
    name = scene.name(t)
    rows = [
        look.row(
            look.cell(
                look.styled(f"{look.shortened(name)} = {scene.value(v)}" if name else scene.value(v), bold=True),
                "CENTER",
            )
        )
    ]
    if scene.gradients and not scene.blank:
        rows.append(
            look.row(look.cell(look.gradient_text(f"{_gradient_name(scene, name)} = {scene.gradient(v)}"), "CENTER"))
        )
    if t.op:
        rows.append(
            look.row(look.cell(look.styled(look.shortened(formula(t, scene.name), 60), "muted", look.SMALL), "CENTER"))
        )
    return look.card(rows, kind, rounded=t.op is not None, thick=kind == "loss", padding=5)


def _matrix_card(scene: Scene, t: Tensor, kind: str) -> str:
    """Values beside gradients, or above them where the matrix is wide."""
    name = scene.name(t)
    parts = [_matrix(scene, t, False, name or (formula(t, scene.name) if t.op else "constant"))]
    if scene.gradients:
        parts.append(_matrix(scene, t, True, _gradient_name(scene, name)))
    wide = t.ndim > 1 and t.shape[-1] > 4
    rows = (
        [look.row(look.cell(part, "CENTER")) for part in parts]
        if wide
        else [look.row(*[look.cell(part, "CENTER") for part in parts])]
    )
    return look.card(rows, kind, rounded=t.op is not None, thick=kind == "loss")


def _parameter_card(scene: Scene, tensors: list[Tensor]) -> str:
    """[W | b] over [∂L/∂W | ∂L/∂b]."""
    rows = [look.row(*[look.cell(_matrix(scene, t, False, scene.name(t) or "?"), "CENTER") for t in tensors])]
    if scene.gradients:
        rows.append(
            look.row(
                *[look.cell(_matrix(scene, t, True, _gradient_name(scene, scene.name(t))), "CENTER") for t in tensors]
            )
        )
    return look.card(rows, "parameter", rounded=False)


def _gradient_name(scene: Scene, name: str | None) -> str:
    return f"∂{scene.loss}/∂{name}" if name else "gradient"


def _matrix(scene: Scene, t: Tensor, gradient: bool, name: str) -> str:
    """A headed table of numbers: a vector as a column, more axes flattened into rows."""
    flat = [v.grad if gradient else v.data for v in t.values]
    width = t.shape[-1] if t.ndim > 1 else 1
    rows = [flat[i : i + width] for i in range(0, len(flat), width)]
    scale = max([abs(x) for x in flat])
    digits = max(scene.digits - 1, 0)
    blank = gradient and scene.blank

    def cell(x: float) -> str:
        if blank:
            return look.cell(look.styled(" " * (digits + 3)), fill="operation")
        return look.cell(look.styled(number(x, digits), size=11, italic=gradient), fill=look.heat(x, scale))

    dots = look.cell(look.styled("⋯", "muted"), "CENTER", "operation")
    lines = [look.row(*_elided([cell(x) for x in line], dots)) for line in rows]
    columns = min(width, MOST + 1)
    below = look.row(look.cell(look.styled(f"⋮ {len(rows)} rows", "muted", look.SMALL), "CENTER", "operation", columns))
    heading = look.styled(look.shortened(name), "gradient" if gradient else "ink", bold=True)
    grid = (
        f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="3" COLOR="{look.colour("frame")}">'
        f"{''.join(_elided(lines, below))}</TABLE>"
    )
    return (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
        f"{look.row(look.cell(heading, 'CENTER'))}{look.row(look.cell(grid, 'CENTER'))}</TABLE>"
    )


def _elided(parts: list[str], ellipsis: str) -> list[str]:
    return parts if len(parts) <= MOST else [*parts[: MOST - 1], ellipsis]
