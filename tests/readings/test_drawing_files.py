"""Pictures and files: both ways to run Graphviz, labels of every kind, and what happens when it fails."""

import os
import re
import runpy
import shutil
import sys
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import pytest
from graphs import a_square, regression

from tinygrad_edu import Drawing, Tensor, Value, draw
from tinygrad_edu.readings.drawing import look, picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=["dot", "pygraphviz"])
def graphviz(request, monkeypatch):
    """Each of the two ways to lay a drawing out, where it is installed."""
    if request.param == "dot":
        if not shutil.which("dot"):
            pytest.skip("no dot on the PATH")
    else:
        pytest.importorskip("pygraphviz")
        monkeypatch.setattr(picture.shutil, "which", lambda program: None)
    return request.param


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setattr(picture.shutil, "which", lambda program: None)
    monkeypatch.setattr(picture, "find_spec", lambda module: None)


def after_backward(y):
    y.backward()
    return y


# The SVG.


def test_the_svg_has_a_group_a_card_and_an_arrow_an_edge(graphviz):
    root = ET.fromstring(draw(after_backward(a_square())).svg())
    groups = [group.get("class", "").split() for group in root.iter(f"{SVG}g")]
    assert [classes[1] for classes in groups if classes[:1] == ["node"]] == ["input", "loss"]
    assert sum(classes[:1] == ["edge"] for classes in groups) == 2
    assert {"x", "y", "3.0000", "9.0000", "6.0000", "×3"} <= {text.text.strip() for text in root.iter(f"{SVG}text")}


def test_a_reader_without_eyes_or_with_a_mouse_is_told_more(graphviz):
    root = ET.fromstring(draw(after_backward(a_square()), title="A square").svg())
    assert root.get("role") == "img"
    spoken = {element.get("id"): element.text for element in root.iter(f"{SVG}title")}
    assert spoken[root.get("aria-labelledby")] == "A square"
    tips = [title.text for group in root.iter(f"{SVG}g") for title in group.findall(f"{SVG}title")]
    assert set(tips) == {"x: value 3.0000, gradient 6.0000", "y (×): value 9.0000, gradient 1.0000", "∂y/∂x = 3"}
    assert root.find(f"{SVG}g[@class='graph']/{SVG}title") is None  # which would speak for every card
    assert not list(root.iter(f"{SVG}a"))


def test_every_colour_has_a_dark_counterpart(graphviz):
    for level in ("value", "neuron", "tensor"):
        root = ET.fromstring(draw(after_backward(regression()), level).svg())
        style = root.find(f"{SVG}style").text
        style = style[style.index("@media (prefers-color-scheme:dark){") :]
        used = {(a, e.get(a)) for e in root.iter() for a in ("fill", "stroke") if e.get(a) not in (None, "none")}
        used -= {(a, colour) for a, colour in used if colour == "transparent"}
        assert used and not [(a, colour) for a, colour in used if f'[{a}="{colour}"]' not in style]
        assert all(text.get("fill") for text in root.iter(f"{SVG}text"))


def test_colours_of_different_roles_differ():
    light = [light for light, dark in look.PALETTE.values()]
    assert len(set(light)) == len(light)


def test_two_drawings_share_no_id_and_one_drawing_keeps_its_ids(graphviz):
    one, other = [draw(after_backward(a_square()), title=title).svg() for title in ("one", "other")]
    first, second = [set(re.findall(r'\bid="(.*?)"', svg)) for svg in (one, other)]
    assert first and not first & second
    assert one == draw(after_backward(a_square()), title="one").svg()


def test_all_levels_of_a_network_are_drawn_whole(graphviz):
    for level in ("value", "neuron", "tensor"):
        drawing = draw(after_backward(regression()), level)
        root = ET.fromstring(drawing.svg())
        kinds = [group.get("class", "").split()[0] for group in root.iter(f"{SVG}g") if group.get("class")]
        heads = len(re.findall(r"layer\d \[label", drawing.source))
        assert kinds.count("node") == drawing.cards + heads


LABELS = {
    "<": "<", "&": "&", "&amp;": "&amp;", '"': '"', "{|}": "{|}", "<b>x</b>": "<b>x</b>",
    "a\nb": "a b", "\x00\x1b\x7f": "���", "\ud800\uffff\u202e": "���", r"\N\G\n": r"\N\G\n",
    "a\\": "a\\", "вес": "вес", "👩‍🔬": "👩‍🔬", "]]>": "]]>", "x" * 100: "x" * 35 + "…",
}  # fmt: skip


def test_any_label_arrives_as_it_is(graphviz):
    tensors = [Tensor([Value(1.0, label=label)], label=label) for label in LABELS]
    y = sum([(t * 2).sum() for t in tensors], Tensor(0.0))
    root = ET.fromstring(draw(y, "value", title=" ".join(LABELS)).svg())
    texts = [text.text for text in root.iter(f"{SVG}text")]
    tips = [title.text.replace("∖", "\\") for title in root.iterfind(f".//{SVG}g[@class='node input']/{SVG}title")]
    for label, shown in LABELS.items():
        assert shown in texts, label
        assert [tip for tip in tips if tip.startswith(look.printable(" ".join(label.split())))], label


