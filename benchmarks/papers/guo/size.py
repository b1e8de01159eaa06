"""Guo et al. 2020: how large the network is, with and without its fire module.

Counts from the layers' shapes, for 1360 points and 196 minerals: trainable parameters,
and multiplications for one spectrum. "plain" replaces the fire module by a convolution
of the same width (as many maps out, filters of three points); "dense" is a fully
connected network with the same hidden layer and no convolutions. CPU time of a training
step (forward and back, 32 spectra, one thread): median of several, after a warm-up,
the networks taking turns; to be read as a hint, machines differ.
"""

import time

import numpy as np
import torch
from torch import nn

from sklearn_raman.neural_network import CNN, FMCNN

N_POINTS, N_CLASSES, N_HIDDEN = 1360, 196, 128
_PAPER_INPUT = {"scaling": None, "derivative": False}


def networks():
    """Return the networks by name."""
    sizes = {"n_points": N_POINTS, "n_classes": N_CLASSES, **_PAPER_INPUT}
    dense = nn.Sequential(
        nn.Linear(N_POINTS, N_HIDDEN), nn.LeakyReLU(0.2), nn.Linear(N_HIDDEN, N_CLASSES)
    )
    return {
        "FMCNN": FMCNN(**sizes),
        "plain": without_fire(FMCNN(**sizes)),
        "CNN": CNN(**sizes),
        "dense": dense,
    }


def fire_position(module):
    """Return where the fire module stands among a network's blocks."""
    return [hasattr(block, "squeeze") for block in module.blocks].index(True)


def without_fire(module):
    """Put a convolution of the same width in place of the fire module."""
    position = fire_position(module)
    fire = module.blocks[position]
    n_out = fire.expand_1.out_channels + fire.expand_3.out_channels
    module.blocks[position] = nn.Conv2d(
        fire.squeeze.in_channels, n_out, (1, 3), padding=(0, 1)
    )
    return module


def sizes(*, n_rounds):
    """Count parameters and multiplications, and time training steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = networks()
        x = torch.rand(32, N_POINTS)
        seconds = _steps(found, x, n_rounds)
    record = {name: {"parameters": count(module)} for name, module in found.items()}
    for name, module in found.items():
        record[name]["multiplications"] = multiplications(module, x[:1])
        record[name]["seconds_per_step"] = np.median(seconds[name][1:])
    position = fire_position(found["FMCNN"])
    for name in ("FMCNN", "plain"):
        record[name]["block_parameters"] = count(found[name].blocks[position])
    return record


def count(module):
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


@torch.no_grad()
def multiplications(module, x):
    """Return the number of multiplications by weights for one spectrum.

    Convolutions of width w with c channels in do c * w for each value out, linear
    layers as many as they have weights. A fire module's two expansions count as two
    convolutions, as in the paper, although here they are computed as one.
    """
    total = 0

    def add(layer, inputs, output):
        nonlocal total
        units, parts = output.numel() // output.shape[1], [layer]
        if hasattr(layer, "squeeze"):
            parts = layer.squeeze, layer.expand_1, layer.expand_3
        total += units * sum(part.weight.numel() for part in parts)

    fires = [layer for layer in module.modules() if hasattr(layer, "squeeze")]
    inside = {part for fire in fires for part in fire.modules()}
    known = (m for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear))
    parts = [*fires, *(layer for layer in known if layer not in inside)]
    hooks = [layer.register_forward_hook(add) for layer in parts]
    module.eval()(x)
    for hook in hooks:
        hook.remove()
    return total


def _steps(found, x, n_rounds):
    """Return the CPU seconds of each training step, the networks taking turns."""
    y = torch.arange(len(x)) % N_CLASSES
    seconds = {name: [] for name in found}
    for _ in range(n_rounds):
        for name, module in found.items():
            start = time.process_time()
            nn.functional.cross_entropy(module.train()(x), y).backward()
            seconds[name].append(time.process_time() - start)
    return seconds
