"""Two moons. New: the hinge loss, momentum, and points that the network has not seen.

    pip install -e ".[examples]"
    python examples/train_moons.py                       train, and print loss and accuracy
    python examples/train_moons.py --picture moons.png   and draw the decision boundary
    python examples/train_moons.py --compiled            the same numbers, several times faster

A 2-16-16-1 network learns to separate two noisy half circles. Its one output s is a score, and the
sign of s is the class, t = ±1. The loss is the hinge loss, the mean of max(0, 1 − t·s). It is 0 for
points on the right side with a margin of at least 1.
"""

import argparse
import math
import random
import sys
from collections.abc import Iterator

from tinygrad_edu import MLP, SGD, CompiledLoss, Tensor
from tinygrad_edu.writing.console import unicode_output

try:
    from matplotlib.figure import Figure
    from tqdm import tqdm
except ImportError:
    sys.exit('train_moons.py needs tqdm and matplotlib: pip install -e ".[examples]"')

Point = tuple[float, float]


def two_moons(n: int, noise: float, rng: random.Random) -> tuple[list[Point], list[int]]:
    """n points on two interleaving half circles, and their classes +1 and −1."""
    points, classes = [], []
    for i in range(n):
        angle = math.pi * rng.random()
        x, y = math.cos(angle), math.sin(angle)
        if i % 2:
            x, y = 1 - x, 0.5 - y
        points.append((x + rng.gauss(0, noise), y + rng.gauss(0, noise)))
        classes.append(-1 if i % 2 else 1)
    return points, classes


def hinge(score: Tensor, t: Tensor) -> Tensor:
    """Σ max(0, 1 − t·s) over the examples."""
    return (1 - t * score).relu().sum()


def train(
    net: MLP, points: list[Point], classes: list[int], epochs: int, lr: float, compiled: bool
) -> Iterator[tuple[int, float]]:
    """Gradient descent on all points at once; yields the epoch and the loss before its step."""
    targets = [[float(c)] for c in classes]
    x, t = Tensor(points, label="x"), Tensor(targets, label="t")
    optimizer = SGD(net.parameters(), lr=lr, momentum=0.9)
    batch_loss = CompiledLoss(net, hinge, x=points[0], y=targets[0], reduction="mean") if compiled else None
    for epoch in range(1, epochs + 1):
        optimizer.lr = lr * (1 - 0.9 * epoch / epochs)
        optimizer.zero_grad()
        if batch_loss:  # one function for one point, recorded and differentiated once
            loss = batch_loss(points, targets)
        else:  # the graph of all points, recorded and differentiated anew
            mean = hinge(net(x), t) / len(points)
            mean.backward()
            loss = mean.item()
        optimizer.step()
        yield epoch, loss


def accuracy(net: MLP, points: list[Point], classes: list[int]) -> float:
    right = [score.data * c > 0 for score, c in zip(net(points).values, classes)]
    return sum(right) / len(right)


def draw_boundary(net: MLP, points: list[Point], classes: list[int], path: str) -> None:
    """The score over the plane as shades, its zero as a line, and the points."""
    n = 60
    xs = [-1.6 + 4.2 * i / (n - 1) for i in range(n)]
    ys = [-1.2 + 2.9 * i / (n - 1) for i in range(n)]
    scores = [[score.data for score in net([[x, y] for x in xs]).values] for y in ys]
    reach = max(abs(s) for row in scores for s in row)
    figure = Figure(figsize=(6, 4.2), layout="constrained")  # no window, no display needed
    axes = figure.subplots()
    axes.contourf(xs, ys, scores, levels=20, cmap="RdBu", vmin=-reach, vmax=reach, alpha=0.7)
    axes.contour(xs, ys, scores, levels=[0], colors="black")
    for sign, marker, color in ((1, "o", "tab:blue"), (-1, "s", "tab:red")):
        chosen = [p for p, c in zip(points, classes) if c == sign]
        axes.scatter(*zip(*chosen), marker=marker, c=color, edgecolors="black", s=28, label=f"class {sign:+d}")
    axes.set(title="Two moons: the score, and where it is 0", xlabel="x₁", ylabel="x₂", aspect="equal")
    axes.legend(loc="upper right")
    figure.savefig(path, dpi=150)


def main() -> None:
    unicode_output()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=150, help="passes over all points (default: 150)")
    parser.add_argument("--compiled", action="store_true", help="train with the graph as a Python program: faster")
    parser.add_argument("--picture", metavar="FILE", help="write the decision boundary here, as .png, .svg or .pdf")
    options = parser.parse_args()

    rng = random.Random(1)
    points, classes = two_moons(100, noise=0.1, rng=rng)
    net = MLP([2, 16, 16, 1], activation="tanh", seed=rng)
    every = max(1, options.epochs // 10)
    bar = tqdm(train(net, points, classes, options.epochs, 0.5, options.compiled), total=options.epochs, unit="epoch")
    bar.write("epoch    loss  accuracy after it")
    for epoch, loss in bar:
        bar.set_postfix(loss=f"{loss:.4f}")
        if epoch % every == 0 or epoch in (1, options.epochs):
            bar.write(f"{epoch:>5}  {loss:.4f}  {accuracy(net, points, classes):>8.1%}")
    print(f"after the last step: {accuracy(net, points, classes):.1%} of the {len(points)} points are right")
    unseen = two_moons(200, noise=0.1, rng=rng)
    print(f"of 200 points it has not seen: {accuracy(net, *unseen):.1%}")
    if options.picture:
        draw_boundary(net, points, classes, options.picture)
        print(f"the decision boundary is in {options.picture}")


if __name__ == "__main__":
    main()
