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
from benchmarks.papers._paper import Paper, each
from benchmarks.papers._spectra import AMINO_ACIDS as AMINO_ACID_FILE
from benchmarks.papers._spectra import spectra_file
from benchmarks.papers.wgan_gp import classifiers, data, networks, tasks, values
from benchmarks.papers.wgan_gp.figures import figures
from benchmarks.papers.wgan_gp.quality import MEAN_AND_NOISE

LONG = 2000  # iterations
ADAM, RMSPROP = ("Adam", 1e-3), ("RMSprop", 5e-5)  # the package's; Arjovsky et al.'s
TITLE = "Augmentation with WGAN-GP: a poster"
PAPER = Paper("wgan_gp", TITLE, Path(__file__).parent, values, figures)


@PAPER.add("preparation", 0, "Whittaker smoothing and airPLS, simulated spectra")
def of_preparation(options):
    n = options.pick(40, 20, 4)
    return each(data.preparation, options, seed=options.seeds(20, 2), n=n)


def _n_iter(options):
    return options.pick(400, 60, 2)


def _simulated_sizes(options, n):
    n = options.pick(n, 20, 6)
    return {"n_train": n, "n_test": n, "step": options.pick(2, 4, 8)}


def _apart(options, name, seeds, sizes, **more):
    """Return one task of the poster's pipeline for each seed."""
    more = {"n_iter": _n_iter(options), **more}
    if options.size == "tiny":
        more["controls"] = [[MEAN_AND_NOISE]]
    return each(tasks.tell_apart, options, data=name, seed=seeds, sizes=sizes, **more)


def _and_longer(options, name, sizes):
    """Return tasks of five seeds, and in a full run those with more iterations."""
    seeds = options.seeds(5, 2)
    longer = options.pick(seeds, [], [])
    return _apart(options, name, seeds, sizes) + _apart(
        options, name, longer, sizes, n_iter=LONG
    )


@PAPER.add(
    "indistinguishable", 4, "the poster's pipeline and both tests, simulated spectra"
)
def of_simulated(options):
    """20 and 50 spectra of each of two substances; pictures of the first seed."""
    few, many = (_simulated_sizes(options, n) for n in (20, 50))
    seeds, name = options.seeds(5, 2), data.SIMULATED
    found = _apart(options, name, seeds[:1], many, picture=True)
    found += _apart(options, name, seeds[1:], many)
    return found + (_apart(options, name, seeds, few) if few != many else [])


@PAPER.add(
    "indistinguishable_minerals", 13, "the same tests, bundled minerals, crystals apart"
)
def of_minerals(options):
    """The first six of the bundled minerals, half of the crystals of each held out."""
    sizes = {"n_classes": options.pick(6, 3, 2), "step": options.pick(4, 8, 16)}
    return _and_longer(options, data.MINERALS, sizes)


@PAPER.add(
    "indistinguishable_amino_acids",
    13,
    "the same tests, raw spectra, repeats of one sample",
)
def of_amino_acids(options):
    """Raw spectra with a baseline; five of ten repeats of each sample held out."""
    spectra_file(options.folder, AMINO_ACID_FILE)
    return _and_longer(options, data.AMINO_ACIDS, {"step": options.pick(4, 8, 16)})


@PAPER.add(
    "indistinguishable_long", 15, "the same tests, simulated spectra, 2000 iterations"
)
def of_simulated_long(options):
    sizes = [_simulated_sizes(options, n) for n in options.pick((20, 50), (20,), (20,))]
    n_iter = options.pick(LONG, 60, 2)
    return _apart(options, data.SIMULATED, options.seeds(5), sizes, n_iter=n_iter)


@PAPER.add("times", 1, "parameters and CPU time, convolutional and fully connected")
def of_times(options):
    """Three sizes, in turn, several times."""
    return each(
        tasks.time_networks,
        options,
        repeat=range(options.pick(5, 2, 1)),
        n_points=options.pick([500, 1000, 1500], [500, 1000, 1500], [100]),
        n_iter=options.pick(20, 5, 1),
    )


def _variants(options, variants, n_iter=None, n_quick=2):
    """Return one task for each seed and variant, `(networks, clip, optimizer)`."""
    names = "networks", "clip", "optimizer", "lr"
    more = {
        "n_iter": n_iter or _n_iter(options),
        "sizes": _simulated_sizes(options, 50),
    }
    return [
        task
        for kind, clip, optimizer in variants
        for task in each(
            tasks.variant_quality,
            options,
            seed=options.seeds(5, n_quick),
            **dict(zip(names, (kind, clip, *optimizer), strict=True)),
            **more,
        )
    ]


@PAPER.add("networks", 5, "quality, convolutional and fully connected")
def of_networks(options):
    """Three kinds of networks, all with the gradient penalty."""
    wanted = options.pick(networks.NETWORKS, networks.NETWORKS, networks.NETWORKS[::2])
    return _variants(options, [(kind, None, ADAM) for kind in wanted])


@PAPER.add(
    "constraints", 6, "stability and quality, weight clipping and another optimizer"
)
def of_constraints(options):
    """What `networks` lacks: clipping, with both optimizers, and the other penalty."""
    clip, wide = networks.CLIP, networks.WIDE_CLIP
    ways = [(clip, ADAM), (wide, ADAM), (clip, RMSPROP), (None, RMSPROP)]
    return _variants(options, [(networks.CONVOLUTIONAL, *way) for way in ways])


@PAPER.add("slow_steps", 30, "RMSprop with ten times the iterations")
def of_slow_steps(options):
    ways = [(networks.CONVOLUTIONAL, clip, RMSPROP) for clip in (networks.CLIP, None)]
    return _variants(options, ways, options.pick(4000, 150, 2), n_quick=1)


def _training(options):
    n_classes, step, *cnn = options.pick((18, 4, 16), (6, 8, 8, 20), (2, 16, 2, 1))
    cnn = dict(zip(("n_filters", "max_epochs"), cnn, strict=False))
    return {"n_classes": n_classes, "step": step, "cnn": cnn}


@PAPER.add("classifiers", 11, "do generated spectra replace measured ones in training?")
def of_classifiers(options):
    """Two crystals a mineral and noise: what generated spectra add."""
    sizes, seeds = _training(options), options.seeds(5, 2)
    ask = classifiers.classify, options
    found = each(*ask, seed=seeds, snr=SNR, n_iter=_n_iter(options), **sizes)
    sizes["methods"] = [[tasks.PLAIN]]
    seeds = options.pick(seeds, [], [])
    return found + each(*ask, seed=seeds, snr=SNR, n_iter=LONG, **sizes)


@PAPER.add("unbalanced", 4, "training sets with few spectra of some")
def of_unbalanced(options):
    """As many spectra of each mineral, or many of one half and few of the other."""
    shared = {"seed": options.seeds(10, 2), "snr": SNR, **_training(options)}
    return each(classifiers.unbalanced, options, **shared)
