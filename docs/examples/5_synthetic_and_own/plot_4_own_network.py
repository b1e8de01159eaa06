"""
Can a network of mine explain itself?
=====================================

Yes, if it is written as two methods: ``features`` makes feature maps of spectra,
``head`` makes scores of feature maps. ``SpectralNetClassifier`` does the rest:
training, labels, scikit-learn's manners and all kinds of maps.
"""

# %%
# A small network with wide filters, and averages of five points. It takes spectra (n,
# n_points) and returns scores (n, n_classes), without softmax.
import torch
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import explain_pipeline, plot_explanation
from sklearn_raman.model_selection import OneGroupPerClassSplit, compare
from sklearn_raman.neural_network import GAPCNNClassifier, SpectralNetClassifier
from sklearn_raman.preprocessing import SNV, WavenumberResampler


class WideFilters(torch.nn.Module):
    """One layer of wide filters, averages, one linear layer."""

    def __init__(self, n_points, n_classes, n_filters=24, width=21):
        super().__init__()
        self.convolution = torch.nn.Conv1d(1, n_filters, width, padding=width // 2)
        self.pool = torch.nn.AvgPool1d(5)
        self.output = torch.nn.Linear(n_points // 5 * n_filters, n_classes)

    def features(self, x):
        """Spectra to feature maps (n, channels, units)."""
        return self.pool(torch.relu(self.convolution(x.unsqueeze(1))))

    def head(self, features):
        """Feature maps to scores."""
        return self.output(features.flatten(1))

    def forward(self, x):
        """Spectra to scores."""
        return self.head(self.features(x))


# %%
# Beside a network of the package and PLS-LDA, on crystals that none of them has seen.
# ``module__`` parameters reach the module, and can be searched.
minerals = load_minerals(as_frame=True)
X, y = minerals.data, minerals.target_names[minerals.target]
steps = [WavenumberResampler(target_wavenumbers=(150, 1506, 4)), SNV()]
own = SpectralNetClassifier(
    WideFilters, module__n_filters=24, max_epochs=30, random_state=0
)
models = {
    "network of my own": make_pipeline(*steps, own),
    "GAP-CNN": make_pipeline(*steps, GAPCNNClassifier(max_epochs=30, random_state=0)),
    "PLS-LDA": make_pipeline(*steps, PLSLDA(n_components=20)),
}
split = OneGroupPerClassSplit(2, random_state=0)
result = compare(
    models, X, y, groups=minerals.groups, cv=split, explain=False, progress=False
)
print(result)

# %%
# By which bands does each of them know calcite?
train, test = next(split.split(X, y, minerals.groups))
spectrum = X.iloc[[test[(y[test] == "Calcite").argmax()]]]
maps = {}
for name, model in models.items():
    model.fit(X.iloc[train], y[train])
    maps[name] = explain_pipeline(model, spectrum, mode="density").iloc[0]
figure = plot_explanation(spectrum.iloc[0], maps, n_bands=1)
