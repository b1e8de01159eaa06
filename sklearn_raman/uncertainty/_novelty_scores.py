"""How strange a spectrum is to a fitted classifier: scores, high for the unknown."""

import numpy as np
from scipy.ndimage import uniform_filter1d
from sklearn.utils import check_array, gen_batches

from sklearn_raman._utils._validation import check_spectra, name_numbers
from sklearn_raman.uncertainty._calibration import DECIMALS, PValues

SCORES = ("auto", "relative_mahalanobis", "correlation", "both")
_N_AXES = 150
_SHRINKAGE = 0.02
# Weights of distance and correlation in "both", and the share of the axis that is
# background to the latter, chosen on RRUFF minerals (benchmarks/bench_trust.py, seeds 0
# to 4).
_SHARES = np.array([1.0, 0.5])
_BACKGROUND = 0.05
_BATCH = 128
_ROUNDING = 1e-9  # differences of scores that say nothing


class RelativeMahalanobis:
    """Squared distance to the nearest class minus that to all spectra together.

    min_c (z - m_c)' S^-1 (z - m_c) - (z - m)' S0^-1 (z - m), with S the covariance
    within classes and S0 that of all, both shrunk towards a sphere, on the principal
    axes of the values z that the last linear layer of the classifier is given. Values
    that are never negative, such as averages of feature maps after ReLU, are replaced
    by their square roots: strong bands then weigh less.
    """

    def __init__(self, classifier, inputs, y):
        if not hasattr(classifier, "embed_"):
            raise TypeError(
                'novelty_score="relative_mahalanobis" looks at what the last linear '
                f"layer of a model is given, which {type(classifier).__name__} does "
                "not tell (by a method embed_, as PLSLDA and the networks have): use "
                'novelty_score="correlation", or "auto".'
            )
        Z = _embed(classifier, inputs)
        self.takes_root = bool((Z >= 0).all())
        self.unit = _unit(np.abs(Z).max(initial=0))
        Z = self._scale(Z)
        self.mean = Z.mean(axis=0)
        axes = _principal_axes(Z - self.mean)
        T = (Z - self.mean) @ axes
        code = np.unique(y, return_inverse=True)[1]
        means = np.stack([T[code == c].mean(axis=0) for c in range(code.max() + 1)])
        size = (T**2).mean() if T.size else 1.0
        within = _whitening(T - means[code], size)
        # In what follows spectra are columns: products with tall matrices take longer.
        self.within = (axes @ within).T
        self.overall = (axes @ _whitening(T, size)).T
        self.means = means @ within

    def _scale(self, Z):
        Z = Z / self.unit
        return np.sqrt(Z.clip(0)) if self.takes_root else Z

    def __call__(self, classifier, inputs):
        Z = (self._scale(_embed(classifier, inputs)) - self.mean).T
        within = self.within @ Z
        to_classes = (-2 * self.means) @ within
        to_classes += (self.means**2).sum(axis=1, keepdims=True)
        nearest = _squares(within) + to_classes.min(axis=0)
        return nearest - _squares(self.overall @ Z)


def _squares(columns):
    return np.einsum("ij,ij->j", columns, columns)


def _embed(classifier, inputs):
    return np.asarray(classifier.embed_(inputs), dtype=np.float64)


def _principal_axes(Z):
    """Return the principal axes of centered values, (n_values, n_axes)."""
    if Z.shape[1] <= len(Z):
        power, axes = np.linalg.eigh(Z.T @ Z)
    else:
        power, left = np.linalg.eigh(Z @ Z.T)
        axes = Z.T @ (left / np.sqrt(power.clip(np.finfo(float).tiny)))
    exists = power > 1e-12 * power[-1]
    return axes[:, exists][:, ::-1][:, :_N_AXES]


