"""The graph of numbers: one card for each node with the local derivative on every edge, or for each neuron."""

from collections.abc import Sequence
from typing import Any

from ...value import Value
from ...writing.expression import Derivative
from ...writing.notation import short
from ..layers import Neuron, users_of
from . import look
from .scene import Scene

LONG = 40  # nodes: what is longer runs from top to bottom


def value_level(scene: Scene, rankdir: str | None = None, title: str | None = None) -> Any:
    """The graph of Values, one card each. `x * x` has two edges."""
    rankdir = rankdir or ("LR" if len(scene.values) <= LONG else "TB")
    # Inputs stand in their order, as in w₁ x₁ + w₂ x₂. Where nodes share an input they cannot all have
    # that, and short arrows matter more, except that the neurons of a network stay in order.
    tree = all([len(set(users)) <= 1 for users in users_of(scene.values).values()])
    order = {"ordering": "in"} if tree or scene.neurons else {}
    graph = look.new_graph(title, rankdir, nodesep="0.2", ranksep="0.2" if scene.close else "0.45", **order)
    scene.number_values()
    ids = {v: f"n{k}" for k, v in enumerate(scene.values, start=1)}
    for v, id in ids.items():
        look.node(graph, id, value_card(scene, v), scene.kind(v), describe(scene, v))
    for v, id in ids.items():
        for k, (a, partial) in enumerate(zip(v.inputs, v.partials), start=1):
            tip, label = "", {}
            if scene.numbers:
                slope = Derivative(spoken(scene, v), spoken(scene, a))
                tip, label = f"{slope} = {short(partial, scene.digits)}", {"label": f" {scene.slope(partial)} "}
            look.edge(graph, ids[a], id, tip, **label, **scene.arrow(id, k))
    return graph


def value_card(scene: Scene, v: Value, more: Sequence[tuple[str, str, str]] = ()) -> str:
    """The card of one node: name and symbol over value and gradient.

    `more` are further rows of what has no card of its own: a name, a number, and the mark of the number.
    """
    air = look.markup(" .").removesuffix(".") if scene.close else ""  # what stands close needs some of its own
    rows = [look.row(look.cell(f"{air}{heading(scene, v)}{air}", "CENTER", span=2))]
    gradient = "stored" if scene.is_of_another(v) else "grad"
    for (what, role), number in zip((("value", "muted"), (gradient, "gradient")), number_cells(scene, v)):
        rows.append(look.row(look.cell(look.styled(what, role, look.SMALL), "LEFT"), number))
    for name, text, id in more:
        cells = [look.cell(look.styled(look.shortened(name), size=look.SMALL), "LEFT", "target")]
        if scene.numbers:
            cells.append(look.cell(look.styled(text), fill="target", id=id))
        rows.append(look.row(*cells))
    if more:
        rows.append(look.room())
    return look.card(rows, scene.kind(v), v.op is not None, scene.padding)


