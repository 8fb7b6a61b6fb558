"""Names, 2: learning the table. New: softmax, and its gradient by hand.

    python examples/names_2_layer.py

Counting works only for a table. The same table can be learned: each letter x has a row of numbers z = W[x], and
p = softmax(z). By hand, the gradient of −log p_y is ∂L/∂z = p − y, with y as a row of zeros and a single 1. A step
against it moves the row of every letter that was seen. The loss approaches that of the counts without the added ones.
"""

from math import exp, log

from names import pairs

xs, ys = pairs(1)
n = len(ys)


def softmax(z: list[float]) -> list[float]:
    powers = [exp(zi - max(z)) for zi in z]
    return [power / sum(powers) for power in powers]


W = [[0.0] * 27 for _ in range(27)]
print("step       L")
for step in range(301):
    P = [softmax(z) for z in W]
    if step % 100 == 0:
        print(f"{step:>4}  {sum(-log(P[x][y]) for [x], y in zip(xs, ys)) / n:.4f}")
    dW = [[0.0] * 27 for _ in range(27)]
    for [x], y in zip(xs, ys):
        for j in range(27):
            dW[x][j] += (P[x][j] - (j == y)) / n
    W = [[w - 30 * dw for w, dw in zip(row, drow)] for row, drow in zip(W, dW)]
