"""The lines of an optimiser in a derivation: what is printed is what `step` does, and what was published."""

import numpy as np
import pytest
from reading import read

from tinygrad_edu import MLP, SGD, Adam, Tensor, Value, explain, squared_error, worksheet
from tinygrad_edu.tree import values_in
from tinygrad_edu.writing.paper import Text, written

OPTIMISERS = {
    "SGD": lambda p: SGD(p, lr=0.1),
    "momentum": lambda p: SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: Adam(p, lr=0.05),
    "Adam with its settings": lambda p: Adam(p, lr=0.05, betas=(0.8, 0.99), eps=1e-3),
}
every_optimiser = pytest.mark.parametrize("make", OPTIMISERS.values(), ids=OPTIMISERS)


def flat(x):
    return np.ravel(x.data if isinstance(x, Tensor) else x).tolist()


@every_optimiser
@pytest.mark.parametrize("level", ["tensor", "value"])
def test_the_lines_read_back_are_the_step_of_the_optimiser(make, level):
    net = MLP([2, 2, 1], seed=3)
    optimiser = make(net.parameters())
    for _ in range(10):
        loss = squared_error(net([1.0, -0.5]), [0.3])
        rows = explain(loss, level=level, digits=17, optimizer=optimiser).update
        for row in rows:
            printed = read(written(row.numbers, Text(17)), {})
            np.testing.assert_allclose(np.ravel(printed), flat(row.result), rtol=1e-12)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        new = {}  # the last row of each quantity
        for row in rows:
            letter = str(row.quantity).partition("_")[0]
            new |= {(v, letter if letter in "mv" else "θ"): x for v, x in zip(values_in(row.node), flat(row.result))}
        for k, value in enumerate(optimiser.values):
            assert value.data == pytest.approx(new[value, "θ"], rel=1e-14)
            for letter, column in optimiser.state.items():
                assert column[k] == pytest.approx(new.get((value, letter), 0.0), rel=1e-14)


# f = θ² from θ = 5 with η = 0.1 (notes of MATH 3850, "The full Adam algorithm"), and a gradient of 4 (q4quant.studio).
@pytest.mark.parametrize(
    ("square", "start", "numbers"), [(1.0, 5.0, (1.0, 0.1, 10.0, 100.0, 4.9)), (2.0, 1.0, (0.4, 0.016, 4.0, 16.0, 0.9))]
)
def test_the_first_step_of_adam_has_the_published_numbers(square, start, numbers):
    theta = Value(start, label="θ")
    loss = square * theta**2
    adam = Adam([theta], lr=0.1)
    rows = explain(loss, optimizer=adam).update
    assert [str(row.quantity) for row in rows] == ["m_θ", "v_θ", "m̂_θ", "v̂_θ", "θ"]
    assert [row.result for row in rows] == pytest.approx(numbers, rel=1e-8)  # ε beside √v̂
    assert (
        str(rows[0]) == f"m_θ ← β₁ · m_θ + (1 − β₁) · ∂f/∂θ = 0.9 · 0 + (1 − 0.9) · {numbers[2]:.0f} = {numbers[0]:g}"
    )
    assert str(rows[2]).startswith("m̂_θ = m_θ / (1 − β₁^t) = ")
    assert theta.data == start and adam.t == 0  # nothing is changed


def test_a_letter_that_is_taken_gets_a_prime():
    theta, eta, m = Value(1.0, label="θ"), Value(2.0, label="η"), Value(3.0, label="m_θ")
    rows = explain(theta * eta * m, wrt=theta, optimizer=Adam([theta], lr=0.5)).update
    assert [str(row.quantity) for row in rows] == ["m_θ′", "v_θ", "m̂_θ", "v̂_θ", "θ"]
    assert "− η′ · m̂_θ" in str(rows[-1].rule) and "− 0.5 · " in str(rows[-1])


def test_what_an_optimiser_does_not_learn_is_refused():
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    sgd, t = SGD([w], lr=0.1), Tensor([1.0, 2.0], label="t")
    part = SGD([t[0]], lr=0.1)
    assert [str(row.quantity) for row in explain(w * x, optimizer=sgd).update] == ["w"]
    for f, error, message in [
        (lambda: explain(w * x, wrt=x, optimizer=sgd), ValueError, "explain: the optimiser does not learn x"),
        (
            lambda: explain(x * x, optimizer=sgd),
            ValueError,
            "nothing to learn: the optimiser learns nothing that y was ",
        ),
        (lambda: explain((t * t).sum(), optimizer=part), ValueError, "computed from, or only a part of a Tensor$"),
        (lambda: explain(w * x, eta=0.1, optimizer=sgd), ValueError, "an optimizer has its own learning rate"),
        (lambda: explain(w * x, optimizer=0.1), TypeError, "the optimizer is an SGD or an Adam, not float 0.1"),
    ]:
        with pytest.raises(error, match=message):
            f()


def test_a_worksheet_of_an_adam_step_is_marked_with_follow_through():
    theta = Value(5.0, label="θ")
    sheet = worksheet(theta**2, "all", wrt=theta, optimizer=Adam([theta], lr=0.1))
    right = {"f": "25", "df_dtheta": "10", "new_m_theta": "1", "new_v_theta": "0.1"}
    right |= {"m_hat_theta": "10", "v_hat_theta": "100", "new_theta": "4.9"}
    marks = sheet.mark(right)
    assert marks.points == marks.total == len(right)
    wrong = right | {"new_m_theta": "9", "m_hat_theta": "90", "new_theta": "4.1"}  # β₁ and 1 − β₁ exchanged
    marks = sheet.mark(wrong)
    assert marks.total - marks.points == 1  # what follows from it is right
    with pytest.raises(ValueError, match="worksheet: an optimizer has its own learning rate"):
        worksheet(theta**2, wrt=theta, eta=0.1, optimizer=SGD([theta], lr=0.1))


@pytest.mark.parametrize(
    ("answer", "number", "named"),
    [
        ("v_hat_theta", 0.1, "The bias correction is left out"),
        ("new_theta", 5 - 0.1 * 10 / 100.5**0.5, "ε stands inside the root"),
        ("new_theta", 5 - 0.1 * 10 / 100.5, "The root is left out"),
        ("new_theta", 5 - 0.1 * 100 / (10**0.5 + 0.5), "m̂ and v̂ are exchanged"),
        ("new_theta", 5 + 0.1 * 10 / 10.5, "The update goes up"),
    ],
)
def test_the_mistakes_of_an_adam_step_are_named(answer, number, named):
    theta = Value(5.0, label="θ")
    sheet = worksheet(theta**2, "all", wrt=theta, optimizer=Adam([theta], lr=0.1, eps=0.5))
    right = {"f": 25, "df_dtheta": 10, "new_m_theta": 1, "new_v_theta": 0.1, "m_hat_theta": 10, "v_hat_theta": 100}
    right["new_theta"] = 4.9048
    assert "wrong" not in str(sheet.mark(right))
    assert named in str(sheet.mark(right | {answer: round(number, 4)}))


def test_only_what_the_step_uses_is_given():
    w = Tensor([1.0, 2.0], label="w")
    L = (w * w).sum()
    given = {}
    for momentum in (0.0, 0.9):
        sheet = worksheet(L, wrt=w, optimizer=SGD([w], lr=0.1, momentum=momentum))
        given[momentum] = [q.name for q in sheet.questions if q.line.rule is None]
    assert given == {0.0: ["w", "eta"], 0.9: ["w", "eta", "mu", "v_w"]}
