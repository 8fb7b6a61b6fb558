"""A neuron. New: names, a loss, the derivation in words, a picture, and an update.

    python examples/neuron.py                           the derivation, and one update
    python examples/neuron.py neuron.svg neuron.html    and a picture, and a page to step through

One neuron with two inputs and squared error:

    z = w₁x₁ + w₂x₂ + b,   h = tanh(z),   L = ½ (h − y)²

By hand ∂L/∂z = (h − y)(1 − h²), and from there ∂L/∂wᵢ = ∂L/∂z · xᵢ and ∂L/∂b = ∂L/∂z.
"""

import argparse
import math
import sys

from tinygrad_edu import Value, draw, explain, step_through
from tinygrad_edu.writing.console import unicode_output


def neuron(w1: Value, w2: Value, b: Value) -> Value:
    """The loss for the example x = [1, −2]ᵀ, y = 1."""
    x1, x2, y = Value(1.0, label="x₁"), Value(-2.0, label="x₂"), Value(1.0, label="y")
    z = w1 * x1 + w2 * x2 + b
    h = z.tanh()
    L = (h - y) ** 2 / 2
    z.label, h.label, L.label = "z", "h", "L"
    return L


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="a picture as .svg, .png, .pdf or .dot, a page as .html")
    files = parser.parse_args().files

    w1, w2, b = Value(0.5, label="w₁"), Value(0.25, label="w₂"), Value(0.5, label="b")
    L = neuron(w1, w2, b)
    print(explain(L))
    L.backward()

    h = math.tanh(0.5 * 1 + 0.25 * -2 + 0.5)
    dz = (h - 1) * (1 - h**2)
    print("\n            engine   by hand")
    for name, grad, by_hand in (("w₁", w1.grad, dz * 1), ("w₂", w2.grad, dz * -2), ("b", b.grad, dz)):
        print(f"{'∂L/∂' + name:<8}{grad:10.4f}{by_hand:10.4f}")

    eta = 0.1
    updated = [Value(parameter.data - eta * parameter.grad) for parameter in (w1, w2, b)]
    print(f"\nAfter θ ← θ − η ∂L/∂θ with η = {eta}, L falls from {L.data:.4f} to {neuron(*updated).data:.4f}.")

    for file in files:
        try:
            (step_through(L) if file.endswith(".html") else draw(L)).save(file)
        except ValueError as error:
            parser.error(str(error))
        except (OSError, RuntimeError) as error:
            sys.exit(f"{parser.prog}: {error}")
        print(f"{file} is written.")


if __name__ == "__main__":
    unicode_output()
    main()
