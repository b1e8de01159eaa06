"""How skorch's callbacks stop training, and what must not be taken for it."""

from skorch.callbacks import EarlyStopping


class InterruptedByUser(BaseException):
    """Carries a Ctrl-C past skorch, which takes it for the end of training."""


def raised_in_callback(stop):
    """Tell whether an exception comes from a callback's hook (on_epoch_end, ...)."""
    step = stop.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    return step.tb_frame.f_code.co_name.startswith("on_")


def stopping_last(callbacks):
    """Order skorch's (name, callback, named_by_user) so that EarlyStopping is last.

    It ends the round of callbacks, and those after it would miss the last epoch.
    """
    return sorted(callbacks, key=lambda entry: isinstance(entry[1], EarlyStopping))
