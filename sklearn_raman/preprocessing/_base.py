"""What all transformers that treat each spectrum by itself have in common."""

from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from sklearn_raman._utils._map_back import check_maps, check_mode
from sklearn_raman._utils._sklearn import fit_context
from sklearn_raman._utils._validation import check_spectra
from sklearn_raman._utils._wavenumbers import check_wavenumbers, format_wavenumbers


class SpectrumTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Base of the transformers that keep the grid.

    A subclass writes `_transform_spectra(X)`: validated spectra in, as many spectra
    with as many points out. One that learns from the training spectra also writes
    `_learn(X)`; without it the transformer is stateless, and each spectrum's result
    depends on that spectrum alone.
    """

    _parameter_constraints: dict = {}
    _min_points = 1  # shorter spectra get an error

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the spectra and their axis, and learn what the parameters ask for.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra. Column labels that are numbers are the wavenumbers in cm-1.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        self._learn(self._check_training_spectra(X))
        return self

    def transform(self, X):
        """Transform each spectrum.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra on the axis seen in fit.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points)
            Transformed spectra; float32 stays float32, all else becomes float64.
        """
        return self._transform_spectra(check_spectra(self, X, reset=False))

    def get_feature_names_out(self, input_features=None):
        """Return the column labels, which are the wavenumbers where they are known.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Labels of the input; None means those seen in fit.

        Returns
        -------
        ndarray of str
            Labels of the output.
        """
        named = input_features is not None or hasattr(self, "feature_names_in_")
        axis = getattr(self, "wavenumbers_in_", None)
        if named or axis is None:
            return super().get_feature_names_out(input_features)
        return format_wavenumbers(axis)

    def map_back(self, maps, X=None, *, mode="conserve"):
        """Carry maps from the output axis to the input axis: they stay as they are.

        The grid is the same, so a value stays at its wavenumber. What it means is the
        importance of that wavenumber, not the gradient with respect to raw counts: a
        scale or a baseline ties each value to others of the spectrum, and this is not
        undone.

        Parameters
        ----------
        maps : array-like of shape (..., n_points)
            Maps on the output axis.
        X : None or spectra, default=None
            Ignored.
        mode : {"conserve", "density"}, default="conserve"
            Both are the same here.

        Returns
        -------
        ndarray of shape (..., n_points)
            The same maps.
        """
        check_mode(mode)
        n_points = getattr(self, "n_features_in_", None)
        return check_maps(maps, n_points, owner=type(self).__name__)

    def _check_training_spectra(self, X):
        return check_spectra(self, X, reset=True, ensure_min_features=self._min_points)

    def _known_axis(self, n_points):
        """Return the axis seen in fit or given as a parameter, or None."""
        axis = getattr(self, "wavenumbers_in_", None)
        given = getattr(self, "wavenumbers", None)
        if axis is None and given is not None:
            axis = check_wavenumbers(given, n_points=n_points)
        return axis

    def _learn(self, X):
        """Learn from the training spectra; by default there is nothing to learn."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