def _whitening(residuals, size):
    """Return the matrix that gives residuals a spherical covariance.

    `size` is the mean power of all values: classes without any spread get a little.
    """
    power, axes = np.linalg.eigh(residuals.T @ residuals / len(residuals))
    mean = max(power.mean(), 1e-6 * size) if len(power) else 1.0
    return axes / np.sqrt((1 - _SHRINKAGE) * power.clip(0) + _SHRINKAGE * mean)


class NearestCorrelation:
    """1 minus the correlation with the most similar spectrum of a library.

    Parameters
    ----------
    classifier : estimator
        What it was fitted on, new spectra must resemble in form.
    inputs : array-like of shape (n_spectra, n_points)
        Training spectra as the classifier is given them: the library.
    """

    def __init__(self, classifier, inputs):
        self.library = _standardize(inputs)

    def __call__(self, classifier, inputs):
        spectra = check_spectra(classifier, inputs, reset=False)
        return 1 - (_standardize(spectra) @ self.library.T).max(axis=1).astype(float)


class MeanCorrelation:
    """The same with the mean spectra of classes, all less their background.

    That is a moving average: fluorescence makes nothing similar. Spectra without bands
    are like no class then, whatever the slope of both.

    Parameters
    ----------
    classifier, inputs
        As above.
    y : array-like of shape (n_spectra,)
        Labels.
    """

    def __init__(self, classifier, inputs, y):
        bands, length = _less_background(*_in_units(inputs))
        code = np.unique(y, return_inverse=True)[1]
        bands = bands / length
        means = [bands[code == c].mean(axis=0) for c in range(code.max() + 1)]
        self.library = _standardize(np.stack(means))
        # The moving average is symmetric: bands times mean are spectra times this.
        mean = self.library.mean(axis=0, keepdims=True)
        self.common = _less_background(mean, _lengths(mean))[0][0]

    def __call__(self, classifier, inputs):
        # `RelativeMahalanobis` has the classifier check them.
        spectra, whole = _in_units(inputs)
        found = np.empty(len(spectra))
        for rows in gen_batches(len(spectra), _BATCH):  # they stay in the cache
            bands, length = _less_background(spectra[rows], whole[rows])
            found[rows] = (self.library @ bands.T).max(axis=0) / length[:, 0]
        return 1 - found

    def at_most(self, inputs):
        """Return upper bounds: the best correlation is at least their mean.

        Whether that is positive, a single product says, without moving averages.
        """
        spectra, whole = _in_units(inputs)
        rounding = spectra.shape[1] * np.finfo(spectra.dtype).eps * whole[:, 0]
        return np.where(spectra @ self.common > rounding, 1.0, 2.0)


def _unit(largest):
    """Return powers of 4 near the largest values; in these, squares are numbers."""
    exponent = (np.frexp(largest)[1] - 1) // 2 * 2
    return np.ldexp(np.ones_like(largest), exponent)


def _in_units(spectra):
    """Return rows whose squares are numbers, and their lengths."""
    spectra = np.asarray(spectra)  # in a frame, each column would be looked at
    kinds = np.float64, np.float32
    spectra = check_array(spectra, dtype=kinds, ensure_all_finite=False)
    with np.errstate(over="ignore", under="ignore"):
        length = _lengths(spectra)
        safe = np.abs(np.frexp(length)[1]) <= np.finfo(spectra.dtype).maxexp // 4
        if not (safe & np.isfinite(length) & (length > 0)).all():
            spectra = spectra / _unit(np.abs(spectra).max(axis=1, keepdims=True))
            length = _lengths(spectra)
    return spectra, length


def _lengths(rows):
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]


def _part_lengths(part, whole):
    """Return the lengths of parts of rows; what is rounding becomes 0, with length 1.

    `whole` are the lengths of the rows.
    """
    length = _lengths(part)
    is_nothing = length <= 8 * np.finfo(part.dtype).eps * whole
    part[is_nothing[:, 0]] = 0
    return np.where(is_nothing, 1, length)


