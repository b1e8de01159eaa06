"""The paper's network, and a search for PCA + SVM to compare it with."""

from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman.neural_network import CNNClassifier, paper_settings

SVM_GRID = {"svc__C": [1.0, 10.0, 100.0], "svc__kernel": ["linear", "rbf"]}


def paper_cnn(section, seed, *, epochs=None, **changes):
    """Return the network as a section trains it; `epochs` None are the paper's."""
    changes |= {} if epochs is None else {"max_epochs": epochs}
    settings = paper_settings("fukuhara", section=section) | changes
    return CNNClassifier(**settings, random_state=seed)


def pca_svm(n_components, inner):
    """Return a search over numbers of components and `SVM_GRID` in inner folds."""
    grid = {"pca__n_components": n_components, **SVM_GRID}
    return GridSearchCV(make_pipeline(PCA(random_state=0), SVC()), grid, cv=inner)
