"""The laboratory. New: a page in which numbers can be changed, and six experiments to make there.

    python examples/laboratory.py laboratory.html

A neuron with a shortcut around its tanh, so that u is used twice:

    u = w x,   h = tanh(u + b),   ŷ = h + u,   L = (ŷ − y)²

By hand ∂L/∂u = 2 (ŷ − y) · (1 + (1 − h²)): one term for each of the two ways from u to L.
"""

import argparse
import sys

from tinygrad_edu import Value, step_through
from tinygrad_edu.writing.console import unicode_output

EXPERIMENTS = """
Open the page, and in it the laboratory.
1. Go to the last step, and press ↑ on the number of w: which values follow, and which gradients?
2. Drag the point along the curve of L over w until the tangent is flat; on its card Alt ↑ goes finely. What is L there?
3. Set b to 4: the neuron is saturated, 1 − h² falls from {slope:.4f} to {saturated:.4f}. Why does w still learn?
4. Reset. One step with η = 0.1 takes w from {before:.4f} to {after:.4f}. Take ten; then again with η = 0.5.
5. Tick "ask me", and go through the backward pass with pencil and paper.
6. Put an engine with a mistake beside it. With = in place of +=, ∂L/∂w is {wrong:.4f}, not {right:.4f}: why?"""


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

    if args.file:
        try:
            step_through(L, title="A neuron with a shortcut").save(args.file)
        except ValueError as error:
            parser.error(str(error))
        except (OSError, RuntimeError) as error:
            sys.exit(f"{parser.prog}: {error}")
        print(f"{args.file} is written.")

    slope, right, before = 1 - h.data**2, w.grad, w.data
    wrong = e.data * slope * x.data  # e·e counted once, and of the two ways to u only that through h
    b.data = 4.0
    L.forward()
    saturated = 1 - h.data**2
    after = before - 0.1 * right
    numbers = {"slope": slope, "saturated": saturated, "before": before, "after": after, "wrong": wrong, "right": right}
    print(EXPERIMENTS.format(**numbers))


if __name__ == "__main__":
    unicode_output()
    main()
