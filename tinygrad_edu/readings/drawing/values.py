"""The graph of numbers: one card for each node with the local derivative on every edge, or for each neuron."""

from typing import Any

from ...value import Value
from ...writing.expression import Derivative
from ...writing.notation import short
from ..layers import Neuron, users_of
from . import look
from .scene import Scene

LONG = 40  # nodes: what is longer runs from top to bottom
MOST_ROWS = 16  # parameters on one card; of more the first ones are shown


class ValueCards:
    """Which cards there are, and which node is shown on which.

    At the value level each node is a card. At the neuron level a neuron is one card, and every other node is a card of
    its own, except that a target or a constant which only one node outside the neurons uses is a row on its card.

    Attributes:
        heads: the node that a card is called after, and its Neuron if it is that of one.
        folded: the leaves that are rows on the card of a head.
        card_of: the head of the card on which a node is shown.
        ids: of the card of each head.
    """

    def __init__(self, scene: Scene, level: str) -> None:
        self.scene = scene
        self.neurons = scene.neurons if level == "neuron" else []
        users = users_of(scene.values)
        fed = {a for neuron in self.neurons for a in neuron.inputs}
        computed = {v for neuron in self.neurons for v in neuron.inside if v.op}

        def is_inside(v: Value) -> bool:
            """Whether it is shown on the card only: a weight that is used elsewhere too has a card of its own."""
            return v.op is not None or (v not in fed and computed.issuperset(users[v]))

        inside = {v: neuron for neuron in self.neurons for v in neuron.inside if is_inside(v)}
        self.heads: dict[Value, Neuron | None] = {}
        self.folded: dict[Value, list[Value]] = {}
        self.card_of: dict[Value, Value] = {}
        for v in scene.values:
            head = v
            alone = len(set(users[v])) == 1 and v not in fed and users[v][0] not in inside
            if v in inside:
                head = inside[v].output
            elif self.neurons and alone and scene.kind(v) in ("target", "constant"):
                head = users[v][0]
                self.folded.setdefault(head, []).append(v)
            self.card_of[v] = head
            if v is head:
                self.heads[v] = inside.get(v)
        self.ids = {v: f"n{k}" for k, v in enumerate(self.heads, start=1)}

    def __len__(self) -> int:
        return len(self.heads)

    def sources(self, v: Value) -> list[Value]:
        """The cards that a card gets its inputs from: at the neuron level each once, of `x * x` else both."""
        neuron = self.heads[v]
        cards = [self.card_of[a] for a in (neuron.inputs if neuron else v.inputs)]
        return [card for card in dict.fromkeys(cards) if card is not v] if self.neurons else cards

    def graph(self, title: str | None = None) -> Any:
        """The picture; neurons stand layer by layer, each layer in the order of its neurons."""
        scene, ids = self.scene, self.ids
        rankdir = "LR" if self.neurons or len(self) <= LONG else "TB"
        if self.neurons:
            nodesep, ranksep = ("0.1", "0.25") if scene.close else ("0.22", "0.9")
            attributes = {"nodesep": nodesep, "ranksep": ranksep, "splines": "polyline"}
        else:
            attributes = {"nodesep": "0.2", "ranksep": "0.2" if scene.close else "0.45"}
            # Inputs stand in their order, as in w₁ x₁ + w₂ x₂. Where nodes share an input they cannot all have
            # that, and short arrows matter more, except that the neurons of a network stay in order.
            if scene.neurons or all([len(set(users)) <= 1 for users in users_of(scene.values).values()]):
                attributes["ordering"] = "in"
        graph = look.new_graph(title, rankdir, **attributes)
        scene.number_values()
        for v, neuron in self.heads.items():
            label = neuron_card(scene, neuron) if neuron else value_card(self, v)
            kind = "neuron" if neuron else scene.kind(v)
            look.node(graph, ids[v], label, kind, describe(scene, v, neuron))
        if self.neurons:
            _columns(graph, self)
        ports = {"tailport": "e", "headport": "w"} if self.neurons else {}
        for v, id in ids.items():
            for k, a in enumerate(self.sources(v), start=1):
                tip, attributes = "", ports | scene.arrow(id, k)
                if scene.numbers and not self.neurons:
                    partial = v.partials[k - 1]
                    tip = f"{Derivative(spoken(scene, v), spoken(scene, a))} = {short(partial, scene.digits)}"
                    attributes["label"] = f" {scene.slope(partial)} "
                look.edge(graph, ids[a], id, tip, **attributes)
        return graph


def _columns(graph: Any, cards: ValueCards) -> None:
    """Hold the cards of each column together, below the title of the layer."""
    place = look.columns({v: cards.sources(v) for v in cards.heads})
    for k in range(max(place.values()) + 1):
        titles = {neuron.title for v, neuron in cards.heads.items() if place[v] == k and neuron}
        ids = [id for v, id in cards.ids.items() if place[v] == k]
        if len(titles) == 1:
            look.column(graph, [f"layer{k}", *ids], titles.pop())
        elif len(ids) > 1:
            look.column(graph, ids)


