"""The look: colours with their dark counterparts, and DOT text: the HTML of cards, nodes and edges.

Colour is never alone: a gradient is also italic and in its own row or column, a leaf also square and
where there are several kinds called input, parameter or target, an operation rounded, the loss
thick-bordered, and every number has its sign.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import graphviz  # type: ignore[import-untyped]

T = TypeVar("T")

FONT = "DejaVu Sans,Helvetica,Arial,sans-serif"
SIZE, SMALL = 12, 10  # points; nothing is smaller than SMALL
WIDTH = 36  # characters of a text on a card

#: What a colour is for: (in light, in dark). The light ones are all different, so that the
#: style sheet of the SVG can tell the roles apart by colour.
PALETTE = {
    "paper": ("#ffffff", "#15181d"),
    "ink": ("#1a1a1a", "#eef1f5"),
    "muted": ("#5f5f5f", "#a9b0bb"),
    "border": ("#3a3a3a", "#8d96a3"),
    "edge": ("#6b6b6b", "#949cab"),
    "frame": ("#b4b4b4", "#4a515d"),
    "gradient": ("#a33b00", "#ffab78"),
    "input": ("#e3eef8", "#1d3850"),
    "parameter": ("#fdf3d8", "#453c1a"),
    "target": ("#e8e8e8", "#3b3f46"),
    "constant": ("#ebebeb", "#353a41"),
    "operation": ("#fefefe", "#242932"),
    "summary": ("#efefef", "#303640"),
    "loss": ("#fbe2d9", "#5b2c1f"),
}


def _mix(a: str, b: str, share: float) -> str:
    """The colour that lies `share` of the way from a to b."""
    pairs = [(int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join([f"{round(x + (y - x) * share):02x}" for x, y in pairs])


HEAT_STEPS = 6
for _step in range(1, HEAT_STEPS + 1):
    _share = _step / HEAT_STEPS
    PALETTE[f"+{_step}"] = (_mix("#ffffff", "#74b2d8", _share), _mix("#242932", "#1f6a9c", _share))
    PALETTE[f"-{_step}"] = (_mix("#ffffff", "#e8a877", _share), _mix("#242932", "#95501b", _share))


def heat(x: float, scale: float) -> str:
    """The role that colours x in a matrix whose largest magnitude is `scale`.

    >>> heat(2.0, 2.0), heat(-1.0, 2.0), heat(0.01, 2.0)
    ('+6', '-3', 'operation')
    """
    step = round(abs(x) / scale * HEAT_STEPS) if scale else 0
    return f"{'+' if x > 0 else '-'}{step}" if step else "operation"


def colour(role: str) -> str:
    """The role's colour on white paper."""
    return PALETTE[role][0]


def style_sheet() -> str:
    """CSS that gives every role its dark colour where the reader's system asks for dark.

    Browsers set text a little wider than Graphviz measures it: closer letters keep it within its card.
    """
    every = [(what, *pair) for pair in PALETTE.values() for what in ("fill", "stroke")]
    rules = "".join([f'.tinygrad-edu [{what}="{light}"]{{{what}:{dark}}}' for what, light, dark in every])
    return f".tinygrad-edu text{{letter-spacing:-.015em}}@media (prefers-color-scheme:dark){{{rules}}}"


# Text. Whatever a name contains, it arrives as text.

# Control characters, what turns the direction of text around, halves of surrogate pairs, and no characters at all.
_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """`text` with � for what XML forbids or nobody can see.

    >>> printable("a\\x00b\\ud800")
    'a�b�'
    """
    return _NOT_TEXT.sub("�", text)


def markup(text: str) -> str:
    """`text` as Graphviz's HTML: `<` and its kin as entities, and `\\N` kept from becoming the node's name.

    Browsers drop blanks at the beginning, for which Graphviz leaves room, unless they are no-break spaces.

    >>> markup('a<b & "c"')
    'a&lt;b &amp; &quot;c&quot;'
    """
    escaped = html.escape(printable(text)).replace("\\", "\\\\")
    return escaped.lstrip(" ").rjust(len(escaped), "\u00a0") if escaped.strip(" ") else " "


def shortened(text: str, length: int = WIDTH) -> str:
    """`text`, or its beginning and an ellipsis, so that a name does not make a card much wider than its numbers."""
    return text if len(text) <= length else text[: length - 1] + "…"


def styled(text: str, role: str = "ink", size: int = SIZE, bold: bool = False, italic: bool = False) -> str:
    """Text in a colour, size and weight; the drawing's own colour and size are omitted."""
    content = markup(text)
    if bold:
        content = f"<B>{content}</B>"
    if italic:
        content = f"<I>{content}</I>"
    font = f' COLOR="{colour(role)}"' if role != "ink" else ""
    font += f' POINT-SIZE="{size}"' if size != SIZE else ""
    return f"<FONT{font}>{content}</FONT>" if font else content


# Tables.


def cell(content: str, align: str = "RIGHT", fill: str | None = None, span: int = 1, id: str = "") -> str:
    """One cell; `fill` is a role. With an id it is a group of its own in the SVG, which Graphviz makes of a link."""
    link = f' ID="{id}" HREF="#"' if id else ""
    background = f' BGCOLOR="{colour(fill)}"' if fill else ""
    columns = f' COLSPAN="{span}"' if span > 1 else ""
    return f'<TD ALIGN="{align}"{columns}{background}{link}>{content}</TD>'


