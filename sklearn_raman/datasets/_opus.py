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
    ends = [entry["start"] + entry["size"] for entry in file.directory.toc]
    if max(ends, default=0) > path.stat().st_size:
        raise ReadingError(
            f"the blocks of the file fill {max(ends)} bytes, and it has "
            f"{path.stat().st_size}: was it copied completely?"
        )
    unread = [
        block.get_data_key()
        for block in (*file.unmatched_data_blocks, *file.parse_error_blocks)
        if block.is_data() or block.is_data_series()
    ]
    found = [*file.all_data_keys, *unread]
    keys = [key for key in found if key.startswith("ra")] or [
        key for key in found if not re.match(r"(ig|ph)|.*rf$", key)
    ]
    if len(keys) != 1 or keys[0] not in file.data_keys:
        raise ReadingError(
            f"the file holds the data blocks {found}; expected one Raman spectrum, "
            "and no series. Export the one that is meant as text."
        )
    block = getattr(file, keys[0])
    if getattr(block, "dpf", 1) != 1:
        raise ReadingError(
            f"the intensities have the data format (DPF) {block.dpf}; expected 1, "
            "floating-point numbers. Export the spectrum as text."
        )
    known = {"WN": "cm-1", "RSH": "cm-1", "MI": "micrometers"}
    unit = known.get(block.dxu, block.dxu)
    facts = {"format": "Bruker OPUS", "block": block.label, "x unit": block.dxu}
    facts["other blocks"] = ", ".join(key for key in found if key != keys[0])
    axis = np.array(block.x, dtype=np.float64)
    return [(axis, np.array(block.y, dtype=np.float64), None, {})], unit, facts
