"""What a cell of a notebook shows: also untrusted, on a code host, and on paper."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tinygrad_edu import MLP, SGD, Adam, Value, compile_graph, draw, explain, squared_error, step_through, worksheet


def neuron():
    w, x = Value(2.0, label="w"), Value(0.5, label="x<y>")
    h = (w * x).tanh()
    h.label = "h"
    return w, h


class Sanitised(HTMLParser):
    """What is left where frames, scripts and style sheets are removed with all they contain."""

    def __init__(self, html):
        super().__init__()
        self.text, self.images, self.gone = "", [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.gone += tag in ("iframe", "script", "style")
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_endtag(self, tag):
        self.gone -= tag in ("iframe", "script", "style")

    def handle_data(self, data):
        self.text += "" if self.gone else data


def html_of(shown):
    return shown._repr_html_() if hasattr(shown, "_repr_html_") else shown._repr_mimebundle_()["text/html"]


def test_a_drawing_is_an_image_which_no_sanitiser_removes():
    drawing = draw(neuron()[1])
    (image,) = Sanitised(html_of(drawing)).images
    kind, _, data = image["src"].partition(",")
    assert kind == "data:image/svg+xml;base64" and b64decode(data).decode() == drawing.svg()
    assert image["alt"] == drawing.title and image["style"] == "max-width:100%"


def test_where_a_page_is_removed_all_its_lines_stay():
    _, h = neuron()
    text = Sanitised(html_of(step_through(h))).text
    for row in explain(h):
        assert row.text() in text
    assert "Forward" in text and "Backward" in text and "x<y>" in text


def test_where_a_worksheet_is_removed_its_questions_stay():
    sheet = worksheet(neuron()[1])
    for shown in (sheet, sheet.key()):
        text = Sanitised(html_of(shown)).text
        assert "∂h/∂w" in text and "dh_dw" in text and ("0.2100" in text) == (shown is not sheet)
    assert repr(sheet) == "<Worksheet: Backpropagation by hand, 3 numbers>"
    assert repr(sheet.key()) == "<Key: Backpropagation by hand, 3 numbers>"


def test_a_frame_is_as_high_as_what_it_shows():
    net = MLP([4, 4, 3, 3], seed=1)
    large = squared_error(net([1.0, 0.0, 1.0, 0.0]), [0.0, 1.0, 0.0])

    def heights(show):
        return [int(re.search(r'height="(\d+)"', html_of(show(y)))[1]) for y in (neuron()[1], large)]

    small_page, large_page = heights(step_through)
    small_sheet, large_sheet = heights(worksheet)
    assert 480 <= small_page < large_page <= 760
    assert small_sheet < 700 < large_sheet


@pytest.mark.parametrize("read", [draw, explain, step_through])
def test_a_network_is_not_read_but_what_it_computes(read):
    name = read.__name__
    with pytest.raises(TypeError, match=f"^{name}: .* not MLP: what it computes is read, as in {name}"):
        read(MLP([2, 2, 1]))


def test_no_result_shows_itself_as_an_address():
    net = MLP([2, 2, 1], seed=1)
    L = squared_error(net([1.0, 2.0]), [1.0])
    shown = [SGD(net.parameters(), lr=0.1), Adam(net.parameters()), net, *net.parameters(), L, draw(L), step_through(L)]
    sheet, derivation = worksheet(L), explain(L)
    shown += [sheet, sheet.mark({}), *sheet.mark({}).marks, derivation, *derivation.backward, *derivation.rows]
    shown += [compile_graph(L, inputs=net.parameters())]
    assert not [text for text in map(repr, shown) if " at 0x" in text]
    assert repr(shown[0]) == "SGD(9 numbers, lr=0.1, momentum=0.0)"


CELLS = {
    "draw(h)": "text/html",
    "explain(h)": "text/markdown",
    "step_through(h)": "text/html",
    "worksheet(h)": "text/html",
    "h": "text/plain",
    "Tensor([1.0])": "text/plain",
    "compile_graph(h, inputs=[w])": "text/markdown",
}
SETUP = """
from tinygrad_edu import *
w = Value(2.0, label="w")
h = (w * 0.5).tanh()
h.backward()
"""


def test_a_notebook_runs_and_is_exported(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    nbconvert = pytest.importorskip("nbconvert")
    pytest.importorskip("ipykernel")
    script = Path(__file__).parents[2] / "examples" / "by_hand.py"
    cells = [nbformat.v4.new_code_cell(cell) for cell in (SETUP, *CELLS, f"%run {script}")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute(cwd=str(tmp_path))
    shown = [cell.outputs[0].data for cell in notebook.cells[1:-1]]
    assert "∂" in notebook.cells[-1].outputs[0].text
    assert all(["text/plain" in data and kind in data for kind, data in zip(CELLS.values(), shown)])
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert page.count(': computation graph, value level" ') == 1 and page.count("srcdoc=") == 2
