"""The bug lab. New: an engine of 40 lines with one conceptual mistake, for you to fix.

    python examples/bug_lab.py 3 mine.py         writes the engine with bug 3
    python examples/bug_lab.py --check mine.py   compares its gradients with differences
    python examples/bug_lab.py --solution 3      explains bug 3

Each of the ten bugs is one replacement in the right engine below.
"""

import argparse
import math
from pathlib import Path
from typing import Any

from tinygrad_edu.writing.console import printing

ENGINE = '''\
"""An engine in 40 lines: a Value knows its inputs and the slope to each of them."""

import math


class Value:
    def __init__(self, data, inputs=(), slopes=()):
        self.data, self.inputs, self.slopes = data, inputs, slopes
        self.grad = 0.0

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __sub__(self, other):
        return Value(self.data - other.data, (self, other), (1.0, -1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other):
        a, b = self.data, other.data
        return Value(a / b, (self, other), (1 / b, -a / b**2))

    def exp(self):
        y = math.exp(self.data)
        return Value(y, (self,), (y,))

    def tanh(self):
        h = math.tanh(self.data)
        return Value(h, (self,), (1 - h**2,))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for a in node.inputs:
                    visit(a)
                order.append(node)

        visit(self)
        for node in order:
            node.grad = 0.0 if node.inputs else node.grad
        self.grad = 1.0
        for node in reversed(order):
            for a, slope in zip(node.inputs, node.slopes):
                a.grad += node.grad * slope
'''

#: For each bug: the right lines, the wrong ones, and what to say about them.
BUGS = [
    ("a.grad += node.grad * slope", "a.grad = node.grad * slope",
     "= for +=: of several paths to a node only the last one counts. The chain rule adds them up."),
    ("for node in reversed(order):", "for node in order:",
     "The order: a node may pass its gradient on only when all of it has arrived, so users come before inputs."),
    ("node.grad = 0.0 if node.inputs else node.grad", "node.grad = 0.0",
     "Cleared too often: gradients of a leaf add up over several calls, until its owner clears them."),
    ("node.grad = 0.0 if node.inputs else node.grad", "pass",
     "Not cleared: inner nodes keep the gradient of the last call, and pass it on a second time."),
    ("(1 - h**2,)", "(1 - self.data**2,)",
     "tanh′ of z: the slope is 1 − h², with h = tanh(z), not 1 − z²."),
    ("(1 - h**2,)", "(1 - h,)",
     "tanh′ is 1 − h²; the square was forgotten."),
    ("a.grad += node.grad * slope", "a.grad += slope",
     "The gradient from above is forgotten: the chain rule multiplies it by the local slope."),
    ("for a, slope in zip(node.inputs, node.slopes):",
     "for a, slope in dict(zip(node.inputs, node.slopes)).items():",
     "x · x is counted once: both inputs are the same node, and each is an edge of its own."),
    ("            if node not in seen:\n                seen.add(node)\n                for a in node.inputs:\n"
     "                    visit(a)\n                order.append(node)",
     "            if node not in seen:\n                seen.add(node)\n                order.insert(0, node)\n"
     "                for a in node.inputs:\n                    visit(a)",
     "A shared node's gradient is taken too early: it is listed when it is first met, before those it is made of."),
    ("(1 / b, -a / b**2)", "(1 / b, a / b**2)",
     "The sign: a/b falls as b grows, so the slope by b is −a / b²."),
]  # fmt: skip


def with_bug(k: int) -> str:
    """The engine with bug k, counted from 1."""
    right, wrong, _ = BUGS[k - 1]
    assert ENGINE.count(right) == 1
    return ENGINE.replace(right, wrong)


def is_right(source: str) -> bool:
    """Whether an engine's gradients are those of differences. An engine that cannot be run is not right."""
    engine: dict[str, Any] = {}
    try:
        exec(compile(source, "the engine", "exec"), engine)
        return all([_agrees(engine["Value"], f) for f in _FUNCTIONS]) and _adds_up(engine["Value"])
    except Exception as error:
        print(f"It does not run: {type(error).__name__}: {error}")
        return False


def _shared(x: Any, y: Any) -> Any:
    a = x * y
    b = a + a.tanh()
    return b * b + a


_FUNCTIONS = [
    lambda x, y: x * x + y,
    lambda x, y: (x * y - y).tanh() / x,
    lambda x, y: (x.exp() + y) * x.exp(),
    _shared,
]


def _agrees(value: Any, f: Any) -> bool:
    x, y, d = 0.7, -0.4, 1e-5
    leaves = value(x), value(y)
    f(*leaves).backward()

    def at(x: float, y: float) -> float:
        return float(f(value(x), value(y)).data)

    slopes = (at(x + d, y) - at(x - d, y)) / (2 * d), (at(x, y + d) - at(x, y - d)) / (2 * d)
    return all([math.isclose(leaf.grad, slope, rel_tol=1e-6, abs_tol=1e-8) for leaf, slope in zip(leaves, slopes)])


def _adds_up(value: Any) -> bool:
    """Two calls of backward on one graph give a leaf twice the gradient."""
    x = value(0.7)
    y = (x * x).tanh() * x
    y.backward()
    once = x.grad
    y.backward()
    return math.isclose(x.grad, 2 * once, rel_tol=1e-9)


def main(argv: list[str] | None = None) -> int:
    """Write an engine, check one, or tell; returns the exit status."""
    p = argparse.ArgumentParser(description="An engine with one mistake, to be fixed.", allow_abbrev=False)
    p.add_argument("bug", type=int, nargs="?", choices=range(1, len(BUGS) + 1), help="which, from 1 to 10")
    p.add_argument("file", nargs="?", help="where to write the engine; by default it is printed")
    p.add_argument("--check", metavar="FILE", help="whether the engine in the file is right")
    p.add_argument("--solution", type=int, choices=range(1, len(BUGS) + 1), help="what is wrong in this bug")
    options = p.parse_args(argv)
    if options.solution:
        right, wrong, why = BUGS[options.solution - 1]
        print(f"{why}\n\nWrong:\n{wrong}\n\nRight:\n{right}")
    elif options.check:
        right_now = is_right(Path(options.check).read_text(encoding="utf-8"))
        print("Right: every gradient is that of differences." if right_now else "Not yet right.")
        return 0 if right_now else 1
    else:
        source = with_bug(options.bug or 1)
        if options.file:
            Path(options.file).write_text(source, encoding="utf-8")
            print(f"{options.file} is written. Fix it, and check it with --check {options.file}")
        else:
            print(source, end="")
    return 0


if __name__ == "__main__":
    with printing():
        raise SystemExit(main())
