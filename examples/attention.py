"""Attention. New: three tokens look at each other, by queries, keys and values.

    python examples/attention.py

Q = X W_queryᵀ, K = X W_keyᵀ and V = X W_valueᵀ have one row for each token. A = softmax(Q Kᵀ / √n), row by row, says
how much of which token each token takes, and A V is what it gets.
"""

from math import sqrt

from tinygrad_edu import Linear, Module, Tensor, explain, squared_error
from tinygrad_edu.writing.console import unicode_output


class Attention(Module):
    def __init__(self, size: int, seed: int) -> None:
        self.query = Linear(size, size, bias=False, seed=seed)
        self.key = Linear(size, size, bias=False, seed=seed + 1)
        self.value = Linear(size, size, bias=False, seed=seed + 2)

    def forward(self, X: Tensor) -> Tensor:
        Q, K, V = self.query(X), self.key(X), self.value(X)
        S = Q @ K.T / sqrt(Q.shape[1])
        A = S.softmax()
        for t, name in zip((Q, K, V, S, A), "QKVSA"):
            t.label = name
        return A @ V


def loss() -> Tensor:
    X = Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], label="X")
    return squared_error(Attention(2, seed=1)(X), [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


if __name__ == "__main__":
    unicode_output()
    print(explain(loss()))