def heading(scene: Scene, v: Value) -> str:
    """The name in bold with the symbol or role beside it; without a name the formula."""
    name = scene.name(v)
    if not name:
        said = look.shortened(scene.formula(v) if v.op or not scene.numbers else "constant")
        return look.styled(said + " " * (len(said) // 16), "muted")  # room behind it, as fonts differ in width
    bold = look.styled(look.shortened(name), bold=True)
    if not v.op:
        return bold + (look.styled(f"  {role}", "muted", look.SMALL) if (role := scene.role(v)) else "")
    return bold + look.styled(scene.beside(v), "muted")


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


def describe(scene: Scene, v: Value) -> str:
    """The tooltip of a node: all its numbers in one sentence."""
    how = f" ({sign})" if (sign := scene.sign(v) if v.op else scene.role(v)) else ""
    if v.op and not scene.name(v):
        how = f" = {scene.formula(v)}"
    if not scene.numbers:
        return f"{spoken(scene, v)}{how}"
    called = "stored gradient" if scene.is_of_another(v) else "gradient"
    gradient = f", {called} {scene.gradient(v)}" if scene.gradients and not scene.blank else ""
    return f"{spoken(scene, v)}{how}: value {scene.value(v)}{gradient}"


# Neurons.

MOST_ROWS = 16  # parameters on one card; of more the first ones are shown


class NeuronCards:
    """Which cards there are, and which node is shown on which.

    A neuron is one card. Every other node is a card of its own, except that a target or a constant which only one
    node outside the neurons uses is a row on the card of that node.
    """

    def __init__(self, scene: Scene) -> None:
        users = users_of(scene.values)
        fed = {a for neuron in scene.neurons for a in neuron.inputs}
        computed = {v for neuron in scene.neurons for v in neuron.inside if v.op}

        def is_inside(v: Value) -> bool:
            """Whether it is shown on the card only: a weight that is used elsewhere too has a card of its own."""
            return v.op is not None or (v not in fed and computed.issuperset(users[v]))

        def is_row(v: Value) -> bool:
            """Whether it is a target or a constant that only one node outside the neurons uses."""
            alone = len(set(users[v])) == 1 and v not in fed and users[v][0] not in inside
            return bool(scene.neurons) and alone and scene.kind(v) in ("target", "constant")

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
            elif is_row(v):
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
    nodesep, ranksep = ("0.1", "0.25") if scene.close else ("0.22", "0.9")
    graph = look.new_graph(title, rankdir or "LR", nodesep=nodesep, ranksep=ranksep, splines="polyline")
    ids = {v: f"n{k}" for k, (v, _) in enumerate(cards.heads, start=1)}
    for v, neuron in cards.heads:
        if neuron:
            label, kind, tip = neuron_card(scene, neuron), "neuron", _neuron_described(scene, neuron)
        else:
            more = _further_rows(scene, v, cards.folded.get(v, []))
            label, kind, tip = value_card(scene, v, more), scene.kind(v), describe(scene, v)
        look.node(graph, ids[v], label, kind, tip)
    place = look.columns({v: cards.sources(v, neuron) for v, neuron in cards.heads})
    for k in range(max(place.values()) + 1):
        titles = {neuron.title for v, neuron in cards.heads if place[v] == k and neuron}
        column, names = look.subgraph(rank="same"), [ids[v] for v in ids if place[v] == k]
        if len(titles) == 1:
            headline = look.styled(titles.pop(), "muted", bold=True)
            column.node(f"layer{k}", label=f"<{headline}>", id=f"layer{k}")
            names = [f"layer{k}", *names]
        if len(names) > 1:
            look.chain(column, names)
            graph.subgraph(column)
    ports = {"tailport": "e", "headport": "w"} if (rankdir or "LR") == "LR" else {}
    for v, neuron in cards.heads:
        for k, source in enumerate(cards.sources(v, neuron), start=1):
            look.edge(graph, ids[source], ids[v], **ports, **scene.arrow(ids[v], k))
    return graph


def _further_rows(scene: Scene, v: Value, leaves: list[Value]) -> list[tuple[str, str, str]]:
    """The rows for targets and constants; and for logsumexp its local derivatives, which are the softmax."""
    rows = [(_said(scene, leaf), scene.value(leaf), scene.mark("value", leaf)) for leaf in leaves]
    if scene.numbers:
        rows += scene.softmax(v)
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS - 1], ("⋮", f"{len(rows) - MOST_ROWS + 1} more", "")]
    return rows


def _said(scene: Scene, leaf: Value) -> str:
    """A target or a constant, in a row."""
    name = scene.name(leaf) or ("constant" if scene.numbers else scene.formula(leaf))
    return f"{name}  {role}" if (role := scene.role(leaf)) else name


def neuron_card(scene: Scene, neuron: Neuron) -> str:
    """Weights, bias, z and h as rows, value and gradient as columns."""
    columns = [look.cell(look.styled("value", "muted", look.SMALL))] if scene.numbers else []
    if scene.gradients:
        called = "stored" if scene.is_of_another(*neuron.inside) else "gradient" + " " * scene.close
        columns.append(look.cell(look.styled(called, "gradient", look.SMALL)))
    example = scene.example(neuron.z)
    above = look.cell(look.styled(example, "muted", look.SMALL if example else look.SIZE), "LEFT")
    rows = [look.row(above, *columns)] if columns or example else []
    parameters = list(neuron.parameters)
    shown = parameters if len(parameters) <= MOST_ROWS else parameters[: MOST_ROWS - 1]
    rows += [_row(scene, v) for v in shown]
    if len(shown) < len(parameters):
        more = look.styled(f"⋮ {len(parameters) - len(shown)} more", "muted", look.SMALL)
        rows.append(look.row(look.cell(more, "LEFT", span=len(columns) + 1)))
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


def _neuron_described(scene: Scene, neuron: Neuron) -> str:
    example = scene.example(neuron.z)
    return f"{example}: " * bool(example) + "; ".join(
        [describe(scene, v) for v in ([neuron.z, neuron.h] if neuron.h else [neuron.z])]
    )
