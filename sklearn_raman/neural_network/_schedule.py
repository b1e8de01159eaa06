"""How long to train, and with which learning rate at each step."""

from math import ceil

from skorch.callbacks import Callback
from torch.optim.lr_scheduler import OneCycleLR

_MIN_EPOCHS = 20
_MIN_STEPS = 800
_WARM_UP = 0.2  # share of the steps in which the learning rate rises
_MIN_CYCLE = 10  # fewer steps can't rise and fall: torch's schedule divides by zero


def auto_epochs(n_spectra, batch_size):
    """Return the number of epochs for `max_epochs="auto"`.

    20 epochs, and as many more as a small set needs for 800 steps: what a network needs
    is a number of steps rather than of epochs.
    """
    return max(_MIN_EPOCHS, ceil(_MIN_STEPS / steps_per_epoch(n_spectra, batch_size)))


def steps_per_epoch(n_spectra, batch_size):
    """Return the number of batches; batch_size=-1 is skorch's name for all spectra."""
    return 1 if batch_size == -1 else ceil(n_spectra / batch_size)


class OneCycle(Callback):
    """Raise the learning rate to `lr` over the first fifth, then let it fall to 0.

    The schedule covers one call of fit or partial_fit from its first step to its last
    (`max_epochs`), so it needs the number of steps beforehand; skorch's `LRScheduler`
    takes that as a constant. With fewer than 10 steps the learning rate stays as it is.

    References
    ----------
    .. [1] L. N. Smith and N. Topin, "Super-convergence: very fast training of neural
       networks using large learning rates", arXiv:1708.07120 (2017).
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Lay the schedule over all steps to come."""
        n_steps = net.n_epochs_ * steps_per_epoch(len(X.train), net.batch_size)
        self.left_ = n_steps - 1 if n_steps >= _MIN_CYCLE else 0
        self.asked_ = [
            {name: value for name, value in group.items() if name != "params"}
            for group in net.optimizer_.param_groups
        ]
        if self.left_ > 0:
            self.scheduler_ = OneCycleLR(
                net.optimizer_,
                max_lr=[group["lr"] for group in self.asked_],
                total_steps=n_steps,
                pct_start=_WARM_UP,
                cycle_momentum="betas" in net.optimizer_.defaults,
            )

    def on_batch_end(self, net, training=False, **kwargs):
        """Take a step of the schedule."""
        if training and self.left_ > 0:
            self.scheduler_.step()
            self.left_ -= 1

    def on_train_end(self, net, **kwargs):
        """Give the optimizer its settings back, for the next call of partial_fit."""
        for group, asked in zip(net.optimizer_.param_groups, self.asked_, strict=True):
            group.update(asked)
        self.scheduler_ = None
