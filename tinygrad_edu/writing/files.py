"""Files that appear whole or not at all."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path


def save_as(
    path: str | os.PathLike[str], what: str, suffixes: Iterable[str], made: Callable[[str], str | bytes]
) -> Path:
    """Write what is made for the suffix of the path, and return the path. ValueError for another suffix.

    >>> save_as("page.pdf", "a page is", [".html", ".htm"], lambda suffix: "<p>")
    Traceback (most recent call last):
    ValueError: a page is saved as .html or .htm, not '.pdf'
    """
    path = Path(path)
    suffix = path.suffix.lower()
    *others, last = suffixes
    if suffix not in (*others, last):
        raise ValueError(f"{what} saved as {', '.join(others)} or {last}, not {suffix or path.name!r}")
    content = made(suffix)
    write_whole(path, content if isinstance(content, bytes) else content.encode())
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside the path and rename it: a reader sees the old file or the new one.

    Raises OSError, with the path in it, where that cannot be done.
    """
    path = Path(os.path.realpath(path))  # what a link leads to is replaced, not the link
    if path.exists() and not path.is_file():  # a pipe or a device is written to, and never replaced
        path.write_bytes(content)
        return
    beside = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)  # which is still there after an error or an interrupt
