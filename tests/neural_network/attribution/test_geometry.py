"""Where units sit, found by moving an impulse, and which bands get their maps."""

from math import ceil

import numpy as np
import pytest
import torch
from scipy.ndimage import grey_opening
from torch import nn

from sklearn_raman.neural_network import CNN, FMCNN, GAPCNN
from sklearn_raman.neural_network.attribution import (
    contribution,
    place_on_bands,
    unit_positions,
    unit_windows,
    upsampling_operator,
)
from sklearn_raman.neural_network.attribution._geometry import heights_above_background

N_POINTS = 200


def test_the_papers_network():
    """1451 points give 363 units, four points apart: see test_impulse_response."""
    positions = unit_positions(CNN(1451, 9, n_filters=2), 1451)
    np.testing.assert_array_equal(positions, 4 * np.arange(363) + 3)


@pytest.mark.parametrize("n_points", [1, 2, 3, 4, 5, 7, 100])
def test_any_length(n_points):
    net = CNN(n_points, 2, n_filters=2)
    assert net(torch.zeros(3, n_points)).shape == (3, 2)
    assert len(unit_positions(net, n_points)) == ceil(ceil(n_points / 2) / 2)


class Chain(nn.Module):
    """Layers one after the other."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def features(self, x):
        return self.layers(x[:, None]).flatten(2)


class Image(Chain):
    """The same for spectra that are images of height 1."""

    def features(self, x):
        return self.layers(x[:, None, None]).flatten(2)


class Branches(nn.Module):
    """Wide filters with stride, a narrow way past them, and channel attention."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Sequential(nn.Conv1d(1, 1, 4, 2, 1), nn.Conv1d(1, 1, 5, 1, 2))
        self.narrow = nn.Conv1d(1, 1, 2, stride=2)
        self.mean = nn.AdaptiveAvgPool1d(1)

    def features(self, x):
        x = x[:, None]
        wide = self.wide(x)
        weight = torch.nan_to_num(self.mean(wide), 1.0)
        return torch.relu(wide + self.narrow(x)) * weight


