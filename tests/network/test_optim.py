"""Optimisers against transcriptions, in NumPy, of the formulas they were published with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, SGD, Adam, Parameter, Tensor, Value, cross_entropy

A = np.array([3.0, 1.0, 0.25])  # the loss of these tests: Σ ½ aᵢ θᵢ² − θᵢ, with ∂L/∂θ = aθ − 1
START = np.array([1.0, -2.0, 0.5])


def gradient(theta):
    return A * theta - 1


def run(optimizer, theta, steps):
    """The parameters after each of the steps, each with a gradient by backward()."""
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        (theta * theta * A * 0.5 - theta).sum().backward()
        optimizer.step()
        path.append(theta.data)
    return path


def sgd_on_paper(steps, lr, momentum=0.0):
    """v ← μv + g, θ ← θ − ηv (Sutskever et al. 2013, with v as PyTorch scales it)."""
    theta, v, path = START, np.zeros(3), []
    for _ in range(steps):
        v = momentum * v + gradient(theta)
        theta = theta - lr * v
        path.append(theta)
    return path


def adam_on_paper(steps, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Algorithm 1 of Kingma and Ba 2015, line by line."""
    theta, m, v, path = START, np.zeros(3), np.zeros(3), []
    for t in range(1, steps + 1):
        g = gradient(theta)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        theta = theta - lr * m_hat / (np.sqrt(v_hat) + eps)
        path.append(theta)
    return path


# What they learn.


def test_parameters_come_in_any_structure():
    w, b, c = Value(1.0), Tensor([2.0, 3.0]), Value(4.0)
    for params in [w, b, c], (w, [b, [c]]), {"w": w, "rest": [b, {"c": c}]}, iter([w, b, c]), [w, w, b, c, b]:
        assert SGD(params, lr=0.5).values == [w, *b.values, c]
    assert SGD(b, lr=0.5).values == [*b.values]
    net = MLP([2, 1], init=1.0)
    for params in net.parameters(), iter(net.parameters()), tuple(net.parameters()), [net.parameters()]:
        assert Adam(params, lr=0.1).values == [*net.layers[0].W.values, *net.layers[0].b.values]


def test_a_module_is_told_where_its_parameters_are():
    for optimizer in SGD, Adam:
        with pytest.raises(TypeError, match=r"not MLP: its parameters are net\.parameters\(\)"):
            optimizer(MLP([1, 1]), lr=0.1)


# SGD.


def test_a_step_of_gradient_descent_on_paper():
    w, b = Value(3.0), Tensor([2.0, 4.0])
    sgd = SGD([w, b], lr=0.25)
    (w * w + w * b.sum()).backward()
    assert (w.grad, b.grad) == (12.0, [3.0, 3.0])  # 2w + Σb, w
    sgd.step()
    assert (w.data, b.data) == (0.0, [1.25, 3.25])
    assert (w.grad, b.grad) == (12.0, [3.0, 3.0])  # a step leaves the gradients
    sgd.zero_grad()
    assert (w.grad, b.grad) == (0.0, [0.0, 0.0])


@given(st.floats(0.01, 0.5), st.floats(0, 0.95))
def test_sgd_follows_its_formula(lr, momentum):
    theta = Tensor(START)
    path = run(SGD([theta], lr, momentum), theta, 6)
    # Six steps of a few roundings, of numbers that stay around 10.
    np.testing.assert_allclose(path, sgd_on_paper(6, lr, momentum), rtol=1e-12, atol=1e-12)


# Adam.


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e150])
def test_the_first_step_of_adam_is_as_long_as_the_learning_rate(scale):
    w = Tensor([1.0, 1.0])
    (w * [scale, -scale]).sum().backward()
    Adam([w], lr=0.25).step()
    # m̂/√v̂ = ±1; ε = 1e-8 beside a gradient of 1e-3 takes one part in 10⁵ from it.
    np.testing.assert_allclose(w.data, [0.75, 1.25], rtol=1e-5)


def test_adam_has_the_settings_of_the_paper():
    theta = Tensor(START)
    # 20 steps of a dozen roundings each.
    np.testing.assert_allclose(run(Adam([theta]), theta, 20), adam_on_paper(20), rtol=1e-12, atol=1e-12)


@given(st.floats(0.01, 0.5), st.floats(0, 0.95), st.floats(0, 0.999), st.floats(1e-8, 1.0))
def test_adam_follows_its_formula(lr, beta1, beta2, eps):
    theta = Tensor(START)
    path = run(Adam([theta], lr, (beta1, beta2), eps), theta, 6)
    # Where a gradient is near 0, m̂/(√v̂ + ε) magnifies its rounding by 1/ε = 1e8 at most: 1e-16 · 1e8 · lr.
    np.testing.assert_allclose(path, adam_on_paper(6, lr, (beta1, beta2), eps), rtol=1e-7, atol=1e-7)


# Both.


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_gradient_of_none_counts_as_0(make):
    w = Value(3.0)
    w.grad = None
    make([w], lr=0.1).step()
    assert w.data == 3.0


