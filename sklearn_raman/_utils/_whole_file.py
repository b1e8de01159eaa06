"""Files that appear complete or not at all."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def written_whole(path):
    """Yield where to write a file first; it gets to its place when it is complete.

    What is cut off half written (Ctrl-C, a full disk) leaves the file of before. What
    is no file, such as a pipe, or lies where no other can be made, is written directly.

    Parameters
    ----------
    path : str or path
        A link stays one, and what it leads to is written. Access rights stay.
    """
    given, path = Path(path), Path(os.path.realpath(path))
    if given.exists() and not (given.is_file() and os.access(path.parent, os.W_OK)):
        yield given
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder of {given} does not exist: make {path.parent} first."
        )
    with TemporaryDirectory(dir=path.parent) as folder:
        unfinished = Path(folder, path.name)
        yield unfinished
        if path.exists():
            shutil.copymode(path, unfinished)
        os.replace(unfinished, path)
