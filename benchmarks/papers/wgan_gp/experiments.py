"""The experiments of a poster on WGAN-GP, with seeds and cost.

The poster smooths (Whittaker), subtracts a baseline (airPLS), trains a WGAN with
gradient penalty, a convolutional critic and a generator of transposed convolutions on
few spectra, and shows the spectra it generates to PCA and K-means. It names no data,
sizes, settings or numbers. Ours are:

- spectra: `make_raman_spectra` (two substances, raw, 500 points), bundled minerals at
  4 cm-1 (crystals apart), and, in the folder, raw spectra of amino acids at 4 cm-1
  (repeats of one sample each);
- preparation: Whittaker smoothing that keeps half of a wave of 12 cm-1, airPLS of 220
  cm-1, division by the highest intensity;
- the poster's network: `WGANGP(**paper_settings("wgan_gp"))`, the last of 2000
  iterations, each five steps of the critic and one of the generator; also of 400, for
  which most was run at first. They are too few for minerals and amino acids.

Settings were looked at on seed 0. The quick run has 60 iterations, too few for spectra
worth a judgment: it shows that all works.
"""

from pathlib import Path

from benchmarks.compare_minerals import SNR
from benchmarks.papers._paper import Experiment, Paper, each
from benchmarks.papers._spectra import AMINO_ACIDS as AMINO_ACID_FILE
from benchmarks.papers._spectra import spectra_file
from benchmarks.papers.wgan_gp import values
from benchmarks.papers.wgan_gp.classifiers import classify, unbalanced
from benchmarks.papers.wgan_gp.data import AMINO_ACIDS, MINERALS, SIMULATED
from benchmarks.papers.wgan_gp.figures import figures
from benchmarks.papers.wgan_gp.networks import (
    CLIP,
    CONVOLUTIONAL,
    NETWORKS,
    WIDE_CLIP,
)
from benchmarks.papers.wgan_gp.preparation import preparation
from benchmarks.papers.wgan_gp.quality import MEAN_AND_NOISE
from benchmarks.papers.wgan_gp.tasks import (
    PLAIN,
    tell_apart,
    time_networks,
    variant_quality,
)

LONG = 2000  # iterations
ADAM, RMSPROP = ("Adam", 1e-3), ("RMSprop", 5e-5)  # the package's; Arjovsky et al.'s


def _n_iter(options):
    return options.pick(400, 60, 2)


def _simulated_sizes(options, n):
    n = options.pick(n, 20, 6)
    return {"n_train": n, "n_test": n, "step": options.pick(2, 4, 8)}


def of_preparation(options):
    """Simulated spectra, of which background and noise are known."""
    return each(
        preparation, options, seed=options.seeds(5, 2), n=options.pick(40, 20, 4)
    )


def _apart(options, data, seeds, sizes, **more):
    """Return one task of the poster's pipeline for each seed."""
    more = {"n_iter": _n_iter(options), **more}
    if options.size == "tiny":
        more["controls"] = [[MEAN_AND_NOISE]]
    return each(tell_apart, options, data=data, seed=seeds, sizes=sizes, **more)


def _and_longer(options, data, sizes):
    """Return tasks of five seeds, and in a full run those with more iterations."""
    seeds = options.seeds(5, 2)
    longer = options.pick(seeds, [], [])
    return _apart(options, data, seeds, sizes) + _apart(
        options, data, longer, sizes, n_iter=LONG
    )


def of_simulated(options):
    """20 and 50 spectra of each of two substances; pictures of the first seed."""
    few, many = (_simulated_sizes(options, n) for n in (20, 50))
    seeds = options.seeds(5, 2)
    tasks = _apart(options, SIMULATED, seeds[:1], many, picture=True)
    tasks += _apart(options, SIMULATED, seeds[1:], many)
    return tasks + (_apart(options, SIMULATED, seeds, few) if few != many else [])


def of_simulated_long(options):
    """The same with 2000 iterations."""
    sizes = [_simulated_sizes(options, n) for n in options.pick((20, 50), (20,), (20,))]
    n_iter = options.pick(LONG, 60, 2)
    return _apart(options, SIMULATED, options.seeds(5), sizes, n_iter=n_iter)


def of_minerals(options):
    """The first six of the bundled minerals, half of the crystals of each held out."""
    sizes = {"n_classes": options.pick(6, 3, 2), "step": options.pick(4, 8, 16)}
    return _and_longer(options, MINERALS, sizes)


