"""
Was my table read as I meant it?
================================

A table from a spreadsheet holds more than spectra: an index, the name of the mineral,
the crystal, a date. One column too many among the intensities and a model learns the
date.
"""

# %%
# A table as people export it: an index without heading, two columns of text, the laser
# power, then a column for each wavenumber, with unit, and decimal commas.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sklearn_raman.datasets import load_minerals, read_spectra_table

minerals = load_minerals(as_frame=True)
names = minerals.target_names[minerals.target]
table = minerals.data.iloc[:, ::4].round(5)
table.columns = [f"{float(label):.1f} cm-1" for label in table.columns]
table.insert(0, "mineral", names)
table.insert(1, "crystal", minerals.groups)
table.insert(2, "power_mW", 10.0)
path = Path(tempfile.mkdtemp()) / "export.csv"
table.to_csv(path, sep=";", decimal=",")
print(path.read_text()[:150], "...")

# %%
# Name what is label and group. The rest is found out, and said.
spectra = read_spectra_table(path, label="mineral", group="crystal")
print(spectra.DESCR)

# %%
# The check that takes a minute and saves a week: the mean of each class with its
# spread. Are the bands where they should be? Does one class have another background?
# Does a class hold spectra of another?
shown = ["Calcite", "Dolomite", "Forsterite", "Fluorite"]
figure, panels = plt.subplots(4, 1, figsize=(8.2, 6.5), sharex=True, sharey=True)
for ax, name in zip(panels, shown, strict=True):
    rows = spectra.data[spectra.target == name]
    low, middle, high = np.quantile(rows, [0.1, 0.5, 0.9], axis=0)
    ax.fill_between(spectra.wavenumbers, low, high, color="#0072b2", alpha=0.25, lw=0)
    ax.plot(spectra.wavenumbers, middle, color="#0072b2", lw=1)
    crystals = len(np.unique(spectra.groups[spectra.target == name]))
    ax.set_title(f"{name}: {len(rows)} spectra of {crystals} crystals")
    ax.set_yticks([])
panels[-1].set_xlabel("Raman shift (cm$^{-1}$)")
figure.suptitle("median, and the middle 80 % of the spectra", fontsize=11)
plt.show()

# %%
# If it is not what you meant, say so: ``metadata=["power_mW"]`` lists the columns that
# are no intensities and makes any other an error; ``orientation="columns"`` reads a
# table with a spectrum in each column.
print(spectra.metadata.head())
