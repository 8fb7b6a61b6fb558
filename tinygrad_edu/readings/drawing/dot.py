"""DOT text through the `graphviz` package: the graph with its attributes, its nodes and its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import look

if TYPE_CHECKING:
    from typing import Any


def new_graph(title: str | None, rankdir: str, **attributes: str) -> Any:
    """An empty graph with the fonts and colours of all drawings."""
    import graphviz  # type: ignore[import-untyped]  # takes 60 ms

    graph = graphviz.Digraph("drawing")
    ink = {"fontname": look.FONT, "fontsize": str(look.SIZE), "fontcolor": look.colour("ink")}
    muted = {"fontname": look.FONT, "fontsize": str(look.SMALL), "fontcolor": look.colour("muted")}
    graph.attr(
        "graph", rankdir=rankdir, bgcolor=look.colour("paper"), pad="0.1", outputorder="edgesfirst", **ink, **attributes
    )
    graph.attr("node", shape="plain", **ink)
    graph.attr("edge", color=look.colour("edge"), arrowsize="0.7", **muted)
    if title:
        graph.attr(
            "graph",
            label=f"<{look.styled(look.shortened(title, _LONGEST), size=look.SIZE + 4, bold=True)}>",
            labelloc="t",
        )
    return graph


def part(name: str | None = None, **attributes: str) -> Any:
    """An empty subgraph: a frame where the name begins with "cluster", else attributes for its nodes."""
    import graphviz

    subgraph = graphviz.Digraph(name)
    subgraph.attr("graph", **attributes)
    return subgraph


_LONGEST = 400  # characters of a tooltip; Graphviz takes no text of more than 16 kB


def node(graph: Any, id: str, label: str, kind: str, tooltip: str, **attributes: str) -> None:
    """One card. `kind` is its class in the SVG."""
    graph.node(id, label=label, id=id, tooltip=plain(tooltip), **{"class": kind}, **attributes)


def edge(graph: Any, tail: str, head: str, tooltip: str = "", **attributes: str) -> None:
    """One arrow from `tail` to `head`."""
    tips = {"tooltip": plain(tooltip), "labeltooltip": plain(tooltip)} if tooltip else {}
    graph.edge(tail, head, **tips, **attributes)


def plain(text: str) -> str:
    """Text for an attribute that is not HTML: `<` has no meaning in it, but `&amp;` and `\\N` have.

    Graphviz resolves the latter once or twice, so doubling the backslash does not help: ∖ replaces it.
    """
    import graphviz

    escaped: str = graphviz.escape(
        look.printable(look.shortened(text, _LONGEST)).replace("&", "&amp;").replace("\\", "∖")
    )
    return escaped
