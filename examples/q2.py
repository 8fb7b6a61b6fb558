"""Rung 7: Question 2 of the practical. New: classes, so a softmax output and cross-entropy.

    python examples/q2.py                    every number of the worked page
    python examples/q2.py --steps 10         the loss over ten updates
    python examples/q2.py --help             the other options

The network is that of Question 1, with ŷ = softmax(z⁽³⁾). The loss L = −Σ yₖ log ŷₖ is computed
from z⁽³⁾ directly, as Σ yₖ (log Σⱼ exp(z⁽³⁾ⱼ) − z⁽³⁾ₖ), so the backward pass starts from
∂L/∂z⁽³⁾ = ŷ − y and skips ∂L/∂ŷ. Everything else is in practical.py.
"""

import math
import sys

from practical import Pass, Question, run

from tinygrad_edu import Tensor, cross_entropy


def softmax(z: list[float]) -> list[float]:
    e = [math.exp(zi - max(z)) for zi in z]
    return [ei / sum(e) for ei in e]


def remark(p: Pass) -> str:
    if max(map(abs, p.grad["h2"])) > 1e-12:
        return ""
    return (
        "Below the last layer every gradient is exactly 0 in exact arithmetic: the rows of W⁽³⁾ are\n"
        "equal, so ∂L/∂h⁽²⁾ = W⁽³⁾ᵀ (ŷ − y) is a multiple of Σᵢ (ŷᵢ − yᵢ) = 1 − 1 = 0. In this step\n"
        "only the last layer learns. (In floats the sums may come out as 1e-17 in place of 0.)"
    )


QUESTION = Question(
    name="Q2",
    title="Question 2: softmax and cross-entropy",
    predict=Tensor.softmax,
    loss=cross_entropy,
    y_hat_formula="softmax(z⁽³⁾)",
    y_hat_by_hand=softmax,
    loss_formula="−Σₖ yₖ log ŷₖ",
    loss_by_hand=lambda y_hat, y: -sum(yk * math.log(yhk) for yhk, yk in zip(y_hat, y) if yk),
    has_y_hat_gradient=False,
    remark=remark,
)

if __name__ == "__main__":
    sys.exit(run(QUESTION))
