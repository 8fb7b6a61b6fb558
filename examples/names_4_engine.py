"""Names, 4: the same network by the engine. New: a Module of one's own, and no backward pass to write.

    python examples/names_4_engine.py

It starts from the numbers of names_3_by_hand.py. All losses and gradients are the same except for rounding.
"""

from names import pairs
from names_3_by_hand import EMBEDDING, HIDDEN, LETTERS, START, loss_and_gradients

from tinygrad_edu import SGD, Linear, Module, Parameter, Tensor, cross_entropy
from tinygrad_edu.writing.console import unicode_output


class Net(Module):
    def __init__(self) -> None:
        self.E = Parameter(START["E"])
        self.hidden, self.out = Linear(3 * EMBEDDING, HIDDEN), Linear(HIDDEN, LETTERS)
        for p, name in zip(self.hidden.parameters() + self.out.parameters(), ("W1", "b1", "W2", "b2")):
            p.data = START[name]

    def forward(self, tokens: list[list[int]]) -> Tensor:
        x = self.E[tokens].reshape(len(tokens), -1)
        return self.out(self.hidden(x).tanh())


def main() -> None:
    tokens, ys = pairs(3)
    net, by_hand = Net(), dict(START)
    sgd = SGD(net.parameters(), lr=1.0)
    print("step   L by hand   L by engine   largest difference of a gradient")
    for step in range(3):
        L = cross_entropy(net.forward(tokens), ys)
        sgd.zero_grad()
        L.backward()
        loss, gradients = loss_and_gradients(by_hand)
        difference = max(abs(p.grad - g).max() for p, g in zip(net.parameters(), gradients.values()))
        print(f"{step:>4}   {loss:.7f}   {L.item():.7f}     {difference:.0e}")
        sgd.step()
        by_hand = {name: p - 1.0 * gradients[name] for name, p in by_hand.items()}


if __name__ == "__main__":
    unicode_output()
    main()
