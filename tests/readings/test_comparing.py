"""compare_gradients: one's own backward pass, as arrays, beside the derivation."""

from typing import Any

import numpy as np
import pytest
from scripts import run

from tinygrad_edu import (
    MLP,
    Linear,
    Sequential,
    Sigmoid,
    Tensor,
    Value,
    compare_gradients,
    cross_entropy,
    squared_error,
    worksheet,
)

X = np.array([[0.5, -0.3], [0.8, 0.1], [-0.6, 0.9]])
CLASSES = [0, 1, 1]


def mine(change: dict[str, Any]) -> tuple[Tensor, dict[str, Any]]:
    """A loss, and its gradients by NumPy; `change` has the arrays that are computed another way, as functions."""
    net = MLP([2, 3, 2], activation="tanh", seed=1)
    W1, b1, W2, b2 = [np.array(p.data) for p in net.parameters()]
    h1 = np.tanh(X @ W1.T + b1)
    z2 = h1 @ W2.T + b2
    p = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
    env: dict[str, Any] = {"h1": h1, "X": X, "W2": W2, "p": p, "Y": np.eye(2)[CLASSES]}
    rules = {
        "dz2": lambda e: (e["p"] - e["Y"]) / 3,
        "dW2": lambda e: e["dz2"].T @ e["h1"],
        "db2": lambda e: e["dz2"].sum(axis=0),
        "dh1": lambda e: e["dz2"] @ e["W2"],
        "dz1": lambda e: e["dh1"] * (1 - e["h1"] ** 2),
        "dW1": lambda e: e["dz1"].T @ e["X"],
        "db1": lambda e: e["dz1"].sum(axis=0),
    }
    for name, rule in rules.items():
        env[name] = change.get(name, rule)(env)
    return cross_entropy(net(Tensor(X.tolist(), label="x")), CLASSES), {name: env[name] for name in rules}


def test_a_right_pass_is_equal_but_for_rounding() -> None:
    L, gradients = mine({})
    found = compare_gradients(L, gradients)
    assert {row.verdict for row in found.rows} <= {"equal", "rounding"}
    assert [row.name for row in found.rows] == [f"dL_{name}" for name in gradients]
    assert found.first_wrong is None
    in_32_bits = {name: array.astype(np.float32) for name, array in gradients.items()}
    assert compare_gradients(L, in_32_bits).first_wrong is None


def test_a_path_past_a_layer_that_is_left_out_is_named() -> None:
    W, x = Tensor([[0.5, -1.0], [2.0, 0.25]], label="W"), Tensor([1.0, -0.5], label="x")
    L = squared_error(x + (W @ x).tanh(), [0.0, 1.0])
    h = np.tanh(np.array(W.data) @ x.data)
    past = np.array(x.data) + h - [0.0, 1.0]
    through = np.array(W.data).T @ (past * (1 - h * h))
    assert compare_gradients(L, {"dx": past + through}).first_wrong is None
    for gradient, mistakes in ((past, ["path-left-out"]), (through, ["path-left-out", "overwritten"])):
        assert [found.id for found in compare_gradients(L, {"dx": gradient}).rows[0].mistakes] == mistakes


@pytest.mark.parametrize(
    ("name", "rule", "mistake"),
    [
        ("dz2", lambda e: (e["Y"] - e["p"]) / 3, "sign"),
        ("dz2", lambda e: e["p"] - e["Y"], "no-constant"),
        ("dz2", lambda e: e["p"] / 3, "softmax-alone"),
        ("dh1", lambda e: e["dz2"] @ e["W2"][::-1], "rows-reversed"),
        ("dz1", lambda e: e["dh1"], "no-slope"),
        ("dz1", lambda e: e["dh1"] * (1 - e["h1"]), "slope-not-squared"),
        ("dz1", lambda e: e["dh1"] * e["h1"] * (1 - e["h1"]), "slope-of-sigmoid"),
    ],
)
def test_the_first_wrong_one_is_found_with_its_mistake(name: str, rule: Any, mistake: str) -> None:
    L, gradients = mine({name: rule})
    found = compare_gradients(L, gradients)
    wrong = found.first_wrong
    assert wrong is not None and wrong.name == f"dL_{name}"
    assert mistake in [m.id for m in wrong.mistakes]
    after = [row.verdict for row in found.rows[found.rows.index(wrong) + 1 :]]
    assert set(after) == {"follows"}
    right = mine({})[1][name]
    place = np.unravel_index(np.abs(gradients[name] - right).argmax(), right.shape)
    assert (wrong.place, wrong.given) == (place, gradients[name][place])
    assert wrong.expected == pytest.approx(right[place], abs=1e-15)


