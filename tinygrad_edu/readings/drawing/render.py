"""From DOT text to a picture: Graphviz as a program of its own, so that it can be stopped.

The program is `dot` where it is installed, else the Graphviz in the wheel of pygraphviz, which a
second Python runs. Graphviz leaves a card out when it rejects its label, says so on its error
stream and goes on; here that is an error.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec

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
        RuntimeError: there is no Graphviz, or it failed.
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