def _standardize(spectra):
    """Return rows without their mean, of length 1; constant rows are 0."""
    spectra, whole = _in_units(spectra)
    centered = spectra - spectra.mean(axis=1, keepdims=True)
    return centered / _part_lengths(centered, whole)


def _less_background(spectra, whole):
    """Return rows without their moving average, and their lengths.

    `whole` are the lengths of the rows.
    """
    width = 2 * round(_BACKGROUND * spectra.shape[1] / 2) + 1
    bands = uniform_filter1d(spectra, max(width, 3), axis=1)
    np.subtract(spectra, bands, out=bands)
    return bands, _part_lengths(bands, whole)


def novelty_scores(kind, classifier, inputs, y):
    """Return the functions (classifier, inputs) -> scores that `kind` asks for."""
    if kind == "auto":
        kind = "both" if hasattr(classifier, "embed_") else "correlation"
    if kind == "correlation":
        return [NearestCorrelation(classifier, inputs)]
    distance = RelativeMahalanobis(classifier, inputs, y)
    if kind == "relative_mahalanobis":
        return [distance]
    return [distance, MeanCorrelation(classifier, inputs, y)]


def measure(scores, classifier, inputs):
    """Return what the functions say of spectra, (n_spectra, n_scores)."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.stack([score(classifier, inputs) for score in scores], axis=1)
    rows = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if len(rows):
        raise ValueError(
            f"{len(rows)} of {len(found)} spectra ({name_numbers(rows, 'row')}) are so "
            "far from those of fit that the square of the distance is no number: check "
            "the unit of their intensities, or leave them out."
        )
    return found


def find_strange(scores, alarm, classifier, inputs):
    """Say which spectra are above the threshold; most are below it by a bound."""
    if len(scores) == 2:
        distance, likeness = scores
        with np.errstate(over="ignore", invalid="ignore"):
            far = distance(classifier, inputs)
            bounds = np.stack([far, likeness.at_most(inputs)], axis=1)
        if np.isfinite(far).all():
            strange = alarm.strangeness(bounds) > alarm.threshold
            rows = np.flatnonzero(strange)
            if len(rows):
                rest = likeness(classifier, np.asarray(inputs)[rows])
                exact = alarm.strangeness(np.stack([far[rows], rest], axis=1))
                strange[rows] = exact > alarm.threshold
            return strange
    found = measure(scores, classifier, inputs)
    return alarm.strangeness(found) > alarm.threshold


class Alarm:
    """When is a spectrum too strange? Learned from scores of known spectra.

    Of several scores, each in units of what is usual, the weighted sum counts: a little
    strange in both ways is strange, and so is very strange in one.

    Parameters
    ----------
    scores : ndarray of shape (n_calibrated, n_scores)
    weights : ndarray of shape (n_calibrated,)
    rate : float
        False alarms among known spectra.
    """

    def __init__(self, scores, weights, rate):
        self._center, self._factor = np.zeros(1), np.ones(1)
        if scores.shape[1] > 1:
            self._center, rare = np.quantile(scores, [0.5, 0.95], axis=0)
            unit = rare - self._center
            # Of spectra without noise all that varies is rounding.
            varies = unit > _ROUNDING * np.maximum(np.abs(rare), 1.0)
            self._factor = _SHARES / np.where(varies, unit, 1.0)
        self._p_values = PValues(self.strangeness(scores), weights)
        self.threshold = self._p_values.threshold(rate)
        self.smallest_p = self._p_values.smallest

    def strangeness(self, scores):
        """Return one number for each spectrum; above the threshold it is unknown."""
        # Not a matrix product, whose bits depend on the number of rows. Rounded: equal
        # spectra are equally strange.
        return ((scores - self._center) * self._factor).sum(axis=1).round(DECIMALS)

    def p(self, scores):
        """Return p-values of scores (n_spectra, n_scores), small for the unknown."""
        return self._p_values(self.strangeness(scores))
