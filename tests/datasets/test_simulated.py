"""Simulated spectra: the formulas computed a second way, and the parts add up."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_raman.datasets import (
    make_lorentzian_spectra,
    make_mixtures,
    make_raman_spectra,
)


def equation_10(channel, center, fwhm):
    """One value of the band in Fukuhara et al. (2019), equation 10, without noise."""
    return 1 / (1 + ((channel - center) / (fwhm / 2)) ** 2)


class TestLorentzianSpectra:
    def test_paper_setting(self):
        X, y = make_lorentzian_spectra(random_state=0)
        assert X.shape == (60, 1024)
        assert np.bincount(y).tolist() == [20, 20, 20]
        assert (X.max(axis=1) == 1).all()

    def test_band_is_equation_10(self):
        X, y = make_lorentzian_spectra(
            1, centers=[10, 20.5], fwhm=3.0, n_points=40, noise=0, normalize=False
        )
        for row, center in zip(X, [10, 20.5], strict=True):
            expected = [equation_10(channel, center, 3.0) for channel in range(40)]
            np.testing.assert_allclose(row, expected, rtol=1e-13)
        assert y.tolist() == [0, 1]

    def test_distractors_are_bands_of_the_same_shape(self):
        _, _, truth = make_lorentzian_spectra(
            4, n_distractors=3, return_truth=True, random_state=0
        )
        assert truth.distractors.shape == (12, 3)
        assert ((truth.distractors >= 0) & (truth.distractors <= 1023)).all()
        for clean, center, others in zip(
            truth.clean, truth.centers, truth.distractors, strict=True
        ):
            expected = sum(
                equation_10(truth.channels, place, 4.0) for place in [center, *others]
            )
            np.testing.assert_allclose(clean, expected, rtol=1e-12)

    @pytest.mark.parametrize("n_distractors", [0, 3])
    def test_noise_is_uniform_within_its_bounds(self, n_distractors):
        _, _, truth = make_lorentzian_spectra(
            n_distractors=n_distractors, return_truth=True, random_state=0
        )
        relative = truth.noise / truth.clean.max(axis=1, keepdims=True)
        assert np.abs(relative).max() <= 0.025
        # A uniform distribution on +-a has the standard deviation a / sqrt(3).
        assert relative.std() == pytest.approx(0.025 / np.sqrt(3), rel=0.02)
        assert abs(relative.mean()) < 1e-3

    @pytest.mark.parametrize("normalize", [True, False])
    def test_parts_add_up(self, normalize):
        X, _, truth = make_lorentzian_spectra(
            normalize=normalize, return_truth=True, random_state=0
        )
        np.testing.assert_allclose(X * truth.scale, truth.clean + truth.noise)
        assert (truth.scale == 1).all() != normalize

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ({"centers": [100, 1024]}, "centers=.*n_points - 1 = 1023"),
            ({"centers": [-1]}, "centers"),
            ({"centers": [[1, 2]]}, "centers"),
            ({"centers": [np.nan]}, "centers contains NaN"),
            ({"fwhm": 0}, "fwhm"),
            ({"noise": 1.0}, "noise"),
            ({"n_distractors": -1}, "n_distractors"),
        ],
    )
    def test_bad_arguments_are_named(self, bad, message):
        with pytest.raises(ValueError, match=message):
            make_lorentzian_spectra(**bad)


class TestMixtures:
    @pytest.fixture
    def pure(self):
        """Four classes with one spectrum each, of which every point differs."""
        X = np.random.RandomState(0).uniform(0.1, 1, size=(4, 30))
        return X, np.array(["ala", "arg", "his", "leu"])

    def test_paper_setting_for_twenty_classes(self):
        X = np.random.RandomState(0).uniform(size=(20, 5))
        _, y = make_mixtures(X, np.arange(20), random_state=0)
        assert np.bincount(y).tolist() == [95] * 20

    def test_composition_times_pure_spectra_is_the_mixture(self, pure):
        X, y = pure
        mixed, _, truth = make_mixtures(
            X, y, normalize=False, return_truth=True, random_state=0
        )
        np.testing.assert_allclose(mixed, truth.composition @ X, rtol=1e-13)
        assert (truth.scale == 1).all()

    def test_normalized_mixture_has_maximum_one(self, pure):
        X, y = pure
        mixed, _, truth = make_mixtures(X, y, return_truth=True, random_state=0)
        np.testing.assert_allclose(mixed.max(axis=1), 1, rtol=1e-15)
        np.testing.assert_allclose(mixed * truth.scale, truth.composition @ X)

    def test_every_ordered_pair_occurs_equally_often(self, pure):
        _, y, truth = make_mixtures(
            *pure, n_per_pair=3, return_truth=True, random_state=0
        )
        pairs, counts = np.unique(
            np.column_stack([y, truth.minor]), axis=0, return_counts=True
        )
        assert len(pairs) == 12
        assert (counts == 3).all()
        assert (pairs[:, 0] != pairs[:, 1]).all()

    def test_truth_says_what_each_mixture_is(self, pure):
        _, y, truth = make_mixtures(*pure, return_truth=True, random_state=0)
        assert ((truth.ratio >= 0.1) & (truth.ratio <= 0.5)).all()
        assert truth.classes[truth.one_hot.argmax(axis=1)].tolist() == y.tolist()
        assert (truth.one_hot.sum(axis=1) == 1).all()
        minor_part = truth.composition - truth.one_hot
        np.testing.assert_allclose(minor_part.sum(axis=1), truth.ratio)
        minor = truth.classes[minor_part.argmax(axis=1)]
        assert minor.tolist() == truth.minor.tolist()

    def test_spectra_are_drawn_among_all_rows_of_their_class(self):
        rng = np.random.RandomState(0)
        X, y = rng.uniform(0.1, 1, size=(12, 6)), np.arange(12) % 3
        mixed, y_mixed, truth = make_mixtures(
            X, y, n_per_pair=40, normalize=False, return_truth=True, random_state=0
        )
        assert set(truth.rows.ravel()) == set(range(12))
        np.testing.assert_array_equal(y[truth.rows[:, 0]], y_mixed)
        np.testing.assert_array_equal(y[truth.rows[:, 1]], truth.minor)
        major, minor = X[truth.rows[:, 0]], X[truth.rows[:, 1]]
        np.testing.assert_allclose(mixed, major + truth.ratio[:, None] * minor)

    def test_ratio_can_be_fixed(self, pure):
        _, _, truth = make_mixtures(*pure, ratio=(0.45, 0.45), return_truth=True)
        assert (truth.ratio == 0.45).all()

    @pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
    def test_frame_in_frame_out(self, pure, frame):
        X, y = pure
        columns = [str(400.5 + i) for i in range(X.shape[1])]
        framed = frame(dict(zip(columns, X.T, strict=True)))
        mixed, _ = make_mixtures(framed, y, random_state=0)
        assert isinstance(mixed, frame)
        assert list(mixed.columns) == columns
        expected, _ = make_mixtures(X, y, random_state=0)
        np.testing.assert_array_equal(mixed.to_numpy(), expected)

    def test_float32_stays(self, pure):
        X, y = pure
        assert make_mixtures(X.astype(np.float32), y)[0].dtype == np.float32

    @pytest.mark.parametrize("ratio", [(0.5, 0.1), (0, 0.5), (0.1, 1.5), 0.3, "ab"])
    def test_bad_ratio(self, pure, ratio):
        with pytest.raises(ValueError, match="ratio.*pair"):
            make_mixtures(*pure, ratio=ratio)

    def test_one_class_can_not_be_mixed(self, pure):
        with pytest.raises(ValueError, match="only the class ala,"):
            make_mixtures(pure[0], np.repeat("ala", 4))

    def test_mixture_without_positive_value(self):
        X = -np.ones((2, 3))
        with pytest.raises(ValueError, match="normalize=False"):
            make_mixtures(X, [0, 1])
        assert (make_mixtures(X, [0, 1], normalize=False)[0] < 0).all()

    def test_lengths_must_agree(self, pure):
        with pytest.raises(ValueError, match="but X has 4 spectra"):
            make_mixtures(pure[0], [0, 1])


@pytest.fixture(scope="module")
def spectra():
    return make_raman_spectra(
        300, n_classes=3, spike_rate=2.0, return_truth=True, random_state=0
    )


class TestRamanSpectra:
    def test_parts_add_up_exactly(self, spectra):
        X, _, truth = spectra
        parts = truth.signal + truth.fluorescence + truth.noise + truth.spikes
        np.testing.assert_array_equal(X, parts)
        assert np.isfinite(X).all()

    def test_signal_is_made_of_the_bands(self, spectra):
        _, _, truth = spectra
        for i in (0, 299):
            expected = sum(
                height * equation_10(truth.wavenumbers, place, width)
                for place, width, height in zip(
                    truth.positions[i], truth.fwhm[i], truth.heights[i], strict=True
                )
            )
            np.testing.assert_allclose(truth.signal[i], expected, rtol=1e-12)

    def test_shared_bands(self, spectra):
        truth = spectra[2]
        assert truth.n_shared == 4
        for part in (truth.class_positions, truth.class_fwhm, truth.class_heights):
            assert part.shape == (3, 8)
            assert (part[:, :4] == part[0, :4]).all()
            assert (part[0, 4:] != part[1, 4:]).all()

    def test_similarity_from_none_to_identical(self):
        kwargs = {"n_samples": 4, "return_truth": True, "random_state": 0}
        apart = make_raman_spectra(similarity=0, **kwargs)[2]
        assert (apart.class_positions[0] != apart.class_positions[1]).all()
        same = make_raman_spectra(similarity=1, **kwargs)[2]
        assert (same.class_positions[0] == same.class_positions[1]).all()

    def test_variation_within_a_class(self, spectra):
        _, y, truth = spectra
        shift = truth.positions - truth.class_positions[y]
        assert shift.std() == pytest.approx(0.5, rel=0.05)
        ratio = np.log(truth.heights / truth.class_heights[y])
        assert ratio.std() == pytest.approx(0.1, rel=0.05)
        still = make_raman_spectra(
            4,
            intensity_variation=0,
            position_variation=0,
            return_truth=True,
            random_state=0,
        )[2]
        np.testing.assert_array_equal(still.signal[0], still.signal[1])
        # Without variation the bands of a spectrum are those of its class.
        for part in ("positions", "fwhm", "heights"):
            own, of_class = still[part], still["class_" + part]
            np.testing.assert_allclose(own[[0, -1]], of_class, rtol=1e-12)

    def test_noise_has_the_variance_of_counting_and_reading(self, spectra):
        _, _, truth = spectra
        expected = truth.signal + truth.fluorescence + 5.0**2
        standardized = truth.noise / np.sqrt(expected)
        assert standardized.std() == pytest.approx(1, abs=0.01)
        assert abs(standardized.mean()) < 0.01

    def test_counts_without_read_noise_are_whole_numbers(self):
        X, _ = make_raman_spectra(3, read_noise=0, spike_rate=0, random_state=0)
        np.testing.assert_allclose(X, X.round(), atol=1e-8)
        assert X.min() > -1e-8

    def test_more_photons_mean_less_relative_noise(self):
        def relative_noise(photons):
            truth = make_raman_spectra(
                20, photons=photons, read_noise=0, return_truth=True, random_state=0
            )[2]
            return truth.noise.std() / truth.signal.std()

        assert relative_noise(1e6) == pytest.approx(relative_noise(1e4) / 10, rel=0.05)

    def test_fluorescence_is_smooth_and_as_strong_as_asked(self, spectra):
        _, _, truth = spectra
        highest = truth.fluorescence.max(axis=1) / 1000
        assert (highest >= 1).all()
        assert (highest <= 3).all()
        assert highest.mean() == pytest.approx(2, rel=0.05)
        bend = np.abs(np.diff(truth.fluorescence, n=2, axis=1)).max()
        assert bend < 0.01 * np.abs(np.diff(truth.signal, n=2, axis=1)).max()
        without = make_raman_spectra(3, fluorescence=0, return_truth=True)[2]
        assert (without.fluorescence == 0).all()

    def test_spikes(self, spectra):
        truth = spectra[2]
        assert truth.spike_mask.sum(axis=1).mean() == pytest.approx(2, rel=0.15)
        np.testing.assert_array_equal(truth.spike_mask, truth.spikes > 0)
        assert truth.spikes[truth.spike_mask].min() >= 1000
        without = make_raman_spectra(3, spike_rate=0, return_truth=True)[2]
        assert not without.spike_mask.any()

    def test_classes_do_not_depend_on_noise_arguments(self):
        kwargs = {"n_samples": 4, "return_truth": True, "random_state": 0}
        quiet = make_raman_spectra(read_noise=0, spike_rate=0, **kwargs)[2]
        loud = make_raman_spectra(photons=10, fluorescence=9, spike_rate=5, **kwargs)[2]
        np.testing.assert_array_equal(quiet.class_positions, loud.class_positions)
        # In counts: a hundredth of the photons, a hundredth of the height.
        np.testing.assert_allclose(quiet.class_heights, 100 * loud.class_heights)

    @pytest.mark.parametrize(
        ("n_samples", "n_classes", "weights", "sizes"),
        [
            (10, 2, None, [5, 5]),
            (11, 3, None, [4, 4, 3]),
            (10, 3, [0.7, 0.2, 0.1], [7, 2, 1]),
            (100, 2, [0.95, 0.05], [95, 5]),
        ],
    )
    def test_weights(self, n_samples, n_classes, weights, sizes):
        _, y = make_raman_spectra(n_samples, n_classes=n_classes, weights=weights)
        assert np.bincount(y).tolist() == sizes

    def test_frame_and_descending_axis(self):
        X, y, truth = make_raman_spectra(
            4,
            wavenumbers=[900.0, 700.5, 500.0],
            as_frame=True,
            return_truth=True,
            random_state=0,
        )
        assert X.columns.tolist() == ["900.0", "700.5", "500.0"]
        assert isinstance(y, pd.Series)
        assert truth.wavenumbers.tolist() == [900.0, 700.5, 500.0]
        assert ((truth.class_positions > 500) & (truth.class_positions < 900)).all()

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ({"weights": [0.5, 0.4]}, "weights=.*add up to 1"),
            ({"weights": [1.5, -0.5]}, "weights=.*not negative"),
            ({"weights": [1.0]}, "weights=.*2 proportions"),
            ({"weights": [1.0, 0.0]}, "class 1 no spectrum"),
            ({"n_samples": 1}, "class 1 no spectrum"),
            ({"fwhm": (25, 8)}, "fwhm"),
            ({"fwhm": (0, 8)}, "fwhm"),
            ({"fwhm": (8, np.inf)}, "fwhm"),
            ({"similarity": 1.1}, "similarity"),
            ({"photons": 0}, "photons"),
            ({"wavenumbers": [500.0]}, "wavenumbers.*single point"),
            ({"wavenumbers": (400, 1800)}, "wavenumbers"),
            ({"read_noise": -1}, "read_noise"),
        ],
    )
    def test_bad_arguments_are_named(self, bad, message):
        with pytest.raises(ValueError, match=message):
            make_raman_spectra(**bad)


@pytest.mark.parametrize(
    "make",
    [
        make_lorentzian_spectra,
        make_raman_spectra,
        lambda **kwargs: make_mixtures(np.eye(6) + 1, np.arange(6) // 2, **kwargs),
    ],
    ids=["lorentzian", "raman", "mixtures"],
)
def test_random_state_decides_the_result(make):
    first, labels = make(random_state=3)
    again, labels_again = make(random_state=np.random.RandomState(3))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(labels, labels_again)
    assert not np.array_equal(first, make(random_state=4)[0])


PURE = {"X": np.eye(6) + 1, "y": np.arange(6) // 2}


@pytest.mark.parametrize(
    ("make", "name", "values"),
    [
        (make_lorentzian_spectra, "n_per_class", [True, 0, 2.0, "3", None, np.nan]),
        (make_lorentzian_spectra, "n_points", [True, 0, np.inf]),
        (make_lorentzian_spectra, "noise", [True, np.nan, -0.1, "0"]),
        (make_lorentzian_spectra, "fwhm", [True, np.nan, np.inf, 0]),
        (make_lorentzian_spectra, "normalize", [1, "yes", None]),
        (make_lorentzian_spectra, "random_state", ["seed", 0.5]),
        (make_raman_spectra, "n_samples", [True, 0, 10.0, np.nan]),
        (make_raman_spectra, "n_classes", [True, 0]),
        (make_raman_spectra, "n_bands", [True, 0, 2.5]),
        (make_raman_spectra, "fwhm", [(True, 20), ("8", "25"), (8, np.nan), 8, None]),
        (make_raman_spectra, "similarity", [True, np.nan, -0.1]),
        (make_raman_spectra, "intensity_variation", [True, np.nan, np.inf, 1000]),
        (make_raman_spectra, "position_variation", [np.nan, np.inf, -1]),
        (make_raman_spectra, "photons", [True, np.nan, np.inf]),
        (make_raman_spectra, "fluorescence", [np.nan, np.inf, True]),
        (make_raman_spectra, "read_noise", [np.nan, np.inf, 1e308]),
        (make_raman_spectra, "spike_rate", [np.nan, np.inf, 1e30, True]),
        (make_raman_spectra, "as_frame", [1, "pandas"]),
        (make_raman_spectra, "weights", [[np.nan, 1.0], [np.inf, 0.0], "ab", 0.5]),
        (make_mixtures, "n_per_pair", [True, 0, 1.0]),
        (make_mixtures, "ratio", [(True, True), (0.1, np.nan), (0.1,), None]),
        (make_mixtures, "normalize", [1, None]),
    ],
)
def test_each_parameter_is_checked(make, name, values):
    given = PURE if make is make_mixtures else {}
    for value in values:
        with pytest.raises(ValueError, match=name):
            make(**given, **{name: value})


def test_more_counts_than_can_be_drawn():
    with pytest.raises(ValueError, match=r"photons=.*fluorescence=.*intensity_var"):
        make_raman_spectra(
            photons=1e9, fluorescence=1e6, intensity_variation=5, random_state=0
        )


@pytest.mark.parametrize("y", [[0, 0, 1, np.nan], ["a", "a", None, "b"]])
def test_mixtures_need_every_label(y):
    with pytest.raises(ValueError, match="y misses 1 of 4 values .first at row [23]"):
        make_mixtures(np.eye(4) + 1, np.array(y, dtype=object))


def test_mixtures_refuse_labels_in_another_order():
    X = pd.DataFrame(np.eye(4) + 1, columns=[400.0, 401.0, 402.0, 403.0])
    y = pd.Series(["a", "a", "b", "b"], index=[3, 1, 2, 0])
    with pytest.raises(ValueError, match=r"y has the index of X in another order.*loc"):
        make_mixtures(X, y)
    ordered = y.loc[X.index]
    _, labels, truth = make_mixtures(X, ordered, return_truth=True, random_state=0)
    assert (y.loc[truth.rows[:, 0]] == labels).all()


def test_mixtures_keep_labels_that_are_positions():
    """A mixture is none of the rows of X, whose index says nothing about it."""
    X = pd.DataFrame(np.eye(4) + 1, columns=pd.RangeIndex(100, 104), index=list("abcd"))
    mixed, _ = make_mixtures(X, [0, 0, 1, 1], n_per_pair=2, random_state=0)
    pd.testing.assert_index_equal(mixed.columns, X.columns, exact=True)
    assert mixed.index.tolist() == [0, 1, 2, 3]


def test_global_generator_is_untouched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_lorentzian_spectra(2, random_state=0)
    make_raman_spectra(4, random_state=0)
    make_mixtures(**PURE, random_state=0)
    with pytest.raises(ValueError, match="normalize=False"):
        make_mixtures(-PURE["X"], PURE["y"], random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
