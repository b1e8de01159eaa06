"""The simulation of bands runs, and knows the truth that it was made from."""

import numpy as np

from benchmarks import bench_bands


def test_bench_bands_quick(monkeypatch, capsys):
    monkeypatch.setattr(bench_bands, "write_results", None)  # quick writes no results
    bench_bands.main(["--quick", "--parts", "worlds", "null"])
    printed = capsys.readouterr().out
    for row in ("share_covered", "position_covered", "power", "with_discovery"):
        assert row in printed


def test_center_is_that_of_the_upper_half():
    axis = np.arange(20.0)
    weight = np.where(np.abs(axis - 8) <= 2, 2 - np.abs(axis - 8), 0)
    assert bench_bands.center(axis, weight) == 8
    weight[15] = 1.5  # another band, parted from the highest
    assert bench_bands.center(axis, weight) == 8
