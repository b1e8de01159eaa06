"""Callbacks that hold up a fit."""

import threading

from skorch.callbacks import Callback


class Pause(Callback):
    """Stop in the middle of a fit until told to go on."""

    def __init__(self):
        self.reached, self.go_on = threading.Event(), threading.Event()

    def on_epoch_begin(self, net, **kwargs):
        self.reached.set()
        assert self.go_on.wait(60)
