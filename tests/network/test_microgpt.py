"""A transformer as it is written for scalar engines: lists of Values, sums by Python, Adam by hand."""

import math
import random

from tinygrad_edu import Value, gradcheck

WORDS = ["aba", "abc", "cab"]
TOKENS, MARK, N = 4, 3, 4  # a, b, c and the mark that begins and ends a word; the length of a vector


def matrix(rows, columns):
    return [[Value(random.gauss(0, 0.3)) for _ in range(columns)] for _ in range(rows)]


def linear(W, x):
    return [sum(wi * xi for wi, xi in zip(w, x)) for w in W]


def softmax(z):
    largest = max(zi.data for zi in z)
    e = [(zi - largest).exp() for zi in z]
    total = sum(e)
    return [ei / total for ei in e]


def rmsnorm(x):
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def gpt(W, token, place, keys, values):
    x = rmsnorm([t + p for t, p in zip(W["token"][token], W["place"][place])])
    q, k, v = (linear(W[name], x) for name in "qkv")
    keys.append(k)
    values.append(v)
    weights = softmax([sum(qi * ki for qi, ki in zip(q, k)) / N**0.5 for k in keys])
    attended = [sum(w * v[j] for w, v in zip(weights, values)) for j in range(N)]
    x = [a + b for a, b in zip(x, linear(W["o"], attended))]
    hidden = [z.relu() ** 2 for z in linear(W["up"], rmsnorm(x))]
    x = [a + b for a, b in zip(x, linear(W["down"], hidden))]
    return linear(W["out"], x)


def loss_of(W, word):
    tokens = [MARK, *["abc".index(letter) for letter in word], MARK]
    keys, values, losses = [], [], []
    for place, (token, after) in enumerate(zip(tokens, tokens[1:])):
        probs = softmax(gpt(W, token, place, keys, values))
        losses.append(-probs[after].log())
    return (1 / len(losses)) * sum(losses)


def model():
    random.seed(42)
    shapes = {"token": (TOKENS, N), "place": (4, N), "up": (2 * N, N), "down": (N, 2 * N), "out": (TOKENS, N)}
    W = {name: matrix(*shape) for name, shape in shapes.items()} | {name: matrix(N, N) for name in "qkvo"}
    return W, [p for rows in W.values() for row in rows for p in row]


def test_it_learns_with_adam_by_hand():
    W, params = model()
    m, v = [0.0] * len(params), [0.0] * len(params)
    losses = []
    for step in range(60):
        loss = loss_of(W, WORDS[step % len(WORDS)])
        loss.backward()
        for i, p in enumerate(params):
            m[i] = 0.9 * m[i] + 0.1 * p.grad
            v[i] = 0.95 * v[i] + 0.05 * p.grad**2
            m_hat, v_hat = m[i] / (1 - 0.9 ** (step + 1)), v[i] / (1 - 0.95 ** (step + 1))
            p.data -= 0.03 * m_hat / (v_hat**0.5 + 1e-8)
            p.grad = 0
        losses.append(loss.data)
    assert abs(losses[0] - math.log(TOKENS)) < 0.5  # at first every token is about as likely as any other
    assert sum(losses[-3:]) < 0.6 * sum(losses[:3])


def test_its_gradient_is_that_of_differences():
    W, params = model()
    report = gradcheck(lambda *_: loss_of(W, "abc"), params)
    assert len(report) == len(params) == 176
