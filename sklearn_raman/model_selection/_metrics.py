"""What is measured, how it is called, and how a number is written."""

import numpy as np

# What each column is called where people read it, and whether more is better.
METRICS = {
    "accuracy": ("accuracy", True),
    "balanced_accuracy": ("balanced accuracy", True),
    "f1_macro": ("macro-F1", True),
    "log_loss": ("log-loss", False),
}
TIMES = {"fit_time": "fit (s)", "score_time": "predict (s)"}
MISSING = "–"


def format_score(mean, std):
    """Write a mean and its standard deviation; a dash where there is none."""
    if np.isnan(mean):
        return MISSING
    return f"{mean:.3f}" if np.isnan(std) else f"{mean:.3f} ± {std:.3f}"


def format_seconds(seconds):
    """Write a time to two digits, without powers of ten."""
    return f"{seconds:.0f}" if seconds >= 9.5 else f"{seconds:.2g}"