def of_amino_acids(options):
    """Raw spectra with a baseline; five of ten repeats of each sample held out."""
    spectra_file(options.folder, AMINO_ACID_FILE)
    return _and_longer(options, AMINO_ACIDS, {"step": options.pick(4, 8, 16)})


def of_times(options):
    """Three sizes, in turn, several times."""
    return each(
        time_networks,
        options,
        repeat=range(options.pick(5, 2, 1)),
        n_points=options.pick([500, 1000, 1500], [500, 1000, 1500], [100]),
        n_iter=options.pick(20, 5, 1),
    )


def _variants(options, variants, n_iter=None):
    """Return one task for each seed and variant, `(networks, clip, optimizer)`."""
    sizes = _simulated_sizes(options, 50)
    return [
        task
        for networks, clip, (optimizer, lr) in variants
        for task in each(
            variant_quality,
            options,
            seed=options.seeds(5, 2),
            networks=networks,
            clip=clip,
            optimizer=optimizer,
            lr=lr,
            n_iter=n_iter or _n_iter(options),
            sizes=sizes,
        )
    ]


def of_networks(options):
    """Three kinds of networks, all with the gradient penalty."""
    wanted = options.pick(NETWORKS, NETWORKS, NETWORKS[::2])
    return _variants(options, [(networks, None, ADAM) for networks in wanted])


def of_constraints(options):
    """What `networks` lacks: clipping, with both optimizers, and the other penalty."""
    ways = [(CLIP, ADAM), (WIDE_CLIP, ADAM), (CLIP, RMSPROP), (None, RMSPROP)]
    return _variants(options, [(CONVOLUTIONAL, *way) for way in ways])


def of_slow_steps(options):
    """RMSprop, whose rate is small, with ten times the iterations."""
    ways = [(CONVOLUTIONAL, clip, RMSPROP) for clip in (CLIP, None)]
    return _variants(options, ways, 10 * _n_iter(options))


def _training(options):
    return options.pick(
        {"n_classes": 18, "step": 4, "cnn": {"n_filters": 16}},
        {"n_classes": 6, "step": 8, "cnn": {"n_filters": 8, "max_epochs": 20}},
        {"n_classes": 2, "step": 16, "cnn": {"n_filters": 2, "max_epochs": 1}},
    )


def of_classifiers(options):
    """Two crystals a mineral and noise: what generated spectra add."""
    sizes, seeds = _training(options), options.seeds(5, 2)
    tasks = each(
        classify, options, seed=seeds, snr=SNR, n_iter=_n_iter(options), **sizes
    )
    seeds = options.pick(seeds, [], [])
    return tasks + each(
        *(classify, options),
        seed=seeds,
        snr=SNR,
        n_iter=LONG,
        **sizes,
        methods=[[PLAIN]],
    )


def of_unbalanced(options):
    """As many spectra of each mineral, or many of one half and few of the other."""
    seeds = options.seeds(10, 2)
    return each(unbalanced, options, seed=seeds, snr=SNR, **_training(options))


PAPER = Paper(
    name="wgan_gp",
    title="Augmentation with WGAN-GP: a poster",
    folder=Path(__file__).parent,
    values=values,
    figures=figures,
    experiments=[
        Experiment(
            "preparation",
            "Whittaker smoothing and airPLS, simulated spectra",
            0,
            of_preparation,
        ),
        Experiment(
            "indistinguishable",
            "the poster's pipeline and both tests, simulated spectra",
            4,
            of_simulated,
        ),
        Experiment(
            "indistinguishable_minerals",
            "the same tests, bundled minerals, crystals apart",
            7,
            of_minerals,
        ),
        Experiment(
            "indistinguishable_amino_acids",
            "the same tests, raw spectra, repeats of one sample",
            7,
            of_amino_acids,
        ),
        Experiment(
            "indistinguishable_long",
            "the same tests, simulated spectra, 2000 iterations",
            12,
            of_simulated_long,
        ),
        Experiment(
            "times",
            "parameters and CPU time, convolutional and fully connected",
            1,
            of_times,
        ),
        Experiment(
            "networks", "quality, convolutional and fully connected", 5, of_networks
        ),
        Experiment(
            "constraints",
            "stability and quality, weight clipping and another optimizer",
            6,
            of_constraints,
        ),
        Experiment(
            "slow_steps", "RMSprop with ten times the iterations", 30, of_slow_steps
        ),
        Experiment(
            "classifiers",
            "do generated spectra replace measured ones in training?",
            9,
            of_classifiers,
        ),
        Experiment(
            "unbalanced", "training sets with few spectra of some", 3, of_unbalanced
        ),
    ],
)
