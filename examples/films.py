"""Films of training. New: `Training`, a loop that records what it does, and `film`, a page on which that is a film.

    python examples/films.py films          # eight pages into a folder, made if it is not there

Drag along the loss curve, or play: a step is what the gradient does to the parameters, and many steps are learning.
"""

import math
import random
import sys
from pathlib import Path

from tinygrad_edu import MLP, SGD, Adam, Module, Parameter, Training, cross_entropy, film, mse_loss, squared_error
from tinygrad_edu.writing.console import unicode_output
from tinygrad_edu.writing.notation import short

unicode_output()
rng = random.Random(0)


def trained(net, loss, X, Y, optimizer, steps, **options):
    training = Training(net, loss, X, Y, optimizer, **options)
    try:
        training.run(steps)
    except ArithmeticError as error:  # it diverges; the steps before are kept
        print(error)
    return training


xs = [[0.1 * k] for k in range(-10, 21)]
ys = [[1.5 * x - 0.5 + rng.gauss(0, 0.2)] for [x] in xs]


def line(lr=0.1, steps=60):
    net = MLP([1, 1], init=0.0)
    return trained(net, mse_loss, xs, ys, SGD(net.parameters(), lr=lr), steps)


def equal():
    """Question 1 starts with all weights 0.1; beside it the same network from random weights."""
    runs = []
    for net in (MLP([4, 4, 3, 3], init=0.1), MLP([4, 4, 3, 3], seed=0)):
        runs.append(trained(net, squared_error, [[1, 0, 1, 0]], [[0, 1, 0]], SGD(net.parameters(), lr=0.1), 20))
    return runs


def xor(*sizes):
    net = MLP(sizes, activation="tanh", seed=3)
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    return trained(net, squared_error, X, Y, SGD(net.parameters(), lr=0.1), 300)


def moons():
    X, Y = [], []
    for i in range(60):
        upper, t = i % 2, math.pi * rng.random()
        x = (math.cos(t), math.sin(t)) if upper else (1 - math.cos(t), 0.5 - math.sin(t))
        X.append([a + rng.gauss(0, 0.1) for a in x])
        Y.append([1.0 if upper else -1.0])
    net = MLP([2, 16, 16, 1], activation="tanh", seed=0)
    return trained(net, mse_loss, X, Y, Adam(net.parameters(), lr=0.02), 200)


class Valley(Module):
    """½ (a² + 30 b²): steep across, and nearly flat along."""

    def __init__(self):
        self.theta = Parameter([4.0, 0.9], label="θ")

    def forward(self, x):
        return self.theta * x


def valley(optimizer, **settings):
    net = Valley()
    made = optimizer(net.parameters(), **settings)
    return trained(net, squared_error, [[1.0, math.sqrt(30)]], [[0.0, 0.0]], made, 60)


def overfitted():
    own = random.Random(3)
    points = [[own.uniform(-1.5, 1.5)] for _ in range(30)]
    values = [[math.sin(2 * x) + own.gauss(0, 0.5)] for [x] in points]
    net = MLP([1, 20, 20, 1], activation="tanh", seed=1)
    options = {"held_out": (points[10:], values[10:]), "keep": 5}
    return trained(net, mse_loss, points[:10], values[:10], Adam(net.parameters(), lr=0.02), 400, **options)


class NextLetter(Module):
    """The GPT, which reads one name a step; names differ in length."""

    def __init__(self):
        from gpt_of_tensors import GPT, TOKENS

        self.gpt, self.tokens = GPT(random.Random(42)), TOKENS

    def forward(self, x):
        return self.gpt(x.reshape(-1, self.tokens))


def gpt():
    from gpt_of_tensors import LETTERS, MARK, NAMES, rows

    names = [rows([MARK, *map(LETTERS.index, name), MARK]) for name in NAMES]
    net = NextLetter()

    def loss(z, y):
        return cross_entropy(z, y.reshape(z.shape))

    X, Y = [name[:-1] for name in names], [name[1:] for name in names]
    adam = Adam(net.parameters(), lr=0.01, betas=(0.85, 0.99))
    return trained(net, loss, X, Y, adam, 100, batch_size=1, seed=0, keep=5)


FILMS = {
    "line": lambda: film(
        line(), title="A line through points",
        notes=["Each number goes against its gradient, so L falls. Why does b⁽¹⁾₁ rise for two steps, and then sink?"],
    ),
    "too large": lambda: film(
        line(0.1, 30), line(0.75, 30), names=["η = 0.1", "η = 0.75"], title="A learning rate that is too large",
        notes=["Each step of η = 0.75 but the first goes across the valley and ends higher up, where it is steeper."],
    ),
    "equal": lambda: film(
        *equal(), names=["all 0.1", "random"], title="Weights that start equal",
        notes=["Equal rows of W⁽¹⁾ have equal gradients, so they stay equal: four neurons are as good as one."],
    ),
    "xor": lambda: film(
        xor(2, 1), xor(2, 3, 1), names=["no hidden layer", "three hidden neurons"], title="XOR",
        notes=["One straight line cannot part the points. When does the boundary of the other network bend?"],
    ),
    "moons": lambda: film(
        moons(), title="Two moons", notes=["Where does the boundary bend first?", "Click: what is said of a new point?"]
    ),
    "valley": lambda: film(
        valley(SGD, lr=0.06), valley(SGD, lr=0.03, momentum=0.8), valley(Adam, lr=0.3),
        names=["SGD", "momentum", "Adam"], title="A narrow valley",
        notes=["SGD jumps from side to side; momentum adds up what the jumps share; Adam scales each direction."],
    ),
    "overfitting": lambda: film(
        overfitted(), title="Overfitting",
        notes=["The thin line is the loss of points not learned from. When does it rise, and what does the curve do?"],
    ),
    "gpt": lambda: film(
        gpt(), title="A GPT",
        notes=["Each step reads one name, so L jumps with it. Which matrices move first?"],
    ),
}  # fmt: skip

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "films")
folder.mkdir(parents=True, exist_ok=True)
for name, make in FILMS.items():
    made = make()
    made.save(folder / f"{name.replace(' ', '-')}.html")
    print(f"\n{made.title}")
    for run in made.runs:
        first, last = short(run.losses[0]), short(run.losses[-1])
        print(f"  {run.name}: L = {first} at first, {last} after {run.record.steps[-1]} steps")
    print("  To look for:", *made.notes)
