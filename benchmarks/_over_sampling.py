"""The samplers that `bench_over_sampling` compares, and its simulated spectra."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, RandomOverSampler
from scipy.stats import t as student

from benchmarks._over_sampling_vae import vae
from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.neural_network import paper_settings
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap
from sklearn_raman.over_sampling._noise import noise_level

N_NEIGHBORS = 5
N_COMPONENTS = 15
SHIFT, GAIN, NOISE = 2.0, 0.05, 0.5  # points; relative; of a spectrum's own noise
CONFIDENCE = 0.95


def copies(X, n, rng):
    """Random over-sampling: real spectra, drawn with replacement."""
    return X[rng.randint(len(X), size=n)]


def smote(X, n, rng):
    """SMOTE with 5 neighbors, or as many as the class has; copies of a single one."""
    if len(X) == 1:
        return copies(X, n, rng)
    # imbalanced-learn's SMOTE fills a class up to another: n + len(X) stand-ins.
    both = np.concatenate([X, np.zeros((n + len(X), X.shape[1]))])
    labels = np.repeat([1, 0], [len(X), n + len(X)])
    sampler = SMOTE(
        k_neighbors=min(N_NEIGHBORS, len(X) - 1), random_state=rng.randint(2**31 - 1)
    )
    return sampler.fit_resample(both, labels)[0][len(both) :]


def gaussian_pca(X, n, rng):
    """Draw from a Gaussian: at most 15 components, and white noise of what is left.

    Probabilistic PCA (Tipping and Bishop 1999), one for the class.
    """
    if len(X) == 1:
        return copies(X, n, rng)
    mean = X.mean(axis=0)
    _, singular, loadings = np.linalg.svd(X - mean, full_matrices=False)
    variances = singular**2 / (len(X) - 1)
    k = max(1, min(N_COMPONENTS, len(X) - 2))
    rest = variances[k:].sum() / (X.shape[1] - k)
    scores = rng.standard_normal((n, k)) * np.sqrt(variances[:k])
    return (
        mean
        + scores @ loadings[:k]
        + np.sqrt(rest) * rng.standard_normal((n, X.shape[1]))
    )


def augmented(X, n, rng):
    """Copies that are shifted (2 points), scaled (5 %) and noisier (by an eighth)."""
    parents = copies(X, n, rng)
    points = np.arange(X.shape[1], dtype=float)
    shifts = SHIFT * rng.uniform(-1, 1, size=n)
    moved = np.array(
        [
            np.interp(points - s, points, row)
            for s, row in zip(shifts, parents, strict=True)
        ]
    )
    gain = np.exp(GAIN * rng.standard_normal((n, 1)))
    level = NOISE * noise_level(parents)[:, None]
    return gain * moved + level * rng.standard_normal(moved.shape)


def of_each_class(draw, X, y, wanted, seed):
    """Apply a sampler that knows one class to several."""
    rng = np.random.RandomState(seed)
    new = [draw(X[y == label], n, rng) for label, n in wanted.items()]
    return np.concatenate(new), None


def shrinkage(X, n, rng):
    """Copies with white noise at each point: imbalanced-learn's smoothed bootstrap."""
    both = np.concatenate([X, np.zeros((n + len(X), X.shape[1]))])
    labels = np.repeat([1, 0], [len(X), n + len(X)])
    sampler = RandomOverSampler(shrinkage=1.0, random_state=rng.randint(2**31 - 1))
    return sampler.fit_resample(both, labels)[0][len(both) :]


def blended(X, n, rng):
    """Weighted means of two spectra of the class (Flanagan and Glavin 2023)."""
    share = rng.uniform(size=(n, 1))
    return share * copies(X, n, rng) + (1 - share) * copies(X, n, rng)


def of_sampler(make, X, y, wanted, seed):
    """Fit a sampler of all classes; return new spectra and the iteration kept."""
    sampler = make().set_params(random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(single spectrum|kept its start)")
        sampler.fit(X, y)
        new = [
            sampler.sample(n, c, seed + k) for k, (c, n) in enumerate(wanted.items())
        ]
    return np.concatenate(new), getattr(sampler, "best_iter_", None)


CLASSICAL = {
    "random": partial(of_each_class, copies),
    "SMOTE": partial(of_each_class, smote),
    "shrinkage": partial(of_each_class, shrinkage),
    "blending": partial(of_each_class, blended),
    "Gaussian PCA": partial(of_each_class, gaussian_pca),
    "augmentation": partial(of_each_class, augmented),
    "VAE": partial(of_each_class, vae),
}
BOOTSTRAP = partial(of_sampler, SpectrumBootstrap)


def poster(max_iter=None):
    """Return the poster's network, literally; None trains as long as its settings."""
    settings = paper_settings("wgan_gp")
    settings["max_iter"] = max_iter or settings["max_iter"]
    return partial(of_sampler, partial(WGANGP, **settings))


def network(**settings):
    """Return WGANGP, from nothing or from a start."""
    return partial(of_sampler, partial(WGANGP, **settings))


def simulated(n_train, n_test, n_more, seed, wavenumbers):
    """Return three sets (X, y) of the simulator, of so many spectra a class."""
    n = n_train + n_test + n_more
    X, y = make_raman_spectra(
        2 * n, spike_rate=0, wavenumbers=wavenumbers, random_state=seed
    )
    parts, start = [], 0
    for size in (n_train, n_test, n_more):
        rows = np.concatenate(
            [np.flatnonzero(y == c)[start : start + size] for c in (0, 1)]
        )
        parts.append((X[rows], y[rows]))
        start += size
    return parts


def differences(frame, pairs, values, keys=()):
    """Return paired differences over seeds with t intervals of 95 %.

    Parameters
    ----------
    frame : DataFrame
        Columns `method`, `seed`, `keys` and `values`; one row for each.
    pairs : list of (str, str)
        Methods a and b; the difference is a minus b.
    values : list of str
    keys : tuple of str
        Differences are taken within each.

    Returns
    -------
    DataFrame
        Columns `keys`, `a`, `b`, `metric`, `mean`, `low`, `high`, `n_seeds`.
    """
    rows = []
    groups = frame.groupby(list(keys), sort=False) if keys else [((), frame)]
    for key, part in groups:
        by_method = part.set_index(["method", "seed"])[values]
        found = set(part["method"])
        for a, b in ((a, b) for a, b in pairs if {a, b} <= found):
            gaps = (by_method.loc[a] - by_method.loc[b]).dropna(how="all")
            for metric in values:
                gap = gaps[metric].dropna()
                if len(gap) < 2:
                    continue
                error = gap.std(ddof=1) / np.sqrt(len(gap))
                reach = student.ppf((1 + CONFIDENCE) / 2, len(gap) - 1) * error
                rows.append(
                    {
                        **dict(zip(keys, key, strict=True)),
                        "a": a,
                        "b": b,
                        "metric": metric,
                        "mean": gap.mean(),
                        "low": gap.mean() - reach,
                        "high": gap.mean() + reach,
                        "n_seeds": len(gap),
                    }
                )
    return pd.DataFrame(rows)
