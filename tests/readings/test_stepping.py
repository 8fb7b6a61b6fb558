"""The page that steps through a computation: what it says, that it keeps to itself, and how it works in a browser."""

import html
import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from tinygrad_edu import MLP, Tensor, Value, cross_entropy, explain, squared_error, step_through
from tinygrad_edu.readings.drawing import picture

HOSTILE = [
    "</script><img src=x onerror=alert(1)>", "<!--<script>", "]]>", "</svg></title></style><b>x</b>", "$title", "&lt;",
    '"onload="alert(1)', "\\u003c", "\ud800\u202e\x00", "a = b → c", "${1}", "n1", "0.5000",
]  # fmt: skip


def a_square(label="x"):
    x = Value(3.0, label=label)
    y = x * x
    y.label = "y"
    return y


def one_neuron():
    """(tanh(w x + b) − y)², with every node named."""
    w, x, b, y = [Value(data, label=label) for data, label in ((0.5, "w"), (2.0, "x"), (-1.0, "b"), (1.0, "y"))]
    z = w * x + b
    h = z.tanh()
    e = h - y
    L = e * e
    for node, label in ((z, "z"), (h, "h"), (e, "e"), (L, "L")):
        node.label = label
    return L


def network(loss=squared_error):
    net = MLP([4, 4, 3, 3], activation="tanh", init=0.1)
    return loss(net(Tensor([1.0, 0.0, 1.0, 0.0], label="x")), Tensor([0.0, 1.0, 0.0], label="y"))


