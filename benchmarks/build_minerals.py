"""Build the bundled minerals from the RRUFF spectra, the same bytes each time.

Needs the extra `rruff`. From the root of the repository:

    python -m benchmarks.build_minerals            # write sklearn_raman/datasets/data/
    python -m benchmarks.build_minerals --check    # exit 1 where a rebuild differs

What is chosen: the minerals with five or more crystals; of each crystal the spectra
that cover most of the grid; of each mineral the crystals that cover all of it or, where
those are fewer than five, the five that cover most; of those at most 18 spectra, one
crystal after the other in turns. A spectrum is never taken twice. No randomness.
"""

import argparse
import csv
import io
import sys
from pathlib import Path

import numpy as np

from sklearn_raman.datasets import fetch_rruff
from sklearn_raman.datasets._minerals import FULL_SCALE, GRID, ROWS_FILE, SPECTRA_FILE

FOLDER = Path(__file__).parents[1] / "sklearn_raman" / "datasets" / "data"
MIN_CRYSTALS = 5
MAX_SPECTRA = 18  # three orientations of six crystals; the folder stays below 1 MB


def first_occurrences(data):
    """Return the positions of rows that do not equal an earlier one."""
    return np.sort(np.unique(data, axis=0, return_index=True)[1])


def choose_crystals(coverage, crystals):
    """Return the crystals to use and the best coverage of each.

    Parameters
    ----------
    coverage : ndarray of shape (n_spectra,)
    crystals : ndarray of shape (n_spectra,), str

    Returns
    -------
    dict of str to float
    """
    best = {name: coverage[crystals == name].max() for name in np.unique(crystals)}
    ranked = sorted(best, key=lambda name: (-best[name], name))
    n_complete = sum(value == 1 for value in best.values())
    return {name: best[name] for name in ranked[: max(n_complete, MIN_CRYSTALS)]}


def choose_spectra(coverage, crystals):
    """Return the positions to keep of one mineral's spectra, in increasing order."""
    chosen = choose_crystals(coverage, crystals)
    turns = []
    for name in sorted(chosen):
        usable = np.flatnonzero((crystals == name) & (coverage == chosen[name]))
        turns += [(turn, position) for turn, position in enumerate(usable)]
    return np.sort([position for _, position in sorted(turns)[:MAX_SPECTRA]])


def build(rruff):
    """Return the content of each bundled file.

    Parameters
    ----------
    rruff : Bunch
        What `fetch_rruff` returns on the grid, minerals with enough crystals only.

    Returns
    -------
    dict of str to bytes
    """
    unique = first_occurrences(rruff.data)
    kept = np.concatenate(
        [
            of_mineral[
                choose_spectra(rruff.coverage[of_mineral], rruff.groups[of_mineral])
            ]
            for code in range(len(rruff.target_names))
            for of_mineral in [unique[rruff.target[unique] == code]]
        ]
    )
    spectra = io.BytesIO()
    # "<u2": the same bytes on every machine.
    np.save(spectra, np.rint(rruff.data[kept] * FULL_SCALE).astype("<u2"))
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(["mineral", "rruff_id", "spectrum_id", "n_measured"])
    for i in kept:
        writer.writerow(
            [
                rruff.target_names[rruff.target[i]],
                rruff.groups[i],
                rruff.spectrum_ids[i],
                round(rruff.coverage[i] * len(rruff.wavenumbers)),
            ]
        )
    return {SPECTRA_FILE: spectra.getvalue(), ROWS_FILE: rows.getvalue().encode()}


def main(arguments=None):
    """Write the files, or compare them with `--check`; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args(arguments).check
    contents = build(fetch_rruff(wavenumbers=GRID, min_crystals=MIN_CRYSTALS))
    status = 0
    for name, content in contents.items():
        path = FOLDER / name
        if not check:
            path.write_bytes(content)
            print(f"{name}: {len(content):,} bytes written")
        elif path.exists() and path.read_bytes() == content:
            print(f"{name}: the rebuild is identical ({len(content):,} bytes)")
        else:
            print(f"{name}: the rebuild differs from {path}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
