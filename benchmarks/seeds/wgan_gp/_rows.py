"""What the poster claims, and what came out.

Bars of the verdicts stand at the top of the three files of rows. "Reliably" means that
the 95 % interval (t) of the paired difference over seeds leaves 0 out.
"""

from benchmarks.seeds._paper import Row, spread, verdict
from benchmarks.seeds.wgan_gp._classifiers import COPIES, NOTHING, SMOTE
from benchmarks.seeds.wgan_gp._networks import CONVOLUTIONAL
from benchmarks.seeds.wgan_gp._results import (
    by_iterations,
    by_networks,
    difference,
    missing_row,
    paired,
    sets_of_spectra,
    spread_of,
)
from benchmarks.seeds.wgan_gp._rows_apart import apart_rows
from benchmarks.seeds.wgan_gp._rows_networks import design_rows, stability_rows
from benchmarks.seeds.wgan_gp._tasks import DEFAULT, PLAIN

BACKGROUND_LEFT = 0.5  # of its variation, at most, in every run
NOISY = "18 RRUFF minerals with white noise (SNR 3), new crystals"
THREE, FOUR = "3 crystals", "4 crystals"


def rows(results):
    """Return a row for each claim, in the poster's order."""
    return [
        _few_spectra(results),
        _unbalanced(),
        _expansion(results),
        *design_rows(results),
        *stability_rows(results),
        *_training_needs(results),
        _preparation(results),
        _training(results),
        _repeated(results),
        *apart_rows(results),
    ]


def _few_spectra(results):
    place = "introduction"
    claim = "The few spectra that can be measured are not enough to train a network"
    records, _ = by_iterations(results)
    if not records:
        return missing_row(place, claim, "not enough")
    gain = paired(
        [_with_f1(record, FOUR, "CNN") for record in records],
        [_with_f1(record, NOTHING, "CNN") for record in records],
        lambda record: record["f1"],
    )
    return Row(
        place,
        claim,
        "not enough",
        f"macro-F1 of a CNN {_f1(records, NOTHING, 'CNN')} with 2 crystals of each "
        f"mineral, {_f1(records, THREE, 'CNN')} with 3, {_f1(records, FOUR, 'CNN')} "
        f"with 4: {difference(*gain)} from 2 to 4",
        NOISY,
        verdict(gain[1] > 0),
        "holds if more real spectra help reliably; the network has "
        f"{records[0]['n_train'][NOTHING]} spectra of {records[0]['n_classes']} "
        "minerals at first",
    )


def _unbalanced():
    return Row(
        "introduction",
        "Unequal numbers of spectra of the classes lead to overfitting",
        "overfitting",
        "",
        "",
        verdict(),
        "a reason for the work, not a result of it; docs/guide/synthetic_spectra.md "
        "has unbalanced sets",
    )


def _expansion(results):
    place, claim = "abstract", "From a small set the method makes a much larger one"
    found = sets_of_spectra(results)
    if not found:
        return missing_row(place, claim, "greatly expanded")
    made = [record["expansion"] for part in found.values() for record in part]
    right = [m["finite"] and m["distinct"] == m["to"] for m in made]
    return Row(
        place,
        claim,
        "greatly expanded",
        f"{min(m['from'] for m in made)} to {max(m['from'] for m in made)} spectra of "
        f"a class become {made[0]['to']} in {spread([m['seconds'] for m in made])} s; "
        f"all differ in {sum(right)} of {len(right)} runs",
        "; ".join(found),
        verdict(*right),
        "numbers only: what they are worth, the other lines say",
    )


def _preparation(results):
    place = "conclusion, step 1"
    claim = "Whittaker smoothing and airPLS give all spectra the same baseline"
    records = results.get("preparation", [])
    if not records:
        return missing_row(place, claim)
    background = [r["background_left"] for r in records]
    noise = [r["noise_left"] for r in records]
    return Row(
        place,
        claim,
        "no figure",
        f"{spread(background)} of the background's variation and {spread(noise)} of "
        "the noise are left (rms)",
        "simulated, background and noise known",
        verdict(max(background) < BACKGROUND_LEFT, max(noise) < 1),
        "holds if less than half of the background is left in every run",
    )


def _training(results):
    place, claim = "conclusion, step 2", "The network learns the spectra it is given"
    records = by_networks(results).get(CONVOLUTIONAL, [])
    if not records:
        return missing_row(place, claim)
    first, last = ([r["curves"]["held_out"][end] for r in records] for end in (0, -1))
    iterations = records[0]["curves"]["iteration"]
    return Row(
        place,
        claim,
        "no figure",
        f"energy score of held-out spectra {spread(first)} after {iterations[0]} "
        f"iterations, {spread(last)} after {iterations[-1]} (1: as good as real ones)",
        "simulated, 50 a class",
        verdict(*(b < a for a, b in zip(first, last, strict=True))),
        "lower is better; holds if it falls in every run",
    )


def _repeated(results):
    place = "conclusion, step 3"
    claim = "The same two steps serve each further set of spectra"
    found = sets_of_spectra(results)
    if not found:
        return missing_row(place, claim)
    records = [record for part in found.values() for record in part]
    kinds = list(dict.fromkeys(record["data"] for record in records))
    return Row(
        place,
        claim,
        "no figure",
        f"ran unchanged on {len(kinds)} kinds of data, {len(records)} times",
        "; ".join(kinds),
        verdict(*(record["expansion"]["finite"] for record in records)),
        "one network for all classes of a set; that it runs does not say that its "
        "spectra are good",
    )


def _training_needs(results):
    """Return rows for the network, as the poster means it, and for an SVM."""
    place = "abstract"
    claim = "With generated spectra added, a small set is enough to train a "
    records, longer = by_iterations(results)
    if not records:
        return [missing_row(place, f"{claim}network", "enough")]
    return [
        _training_row(place, claim + title, said, model, group, records)
        for model, title, said in (
            ("CNN", "network (CNN)", "enough"),
            ("SVM", "linear SVM", "not tested"),
        )
        for group in (records, longer)
        if group
    ]


def _training_row(place, claim, said, model, group, records):
    """Compare the poster's network in a group of records with all else in records."""
    gains = {
        other: paired(
            [_with_f1(record, PLAIN, model) for record in group],
            [_with_f1(record, other, model) for record in records],
            lambda record: record["f1"],
        )
        for other in (NOTHING, SMOTE, THREE)
    }
    others = (NOTHING, COPIES, SMOTE, DEFAULT, THREE, FOUR)
    return Row(
        place,
        f"{claim}; {group[0]['n_iter']} iterations",
        said,
        f"macro-F1: {PLAIN} {_f1(group, PLAIN, model)}; "
        + "; ".join(f"{name} {_f1(records, name, model)}" for name in others),
        NOISY,
        verdict(gains[NOTHING][1] > 0, gains[SMOTE][1] > 0),
        f"same draws, {PLAIN} minus "
        + "; minus ".join(f"{n} {difference(*gap)}" for n, gap in gains.items())
        + "; holds if reliably above the first two",
    )


def _with_f1(record, name, model):
    return {"seed": record["seed"], "f1": record["f1"][name][model]}


def _f1(records, name, model):
    return spread_of(records, lambda record: record["f1"][name][model])
