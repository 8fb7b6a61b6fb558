"""What Graphviz's SVG lacks: a dark mode, a title, tooltips that browsers show, ids of its own."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from .look import printable, style_sheet

SVG = "{http://www.w3.org/2000/svg}"
_TOOLTIP = "{http://www.w3.org/1999/xlink}title"


def finished(svg: bytes, title: str, prefix: str) -> str:
    """The SVG of a drawing, fit to stand in a page beside others.

    Args:
        svg: what Graphviz made.
        title: what a screen reader says first.
        prefix: what every id begins with; two drawings in one page need two.
    """
    root = ET.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        if id := element.get("id"):
            element.set("id", f"{prefix}-{id}")
    for group in root.iter("g"):
        _show_tooltip(group)
    for element in root.iter():
        unwrap_links(element)
    heading = ET.Element("title", {"id": f"{prefix}-title"})
    heading.text = printable(title)
    style = ET.Element("style")
    style.text = style_sheet()
    root[:0] = [heading, style]
    root.attrib = {
        "xmlns": SVG.strip("{}"),
        "class": "tinygrad-edu",
        "role": "img",
        "aria-labelledby": f"{prefix}-title",
        **root.attrib,
    }
    return ET.tostring(root, encoding="unicode") + "\n"


def _show_tooltip(group: ET.Element) -> None:
    """Graphviz titles a node `n1` and hides its tooltip in a link; browsers show the title."""
    title = group.find("title")
    if title is not None:
        link = group.find("g/a")  # of this group, not of one inside it
        title.text = link.get(_TOOLTIP, "") if link is not None else ""
        if not title.text:
            group.remove(title)


def unwrap_links(element: ET.Element) -> None:
    """Put the content of links that lead nowhere in their place, so that none takes the keyboard's focus."""
    children: list[ET.Element] = []
    for child in element:
        link = child if child.tag == "a" else child.find("a") if child.tag == "g" and len(child) == 1 else None
        children += list(link) if link is not None else [child]
    element[:] = children
