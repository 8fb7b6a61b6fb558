"""The neuron level: a card a neuron, with every number of its forward and backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...value import Value
from ..layers import Neuron, users_of
from . import look
from .dot import edge, new_graph, node, part
from .value_level import describe, heading, value_card

if TYPE_CHECKING:
    from typing import Any

    from .scene import Scene

MOST_ROWS = 16  # parameters on one card; of more the first ones are shown


class NeuronCards:
    """Which cards there are, and which node is shown on which.

    A neuron is one card. Every other node is a card of its own, except that a leaf which only one
    node outside the neurons uses (a target, a constant) is a row on the card of that node.
    """

    def __init__(self, scene: Scene) -> None:
        users = users_of(scene.values)
        fed = {a for neuron in scene.neurons for a in neuron.inputs}
        computed = {v for neuron in scene.neurons for v in neuron.inside if v.op}

        def is_inside(v: Value) -> bool:
            """Not a weight that is used elsewhere too."""
            return v.op is not None or (v not in fed and computed.issuperset(users[v]))

        inside = {v: neuron for neuron in scene.neurons for v in neuron.inside if is_inside(v)}
        self.folded: dict[Value, list[Value]] = {}
        self.heads: list[tuple[Value, Neuron | None]] = []
        self.card_of: dict[Value, Value] = {}
        for v in scene.values:
            neuron = inside.get(v)
            if neuron:
                self.card_of[v] = neuron.output
                if v is neuron.output:
                    self.heads.append((v, neuron))
            elif scene.neurons and not v.op and v not in fed and len(set(users[v])) == 1 and users[v][0] not in inside:
                self.card_of[v] = users[v][0]
                self.folded.setdefault(users[v][0], []).append(v)
            else:
                self.card_of[v] = v
                self.heads.append((v, None))

    def sources(self, v: Value, neuron: Neuron | None) -> list[Value]:
        """The cards that a card gets its inputs from, each once."""
        inputs = neuron.inputs if neuron else v.inputs
        return [card for card in dict.fromkeys([self.card_of[a] for a in inputs]) if card is not v]


def neuron_level(scene: Scene, cards: NeuronCards, rankdir: str | None = None, title: str | None = None) -> Any:
    """The graph of neurons, layer by layer, each layer in the order of its neurons."""
    scene.number_values()
    graph = new_graph(title, rankdir or "LR", nodesep="0.22", ranksep="0.9", splines="polyline")
    ids = {v: f"n{k}" for k, (v, _) in enumerate(cards.heads, start=1)}
    for v, neuron in cards.heads:
        if neuron:
            label, kind, tip = neuron_card(scene, neuron), "neuron", _neuron_described(scene, neuron)
        else:
            more = _further_rows(scene, v, cards.folded.get(v, []))
            label, kind, tip = value_card(scene, v, more), scene.kind(v), describe(scene, v)
        node(graph, ids[v], label, kind, tip)
    for k, column in enumerate(_columns(cards)):
        layers = {neuron.layer for _, neuron in column if neuron}
        layer = layers.pop() if len(layers) == 1 else None
        if layer or len(column) > 1:
            _stack(graph, k, [ids[v] for v, _ in column], f"layer {layer}" if layer else None)
    ports = {"tailport": "e", "headport": "w"} if (rankdir or "LR") == "LR" else {}
    for v, neuron in cards.heads:
        for source in cards.sources(v, neuron):
            edge(graph, ids[source], ids[v], **ports)
    return graph


def _further_rows(scene: Scene, v: Value, leaves: list[Value]) -> list[tuple[str, str]]:
    """The rows for targets and constants; and for logsumexp its local derivatives, which are the softmax."""
    rows = [(_said(scene, leaf), scene.value(leaf)) for leaf in leaves]
    if scene.numbers:
        rows += scene.softmax(v)
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS - 1], ("⋮", f"{len(rows) - MOST_ROWS + 1} more")]
    return rows


def _said(scene: Scene, leaf: Value) -> str:
    """A target or a constant, in a row."""
    name = scene.name(leaf) or ("constant" if scene.numbers else scene.formula(leaf))
    return f"{name}  {role}" if (role := scene.role(leaf)) else name


def neuron_card(scene: Scene, neuron: Neuron) -> str:
    """Weights, bias, z and h as rows, value and gradient as columns."""
    columns = [look.cell(look.styled("value", "muted", look.SMALL))] if scene.numbers else []
    if scene.gradients:
        columns.append(look.cell(look.styled("gradient", "gradient", look.SMALL)))
    example = scene.example(neuron.z)
    above = look.cell(look.styled(example, "muted", look.SMALL if example else look.SIZE), "LEFT")
    rows = [look.row(above, *columns)] if columns or example else []
    parameters = list(neuron.parameters)
    shown = parameters if len(parameters) <= MOST_ROWS else parameters[: MOST_ROWS - 1]
    rows += [_row(scene, v) for v in shown]
    if len(shown) < len(parameters):
        more = look.styled(f"⋮ {len(parameters) - len(shown)} more", "muted", look.SMALL)
        rows.append(look.row(look.cell(more, "LEFT", span=len(columns) + 1)))
    rows.append("<HR/>")
    rows.append(_row(scene, neuron.z, "summary"))
    if neuron.h:
        rows.append(_row(scene, neuron.h, "input"))
    rows.append(look.FOOT)
    return look.card(rows)


def _row(scene: Scene, v: Value, fill: str | None = None) -> str:
    name = look.styled(look.shortened(scene.name(v) or "constant"), bold=fill is not None)
    if not scene.numbers:
        return look.row(look.cell(heading(scene, v) if v.op else name, "LEFT", fill))
    cells = [look.cell(name, "LEFT", fill), look.cell(look.styled(scene.value(v)), fill=fill)]
    if scene.gradients:
        cells.append(look.cell(look.gradient_text(scene.gradient(v)), fill=fill))
    return look.row(*cells)


def _neuron_described(scene: Scene, neuron: Neuron) -> str:
    example = scene.example(neuron.z)
    return f"{example}: " * bool(example) + "; ".join(
        [describe(scene, v) for v in ([neuron.z, neuron.h] if neuron.h else [neuron.z])]
    )


def _columns(cards: NeuronCards) -> list[list[tuple[Value, Neuron | None]]]:
    """The cards by their distance from the inputs; a leaf stands just before what uses it."""
    place: dict[Value, int] = {}
    first_use: dict[Value, int] = {}
    for v, neuron in cards.heads:
        sources = cards.sources(v, neuron)
        place[v] = max([place[s] + 1 for s in sources], default=0)
        for s in sources:
            first_use[s] = min(place[v], first_use.get(s, place[v]))
    place |= {v: first_use[v] - 1 for v in place if not v.op and v in first_use}
    columns: list[list[tuple[Value, Neuron | None]]] = [[] for _ in range(max(place.values()) + 1)]
    for head in cards.heads:
        columns[place[head[0]]].append(head)
    return columns


def _stack(graph: Any, k: int, ids: list[str], headline: str | None) -> None:
    """Hold one column together, in its order, by a chain that is not seen. (A cluster would lose the order.)"""
    column = part(rank="same")
    if headline:
        column.node(f"layer{k}", label=f"<{look.styled(headline, 'muted', bold=True)}>", id=f"layer{k}")
        ids = [f"layer{k}", *ids]
    for above, below in zip(ids, ids[1:]):
        column.edge(above, below, style="invis", weight="10")
    graph.subgraph(column)
