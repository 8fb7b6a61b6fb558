"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the path and rename: whoever looks sees the old file or the new one.

    Raises OSError, with the path in it, where that cannot be done.
    """
    path = Path(os.path.realpath(path))  # what a link leads to is replaced, not the link
    if path.exists() and not path.is_file():  # a pipe or a device is written to, and never replaced
        path.write_bytes(content)
        return
    if path.exists():
        path.open("ab").close()  # what is protected from writing stays
    beside = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # on the disk before it has the name
        if path.exists():
            os.chmod(beside, path.stat().st_mode)
        os.replace(beside, path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
