"""Parameters in a file: exactly what was saved comes back, and whatever fails changes nothing."""

import errno
import json
import re
import struct
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinygrad_edu import MLP, SGD, Linear, Module, Parameter, Sequential, Tanh, Tensor, load, save
from tinygrad_edu.network.saving import FORMAT


class Shapes(Module):
    """A parameter of every kind of shape."""

    def __init__(self, seed=0):
        self.k = Parameter(0.5)
        self.θ = Parameter.randn(3, seed=seed)
        self.cube = Parameter.randn(2, 2, 3, seed=seed)
        self.net = MLP([2, 3, 1], seed=seed)


def numbers(module):
    return [value.data for parameter in module.parameters() for value in parameter.values]


def bits(floats):
    return struct.pack(f"{len(floats)}d", *floats)  # tells 0.0 from −0.0


def content(parameters, **more):
    return json.dumps({"format": FORMAT, "parameters": parameters} | more)


# There and back.


def test_the_file_is_readable_with_a_parameter_on_each_line(tmp_path):
    net = Shapes()
    for parameter in net.parameters():
        parameter.data = Tensor.full(parameter.shape, 0.5)
    path = save(net, tmp_path / "net.json")
    assert path == tmp_path / "net.json"
    lines = path.read_text().splitlines()
    assert lines[0] == '{"format": "tinygrad_edu parameters, version 1", "parameters": {'
    assert lines[1] == '"k": 0.5,' and lines[4] == '"net.layers.0.W": [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]],'
    assert lines[-2:] == ['"net.layers.1.b": [0.5]', "}}"]


def test_a_module_of_every_shape_comes_back_and_keeps_its_leaves(tmp_path):
    net, other = Shapes(seed=1), Shapes(seed=2)
    leaves = [parameter.values for parameter in other.parameters()]
    load(other, save(net, str(tmp_path / "net.json")))
    assert bits(numbers(other)) == bits(numbers(net))
    assert [parameter.values for parameter in other.parameters()] == leaves  # an optimiser goes on with them


def test_training_goes_on_from_the_file_as_if_it_had_not_stopped(tmp_path):
    def learn(net, steps):
        sgd = SGD(net.parameters(), lr=0.1)
        for _ in range(steps):
            sgd.zero_grad()
            (net([1.0, 2.0]) ** 2).sum().backward()
            sgd.step()

    whole, first, second = [MLP([2, 3, 1], seed=0) for _ in range(3)]
    learn(whole, 4)
    learn(first, 2)
    load(second, save(first, tmp_path / "half.json"))
    learn(second, 2)
    assert bits(numbers(second)) == bits(numbers(whole))


def test_shared_parameters_stay_shared_and_a_module_may_have_none(tmp_path):
    def tied(seed):
        layer = Linear(2, 2, seed=seed)
        return Sequential(layer, Tanh(), layer)

    net, other = tied(0), tied(1)
    load(other, save(net, tmp_path / "tied.json"))
    assert numbers(other) == numbers(net) and len(other.parameters()) == 2
    path = save(Tanh(), tmp_path / "tanh.json")
    assert json.loads(path.read_text()) == {"format": FORMAT, "parameters": {}}
    load(Tanh(), path)
    with pytest.raises(ValueError, match=r"missing \['W', 'b'\]"):
        load(Linear(1, 1), path)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@example([0.0, -0.0, 5e-324, -2.2250738585072014e-308, sys.float_info.max, 0.1 + 0.2, 1e22, 1e23, 2.0**53])
def test_every_float_comes_back_bit_by_bit(tmp_path_factory, floats):
    net, other = Module(), Module()
    net.p, other.p = Parameter(floats), Parameter.zeros(len(floats))
    load(other, save(net, tmp_path_factory.getbasetemp() / "floats.json"))
    assert bits(numbers(other)) == bits(floats)


def test_a_file_written_by_hand_may_have_whole_numbers_and_any_spacing(tmp_path):
    path = tmp_path / "hand.json"
    path.write_text(content({"b": [3], "W": [[1, -2e0]]}, made="by hand"), encoding="utf-8")
    net = Linear(2, 1)
    load(net, path)
    assert numbers(net) == [1.0, -2.0, 3.0] and {type(x) for x in numbers(net)} == {float}


# What is no file of ours, or not for this module.

GOOD = content({"W": [[1.0, 2.0]], "b": [3.0]})

FOREIGN = {
    "empty": ("", "Expecting value: line 1"),
    "pickle": (b"\x80\x04\x95\x0c", "can't decode byte 0x80"),
    "no format": (json.dumps({"W": [[1.0, 2.0]], "b": [3.0]}), "it does not begin with"),
    "no parameters": (json.dumps({"format": FORMAT}), 'and "parameters"'),
    "a list of them": (content([1.0]), "a dict from paths to numbers is needed, not list"),
    "another version": (GOOD.replace("version 1", "version 2"), '"format": "tinygrad_edu parameters, version 1"'),
    "unknown name": (content({"W": [[1.0, 2.0]], "b": [3.0], "c": 1.0}), r"missing \[\], unknown \['c'\]"),
    "shape": (content({"W": [[1.0], [2.0]], "b": [3.0]}), r"W of shape \(2, 1\) does not fit"),
    "nan": (content({"W": [[1.0, 2.0]], "b": [float("nan")]}), "a finite number is needed, not nan"),
    "whole number of 10,000 digits": (GOOD.replace("2.0", "-" + "1" * 10_000), "not -inf"),
    "long text": (content({"W": [[1.0, "2" * 9999]], "b": [3.0]}), "a real number is needed, not str '2{54}…"),
    "deep": ("[" * 100_000, "recursion"),
    "latin-1": (content({"é": 1.0}).replace("\\u00e9", "é").encode("latin-1"), "can't decode byte 0xe9"),
    "comment": (GOOD + "// end", "Extra data"),
    "null": ("null", "it does not begin with"),
    "missing name": (content({"W": [[1.0, 2.0]]}), r"missing \['b'\], unknown \[\]"),
    "ragged": (content({"W": [[1.0, 2.0], [3.0]], "b": [3.0]}), "ragged"),
    "infinity": (content({"W": [[1.0, float("-inf")]], "b": [3.0]}), "W: a finite number is needed, not -inf"),
    "too large": (GOOD.replace("2.0", "1e999"), "W: a finite number is needed, not inf"),
    "complex as an object": (content({"W": [[1.0, {"re": 2.0}]], "b": [3.0]}), "W: a real number is needed, not dict"),
}


