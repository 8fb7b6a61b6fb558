"""Question 1 of the practical: squared error. New: a network in layers, with its formulas in matrices.

    python examples/q1.py                    every number of the worked page
    python examples/q1.py --batch --mean     two examples at once
    python examples/q1.py --help             the other options

The output has no activation, ŷ = z⁽³⁾, and the loss is L = ½ Σ (ŷᵢ − yᵢ)², so the backward pass starts
from ∂L/∂ŷ = ŷ − y. practical.py reads the options and prints the page.
"""

from practical import question

from tinygrad_edu import MLP, squared_error

MISPRINT = """\
The notes print z⁽³⁾ = 0.16936. The number is 0.16396: two digits changed places.
By hand it is 0.3 · 0.2132 + 0.1, and the notes' own loss 0.376 agrees with it alone."""


def remark(numbers):
    return MISPRINT if round(numbers["z3"][0], 5) == 0.16396 else ""


with question("Question 1: squared error", remark) as run:
    # The network: every weight and bias is 0.1.
    net = run.start(MLP([4, 4, 3, 3], activation="tanh", init=0.1))
    layer1, layer2, layer3 = net.layers

    for passes in run.steps():
        for x, y in passes:  # each example, then all of them at once, one in each row
            # Forward.
            z1 = layer1(x)  # W⁽¹⁾ h⁽⁰⁾ + b⁽¹⁾, with h⁽⁰⁾ = x
            h1 = z1.tanh()
            z2 = layer2(h1)
            h2 = z2.tanh()
            z3 = layer3(h2)
            y_hat = z3.reshape(z3.shape)  # the same numbers under their own name
            L = squared_error(y_hat, y, run.reduction)

            # Backward: a.grad is now ∂L/∂a.
            net.zero_grad()
            L.backward()
            run.show(x=x, z1=z1, h1=h1, z2=z2, h2=h2, z3=z3, y_hat=y_hat, y=y, L=L)

        # Update.
        for p in net.parameters():
            p.data -= run.eta * p.grad
