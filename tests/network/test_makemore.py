"""Programs as they are written in the lectures on makemore, for a handful of names, against formulas in NumPy."""

import numpy as np
import pytest

from tinygrad_edu import Adam, Tensor, cross_entropy

WORDS = ["emma", "ava", "anna", "mia"]
LETTERS = [".", *sorted({*"".join(WORDS)})]
INDEX = {letter: i for i, letter in enumerate(LETTERS)}
V = len(LETTERS)

bigrams = [(INDEX[a], INDEX[b]) for word in WORDS for a, b in zip(f".{word}.", f"{word}.")]
xs, ys = map(list, zip(*bigrams))
n = len(xs)


def one_hot(indices):
    return np.eye(V)[indices]


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("index", [list, tuple, np.array, Tensor])
def test_a_bigram_model_learns_the_frequencies(index):
    X = list(xs) if index is tuple else index(xs)  # a tuple has an index for each axis
    W = Tensor.zeros(V, V)
    for _ in range(200):
        logits = W[X]
        z = np.array(logits.data)  # before the update: rows of W are W's own Values
        counts = logits.exp()
        probs = counts / counts.sum(1, keepdims=True)
        loss = -probs[range(n), index(ys)].log().mean()
        W.grad = None
        loss.backward()
        W.data += -10 * W.grad
    dlogits = (softmax(z) - one_hot(ys)) / n
    np.testing.assert_allclose(W.grad, one_hot(xs).T @ dlogits, atol=1e-15)  # rows that are taken twice add up
    N = one_hot(xs).T @ one_hot(ys)  # how often b comes after a
    frequencies = N / N.sum(1, keepdims=True)
    best = -np.log(frequencies[xs, ys]).mean()
    assert best <= loss.item() < best + 0.01


def test_a_smoothed_loss_holds_the_weights_near_0():
    W = Tensor.randn(V, V, seed=1)
    loss = -W[xs].log_softmax(1)[range(n), ys].mean() + 0.01 * (W**2).mean()
    loss.backward()
    dlogits = (softmax(np.array(W.data)[xs]) - one_hot(ys)) / n
    np.testing.assert_allclose(W.grad, one_hot(xs).T @ dlogits + 0.02 * np.array(W.data) / V**2, atol=1e-15)


# An embedding, a hidden layer with batch normalization by hand, and cross-entropy.

BLOCK, WIDTH, HIDDEN = 3, 2, 5


def contexts():
    X, Y = [], []
    for word in WORDS:
        context = [0] * BLOCK
        for letter in word + ".":
            X.append(context)
            Y.append(INDEX[letter])
            context = [*context[1:], INDEX[letter]]
    return X, Y


X, Y = contexts()


class Model:
    def __init__(self):
        self.C = Tensor.randn(V, WIDTH, seed=1)
        self.W1 = (Tensor.randn(BLOCK * WIDTH, HIDDEN, seed=2) * (5 / 3) / (BLOCK * WIDTH) ** 0.5).detach()
        self.gain, self.bias = Tensor.ones(1, HIDDEN), Tensor.zeros(1, HIDDEN)
        self.W2, self.b2 = (Tensor.randn(HIDDEN, V, seed=3) * 0.1).detach(), Tensor.zeros(V)

    def parameters(self):
        return [self.C, self.W1, self.gain, self.bias, self.W2, self.b2]

    def __call__(self, X):
        self.emb = self.C[X].reshape(len(X), -1)
        before = self.emb @ self.W1
        mean, var = before.mean(0, keepdims=True), before.var(0, keepdims=True)
        self.scale = (var + 1e-5) ** -0.5
        self.raw = (before - mean) * self.scale
        self.h = (self.gain * self.raw + self.bias).tanh()
        return self.h @ self.W2 + self.b2


def test_the_backward_pass_by_hand_is_that_of_the_engine():
    model, N = Model(), len(X)
    logits = model(X)
    loss = cross_entropy(logits, Y, reduction="mean")
    loss.backward()
    C, W1, gain, _, W2, _ = [np.array(p.data) for p in model.parameters()]
    emb, raw, scale, h = [np.array(t.data) for t in (model.emb, model.raw, model.scale, model.h)]
    assert loss.item() == pytest.approx(-np.log(softmax(np.array(logits.data))[range(N), Y]).mean(), rel=1e-14)
    dlogits = (softmax(np.array(logits.data)) - one_hot(Y)) / N
    dpre = (dlogits @ W2.T) * (1 - h**2)
    dbefore = gain * scale / N * (N * dpre - dpre.sum(0) - N / (N - 1) * raw * (dpre * raw).sum(0))
    dC = np.zeros_like(C)
    np.add.at(dC, np.array(X), (dbefore @ W1.T).reshape(N, BLOCK, WIDTH))
    expected = [
        dC,
        emb.T @ dbefore,
        (dpre * raw).sum(0, keepdims=True),
        dpre.sum(0, keepdims=True),
        h.T @ dlogits,
        dlogits.sum(0),
    ]
    for p, by_hand in zip(model.parameters(), expected):
        np.testing.assert_allclose(p.grad, by_hand, rtol=1e-9, atol=1e-14)  # the sums are taken in another order


@pytest.mark.parametrize("optimizer", [None, Adam])
def test_it_learns(optimizer):
    model, losses = Model(), []
    adam = optimizer and optimizer(model.parameters(), lr=0.05)
    for _ in range(40):
        loss = cross_entropy(model(X), Y, reduction="mean")
        for p in model.parameters():
            p.grad = None
        loss.backward()
        if adam:
            adam.step()
        else:
            for p in model.parameters():
                p.data += -0.3 * p.grad
        losses.append(loss.item())
    assert losses[0] == pytest.approx(np.log(V), abs=0.2)  # before learning every letter is as likely as any other
    assert losses[-1] < 0.6 * losses[0]
