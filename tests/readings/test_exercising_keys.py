"""Keys computed again from what is printed: the numbers under Given, and the formulas as NumPy reads them."""

import random
import re
from typing import Any

import numpy as np
import pytest
from reading import Reader, on_one_line, read
from test_modules import random_loss

from tinygrad_edu import (
    MLP,
    Adam,
    Linear,
    Parameter,
    Tensor,
    Value,
    Worksheet,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    squared_error,
    where,
    worksheet,
)

HALF = 0.5e-4 + 1e-9  # four decimals are printed


def loss(rng: random.Random) -> Tensor:
    """A random Module, or an MLP with one of all losses, over one example or several."""
    if rng.random() < 0.5:
        return random_loss(rng)[0]
    n, several = rng.randint(2, 3), rng.random() < 0.5
    inputs = [[rng.uniform(-1, 1) for _ in range(n)] for _ in range(2)]
    net = MLP([n, rng.randint(2, 3), 2], activation=rng.choice(["tanh", "sigmoid", "relu"]), seed=rng.randint(0, 99))
    z = net(Tensor(inputs if several else inputs[0], label="x"))
    reduction = rng.choice(["sum", "mean"])
    kind = rng.choice(["squared", "mse", "softmax", "class", "probabilities", "binary", "mean", "variance"])
    if kind in ("mean", "variance"):
        return (z * z).mean() if kind == "mean" else z.var()
    if kind == "class":
        return cross_entropy(z, [1, 0] if several else 1, reduction)
    targets = {"probabilities": [0.25, 0.75], "binary": [0.0, 1.0]}.get(kind, [0.4, -0.3])
    y = Tensor([targets] * 2 if several else targets, label="y")
    if kind == "softmax":
        return squared_error(z.softmax(), y, reduction)
    losses = {"squared": squared_error, "mse": mse_loss, "binary": binary_cross_entropy_with_logits}
    return losses.get(kind, cross_entropy)(z, y, reduction)


def printed(sheet: Worksheet) -> tuple[dict[str, Any], list[tuple[str, str, Any]]]:
    """What is given, by name; and of each line its quantity, its rule, and the numbers of the key."""
    text = sheet.key().to("md")
    given = {}
    blocks = [block for part in re.findall("```\n(.*?)\n```", text, re.DOTALL) for block in part.split("\n\n")]
    for picture in [one for block in blocks for one in ([block] if "⎡" in block else block.split("\n"))]:
        line, matrices = on_one_line(picture)
        name, *_, number = line.split(" = ")
        given[name.strip()] = Reader(number.strip(), matrices).whole()
    lines = []
    for quantity, rule, answers in re.findall("`([^`]+?) = ([^`]+)`\n\n((?:- `[^`]*`\n)+)", text + "\n"):
        numbers = [Reader(one, {}).sum() for one in re.findall("= (.*?)`", answers)]
        last = re.findall(r"\[([\d,]+)\] =", answers)[-1:]
        lines.append((quantity, rule, np.reshape(numbers, [int(n) for place in last for n in place.split(",")])))
    return given, lines


def pass_of(given: dict[str, Any], lines: list[tuple[str, str, Any]]) -> dict[str, Any]:
    """Every quantity, computed line by line from what is given."""
    env = dict(given)
    for quantity, rule, numbers in lines:
        value = np.asarray(read(rule, env))
        fits = value.size == numbers.size
        env[quantity] = value.reshape(numbers.shape) if fits else np.broadcast_to(value, numbers.shape)
    return env


def check(sheet: Worksheet) -> int:
    """Every printed number is what its printed rule gives; and the gradients are the slopes of the forward lines."""
    given, lines = printed(sheet)
    env = pass_of(given, lines)
    for quantity, rule, numbers in lines:
        np.testing.assert_allclose(env[quantity], numbers, rtol=0, atol=HALF, err_msg=f"{quantity} = {rule}")
    forward = [line for line in lines if not line[0].startswith(("∂", "new "))]
    root = forward[-1][0]
    for quantity, _, numbers in lines:
        name = quantity.removeprefix(f"∂{root}/∂")
        if name == quantity or name not in given:
            continue
        slopes = []
        for k in range(np.size(given[name])):
            ends = []
            for step in (1e-5, -1e-5):
                moved = np.array(given[name], dtype=float)
                moved.reshape(-1)[k] += step
                ends.append(float(np.ravel(pass_of(given | {name: moved}, forward)[root])[0]))
            slopes.append((ends[0] - ends[1]) / 2e-5)
        np.testing.assert_allclose(slopes, numbers.ravel(), rtol=0, atol=HALF + 1e-6, err_msg=quantity)
    return len(lines)


@pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 300), marks=pytest.mark.long)], ids=len)
def test_keys_follow_from_what_is_printed(seeds: range) -> None:
    """Of numbers with many digits, and of drawn ones."""
    for seed in seeds:
        for drawn in [seed, *[None] * (seed % 4 == 0)]:
            assert check(worksheet(loss(random.Random(seed)), "all", seed=drawn, eta=0.1)) > 5, (seed, drawn)


def test_what_an_optimiser_remembers_is_taken_as_it_is_printed() -> None:
    net, x = MLP([2, 2, 1], seed=3), Tensor([0.5, -0.25], label="x")
    adam = Adam(net.parameters(), lr=1 / 3)
    for _ in range(2):
        L = squared_error(net(x), [1 / 7])
        adam.zero_grad()
        L.backward()
        adam.step()
    before = [value.data for value in adam.values], adam.state
    sheet = worksheet(squared_error(net(x), [1 / 7]), "all", optimizer=adam)
    given, lines = printed(sheet)
    assert given["η"] == 0.3333 and len(lines) > 30 and check(sheet)
    assert before == ([value.data for value in adam.values], adam.state)


def test_the_n_of_a_mean_is_not_drawn() -> None:
    sheet = worksheet(
        mse_loss(Tensor([1.0, 2.0, 3.0, 4.0], label="y_hat"), Tensor([0.0] * 4, label="y")), "all", seed=1
    )
    given, lines = printed(sheet)
    assert {*given} == {"y_hat", "y"}
    assert lines[0][2] == pytest.approx(np.mean((given["y_hat"] - given["y"]) ** 2), abs=HALF)


@pytest.mark.parametrize(
    ("make", "domain"),
    [
        (lambda z: binary_cross_entropy_with_logits(z, Tensor([1.0, 0.0], label="y")), lambda y: set(y) <= {0.0, 1.0}),
        (lambda z: cross_entropy(z, Tensor([0.3, 0.7], label="y")), lambda y: sorted(y) == [0.3, 0.7]),
        (lambda z: cross_entropy(z, 1), lambda y: sorted(y) == [0.0, 1.0]),
        (lambda z: -(Tensor([0.0, 1.0], label="y") * z.softmax().log()).sum(), lambda y: sorted(y) == [0.0, 1.0]),
        (lambda z: squared_error(z, Tensor([0.3, -0.7], label="y")), lambda y: all(0.1 <= abs(n) <= 0.9 for n in y)),
    ],
)
def test_targets_stay_in_the_domain_of_their_loss(make: Any, domain: Any) -> None:
    seen = set()
    for seed in range(6):
        y = make(Linear(2, 2, seed=1)(Tensor([0.5, -0.5], label="x")))
        given, _ = printed(worksheet(y, seed=seed))
        assert domain(given["y"]), given["y"]
        seen.add(tuple(given["y"]))
    assert len(seen) > 1


def test_a_single_target_stays_a_class() -> None:
    w = Parameter([0.3], label="w")
    L = ((w[0] * Value(0.5, label="x")).sigmoid() - Value(1.0, label="y")) ** 2
    assert {printed(worksheet(L, "all", seed=seed))[0]["y"] for seed in range(12)} == {0.0, 1.0}


def test_constants_of_a_formula_stay() -> None:
    x = Value(0.5, label="x")
    given, lines = printed(worksheet((x * 3 + 2).tanh(), "all", seed=2))
    assert {*given} == {"x", "∂f/∂f"}
    assert [rule for _, rule, _ in lines[:2]] == ["x · 3", "v₁ + 2"]


def test_the_condition_of_where_stays() -> None:
    z = Parameter([-0.5, 0.7, 0.2], label="z")
    for seed in range(4):
        given, lines = printed(worksheet((where([True, False, True], z, -1.0).tanh() ** 2).sum(), "all", seed=seed))
        env = pass_of(given, lines)
        assert env["L"] == pytest.approx(np.sum(np.tanh(np.where([1, 0, 1], env["z"], -1.0)) ** 2), abs=HALF)
