"""Spectra of the poster's experiments, prepared as the poster says (its step 1)."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from benchmarks.compare_minerals import add_noise
from benchmarks.papers import _spectra as sources
from sklearn_raman.datasets import load_minerals, make_raman_spectra
from sklearn_raman.preprocessing import (
    AIRPLS,
    SpectrumNormalizer,
    WavenumberResampler,
    WhittakerSmoother,
)

SMOOTHING, BASELINE = 12.0, 220.0  # cm-1: waves of which half is kept
_RAW = {"spike_rate": 0, "wavenumbers": (400.0, 1398.0, 2.0), "as_frame": True}
SIMULATED, MINERALS, AMINO_ACIDS = "simulated", "minerals", "amino acids"


class Sets(NamedTuple):
    """Spectra to learn from, and spectra held out, with labels and axis."""

    train: tuple
    test: tuple
    axis: np.ndarray


def prepare(spectra, step):
    """Smooth (Whittaker), subtract a baseline (airPLS), resample, divide by the height.

    `step` is that of the new axis in cm-1; returns an array and this axis.
    """
    first, last = (float(spectra.columns[end]) for end in (0, -1))
    steps = make_pipeline(
        WhittakerSmoother(cutoff=SMOOTHING),
        AIRPLS(cutoff=BASELINE),
        WavenumberResampler(target_wavenumbers=(first, last, step)),
        SpectrumNormalizer(),
    ).set_output(transform="pandas")
    prepared = steps.fit_transform(spectra)
    return prepared.to_numpy(), prepared.columns.to_numpy(dtype=float)


def simulated_sets(seed, *, n_train, n_test, step):
    """Return raw simulated spectra of two classes, prepared; so many a class."""
    n = n_train + n_test
    raw, y = make_raman_spectra(2 * n, **_RAW, random_state=seed)
    X, axis = prepare(raw, step)
    y = np.asarray(y)
    training = pd.Series(y).groupby(y).cumcount().to_numpy() < n_train
    return Sets((X[training], y[training]), (X[~training], y[~training]), axis)


@lru_cache(maxsize=4)
def minerals(step, snr=None, n_classes=None):
    """Return prepared minerals: X, y, crystals, axis; noise is added first."""
    data = load_minerals(as_frame=True)
    raw = data.data if snr is None else add_noise(data.data, snr, random_state=0)
    X, axis = prepare(raw, step)
    y = np.asarray(data.target)
    some = y < (n_classes or np.inf)
    return X[some], y[some], np.asarray(data.groups)[some], axis


def mineral_sets(seed, *, n_classes, step):
    """Return minerals, half of the crystals of each held out."""
    X, y, groups, axis = minerals(step, n_classes=n_classes)
    folds = StratifiedGroupKFold(2, shuffle=True, random_state=seed)
    train, test = next(iter(folds.split(X, y, groups)))
    return Sets((X[train], y[train]), (X[test], y[test]), axis)


@lru_cache(maxsize=1)
def _amino_acids(path, step):
    with np.load(path, allow_pickle=False) as archive:
        raw = pd.DataFrame(archive["X"].astype(float), columns=archive["axis"])
        y = np.unique(archive["y"], return_inverse=True)[1]
    even = WavenumberResampler(target_wavenumbers=(270.0, 2000.0, 2.0))
    X, axis = prepare(even.set_output(transform="pandas").fit_transform(raw), step)
    return X, y, axis


def amino_acid_sets(seed, *, folder, step):
    """Return amino acids, five of the ten repeats of each held out.

    They are repeats of one sample: both halves hold the same sample.
    """
    X, y, axis = _amino_acids(sources.spectra_file(folder, sources.AMINO_ACIDS), step)
    folds = StratifiedKFold(2, shuffle=True, random_state=seed)
    train, test = next(iter(folds.split(X, y)))
    return Sets((X[train], y[train]), (X[test], y[test]), axis)


def make_sets(data, seed, *, folder=None, **sizes):
    """Return the training and held-out spectra of one of the three data sets."""
    if data == AMINO_ACIDS:
        return amino_acid_sets(seed, folder=folder, **sizes)
    return {SIMULATED: simulated_sets, MINERALS: mineral_sets}[data](seed, **sizes)


def preparation(seed, n):
    """Smooth and correct simulated spectra; what is left of background and noise.

    `background_left`: rms of the baseline's error over rms of the fluorescence, each
    without its mean over the spectrum; `noise_left`: rms of what smoothing leaves of
    the noise, lines not counted.
    """
    raw, _, truth = make_raman_spectra(n, **_RAW, return_truth=True, random_state=seed)
    smoother = WhittakerSmoother(cutoff=SMOOTHING).set_output(transform="pandas")
    smooth = smoother.fit_transform(raw)
    baseline = (smooth - AIRPLS(cutoff=BASELINE).fit_transform(smooth)).to_numpy()
    clean = raw - truth.noise
    distortion = smooth - smoother.transform(clean)
    left = baseline - truth.fluorescence, truth.fluorescence
    left = [np.sqrt(np.asarray(x).var(axis=1).mean()) for x in left]
    noise = [np.sqrt((np.asarray(x) ** 2).mean()) for x in (distortion, truth.noise)]
    return {"background_left": left[0] / left[1], "noise_left": noise[0] / noise[1]}
