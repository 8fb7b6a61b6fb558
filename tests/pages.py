"""What a page of step_through computes and says, by node: its program touches no page. Several pages in one process."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

#: A line as `explain` prints it on one line.
AS_TEXT = """
const array = ({ numbers }) => `[${numbers.map((x) => compact(x)).join("  ")}]`;
const written = (pieces) => pieces.map((piece) => (typeof piece === "string" ? piece : array(piece))).join("");
const asText = ({ quantity, relation, sides, total, notes }) => {
  const first = `${quantity} ${relation} ${sides.map(written).join(" = ")}${total ? `  → ${total}` : ""}`;
  return [first, ...notes.map(written)].join("\\n    ");
};
"""


def in_node(jobs):
    """The value of a JavaScript expression for each (page, expression), in which the page's program is at hand."""
    if not shutil.which("node"):
        pytest.skip("there is no node to run JavaScript with")
    blocks = [
        f"{{ const data = {json.dumps(page._data)};\n{page._program}\n"
        f"results.push((() => {{ {AS_TEXT} return {script}; }})()); }}"
        for page, script in jobs
    ]
    script = '"use strict";\nconst results = [];\n' + "\n".join(blocks) + "\nconsole.log(JSON.stringify(results));"
    run = subprocess.run(["node"], input=script, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout)


def steps_of(page):
    """For each step but the update its title and its lines, as text."""
    told = "tell(compute(new Map()), true).filter((s) => s.phase !== 'update')"
    return in_node([(page, f"{told}.map((s) => [s.title.join(''), s.lines.map(asText)])")])[0]


def on_one_line(text):
    """A row of `explain` as the page has it, whose lines are broken by the browser."""
    return " ".join(text.split())


def cards(drawing, between=""):
    """The text of every card of a picture: {id: rows of cells}, with something between the texts of one cell."""
    source = drawing.source if between else drawing.source.replace("\u00a0", " ")
    found = re.findall(r"^\s*(\w+) \[label=<(<TABLE.*?</TABLE>)> class", source, re.M)
    return {
        id: [[between.join(td.itertext()) for td in tr.iterfind("TD")] for tr in ET.fromstring(table).iterfind("TR")]
        for id, table in found
    }
