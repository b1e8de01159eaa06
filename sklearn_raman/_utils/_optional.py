"""Optional packages: imported when needed, and an error that names the extra."""

from importlib import import_module


def import_optional(module, extra):
    """Import `module` or say which extra of sklearn-raman brings it.

    Parameters
    ----------
    module : str
        Dotted name, for example "matplotlib.pyplot".
    extra : str
        The extra of sklearn-raman that installs it, for example "plot".

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    ImportError
        If the package is not installed. An import error inside an installed package
        is passed on as it is.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise ImportError(
            f"{package} is needed here and not installed. "
            f"Install it with: pip install 'sklearn-raman[{extra}]'"
        ) from error
