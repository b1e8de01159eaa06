"""
How many crystals are enough?
=============================

Before the next hundred measurements: would they help? The curve of accuracy against
the number of training crystals answers, with an interval, as far as it was measured.
"""

# %%
# The bundled minerals, with noise added: 18 minerals, 5 to 8 crystals each. The noise
# has a third of the height of the strongest band.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import sample_size_curve
from sklearn_raman.preprocessing import SNV, SavitzkyGolay, WavenumberResampler

minerals = load_minerals(as_frame=True)
rng = np.random.default_rng(0)
strongest = minerals.data.max(axis=1).to_numpy()[:, None]
X = minerals.data + rng.normal(size=minerals.data.shape) * strongest / 3
y = minerals.target_names[minerals.target]

smooth = SavitzkyGolay(window_length=21)
grid = WavenumberResampler(target_wavenumbers=(150, 1506, 4))
models = {
    "SVM": make_pipeline(smooth, grid, SNV(), SVC(kernel="linear", C=1.0)),
    "PLS-LDA": make_pipeline(smooth, grid, SNV(), PLSLDA(n_components=15)),
}

# %%
# Each fifth of the crystals is tested in turn. From the others, 1, 2, 3 and 4 crystals
# of each mineral are drawn to train on, three times.
curve = sample_size_curve(
    models, X, y, minerals.groups, n_draws=3, progress=False, random_state=0
)
print(curve)

# %%
# The figure goes on to 12 crystals per mineral, dotted: if the error goes on to fall as
# it did. Its interval begins with that of the last size that was measured, and grows by
# what the law may be wrong about.
figure, ax = plt.subplots(figsize=(8.2, 4.4))
curve.plot(extrapolate_to=12, ax=ax)
ax.set_title("Each crystal more helps less than the one before")
plt.show()

# %%
# How many errors would be left?
beyond = curve.extrapolate([8, 12])
print(beyond[["model", "size", "accuracy", "lower", "upper"]].round(3))

# %%
# With spectra in the place of crystals the same data promise too much: the second
# spectrum of a crystal is in training when the first one is tested.
by_spectrum = sample_size_curve(
    {"SVM": models["SVM"]},
    X,
    y,
    sizes=[2, 4, 8],
    n_draws=1,
    progress=False,
    random_state=0,
)
print(by_spectrum.to_frame()[["size", "accuracy", "lower", "upper"]].round(3))
