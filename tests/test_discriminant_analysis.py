"""PLS-LDA against scikit-learn's parts, and its maps against autograd."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.base import clone
from sklearn.covariance import shrunk_covariance
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_raman.datasets import load_minerals, make_lorentzian_spectra
from sklearn_raman.discriminant_analysis import PLSLDA


@pytest.fixture(scope="module")
def minerals():
    """A third of the bundled minerals."""
    data = load_minerals()
    return data.data[::3, ::4], data.target_names[data.target[::3]], data.groups[::3]


def codes_of(y):
    return np.unique(y, return_inverse=True)[1]


def lowest_loss_factor(scores, y):
    """Return what scores should be multiplied by."""

    def loss(factor):
        return log_loss(y, softmax(factor * scores, axis=1))

    return minimize_scalar(loss, bounds=(1e-4, 5), method="bounded").x


def indicators(y):
    return OneHotEncoder(sparse_output=False).fit_transform(np.asarray(y)[:, None])


@pytest.mark.parametrize("n_components", [1, 3, 12])
def test_is_pls_then_lda(n_components, minerals):
    X, y, _ = minerals
    model = PLSLDA(n_components=n_components, shrinkage=0, calibration=None)
    model.fit(X[::2], y[::2])
    pls = PLSRegression(n_components, scale=False, tol=1e-14, max_iter=5000)
    pls.fit(X[::2], indicators(y[::2]))
    lda = LinearDiscriminantAnalysis().fit(pls.transform(X[::2]), y[::2])
    np.testing.assert_allclose(
        np.abs(model.transform(X)), np.abs(pls.transform(X)), atol=1e-4
    )
    np.testing.assert_allclose(
        model.predict_proba(X), lda.predict_proba(pls.transform(X)), atol=1e-3
    )


def test_shrinkage_is_that_of_standardized_scores(minerals):
    """Towards equal variances within classes, with scikit-learn's formula."""
    X, y, _ = minerals
    model = PLSLDA(n_components=8, shrinkage=0.3, calibration=None).fit(X, y)
    Z = pd.DataFrame(model.transform(X))
    residuals = Z - Z.groupby(y).transform("mean")
    Z, residuals = (Z / residuals.std()).to_numpy(), residuals / residuals.std()
    covariance = shrunk_covariance(residuals.T @ residuals / (len(y) - 18), 0.3)
    means, priors = (
        pd.DataFrame(Z).groupby(y).mean(),
        pd.Series(y).value_counts(normalize=True),
    )
    distances = [
        ((Z - mean) @ np.linalg.inv(covariance) * (Z - mean)).sum(axis=1)
        for mean in means.to_numpy()
    ]
    expected = softmax(
        np.log(priors[means.index].to_numpy()) - np.transpose(distances) / 2, axis=1
    )
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 18])
def test_temperature_is_that_of_scores_left_out(n_classes, minerals):
    """The lowest log-loss on five folds of crystals, of scores that know fewer of them.

    1 + 1/n: how far a spectrum lies from a mean of n crystals, in their variance.
    """
    X, y, groups = minerals
    kept = np.isin(y, np.unique(y)[:n_classes])
    X, y, groups = X[kept], y[kept], groups[kept]
    plain = PLSLDA(n_components=8, calibration=None).fit(X, y)
    model = PLSLDA(n_components=8).fit(X, y, groups=groups)
    assert plain.temperature_ == 1
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    np.testing.assert_array_equal(model.vip_, plain.vip_)
    np.testing.assert_allclose(
        model.decision_function(X) * model.temperature_, plain.decision_function(X)
    )
    # Crystals of a mineral take turns, in the order of their first spectrum.
    crystals = list(dict.fromkeys(groups))
    fold_of = {}
    for place, label in enumerate(np.unique(y)):
        own = [crystal for crystal in crystals if (y[groups == crystal] == label).all()]
        assert len(own) > 1
        fold_of |= {crystal: (rank + place) % 5 for rank, crystal in enumerate(own)}
    folds = np.array([fold_of[crystal] for crystal in groups])
    n_crystals = {label: len(set(groups[y == label])) for label in np.unique(y)}
    scores = np.zeros((len(X), n_classes))
    for k in range(5):
        fold = clone(plain).fit(X[folds != k], y[folds != k])
        found = fold.decision_function(X[folds == k])
        found = np.outer(found, [-0.5, 0.5]) if found.ndim == 1 else found
        n_seen = [len(set(groups[(y == c) & (folds != k)])) for c in y[folds == k]]
        n_known = [n_crystals[label] for label in y[folds == k]]
        excess = (1 + 1 / np.array(n_seen)) / (1 + 1 / np.array(n_known))
        scores[folds == k] = found / excess[:, None]
    expected = lowest_loss_factor(scores, y)
    np.testing.assert_allclose(1 / model.temperature_, min(expected, 1), rtol=1e-3)


