"""The example that everybody quotes. New: sigmoid neurons, and every published number beside the engine's.

    python examples/quoted.py

Matt Mazur, "A Step by Step Backpropagation Example" (2015): two inputs, two hidden sigmoid neurons, two sigmoid
outputs, E = ½ Σ (target − out)², η = 0.5. Both neurons of a layer have the same bias, which is never updated.

The article prints another error after the step: its program updates w₅ … w₈ first, and computes the gradients of
w₁ … w₄ with the new weights. The chain rule needs the weights of the forward pass.
"""

from tinygrad_edu import Linear, Module, Tensor, explain, squared_error
from tinygrad_edu.writing.console import unicode_output

PUBLISHED = """\
net h₁ 0.3775, out h₁ 0.593269992, out h₂ 0.596884378, net o₁ 1.105905967, out o₁ 0.75136507, out o₂ 0.772928465, \
E 0.298371109, ∂E/∂w₅ 0.082167041, ∂E/∂net o₁ 0.138498562, ∂E/∂out h₁ 0.036350306, ∂E/∂w₁ 0.000438568, \
new w₁ 0.149780716, new w₂ 0.19956143, new w₃ 0.24975114, new w₄ 0.29950229, \
new w₅ 0.35891648, new w₆ 0.408666186, new w₇ 0.511301270, new w₈ 0.561370121"""


class Net(Module):
    """The network of the article, which keeps its intermediate results."""

    def __init__(self) -> None:
        self.hidden, self.output = Linear(2, 2), Linear(2, 2)
        self.hidden.W.data, self.hidden.b.data = [[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]
        self.output.W.data, self.output.b.data = [[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60]

    def forward(self, i: Tensor) -> Tensor:
        self.net_h = self.hidden(i)
        self.out_h = self.net_h.sigmoid()
        self.net_o = self.output(self.out_h)
        return self.net_o.sigmoid()


def error(net: Net) -> Tensor:
    E = squared_error(net(Tensor([0.05, 0.10], label="i")), Tensor([0.01, 0.99], label="target"))
    E.label = "E"
    return E


def main() -> None:
    net = Net()
    E = error(net)
    E.backward()
    print(explain(E), "\n")

    # What the article prints, in its order.
    h, o, dz = net.out_h, net.net_o.sigmoid(), Tensor(net.net_o.grad)
    found = [net.net_h.data[0], *h.data, net.net_o.data[0], *o.data, E.item()]
    found += [net.output.W.grad[0][0], dz.data[0], h.grad[0], net.hidden.W.grad[0][0]]
    before = net.hidden.W.data
    for W in (net.hidden.W, net.output.W):
        W.data -= 0.5 * W.grad
        found += [w for row in W.data for w in row]
    print("             published      engine")
    for entry, engine in zip(PUBLISHED.split(", "), found, strict=True):
        name, published = entry.rsplit(" ", 1)
        rounded = f"{engine:.{len(published) - 2}f}"
        print(f"{name:<11}{published:>11}{engine:15.12f}  {'✓' if rounded == published else '✗'}")
    print(f"new E                 {error(net).item():15.12f}")

    # The step of the article's program: the new w₅ … w₈ in ∂E/∂out h, all else as before.
    dz_h = net.output.W.T @ dz * Tensor(h.data) * (1 - Tensor(h.data))
    net.hidden.W.data = before - 0.5 * (dz_h.reshape(2, 1) * [0.05, 0.10]).data
    print(f"  as published 0.291027924{error(net).item():15.12f}  with the new w₅ … w₈ in ∂E/∂out h")


if __name__ == "__main__":
    unicode_output()
    main()
