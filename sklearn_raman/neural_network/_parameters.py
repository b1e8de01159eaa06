"""skorch's parameters made to behave as scikit-learn's."""

from sklearn.base import BaseEstimator

from sklearn_raman._utils._sklearn import validate_parameter_constraints

# skorch would take these through **kwargs; as they are not in our signatures, clone()
# would lose them in silence.
_NOT_TAKEN = {
    "compile",
    "dataset",
    "iterator_train",
    "iterator_valid",
    "predict_nonlinearity",
    "torch_load_kwargs",
    "use_caching",
}


class ParametersMixin:
    """Parameters are what the signature lists and what double underscores add.

    skorch keeps more on the instance and acts on some parameters as they are set;
    scikit-learn wants an unfitted estimator to hold its parameters and nothing else,
    and set_params to store and fit to act.
    """

    # skorch sets these on the instance; scikit-learn allows nothing but parameters
    # there before fit, so they are class attributes.
    history_ = None
    initialized_ = False
    virtual_params_ = {}  # replaced, never changed in place
    classes = None

    __repr__ = BaseEstimator.__repr__

    def _reject_unlisted(self, names):
        """Raise for skorch's parameters that the signature does not list."""
        if lost := sorted(set(names) & _NOT_TAKEN):
            raise TypeError(f"{type(self).__name__} does not take {lost}.")

    def _forget_skorch_state(self):
        """Remove what skorch's constructor left beside the parameters."""
        for name in ("history_", "initialized_", "virtual_params_", "classes"):
            vars(self).pop(name, None)

    def _get_param_names(self):
        # scikit-learn's (the signature) and skorch's double-underscore names that were
        # given, instead of all of __dict__. skorch notes a name in set_params before it
        # sets it, hence "in vars".
        signature = BaseEstimator._get_param_names.__func__(type(self))
        given = {name for name in self._params_to_validate if name in vars(self)}
        return sorted({*signature, *given})

    def set_params(self, **params):
        # skorch acts on some parameters at once: it builds callbacks (and raises), and
        # on a fitted net replaces the trained module by a fresh one. In scikit-learn
        # set_params only stores, and the next fit acts.
        if "callbacks" in params:
            self.callbacks = params.pop("callbacks")
        # To skorch every name with two underscores is one of its own components.
        for owner in ("sampler", "augmentation"):
            if owner in params:
                setattr(self, owner, params.pop(owner))
            prefix = f"{owner}__"
            nested = {name for name in params if name.startswith(prefix)}
            component = getattr(self, owner)
            if nested and not hasattr(component, "set_params"):
                raise ValueError(
                    f"{sorted(nested)[0]} can't be set: {owner} is {component!r} and "
                    f"has no parameters. Set {owner} to an object first."
                )
            if nested:
                component.set_params(
                    **{name.removeprefix(prefix): params.pop(name) for name in nested}
                )
        if not self.initialized_:
            return super().set_params(**params)
        self.initialized_ = False
        try:
            return super().set_params(**params)
        finally:
            self.initialized_ = True

    def _check_params(self):
        # Not scikit-learn's decorator: it calls self._validate_params(), a name that
        # skorch uses for something else.
        constraints = self._parameter_constraints
        params = self.get_params(deep=False)
        validate_parameter_constraints(
            constraints,
            {name: params[name] for name in constraints},
            type(self).__name__,
        )
