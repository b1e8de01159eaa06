"""The poster's conclusion: generated spectra cannot be told from measured ones."""

import numpy as np

from benchmarks.seeds._paper import Row, spread, verdict
from benchmarks.seeds.wgan_gp._data import AMINO_ACIDS, MINERALS, SIMULATED
from benchmarks.seeds.wgan_gp._quality import CONTROLS, REAL
from benchmarks.seeds.wgan_gp._results import missing_row, of_method, sets_of_spectra
from benchmarks.seeds.wgan_gp._tasks import DEFAULT, PLAIN

SAME_CLUSTERS = 0.1  # adjusted Rand index below which clusters say nothing
ALIKE, LINE = 0.02, 1.0  # correlation and cm-1 by which real spectra may be nearer
TOLD = 0.1  # accuracy above that for real training spectra
PLACE = "conclusion"
STRICT = {"one_nn_accuracy": "1-NN", "forest_accuracy": "forest"}
DATA = {
    SIMULATED: "two substances",
    MINERALS: "six RRUFF minerals, half of the crystals held out",
    AMINO_ACIDS: "six amino acids and relatives, repeats of one sample on both sides",
}
_SAME = "PCA and K-means cannot tell generated spectra from measured ones"


def apart_rows(results):
    """Return three rows for each set of spectra: by eye, K-means, stricter tests."""
    found = sets_of_spectra(results)
    if not found:
        return [missing_row(PLACE, _SAME, "cannot")]
    return [
        row(records, f"{name}: {DATA[records[0]['data']]}")
        for row in (_alike, _same_clusters, _strict)
        for name, records in found.items()
    ]


def _alike(records, data):
    alike, off = (
        {m: np.nanmean(of_method(records, m, metric)) for m in (PLAIN, REAL)}
        for metric in ("likeness", "band_position")
    )
    return Row(
        PLACE,
        "Generated spectra look like measured ones",
        "alike",
        f"correlation with the held-out mean {alike[PLAIN]:.3f} (real "
        f"{alike[REAL]:.3f}); lines {off[PLAIN]:.2f} cm-1 off (real {off[REAL]:.2f}); "
        f"{len(records)} runs",
        data,
        verdict(alike[PLAIN] > alike[REAL] - ALIKE, off[PLAIN] < off[REAL] + LINE),
        "in place of an eye; holds if within 0.02 and 1 cm-1 of real spectra",
    )


def _same_clusters(records, data):
    index = of_method(records, PLAIN, "poster_ari")
    others = ", ".join(
        f"{name} {of_method(records, name, 'poster_ari').mean():.2f}"
        for name in CONTROLS
        if name in records[0]["scores"]
    )
    return Row(
        PLACE,
        _SAME,
        "cannot",
        f"adjusted Rand index {spread(index)}",
        data,
        verdict(index.mean() < SAME_CLUSTERS),
        f"below 0.1 holds; but it takes little to pass: {others}",
    )


def _strict(records, data):
    told = {
        name: [of_method(records, method, metric) for method in (PLAIN, DEFAULT, REAL)]
        for metric, name in STRICT.items()
    }
    return Row(
        f"{PLACE}, by stricter tests",
        "Generated spectra cannot be told from new measured ones",
        "not tested",
        "; ".join(
            f"{name} tells {spread(plain)} of the poster's network, {spread(default)} "
            f"of SpectrumBootstrap, {spread(real)} of real training spectra"
            for name, (plain, default, real) in told.items()
        ),
        data,
        verdict(*(p.mean() <= real.mean() + TOLD for p, _, real in told.values())),
        "accuracies; holds for the poster's network if at most 0.1 above real spectra",
    )
