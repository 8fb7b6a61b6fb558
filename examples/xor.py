"""XOR. New: random weights, and why a hidden layer is needed.

    python examples/xor.py

No line separates the 1s of «exclusive or» from its 0s. A network without a hidden layer,
ŷ = w₁x₁ + w₂x₂ + b, can do no better than ŷ = ½ for all four examples, with the loss
½ · 4 · (½)² = ½. Three tanh neurons between input and output bend the plane, and the loss goes
to 0. The weights start from random numbers: equal ones would get equal gradients and stay equal.
"""

from tinygrad_edu import MLP, SGD, Tensor, squared_error
from tinygrad_edu.writing.console import unicode_output

X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], label="x")
Y = Tensor([[0.0], [1.0], [1.0], [0.0]], label="y")


def train(sizes: list[int], steps: int = 400) -> None:
    print(f"\nnetwork {'-'.join(map(str, sizes))}\n\n step    loss L")
    net = MLP(sizes, activation="tanh", seed=1)
    sgd = SGD(net.parameters(), lr=0.1)
    for step in range(steps + 1):
        loss = squared_error(net(X), Y, reduction="sum")
        if step % 100 == 0:
            print(f"{step:>5}{loss.item():10.6f}")
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    print("   x₁   x₂    y         ŷ")
    for (x1, x2), [y], [y_hat] in zip(X.data, Y.data, net(X).data):
        print(f"{x1:5g}{x2:5g}{y:5g}{y_hat:10.4f}")


unicode_output()
train([2, 1])
train([2, 3, 1])
