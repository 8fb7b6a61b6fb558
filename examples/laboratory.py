"""The laboratory. New: a page in which numbers can be changed, and six experiments to make there.

    python examples/laboratory.py laboratory.html

A neuron with a shortcut around its tanh, so that u is used twice:

    u = w x,   h = tanh(u + b),   ŷ = h + u,   L = (ŷ − y)²

By hand ∂L/∂u = 2 (ŷ − y) · (1 + (1 − h²)): one term for each of the two paths from u to L.
"""

import argparse
import sys

from tinygrad_edu import Task, Value, step_through
from tinygrad_edu.writing.console import unicode_output


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", help="the page, as .html")
    args = parser.parse_args()

    w, x, b, y = Value(0.5, "w"), Value(1.5, "x"), Value(-0.5, "b"), Value(0.25, "y")
    u = w * x
    h = (u + b).tanh()
    y_hat = h + u
    e = y_hat - y
    L = e * e
    for node, label in ((u, "u"), (h, "h"), (y_hat, "ŷ"), (e, "e"), (L, "L")):
        node.label = label
    L.backward()

    slope, right, before = 1 - h.data**2, w.grad, w.data
    wrong = e.data * slope * x.data  # e·e counted once, and of the two paths to u only that through h
    b.data = 4.0
    L.forward()
    saturated = 1 - h.data**2
    b.data = -0.5
    L.forward()
    tasks = [
        Task(
            "Press ↑ on the number of w. Which values follow, and which gradients?",
            leaf=w,
            seen="All values on the paths from w to L, and every gradient but ∂L/∂L = 1: each contains one of those.",
        ),
        Task(
            "Drag the point along the curve of L over w until the tangent is flat. What is L there?",
            leaf=w,
            seen="L is 0 there, and ∂L/∂w with it: ŷ meets y.",
        ),
        Task(
            "The neuron is saturated at b = 4. Why does w still learn?",
            {b: 4.0},
            f"1 − h² has fallen from {slope:.4f} to {saturated:.4f}, but the shortcut goes around it.",
            leaf=w,
        ),
        Task(
            "Take a step with η = 0.1. What do ten more do, and, after reset, some with η = 0.5?",
            leaf=w,
            shows="descend",
            eta=0.1,
            seen=f"One step takes w from {before:.4f} to {before - 0.1 * right:.4f}. With η = 0.5 it goes too far.",
        ),
        Task(
            "Go through both passes with pencil and paper, and say each number before it is shown.",
            shows="predict",
            seen="∂L/∂u = 2 (ŷ − y) · (1 + (1 − h²)).",
        ),
        Task(
            "An engine with = in place of += stands beside the right one. Why is its ∂L/∂w another?",
            mistake="overwrite",
            seen=f"∂L/∂w is {wrong:.4f}, not {right:.4f}: where two paths meet, only the last one counts.",
        ),
    ]
    if args.file:
        try:
            step_through(L, title="A neuron with a shortcut", tasks=tasks).save(args.file)
        except ValueError as error:
            parser.error(str(error))
        except (OSError, RuntimeError) as error:
            sys.exit(f"{parser.prog}: {error}")
        print(f"{args.file} is written.")

    print("\nThe experiments, which are in the page:")
    for k, task in enumerate(tasks, start=1):
        print(f"{k}. {task.sentence}\n   {task.seen}")


if __name__ == "__main__":
    unicode_output()
    main()
