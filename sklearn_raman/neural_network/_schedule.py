"""How long to train, and with which learning rate at each step."""

from copy import deepcopy
from math import ceil, cos, inf, pi

from skorch.callbacks import Callback

_MIN_EPOCHS = 18
_MIN_STEPS = 800
_RISE = 0.2  # share of the steps in which the learning rate rises
_START = 1 / 25  # where it starts, as a share of the highest
_WINDOW = 0.2  # share of the epochs after which `prolong` judges progress
_PATIENCE = 3  # windows without progress after which it gives up
_MANY = 100  # spectra per class that it takes to hold out a tenth


def auto_epochs(n_spectra, batch_size):
    """Return the number of epochs for `max_epochs="auto"`.

    18 epochs, or as many as a small set needs for 800 steps: what a network needs is a
    number of steps rather than of epochs.
    """
    return max(_MIN_EPOCHS, ceil(_MIN_STEPS / ceil(n_spectra / batch_size)))


def can_spare_some(codes):
    """Tell whether there are enough spectra per class to hold out a tenth."""
    return len(codes) >= _MANY * len(set(codes.tolist()))


def prolong(net, train, n_epochs, longest):
    """Train for as long as it helps on the validation spectra, within a bound.

    Many spectra of few classes can take more steps than `auto_epochs` gives, or be
    learned by heart; the training loss falls in both cases. So the learning rate rises
    as usual and is held as long as the validation loss goes on falling. Training then
    returns to where that was lowest, and the learning rate falls from there.

    Parameters
    ----------
    net : SpectralNetClassifier
        With a schedule, and a history with the validation loss.
    train : callable
        Trains for a number of epochs.
    n_epochs : int
        The usual number of epochs.
    longest : float
        Bound, in multiples of it.
    """
    n_rise, window = ceil(_RISE * n_epochs), ceil(_WINDOW * n_epochs)
    # A user can have switched the callback off; then the rate is theirs.
    schedule = dict(net.callbacks_).get("lr_schedule") or OneCycle()
    components = net.module_, net.optimizer_
    train(n_rise)
    best, failures, left = inf, 0, round((longest - 1) * n_epochs)
    schedule.holding_ = True
    while left >= window and failures < _PATIENCE:
        train(window)
        left -= window
        loss = sum(net.history_[-window:, "valid_loss"]) / window
        failures += 1
        if loss < best:
            best, failures = loss, 0
            states = [deepcopy(component.state_dict()) for component in components]
    schedule.holding_ = False
    if best < inf:
        for component, state in zip(components, states, strict=True):
            component.load_state_dict(state)
    train(n_epochs - n_rise)


class OneCycle(Callback):
    """Raise the learning rate to `lr`, hold it, let it fall to 0.

    It rises over the first fifth of the steps of one call of fit or partial_fit and
    falls over the others, each along half a cosine. `n_epochs_` of the classifier says
    how many steps there are. In between :func:`prolong` may hold it.

    References
    ----------
    .. [1] L. N. Smith and N. Topin, "Super-convergence: very fast training of neural
       networks using large learning rates", arXiv:1708.07120 (2017).
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Lay the schedule over the steps to come."""
        per_epoch = len(net.get_iterator(X.train, training=True))
        n_steps = net.n_epochs_ * per_epoch
        self.rise_ = ceil(_RISE * net.n_epochs_) * per_epoch
        self.fall_ = max(n_steps - self.rise_, 1)
        self.step_, self.held_, self.holding_ = 0, 0, False
        self.asked_ = [group["lr"] for group in net.optimizer_.param_groups]

    def share(self):
        """Return the share of the highest learning rate for the step at hand."""
        if self.step_ < self.rise_:
            return _START + (1 - _START) * _half_wave(self.step_ / self.rise_)
        fallen = self.step_ - self.rise_ - self.held_
        return 1 - _half_wave(max(fallen, 0) / self.fall_)

    def on_batch_begin(self, net, training=False, **kwargs):
        """Set the learning rate of a step."""
        if training:
            share = self.share()
            for group, asked in zip(
                net.optimizer_.param_groups, self.asked_, strict=True
            ):
                group["lr"] = asked * share
            self.step_ += 1
            self.held_ += self.holding_

    def on_train_end(self, net, **kwargs):
        """Give the optimizer its rate back, for the next call of partial_fit."""
        for group, asked in zip(net.optimizer_.param_groups, self.asked_, strict=True):
            group["lr"] = asked


def _half_wave(x):
    """Rise from 0 at x = 0 to 1 at x = 1 as half a cosine does."""
    return (1 - cos(pi * min(x, 1.0))) / 2
