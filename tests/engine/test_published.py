"""Worked examples from books, courses and documentation, with the numbers that they print."""

import random

import pytest

from tinygrad_edu import MLP, Linear, Tensor, Value, cross_entropy, grad, hessian


def gate(x, y, z):
    return (x + y) * z


def survey(a, b):
    return a.log() + a * b - b.sin()


def lighthouse(a, b):
    u = a / b
    return (u.sin() + u - b.exp()) * (u - b.exp())


def sigmoid(w0, w1, w2, x0, x1):
    return (w0 * x0 + w1 * x1 + w2).sigmoid()


def neuron(a, b, c, x, y):
    return (a * x + b * y + c).sigmoid()


def tanh(x):
    return (1 - (-2 * x).exp()) / (1 + (-2 * x).exp())


def lecture(x1, x2, w1, w2, b):
    return (x1 * w1 + x2 * w2 + b).tanh()


def max_gate(x, y, z, w):
    return 2 * (x * y + z.maximum(w))


def readme(a, b):
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    return f / 2.0 + 10.0 / f


# Source; function; its arguments; the printed value and derivatives; the printed decimals.
SCALARS = [
    ("CS231n, backpropagation, intuitions", gate, [-2, 5, -4], -12, [-4, -4, 3], 9),
    ("CS231n, backpropagation, sigmoid", sigmoid, [2, -3, -3, -1, -2], 0.73, [-0.20, -0.39, 0.20, 0.39, -0.59], 2),
    ("CS231n, backpropagation, patterns in backward flow", max_gate, [3, -4, 2, -1], -20, [-8, 6, 2, 0], 9),
    ("Karpathy, Hacker's guide", neuron, [1, 2, -3, -1, 3], 0.881, [-0.105, 0.315, 0.105, 0.105, 0.210], 3),
    ("Karpathy, The spelled-out intro", lecture, [2, 0, -3, 1, 6.8813735870195432], 0.7071, [-1.5, 0.5, 1, 0, 0.5], 4),
    ("README of micrograd", readme, [-4, 2], 24.7041, [138.8338, 645.5773], 4),
    ("Baydin et al., Automatic differentiation: a survey, table 3", survey, [2, 5], 11.652, [5.5, 1.716], 3),
    ("Griewank and Walther, Evaluating derivatives, 1.2", lighthouse, [1.5, 0.5], 2.0167, [3.0118, -13.7239], 4),
    ("README of HIPS/autograd", tanh, [1], 0.76159416, [0.41997434], 8),
]  # fmt: skip


@pytest.mark.parametrize(("source", "f", "at", "value", "slopes", "decimals"), SCALARS, ids=[row[0] for row in SCALARS])
def test_a_published_function(source, f, at, value, slopes, decimals):
    xs = [Value(x) for x in at]
    y = f(*xs)
    y.backward()
    rounding = 10.0**-decimals  # one in the last printed place: some sources go on with rounded numbers
    assert y.data == pytest.approx(value, abs=rounding)
    assert [x.grad for x in xs] == pytest.approx(slopes, abs=rounding)
    assert [x.data for x in grad(y, xs)] == [x.grad for x in xs]


def test_the_rosenbrock_function_in_the_scipy_documentation():
    """SciPy, scipy.optimize.rosen, rosen_der and rosen_hess."""

    def rosen(xs):
        return sum([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in zip(xs, xs[1:])])

    xs = [[Value(0.1 * k) for k in range(n)] for n in (10, 9, 4)]
    assert rosen(xs[0]).data == pytest.approx(76.56)
    slopes = [x.data for x in grad(rosen(xs[1]), xs[1])]
    assert slopes == pytest.approx([-2.0, 10.6, 15.6, 13.4, 6.4, -3.0, -12.4, -19.4, 62.0])
    found = [[x.data for x in row] for row in hessian(rosen(xs[2]), xs[2])]
    expected = [[-38, 0, 0, 0], [0, 134, -40, 0], [0, -40, 130, -80], [0, 0, -80, 200]]
    assert [x for row in found for x in row] == pytest.approx([x for row in expected for x in row])


def test_the_classifier_of_cs231n():
    """CS231n, Linear classification: an example of the softmax and the hinge loss; the right class is number 2."""
    layer = Linear(4, 3)
    layer.W.data = [[0.01, -0.05, 0.1, 0.05], [0.7, 0.2, 0.05, 0.16], [0.0, -0.45, -0.2, 0.03]]
    layer.b.data = [0.0, 0.2, -0.3]
    z = layer([-15.0, 22.0, -44.0, 56.0])
    assert z.data == pytest.approx([-2.85, 0.86, 0.28], abs=0.0051)
    assert z.softmax().data == pytest.approx([0.016, 0.631, 0.353], abs=0.001)  # from rounded scores
    assert cross_entropy(z, 2).item() == pytest.approx(1.04, abs=0.0051)
    assert ((z - z[2] + 1).relu().sum() - 1).item() == pytest.approx(1.58, abs=0.0051)


def test_the_self_attention_of_an_illustrated_guide():
    """Karim, Illustrated: Self-attention (2019): three inputs of four numbers."""
    X = Tensor([[1, 0, 1, 0], [0, 2, 0, 2], [1, 1, 1, 1]])
    K = X @ Tensor([[0, 0, 1], [1, 1, 0], [0, 1, 0], [1, 1, 0]])
    Q = X @ Tensor([[1, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 1]])
    V = X @ Tensor([[0, 2, 0], [0, 3, 0], [1, 0, 3], [1, 1, 0]])
    assert (Q @ K.T).data == [[2, 4, 4], [4, 16, 12], [4, 12, 10]]
    outputs = ((Q @ K.T).softmax() @ V).data
    printed = [1.9366, 6.6831, 1.5951, 2.0000, 7.9640, 0.0540, 1.9997, 7.7599, 0.3584]
    assert [x for row in outputs for x in row] == pytest.approx(printed, abs=5.1e-5)


class Neurons:
    """Layers of neurons as in the lecture on micrograd: lists of Values, and sums by Python."""

    def __init__(self, n, *sizes):
        def numbers(n):
            return [Value(random.uniform(-1, 1)) for _ in range(n)]

        self.layers = [[(numbers(m), *numbers(1)) for _ in range(n)] for m, n in zip((n, *sizes), sizes)]

    def __call__(self, x):
        for layer in self.layers:
            x = [sum((wi * xi for wi, xi in zip(w, x)), b).tanh() for w, b in layer]
        return x[0]

    def parameters(self):
        return [p for layer in self.layers for w, b in layer for p in (*w, b)]


@pytest.mark.parametrize(("cleared", "lr"), [(0.0, 0.1), (0, 0.1), (None, 0.1), (0.0, 0.02)])
def test_the_four_examples_of_micrograds_lecture_are_learned(cleared, lr):
    """Karpathy, The spelled-out intro: with only the import changed; with the smaller step by the package's MLP."""
    random.seed(1337)
    n = Neurons(3, 4, 4, 1) if lr == 0.1 else MLP([3, 4, 4, 1])
    assert sum([len(p.values) if isinstance(p, Tensor) else 1 for p in n.parameters()]) == 41
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(50):
        ypred = [n(x) for x in xs]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred))
        for p in n.parameters():
            p.grad = cleared
        loss.backward()
        for p in n.parameters():
            p.data += -lr * p.grad
        losses.append(float(Tensor(loss).item()))
    assert losses[-1] < 0.1 < losses[0]
