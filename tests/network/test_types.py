"""What an editor and a type checker are told: mypy on a program that uses the types."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from tinygrad_edu import MLP, SGD, Adam, Tensor, Value, cat, cross_entropy, mse_loss, stack

t = Tensor([[1.0, 2.0], [3.0, 4.0]])
x = Value(2.0)
net = MLP([2, 3, 1])
reveal_type(t + 1)  # Tensor
reveal_type(2 * t)  # Tensor
reveal_type(t @ t)  # Tensor
reveal_type(t.tanh())  # Tensor
reveal_type(t.sum(axis=0))  # Tensor
reveal_type(t[0])  # Value | Tensor
reveal_type(t[0, 0])  # Value | Tensor
reveal_type(t[:, 0])  # Tensor
reveal_type(t[1:])  # Tensor
reveal_type(t[[0, 1, 0]])  # Tensor
reveal_type(t.data)  # Numbers | float
reveal_type(t.grad)  # Numbers | float
reveal_type(t.item())  # float
reveal_type(x.data)  # float
reveal_type(x * x)  # Value
reveal_type(net(t))  # Tensor
reveal_type(cross_entropy(net(t), [0, 1]))  # Tensor
reveal_type(stack([t, t]))  # Tensor
reveal_type(cat([t, t]))  # Tensor
reveal_type(mse_loss(net(t), t))  # Tensor
reveal_type(SGD(net.parameters(), lr=0.1).step())  # None
reveal_type(net.parameters())  # list[Parameter]
Adam([t, x])
for p in net.parameters():
    p.data -= 0.1 * p.grad
    p.data += -0.1 * p.grad
t.data = [[0.0, 1.0], [2.0, 3.0]]
t.grad = None
"""

# Modules as people write them: several inputs, options, lists, functions in a Sequential, gradients set to None.
USER = """
from tinygrad_edu import SGD, Linear, Module, Parameter, Sequential, Tanh, Tensor, Value, draw, explain

class Cell(Module):
    def __init__(self) -> None:
        self.W = Parameter([[0.5]])
        self.U = Parameter([[0.5]])
        self.scale = 2.0
        self.h: Tensor | None = None

    def forward(self, x: Tensor, h: Tensor, gain: float = 1.0) -> Tensor:
        return (self.W @ x + self.U @ h).tanh() * gain

class Net(Module):
    def __init__(self, n: int) -> None:
        self.cell = Cell()
        self.layers = [Linear(n, n) for _ in range(2)]
        self.out = Sequential(Linear(n, n), Tanh(), Tensor.relu, lambda t: t * 2)

    def forward(self, xs: list[Tensor]) -> Tensor:
        h = self.cell(xs[0], Tensor([0.0]), gain=0.5)
        y: Tensor = self.out(self.layers[0](h).tanh())
        return y

net = Net(1)
y: Tensor = net([Tensor([1.0]), Tensor([2.0])])
w = Value(1.0, label="w")
for p in net.parameters():
    p.grad = w.grad = None
SGD(net.parameters(), lr=0.1).step()
print(explain(y.sum()), draw(y))
net.cell.W = 3  # planted
net.forwards(y)  # planted
y.tanh(1)  # planted
from tinygrad_edu import sofmax  # planted
"""


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Runs mypy --strict on a text and returns the messages by line."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("types")

    def run(text):
        path = folder / "program.py"
        path.write_text(text)
        options = ["--strict", "--no-error-summary", "--follow-imports=silent", f"--cache-dir={folder}/cache"]
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "mypy", *options, str(path)]
        output = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300).stdout
        found = {}
        for line, message in re.findall(r"program\.py:(\d+): (.*)", output):
            found.setdefault(int(line), []).append(message)
        return found

    return run


def test_the_types_that_a_program_sees(mypy):
    found = mypy(PROGRAM)
    for number, line in enumerate(PROGRAM.splitlines(), start=1):
        if "reveal_type" not in line:
            assert number not in found, found[number]
            continue
        (message,) = found[number]
        seen = re.sub(r"(tinygrad_edu|builtins)(\.\w+)*\.", "", re.search('"(.*)"', message)[1])
        assert seen == line.split("# ")[1], line


def test_modules_as_people_write_them_get_no_complaint_but_the_planted_ones(mypy):
    planted = [n for n, line in enumerate(USER.splitlines(), start=1) if "# planted" in line]
    assert sorted(mypy(USER)) == planted
