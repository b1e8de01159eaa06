"""What is wrong with a file, and how it is quoted."""


class ReadingError(ValueError):
    """A file, or a place in it, that can't be read."""


def printable(text):
    """Return a text or path with what is no Unicode in a file's name as \\udcff.

    Python takes such bytes in; on their way out they would be an error.
    """
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def show(line, length=70):
    """Return a line as it goes into an error message."""
    line = line.replace("\x1f", ",")
    return repr(line if len(line) <= length else line[:length] + "...")