class Parts(HTMLParser):
    """The elements of a page, and the text of its <style>, its <script>s, its data."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.inside = [], {}, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag in ("script", "style"):
            self.inside = attributes.get("type", tag)

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside] = self.texts.get(self.inside, "") + data


def steps_of(page):
    """The steps as page.js reads them."""
    return json.loads(Parts(page.html).texts["application/json"])


def lines_of(step):
    return ["".join(line) for line in step["lines"]]


# What it says.


def test_the_steps_of_one_neuron():
    steps = steps_of(step_through(one_neuron()))
    assert [step["phase"] for step in steps] == ["given"] + ["forward"] * 5 + ["backward"] * 6
    assert lines_of(steps[0]) == ["w = 0.5", "x = 2", "b = −1", "y = 1"]
    assert lines_of(steps[3]) == ["h = tanh(z) = tanh(0) = 0"]
    assert lines_of(steps[6]) == ["∂L/∂L = 1"]
    assert "".join(steps[7]["title"]) == "Backward through L = e · e: incoming ∂L/∂L = 1"
    assert lines_of(steps[7]) == [
        "∂L/∂e += ∂L/∂L · e = 1 · (−1) = −1  → running total −1 (1 of 2 paths in)",
        "∂L/∂e += ∂L/∂L · e = 1 · (−1) = −1  → running total −2 (2 of 2 paths in)",
    ]


@pytest.mark.parametrize("make", [a_square, one_neuron, network, lambda: network(cross_entropy)])
def test_at_the_value_level_the_lines_are_those_of_explain_in_its_order(make):
    y = make()
    derivation = explain(y, level="value")
    lines = [line for step in steps_of(step_through(y, "value")) for line in lines_of(step)]
    assert lines == [row.text() for row in derivation]


@pytest.mark.parametrize("level", ["value", "neuron"])
def test_what_stands_out_in_a_line_is_its_result(level):
    for step in steps_of(step_through(network(cross_entropy), level)):
        for left, result, rest in step["lines"]:
            assert left.endswith(" = ") and re.fullmatch(r"−?[\d.]+(·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", result)
            assert not rest or rest.startswith(("  → running total", "\n    zero"))


@pytest.mark.parametrize("loss", [squared_error, cross_entropy])
def test_at_the_neuron_level_every_line_of_explain_is_said_once_and_running_totals_are_in_order(loss):
    y = network(loss)
    derivation = explain(y, level="value")
    steps = steps_of(step_through(y, "neuron"))
    lines = [line for step in steps for line in lines_of(step)]
    assert sorted(lines) == sorted([row.text() for row in derivation])
    for name in {line.split()[0] for line in lines if "+=" in line}:
        own = [line for line in lines if line.split()[0] == name and "+=" in line]
        assert [int(re.search(r"\((\d+) of", line)[1]) for line in own] == list(range(1, len(own) + 1))
    titles = ["".join(step["title"]) for step in steps if step["phase"] == "backward"]
    layers = [int("⁰¹²³".index(m[1])) for title in titles if (m := re.search(r"neuron .⁽(.)⁾", title))]
    assert layers == [3] * 3 + [2] * 3 + [1] * 4  # a layer finishes before the next begins


def test_a_bias_used_elsewhere_too_has_its_running_total_in_the_order_shown():
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(0.1, label="b")
    L = b.sin().tanh().tanh() * (Value.dot([w], [x]) + b).tanh()
    L.label = "L"
    L.backward()
    steps = steps_of(step_through(L, "neuron", digits=9))
    own = [line for step in steps for line in lines_of(step) if line.startswith("∂L/∂b +=")]
    assert [re.search(r"\((\d) of 2", line)[1] for line in own] == ["1", "2"]
    assert f"running total {b.grad:.9f}".replace("-", "−") in own[-1]


def test_the_last_gradient_in_every_place_is_the_gradient():
    y = network()
    y.backward()
    x = y.values[0]
    page = step_through(y, "value", digits=6)
    last = {node: text for step in steps_of(page) for node, text in step.get("gradients", [])}
    from tinygrad_edu import topological_order

    order = topological_order(x)
    assert last.keys() <= set(range(len(order))) and len(last) > len(order) / 2
    for i, text in last.items():
        assert float(text.replace("−", "-")) == pytest.approx(order[i].grad, abs=5.1e-7)


def test_it_differentiates_on_its_own_and_shows_the_pass_that_was_run():
    L = one_neuron()
    page = step_through(L)
    leaf = L.inputs[0].inputs[1]
    leaf.data = 1234.5
    assert "1234.5" not in page.html
    assert L.grad == 0.0


def test_a_constant_has_no_gradient_and_its_arrow_is_not_used():
    x = Value(3.0, label="x")
    steps = steps_of(step_through(x * 2.0))
    assert steps[-1]["arrows"] == ["n3-1"] and len(steps[-1]["gradients"]) == 1


def test_a_leaf_alone_and_a_formula_of_constants_are_pages_too():
    assert [step["phase"] for step in steps_of(step_through(Value(2.0)))] == ["given", "backward"]
    assert len(steps_of(step_through(Value(2.0) * 3.0))) == 4


def test_the_level_follows_the_size():
    assert step_through(one_neuron()).level == "value"
    assert step_through(one_neuron(), "neuron").level == "value"  # there is none
    assert step_through(network()).level == "neuron"
    assert step_through(network(), "value").level == "value"


# What is refused.


def test_too_many_steps_are_refused_with_the_coarser_level():
    y = MLP([1, 250, 1], seed=1)([1.0]).sum()
    with pytest.raises(ValueError, match=r'^step_through: 1,\d\d\d steps .* at the value level .* level="neuron" has'):
        step_through(y, "value")
    assert step_through(y).level == "neuron"
    x = Value(0.5, label="x")
    for _ in range(600):
        x = x.tanh()
    with pytest.raises(
        ValueError, match=r'^step_through: 1,202 steps .* draw and explain a Tensor with level="tensor"'
    ):
        step_through(x)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3.0,), TypeError, "a Value or a Tensor is needed, not float 3.0"),
        ((Tensor([1.0, 2.0]),), ValueError, "2"),
        ((Value(1.0), "tensor"), ValueError, "the level is"),
        ((Value(1.0), None, None, 18), ValueError, "digits is a whole number from 0 to 17, not 18"),
    ],
)
def test_what_is_no_page_is_refused_in_a_sentence(arguments, error, words):
    with pytest.raises(error, match=words):
        step_through(*arguments)


def test_a_page_is_saved_whole_as_html(tmp_path):
    page = step_through(a_square())
    assert page.save(tmp_path / "y.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(ValueError, match=r"saved as \.html or \.htm, not '\.svg'"):
        page.save(tmp_path / "y.svg")
    with pytest.raises(OSError):
        page.save(tmp_path / "missing" / "y.html")
    assert [path.name for path in tmp_path.iterdir()] == ["y.html"]


def test_without_graphviz_a_notebook_is_told_and_save_raises(tmp_path, monkeypatch):
    monkeypatch.setattr(picture.shutil, "which", lambda program: None)
    monkeypatch.setattr(picture, "find_spec", lambda module: None)
    page = step_through(a_square())
    assert list(page._repr_mimebundle_()) == ["text/plain"]
    assert "pip install" in page._repr_mimebundle_()["text/plain"]
    with pytest.raises(RuntimeError, match="no Graphviz"):
        page.save(tmp_path / "y.html")


# It keeps to itself.


@pytest.mark.parametrize("level", ["value", "neuron"])
def test_a_page_needs_nothing_from_outside(level):
    page = step_through(network(), level)
    parts = Parts(page.html)
    assert "http:" not in page.html and "https:" not in page.html
    for tag, attributes in parts.elements:
        assert tag not in ("link", "img", "iframe", "object", "a", "base")
        assert not [name for name in attributes if name in ("src", "href", "style", "xlink:href") or name[:2] == "on"]
    assert "innerHTML" not in parts.texts["script"] and "eval" not in parts.texts["script"]


def test_its_policy_allows_its_own_style_and_script_and_nothing_else():
    parts = Parts(step_through(a_square()).html)
    policy = next(a["content"] for tag, a in parts.elements if a.get("http-equiv") == "Content-Security-Policy")
    hashes = {
        what: f"'sha256-{b64encode(sha256(parts.texts[what].encode()).digest()).decode()}'"
        for what in ("style", "script")
    }
    assert policy.split("; ") == [
        "default-src 'none'", f"script-src {hashes['script']}", f"style-src {hashes['style']}", "base-uri 'none'"
    ]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_label_is_text_whatever_it_contains(label):
    page = step_through(a_square(label), title=label)
    page.html.encode()
    parts, plain = Parts(page.html), Parts(step_through(a_square()).html)
    assert [tag for tag, _ in parts.elements] == [tag for tag, _ in plain.elements]
    said = lines_of(steps_of(page)[0])[0]
    assert said == f"{label} = 3" or not label.isprintable()


def test_a_page_is_small_and_the_same_every_time():
    assert len(step_through(network(), "value").html.encode()) <= 400_000
    code = (
        "from tinygrad_edu import *; net = MLP([2, 2, 2], seed=1);"
        "print(ascii(step_through(squared_error(net([1.0, 2.0]), [0.0, 1.0]), 'neuron').html))"
    )
    pages = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(pages) == 1


def test_a_notebook_shows_it_in_a_frame_of_its_own():
    page = step_through(a_square(), title='<"&>')
    frame = Parts(page._repr_mimebundle_()["text/html"])
    (attributes,) = [attributes for tag, attributes in frame.elements if tag == "iframe"]
    assert attributes["sandbox"] == "allow-scripts" and attributes["title"] == '<"&>'
    assert attributes["srcdoc"] == page.html


@pytest.mark.parametrize("program", ["dot", "pygraphviz"])
def test_arrows_and_numbers_are_found_with_either_graphviz(program, monkeypatch):
    if program == "dot" and not picture.shutil.which("dot"):
        pytest.skip("no dot on the PATH")
    if program == "pygraphviz":
        pytest.importorskip("pygraphviz")
        monkeypatch.setattr(picture.shutil, "which", lambda program: None)
    a = Value(2.0, label="a")
    text = step_through(a - a).html
    slopes = {id: re.search(f'id="{id}".*?(×−?1)', text, re.DOTALL)[1] for id in ("n2-1", "n2-2")}
    assert slopes == {"n2-1": "×1", "n2-2": "×−1"}
    y = network(cross_entropy)
    for level in ("value", "neuron"):
        parts = Parts(step_through(y, level).html)
        ids = {attributes["id"] for _, attributes in parts.elements if "id" in attributes}
        steps = json.loads(parts.texts["application/json"])
        assert ids >= {id for s in steps for id in [*s.get("near", []), *s.get("arrows", []), s.get("hand", "n1")]}
        marked = {what: [a[what] for _, a in parts.elements if what in a] for what in ("data-value", "data-gradient")}
        assert set(map(int, marked["data-gradient"])) <= {v for s in steps for v, _ in s.get("gradients", [])}
        assert set(map(int, marked["data-value"])) <= {v for s in steps for v in s.get("values", [])}
        assert len(set(marked["data-value"])) >= 46  # every weight and bias of the network, and what it computes


# In a browser.


@pytest.fixture
def shown(chromium, tmp_path):
    """Opens a page from a file, and looks whether the console was silent at the end."""

    def show(page, fragment="", **media):
        text = page if isinstance(page, str) else page.html
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        chromium.open(file.as_uri() + fragment, **media)
        return chromium

    chromium.problems.clear()
    yield show
    assert chromium.problems == []


VIEW = """(() => ({
    title: document.getElementById("title").textContent,
    lines: [...document.querySelectorAll("#lines p")].map((p) => p.textContent),
    position: document.getElementById("position").textContent,
    numbers: [...document.querySelectorAll("svg text")].filter((t) => getComputedStyle(t).visibility === "visible")
        .map((t) => t.textContent.trim()).filter(Boolean),
    picture: document.querySelector("#picture svg").outerHTML,
}))()"""


def test_stepped_to_the_end_and_back_by_keys_it_says_what_explain_says(shown):
    page = step_through(one_neuron())
    rows = [row.text() for row in explain(one_neuron())]
    browser = shown(page)
    there = [browser.run(VIEW)]
    for _ in range(len(page) - 1):
        browser.press("ArrowRight")
        there.append(browser.run(VIEW))
    assert [line for view in there for line in view["lines"]] == rows
    browser.press("ArrowRight")
    assert browser.run(VIEW) == there[-1]
    back = [browser.run(VIEW)]
    for _ in range(len(page) - 1):
        browser.press("ArrowLeft")
        back.append(browser.run(VIEW))
    assert back[::-1] == there
    browser.press("End")
    assert browser.run(VIEW) == there[-1]
    browser.press("Home")
    assert browser.run(VIEW) == there[0]


def test_numbers_appear_with_their_step(shown):
    browser = shown(step_through(a_square()))
    words = ["x", "value", "grad", "y", "×", "value", "grad"]

    def numbers():
        return sorted(browser.run(VIEW)["numbers"], key=str.lower)

    for added in (["3.0000"], ["9.0000"], ["1.0000"], ["6.0000", "×3", "×3"]):
        words += added
        assert numbers() == sorted(words, key=str.lower)
        browser.press("ArrowRight")


def test_the_node_in_hand_and_the_arrows_it_uses_stand_out(shown):
    browser = shown(step_through(a_square()), "#3")
    assert browser.run("[...document.querySelectorAll('.hand, .near, .used')].map((e) => e.id).sort().join()") == (
        "n1,n2,n2-1,n2-2"
    )
    width = "Number.parseFloat(getComputedStyle(document.querySelector('%s .outline')).strokeWidth)"
    assert browser.run(width % ".hand") > browser.run(width % ".near") > 1


def test_buttons_slider_and_nodes_lead_to_their_step(shown):
    browser = shown(step_through(one_neuron()))

    def at():
        return int(re.search(r"(\d+) /", browser.run(VIEW)["position"])[1])

    for button, step in (("last", 11), ("previous", 10), ("next", 11), ("next", 11), ("first", 0), ("previous", 0)):
        browser.click(f"#{button}")
        assert at() == step
    browser.click("#slider")
    assert 5 <= at() <= 6
    browser.press("End")
    h = browser.run("[...document.querySelectorAll('.node')].find((n) => n.textContent.includes('tanh')).id")
    browser.click(f"#{h}")
    assert browser.run(VIEW)["title"].startswith("Backward through h")
    browser.click(f"#{h}")
    assert browser.run(VIEW)["title"] == "Forward to h = tanh(z)"
    browser.click("#n1")  # a leaf: where it is given, then where its gradient is complete
    assert at() == 0
    browser.click("#n1")
    assert browser.run(VIEW)["lines"][0].startswith("∂L/∂w = ")


def test_space_plays_to_the_end_and_pauses(shown):
    browser = shown(step_through(a_square()), motion="no-preference")
    playing = "document.getElementById('play').getAttribute('aria-label') === 'Pause'"
    browser.press(" ")
    assert browser.run(playing)
    browser.wait("document.getElementById('position').textContent.includes('1 /')")
    browser.press(" ")
    assert not browser.run(playing)
    browser.press("End")
    browser.press(" ")  # from the end it begins again
    assert browser.run(playing) and "0 /" in browser.run(VIEW)["position"]
    browser.press("End")
    assert not browser.run(playing)


def test_the_keyboard_reaches_everything_and_shows_where_it_is(shown):
    browser = shown(step_through(network()))
    seen = []
    for _ in range(11):
        browser.press("Tab")
        seen.append(browser.run("document.activeElement.id || document.activeElement.getAttribute('aria-label')"))
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    bar = ["first", "previous", "play", "next", "last", "slider", "fit"]
    assert seen == [*bar, "experiment", "picture", "W⁽¹⁾₁₁", "said"]
    browser.run("document.getElementById('next').focus()")
    browser.press(" ")
    browser.press("Enter")
    assert browser.run(VIEW)["position"].startswith("forward, 2 /")
    assert browser.run("document.querySelector('#said [role=status] #lines') !== null")


def test_the_address_remembers_the_step(shown):
    browser = shown(step_through(one_neuron()), "#9")
    assert "9 /" in browser.run(VIEW)["position"]
    browser.press("ArrowLeft")
    browser.wait("location.hash === '#8'")
    for nonsense in ("#-1", "#x", "#999999", "#%00"):
        shown(step_through(a_square()), nonsense)


def test_in_a_notebook_the_address_is_left_alone(shown):
    page = step_through(a_square())
    browser = shown(f"<!DOCTYPE html><title>Notebook</title>{page._repr_mimebundle_()['text/html']}")
    assert browser.run("getComputedStyle(document.querySelector('iframe + div')).display") == "none"
    before = browser.run("[location.href, history.length]")
    browser.click("iframe")  # the middle of the picture; now the keys go there
    browser.press("End")
    browser.press("ArrowLeft")
    assert browser.run("[location.href, history.length]") == before


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_hostile_labels_are_seen_as_text_and_nothing_runs(shown, label):
    browser = shown(step_through(a_square(label), title=label), "#3")
    assert browser.run("document.querySelectorAll('img, b').length") == 0
    if label.isprintable():
        assert browser.run("document.title") == label
        line = browser.run(VIEW)["lines"][0]
        assert line.startswith((f"∂y/∂{label} += ", f"∂y/∂({label}) += "))
        assert label[:35] in browser.run("document.querySelector('#n1 text').textContent")
        assert "6.0000" in browser.run(VIEW)["numbers"]


def test_dark_pages_are_dark(shown):
    colours = "['background-color', 'color'].map((c) => getComputedStyle(document.body).getPropertyValue(c))"
    light = shown(step_through(a_square())).run(colours)
    dark = shown(step_through(a_square()), scheme="dark").run(colours)
    assert light == ["rgb(255, 255, 255)", "rgb(26, 26, 26)"] and dark == ["rgb(21, 24, 29)", "rgb(238, 241, 245)"]


@pytest.mark.parametrize("level", ["value", "neuron"])
def test_every_step_of_a_network_is_shown_without_complaint(shown, level):
    browser = shown(step_through(network(cross_entropy), level))
    steps = browser.run("steps.length")
    texts = browser.run(
        "steps.map((_, n) => (show(n), [...document.querySelectorAll('#lines p')].map((p) => p.textContent)))"
    )
    rows = [row.text() for row in explain(network(cross_entropy), level="value")]
    assert len(texts) == steps and sorted([line for lines in texts for line in lines]) == sorted(rows)
    assert html.unescape(browser.run(VIEW)["picture"]).count('class="hidden"') == 0