@pytest.mark.parametrize("make", [SGD, Adam])
def test_the_learning_rate_may_change_between_steps(make):
    w = Value(1.0)
    optimizer = make([w], lr=0.5)
    w.grad = 1.0
    optimizer.step()
    first = w.data
    optimizer.lr = 0.25
    optimizer.step()
    # Adam's second step is m̂/√v̂ = 1 again, up to ε = 1e-8 and a few roundings.
    assert first == pytest.approx(0.5, rel=1e-7) and w.data == pytest.approx(0.25, rel=1e-7)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_parameter_given_twice_takes_one_step(make):
    w = Value(1.0)
    optimizer = make([w, Tensor([w, Value(5.0)]), w], lr=0.5)
    w.grad = 1.0
    optimizer.step()
    assert w.data == pytest.approx(0.5, rel=1e-7)  # Adam's ε


@pytest.mark.parametrize("make", [SGD, Adam])
def test_training_lowers_the_loss(make):
    net, x = MLP([2, 3, 2], seed=0), [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    optimizer, losses = make(net.parameters(), lr=0.1), []
    for _ in range(30):
        optimizer.zero_grad()
        loss = cross_entropy(net(x), [0, 1, 1])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True) and len({*losses}) == 30


# What does not fit.


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (iter([]), ValueError, "parameters are leaves, at least one, and none was computed"),
        ([[]], ValueError, "at least one"),
        (["w"], TypeError, "a Value, a Tensor or a list of them is needed, not str 'w'"),
        ([Parameter([1.0]) + 1], ValueError, "none was computed"),
        ([1.0], TypeError, "a Value, a Tensor or a list of them is needed, not float 1.0"),
        ([Value(1.0), None], TypeError, "is needed, not NoneType None"),
        ([Value(1.0) * 2], ValueError, "none was computed"),
    ],
)
def test_what_cannot_be_learned_is_refused(make, params, error, message):
    with pytest.raises(error, match=message):
        make(params, lr=0.1)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_misspelt_setting_is_refused(make):
    with pytest.raises(AttributeError, match="learning_rate"):
        make([Value(1.0)], lr=0.1).learning_rate = 0.2


@pytest.mark.parametrize(
    ("make", "settings", "error", "message"),
    [
        (SGD, {"lr": 0}, ValueError, r"^lr must be above 0, not 0\.0$"),
        (Adam, {"lr": -0.1}, ValueError, r"^lr must be above 0, not -0\.1$"),
        (SGD, {"lr": float("nan")}, ValueError, "finite number is needed, not nan"),
        (Adam, {"lr": float("inf")}, ValueError, "finite number is needed, not inf"),
        (SGD, {"lr": None}, TypeError, "real number is needed, not NoneType"),
        (Adam, {"betas": (-0.5, 0.5)}, ValueError, r"^beta 1 must be at least 0"),
        (Adam, {"lr": "0.1"}, TypeError, "real number is needed, not str"),
        (SGD, {"lr": 0.1, "momentum": -0.1}, ValueError, r"^momentum must be at least 0 and below 1, not -0\.1$"),
        (SGD, {"lr": 0.1, "momentum": 1}, ValueError, r"^momentum must be at least 0 and below 1, not 1\.0$"),
        (Adam, {"betas": (1.0, 0.5)}, ValueError, r"^beta 1 must be at least 0 and below 1, not 1\.0$"),
        (Adam, {"betas": (0.5, 1.0)}, ValueError, r"^beta 2 must be at least 0 and below 1, not 1\.0$"),
        (Adam, {"eps": 0}, ValueError, r"^eps must be above 0, not 0\.0$"),
    ],
)
def test_a_setting_out_of_its_range_is_named(make, settings, error, message):
    with pytest.raises(error, match=message):
        make([Value(1.0)], **settings)
    w = Value(1.0)  # and where it is set later
    w.grad = 1.0
    optimizer = make([w], lr=0.1)
    for name, setting in settings.items():
        setattr(optimizer, name, setting)
    with pytest.raises(error, match=message):
        optimizer.step()
    assert (w.data, optimizer.t) == (1.0, 0)


@pytest.mark.parametrize(("settings", "name"), [({}, "w"), ({"momentum": 0.5}, "w")])
def test_a_step_that_overflows_is_not_taken_at_all(settings, name):
    good, bad = Value(1.0, label="good"), Value(1e308, label=name)
    sgd = SGD([good, bad], lr=10.0, **settings)
    good.grad, bad.grad = 1.0, -1e308
    with pytest.raises(OverflowError, match=r"SGD: θ of w would be inf; it is 1e\+308, its gradient -1e\+308, and"):
        sgd.step()
    assert (good.data, bad.data, good.grad, bad.grad) == (1.0, 1e308, 1.0, -1e308)
    bad.grad, bad.data = 0.0, 0.0
    sgd.step()  # and the velocity is that of before
    assert (good.data, bad.data) == (1 - 10 * 1, 0.0)


def test_a_step_of_adam_that_overflows_is_not_taken_at_all():
    good, bad = Value(1.0), Value(1.0)
    adam = Adam([good, bad], lr=0.5)
    good.grad, bad.grad = 1.0, 1e200
    with pytest.raises(OverflowError, match=r"Adam: v of a parameter would be inf; it is 1\.0, its gradient 1e\+200"):
        adam.step()
    assert (good.data, bad.data) == (1.0, 1.0)
    bad.data, bad.grad, adam.lr = 1.75e308, -1.0, 1e307
    with pytest.raises(OverflowError, match=r"Adam: θ of a parameter would be inf; it is 1\.75e\+308"):
        adam.step()
    assert (good.data, bad.data) == (1.0, 1.75e308)
    bad.grad, adam.lr = 0.0, 0.5
    adam.step()
    assert good.data == pytest.approx(0.5, rel=1e-7)  # the first step, to ε: the clock had not moved
