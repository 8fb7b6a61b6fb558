"""Logistic regression. New: a probability for yes or no, and a loss whose gradient is (σ(z) − y)/n.

    python examples/logistic.py

z = W x + b and p = σ(z), with the loss −(y log p + (1 − y) log(1 − p)), the mean over n examples. The logarithm and
the sigmoid cancel, so the backward pass starts with ∂L/∂z = (σ(z) − y)/n.
"""

from tinygrad_edu import SGD, Linear, Tensor, binary_cross_entropy_with_logits, explain
from tinygrad_edu.writing.console import unicode_output

HOURS, PASSED = [[1.0], [2.0], [3.0], [4.0]], [[0.0], [1.0], [0.0], [1.0]]


def loss(model: Linear | None = None) -> Tensor:
    x, y = Tensor(HOURS, label="x"), Tensor(PASSED, label="y")
    return binary_cross_entropy_with_logits((model or Linear(1, 1, init=0.5))(x), y)


if __name__ == "__main__":
    unicode_output()
    print(explain(loss()))
    model = Linear(1, 1, init=0.5)
    sgd = SGD(model.parameters(), lr=0.5)
    print("\nstep       L")
    for step in range(201):
        L = loss(model)
        sgd.zero_grad()
        L.backward()
        sgd.step()
        if step % 50 == 0:
            print(f"{step:>4}  {L.item():.4f}")
    print("\nhours     p")
    for [x], [p] in zip(HOURS, model(HOURS).sigmoid().data):
        print(f"{x:5.1f}  {p:.2f}")
