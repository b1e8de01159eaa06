"""Is a set of synthetic spectra any good? Measured on real spectra held out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sklearn_raman._utils._frames import is_frame
from sklearn_raman._utils._sklearn import Interval, validate_params
from sklearn_raman._utils._typing import Frame, RandomState
from sklearn_raman._utils._validation import (
    check_spectra_array,
    one_per_spectrum,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import (
    check_same_axis,
    labels_as_wavenumbers,
    resolve_wavenumbers,
)
from sklearn_raman.over_sampling._noise import NOISE_WINDOW
from sklearn_raman.over_sampling.report._measures import MAIN, METRICS, class_metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MIN_SPECTRA = 5
FEW_HELD_OUT = 10
_WHY_HELD_OUT = (
    " Without real spectra that the sampler has not seen, copies of the training "
    "spectra would get the best marks. Hold some out with train_test_split (or a split "
    "by group) before over-sampling."
)


@dataclass(frozen=True, repr=False, eq=False)
class SynthesisReport:
    """How synthetic spectra compare with real ones that were held out.

    Made by :func:`synthesis_report`; printing it shows the table.

    Parameters
    ----------
    draws : DataFrame
        One row per class, draw and metric: `class`, `draw`, `metric`, `value`
        (synthetic against held-out spectra) and `reference` (training against held-out
        spectra).
    counts : DataFrame
        Spectra of each class: `real_train`, `real_test`, `synthetic`, and `compared`,
        how many of each a draw holds. It is 0 for a class that is left out because a
        set has fewer than five spectra of it.
    axis : ndarray of shape (n_points,)
        Wavenumbers in cm-1, or the numbers of the points.
    unit : {"cm-1", "point"}
        Unit of the axis.
    labeled : bool
        Whether classes were compared one by one. If not, there is one, called "all".
    spectra : dict of label to list of ndarray
        Training, held-out and synthetic spectra of each class that is compared.

    Attributes
    ----------
    draws, counts, axis, unit, labeled, spectra
        As above.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.over_sampling import synthesis_report
    >>> X, _ = make_raman_spectra(
    ...     60, n_classes=1, wavenumbers=(400, 800, 4), spike_rate=0, random_state=0
    ... )
    >>> midpoints = (X[:20] + X[:20][::-1]) / 2  # smoother than any real spectrum
    >>> report = synthesis_report(
    ...     X[:20], X[20:40], midpoints, n_draws=2, random_state=0
    ... )
    >>> row = report.to_frame().loc["noise_ratio"]
    >>> bool(row["value"] < 0.8), bool(row["reference"] > 0.8)
    (True, True)
    """

    draws: pd.DataFrame
    counts: pd.DataFrame
    axis: np.ndarray
    unit: str
    labeled: bool
    spectra: dict

    def to_frame(
        self,
        kind: Literal["summary", "classes", "draws"] = "summary",
        *,
        metrics: Literal["main", "all"] | Sequence[str] = "main",
    ) -> pd.DataFrame:
        """Return the metrics as a data frame.

        Parameters
        ----------
        kind : {"summary", "classes", "draws"}, default="summary"
            "summary": one row per metric; with labels the mean over the classes that
            have it, each class counting the same, whatever its size. "classes": one row
            per class and metric. "draws": one row per class, draw and metric.
        metrics : {"main", "all"} or list of str, default="main"
            "main": the two-sample tests (1-NN and forest), coverage, nearest-neighbor
            ratio, noise ratio and band positions. "all": the others too; see
            :func:`synthesis_report`.

        Returns
        -------
        DataFrame
            Index: `metric` (and `class`). `value`, synthetic against held-out spectra,
            and `reference`, the yardstick: what as many real training spectra score
            against the same held-out ones; `value_std` and `reference_std`, standard
            deviation over draws (divisor n_draws - 1); `n_classes` that have the
            metric; `ideal` and `meaning`. Changing it does not change the report.
        """
        kinds = {"summary": ["metric"], "classes": ["class", "metric"], "draws": []}
        if not isinstance(kind, str) or kind not in kinds:
            raise ValueError(f"kind must be one of {list(kinds)}, got {kind!r}.")
        known = {"main": MAIN, "all": list(METRICS)}
        names = known.get(metrics) if isinstance(metrics, str) else metrics
        if not isinstance(names, list) or set(names) - set(METRICS):
            raise ValueError(
                f'metrics must be "main", "all" or a list of {list(METRICS)}, got '
                f"{metrics!r}."
            )
        scores = self.draws[self.draws["metric"].isin(names)]
        if kind == "draws":
            return scores.reset_index(drop=True)
        measured = scores.dropna(subset="value").groupby("metric")["class"].nunique()
        if kind == "summary":
            by_draw = scores.groupby(["metric", "draw"], sort=False)
            scores = by_draw[["value", "reference"]].mean()
        frame = scores.groupby(kinds[kind], sort=False).agg(
            value=("value", "mean"),
            value_std=("value", "std"),
            reference=("reference", "mean"),
            reference_std=("reference", "std"),
        )
        if kind == "summary":
            frame["n_classes"] = measured.reindex(frame.index, fill_value=0)
        found = frame.index.get_level_values("metric")
        frame["ideal"] = [METRICS[name][0] for name in found]
        unit = "points" if self.unit == "point" else self.unit
        frame["meaning"] = [METRICS[name][1].format(unit=unit) for name in found]
        return frame

    def plot(self, classes: Sequence[Any] | NDArray[Any] | None = None) -> Figure:
        """Draw real against synthetic spectra, and both in the plane of a PCA.

        Parameters
        ----------
        classes : list of labels or None, default=None
            Classes that are drawn; None means all that were compared.

        Returns
        -------
        matplotlib Figure
            For each class: median and 5 to 95 % of held-out and of synthetic spectra;
            two of each, at the same ranks of mean intensity; the high-frequency part of
            the spectrum of each set that has the median noise; all spectra on the first
            two components of a PCA of the real ones. ``figure.savefig("report.png")``
            writes it.

        Raises
        ------
        ValueError
            If a class was not compared.
        ImportError
            If matplotlib is not installed (extra `plot`).
        """
        from sklearn_raman.over_sampling.report._plot import draw_report

        return draw_report(self, classes)

    def __repr__(self):
        compared = self.counts[self.counts["compared"] > 0]
        total, sizes = compared.sum(), compared["compared"]
        smallest, largest = sizes.min(), sizes.max()
        each = smallest if smallest == largest else f"{smallest} to {largest}"
        frame = self.to_frame()
        cells = {
            "synthetic": _with_deviation(frame["value"], frame["value_std"]),
            "real": _with_deviation(frame["reference"], frame["reference_std"]),
            "ideal": [f"{value:g}" for value in frame["ideal"]],
        }
        lines = [
            f"{total['synthetic']} synthetic against {total['real_test']} held-out "
            f"real spectra ({total['real_train']} for training)"
            + (f" of {len(compared)} classes, averaged" if self.labeled else ""),
            f"mean ± standard deviation over {self.draws['draw'].nunique()} draws of "
            f"{each} each; 'real' is what real training spectra score",
            "",
            pd.DataFrame(cells, index=frame.index.rename(None)).to_string(),
            f"{len(METRICS) - len(MAIN)} more: to_frame(metrics='all')",
        ]
        if (compared.nunique(axis=1) == 1).all():  # why a deviation is 0
            lines.insert(2, "all sets are equally large: each draw holds all spectra")
        left_out = self.counts[self.counts["compared"] == 0]
        for text, rows in (
            ("left out, with fewer than 5 spectra in a set", left_out["synthetic"] > 0),
            ("left out, without synthetic spectra", left_out["synthetic"] == 0),
        ):
            if rows.any():
                lines.append(f"{text}: {list(left_out.index[rows])}")
        return "\n".join(lines)


def _with_deviation(means, deviations):
    return [
        f"{mean:.2f}" + ("" if np.isnan(std) else f" ± {std:.2f}")
        for mean, std in zip(means, deviations, strict=True)
    ]


@validate_params(
    {
        "n_draws": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def synthesis_report(
    real_train: ArrayLike | Frame,
    real_test: ArrayLike | Frame,
    synthetic: ArrayLike | Frame,
    *,
    y_train: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    y_synthetic: ArrayLike | None = None,
    wavenumbers: ArrayLike | None = None,
    n_draws: int = 5,
    random_state: RandomState = None,
) -> SynthesisReport:
    """Measure synthetic spectra against real ones that the sampler has not seen.

    Each metric is also taken of the real training spectra, in the place of the
    synthetic ones. That is the yardstick: no sampler can be asked to do better.

    Parameters
    ----------
    real_train : array-like or data frame of shape (n_train, n_points)
        Spectra that the sampler was fitted on. Each of the three sets needs five
        spectra or more, of seven points or more, in any unit of intensity.
    real_test : array-like or data frame of shape (n_test, n_points)
        Real spectra held out from the sampler, and from the choice of its parameters.
        Repeated measurements of one sample belong on one side of the split.
    synthetic : array-like or data frame of shape (n_synthetic, n_points)
        Synthetic spectra of any sampler, without the real ones that ``fit_resample``
        returns first.
    y_train, y_test, y_synthetic : array-like of shape (n,) or None, default=None
        Labels of the three sets. With them, spectra are compared within their class,
        and metrics are averaged over classes; without, all are one class.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1. None takes the column labels, if they are wavenumbers; otherwise
        the unit is the point.
    n_draws : int, default=5
        Number of draws. Each takes, without replacement, as many spectra of each set as
        the smallest set of the class has. Sets of unequal size cannot be compared: a
        larger one has closer neighbors. If all sizes are equal, only the random forest
        and K-means differ between draws.
    random_state : int, RandomState instance or None, default=None
        Controls the draws, the random forests and K-means.

    Returns
    -------
    SynthesisReport
        Print it, or see `to_frame()` and `plot()`.

    Raises
    ------
    ValueError
        If there are no or too few held-out spectra, one of them is among the training
        or the synthetic spectra, spectra are not finite or differ in length, axis or
        column labels, labels are missing, or no class is large enough.

    Warns
    -----
    UserWarning
        If synthetic spectra are copies of training spectra, a class with synthetic
        spectra is left out because it is too small, or fewer than ten spectra of a
        class are held out.

    Notes
    -----
    All distances are Euclidean, between spectra as they are given: preprocess them as
    for the classifier they are meant for. `ideal` holds for many spectra; with few, the
    reference is what can be reached.

    Shown by default:

    - `one_nn_accuracy`: leave-one-out accuracy of a 1-nearest-neighbor classifier
      [2]_. It notices spectra without noise, and repeated ones, but not copies of
      training spectra, each once.
    - `forest_accuracy`: five-fold accuracy of a random forest [2]_ on the logarithm of
      the noise level and ten scores of a PCA of both sets together, which treats them
      alike and sees what only one of them does.
    - `coverage` [4]_: with k = 5 neighbors, or fewer below eleven spectra.
    - `nn_distance_ratio`: median distance to the nearest training spectrum over that of
      held-out spectra. The reference is of training spectra and their nearest other
      one.
    - `noise_ratio`: noise is the median over points of the absolute residual of a
      Savitzky-Golay filter (7 points, order 2), which sharp bands do not change; the
      ratio is of the medians over spectra.
    - `band_position`: the up to five most prominent bands of the mean real spectrum. A
      position is that of the maximum within the full width at half maximum to either
      side. Wasserstein distance between the sets, averaged over bands; missing (NaN)
      without a band.

    With ``to_frame(metrics="all")``:

    - `kmeans_ari`: adjusted Rand index between two K-means clusters of three PCA scores
      and real or synthetic, the test of [1]_. It has almost no power: copies, and
      nearly everything that has the right mean, score 0 too.
    - `precision`, `recall` [3]_, `density` [4]_: with as many neighbors as `coverage`.
    - `frechet_distance`: squared Frechet distance [5]_ between ten scores of a PCA of
      all real spectra, over their total variance. It is biased upward for few spectra,
      as is its reference.
    - `near_copies`: share of spectra that are less than half as far from a training
      spectrum as the median held-out spectrum, which also shows copies that are too few
      to move `nn_distance_ratio`.
    - `intensity_ratio`: as `band_position`, of the logarithm of the heights of the
      bands, above the line between both ends of the range that is searched, over the
      geometric mean of all bands of the spectrum. Missing with fewer than two bands.

    References
    ----------
    .. [1] "Raman spectral data augmentation method based on WGAN-GP" (poster): PCA and
       K-means cannot separate real and synthetic spectra.
    .. [2] Lopez-Paz, D. and Oquab, M. (2017). Revisiting classifier two-sample tests.
       ICLR. https://arxiv.org/abs/1610.06545
    .. [3] Kynkaanniemi, T. et al. (2019). Improved precision and recall metric for
       assessing generative models. NeurIPS. https://arxiv.org/abs/1904.06991
    .. [4] Naeem, M. F. et al. (2020). Reliable fidelity and diversity metrics for
       generative models. ICML. https://arxiv.org/abs/2002.09797
    .. [5] Heusel, M. et al. (2017). GANs trained by a two time-scale update rule
       converge to a local Nash equilibrium. NeurIPS. https://arxiv.org/abs/1706.08500

    Examples
    --------
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.over_sampling import synthesis_report
    >>> X, _ = make_raman_spectra(
    ...     60, n_classes=1, wavenumbers=(400, 800, 4), as_frame=True, random_state=0
    ... )
    >>> train, test, from_simulator = X[:20], X[20:40], X[40:]
    >>> report = synthesis_report(
    ...     train, test, from_simulator, n_draws=2, random_state=0
    ... )
    >>> report.unit
    'cm-1'
    >>> bool(report.to_frame().loc["one_nn_accuracy", "value"] < 0.7)
    True
    """
    sets = {"real_train": real_train, "real_test": real_test, "synthetic": synthetic}
    arrays, axis = _check_sets(sets, wavenumbers)
    labels = {"y_train": y_train, "y_test": y_test, "y_synthetic": y_synthetic}
    labeled = any(y is not None for y in labels.values())
    classes, counts = _split_classes(
        arrays, _check_labels(labels, sets) if labeled else None
    )
    unit = "point" if axis is None else "cm-1"
    if axis is None:
        axis = np.arange(arrays["real_train"].shape[1], dtype=float)
    rng = check_random_state(random_state)
    draws = [
        {"class": name, **record}
        for name, spectra in classes.items()
        for record in class_metrics(*spectra, axis, n_draws, rng)
    ]
    return SynthesisReport(pd.DataFrame(draws), counts, axis, unit, labeled, classes)


def _check_sets(sets, wavenumbers):
    """Validate three sets of spectra.

    Parameters
    ----------
    sets : dict of str to array-like or data frame of shape (n, n_points)
        `real_train`, `real_test` and `synthetic`, in this order.
    wavenumbers : array-like of shape (n_points,) or None

    Returns
    -------
    arrays : dict of str to ndarray of shape (n, n_points), float64
    axis : ndarray of shape (n_points,) or None
        In cm-1.
    """
    arrays = {}
    for name, X in sets.items():
        n_spectra = 0 if X is None else len(X)
        if n_spectra < MIN_SPECTRA:
            raise ValueError(
                f"{name} holds {n_spectra or 'no'} spectra, and at least {MIN_SPECTRA} "
                "are needed: with fewer, chance decides every metric."
                + (_WHY_HELD_OUT if name == "real_test" else "")
            )
        arrays[name] = check_spectra_array(X, name=name)
    lengths = {name: X.shape[1] for name, X in arrays.items()}
    n_points = lengths["real_train"]
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"The spectra differ in length: {lengths}. Resample them to one axis first "
            "(WavenumberResampler)."
        )
    if n_points < NOISE_WINDOW:
        raise ValueError(
            f"The spectra have {n_points} points; noise and bands can be told apart "
            f"from {NOISE_WINDOW} points on."
        )
    labeled = [X for X in sets.values() if labels_as_wavenumbers(X) is not None]
    axis = resolve_wavenumbers(next(iter(labeled), None), wavenumbers, n_points)
    _check_columns(sets, axis)
    # float32 sets hold rounded copies of float64 spectra: compared in what all share.
    common = min((X.dtype for X in arrays.values()), key=lambda dtype: dtype.itemsize)
    with np.errstate(over="ignore"):
        _check_held_out({name: X.astype(common) for name, X in arrays.items()})
    return {name: X.astype(np.float64) for name, X in arrays.items()}, axis


def _check_columns(sets, axis):
    """Refuse frames that differ in the axis or, where they have none, in labels."""
    named = {
        name: X.columns
        for name, X in sets.items()
        if is_frame(X) and not isinstance(X.columns, pd.RangeIndex)
    }
    first = next(iter(named), None)
    for name, columns in named.items():
        if check_same_axis(sets[name], axis) is not None:
            continue
        for i, labels in enumerate(zip(named[first], columns, strict=True)):
            one, other = map(str, labels)
            if one != other:
                raise ValueError(
                    f"The columns differ: column {i} is {one!r} in {first} and "
                    f"{other!r} in {name}. Put the same columns in the same order."
                )


def _check_held_out(arrays):
    """Refuse spectra that are not held out; warn about copies."""
    rows = {name: [row.tobytes() for row in X + 0.0] for name, X in arrays.items()}
    for name, other, way_out in (
        ("real_test", "real_train", "Split before over-sampling"),
        ("synthetic", "real_test", "Fit the sampler on real_train only"),
    ):
        known = set(rows[other])
        seen = [i for i, row in enumerate(rows[name]) if row in known]
        if seen:
            raise ValueError(
                f"{len(seen)} spectra of {name} are also in {other} (rows {seen[:5]} "
                f"of {name}), so real_test is not held out. {way_out}, and remove "
                "repeated spectra."
            )
    known = set(rows["real_train"])
    n_copies = sum(row in known for row in rows["synthetic"])
    if n_copies:
        warnings.warn(
            f"{n_copies} of {len(rows['synthetic'])} spectra of synthetic are copies "
            "of real_train. If they come from fit_resample, which returns the real "
            "spectra first, pass the others only: X_resampled[len(X_train):].",
            UserWarning,
            stacklevel=4,
        )


def _check_labels(labels, sets):
    """Validate the labels of the three sets.

    Parameters
    ----------
    labels : dict of str to array-like or None
        `y_train`, `y_test` and `y_synthetic`, in the order of `sets`.
    sets : dict of str to array-like or data frame of shape (n, n_points)

    Returns
    -------
    list of ndarray of shape (n,)
    """
    missing = [name for name, y in labels.items() if y is None]
    if missing:
        raise ValueError(
            f"{' and '.join(missing)} must be given too: each class is compared with "
            "itself, so all three sets need labels, or none of them."
        )
    checked = []
    for (name, y), (owner, X) in zip(labels.items(), sets.items(), strict=True):
        refuse_other_order(name, y, X, spectra=owner)
        checked.append(one_per_spectrum(name, y, len(X), X=owner))
    kinds = {
        name: "text" if isinstance(y.tolist()[0], str) else "numbers"
        for name, y in zip(labels, checked, strict=True)
    }
    if len(set(kinds.values())) > 1:
        raise ValueError(f"The labels are of different kinds: {kinds}. Use one kind.")
    return checked


def _split_classes(arrays, labels):
    """Sort the spectra by class, and say which classes cannot be measured.

    Parameters
    ----------
    arrays : dict of str to ndarray of shape (n, n_points)
    labels : list of ndarray of shape (n,), or None

    Returns
    -------
    classes : dict of label to list of ndarray
        Training, held-out and synthetic spectra; the label is "all" without labels.
    counts : DataFrame
        Spectra of each class: `real_train`, `real_test`, `synthetic`, and `compared`,
        how many of each are drawn: 0 for a class that is left out.
    """
    sets = list(arrays.values())
    if labels is None:
        labels = [np.full(len(X), "all") for X in sets]
    parts = {
        name: [X[y == name] for X, y in zip(sets, labels, strict=True)]
        for name in np.unique(np.concatenate(labels)).tolist()
    }
    counts = pd.DataFrame(
        [[len(X) for X in part] for part in parts.values()],
        index=pd.Index(list(parts), name="class"),
        columns=list(arrays),
    )
    smallest = counts.min(axis=1)
    counts["compared"] = smallest.where(smallest >= MIN_SPECTRA, 0)

    too_small = counts[(counts["compared"] == 0) & (counts["synthetic"] > 0)]
    text = "; ".join(
        f"{name!r}: "
        + ", ".join(f"{row[key]} {key}" for key in arrays if row[key] < MIN_SPECTRA)
        for name, row in too_small.iterrows()
    )
    if (counts["compared"] == 0).all():
        raise ValueError(
            f"No class has the {MIN_SPECTRA} spectra of each set that are needed "
            f"({text}). Without labels all classes are compared as one."
        )
    if len(too_small):
        warnings.warn(
            f"Left out, because {MIN_SPECTRA} spectra of each set are needed: {text}.",
            UserWarning,
            stacklevel=3,
        )
    compared = counts["compared"] > 0
    few = counts["real_test"][compared & (counts["real_test"] < FEW_HELD_OUT)]
    if len(few):
        warnings.warn(
            f"Fewer than {FEW_HELD_OUT} held-out spectra: {few.to_dict()}. Every "
            "metric of such a class is mostly chance: compare with `reference`, over "
            "several splits.",
            UserWarning,
            stacklevel=4,
        )
    return {name: parts[name] for name in counts.index[compared]}, counts
