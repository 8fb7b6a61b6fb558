"""Question 2 of the practical: classes. New: a softmax output and cross-entropy.

    python examples/q2.py                    every number of the worked page
    python examples/q2.py --steps 10         the loss over ten updates
    python examples/q2.py --help             the other options

The network is that of Question 1, with ŷ = softmax(z⁽³⁾). The loss L = −Σ yₖ log ŷₖ is computed from z⁽³⁾
directly, as Σ yₖ (log Σⱼ exp(z⁽³⁾ⱼ) − z⁽³⁾ₖ), so the backward pass starts from ∂L/∂z⁽³⁾ = ŷ − y.
"""

from practical import question

from tinygrad_edu import MLP, cross_entropy

ZEROS = """\
Below the last layer every gradient is exactly 0 in exact arithmetic: the rows of W⁽³⁾ are
equal, so ∂L/∂h⁽²⁾ = W⁽³⁾ᵀ (ŷ − y) is a multiple of Σᵢ (ŷᵢ − yᵢ) = 1 − 1 = 0. In this step
only the last layer learns. (In floats the sums may come out as 1e-17 in place of 0.)"""


def remark(numbers):
    return ZEROS if max(map(abs, numbers["grad"]["h2"])) < 1e-12 else ""


with question("Question 2: softmax and cross-entropy", remark, classes=True) as run:
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
            y_hat = z3.softmax()
            L = cross_entropy(z3, y, run.reduction)

            # Backward: a.grad is now ∂L/∂a.
            net.zero_grad()
            L.backward()
            run.show(x=x, z1=z1, h1=h1, z2=z2, h2=h2, z3=z3, y_hat=y_hat, y=y, L=L)

        # Update.
        for p in net.parameters():
            p.data -= run.eta * p.grad
