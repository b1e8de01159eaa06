"""Values of records as a page writes them: `{small.accuracy["CNN"].random:3}`."""

import operator
from functools import partial, partialmethod
from string import Formatter

import numpy as np
from scipy.stats import t as student

NOT_RUN = "not run yet"
_PLACE = ("seed", "repetition", "fold", "repeat")  # what pairs records of two kinds


class Values:
    """What stands at one place in the records of an experiment, one value a record.

    `values.name` or `values["name"]` goes a step into every record, `values(seed=100)`
    keeps the records with this argument. Differences and ratios pair the records with
    the same seed, repetition and fold. Comparisons are of means; None without values.

    Formats: `3` gives mean ± standard deviation (number) with three digits, `~3` the
    same without the number, all others the mean: `.3f`, `+.2f`, `.0%`.

    Examples
    --------
    >>> found = Values.of([{"seed": 1, "a": {"b": 0.9}}, {"seed": 2, "a": {"b": 1.0}}])
    >>> f"{found.a.b:2}; {found(seed=2).a.b:.1f}; {found.a.b - 1:+.2f}; {found.c:2}"
    '0.95 ± 0.07 (2); 1.0; -0.05; not run yet'
    >>> found.a.b > 0.9, found.c > 0.9
    (True, None)
    """

    def __init__(self, found):
        self._found = list(found)

    @classmethod
    def of(cls, records):
        """Return the values that are whole records."""
        return cls(
            (tuple((n, record[n]) for n in _PLACE if n in record), record)
            for record in records
        )

    def __getitem__(self, name):
        return Values(
            (place, value[name])
            for place, value in self._found
            if (name in value if isinstance(value, dict) else name < len(value))
            and value[name] is not None
        )

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __call__(self, **wanted):
        return self.where(
            lambda record: all(record.get(n) == v for n, v in wanted.items())
        )

    def where(self, wanted):
        """Keep the records for which `wanted(record)` is true."""
        return Values(pair for pair in self._found if wanted(pair[1]))

    def apply(self, function):
        """Return `function(value)` of every value."""
        return Values((place, function(value)) for place, value in self._found)

    def __len__(self):
        return len(self._found)

    def __iter__(self):
        return (value for _, value in self._found)

    @property
    def array(self):
        """One number a record; lists give their mean."""
        return np.array([_mean(value) for value in self], dtype=float)

    @property
    def mean(self):
        """The mean over records, or None."""
        return float(self.array.mean()) if len(self) else None

    def _combine(self, other, by):
        if not isinstance(other, Values):
            return self.apply(lambda value: by(_mean(value), other))
        rivals = dict(other._found)
        return Values(
            (place, by(_mean(value), _mean(rivals[place])))
            for place, value in self._found
            if place in rivals
        )

    def _compare(self, other, by):
        other = other.mean if isinstance(other, Values) else other
        return None if None in (self.mean, other) else bool(by(self.mean, other))

    __sub__ = partialmethod(_combine, by=operator.sub)
    __truediv__ = partialmethod(_combine, by=operator.truediv)
    __gt__ = partialmethod(_compare, by=operator.gt)
    __ge__ = partialmethod(_compare, by=operator.ge)
    __lt__ = partialmethod(_compare, by=operator.lt)
    __le__ = partialmethod(_compare, by=operator.le)

    def __abs__(self):
        return self.apply(lambda value: abs(_mean(value)))

    def __format__(self, spec):
        if not len(self):
            return NOT_RUN
        if not spec.lstrip("~").isdigit():
            return format(self.mean, spec)
        digits = int(spec.lstrip("~"))
        spread = f" ± {self.array.std(ddof=1):.{digits}f}" if len(self) > 1 else ""
        number = "" if spec.startswith("~") else f" ({len(self)})"
        return f"{self.mean:.{digits}f}{spread}{number}"


def _mean(value):
    numbers = [number for number in np.ravel(value) if number is not None]
    return np.mean(numbers) if numbers else np.nan


def one(number):
    """Return a single value that is not one a record."""
    return Values([((), number)])


