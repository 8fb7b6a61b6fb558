"""Page: one HTML file that steps through a computation."""

from __future__ import annotations

import html
import os
import xml.etree.ElementTree as ET
from base64 import b64encode
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ...writing.files import write_whole
from ..drawing import look
from ..frame import framed
from .live import as_json

if TYPE_CHECKING:
    from typing import Any

    from .script import PageStep
    from .stage import Stage

SUFFIXES = (".html", ".htm")
LABORATORY = ("engine.js", "laboratory.js", "slope.js", "predict.js", "start.js")  # its script, after the graph


class Page:
    """A page made by `step_through`: `level` is its level, `title` its heading.

    >>> from tinygrad_edu import Value, step_through
    >>> x = Value(3.0, label="x")
    >>> page = step_through(x * x, title="A square")
    >>> page.title, page.html.count("https:")                          # it needs no network
    ('A square', 0)
    """

    def __init__(self, stage: Stage, steps: list[PageStep], title: str, laboratory: str = "") -> None:
        self.level = stage.level
        self.title = title
        self._stage = stage
        self._steps = steps
        self._laboratory = laboratory  # the graph and the questions, as JavaScript

    def __len__(self) -> int:
        """How many steps it has."""
        return len(self._steps)

    @cached_property
    def html(self) -> str:
        """The text of the page.

        Raises:
            RuntimeError: there is no Graphviz to lay the picture out; the message tells two ways to get one.
            TimeoutError: that took longer than a minute.

        >>> from tinygrad_edu import Value, step_through
        >>> step_through(Value(2.0)).html[:15]
        '<!DOCTYPE html>'
        """
        style, script = _colours() + _part("page.css"), _part("page.js")
        if self._laboratory:
            script += self._laboratory + "".join(map(_part, LABORATORY))
        return Template(_part("page.html")).substitute(
            policy=f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'",
            title=html.escape(look.printable(self.title)),
            style=style,
            laboratory=_part("laboratory.html") if self._laboratory else "",
            question=_part("question.html") if self._laboratory else "",
            picture=self._picture,
            steps=as_json(self._steps),
            script=script,
        )

    @cached_property
    def _picture(self) -> str:
        return self._stage.svg(timeout=60.0)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, .html or .htm, which appears whole or not at all.

        Raises:
            ValueError: another suffix.
            RuntimeError, TimeoutError: as `html`.
            OSError: the file cannot be written.

        >>> from tinygrad_edu import Value, step_through
        >>> step_through(Value(2.0)).save("page.pdf")
        Traceback (most recent call last):
        ValueError: a page is saved as .html or .htm, not '.pdf'
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"a page is saved as {' or '.join(SUFFIXES)}, not {suffix or path.name!r}")
        write_whole(path, self.html.encode())
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the page in a frame of its own, or where that fails the reason. It never raises."""
        try:
            frame = framed(self.html, look.printable(self.title), self._text(), self._height(), printed=True)
            return {"text/html": frame, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self!r} cannot be shown: {error}"}

    def _text(self) -> str:
        """All the steps as plain HTML: for paper, and where the page itself is removed."""
        titles = [look.printable("".join(step["title"])) for step in self._steps]
        lines = ["\n".join(map("".join, step["lines"])) for step in self._steps]
        said = [f"<b>{html.escape(title)}</b>\n{html.escape(text)}" for title, text in zip(titles, lines)]
        return f"<pre>{html.escape(look.printable(self.title))}\n\n" + "\n\n".join(said) + "</pre>"

    def _height(self) -> float:
        """Of its frame, in pixels: the picture at its own size between the controls and the lines, within reason."""
        points = float(ET.fromstring(self._picture).get("height", "0").removesuffix("pt"))
        return min(max(points * 4 / 3 + 280, 480), 760)

    def __repr__(self) -> str:
        return f"<Page: {self.level} level, {len(self)} steps>"


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _colours() -> str:
    """The colours of drawings as variables of the style sheet, and their dark counterparts."""

    def variables(which: int) -> str:
        named = {role: both[which] for role, both in look.PALETTE.items() if role.isalpha()}
        return ":root{" + "".join([f"--{role}:{colour};" for role, colour in named.items()]) + "}"

    return f"{variables(0)}\n@media (prefers-color-scheme:dark){{{variables(1)}}}\n{look.style_sheet()}\n"


def _hash(text: str) -> str:
    """What the Content-Security-Policy calls an inline script or style by: nothing else may run."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
