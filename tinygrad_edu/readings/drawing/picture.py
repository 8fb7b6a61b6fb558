"""Drawing: DOT text that can be saved as a picture and shows itself in a notebook.

Graphviz runs as a program of its own, so that it can be stopped: `dot` where it is installed, else the Graphviz in
the wheel of pygraphviz, which a second Python runs. It leaves a card out when it rejects its label, says so on its
error stream and goes on; here that is an error. Its SVG gets a dark mode, a title, tooltips that browsers show, and
ids of its own.
"""

import html
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...writing.files import save_as
from .look import printable, style_sheet


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """A picture of a graph, made by `draw`.

    `source` is its DOT text, `level` the level it was drawn at and `cards` how many cards it has.

    >>> from tinygrad_edu import Value, draw
    >>> drawing = draw(Value(2.0, label="a") * 3)
    >>> drawing.level, drawing.cards, drawing.source.splitlines()[0]
    ('value', 3, 'digraph drawing {')
    """

    source: str
    level: str
    cards: int
    title: str

    def svg(self, timeout: float = 60.0) -> str:
        """The picture as SVG text, light or dark as the reader's system asks.

        Args:
            timeout: seconds that Graphviz may take.

        Raises:
            RuntimeError: Graphviz is not installed; the message names two ways to install it.
            ValueError: Graphviz rejects a label.
            TimeoutError: it took too long.

        >>> from tinygrad_edu import Value, draw
        >>> draw(Value(2.0)).svg()[:5]
        '<svg '
        """
        prefix = "tg" + sha256(self.source.encode()).hexdigest()[:8]
        return finished(render(self.source, "svg", timeout), self.title, prefix)

    def save(self, path: str | os.PathLike[str], timeout: float = 60.0) -> Path:
        """Write the picture in the format of the suffix: .svg .png .pdf, or .dot .gv for the DOT text.

        The file appears whole or not at all.

        Args:
            path: where to.
            timeout: seconds that Graphviz may take.

        Raises:
            ValueError: the suffix is none of these.
            RuntimeError, ValueError, TimeoutError: as `svg`.
            OSError: the file cannot be written.

        >>> from tinygrad_edu import Value, draw
        >>> draw(Value(2.0)).save("picture.jpeg")
        Traceback (most recent call last):
        ValueError: a drawing is saved as .svg, .png, .pdf, .dot or .gv, not '.jpeg'
        """

        def made(suffix: str) -> str | bytes:
            if suffix in (".dot", ".gv"):
                return self.source
            return self.svg(timeout) if suffix == ".svg" else render(self.source, suffix[1:], timeout)

        return save_as(path, "a drawing is", (".svg", ".png", ".pdf", ".dot", ".gv"), made)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the SVG, or where that fails the reason as text. It never raises.

        As an image in HTML it is also shown by untrusted notebooks and code hosts, which refuse an SVG by itself,
        and it is at most as wide as the page.
        """
        try:
            svg = self.svg()
            address = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
            image = f'<img alt="{html.escape(printable(self.title))}" style="max-width:100%" src="{address}">'
            return {"text/html": image, "image/svg+xml": svg, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self!r} cannot be shown: {error}"}

    def __repr__(self) -> str:
        return f"<Drawing: {self.level} level, {self.cards} card{'s' if self.cards != 1 else ''}>"


# The SVG.

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


# Graphviz.

DOTS_PER_INCH = "144"  # of a PNG: half as fine again as a screen

# What the second Python runs: DOT text in, picture out.
_WITH_PYGRAPHVIZ = """
import sys, pygraphviz
format, dpi = sys.argv[1:]
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
if format == "png":
    graph.graph_attr["dpi"] = dpi
sys.stdout.buffer.write(graph.draw(format=format, prog="dot"))
"""


def render(source: str, format: str, timeout: float) -> bytes:
    """The picture of DOT text, as "svg", "png" or "pdf".

    Raises:
        RuntimeError: Graphviz is not installed, or it failed.
        ValueError: Graphviz rejects the text or a label in it.
        TimeoutError: it takes longer than `timeout` seconds.
    """
    try:
        for command in _commands(format):  # the next one where this one is broken, and says nothing of the drawing
            done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=timeout)
            if done.stdout or b"Error" in done.stderr:
                break
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"Graphviz was stopped after {timeout:g} seconds; draw a smaller part of the graph, choose a coarser "
            "level, give it a longer timeout, or keep the DOT text (save it as .dot)"
        ) from None
    complaint = done.stderr.decode(errors="replace")
    errors = [line.strip() for line in complaint.splitlines() if line.startswith(("Error", "in label of", "..."))]
    if errors:
        raise ValueError(f"Graphviz rejects the drawing: {'; '.join(errors[:4])}")
    if done.returncode or not done.stdout:
        last = (complaint.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"Graphviz failed with exit code {done.returncode}: {last}")
    return done.stdout


def _commands(format: str) -> list[list[str]]:
    """The programs that there are to draw with."""
    found = []
    if dot := shutil.which("dot"):
        found.append([dot, f"-T{format}", *([f"-Gdpi={DOTS_PER_INCH}"] if format == "png" else [])])
    if find_spec("pygraphviz"):
        # -P: a file called graphviz.py in the reader's directory is not the package.
        found.append([sys.executable, "-P", "-c", _WITH_PYGRAPHVIZ, format, DOTS_PER_INCH])
    if found:
        return found
    raise RuntimeError(
        "no Graphviz to lay out the drawing: pip install 'pygraphviz>=2.0.4', which brings one, or install "
        "Graphviz itself so that `dot` is on the PATH; the DOT text (.source, or save it as .dot) needs neither"
    )