def test_calibration_lowers_log_loss():
    """Directions found in noise separate the training spectra only."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 300)), np.arange(200) % 2
    X[:, 0] += y
    train, test = slice(0, 100), slice(100, 200)
    losses = {
        calibration: log_loss(
            y[test],
            PLSLDA(n_components=6, shrinkage=0, calibration=calibration)
            .fit(X[train], y[train])
            .predict_proba(X[test]),
        )
        for calibration in (None, "auto")
    }
    assert losses["auto"] < 0.75 < 2 < losses[None]


def test_calibration_allows_for_crystals_that_it_has_not_seen():
    """Two crystals of each of 60 classes; then forty others of each.

    A class whose crystal is left out is known from the other one alone: the temperature
    would be 1.8 times the best for later crystals.
    """
    ratios = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        centers = 3 * rng.normal(size=(60, 3))
        y, crystals = np.repeat(np.arange(60), 4), np.repeat(np.arange(120), 2)
        X = (centers.repeat(2, axis=0) + rng.normal(size=(120, 3)))[crystals]
        later = np.repeat(np.arange(60), 40)
        model = PLSLDA(n_components=3).fit(X, y, groups=crystals)
        scores = model.decision_function(centers[later] + rng.normal(size=(2400, 3)))
        ratios.append(1 / lowest_loss_factor(scores, later))
    np.testing.assert_array_less(ratios, 1)  # surer than it says, if anything
    assert np.exp(np.log(ratios).mean()) > 1 / 1.6


@pytest.mark.parametrize("grouped", [True, False])
def test_temperature_and_the_order_of_spectra(grouped, minerals, rng):
    """Crystals of a mineral take turns, whatever stands between them."""
    X, y, crystals = minerals
    groups = crystals if grouped else np.arange(len(y))
    turn = pd.Series(groups).map({g: i for i, g in enumerate(pd.unique(groups))})
    order = np.lexsort([rng.random(len(y)), turn, rng.permutation(18)[codes_of(y)]])
    assert not (np.diff(order) == 1).all()
    model = PLSLDA(n_components=8).fit(X, y, groups=crystals if grouped else None)
    groups = crystals[order] if grouped else None
    other = PLSLDA(n_components=8).fit(X[order], y[order], groups=groups)
    np.testing.assert_allclose(other.temperature_, model.temperature_, rtol=1e-6)
    renamed = np.unique(crystals, return_inverse=True)[1] if grouped else None
    again = PLSLDA(n_components=8).fit(X, y, groups=renamed)
    assert again.temperature_ == model.temperature_


def test_calibration_with_few_crystals():
    """A class with one crystal is never left out; with nothing to leave out it is 1."""
    X, y = make_lorentzian_spectra(4, random_state=0)
    alone = PLSLDA().fit(X, y, groups=y)
    plain = PLSLDA(calibration=None).fit(X, y)
    assert alone.temperature_ == 1
    np.testing.assert_array_equal(alone.predict_proba(X), plain.predict_proba(X))
    groups = np.where(y == y[0], 0, np.arange(len(y)) + 1)
    assert PLSLDA().fit(X, y, groups=groups).temperature_ >= 1


def test_scale_is_a_standard_scaler_in_front(minerals):
    X, y, _ = minerals
    scaled = PLSLDA(n_components=5, scale=True).fit(X, y)
    pipeline = make_pipeline(StandardScaler(), PLSLDA(n_components=5)).fit(X, y)
    np.testing.assert_allclose(
        scaled.predict_proba(X), pipeline.predict_proba(X), atol=1e-6
    )


@pytest.mark.parametrize("n_components", [1, 2, 10])
def test_vip_squares_average_to_one(n_components, minerals):
    X, y, _ = minerals
    vip = PLSLDA(n_components=n_components).fit(X, y).vip_
    assert vip.shape == (X.shape[1],)
    np.testing.assert_allclose((vip**2).mean(), 1)


def test_vip_finds_the_peaks():
    """Above 1 at the three class peaks, below 0.5 in most places without a peak."""
    X, y = make_lorentzian_spectra(20, noise=0.01, random_state=0)
    vip = PLSLDA().fit(X, y).vip_
    assert (vip[[100, 500, 1000]] > 1).all()
    assert np.median(vip) < 0.5


def test_rmse_chooses_from_the_source_range(minerals):
    X, y, _ = minerals
    model = PLSLDA(n_components="rmse", random_state=0).fit(X, y)
    assert 2 <= model.n_components_ <= 20
    again = PLSLDA(n_components="rmse", random_state=0).fit(X, y)
    assert again.n_components_ == model.n_components_


@pytest.fixture
def inner_splits(monkeypatch):
    """The inner splits that fit makes, as they are made."""
    splits = []
    inner_split = PLSLDA._inner_split

    def spy(self, *args):
        splits.append(inner_split(self, *args))
        return splits[-1]

    monkeypatch.setattr(PLSLDA, "_inner_split", spy)
    return splits


def test_rmse_is_the_lowest_sum(inner_splits):
    """Recomputed with one PLS model for each number of components."""
    X, y = make_lorentzian_spectra(16, n_distractors=2, random_state=1)
    model = PLSLDA(n_components="rmse", random_state=3).fit(X, y)
    ((train, valid),) = inner_splits
    Y = indicators(y)
    sums = {}
    for k in range(2, 21):
        pls = PLSRegression(k, scale=False, tol=1e-12, max_iter=2000)
        pls.fit(X[train], Y[train])
        sums[k] = sum(
            np.sqrt(((Y[part] - pls.predict(X[part])) ** 2).mean(axis=0)).mean()
            for part in (train, valid)
        )
    assert model.n_components_ == min(sums, key=sums.get)


def test_rmse_keeps_groups_apart(minerals, inner_splits):
    X, y, groups = minerals
    PLSLDA(n_components="rmse", random_state=0).fit(X, y, groups=groups)
    ((train, valid),) = inner_splits
    assert not set(groups[train]) & set(groups[valid])
    assert len(train) + len(valid) == len(X)


@pytest.mark.parametrize("sizes", [(24, 4), (12, 12, 4), (2, 1), (1, 1, 2)])
@pytest.mark.parametrize("n_groups", [0, 1])
def test_rmse_trains_on_each_class(sizes, n_groups, rng, inner_splits):
    """With any seed, where the last class has one group, or one spectrum."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    X = rng.normal(size=(len(y), 40)) + 3 * np.eye(40)[5 * y]
    last = y == y[-1]
    groups = np.where(last, 99, np.arange(len(y)) // 2) if n_groups else None
    if n_groups and max(sizes) < 3:
        groups = None if sizes == (2, 1) else np.arange(len(y))
    for seed in range(12):
        PLSLDA(n_components="rmse", random_state=seed).fit(X, y, groups=groups)
    for train, valid in inner_splits:
        assert set(y[train]) == set(y)
        assert len(valid)
        assert sorted([*train, *valid]) == list(range(len(y)))
        if groups is not None:
            assert not set(groups[train]) & set(groups[valid])


def test_rmse_where_no_group_can_be_left_out(rng):
    y = np.repeat([0, 1], 5)
    for seed in range(4):
        model = PLSLDA(n_components="rmse", random_state=seed)
        with pytest.raises(ValueError, match="Each group is the only one of a class"):
            model.fit(rng.normal(size=(10, 20)), y, groups=y)
    with pytest.raises(ValueError, match="Each spectrum is the only one of a class"):
        model.fit(rng.normal(size=(2, 20)), [0, 1])


@pytest.mark.parametrize("n_components", [1, 2, "rmse"])
def test_equal_means_of_classes(n_components):
    X = [[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]
    with pytest.raises(ValueError, match="same mean spectrum: no latent variable"):
        PLSLDA(n_components=n_components, random_state=0).fit(X, [0, 0, 1, 1])


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_equal_means_of_classes_up_to_rounding(offset, scale):
    """Sums of the same numbers in another order; then with a small difference."""
    model = PLSLDA(n_components=1, scale=scale)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        half = rng.normal(size=(10 * (seed + 1), 64)) + offset
        order = rng.permutation(2 * len(half))
        X, y = np.vstack([half, half])[order], (order < len(half)).astype(int)
        with pytest.raises(ValueError, match="same mean spectrum"):
            model.fit(X, y)
        X[y == 1, 3] += 1e-10 * max(offset, 1)
        assert np.isfinite(model.fit(X, y).vip_).all()
        assert model.vip_.argmax() == 3


def test_rmse_where_the_inner_spectra_are_equal():
    X, y = np.r_[np.ones((7, 4)), [[1, 2, 3, 4]]], [0, 1, 0, 1, 0, 1, 0, 1]
    for seed in range(5):
        model = PLSLDA(n_components="rmse", random_state=seed).fit(X, y)
        assert model.n_components_ == 1


def test_components_above_the_rank(rng):
    X = rng.normal(size=(20, 3)) @ rng.normal(size=(3, 50))
    y = np.arange(20) % 4
    assert PLSLDA(n_components=3).fit(X, y).n_components_ == 3
    with pytest.raises(ValueError, match=r"n_components=5\) is too large.*hold 3"):
        PLSLDA(n_components=5).fit(X, y)
    with pytest.raises(ValueError, match=r"n_components=30\) is too large.*hold 19"):
        PLSLDA(n_components=30).fit(rng.normal(size=(20, 50)), y)
    with pytest.warns(UserWarning, match="n_components=1 instead of its default 2"):
        PLSLDA().fit(X[:, :1], y)


@pytest.mark.parametrize("n_components", [2, "rmse"])
def test_equal_spectra(n_components):
    with pytest.raises(ValueError, match="All training spectra are equal"):
        PLSLDA(n_components=n_components).fit(np.ones((6, 9)), [0, 1] * 3)


def test_spectra_that_overflow(rng):
    X, y = rng.normal(size=(12, 30)), np.repeat([0, 1, 2], 4)
    model = PLSLDA(scale=True).fit(X, y)
    far = np.where(model.coef_[0] > 0, 1.7e308, -1.7e308)
    for call in (model.predict, model.predict_proba, model.explain_, model.transform):
        with pytest.raises(ValueError, match="no finite answer for 1 .* at row 1"):
            call(np.stack([X[0], far]))


@pytest.mark.parametrize("n_components", [1, "rmse"])
def test_no_scatter_within_classes(n_components):
    X, y = np.repeat([[0.0, 1.0, 3.0], [1.0, 3.0, 1.0]], 6, axis=0), [0] * 6 + [1] * 6
    plain = PLSLDA(n_components=n_components, shrinkage=0)
    with pytest.raises(ValueError, match="spectra of each class are equal"):
        plain.fit(X, y)
    assert plain.set_params(shrinkage=0.1).fit(X, y).score(X, y) == 1
    X[0, 0] += 0.1  # the fold that holds it out has no scatter left
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plain.set_params(shrinkage=0).fit(X, y).score(X, y) == 1


@pytest.mark.parametrize("score", ["logodds", "logit", "prob"])
@pytest.mark.parametrize("n_classes", [2, 18])
def test_explain_is_centred_x_times_gradient(score, n_classes, minerals):
    """The gradient is torch's, through the fitted matrices."""
    X, y, _ = minerals
    kept = np.isin(y, np.unique(y)[:n_classes])
    X, y = X[kept], y[kept]
    model = PLSLDA(n_components=8).fit(X, y)
    rows = X[::5]
    x = torch.tensor(rows, requires_grad=True)
    z = (x - torch.tensor(model.mean_)) @ torch.tensor(model.rotations_)
    z = z @ torch.tensor(model._lda.coef_.T) + torch.tensor(model._lda.intercept_)
    if n_classes == 2:
        z = torch.cat([-z / 2, z / 2], dim=1)
    predicted = z.argmax(dim=1)
    own = z.gather(1, predicted[:, None])[:, 0]
    others = z.scatter(1, predicted[:, None], -torch.inf).logsumexp(1)
    value = {"logit": own, "logodds": own - others, "prob": (own - others).sigmoid()}
    value[score].sum().backward()
    expected = (rows - model.mean_) * x.grad.numpy()
    found = model.explain_(rows, score=score)
    # torch rounds the smallest probabilities to 0
    atol = 1e-8 * np.abs(expected).max() + 1e-200
    np.testing.assert_allclose(found, expected, atol=atol)


def test_explain_logit_adds_up(minerals):
    """The sum over a map is the score's distance from the mean spectrum's."""
    X, y, _ = minerals
    model = PLSLDA(n_components=8).fit(X, y)
    maps = model.explain_(X, target="all", score="logit")
    at_mean = model.decision_function(model.mean_[None])
    np.testing.assert_allclose(
        maps.sum(axis=2), model.decision_function(X) - at_mean, atol=1e-6
    )


def test_reference(minerals, rng):
    """What equals the reference contributes nothing; scores are counted from it."""
    X, y, _ = minerals
    model = PLSLDA(n_components=8).fit(X, y)
    np.testing.assert_array_equal(
        model.explain_(X, reference=model.mean_), model.explain_(X)
    )
    np.testing.assert_array_equal(
        model.explain_(X, reference="zero"), model.explain_(X, reference=0)
    )
    assert not model.explain_(X, reference=X).any()
    other = rng.uniform(size=X.shape)
    maps = model.explain_(X, target="all", score="logit", reference=other)
    expected = model.decision_function(X) - model.decision_function(other)
    np.testing.assert_allclose(maps.sum(axis=2), expected, atol=1e-6)


@pytest.mark.parametrize("reference", ["local", "mean", [1.0, 2.0], np.nan])
def test_reference_refuses(reference, minerals):
    X, y, _ = minerals
    model = PLSLDA().fit(X, y)
    with pytest.raises(ValueError, match="reference"):
        model.explain_(X, reference=reference)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_maps_of_a_frame_have_its_labels(kind, frame, labels):
    X = frame.set_axis([f"s{i}" for i in range(12)]) if kind == "pandas" else frame
    X = X if kind == "pandas" else pl.from_pandas(X)
    model = PLSLDA().fit(X, labels)
    maps = model.explain_(X)
    assert type(maps) is type(X) and list(maps.columns) == list(frame.columns)
    if kind == "pandas":
        assert list(maps.index) == list(X.index)
    np.testing.assert_array_equal(
        maps, PLSLDA().fit(frame.to_numpy(), labels).explain_(frame.to_numpy())
    )
    assert isinstance(model.explain_(X, "all"), np.ndarray)


def state(model):
    return {name: np.copy(value) for name, value in vars(model).items()}


@pytest.mark.parametrize(
    "X, y, settings",
    [
        (np.eye(4, 6), ["a"] * 4, {}),
        (np.ones((4, 6)), [0, 1, 0, 1], {}),
        (np.eye(4, 6), [0, 1, 0, 1], {"n_components": 30}),
        (np.eye(4, 6), [0.1, 0.2, 0.3, 0.4], {}),
        (np.full((4, 6), np.nan), [0, 1, 0, 1], {}),
    ],
)
def test_a_failed_refit_changes_nothing(X, y, settings, frame, labels):
    """Also what scikit-learn's own checks set: feature names and their number."""
    model = PLSLDA().fit(frame, labels)
    model.set_params(**settings)
    before, expected = state(model), model.predict_proba(frame)
    with pytest.raises(ValueError):
        model.fit(X, y)
    assert vars(model).keys() == before.keys()
    for name, value in state(model).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    np.testing.assert_array_equal(model.predict_proba(frame), expected)


def test_a_failed_first_fit_leaves_an_unfitted_model():
    model = PLSLDA()
    with pytest.raises(ValueError, match="only one class"):
        model.fit(np.eye(4), ["a"] * 4)
    assert vars(model) == vars(PLSLDA())


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("exponent", [-1000, -520, -5, 7, 520, 1000])
def test_the_unit_of_intensities_plays_no_part(exponent, scale, minerals):
    """Squares of some of these overflow or vanish; a power of two rounds nothing."""
    X, y, _ = minerals
    factor = 2.0**exponent
    model = PLSLDA(n_components=5, scale=scale).fit(X, y)
    other = PLSLDA(n_components=5, scale=scale).fit(factor * X, y)
    for name in ("predict_proba", "explain_"):
        expected = getattr(model, name)(X)
        np.testing.assert_allclose(
            getattr(other, name)(factor * X),
            expected,
            rtol=1e-9,
            atol=1e-9 * np.abs(expected).max(),
        )
    assert other.temperature_ == model.temperature_ > 1
    np.testing.assert_allclose(other.vip_, model.vip_)
    np.testing.assert_allclose(other.mean_, factor * model.mean_)
    np.testing.assert_allclose(other.coef_, model.coef_ / factor)


@pytest.mark.parametrize("scale", [False, True])
def test_columns_that_are_constant_up_to_rounding(scale, minerals):
    """The mean of equal numbers is not always that number."""
    X, y, _ = minerals
    flat = np.full((len(X), 1), 0.1)
    assert flat.mean() != 0.1
    model = PLSLDA(n_components=5, scale=scale).fit(np.hstack([X, flat]), y)
    without = PLSLDA(n_components=5, scale=scale).fit(X, y)
    np.testing.assert_allclose(
        model.predict_proba(np.hstack([X, flat])), without.predict_proba(X), atol=1e-9
    )
    assert model.vip_[-1] == 0 and not model.coef_[:, -1].any()
    with pytest.raises(ValueError, match="All training spectra are equal"):
        PLSLDA(scale=scale).fit(np.repeat(flat, 9, axis=1), y)


def test_groups_of_another_length(minerals):
    X, y, groups = minerals
    with pytest.raises(ValueError, match="but X has 107 spectra"):
        PLSLDA().fit(X, y, groups=groups[1:])


def test_explain_all_is_each(minerals):
    X, y, _ = minerals
    model = PLSLDA(n_components=8).fit(X, y)
    together = model.explain_(X[:7], target="all")
    for c, label in enumerate(model.classes_):
        np.testing.assert_array_equal(together[:, c], model.explain_(X[:7], label))
    predicted = model.explain_(X[:7], model.predict(X[:7]))
    np.testing.assert_array_equal(predicted, model.explain_(X[:7]))


def test_embedding_is_the_scores(minerals):
    X, y, _ = minerals
    model = PLSLDA(n_components=4).fit(X, y)
    np.testing.assert_array_equal(model.embed_(X), model.transform(X))


def test_explain_errors(minerals):
    X, y, _ = minerals
    model = PLSLDA().fit(X, y)
    with pytest.raises(ValueError, match="not a class"):
        model.explain_(X, target="cheese")
    with pytest.raises(ValueError, match="method='grad_cam' is not available"):
        model.explain_(X, method="grad_cam")


def test_float32(minerals):
    X, y, _ = minerals
    model = PLSLDA(n_components=4).fit(X.astype(np.float32), y)
    assert model.transform(X.astype(np.float32)).dtype == np.float32
    assert model.explain_(X.astype(np.float32)).dtype == np.float32


def test_one_group_can_not_be_split(minerals):
    X, y, _ = minerals
    with pytest.raises(ValueError, match="All spectra are of one group"):
        PLSLDA(n_components="rmse").fit(X, y, groups=np.zeros(len(y)))