@pytest.mark.parametrize("label", ["", " ", "\t"])
def test_a_label_with_nothing_to_see_counts_as_none(label):
    assert draw(2 * Value(1.0, label=label)).source == draw(2 * Value(1.0)).source


def test_a_tensors_label_is_escaped_too(graphviz):
    L = (Tensor([1.0, 2.0], label='<a&"\\N>') * Tensor([1.0, 2.0], label="b|{")).sum()
    L.backward()
    texts = [text.text for text in ET.fromstring(draw(L, "tensor").svg()).iter(f"{SVG}text")]
    assert {'<a&"\\N>', '∂L/∂(<a&"\\N>)', "b|{", 'Σ (<a&"\\N>) ∘ (b|{)'} <= {text.strip() for text in texts}


# Files.


def test_the_suffix_decides_the_format(graphviz, tmp_path):
    begins = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph", ".GV": b"digraph"}
    for suffix, beginning in begins.items():
        path = draw(after_backward(a_square())).save(str(tmp_path / f"square{suffix}"))
        assert isinstance(path, Path) and path.read_bytes().startswith(beginning)
    assert len(list(tmp_path.iterdir())) == len(begins)


@pytest.mark.parametrize("name", ["picture.jpeg", "picture", ".svg"])
def test_an_unknown_suffix_lists_the_known_ones(name, tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.svg, \.png, \.pdf, \.dot or \.gv, not '"):
        draw(Value(1.0)).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file_and_no_other(no_graphviz, tmp_path):
    path = tmp_path / "picture.svg"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="no Graphviz"):
        draw(Value(1.0)).save(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


# Failures of Graphviz.


def test_without_graphviz_both_remedies_are_named_and_the_source_is_there(no_graphviz):
    drawing = draw(after_backward(a_square()))
    assert drawing.source.startswith("digraph")
    with pytest.raises(RuntimeError, match=r"pip install 'pygraphviz>=2\.0\.4'.*`dot` is on the PATH"):
        drawing.svg()


@pytest.mark.parametrize("label", ["<foo>x</foo>", "&bogus;", "<b></b>"])
def test_a_label_that_graphviz_rejects_is_an_error(graphviz, label):
    source = f"digraph {{ n1 [label=<<TABLE><TR><TD>{label}</TD></TR></TABLE>>] }}"
    for format in ("svg", "png"):
        with pytest.raises(ValueError, match="Graphviz rejects the drawing"):
            picture.render(source, format, 60)


def test_text_that_is_no_graph_is_an_error(graphviz):
    with pytest.raises((ValueError, RuntimeError), match=r"Graphviz (rejects|failed)"):
        picture.render("digraph {", "svg", 60)


def test_a_layout_that_takes_too_long_is_stopped(graphviz):
    with pytest.raises(TimeoutError, match=r"stopped after 0\.001 seconds"):
        draw(after_backward(regression()), "value").svg(timeout=0.001)


def test_a_program_called_dot_that_fails_is_told(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no layout engine')\n")
    program.chmod(0o755)
    monkeypatch.setattr(picture.shutil, "which", lambda name: str(program))
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="exit code 1: no layout engine"):
        draw(after_backward(a_square())).svg()


# Notebooks.


def test_a_notebook_shows_the_svg(graphviz):
    bundle = draw(after_backward(a_square()))._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg") and bundle["text/plain"] == "<Drawing: value level, 2 cards>"


def test_in_a_notebook_a_failure_is_a_sentence(no_graphviz):
    bundle = draw(after_backward(a_square()))._repr_mimebundle_()
    assert list(bundle) == ["text/plain"] and "no Graphviz" in bundle["text/plain"]
    assert "cannot be shown" in Drawing("digraph {", "value", 1, "")._repr_mimebundle_()["text/plain"]


# The example.


def test_the_gallery_draws_every_picture(tmp_path, monkeypatch, capsys):
    gallery = Path(__file__).parents[2] / "examples" / "gallery.py"
    monkeypatch.setattr(sys, "argv", ["gallery.py", str(tmp_path / "new"), "--suffix", ".dot"])
    monkeypatch.syspath_prepend(gallery.parent)
    pictures = runpy.run_path(str(gallery), run_name="__main__")["PICTURES"]
    assert sorted(path.stem for path in (tmp_path / "new").iterdir()) == sorted(pictures)
    assert len(capsys.readouterr().out.split()) == len(pictures)


@pytest.mark.skipif(not find_spec("pygraphviz"), reason="no other Graphviz to fall back on")
@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho 'run dot -c' >&2\nexit 0\n"])
def test_a_broken_dot_does_not_hide_another_graphviz(script, tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert draw(Value(2.0, label="a") * 3).svg().startswith("<svg")