def row(*cells: str) -> str:
    """One row of a table."""
    return f"<TR>{''.join(cells)}</TR>"


def room(fill: str | None = None, height: int = 5) -> str:
    """An empty row: below a row with a fill it keeps the fill clear of the rounded corners of a card."""
    across = f' COLSPAN="3" BGCOLOR="{colour(fill)}"' if fill else ""
    return f'<TR><TD HEIGHT="{height}" CELLPADDING="0"{across}></TD></TR>'


def table(
    rows: Sequence[str], attributes: str = "", border: int = 0, lines: int = 0, gap: int = 0, air: int = 0
) -> str:
    """A table: the width of its border and of the lines around cells, the gap between these and the air in them."""
    widths = f'BORDER="{border}" CELLBORDER="{lines}" CELLSPACING="{gap}" CELLPADDING="{air}"'
    return f"<TABLE {widths}{attributes}>{''.join(rows)}</TABLE>"


def equation(before: str, number: str, id: str, role: str = "ink", bold: bool = False, italic: bool = False) -> str:
    """A name with its number, which is a cell if it has an id."""
    texts = [before, number] if id else [before + number]
    *first, last = [styled(text, role, bold=bold, italic=italic) for text in texts]
    return table([row(cell(first[0]), cell(last, id=id))]) if id else last


def card(rows: Sequence[str], fill: str = "operation", rounded: bool = True, padding: int = 3) -> str:
    """A whole card: the label of a node with `shape=plain`."""
    colours = f' COLOR="{colour("border")}" BGCOLOR="{colour(fill)}"' + ' STYLE="ROUNDED"' * rounded
    return f"<{table(rows, colours, border=3 if fill == 'loss' else 1, air=padding)}>"


# Graphs, through the `graphviz` package.

_LONGEST = 400  # characters of a title or tooltip; Graphviz takes no text of more than 16 kB


def new_graph(title: str | None, rankdir: str, **attributes: str) -> Any:
    """An empty graph with the fonts and colours of all drawings."""
    graph = graphviz.Digraph("drawing")
    ink = {"fontname": FONT, "fontsize": str(SIZE), "fontcolor": colour("ink")}
    muted = {"fontname": FONT, "fontsize": str(SMALL), "fontcolor": colour("muted")}
    graph.attr(
        "graph", rankdir=rankdir, bgcolor=colour("paper"), pad="0.1", outputorder="edgesfirst", **ink, **attributes
    )
    graph.attr("node", shape="plain", **ink)
    graph.attr("edge", color=colour("edge"), arrowsize="0.7", **muted)
    if title:
        bold = styled(shortened(title, _LONGEST), size=SIZE + 4, bold=True)
        graph.attr("graph", label=f"<{bold}>", labelloc="t")
    return graph


def subgraph(name: str | None = None, **attributes: str) -> Any:
    """An empty subgraph: a frame where the name begins with "cluster", else attributes for its nodes."""
    return graphviz.Digraph(name, graph_attr=attributes)


def node(graph: Any, id: str, label: str, kind: str, tooltip: str, **attributes: str) -> None:
    """One card. `kind` is its class in the SVG."""
    graph.node(id, label=label, id=id, tooltip=plain(tooltip), **{"class": kind}, **attributes)


def edge(graph: Any, tail: str, head: str, tooltip: str = "", **attributes: str) -> None:
    """One arrow from `tail` to `head`."""
    tips = {"tooltip": plain(tooltip), "labeltooltip": plain(tooltip)} if tooltip else {}
    graph.edge(tail, head, **tips, **attributes)


def columns(sources: Mapping[T, Sequence[T]]) -> dict[T, int]:
    """How far each card is from the inputs, by the cards that it gets something from; all come after these.

    A leaf stands just before what uses it first.

    >>> columns({"x": [], "z": ["x"], "y": [], "L": ["z", "y"]})
    {'x': 0, 'z': 1, 'y': 1, 'L': 2}
    """
    place: dict[T, int] = {}
    first_use: dict[T, int] = {}
    for card, behind in sources.items():
        place[card] = max([place[a] + 1 for a in behind], default=0)
        for a in behind:
            first_use[a] = min(place[card], first_use.get(a, place[card]))
    return place | {a: use - 1 for a, use in first_use.items() if not sources[a]}


def column(graph: Any, ids: Sequence[str], title: str = "") -> None:
    """Hold cards together, in this order, by arrows that are not seen. (A cluster would lose the order.)

    If there is a title, the first id is its own.
    """
    held = subgraph(rank="same")
    if title:
        held.node(ids[0], label=f"<{styled(title, 'muted', bold=True)}>", id=ids[0])
    for above, below in zip(ids, ids[1:]):
        held.edge(above, below, style="invis", weight="10")
    graph.subgraph(held)


def plain(text: str) -> str:
    """Text for an attribute that is not HTML: `<` has no meaning in it, but `&amp;` and `\\N` have.

    Graphviz resolves the latter once or twice, so doubling the backslash does not help: ∖ replaces it.
    """
    escaped: str = graphviz.escape(printable(shortened(text, _LONGEST)).replace("&", "&amp;").replace("\\", "∖"))
    return escaped
