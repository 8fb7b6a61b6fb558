"""`tinygrad-edu doctor` prints what is installed, and whether pictures can be drawn."""

import platform
import shutil
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from .. import __version__
from ..readings.drawing import draw
from ..readings.drawing.picture import render
from ..value import Value

#: Packages outside the standard library, with what installs them.
PACKAGES = {
    "graphviz": ".", "pygraphviz": ".[draw]", "matplotlib": ".[examples]", "tqdm": ".[examples]",
    "numpy": ".[examples]", "ziglang": ".[fast]", "jax": ".[jax]", "hypothesis": ".[test]", "pytest": ".[test]",
}  # fmt: skip


def examine() -> tuple[str, bool]:
    """The report, one line for each program or package, and whether a picture could be drawn.

    >>> report, can_draw = examine()
    >>> [line.split()[0] for line in report.splitlines()[:4]]
    ['Python', 'tinygrad_edu', 'Graphviz', 'graphviz']
    """
    found = {
        "Python": f"{platform.python_version()}, {sys.executable}",
        "tinygrad_edu": f"{__version__}, {Path(__file__).parents[1]}",
        "Graphviz": shutil.which("dot") or ("in pygraphviz" if find_spec("pygraphviz") else "not found"),
        **{name: _version(name) for name in PACKAGES},
    }
    problem = ""
    try:
        render(draw(Value(1.0)).source, "svg", 60.0)
    except Exception as error:  # any error is part of the report
        problem = " ".join(str(error).split())
    verdict = f"No picture can be drawn: {problem}." if problem else "Pictures can be drawn."
    width = max(map(len, found))
    lines = [f"{name:<{width}}  {line}" for name, line in found.items()]
    return "\n".join([*lines, "", verdict]), not problem


def _version(name: str) -> str:
    if find_spec(name) is None:
        return f'not installed: pip install -e "{PACKAGES[name]}"'
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "of unknown version"
