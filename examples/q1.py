"""Rung 6: Question 1 of the practical. New: a network in layers, with its formulas in matrices.

    python examples/q1.py                    every number of the worked page
    python examples/q1.py --batch --mean     two examples at once
    python examples/q1.py --help             the other options

The layers are tanh, the output is ŷ = z⁽³⁾ and the loss L = ½ Σ (ŷᵢ − yᵢ)², so the backward
pass starts from ∂L/∂ŷ = ŷ − y. Everything else is in practical.py.
"""

import sys

from practical import FIRST_EXAMPLE, Pass, Question, run

from tinygrad_edu import Tensor, squared_error


def identity(z3: Tensor) -> Tensor:
    """ŷ = z⁽³⁾: the same numbers under their own name."""
    y_hat = z3.reshape(z3.shape)
    y_hat.label = "ŷ"
    return y_hat


def remark(p: Pass) -> str:
    if p.example != FIRST_EXAMPLE:
        return ""
    return (
        "The notes print z⁽³⁾ = 0.16936. The number is 0.16396: two digits changed places.\n"
        "By hand it is 0.3 · 0.2132 + 0.1, and the notes' own loss 0.376 agrees with it alone."
    )


QUESTION = Question(
    name="Q1",
    title="Question 1: squared error",
    predict=identity,
    loss=lambda z3, y, reduction="sum": squared_error(identity(z3), y, reduction),
    y_hat_formula="z⁽³⁾",
    y_hat_by_hand=lambda z3: z3,
    loss_formula="½ Σᵢ (ŷᵢ − yᵢ)²",
    loss_by_hand=lambda y_hat, y: sum((a - b) ** 2 for a, b in zip(y_hat, y)) / 2,
    has_y_hat_gradient=True,
    remark=remark,
)

if __name__ == "__main__":
    sys.exit(run(QUESTION))
