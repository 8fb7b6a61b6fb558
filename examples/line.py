"""A line through points. New: many examples at once (Tensor), an optimiser, the training loop.

    python examples/line.py

The model is ŷ = w x + b, and the loss the mean of the squares, L = 1/N Σᵢ (ŷᵢ − yᵢ)². The four
lines in the loop train every network, here and in PyTorch. For a line there is also a formula for
the best w and b, so we can see where gradient descent arrives:

    w* = Σᵢ (xᵢ − x̄)(yᵢ − ȳ) / Σᵢ (xᵢ − x̄)²,   b* = ȳ − w* x̄
"""

from tinygrad_edu import SGD, Tensor, Value, mse_loss
from tinygrad_edu.writing.console import unicode_output

unicode_output()

xs = [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0]
ys = [-3.2, -1.9, -1.1, 0.3, 0.7, 2.1, 2.9, 4.3, 4.8]  # about 2x + 1

x, y = Tensor(xs), Tensor(ys)
w, b = Value(0.0, label="w"), Value(0.0, label="b")
sgd = SGD([w, b], lr=0.1)

print(" step         L         w         b")
for step in range(41):
    loss = mse_loss(w * x + b, y)  # forward: one graph for all points
    if step % 5 == 0:
        print(f"{step:>5}{loss.item():10.6f}{w.data:10.6f}{b.data:10.6f}")
    sgd.zero_grad()  # without it, gradients of several passes add up
    loss.backward()
    sgd.step()  # θ ← θ − η ∂L/∂θ

x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
w_best = sum((xi - x_mean) * (yi - y_mean) for xi, yi in zip(xs, ys)) / sum((xi - x_mean) ** 2 for xi in xs)
b_best = y_mean - w_best * x_mean
print(f"        formula{w_best:10.6f}{b_best:10.6f}")
assert abs(w.data - w_best) < 1e-3 and abs(b.data - b_best) < 1e-3