def value_card(cards: ValueCards, v: Value) -> str:
    """The card of one node: name and symbol over value and gradient, and rows for what has no card of its own."""
    scene = cards.scene
    air = look.markup(" .").removesuffix(".") if scene.close else ""  # what stands close needs some of its own
    rows = [look.room(height=2)] * scene.close  # above the heading
    rows.append(look.row(look.cell(f"{air}{heading(scene, v)}{air}", "CENTER", span=2)))
    gradient = "stored" if scene.is_of_another(v) else "grad"
    for (what, role), number in zip((("value", "muted"), (gradient, "gradient")), number_cells(scene, v)):
        rows.append(look.row(look.cell(look.styled(what, role, look.SMALL), "LEFT"), number))
    if cards.neurons and (further := _further_rows(scene, v, cards.folded.get(v, []))):
        rows += [*_beginning(further, 2), look.room()]
    return look.card(rows, scene.kind(v), v.op is not None, scene.padding)


def heading(scene: Scene, v: Value) -> str:
    """The name in bold with the symbol or role beside it; without a name the formula."""
    name = scene.name(v)
    if not name:
        said = look.shortened(scene.formula(v) if v.op or not scene.numbers else "constant")
        return look.styled(said + " " * (len(said) // 16), "muted")  # room behind it, as fonts differ in width
    return scene.titled(v, name) + (look.styled(scene.beside(v), "muted") if v.op else "")


def number_cells(scene: Scene, v: Value, fill: str | None = None) -> list[str]:
    """The value of a node and its gradient, where the picture has them."""
    cells = [look.cell(look.styled(scene.value(v)), fill=fill, id=scene.mark("value", v))] if scene.numbers else []
    if scene.gradients:
        text = look.styled(scene.gradient(v) or " ", "gradient", italic=True)  # blank where there is none yet
        cells.append(look.cell(text, fill=fill, id=scene.mark("gradient", v)))
    return cells


def spoken(scene: Scene, v: Value) -> str:
    """A node in a tooltip: its name, also if its card shows a formula in place of it."""
    return "constant" if scene.names.is_constant(v) else scene.names(v)


def describe(scene: Scene, v: Value, neuron: Neuron | None = None) -> str:
    """The tooltip of a node or a neuron: all its numbers in one sentence."""
    if neuron:
        example = scene.example(neuron.z)
        nodes = [neuron.z, *([neuron.h] if neuron.h else [])]
        return f"{example}: " * bool(example) + "; ".join([describe(scene, node) for node in nodes])
    how = f" ({sign})" if (sign := scene.sign(v) if v.op else scene.role(v)) else ""
    if v.op and not scene.name(v):
        how = f" = {scene.formula(v)}"
    if not scene.numbers:
        return f"{spoken(scene, v)}{how}"
    called = "stored gradient" if scene.is_of_another(v) else "gradient"
    gradient = f", {called} {scene.gradient(v)}" if scene.gradients and not scene.blank else ""
    return f"{spoken(scene, v)}{how}: value {scene.value(v)}{gradient}"


def _further_rows(scene: Scene, v: Value, leaves: list[Value]) -> list[str]:
    """The rows for targets and constants; and for logsumexp its local derivatives, which are the softmax."""
    rows = []
    for leaf in leaves:
        name = scene.name(leaf) or ("constant" if scene.numbers else scene.formula(leaf))
        said = f"{name}  {role}" if (role := scene.role(leaf)) else name
        rows.append((said, scene.value(leaf), scene.mark("value", leaf)))
    texts = []
    for name, text, id in rows + (scene.softmax(v) if scene.numbers else []):
        cells = [look.cell(look.styled(look.shortened(name), size=look.SMALL), "LEFT", "target")]
        cells += [look.cell(look.styled(text), fill="target", id=id)] if scene.numbers else []
        texts.append(look.row(*cells))
    return texts


def _beginning(rows: list[str], span: int) -> list[str]:
    """The rows, or if they are too many the first ones and how many more there are."""
    if len(rows) <= MOST_ROWS:
        return rows
    more = look.styled(f"⋮ {len(rows) - MOST_ROWS + 1} more", "muted", look.SMALL)
    return [*rows[: MOST_ROWS - 1], look.row(look.cell(more, "LEFT", span=span))]


def neuron_card(scene: Scene, neuron: Neuron) -> str:
    """Weights, bias, z and h as rows, value and gradient as columns."""
    columns = [look.cell(look.styled("value", "muted", look.SMALL))] if scene.numbers else []
    if scene.gradients:
        called = "stored" if scene.is_of_another(*neuron.inside) else "gradient" + " " * scene.close
        columns.append(look.cell(look.styled(called, "gradient", look.SMALL)))
    example = scene.example(neuron.z)
    above = look.cell(look.styled(example, "muted", look.SMALL if example else look.SIZE), "LEFT")
    rows = [look.row(above, *columns)] if columns or example else []
    rows += _beginning([_row(scene, v) for v in neuron.parameters], len(columns) + 1)
    rows.append("<HR/>" + look.room("summary", 2) * scene.close)
    rows.append(_row(scene, neuron.z, "summary"))
    if neuron.h:
        rows.append(_row(scene, neuron.h, "input"))
    rows.append(look.room())
    return look.card(rows, padding=scene.padding)


def _row(scene: Scene, v: Value, fill: str | None = None) -> str:
    name = look.styled(look.shortened(scene.name(v) or "constant"), bold=fill is not None)
    said = heading(scene, v) if v.op and not scene.numbers else name
    return look.row(look.cell(said, "LEFT", fill), *number_cells(scene, v, fill))
