"""What a model looks at class by class, and whether the next fit looks there too."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from sklearn_raman._utils._explanation import (
    auto_space,
    check_maps,
    normalize_maps,
    smallest_spread,
)
from sklearn_raman._utils._pipeline import flat_steps, unshared
from sklearn_raman._utils._ragged import is_ragged, unmask
from sklearn_raman._utils._typing import SpectraLike
from sklearn_raman._utils._validation import (
    check_number,
    one_per_spectrum,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import as_real, check_labels, on_rising_axis
from sklearn_raman.inspection._bands import bands_above_median, common_axis
from sklearn_raman.inspection._metrics import pearson
from sklearn_raman.inspection._pipeline import (
    check_space,
    explain_pipeline,
    input_axis,
    run_steps,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(eq=False, repr=False)
class ExplanationSummary:
    """Maps of many spectra, summed up for each class.

    The statistics of [1]_, Fig. 2 to 5 and A3. Made by :meth:`from_estimator`, which
    predicts and explains, or by :meth:`from_maps`. Only correctly classified spectra
    count; the maps of the others are kept apart.

    Parameters
    ----------
    mean, std : DataFrame of shape (n_explained, n_points)
        Mean and standard deviation of the scaled maps; one row per class that
        has a correctly classified spectrum, one column per point.
    top_frequency : DataFrame of shape (n_explained, n_points)
        Share of the spectra in which a point is active.
    zero_level : Series of shape (n_explained,)
        Where the zero of the maps, no influence, lies on the scale of `mean`; not 0
        with "minmax", which puts the strongest evidence against the class at 0.
    mean_spectrum, std_spectrum : DataFrame of shape (n_explained, n_points) or None
        The same of the spectra, if given.
    counts : DataFrame of shape (n_classes, 2)
        `correct` and `total` number of spectra of each class.
    misclassified : DataFrame of shape (n_wrong, n_points)
        Scaled maps of the other spectra, of the class that was predicted by mistake.
        Index: `spectrum` (its row), `true` and `predicted`.
    axis : ndarray of shape (n_points,)
        Wavenumbers in cm-1, or the numbers of the points.
    unit : {"cm-1", "point"}
        Unit of the axis.
    fraction : float
        Share of the points of a map that are called active.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta 1119 (2020) 41-51,
       section 2.2, https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import ExplanationSummary
    >>> minerals = load_minerals(as_frame=True)
    >>> X, y = minerals.data, minerals.target_names[minerals.target]
    >>> model = PLSLDA(n_components=20).fit(X, y)
    >>> summary = ExplanationSummary.from_estimator(model, X, y, normalize="max")
    >>> summary.bands(n_bands=1).loc["Calcite", "position"].round(-1).to_list()
    [1090.0]
    """

    mean: pd.DataFrame
    std: pd.DataFrame
    top_frequency: pd.DataFrame
    zero_level: pd.Series
    mean_spectrum: pd.DataFrame | None
    std_spectrum: pd.DataFrame | None
    counts: pd.DataFrame
    misclassified: pd.DataFrame
    axis: np.ndarray
    unit: str
    fraction: float

    @classmethod
    def from_maps(
        cls,
        maps: ArrayLike,
        y: ArrayLike,
        predicted: ArrayLike | None = None,
        *,
        spectra: ArrayLike | None = None,
        wavenumbers: ArrayLike | None = None,
        fraction: float = 0.1,
        normalize: Literal["max", "minmax", "sum"] | None = "minmax",
    ) -> Self:
        """Sum up maps that are there already, from this package or not.

        Parameters
        ----------
        maps : array-like or data frame of shape (n_spectra, n_points)
            One map per spectrum, of the class that was predicted.
        y : array-like of shape (n_spectra,)
            True labels.
        predicted : array-like of shape (n_spectra,) or None, default=None
            Predicted labels; None means that all are right.
        spectra : array-like or data frame of shape (n_spectra, n_points) or None, \