LAYERS = {
    "odd": lambda: Chain(nn.Conv1d(1, 2, 5), nn.ReLU(), nn.Conv1d(2, 1, 3)),
    "even": lambda: Chain(nn.Conv1d(1, 1, 4)),
    "even, same": lambda: Chain(nn.Conv1d(1, 1, 8, padding="same"), nn.MaxPool1d(2)),
    "dilated, same": lambda: Chain(nn.Conv1d(1, 1, 4, padding="same", dilation=3)),
    "valid": lambda: Chain(nn.Conv1d(1, 1, 7, padding="valid", stride=3)),
    "padded": lambda: Chain(nn.Conv1d(1, 1, 6, padding=4, stride=2, dilation=2)),
    "circular": lambda: Chain(
        nn.Conv1d(1, 1, 4, padding="same", padding_mode="circular")
    ),
    "one side": lambda: Chain(nn.ConstantPad1d((7, 0), 0.0), nn.Conv1d(1, 1, 8)),
    "cut": lambda: Chain(nn.ZeroPad1d((-5, 2)), nn.Conv1d(1, 1, 3)),
    "reflected": lambda: Chain(nn.ReflectionPad1d((1, 4)), nn.Conv1d(1, 1, 6)),
    "replicated": lambda: Chain(nn.ReplicationPad1d((3, 0)), nn.MaxPool1d(4, 1)),
    "pools": lambda: Chain(
        nn.MaxPool1d(3, 2, padding=1), nn.AvgPool1d(4, padding=2), nn.MaxPool1d(2, 1)
    ),
    "open pools": lambda: Chain(
        nn.MaxPool1d(4, ceil_mode=True), nn.AvgPool1d(3, ceil_mode=True)
    ),
    "dilated pool": lambda: Chain(nn.MaxPool1d(3, stride=1, dilation=5)),
    "adaptive": lambda: Chain(nn.AdaptiveMaxPool1d(60), nn.AdaptiveAvgPool1d(20)),
    "strides": lambda: Chain(
        nn.AvgPool1d(3, stride=2), nn.Conv1d(1, 1, 1, stride=2), nn.AvgPool1d(2)
    ),
    "image": lambda: Image(
        nn.Conv2d(1, 1, (1, 4), padding="same"),
        nn.MaxPool2d((1, 2)),
        nn.ZeroPad2d((3, 1, 0, 0)),
        nn.Conv2d(1, 1, (1, 6), stride=(1, 2), dilation=(1, 2), padding=(0, 1)),
        nn.AvgPool2d((1, 3), ceil_mode=True),
    ),
    "weight norm": lambda: Chain(
        nn.utils.parametrizations.weight_norm(nn.Conv1d(1, 1, 4, stride=2)),
        nn.utils.parametrizations.spectral_norm(nn.Conv1d(1, 2, 3, padding=1)),
    ),
    "branches": Branches,
    "CNN": lambda: CNN(240, 2, n_filters=3, derivative=False),
    "CNN, derivative": lambda: CNN(240, 2, n_filters=3),
    "CNN, odd": lambda: CNN(240, 2, n_filters=3, kernel_size=5, pool_size=3),
    "CNN, 3 blocks": lambda: CNN(240, 2, n_filters=3, n_blocks=3, kernel_size=6),
    "FMCNN": lambda: FMCNN(240, 2),
    "FMCNN, even": lambda: FMCNN(240, 2, kernel_size=4, pool_size=3),
    "GAPCNN": lambda: GAPCNN(240, 2),
    "GAPCNN, even": lambda: GAPCNN(
        240, 2, kernel_size=(12, 6, 4), stride=(2, 1, 3), pool_bins=7
    ),
    "GAPCNN, strides": lambda: GAPCNN(
        240, 2, kernel_size=(31, 15, 7), stride=(2, 2, 2), pool_size=1
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_impulse_response(name):
    """Each point of a spectrum moves the units whose windows say so, and no others.

    Filters of ones and rising spectra, so that a change reaches the end; NaN as the
    change, which neither activations nor pools hold back.
    """
    net = LAYERS[name]().double().eval()
    spectra = torch.linspace(0, 1, 240, dtype=torch.float64).repeat(240, 1)
    spectra.fill_diagonal_(torch.nan)
    answers = net.features(spectra)
    seen = torch.isnan(answers).any(dim=1).T.numpy()  # units x points
    windows, positions = unit_windows(net, 240), unit_positions(net, 240)
    assert windows.shape == seen.shape and len(positions) == len(seen)
    np.testing.assert_allclose(windows.sum(axis=1), 1)
    inner = ~seen[:, :45].any(axis=1) & ~seen[:, -45:].any(axis=1)
    assert inner.any()
    np.testing.assert_array_equal((windows.toarray() > 0)[inner], seen[inner])
    middles = (seen * np.arange(240)).sum(axis=1) / seen.sum(axis=1)
    np.testing.assert_allclose(positions[inner], middles[inner])
    np.testing.assert_allclose((windows @ np.arange(240))[inner], middles[inner])


def test_windows_count_paths():
    """Filters and pools of ones add up the paths from a point to a unit."""
    layers = nn.Conv1d(1, 1, 4, padding="same"), nn.AvgPool1d(3, 2), nn.Conv1d(1, 1, 2)
    net = Chain(*layers).double()
    for layer in layers[::2]:
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
    paths = net.features(torch.eye(40, dtype=torch.float64))[:, 0].detach().T
    expected = paths / paths.sum(dim=1, keepdim=True)
    np.testing.assert_allclose(unit_windows(net, 40).toarray(), expected)


def test_units_that_see_padding_only():
    windows = unit_windows(Chain(nn.Conv1d(1, 1, 3, padding=6)), 10).toarray()
    np.testing.assert_allclose(windows.sum(axis=1), 1)
    assert windows[0, 0] == windows[-1, -1] == 1


class Functional(nn.Module):
    """Changes the number of units in a function, where no layer tells."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.first, self.last = nn.Conv1d(1, 1, 3, padding=1), nn.Conv1d(1, 1, 3)

    def features(self, x):
        return self.last(self.function(self.first(x[:, None])))


@pytest.mark.parametrize(
    "function",
    [
        lambda maps: nn.functional.max_pool1d(maps, 2),
        lambda maps: nn.functional.pad(maps, (2, 0)),
        lambda maps: nn.functional.adaptive_avg_pool1d(maps, 7),
    ],
)
def test_positions_that_are_not_known(function):
    with pytest.raises(ValueError, match="Functional.*not known.*upsample=False"):
        unit_positions(Functional(function), 30)


class Turned(nn.Module):
    """A layer on channels, which come last in the meantime."""

    def __init__(self, layer):
        super().__init__()
        self.first, self.layer = nn.Conv1d(1, 4, 3, padding=1), layer
        self.last = nn.Conv1d(4, 1, 4, stride=2)

    def features(self, x):
        return self.last(self.layer(self.first(x[:, None]).mT).mT)


class Squeeze(nn.Module):
    """Weights of channels, from layers that see no axis."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(1, 30, 5, padding=2)
        self.weights = nn.Sequential(
            nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(30, 30), nn.Sigmoid()
        )

    def features(self, x):
        maps = self.first(x[:, None])
        return maps * self.weights(maps)[:, :, None]


class Recurrent(nn.GRU):
    """A layer of a user, with tuples as answers."""


@pytest.mark.parametrize(
    "layer",
    [
        nn.ConvTranspose1d(1, 1, 3, padding=1),
        nn.Linear(30, 30),
        Recurrent(30, 30),
        nn.LSTM(30, 30),
        nn.Upsample(scale_factor=2),
        nn.Sequential(nn.Conv1d(1, 2, 1), nn.Flatten(), nn.Unflatten(1, (1, 60))),
        nn.LPPool1d(2, 3),
        nn.TransformerEncoderLayer(30, 2, batch_first=True),
        nn.AdaptiveAvgPool1d(7),
    ],
)
def test_layers_that_are_not_known(layer):
    """They are named, and a declaration is believed."""
    net = Chain(nn.Conv1d(1, 1, 3, padding=1), layer, nn.ReLU())
    for function in (unit_windows, unit_positions):
        with pytest.raises(ValueError, match=r"'layers.1.*receptive_width.*upsample"):
            function(net, 30)


def test_layers_that_say_what_they_see():
    layer = nn.ConvTranspose1d(1, 1, 5, padding=2)
    layer.receptive_width = 5
    windows = unit_windows(Chain(layer), 30).toarray()
    np.testing.assert_array_equal(np.flatnonzero(windows[9]), np.arange(7, 12))
    layer.receptive_width = 3
    with pytest.raises(ValueError, match="outside their windows"):
        unit_windows(Chain(layer), 30)


class Pair(nn.Module):
    def forward(self, x):
        return x, None


class Scale(nn.Module):
    def forward(self, factor, x):
        return factor * x


class OwnLayers(nn.Module):
    """Layers of one's own that return a pair, or take a number first."""

    def __init__(self):
        super().__init__()
        self.convolve, self.pair, self.scale = nn.Conv1d(1, 2, 4, 2), Pair(), Scale()

    def features(self, x):
        x, _ = self.pair(self.convolve(x[:, None]))
        return self.scale(2.0, x)


def test_layers_of_ones_own():
    expected = unit_positions(Chain(nn.Conv1d(1, 2, 4, 2)), N_POINTS)
    np.testing.assert_array_equal(unit_positions(OwnLayers(), N_POINTS), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_layers_on_channels_that_come_last(dtype):
    net = Turned(nn.LayerNorm(4)).to(dtype)
    expected = unit_windows(Turned(nn.Identity()), 30)
    np.testing.assert_array_equal(unit_windows(net, 30).toarray(), expected.toarray())


def test_weights_of_channels():
    np.testing.assert_array_equal(unit_positions(Squeeze(), 30), np.arange(30))


@pytest.mark.parametrize(
    "function",
    [
        lambda maps: maps.roll(1, dims=-1),
        lambda maps: maps.flip(-1),
        lambda maps: nn.functional.conv1d(maps, torch.ones(1, 1, 5), padding=2),
        lambda maps: nn.functional.interpolate(maps[..., 5:25], size=30),
    ],
)
def test_functions_that_move_points(function):
    with pytest.raises(ValueError, match="Functional.*outside.*upsample=False"):
        unit_windows(Functional(function), 30)


@pytest.mark.parametrize("network", [CNN, FMCNN, GAPCNN])
def test_windows_are_centered_on_units(network):
    net = network(300, 2)
    windows, positions = unit_windows(net, 300), unit_positions(net, 300)
    assert windows.shape == (len(positions), 300)
    inner = (positions > 60) & (positions < 240)
    np.testing.assert_allclose((windows @ np.arange(300))[inner], positions[inner])


def test_positions_of_any_layer():
    net = CNN(100, 2, n_filters=2)
    np.testing.assert_array_equal(unit_positions(net, 100, "input"), np.arange(100))
    found = unit_positions(net, 100, "blocks.2")
    np.testing.assert_array_equal(found, 2 * np.arange(50) + 1)
    last = unit_positions(net, 100, "blocks.7")
    np.testing.assert_array_equal(last, unit_positions(net, 100))
    with pytest.raises(ValueError, match="layer='output'.*blocks.1"):
        unit_positions(net, 100, "output")


def test_upsampling_is_linear_interpolation(rng):
    positions = 4 * np.arange(6) + 1.5
    maps = rng.normal(size=(3, 6))
    found = maps @ upsampling_operator(positions, 24)
    expected = [np.interp(np.arange(24), positions, row) for row in maps]
    np.testing.assert_allclose(found, expected)


def test_spline_upsampling(rng):
    """Order 2, by what defines it: it passes the units, and is exact for parabolas."""
    positions = 4 * np.arange(6) + 1.5
    points = np.arange(24)
    inside = (points >= positions[0]) & (points <= positions[-1])
    operator = upsampling_operator(positions, 24, "spline")
    parabola = 3 - 2 * positions + 0.5 * positions**2
    expected = (3 - 2 * points + 0.5 * points**2)[inside]
    np.testing.assert_allclose((parabola @ operator)[inside], expected, rtol=1e-10)
    np.testing.assert_allclose(operator.sum(axis=0), 1)
    ends = rng.normal(size=6) @ operator
    assert ends[0] == ends[1] and ends[-1] == ends[-2]
    whole = upsampling_operator(np.arange(24), 24, "spline")
    np.testing.assert_allclose(whole, np.eye(24), atol=1e-10)


@pytest.mark.parametrize("kind", ["linear", "spline"])
@pytest.mark.parametrize("n_units", [1, 2, 3])
def test_few_units(n_units, kind):
    positions = 4 * np.arange(n_units) + 1.5
    operator = upsampling_operator(positions, 12, kind)
    assert operator.shape == (n_units, 12)
    np.testing.assert_allclose(np.ones(n_units) @ operator, 1)


def test_unknown_kind_of_interpolation():
    with pytest.raises(ValueError, match="kind"):
        upsampling_operator([0.5, 2.5], 4, "cubic")


# Placement on bands -----------------------------------------------------------------


@pytest.fixture
def windows():
    """40 points wide, units four points apart."""
    return unit_windows(CNN(N_POINTS, 2, n_filters=2), N_POINTS)


def band_at(center, height=1.0, fwhm=5.0):
    return height / (1 + ((np.arange(N_POINTS) - center) / (fwhm / 2)) ** 2)


def test_sums_are_kept(windows, rng):
    """Of 70 spectra, more than are taken at a time."""
    X = rng.normal(size=(70, N_POINTS))
    one = rng.normal(size=(70, windows.shape[0]))
    every = rng.normal(size=(70, 4, windows.shape[0]))
    for maps in (one, every):
        placed = place_on_bands(maps, X, windows)
        assert placed.shape == (*maps.shape[:-1], N_POINTS)
        np.testing.assert_allclose(placed.sum(axis=-1), maps.sum(axis=-1))
    np.testing.assert_allclose(
        place_on_bands(every, X, windows)[:, 2], place_on_bands(every[:, 2], X, windows)
    )


def test_completeness_reaches_the_points(rng):
    """The map on points adds up to the logit minus that of zero features."""
    net = CNN(N_POINTS, 3, n_filters=4).double().eval()
    X = torch.tensor(rng.normal(size=(2, N_POINTS)))
    maps = contribution(net, X, "all", score="logit", reference="zero_features")
    placed = place_on_bands(maps.numpy(), X.numpy(), unit_windows(net, N_POINTS))
    with torch.no_grad():
        features = net.features(X)
        wanted = net.head(features) - net.head(torch.zeros_like(features))
    np.testing.assert_allclose(placed.sum(axis=-1), wanted.numpy(), atol=1e-10)


def test_share_of_a_unit(windows, rng):
    """In proportion to window times height, by a loop over units and points."""
    X, maps = rng.normal(size=(2, N_POINTS)), rng.normal(size=(2, windows.shape[0]))
    heights, dense = heights_above_background(X), windows.toarray()
    expected = np.zeros_like(X)
    for row in range(2):
        for unit, window in enumerate(dense):
            weights = window * heights[row]
            expected[row] += maps[row, unit] * weights / weights.sum()
    np.testing.assert_allclose(place_on_bands(maps, X, windows), expected)


@pytest.mark.parametrize("slope", [0.0, 0.02, -0.02])
@pytest.mark.parametrize("beside", [-2, 0, 2])
def test_flanks_go_to_the_band(windows, slope, beside):
    """Also on a background that falls below the spectrum's median."""
    X = (band_at(90) + slope * np.arange(N_POINTS))[None]
    unit = np.argmin(np.abs(4 * np.arange(50) + 3 - 90)) + beside
    placed = place_on_bands(np.eye(50)[[unit]], X, windows)[0]
    assert abs(placed.argmax() - 90) <= 1
    assert placed[86:95].sum() > 0.6


@pytest.mark.parametrize("n_points", [1, 2, 9, 57, 200])
def test_heights_by_scipy(n_points, rng):
    X = rng.normal(size=(3, n_points))
    width = 2 * (min(31, n_points) // 2) + 1
    expected = X - grey_opening(X, size=(1, width), mode="nearest")
    expected += 0.01 * np.ptp(X, axis=1, keepdims=True)
    if n_points == 1:
        expected[:] = 1
    np.testing.assert_allclose(heights_above_background(X), expected, atol=1e-12)


def test_flat_spectra_keep_contributions_around_units(windows, rng):
    maps = rng.normal(size=(2, windows.shape[0]))
    placed = place_on_bands(maps, np.full((2, N_POINTS), 7.0), windows)
    np.testing.assert_allclose(placed, maps @ windows.toarray())


def test_scale_and_offset_of_a_spectrum_do_not_matter(windows, rng):
    X, maps = rng.normal(size=(1, N_POINTS)), rng.normal(size=(1, windows.shape[0]))
    found = place_on_bands(maps, X, windows)
    np.testing.assert_allclose(place_on_bands(maps, 5 * X - 3, windows), found)


@pytest.mark.parametrize("n_points", [1, 2, 5, 31])
def test_short_spectra(n_points):
    net = CNN(n_points, 2, n_filters=2)
    units = len(unit_positions(net, n_points))
    placed = place_on_bands(
        np.ones((1, units)), np.ones((1, n_points)), unit_windows(net, n_points)
    )
    assert placed.sum() == pytest.approx(units)
