"""By hand, then compared. New: a backward pass in NumPy, checked gradient by gradient, the first wrong one first.

    python examples/compared.py

A batch of three examples, one in each row, goes through z₁ = x W₁ᵀ + b₁, h = tanh z₁, z₂ = h W₂ᵀ + b₂ and a softmax.
The first attempt at its backward pass forgets tanh′. `compare_gradients` says where it goes wrong first, which mistake
that is, and what follows rightly from the wrong number. The second attempt is right.
"""

import numpy as np

from tinygrad_edu import MLP, Tensor, compare_gradients, cross_entropy
from tinygrad_edu.writing.console import unicode_output

x, y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1, 1, 0])
net = MLP([2, 3, 2], activation="tanh", seed=1)
W1, b1, W2, b2 = [np.array(p.data) for p in net.parameters()]


def backward(tanh_slope: bool) -> dict[str, np.ndarray]:
    """The gradients of the mean of −log ŷ, by hand; without the slope of tanh if it is forgotten."""
    h = np.tanh(x @ W1.T + b1)
    powers = np.exp(h @ W2.T + b2)
    y_hat = powers / powers.sum(axis=1, keepdims=True)

    dz2 = (y_hat - np.eye(2)[y]) / len(y)
    dh = dz2 @ W2
    dz1 = dh * (1 - h**2) if tanh_slope else dh
    return {
        "dz2": dz2, "dW2": dz2.T @ h, "db2": dz2.sum(axis=0),
        "dh1": dh, "dz1": dz1, "dW1": dz1.T @ x, "db1": dz1.sum(axis=0),
    }  # fmt: skip


if __name__ == "__main__":
    unicode_output()
    L = cross_entropy(net(Tensor(x, label="x")), y)
    for title, gradients in (("without tanh′", backward(False)), ("with tanh′", backward(True))):
        print(f"{title}\n\n{compare_gradients(L, gradients)}\n")
