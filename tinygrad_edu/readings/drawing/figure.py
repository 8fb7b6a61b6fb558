"""Drawing: DOT text that can be saved as a picture and shows itself in a notebook."""

from __future__ import annotations

import html
import os
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ...writing.files import write_whole
from .look import printable
from .render import render
from .svg import finished

if TYPE_CHECKING:
    from typing import Any

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".gv")


class Drawing:
    """A picture of a graph, made by `draw`.

    `source` is its DOT text, `level` the level it was drawn at and `cards` how many cards it has.

    >>> from tinygrad_edu import Value, draw
    >>> drawing = draw(Value(2.0, label="a") * 3)
    >>> drawing.level, drawing.cards, drawing.source.splitlines()[0]
    ('value', 3, 'digraph drawing {')
    """

    def __init__(self, source: str, level: str, cards: int, title: str) -> None:
        self.source = source
        self.level = level
        self.cards = cards
        self.title = title

    def svg(self, timeout: float = 60.0) -> str:
        """The picture as SVG text, light or dark as the reader's system asks.

        Args:
            timeout: seconds that Graphviz may take.

        Raises:
            RuntimeError: there is no Graphviz; the message tells two ways to get one.
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
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            known = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
            raise ValueError(f"a drawing is saved as {known}, not {suffix or path.name!r}")
        if suffix in (".dot", ".gv"):
            content = self.source.encode()
        elif suffix == ".svg":
            content = self.svg(timeout).encode()
        else:
            content = render(self.source, suffix[1:], timeout)
        write_whole(path, content)
        return path

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
