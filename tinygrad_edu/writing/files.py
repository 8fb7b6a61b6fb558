"""Files that appear whole or not at all."""

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
    beside = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)  # which is still there after an error or an interrupt
