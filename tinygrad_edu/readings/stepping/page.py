"""Page: one HTML file that steps through a computation; and what every page is made of and shown by."""

import html
import os
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from ...writing.files import save_as
from ..drawing import look
from ..frame import framed
from .live import as_json
from .script import Script
from .stage import Stage

PROGRAM = ("engine.js", "numbers.js", "telling.js")  # which touch no page
_DATA = '"use strict";\nconst data = JSON.parse(document.getElementById("data").textContent);\n'
VIEW = ("elements.js", "page.js", "laboratory.js", "slope.js", "predict.js", "mistakes.js", "start.js")


class Framed:
    """A page with a title that a notebook shows in a frame, with a text that stands in where frames are removed."""

    title: str
    html: Any  # a property
    printed = False  # whether the text is also printed below the frame

    def _instead(self) -> str:
        raise NotImplementedError

    def _height(self) -> float:
        """Of the frame, in pixels."""
        return 760

    def __getstate__(self) -> object:
        """What `pickle` would keep: a TypeError, since a whole graph hangs on it."""
        raise TypeError("a page holds its graph and cannot be copied or pickled: keep its html, or page.save(path)")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the page, or where that fails the reason. It never raises."""
        try:
            lines = "\n".join([html.escape(look.printable(line)) for line in self._instead().split("\n")])
            title, text = look.printable(self.title), f"<pre>{lines}</pre>"
            frame = framed(self.html, title, text, self._height(), self.printed)
            return {"text/html": frame, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self!r} cannot be shown: {error}"}


@dataclass(repr=False, eq=False)
class Page(Framed):
    """A page made by `step_through`: `level` is its level, `title` its heading.

    >>> from tinygrad_edu import Value, step_through
    >>> x = Value(3.0, label="x")
    >>> page = step_through(x * x, title="A square")
    >>> page.title, page.html.count("https:")                          # it needs no network
    ('A square', 0)
    """

    _stage: Stage
    _script: Script
    _data: dict[str, Any]
    _rows: str
    title: str
    level: str
    printed = True

    def __len__(self) -> int:
        """How many steps it has."""
        return len(self._script.steps)

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
        data = as_json(self._data)
        return assembled(text_of("page.html"), self.title, data, self._code, picture=self._stage.svg(timeout=60.0))

    @property
    def _code(self) -> tuple[str, str]:
        """Its style and its script, so that a page around it can allow them."""
        return colours() + text_of("page.css"), _DATA + self._program + "".join(map(text_of, VIEW))

    @property
    def _program(self) -> str:
        """What computes and tells, in JavaScript, of `data`; it touches no page."""
        return f"const rows = {self._rows};\n" + "".join(map(text_of, PROGRAM))

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
        return save_as(path, "a page is", (".html", ".htm"), lambda _: self.html)

    def _instead(self) -> str:
        told = self._script.derivation
        lines = [line for name, rows in told.parts for line in ("", name, *[row.text(told.digits) for row in rows])]
        return "\n".join([self.title, *lines])

    def _height(self) -> float:
        """The picture at its own size between the controls and the lines, within reason."""
        points = max(map(float, re.findall(r'height="([\d.]+)pt"', self.html)))
        return min(max(points * 4 / 3 + 280, 480), 760)

    def __repr__(self) -> str:
        return f"<Page: {self.level} level, {len(self)} steps>"


def text_of(name: str, package: str = __package__) -> str:
    """The text of a file that stands in a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def colours() -> str:
    """The colours of drawings as variables of the style sheet, and their dark counterparts.

    The reader's system decides, unless the address of the page names a theme.
    """
    called = {role: role.replace("+", "up").replace("-", "down") for role in look.PALETTE}
    light, dark = ["".join([f"--{called[r]}:{c[k]};" for r, c in look.PALETTE.items()]) for k in (0, 1)]
    drawn = [
        f'[{what}="{look.colour(role)}"]{{{what}:var(--{name})}}'
        for what in ("fill", "stroke")
        for role, name in called.items()
    ]
    heat = [f".{name}{{background:var(--{name});fill:var(--{name})}}" for role, name in called.items() if name != role]
    return (
        f":root{{{light}}}\n:root[data-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n{''.join(drawn + heat)}\n"
    )


def assembled(
    template: str, title: str, data: str, code: tuple[str, str], inside: Sequence[tuple[str, str]] = (), **more: str
) -> str:
    """A page. Its Content-Security-Policy allows its own style and script, those of pages inside it, and no others."""
    styles, scripts = [" ".join(map(_hash, texts)) for texts in zip(code, *inside)]
    policy = f"default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'"
    parts = {"policy": policy, "title": html.escape(look.printable(title)), "data": data}
    return Template(template).substitute(parts | more, style=code[0], script=code[1])


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