@pytest.mark.parametrize(("text", "reason"), FOREIGN.values(), ids=list(FOREIGN))
def test_a_damaged_or_foreign_file_is_one_clear_line_and_changes_nothing(tmp_path, text, reason):
    path = tmp_path / "net.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    net = Linear(2, 1, init=0.5)
    with pytest.raises(ValueError, match=reason) as error:
        load(net, path)
    message = str(error.value)
    assert message.startswith(f"load: {path} is not loaded: ") and "\n" not in message and len(message) < 500
    assert numbers(net) == [0.5, 0.5, 0.5]
    path.write_text(GOOD)
    load(net, path)
    assert numbers(net) == [1.0, 2.0, 3.0]


def test_a_file_that_was_cut_anywhere_changes_nothing(tmp_path):
    path = tmp_path / "net.json"
    whole = save(Linear(2, 1, init=0.1), path).read_bytes()
    net = Linear(2, 1, init=0.5)
    for length in range(len(whole) - 2):  # all but the last brace and the end of its line
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"is not loaded: "):
            load(net, path)
    assert numbers(net) == [0.5, 0.5, 0.5]


@given(st.binary(max_size=60), st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_no_other_bytes_are_anything_but_refused_or_whole(tmp_path_factory, noise, i, j):
    path = tmp_path_factory.getbasetemp() / "noise.json"
    path.write_bytes(GOOD.encode()[:i] + noise + GOOD.encode()[j:])
    net = Linear(2, 1, init=0.5)
    try:
        load(net, path)
    except ValueError as error:
        assert str(path) in str(error) and numbers(net) == [0.5, 0.5, 0.5]
    else:
        assert net.state_dict() == json.loads(path.read_bytes())["parameters"]


def test_a_network_of_another_width_is_refused_and_says_where(tmp_path):
    path = save(MLP([2, 3, 1], seed=0), tmp_path / "net.json")
    for sizes, reason in (
        ([2, 4, 1], r"layers\.0\.W of shape \(3, 2\) does not fit"),
        ([2, 3, 3, 1], "load_state_dict: missing"),
    ):
        other = MLP(sizes, seed=1)
        before = numbers(other)
        with pytest.raises(ValueError, match=rf"net\.json is not loaded: {reason}"):
            load(other, path)
        assert numbers(other) == before


# Files that cannot be read or written.


def test_a_file_that_cannot_be_read_or_written_is_an_error_of_the_system_with_its_name(tmp_path):
    net = Linear(1, 1, init=0.5)
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        load(net, tmp_path / "none.json")
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        load(net, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nowhere/net\.json'$"):
        save(net, tmp_path / "nowhere" / "net.json")
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        save(net, tmp_path)
    assert numbers(net) == [0.5, 0.5] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("tied", ["a Parameter under two names", "two Parameters of the same Values"])
def test_one_parameter_does_not_get_two_different_numbers(tied):
    net = Module()
    net.a = Parameter([1.0, 2.0], label="p")
    net.b = net.a if "under" in tied else Parameter(net.a)
    net.c = Parameter([0.0])
    before = net.state_dict()
    with pytest.raises(ValueError, match=r"^b: p₂ is there twice, as 4\.0 and 5\.0"):
        net.load_state_dict({"a": [3.0, 4.0], "b": [3.0, 5.0], "c": [9.0]})
    assert net.state_dict() == before
    net.load_state_dict({"a": [3.0, 4.0], "b": [3.0, 4.0], "c": [9.0]})
    assert net.state_dict() == {"a": [3.0, 4.0], "b": [3.0, 4.0], "c": [9.0]}


# Whole files or none.


@pytest.mark.parametrize("crash", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("moment", ["pathlib.Path.write_bytes", "os.replace"])
def test_a_crash_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, moment, crash):
    path = save(Linear(1, 1, init=7.0), tmp_path / "net.json")
    old = path.read_bytes()

    def crashes(*_):
        raise crash

    with monkeypatch.context() as patch:
        patch.setattr(moment, crashes)
        with pytest.raises(type(crash)) as error:
            save(Linear(1, 1, init=0.5), path)
    if isinstance(crash, OSError):
        assert str(error.value) == f"[Errno {errno.ENOSPC}] No space left on device: '{path}'"
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]


def test_a_module_comes_first():
    for call, name in ((save, "save"), (load, "load")):
        with pytest.raises(TypeError, match=f"{name}: a Module is needed first and then the file, not dict"):
            call(Linear(1, 1).state_dict(), "net.json")
