"""Bruker's OPUS files, read by the package brukeropus."""

import re

import numpy as np

from sklearn_raman.datasets._errors import ReadingError


def read_opus(brukeropus, path):
    """Read a Bruker OPUS file: its Raman spectrum, or the only spectrum it holds."""
    file = brukeropus.read_opus(str(path))
    if not file.is_opus:
        raise ReadingError(
            "the suffix says Bruker OPUS, but the file does not begin as one does. "
            "Rename text files to .txt."
        )
    keys = [key for key in file.data_keys if key.startswith("ra")] or [
        key for key in file.data_keys if not re.match(r"(ig|ph)|.*rf$", key)
    ]
    if len(keys) != 1:
        raise ReadingError(
            f"the file holds the data blocks {file.all_data_keys}; expected one Raman "
            "spectrum. Export the one that is meant as text."
        )
    block = getattr(file, keys[0])
    known = {"WN": "cm-1", "RSH": "cm-1", "MI": "micrometers"}
    unit = known.get(block.dxu, block.dxu)
    facts = {"format": "Bruker OPUS", "block": block.label, "x unit": block.dxu}
    axis = np.array(block.x, dtype=np.float64)
    return [(axis, np.array(block.y, dtype=np.float64), None, {})], unit, facts
