"""Tasks of the poster's pipeline and of its two claims about networks."""

import time

import numpy as np
import torch

from benchmarks.papers.wgan_gp import networks as nets
from benchmarks.papers.wgan_gp.data import make_sets, simulated_sets
from benchmarks.papers.wgan_gp.networks import NETWORKS, Variant, train
from benchmarks.papers.wgan_gp.quality import CONTROLS, REAL, assess, plane
from sklearn_raman.neural_network import paper_settings
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap
from sklearn_raman.over_sampling._wgan_training import energy_scores

PLAIN, DEFAULT = "poster's network", "SpectrumBootstrap"
MANY = 1000  # spectra of a class that a set is expanded to
_LOOKS = 20  # at a model while it trains


def tell_apart(
    data, seed, sizes, n_iter, picture=False, controls=tuple(CONTROLS), folder=None
):
    """Generate as many spectra as there are to learn from; put them to both tests.

    `scores` by method; `expansion`: what it takes the poster's network to make 1000
    spectra a class; for a `picture`, examples and planes of the first class.
    """
    sets = make_sets(data, seed, folder=folder, **sizes)
    labels = np.sort(sets.train[1])
    counts = dict(zip(*np.unique(labels, return_counts=True), strict=True))
    news, scores = {}, {}
    samplers = {
        PLAIN: WGANGP(**{**paper_settings("wgan_gp"), "max_iter": n_iter}),
        DEFAULT: SpectrumBootstrap(),
    }
    for name, sampler in samplers.items():
        strategy = {label: n + 1 for label, n in counts.items()}
        sampler.set_params(sampling_strategy=strategy, random_state=seed)
        sampler.fit_resample(*sets.train)
        made = [sampler.sample(n, label, seed) for label, n in counts.items()]
        news[name] = np.concatenate(made), labels
    for name in controls:
        news[name] = CONTROLS[name](*sets.train, counts, seed)[0], labels
    for name, new in news.items():
        scores[name], scores[REAL] = assess(sets, new, seed)
    expansion = expand(samplers[PLAIN], sets.train, seed)
    record = {"scores": scores, "expansion": expansion}
    if picture:
        record["picture"] = {
            "axis": sets.axis,
            "real": sets.train[0][sets.train[1] == labels[0]][:2],
            "examples": {name: X[:2] for name, (X, _) in news.items()},
            "planes": plane(sets.train, news, labels[0]),
        }
    return record


def expand(sampler, real, seed):
    """Return what it takes to make many spectra of a class, and how many differ."""
    label = sampler.classes_[0]
    start = time.process_time()
    many = sampler.sample(MANY, label, seed)
    return {
        "from": int((real[1] == label).sum()),
        "to": MANY,
        "seconds": time.process_time() - start,
        "distinct": len(np.unique(many.round(6), axis=0)),
        "finite": bool(np.isfinite(many).all()),
    }


def variant_quality(seed, networks, clip, optimizer, lr, n_iter, sizes):
    """Train one variant of the plain networks; what its spectra are worth, and curves.

    `scores` and those of real training spectra, `reference`; `problem` if training was
    stopped; `loss_spread`, standard deviation over mean of the critic's estimate in the
    last half; `curves`: that estimate, the critic's slope, and the energy score of
    held-out spectra (1: that of real training spectra).
    """
    sets = simulated_sets(seed, **sizes)
    (X, codes), (held_out, held_out_codes) = sets.train, sets.test
    every = max(1, n_iter // _LOOKS)
    curves = {"iteration": [], "slope": [], "held_out": []}
    perfect = _energy(held_out, held_out_codes, X, codes)

    def probe(iteration, model, critic):
        if iteration % every:
            return
        made = nets.synthesize(model, codes, seed)
        real, fake = (
            torch.tensor((part - model.center[0]) / model.scale, dtype=torch.float32)
            for part in (X, made)
        )
        slope = nets.critic_slope(critic, real, fake, torch.tensor(codes), seed)
        energy = _energy(held_out, held_out_codes, made, codes) / perfect
        for name, value in zip(curves, (iteration, slope, energy), strict=True):
            curves[name].append(value)

    variant = Variant(networks, clip, optimizer, lr)
    start = time.process_time()
    model, history, problem = train(variant, X, codes, seed, n_iter=n_iter, probe=probe)
    seconds = time.process_time() - start
    estimate = np.array([step["wasserstein"] for step in history])
    rows = np.array(curves["iteration"], dtype=int) - 1
    made = nets.synthesize(model, codes, seed + 1)
    scores, reference = assess(sets, (made, codes), seed)
    late = estimate[len(estimate) // 2 :]
    return {
        "scores": scores,
        "reference": reference,
        "problem": problem,
        "training_seconds": seconds,
        "loss_spread": late.std() / max(abs(late.mean()), 1e-12),
        "curves": {**curves, "estimate": estimate[rows]},
    }


def _energy(real, real_codes, made, made_codes):
    """Return the mean energy score of real spectra, class by class."""
    sets = [(real[real_codes == c], made[made_codes == c]) for c in set(real_codes)]
    return float(np.mean([energy_scores(*both).mean() for both in sets]))


def time_networks(repeat, n_points, n_iter):
    """Return CPU seconds for 1000 steps of the critic (200 of the generator).

    The networks take turns in an order that changes with `repeat`; spectra do not
    matter for the time and are noise.
    """
    rng = np.random.RandomState(repeat)
    X, codes = rng.standard_normal((48, n_points)), np.repeat([0, 1], 24)
    seconds = {}
    order = NETWORKS[repeat % len(NETWORKS) :] + NETWORKS[: repeat % len(NETWORKS)]
    for networks in order:
        variant = Variant(networks)
        train(variant, X, codes, repeat, n_iter=2)
        start = time.process_time()
        train(variant, X, codes, repeat, n_iter=n_iter)
        seconds[networks] = (time.process_time() - start) * 200 / n_iter
    parameters = {name: nets.n_parameters(Variant(name), n_points) for name in NETWORKS}
    return {"critic_seconds": seconds, "parameters": parameters}
