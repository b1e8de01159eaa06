"""Every script in benchmarks/ that needs no extra data runs in its quick mode."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import compare_minerals
from sklearn_raman.datasets import load_minerals


def test_compare_minerals_quick(tmp_path, capsys):
    compare_minerals.main(["--quick", "--n-jobs", "1", "--output", str(tmp_path)])
    printed = capsys.readouterr().out
    for model in ("CNN", "SVM", "PLS-LDA", "KNN", "LDA", "Random forest"):
        assert model in printed
    for page in ("new_crystals.html", "few_and_noisy.html"):
        assert "<html" in (tmp_path / page).read_text()


@pytest.mark.parametrize("seed", range(3))
def test_few_crystals_split(seed):
    minerals = load_minerals()
    train, test = compare_minerals.few_crystals_split(
        minerals.target, minerals.groups, 2, random_state=seed
    )
    assert not set(minerals.groups[train]) & set(minerals.groups[test])
    assert len(train) + len(test) == len(minerals.target)
    crystals = pd.DataFrame({"y": minerals.target, "g": minerals.groups}).iloc[train]
    assert (crystals.groupby("y")["g"].nunique() == 2).all()


def test_noise_has_the_ratio_it_says():
    clean = pd.DataFrame(np.vstack([np.zeros(4000), np.zeros(4000)]))
    clean[7] = [10.0, 40.0]
    noise = compare_minerals.add_noise(clean, 5.0, random_state=0) - clean
    np.testing.assert_allclose(noise.std(axis=1), [2, 8], rtol=0.05)
