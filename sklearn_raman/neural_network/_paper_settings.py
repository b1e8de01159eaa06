"""The literal settings of the papers, in one place."""

import torch

_PAPER_INPUT = {"scaling": None, "derivative": False}
_PAPER_TRAINING = {
    **_PAPER_INPUT,
    "optimizer": torch.optim.Adam,
    "lr_schedule": None,
    "label_smoothing": 0.0,
    "augmentation": None,
}
_PAPER_SETTINGS = {
    # Section 4.1; the batch size is not given.
    "fukuhara": {
        **_PAPER_TRAINING,
        "n_blocks": 2,
        "n_filters": 64,
        "kernel_size": 8,
        "pool_size": 2,
        "n_hidden": 128,
        "dropout": 0.5,
        "negative_slope": 0.2,
        "lr": 1e-4,
        "max_epochs": 100,
        "batch_size": 20,
        "weight_decay": 0.0,
    },
    # Adam's constants, early stopping and an L2 penalty are named; the penalty's size,
    # patience and batch size are not.
    "guo": {
        **_PAPER_TRAINING,
        "batch_norm": True,
        "negative_slope": 0.2,
        "lr": 1e-3,
        "weight_decay": 1e-4,
        "early_stopping": True,
        "max_epochs": 200,
        "batch_size": 32,
    },
    # One average for each map; widths and strides are in a table that is not public:
    # these train on the paper's public data set, meat.
    "zhang": {
        **_PAPER_TRAINING,
        "n_filters": (16, 32, 64),
        "kernel_size": (31, 15, 7),
        "stride": (2, 2, 2),
        "pool_size": 1,
        "pool_bins": 1,
        "lr": 1e-3,
        "weight_decay": 1e-4,
        "max_epochs": 300,
        "batch_size": 32,
    },
}


def paper_settings(paper):
    """Return the literal settings of a paper as keyword arguments of its classifier.

    Parameters
    ----------
    paper : {"fukuhara", "guo", "zhang"}
        For :class:`CNNClassifier`, :class:`FMCNNClassifier` and
        :class:`GAPCNNClassifier`.

    Returns
    -------
    dict
        Keyword arguments. What a paper does not give is set to a value that trains, and
        named in a comment beside it.

    Notes
    -----
    Fukuhara et al. train for 100 epochs in section 4.1 (these settings), for 200 in
    section 4.2, and with a learning rate of 1e-3 for 30 epochs in section 4.3.

    Examples
    --------
    >>> from sklearn_raman.neural_network import GAPCNNClassifier, paper_settings
    >>> GAPCNNClassifier(**paper_settings("zhang"), random_state=0).pool_bins
    1
    """
    if paper not in _PAPER_SETTINGS:
        raise ValueError(
            f"paper must be one of {sorted(_PAPER_SETTINGS)}, got {paper!r}."
        )
    return dict(_PAPER_SETTINGS[paper])