def test_a_shape_that_differs_is_said() -> None:
    L, gradients = mine({})
    turned = compare_gradients(L, gradients | {"dW2": gradients["dW2"].T, "db2": gradients["db2"][None, :]})
    notes = {row.name: row.note for row in turned.rows if row.note}
    assert notes == {
        "dL_dW2": "its shape is (3, 2), that of dL_dW2 is (2, 3): it was compared as its transpose",
        "dL_db2": "its shape is (1, 2), that of dL_db2 is (2,): taken as it is meant",
    }
    assert turned.first_wrong is None
    with pytest.raises(ValueError, match=r"dL_dW2 has shape \(2, 3\), and the array \(6,\)"):
        compare_gradients(L, {"dW2": gradients["dW2"].reshape(-1)})


def test_names_are_those_of_the_sheet_or_labels() -> None:
    x = Tensor([0.5, -1.0], label="x")
    Z = x * x
    Z.label = "Z"
    L = squared_error(Z, [0.0, 0.0])
    for name in ("Z", "dZ", "dL_dZ", "∂L/∂Z"):
        assert compare_gradients(L, {name: [0.25, 1.0]}).rows[0].verdict == "equal"
    with pytest.raises(ValueError, match="the backward pass has no 'dQ'; it has dL_dy, dL_dZ, dL_dx"):
        compare_gradients(L, {"dQ": 1.0})
    w = Value(2.0, label="w")
    assert compare_gradients(w * w, {"dw": 4.0}).rows[0].verdict == "equal"


def test_what_is_not_a_number_is_wrong() -> None:
    L, gradients = mine({})
    wrong = compare_gradients(L, gradients | {"dh1": gradients["dh1"] * np.nan}).first_wrong
    assert wrong is not None and wrong.name == "dL_dh1" and np.isnan(wrong.given)


def test_the_program_of_the_ladder_names_its_mistake() -> None:
    assert "The first that is wrong is dL_dz1." in run("own_backward.py")
    assert "tanh′ is 1 − h², not 1 − h." in run("own_backward.py")
    assert "wrong" not in run("own_backward.py", "--fixed")


def test_mistakes_with_a_class_a_sigmoid_and_an_update_are_named() -> None:
    net = Sequential(Linear(2, 1, seed=1), Sigmoid(), Linear(1, 3, seed=2))
    W1, b1, W2, b2 = [np.array(p.data) for p in net.parameters()]
    sheet = worksheet(cross_entropy(net([1.0, 2.0]), 0), "all", eta=0.1)
    h = 1 / (1 + np.exp(-(W1 @ [1.0, 2.0] + b1)))
    y_hat = np.exp(W2 @ h + b2) / np.exp(W2 @ h + b2).sum()
    dh = W2.T @ (y_hat - [1.0, 0.0, 0.0])
    before = {f"y_hat[{k}]": round(y, 4) for k, y in enumerate(y_hat, start=1)}
    before |= {"h1[1]": round(h[0], 4), "dL_dh1[1]": round(dh[0], 4), "dL_db1[1]": round((dh * h * (1 - h))[0], 4)}
    for entry, number, mistake in (
        ("L", -np.log(y_hat[1]), "The logarithm is that of another class."),
        ("L", -np.log(y_hat[2]), "The logarithm is that of another class."),
        ("dL_dz1[1]", (dh * (1 - h**2))[0], "1 − h² is the slope of tanh"),
        ("new_b1[1]", (b1 - dh * h * (1 - h))[0], "The learning rate η is left out."),
    ):
        assert mistake in str(sheet.mark(before | {entry: round(number, 4)})), entry