default=None
            The spectra on the axis of the maps, to be drawn behind them.
        wavenumbers : array-like of shape (n_points,), "points" or None, default=None
            Axis in cm-1. None takes the column labels of `maps` or `spectra`, if they
            are wavenumbers, and else counts points, as "points" does in any case.
        fraction : float, default=0.1
            Share of the points of a map that are called active: its
            ``round(fraction * n_points)`` highest. Raman bands are narrow: 0.01 tells
            them better from their surroundings than the paper's 0.1.
        normalize : {"minmax", "max", "sum"} or None, default="minmax"
            Scale of each map before it is averaged; "minmax" is the paper's. "max"
            keeps the sign: evidence against the class stays below zero.

        Returns
        -------
        ExplanationSummary
            The maps, by class.

        Raises
        ------
        ValueError
            If maps contain NaN, labels are missing, or shapes or axes disagree.

        Warns
        -----
        UserWarning
            If a class has no correctly classified spectrum: its rows are missing.
        """
        values = check_maps(maps)
        for name, labels in (("y", y), ("predicted", predicted)):
            refuse_other_order(name, labels, maps, spectra="maps")
        y = one_per_spectrum("y", y, len(values))
        if predicted is None:
            predicted = y
        predicted = one_per_spectrum("predicted", predicted, len(values))
        check_number(fraction, "fraction", high=1)
        n_points = values.shape[1]
        axis = common_axis(wavenumbers, n_points, maps=maps, spectra=spectra)
        unit = "point" if axis is None else "cm-1"
        axis = np.arange(n_points) if axis is None else axis

        correct = y == predicted
        labels = pd.Index(np.unique(y), name="class")
        members = y == labels.to_numpy()[:, None]
        total, members = members.sum(axis=1), members & correct
        counts = pd.DataFrame(
            {"correct": members.sum(axis=1), "total": total}, index=labels
        )
        explained = members.any(axis=1)
        if not explained.all():
            warnings.warn(
                f"No spectrum of {labels[~explained].tolist()} was classified "
                "correctly: these classes are missing from the summary.",
                UserWarning,
                stacklevel=2,
            )
        members, index = members[explained], labels[explained]

        def by_class(rows, statistic):
            # In units of the largest value, whose squares and sums are numbers.
            unit = np.ldexp(1.0, np.frexp(np.abs(rows).max(initial=0))[1] - 1)
            table = [statistic(rows[chosen] / unit, axis=0) for chosen in members]
            table = unit * np.reshape(table, (len(index), n_points))
            return pd.DataFrame(table, index=index, columns=axis)

        mean_spectrum = std_spectrum = None
        if spectra is not None:
            refuse_other_order("spectra", spectra, maps, spectra="maps")
            spectra = check_maps(spectra, shape=values.shape, name="spectra")
            mean_spectrum = by_class(spectra, np.mean)
            std_spectrum = by_class(spectra, np.std)
        scaled = normalize_maps(values, normalize)
        zero = _scaled_zero(values, normalize)
        wrong = np.flatnonzero(~correct)
        mistakes = pd.MultiIndex.from_arrays(
            [wrong, y[wrong], predicted[wrong]], names=["spectrum", "true", "predicted"]
        )
        return cls(
            mean=by_class(scaled, np.mean),
            std=by_class(scaled, np.std),
            top_frequency=by_class(active_points(values, axis, fraction), np.mean),
            zero_level=pd.Series(
                [zero[chosen].mean() for chosen in members], index, dtype=float
            ),
            mean_spectrum=mean_spectrum,
            std_spectrum=std_spectrum,
            counts=counts,
            misclassified=pd.DataFrame(scaled[wrong], mistakes, axis),
            axis=axis,
            unit=unit,
            fraction=fraction,
        )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: SpectraLike,
        y: ArrayLike,
        *,
        explain: Callable[..., Any] | None = None,
        space: Literal["input", "model", "auto"] = "input",
        wavenumbers: ArrayLike | None = None,
        fraction: float = 0.1,
        normalize: Literal["max", "minmax", "sum"] | None = "minmax",
        **explain_params: Any,
    ) -> Self:
        """Predict and explain spectra, and sum up their maps.

        Parameters
        ----------
        estimator : fitted classifier, Pipeline or search
            As :func:`explain_pipeline` takes it.
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra as the estimator takes them, preferably not those it was trained on.
            Ragged ones have only the model's axis in common: they are summed up there.
        y : array-like of shape (n_spectra,)
            True labels.
        explain : callable or None, default=None
            ``explain(estimator, X, **explain_params)`` returns maps of the predicted
            classes on the axis of X, for example :func:`occlusion`; None means
            :func:`explain_pipeline` with ``mode="density"``, which keeps the height of
            a band. With ``space="model"`` it is given the classifier and what that
            sees.
        space : {"input", "model", "auto"}, default="input"
            Of a Pipeline: the axis of X, or the one on which the steps before the
            classifier leave the spectra, as :meth:`agreement` with its VIP needs.
            "auto" is "input" where there is a way back and X holds no NaN. For ragged
            spectra always the latter.
        wavenumbers : array-like of shape (n_points,), "points" or None, default=None
            Axis of the maps in cm-1; None takes what column labels or the fitted steps
            know.
        fraction : float, default=0.1
            Share of the points of a map that are called active.
        normalize : {"minmax", "max", "sum"} or None, default="minmax"
            Scale of each map before it is averaged.
        **explain_params
            For `explain`, or for `explain_`, such as ``method``.

        Returns
        -------
        ExplanationSummary
            The maps of X, by class.

        Raises
        ------
        ValueError
            If there is no way back to the axis of X, or X holds NaN there; also as
            :meth:`from_maps`.
        """
        check_space(space)
        refuse_other_order("y", y, X)
        X = unmask(X)
        if explain is not None and not callable(explain):
            raise TypeError(f"explain must be None or a function, got {explain!r}.")
        if is_ragged(X) or (space == "auto" and auto_space(X) == "model"):
            space = "model"
        if explain is None:
            explain_params = {"mode": "density", **explain_params}
            maps, info = explain_pipeline(
                estimator, X, space=space, return_info=True, **explain_params
            )
        else:
            model = estimator
            info = {"spectra": X, "wavenumbers": input_axis(estimator, X)}
            if space == "model":
                model, info, _ = run_steps(estimator, X, space=space)
            maps = explain(model, unshared(info["spectra"]), **explain_params)
        if not np.isfinite(np.asarray(info["spectra"], dtype=float)).all():
            raise ValueError(
                "X holds NaN where the model does not look, so that there is no mean "
                'spectrum on its axis: use space="model", or crop X first.'
            )
        return cls.from_maps(
            maps,
            y,
            estimator.predict(unshared(X)),
            spectra=info["spectra"],
            wavenumbers=info["wavenumbers"] if wavenumbers is None else wavenumbers,
            fraction=fraction,
            normalize=normalize,
        )

    def __repr__(self):
        return f"{self._headline()}\n{self._overview().to_string()}"

    def _repr_html_(self):
        return f"<p>{escape(self._headline())}</p>{self._overview().to_html()}"

    def _headline(self):
        axis, unit = self.axis, "cm-1" if self.unit == "cm-1" else "points"
        correct, total = self.counts.sum()
        return (
            f"ExplanationSummary of {correct} correctly classified spectra of {total}, "
            f"{axis.min():g} to {axis.max():g} {unit} ({len(axis)} points)"
        )

    def _overview(self):
        """Return the number of spectra and the strongest bands of each class."""
        unit = "cm-1" if self.unit == "cm-1" else "points"
        bands = self.bands(3)["position"].map("{:.0f}".format)
        bands = bands.groupby("class", sort=False).agg(", ".join)
        counts = self.counts.astype(str)
        return pd.DataFrame(
            {
                "correct": counts["correct"] + " of " + counts["total"],
                f"strongest bands ({unit})": bands.reindex(self.counts.index),
            }
        ).fillna("-")

    def bands(
        self, n_bands: int = 5, *, min_distance: float | None = None
    ) -> pd.DataFrame:
        """List the strongest bands of the mean map of each class.

        Parameters
        ----------
        n_bands : int, default=5
            At most this many per class.
        min_distance : float or None, default=None
            Two bands are at least this far apart, in the unit of the axis (see `unit`);
            None means 2 % of the points.

        Returns
        -------
        DataFrame
            Index: `class` and `rank` from 1. `position` in the unit of the axis, which
            is ``attrs["unit"]``, and there `mean`, `std` and `top_frequency`. A band is
            a local maximum of the mean map that rises above its median by at least a
            tenth of what the strongest does; a flat map has none.
        """
        tables = (self.mean, self.std, self.top_frequency)
        rows = []
        for label, mean in self.mean.iterrows():
            mean = mean.to_numpy()
            points = bands_above_median(self.axis, mean, n_bands, min_distance)
            for rank, point in enumerate(points, 1):
                values = [table.xs(label).iloc[point] for table in tables]
                rows.append((label, rank, self.axis[point], *values))
        columns = ["class", "rank", "position", "mean", "std", "top_frequency"]
        table = pd.DataFrame(rows, columns=columns).set_index(["class", "rank"])
        table.attrs["unit"] = self.unit
        return table

    def agreement(self, importance: Any, fraction: float | None = None) -> pd.DataFrame:
        """Compare the mean map of each class with another measure of importance.

        Parameters
        ----------
        importance : array-like of shape (n_points,), Series or fitted PLSLDA
            Importance of each point, such as the VIP of a PLS model, or the model
            itself, or a Pipeline or search that ends in it: its `vip_` is taken.
        fraction : float or None, default=None
            Share of the points that are compared; None means that of the summary.

        Returns
        -------
        DataFrame with one row per class
            `top_overlap`, the share of the highest ``round(fraction * n_points)``
            points of the mean map that are also among those of `importance`; `chance`,
            what two unrelated rankings would share on average; `spearman`, the rank
            correlation over all points, for information: most points of a Raman
            spectrum hold nothing, and their order is noise.
        """
        if hasattr(importance, "get_params"):
            model = flat_steps(importance)[-1][1]
            importance = pd.Series(model.vip_, model.wavenumbers_in_)
        labeled, importance = importance, as_real(importance, "importance")
        if importance.shape != self.axis.shape or not np.isfinite(importance).all():
            raise ValueError(
                f"importance must hold {len(self.axis)} finite values, one per "
                f"point of the maps, got shape {importance.shape}. The last step of a "
                'Pipeline may have another axis: sum up maps with space="model".'
            )
        if self.unit == "cm-1":
            check_labels(labeled, self.axis, "importance")
        fraction = self.fraction if fraction is None else fraction
        check_number(fraction, "fraction", high=1)
        count = top_count(len(self.axis), fraction)
        mean = on_rising_axis(self.axis, self.mean.to_numpy())
        importance = on_rising_axis(self.axis, importance)
        top = np.argsort(-mean, axis=1, kind="stable")[:, :count]
        reference = np.argsort(-importance, kind="stable")[:count]
        return pd.DataFrame(
            {
                "top_overlap": np.isin(top, reference).mean(axis=1),
                "chance": count / len(self.axis),
                "spearman": pearson(rankdata(mean, axis=1), rankdata(importance)),
            },
            index=self.mean.index,
        )

    def stability(self, refits: Sequence[Any]) -> float:
        """Say in one number how well refits of the model agree with this one.

        Parameters
        ----------
        refits : sequence of ExplanationSummary, DataFrame or array-like
            Of other folds, seeds or samples, as for :func:`map_stability`, which has
            the numbers by class.

        Returns
        -------
        float
            Correlation of mean maps: the mean over all pairs of fits, this one
            included, and over classes. 1 means that all look at the same places.
        """
        return float(map_stability([self, *refits])["mean_correlation"].mean())

    def to_frame(self) -> pd.DataFrame:
        """Return the summary as one long table.

        Returns
        -------
        DataFrame
            One row per class and point: `class`, the axis (`wavenumber` or
            `point`), `mean`, `std`, `top_frequency` and, if spectra were given,
            `mean_spectrum` and `std_spectrum`.
        """
        names = ("mean", "std", "top_frequency", "mean_spectrum", "std_spectrum")
        tables = {name: getattr(self, name) for name in names}
        axis_name = "wavenumber" if self.unit == "cm-1" else "point"
        return pd.DataFrame(
            {
                "class": np.repeat(self.mean.index, len(self.axis)),
                axis_name: np.tile(self.axis, len(self.mean)),
            }
            | {k: t.to_numpy().ravel() for k, t in tables.items() if t is not None}
        )

    def plot(
        self,
        kind: Literal["mean", "frequency", "misclassified"] = "mean",
        classes: Sequence[Any] | NDArray[Any] | None = None,
        *,
        ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
    ) -> Figure:
        """Draw one panel per class.

        Parameters
        ----------
        kind : {"mean", "frequency", "misclassified"}, default="mean"
            The mean map with its standard deviation and the mean spectrum ([1] in the
            class, Fig. 2 and 4); how often a point is active (Fig. 3 and 5); or the
            maps of the first 12 misclassified spectra (Fig. A3).
        classes : list of labels or None, default=None
            Classes that are drawn; None means all. For "misclassified" true classes.
        ax : matplotlib Axes, array-like of these or None, default=None
            Where to draw, one for each class or spectrum; None makes a figure.

        Returns
        -------
        matplotlib Figure
            ``figure.savefig("maps.png")`` writes it.

        Raises
        ------
        ValueError
            If `kind` or a class is not known, or there is nothing to draw.
        ImportError
            If matplotlib is not installed (extra `plot`).

        Warns
        -----
        UserWarning
            If there are more than 12 misclassified spectra.
        """
        from sklearn_raman.inspection._plot import draw_summary

        return draw_summary(self, kind, classes, ax)


def _scaled_zero(maps, normalize):
    """Return what becomes of a zero of each map when the map is scaled."""
    zero = np.zeros(len(maps))
    if normalize == "minmax":
        low, spread = maps.min(axis=1), np.ptp(maps, axis=1)
        has_spread = spread > smallest_spread(maps)[:, 0]
        np.divide(-low, spread, out=zero, where=has_spread)
    return zero


def top_count(n_points, fraction):
    """Return how many points a share of the axis is, at least one."""
    return max(1, round(fraction * n_points))


def active_points(maps, axis, fraction):
    """Mark the highest points of each map.

    Parameters
    ----------
    maps : ndarray of shape (n_spectra, n_points)
    axis : ndarray of shape (n_points,)
    fraction : float
        Share of the points.

    Returns
    -------
    ndarray of shape (n_spectra, n_points), bool
        ``round(fraction * n_points)`` points of each map; fewer where a map has fewer
        points clearly above its minimum: points at the bottom are not active, and
        which of them to take would be arbitrary.
    """
    count = top_count(maps.shape[1], fraction)
    turned = on_rising_axis(axis, maps)
    highest = np.argsort(-turned, axis=1, kind="stable")[:, :count]
    active = np.zeros(maps.shape, dtype=bool)
    np.put_along_axis(on_rising_axis(axis, active), highest, True, axis=1)
    above = maps - maps.min(axis=1, keepdims=True)
    return active & (above > smallest_spread(maps))


def map_stability(fits: Sequence[Any]) -> pd.DataFrame:
    """Correlate the class means of several fits of one model.

    As in [1]_, Fig. 10.

    Parameters
    ----------
    fits : sequence of ExplanationSummary, DataFrame or array-like
        One per fold or seed. An array (n_classes, n_points) or a frame with one
        row per class stands for a summary: ``DataFrame(model.coef_,
        model.classes_)`` compares the coefficients of PLS-LDA.

    Returns
    -------
    DataFrame with one row per class
        `n_fits`, the number of fits that have the class; `mean_correlation` and
        `min_correlation` over all pairs of them.

    Raises
    ------
    ValueError
        If there are fewer than two fits, or their axes disagree.

    Warns
    -----
    UserWarning
        If fewer than two fits have a class: its row is missing.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta 1119 (2020) 41-51,
       section 3.4, https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import StratifiedKFold
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import map_stability
    >>> X, y = load_minerals(return_X_y=True)
    >>> fits = []
    >>> for train, test in StratifiedKFold(3).split(X, y):
    ...     model = PLSLDA(n_components=10).fit(X[train], y[train])
    ...     fits.append(pd.DataFrame(model.coef_, model.classes_))
    >>> stability = map_stability(fits)
    >>> bool((stability["n_fits"] == 3).all())
    True
    """
    tables = class_means(fits)
    labels = list(dict.fromkeys(label for table in tables for label in table.index))
    rows = {}
    for label in labels:
        means = [t.xs(label).to_numpy(float) for t in tables if label in t.index]
        if len(means) > 1:
            found = [pearson(a, b) for a, b in combinations(means, 2)]
            rows[label] = (len(means), np.mean(found), np.min(found))
    lonely = [label for label in labels if label not in rows]
    if lonely:
        warnings.warn(
            f"Fewer than two fits have a map of {lonely}: these classes are missing.",
            UserWarning,
            stacklevel=2,
        )
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["n_fits", "mean_correlation", "min_correlation"]
    )
    return table.rename_axis("class")


def class_means(fits):
    """Return a frame with one row per class from each fit, on one axis.

    Parameters
    ----------
    fits : sequence of ExplanationSummary, DataFrame or array-like
    """
    fits = [fit.mean if isinstance(fit, ExplanationSummary) else fit for fit in fits]
    if len(fits) < 2:
        raise ValueError(
            f"Stability needs at least two fits, got {len(fits)}: fit the model on "
            "several folds or with several random_state."
        )
    tables = []
    for position, fit in enumerate(fits):
        if np.ndim(fit) != 2:
            raise ValueError(
                f"Fit {position} has shape {np.shape(fit)}: give one row per class, "
                "even if there is only one."
            )
        table = pd.DataFrame(fit)
        tables.append(table)
        first = tables[0]
        if not np.isfinite(table.to_numpy(float)).all():
            raise ValueError(f"Fit {position} contains NaN or infinity.")
        if not np.array_equal(table.columns, first.columns):
            raise ValueError(
                f"Fit {position} has another axis than fit 0 ({table.shape[1]} and "
                f"{first.shape[1]} points): resample the spectra to one axis first."
            )
    return tables
