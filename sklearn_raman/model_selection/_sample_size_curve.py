"""Accuracy against training size: scores, intervals, power laws, table and figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import beta

from sklearn_raman.model_selection._comparison import UNGROUPED
from sklearn_raman.model_selection._leakage import describe_leaks
from sklearn_raman.model_selection._plot import draw_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy"}
# A power law has three numbers, so that three sizes lie on one whatever they are.
FEWEST_SIZES = 4
N_RESAMPLES = 1000
_ROUNDING = 1e-12  # of a share of errors
# Between "hardly falls" and "gone at once".
EXPONENTS = np.geomspace(0.02, 5, 120)
# The columns that say which curve a row belongs to.
CURVE = ["model", "sampler"]


@dataclass(eq=False, repr=False)
class SampleSizeCurve:
    """Accuracy against the number of training groups, or spectra, per class.

    Made by :func:`sample_size_curve`; printing it shows the table.

    Parameters
    ----------
    folds : DataFrame
        One row per model, size and draw: `model`, `sampler` (name, or "" without),
        `size`, `split` (of the test groups), `draw`, `accuracy`, `complete` (whether
        each class had as many groups as `size` says), `n_groups` (in training, or None
        without groups), `n_train`, `n_test` (spectra), `fit_time` (seconds).
    predictions : DataFrame
        One row per model, size, draw and test spectrum: `model`, `sampler`, `size`,
        `split`, `draw`, `row`, `group` (the row itself without groups), `true`,
        `predicted`.
    classes : ndarray of shape (n_classes,)
        All labels, sorted.
    protocol : dict
        What was done: `n_spectra`, `n_groups` (or None), `grouping`; and for each
        training set, in the order split, draw, size: `n_train`, `n_test`, and what
        leaked, as in :class:`Comparison`.
    seed : int, default=0
        Decides the resampling of the intervals.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> from sklearn_raman.model_selection import sample_size_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> models = {"LDA": LinearDiscriminantAnalysis()}
    >>> curve = sample_size_curve(
    ...     models, X, y, sizes=[5, 10, 20, 40], progress=False, random_state=0
    ... )
    >>> curve.to_frame()["accuracy"].round(2).tolist()
    [0.94, 0.95, 0.96, 0.98]
    """

    folds: pd.DataFrame
    predictions: pd.DataFrame
    classes: NDArray[Any]
    protocol: dict[str, Any]
    seed: int = 0

    def to_frame(
        self,
        metric: Literal["accuracy", "balanced_accuracy"] = "accuracy",
        *,
        confidence: float = 0.95,
    ) -> pd.DataFrame:
        """Return the curves as a table.

        Parameters
        ----------
        metric : {"accuracy", "balanced_accuracy"}, default="accuracy"
            "accuracy": share of right answers among the test spectra of all draws.
            "balanced_accuracy": mean over the classes of that share.
        confidence : float, default=0.95
            Coverage of the intervals, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per model, sampler and size: `model`, `sampler` ("" without),
            `size`, the metric, `lower`, `upper`, `complete`, `n_groups` and `n_train`
            (means over draws), `n_draws`; and if there is a sampler `gain`,
            `gain_lower`, `gain_upper`: the metric minus that of the same model without
            it.

        Raises
        ------
        ValueError
            If `metric` is unknown, or `confidence` is not between 0 and 1.

        Notes
        -----
        The interval asks what other training groups and other test groups would have
        given. Test groups are resampled within each class and draws within each split,
        independently and both at once [1]_, with the weights that make the variance
        right for few groups [2]_. Draws from the same groups are alike, so that the
        interval is rather too narrow than too wide. Without groups, spectra take their
        place; then it says nothing of new crystals or patients.

        Where all answers of each class are right, or all wrong, resampling shows no
        spread: the interval is then that of a share of right answers among as many
        independent test groups. A gain without any spread may be off by as much as a
        share of which none was seen among them.

        References
        ----------
        .. [1] Owen, A. B. (2007). The pigeonhole bootstrap. Annals of Applied
           Statistics 1, 386-411.
        .. [2] Rao, J. N. K. and Wu, C. F. J. (1988). Resampling inference with complex
           survey data. Journal of the American Statistical Association 83, 231-241.
        """
        _check_confidence(confidence)
        scores, resampled = self._scores(metric)
        by_size = self.folds.groupby([*CURVE, "size"], sort=False)
        frame = scores.rename(metric).reset_index()
        tail = (1 - confidence) / 2
        bounds = np.quantile(resampled, [tail, 1 - tail], axis=0)
        frame["lower"], frame["upper"] = bounds
        n_units = self.predictions["group"].nunique()
        right = frame[metric] * n_units
        sure = np.isclose(frame["lower"], frame["upper"], rtol=0, atol=1e-12)
        exact = (
            ("lower", beta.ppf(tail, right, n_units - right + 1), right > 0),
            ("upper", beta.ppf(1 - tail, right + 1, n_units - right), right < n_units),
        )
        for end, bound, is_inside in exact:
            frame.loc[sure & is_inside, end] = bound[sure & is_inside]
        for name, how in {
            "complete": "all",
            "n_groups": "mean",
            "n_train": "mean",
        }.items():
            frame[name] = by_size[name].agg(how).to_numpy()
        frame["n_draws"] = by_size.size().to_numpy()
        if (frame["sampler"] != "").any():
            places = {key: place for place, key in enumerate(scores.index)}
            for place, (model, sampler, size) in enumerate(scores.index):
                if sampler:
                    plain = places[model, "", size]
                    gain = scores.iloc[place] - scores.iloc[plain]
                    spread = resampled[:, place] - resampled[:, plain]
                    ends = np.quantile(spread, [tail, 1 - tail])
                    if np.isclose(*ends, rtol=0, atol=1e-12):
                        unseen = beta.ppf(1 - tail, 1, n_units)
                        ends = np.clip([gain - unseen, gain + unseen], -1, 1)
                    frame.loc[place, ["gain", "gain_lower", "gain_upper"]] = gain, *ends
        return frame

    def power_law(
        self,
        metric: Literal["accuracy", "balanced_accuracy"] = "accuracy",
        *,
        confidence: float = 0.95,
    ) -> pd.DataFrame:
        """Fit how the error falls with the number of groups, or spectra, per class.

        1 - accuracy = floor + factor * size ** -exponent, by least squares over the
        sizes that all classes have, with floor and factor not negative.

        Parameters
        ----------
        metric : {"accuracy", "balanced_accuracy"}, default="accuracy"
            Score.
        confidence : float, default=0.95
            Coverage of the intervals, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per model and sampler: `floor`, `factor`, `exponent`, each followed
            by columns that end in `_lower` and `_upper`; `law` (as text) and `residual`
            (largest distance of a score from the law). Where the error does not fall,
            the factor is 0 and the exponent missing. Where resampling shows no spread
            of the floor, its upper end is that of the error at the largest size, which
            no floor exceeds.

        Raises
        ------
        ValueError
            If there are fewer than four sizes that all classes have.
        """
        _check_confidence(confidence)
        tail = [(1 - confidence) / 2, (1 + confidence) / 2]
        measured = self.to_frame(metric, confidence=confidence)
        least = measured.set_index([*CURVE, "size"])["lower"]
        records = []
        for key, sizes, scores, resampled in self._curves(metric):
            found = fit_power_law(sizes, 1 - scores)
            drawn = _fit_power_laws(sizes, 1 - resampled)
            record = dict(zip(CURVE, key, strict=True))
            for place, name in enumerate(["floor", "factor", "exponent"]):
                record[name] = found[place]
                record[f"{name}_lower"], record[f"{name}_upper"] = np.quantile(
                    drawn[place], tail
                )
            if np.isclose(record["floor_lower"], record["floor_upper"], 0, 1e-12):
                record["floor_upper"] = 1 - least[(*key, sizes.max())]
            if found[1] == 0:
                names = ["exponent", "exponent_lower", "exponent_upper"]
                record |= dict.fromkeys(names, np.nan)
            distance = 1 - scores - power_law(sizes, *found)
            record["law"] = _write_law(*found)
            record["residual"] = np.abs(distance).max()
            records.append(record)
        return pd.DataFrame(records)

    def extrapolate(
        self,
        size: float | Sequence[float],
        metric: Literal["accuracy", "balanced_accuracy"] = "accuracy",
        *,
        confidence: float = 0.95,
    ) -> pd.DataFrame:
        """Say what the power law gives for other numbers of groups per class.

        Parameters
        ----------
        size : number or sequence of numbers
            Groups (without groups: spectra) per class, at least 1.
        metric : {"accuracy", "balanced_accuracy"}, default="accuracy"
            Score.
        confidence : float, default=0.95
            Coverage of the intervals, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per model, sampler and size: the metric, `lower`, `upper`, `law`,
            and `times_measured`: the size over the largest measured one.

        Raises
        ------
        ValueError
            If there are fewer than four sizes that all classes have, or a size is not
            a number of at least 1.

        Notes
        -----
        The interval has two parts. What is not known of the largest size that was
        measured is not known beyond it either: up to there, it is the interval of
        `to_frame`. What the law adds from there to `size` has an interval of its own,
        from laws fitted to the resampled scores. Distances to the ends are added as
        those of independent errors are, by their squares; the law alone would be surer
        of sizes that nobody measured than the scores are of those that were. What would
        lie above 1 widens the interval at its lower end, so that it is never narrower
        than the measured one.

        That the error goes on to fall by such a law is an assumption: the further from
        what was measured, the less the interval covers what may happen, such as a new
        instrument or another kind of patient.
        """
        _check_confidence(confidence)
        wanted = np.atleast_1d(np.asarray(size, dtype=np.float64))
        if wanted.ndim != 1 or not (wanted >= 1).all() or np.isinf(wanted).any():
            raise ValueError(f"size must be numbers of at least 1, got {size!r}.")
        tail = [(1 - confidence) / 2, (1 + confidence) / 2]
        measured = self.to_frame(metric, confidence=confidence)
        measured = measured.set_index([*CURVE, "size"])[["lower", "upper"]]
        records = []
        for key, sizes, scores, resampled in self._curves(metric):
            law = fit_power_law(sizes, 1 - scores)
            drawn = _fit_power_laws(sizes, 1 - resampled)
            last = sizes.max()
            start = 1 - power_law(last, *law)
            around = measured.loc[(*key, last)].to_numpy() - start
            for n in wanted:
                record = dict(zip(CURVE, key, strict=True)) | {"size": n}
                record[metric] = 1 - power_law(n, *law)
                gains = power_law(last, *drawn) - power_law(n, *drawn)
                beyond = np.quantile(gains, tail) - (record[metric] - start)
                record["lower"], record["upper"] = _combined(
                    record[metric], around, beyond
                )
                record["law"] = _write_law(*law)
                record["times_measured"] = n / last
                records.append(record)
        return pd.DataFrame(records)

    def plot(
        self,
        metric: Literal["accuracy", "balanced_accuracy"] = "accuracy",
        *,
        extrapolate_to: float | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """Draw one line per model with its 95 % interval; dashed with the sampler.

        Parameters
        ----------
        metric : {"accuracy", "balanced_accuracy"}, default="accuracy"
            Score.
        extrapolate_to : number or None, default=None
            Largest size up to which the power law is drawn, dotted, with its interval.
            None draws only what was measured.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        matplotlib.figure.Figure
            That of `ax` if given. Save it with `figure.savefig(path)`.

        Raises
        ------
        ValueError
            If `metric` is unknown, or there are too few sizes to extrapolate.
        ImportError
            If matplotlib is not installed (extra `plot`).
        """
        measured = self.to_frame(metric)
        beyond = None
        if extrapolate_to is not None:
            start = measured.loc[measured["complete"], "size"].max()
            sizes = np.geomspace(start, max(extrapolate_to, start), 40)
            beyond = self.extrapolate(sizes, metric)
        return draw_curves(measured, metric, METRICS[metric], self._unit(), beyond, ax)

    def _unit(self):
        """Say what a size counts."""
        return "groups" if self.protocol["grouping"] == "given" else "spectra"

    def _scores(self, metric):
        """Return the score of each curve and size, and resampled ones.

        Returns
        -------
        scores : Series indexed by model, sampler and size
        resampled : ndarray of shape (n_resamples, n_scores)
        """
        if metric not in METRICS:
            raise ValueError(f"metric must be one of {list(METRICS)}, got {metric!r}.")
        found = self.predictions
        units = found.groupby(["true", "group"], sort=True).ngroup().to_numpy()
        draws = found.groupby(["split", "draw"], sort=True).ngroup().to_numpy()
        # One row per unit, one per draw: the class and the split to resample within.
        strata = found.drop_duplicates(["true", "group"]).sort_values(["true", "group"])
        splits = found.drop_duplicates(["split", "draw"])
        splits = splits.sort_values(["split", "draw"])["split"].to_numpy()
        rng = np.random.default_rng(self.seed)
        labels = strata["true"].to_numpy()
        weights = _resampling_weights(labels, rng), _resampling_weights(splits, rng)
        ones = np.ones((1, len(labels))), np.ones((1, len(splits)))
        right = (found["predicted"] == found["true"]).to_numpy()
        parts = [labels == label for label in np.unique(labels)]
        if metric == "accuracy":
            parts = [slice(None)]
        points, resampled, index = [], [], []
        for key, rows in found.groupby([*CURVE, "size"], sort=False).indices.items():
            shape = len(splits), len(strata)
            counts, hits = np.zeros(shape), np.zeros(shape)
            np.add.at(counts, (draws[rows], units[rows]), 1)
            np.add.at(hits, (draws[rows], units[rows]), right[rows])
            index.append(key)
            for (by_unit, by_draw), kept in ((ones, points), (weights, resampled)):
                hit, count = (by_draw @ hits) * by_unit, (by_draw @ counts) * by_unit
                shares = [
                    hit[:, part].sum(axis=1) / count[:, part].sum(axis=1)
                    for part in parts
                ]
                kept.append(np.mean(shares, axis=0))
        index = pd.MultiIndex.from_tuples(index, names=[*CURVE, "size"])
        return pd.Series(np.concatenate(points), index), np.stack(resampled, axis=1)

    def _curves(self, metric):
        """Yield model and sampler, sizes, scores and resampled ones of each curve.

        Only of the sizes that all classes have; raises if they are too few.
        """
        scores, resampled = self._scores(metric)
        complete = self.folds.groupby([*CURVE, "size"], sort=False)["complete"].all()
        sizes = np.unique(complete[complete].index.get_level_values("size"))
        if len(sizes) < FEWEST_SIZES:
            raise ValueError(
                f"A power law has three numbers and needs {FEWEST_SIZES} sizes that "
                f"all classes have; there are {len(sizes)} ({sizes.tolist()}). Measure "
                "more of them (sizes=...), or do without extrapolation."
            )
        keep = complete.to_numpy()
        keys = scores.index.droplevel("size")
        for key in keys.unique():
            own = keep & (keys == key)
            used = scores[own].index.get_level_values("size").to_numpy(dtype=float)
            yield key, used, scores[own].to_numpy(), resampled[:, own]

    def _table(self):
        """Write accuracy and interval as people read them, one column per curve."""
        frame = self.to_frame()
        cells = [
            f"{row.accuracy:.3f} [{row.lower:.3f}, {row.upper:.3f}]"
            for row in frame.itertuples()
        ]
        names = _curve_names(frame)
        order = list(dict.fromkeys(names))
        table = frame.assign(cell=cells, curve=names)
        table = table.pivot(index="size", columns="curve", values="cell")[order]
        return table.rename_axis(index=f"{self._unit()} per class", columns=None)

    def _head(self):
        """Say how much was done."""
        counts = {
            "spectra": self.protocol["n_spectra"],
            "classes": len(self.classes),
            "groups": self.protocol["n_groups"],
            "splits": self.folds["split"].nunique(),
        }
        counts = ", ".join(f"{n} {what}" for what, n in counts.items() if n is not None)
        n_draws = self.folds.groupby("split")["draw"].nunique().max()
        return f"{counts}, {n_draws} draws each; accuracy [95 % interval]"

    def _remarks(self):
        """Return the sentences below the table."""
        lines = []
        short = self.folds.loc[~self.folds["complete"], "size"]
        if len(short):
            lines.append(
                f"from {short.min()} on, classes that have fewer {self._unit()} give "
                "all of them"
            )
        try:
            laws = self.power_law()
        except ValueError:
            lines.append(
                f"no extrapolation: fewer than {FEWEST_SIZES} sizes that all classes "
                "have"
            )
        else:
            names = _curve_names(laws)
            lines += [
                f"{name}: {law}" for name, law in zip(names, laws["law"], strict=True)
            ]
        grouping = self.protocol["grouping"]
        if grouping != "given":
            lines.append(f"Warning: {UNGROUPED[grouping]}")
        return lines + [f"Warning: {text}" for text in describe_leaks(self.protocol)]

    def __repr__(self):
        table = self._table().to_string()
        return "\n".join([self._head(), "", table, *self._remarks()])

    def _repr_html_(self):
        """The table in a notebook."""
        table = self._table().to_html(border=0)
        remarks = "<br>".join(escape(text) for text in self._remarks())
        return f"<p>{escape(self._head())}</p>{table}<p><small>{remarks}</small></p>"


def _combined(score, *ends):
    """Return the interval around a score that independent errors make together.

    Parameters
    ----------
    score : float
    *ends : pairs of float
        Of each error, how far below (negative) and above the score it may lead.
    """
    below = np.hypot(*(min(low, 0) for low, _ in ends))
    above = np.hypot(*(max(high, 0) for _, high in ends))
    too_high = max(score + above - 1, 0)
    return max(score - below - too_high, 0), score + above - too_high


def _curve_names(frame):
    """Write model and sampler as one name."""
    return [
        f"{row.model} + {row.sampler}" if row.sampler else row.model
        for row in frame.itertuples()
    ]


def _check_confidence(confidence):
    if not 0 < confidence < 1:
        raise ValueError(
            f"confidence must be between 0 and 1 (0.95 for 95 %), got {confidence}."
        )


def _resampling_weights(strata, rng):
    """Return bootstrap weights within strata, of shape (n_resamples, n).

    n - 1 of the n members are drawn with replacement and weighted by n / (n - 1): the
    variance of a mean is then s^2 / n, with divisor n - 1. A single member stays.
    """
    weights = np.ones((N_RESAMPLES, len(strata)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        n = len(members)
        if n > 1:
            counts = rng.multinomial(n - 1, np.full(n, 1 / n), size=N_RESAMPLES)
            weights[:, members] = counts * (n / (n - 1))
    return weights


def power_law(size, floor, factor, exponent):
    """Return floor + factor * size ** -exponent."""
    return floor + factor * np.asarray(size, dtype=np.float64) ** -exponent


def fit_power_law(sizes, errors):
    """Return floor, factor and exponent of least squares, the first two not negative.

    Parameters
    ----------
    sizes, errors : ndarray of shape (n_sizes,)
    """

    def rest(log_exponent):
        return _solve(sizes, errors[None], np.exp(log_exponent))[2][0]

    logs = np.log(EXPONENTS)
    best = int(np.argmin([rest(log) for log in logs]))
    around = logs[max(best - 1, 0)], logs[min(best + 1, len(logs) - 1)]
    found = minimize_scalar(
        rest, bounds=around, method="bounded", options={"xatol": 1e-9}
    )
    exponent = np.exp(found.x)
    floor, factor, _ = _solve(sizes, errors[None], exponent)
    return float(floor[0]), float(factor[0]), float(exponent)


def _fit_power_laws(sizes, errors):
    """Fit one law per row of errors, with the exponent on a grid."""
    solved = [_solve(sizes, errors, exponent) for exponent in EXPONENTS]
    best = np.argmin([rest for *_, rest in solved], axis=0)
    rows = np.arange(len(errors))
    floor, factor = (
        np.stack([solution[place] for solution in solved])[best, rows]
        for place in range(2)
    )
    return floor, factor, EXPONENTS[best]


def _solve(sizes, errors, exponent):
    """Return floor, factor and sum of squares that is left, for a given exponent."""
    x = sizes**-exponent
    centered = x - x.mean()
    mean = errors.mean(axis=1)
    factor = errors @ centered / (centered @ centered)
    floor = mean - factor * x.mean()
    through_zero = floor < 0
    factor = np.where(through_zero, errors @ x / (x @ x), factor)
    floor = np.where(through_zero, 0.0, floor)
    # Errors that are all the same differ by rounding from their mean.
    rises = factor * np.ptp(x) < _ROUNDING
    factor, floor = np.where(rises, 0.0, factor), np.where(rises, mean, floor)
    rest = errors - floor[:, None] - factor[:, None] * x
    return floor, factor, (rest**2).sum(axis=1)


def _write_law(floor, factor, exponent):
    """Write a law as text."""
    if factor == 0:
        return f"error = {floor:.3f}: it does not fall with these sizes"
    return f"error = {floor:.3f} + {factor:.3f} n^-{exponent:.2f}"
