"""From a path to the lines of a text file: encodings, quotation marks, comments."""

import contextlib
import os
import re
from pathlib import Path

from sklearn_raman.datasets._errors import ReadingError, show
from sklearn_raman.datasets._numbers import to_number

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
COMMENTS = ("#", "%", "//", "!")
SUSPECTS = "left out as comments"


def as_path(value):
    """Return a text or path as a path; a leading ~ is the home folder."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str):
        raise TypeError(f"A path must be a str or a pathlib.Path, got {value!r}.")
    if not path:
        raise ValueError('A path is empty (""); "." is the folder you are in.')
    return Path(os.path.expanduser(path))


def decode(raw, encoding=None):
    """Return the text of a file and the name of its encoding."""
    if not raw.strip(b"\x00\r\n\t "):
        raise ReadingError("the file is empty; expected a table of numbers.")
    if encoding is not None:
        try:
            return raw.decode(encoding).removeprefix("\ufeff"), encoding
        except UnicodeDecodeError as error:
            raise ReadingError(
                f"byte {error.start} is not {encoding}: give another encoding=."
            ) from error
    for mark, name in _BOMS:
        if raw.startswith(mark):
            try:
                return raw.decode(name).removeprefix("\ufeff"), name
            except UnicodeDecodeError as error:
                raise ReadingError(
                    f"the file starts like {name}, but byte {error.start} is not: "
                    "give encoding=."
                ) from error
    if b"\x00" in raw:
        return _decode_wide(raw), "utf-16 without mark"
    for name in ("utf-8", "cp1252"):
        try:
            return raw.decode(name), name
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def _decode_wide(raw):
    """Decode UTF-16 without a byte order mark, told by where its zero bytes are."""
    even, odd = raw[0::2].count(0), raw[1::2].count(0)
    if len(raw) % 2 == 0 and max(even, odd) > 0.7 * len(raw) / 2 and not min(even, odd):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode("utf-16-le" if odd else "utf-16-be")
    raise ReadingError("the file is binary; expected text with columns of numbers.")


def split_lines(text, comment=None):
    """Split at CR, LF and CRLF, and nowhere else, without quotation marks.

    Commas between quoted cells become the sign \\x1f, so that "1,5","2,5" stays two
    numbers. Lines that begin with `comment` begin with # instead.
    """
    if '"' in text:
        if re.search(r'"[^"\r\n]*,[^"\r\n]*" *,|, *"[^"\r\n]*,[^"\r\n]*"', text):
            text = re.sub(r'("[^"\r\n]*")|,', lambda match: match[1] or "\x1f", text)
        text = text.replace('"', "")
    lines = re.split(r"\r\n|\n|\r", text.replace("\u2212", "-"))  # a true minus sign
    if comment:
        lines = ["#" * line.lstrip().startswith(comment) + line for line in lines]
    return lines


def is_comment(line):
    """Tell whether a line begins like a comment."""
    return line.lstrip().startswith(COMMENTS)


def rows_in_comments(lines, first, width, mark, point, comment):
    """Name the lines that begin like comments but hold numbers as rows do.

    Parameters
    ----------
    lines : list of str
    first : int
        Where the rows begin.
    width : int
        Cells of a row.
    mark, point : str or None
        Delimiter and decimal mark.
    comment : str or None
        How further comments begin, behind a # that was put before them.

    Returns
    -------
    dict
        Empty, or what goes into the facts, by name.
    """
    found = []
    for i, line in enumerate(lines[first:], first):
        is_named = comment and line[1:].lstrip().startswith(comment)
        if is_comment(line) and not is_named:
            cells = line.lstrip(" \t").lstrip("#%/!").strip("\r\n").split(mark)
            numbers = [to_number(cell, point or ".") for cell in cells]
            n_numbers = sum(v is not None and v == v for v in numbers)
            if len(cells) == width and 2 * n_numbers >= max(width, 3):
                found.append(i)
    if not found:
        return {}
    where = ", ".join(str(i + 1) for i in found[:5]) + ", ..." * (len(found) > 5)
    lines = f"line{'s' * (len(found) > 1)} {where} ({show(lines[found[0]].strip())})"
    return {SUSPECTS: lines}


def refuse_headings_again(lines, first, stop):
    """Refuse a comment among rows that repeats the line above them: a second block."""
    above = next((a.strip() for a in reversed(lines[:first]) if a.strip()), "")
    is_heading = is_comment(above) and re.search(r"[^\W\d]", above)
    for i in range(first, stop) if is_heading else ():
        if lines[i].strip() == above:
            raise ReadingError(
                f"line {i + 1}: {show(above)} repeats the headings, as if another "
                "spectrum or table began; expected one in a file. Save each in a file "
                "of its own."
            )


def suspicion(name, facts):
    """Return the sentences that say what `rows_in_comments` found in a file."""
    if SUSPECTS not in facts:
        return []
    return [
        f"{name}: {SUSPECTS}: {facts[SUSPECTS]}, with numbers as in the rows beside. "
        "What belongs to the spectra must begin without that sign."
    ]
