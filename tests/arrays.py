"""NumPy arrays for tests of Tensors, what the two are compared by, and the other array libraries."""

import importlib
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import topological_order

# Eighths of small numbers: their sums and products are exact in binary, so that no order of
# summation rounds, and results are compared with ==.
EIGHTHS = st.integers(-40, 40).map(lambda k: k / 8)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)


def arrays(shape, elements=EIGHTHS):
    return hnp.arrays(np.float64, shape, elements=elements)


def same(tensor, array):
    """Equal in shape and, exactly, in every number."""
    array = np.asarray(array)
    return tensor.shape == array.shape and tensor.data == array.tolist()


def backward_from(tensor, G):
    """∂(Σ G · tensor): each element of the result gets the gradient that G has there."""
    (tensor * G).sum().backward()


def folded(G, shape):
    """The sum of G over the axes along which an array of `shape` was stretched."""
    G = G.sum(axis=tuple(range(G.ndim - len(shape))))
    return G.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)


def state(*tensors):
    """Everything there is to see of Tensors and of the graphs under them."""
    nodes = topological_order(*[v for t in tensors for v in t.values])
    return (
        [(t.values, t.shape, t.op, t.inputs, t.label) for t in tensors],
        [(id(v), v.data, v.grad, v.op, v.inputs, v.partials, v.label) for v in nodes],
    )


@contextmanager
def untouched(*tensors):
    before = state(*tensors)
    yield
    assert state(*tensors) == before


def library(name):
    """An array library with numbers of 64 bits, or a skipped test."""
    if name == "jax.numpy":
        pytest.importorskip("jax").config.update("jax_enable_x64", True)
    elif name != "numpy":
        pytest.importorskip(name)
    return importlib.import_module(name)
