"""Page: one HTML file that steps through a computation."""

import html
import os
import xml.etree.ElementTree as ET
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from ...writing.files import save_as
from ...writing.paper import Text
from ..drawing import look
from ..frame import framed
from .live import Later, as_json
from .script import Script
from .stage import Stage

PROGRAM = ("engine.js", "numbers.js", "telling.js")  # which touch no page
_DATA = '"use strict";\nconst data = JSON.parse(document.getElementById("data").textContent);\n'
VIEW = ("page.js", "laboratory.js", "slope.js", "predict.js", "mistakes.js", "start.js")


@dataclass(repr=False, eq=False)
class Page:
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

    @property
    def level(self) -> str:
        """The level it was made at.

        >>> from tinygrad_edu import Value, step_through
        >>> step_through(Value(2.0)).level
        'value'
        """
        return self._stage.level

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
        style, script = self._style_and_script
        return Template(part("page.html")).substitute(
            policy=policy((style, script)),
            title=html.escape(look.printable(self.title)),
            style=style,
            picture=self._picture,
            data=as_json(self._data),
            script=script,
        )

    @property
    def _style_and_script(self) -> tuple[str, str]:
        return colours() + part("page.css"), _DATA + self._program + "".join(map(part, VIEW))

    @property
    def _program(self) -> str:
        """What computes and tells, in JavaScript, of `data`; it touches no page."""
        return f"const rows = {self._rows};\n" + "".join(map(part, PROGRAM))

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
        return save_as(path, "a page is", (".html", ".htm"), lambda _: self.html)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the page in a frame of its own, or where that fails the reason. It never raises."""
        try:
            frame = framed(self.html, look.printable(self.title), self._text(), self._height(), printed=True)
            return {"text/html": frame, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self!r} cannot be shown: {error}"}

    def _text(self) -> str:
        """All the steps as plain HTML: for paper, and where the page itself is removed."""
        digits = self._data["digits"]
        said = [html.escape(look.printable(self.title))]
        for step in self._script.steps:
            words = [word for word in step.title if not (hasattr(word, "number") and isinstance(word.number, Later))]
            title = look.printable(Text(digits).sentence(words)).removesuffix(" = ")
            lines = "\n".join([line.row.text(digits) for line in step.lines])
            said.append(f"<b>{html.escape(title)}</b>\n{html.escape(lines)}")
        return f"<pre>{chr(10).join([said[0], '', chr(10).join(said[1:])])}</pre>"

    def _height(self) -> float:
        """Of its frame, in pixels: the picture at its own size between the controls and the lines, within reason."""
        points = float(ET.fromstring(self._picture).get("height", "0").removesuffix("pt"))
        return min(max(points * 4 / 3 + 280, 480), 760)

    def __repr__(self) -> str:
        return f"<Page: {self.level} level, {len(self)} steps>"


def part(name: str, package: str = __package__) -> str:
    """The text of a file that stands in a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def colours() -> str:
    """The colours of drawings as variables of the style sheet, and their dark counterparts.

    The reader's system decides, unless the address of the page names a theme.
    """
    called = {role: role.replace("+", "up").replace("-", "down") for role in look.PALETTE}
    light, dark = [
        "".join([f"--{called[role]}:{both[which]};" for role, both in look.PALETTE.items()]) for which in (0, 1)
    ]
    heat = "".join([f".{name}{{background:var(--{name})}}" for role, name in called.items() if name != role])
    asked, system = ":root[data-theme=dark]", ":root:not([data-theme=light])"
    return (
        f":root{{{light}}}\n{asked}{{{dark}}}\n{look.dark_rules(asked)}\n"
        f"@media (prefers-color-scheme:dark){{{system}{{{dark}}}\n{look.dark_rules(system)}}}\n{heat}\n"
    )


def policy(*pages: tuple[str, str]) -> str:
    """The Content-Security-Policy of pages that stand in one: their inline styles and scripts, and nothing else."""
    styles, scripts = [" ".join(map(_hash, texts)) for texts in zip(*pages)]
    return f"default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
