"""How long to train, in which batches, and with which learning rate at each step."""

from math import ceil, cos, pi

from skorch.callbacks import Callback

_MIN_EPOCHS = 18
_MIN_STEPS = 800
_MANY = 100  # spectra per class above which training is prolonged ...
_LONGEST = 4.0  # ... in proportion to them, up to this factor
_MOST_STEPS = 1500  # ... and, beyond the least number of epochs, to as many steps
_HELD_OUT_SHARE, _HELD_OUT_STEPS = 0.15, 100
_SMALL = 512  # spectra below which batches are halved
_RISE = 0.2  # share of the steps in which the learning rate rises
_START = 1 / 25  # where it starts, as a share of the highest


def auto_batch_size(n_spectra):
    """Return the number of spectra per step for `batch_size="auto"`."""
    return 16 if n_spectra < _SMALL else 32


def auto_epochs(n_spectra, n_classes, batch_size):
    """Return the number of epochs for `max_epochs="auto"`.

    18 epochs, or as many as a small set needs for 800 steps: what a network needs is a
    number of steps rather than of epochs. Where a class has many spectra, most of them
    are variants of a few (patients, crystals), and what tells classes apart is small
    against what spectra of one class differ by: it takes more passes to find it.
    """
    n_steps = ceil(n_spectra / batch_size)
    factor = min(n_spectra / (n_classes * _MANY), _LONGEST)
    prolonged = min(round(factor * _MIN_EPOCHS), _MOST_STEPS // n_steps)
    return max(_MIN_EPOCHS, ceil(_MIN_STEPS / n_steps), prolonged)


def held_out_epochs(n_epochs, n_spectra, batch_size):
    """Return the number of epochs of a network that only helps to calibrate another.

    Fifteen in a hundred of those of the other, but not more than 100 steps need.
    """
    enough = ceil(_HELD_OUT_STEPS / ceil(n_spectra / batch_size))
    return max(1, min(round(_HELD_OUT_SHARE * n_epochs), enough))


class OneCycle(Callback):
    """Raise the learning rate to `lr`, then let it fall to 0.

    It rises over the first fifth of the steps of one call of fit or partial_fit and
    falls over the others, each along half a cosine. `n_epochs_` of the classifier says
    how many steps there are.

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
        self.step_ = 0
        self.asked_ = [group["lr"] for group in net.optimizer_.param_groups]

    def share(self):
        """Return the share of the highest learning rate for the step at hand."""
        if self.step_ < self.rise_:
            return _START + (1 - _START) * _half_wave(self.step_ / self.rise_)
        return 1 - _half_wave((self.step_ - self.rise_) / self.fall_)

    def on_batch_begin(self, net, training=False, **kwargs):
        """Set the learning rate of a step."""
        if training:
            share = self.share()
            for group, asked in zip(
                net.optimizer_.param_groups, self.asked_, strict=True
            ):
                group["lr"] = asked * share
            self.step_ += 1

    def on_train_end(self, net, **kwargs):
        """Give the optimizer its rate back, for the next call of partial_fit."""
        for group, asked in zip(net.optimizer_.param_groups, self.asked_, strict=True):
            group["lr"] = asked


def _half_wave(x):
    """Rise from 0 at x = 0 to 1 at x = 1 as half a cosine does."""
    return (1 - cos(pi * min(x, 1.0))) / 2
