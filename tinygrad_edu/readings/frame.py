"""A page inside a notebook: in a frame of its own, and something to read where frames are removed.

An untrusted notebook and a code host remove frames and style sheets from what a cell shows, but not plain elements.
So the text that stands in is always there, and the style sheet hides it: whoever removes the frame shows the text.
"""

from html import escape

_STYLE = """\
.tinygrad-edu-frame { border: 0; width: 100%; }
.tinygrad-edu-frame + div { display: none; }
@media print { .tinygrad-edu-frame + .printed { display: block; } }"""


def framed(page: str, title: str, text: str, height: float, printed: bool = False) -> str:
    """HTML for the output of a notebook's cell. The page can run its own script, and touch nothing around it.

    Args:
        page: the whole page, as HTML.
        title: of the frame, for a screen reader.
        text: what stands in for the page, as HTML of plain elements.
        height: of the frame, in CSS pixels.
        printed: whether the text is printed below the frame, which on paper shows what the screen did.

    >>> html = framed("<p>x", "A page", "<pre>x = 2</pre>", 400)
    >>> html.count("<pre>x = 2</pre>"), html.count('srcdoc="&lt;p&gt;x"')
    (1, 1)
    """
    role = "printed" if printed else "unprinted"
    return (
        f"<style>\n{_STYLE}\n</style>\n"
        f'<iframe class="tinygrad-edu-frame" title="{escape(title)}" sandbox="allow-scripts" '
        f'height="{height:.0f}" srcdoc="{escape(page)}"></iframe>\n'
        f'<div class="{role}">{text}</div>\n'
    )