def reduce(function, values):
    """Return one value of all: the median, the lowest, ...; none of none."""
    return one(function(values.array)) if len(values) else Values([])


lowest, highest = partial(reduce, np.min), partial(reduce, np.max)


def share(values, wanted):
    """Return 1 for each value that is as `wanted`, else 0."""
    return values.apply(lambda value: float(wanted(_mean(value))))


def not_negative(value):
    """Say whether a number is zero or more: what to ask of a lead."""
    return value >= 0


def of_five(condition, values):
    """Return the condition, or None where fewer than five runs are there to judge."""
    return condition if len(values) >= 5 else None


def negative(value):
    """Say whether a number is below zero."""
    return value < 0


def equals(values, number):
    """Say whether every value is this number; None without values."""
    return all_of(values, lambda value: value == number)


def all_of(values, wanted):
    """Say whether every value is as `wanted`; None without values."""
    return all(wanted(_mean(v)) for v in values) if len(values) else None


def clearly(values):
    """Say whether the mean is more than twice its standard error above zero."""
    n = len(values)
    error = values.array.std(ddof=1) / np.sqrt(n) if n > 1 else 0
    return bool(values.mean > 2 * error) if n else None


def not_clearly(values):
    """Say whether the mean is not clearly above zero; None without values."""
    return not clearly(values) if len(values) else None


def interval(values, shared=0.0):
    """Return mean and 95 % interval (t), which is infinite for a single value.

    Folds share what they are trained on. With test over training spectra for `shared`
    the interval allows for that (Nadeau and Bengio 2003).
    """
    n, mean = len(values), values.mean
    if n < 2:
        return mean, -np.inf, np.inf
    reach = student.ppf(0.975, n - 1) * values.array.std(ddof=1)
    reach *= np.sqrt(1 / n + shared)
    return mean, mean - reach, mean + reach


def reliably(values, sign=1):
    """Say whether the 95 % interval lies above (`sign` 1) or below zero (-1)."""
    if not len(values):
        return None
    _, low, high = interval(values)
    return bool(low > 0 if sign > 0 else high < 0)


def not_reliably(values):
    """Say whether the 95 % interval is not above zero; None without values."""
    return not reliably(values) if len(values) else None


def gap(values, digits=3, shared=0.0):
    """Write a difference with its 95 % interval; `shared` as in `interval`."""
    if not len(values):
        return NOT_RUN
    mean, low, high = (f"{value:+.{digits}f}" for value in interval(values, shared))
    return mean if len(values) < 2 else f"{mean} ({low} to {high})"


def table(header, rows):
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


class Page(Formatter):
    """Fill the {expressions} of a text; count its verdicts and keep its values.

    An expression is Python on the names given. `claim(conditions)` writes how many of
    the conditions of a paper's claim hold, `ours(conditions)` the same of a test that
    the paper does not make; without conditions it cannot be checked.
    """

    CLAIM = ("holds", "in part", "does not hold", "cannot be checked", NOT_RUN)
    OURS = ("passed", "in part", "failed", "no test", NOT_RUN)

    def __init__(self, names):
        self.names = {**names, "claim": self.claim, "ours": self.ours}
        self.tally, self.values = dict.fromkeys(self.CLAIM, 0), {}

    def get_field(self, field_name, args, kwargs):
        value = eval(field_name, self.names)
        if isinstance(value, Values):
            self.values[field_name] = value
        return value, field_name

    def fill(self, text):
        """Return the text with its values."""
        return self.vformat(text, (), {})

    def claim(self, *conditions):
        """Write and count the verdict on a claim of the paper."""
        word = _verdict(self.CLAIM, conditions)
        self.tally[word] += 1
        return f"**{word}**"

    def ours(self, *conditions):
        """Write the verdict on a test of ours."""
        return f"**{_verdict(self.OURS, conditions)}**"


def _verdict(words, conditions):
    if not conditions or None in conditions:
        return words[4 if conditions else 3]
    return words[0 if all(conditions) else 1 if any(conditions) else 2]
