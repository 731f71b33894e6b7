"""Two theories that should be one: equal draw by draw under a map of their parameters, or equal in distribution."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.checks import MIN_P_VALUE
from nnft_ppl.complex_parts import in_parts
from nnft_ppl.display import ROUNDING, columns, format_value, mark_lines, places_along, table
from nnft_ppl.results import Ensemble, quoted_series
from nnft_ppl.runs.sampling import sample
from nnft_ppl.statistics import MAX_PULL, Estimate, TSquared, Verdict, relative_weights, t_squared, weighted_agreement
from nnft_ppl.theory import Theory

PER_DRAW = 64
"""Free draws at which two theories are compared draw by draw."""
Map = Callable[[dict[str, Array]], Mapping[str, Array]]


class Difference(NamedTuple):
    """One entry of one observable in both theories."""

    observable: str
    place: str
    """Where, in words; empty for a number."""
    first: float
    """Of the first theory: its mean, or its value on the draw where the two differ most."""
    second: float
    """Of the second one."""
    error: float
    """Of the difference; of a comparison draw by draw, the rounding that is allowed."""
    pull: float
    """(first − second)/error."""


@dataclass(frozen=True)
class Duality:
    """Whether two theories are equal: a verdict in words, and every difference."""

    verdict: Verdict
    """`good` where nothing tells them apart, with what was compared and how finely; else what does."""
    rows: tuple[Difference, ...]
    """Every entry of every observable that both have."""
    p_value: float | None
    """Probability of a larger T² if all means were equal; None draw by draw, and where there is no test."""

    @property
    def holds(self) -> bool:
        """Whether nothing was seen that tells the two apart."""
        return self.verdict.status == "good"

    def __str__(self) -> str:
        return f"{self.verdict.text}\n{columns(*self._table(), words=2)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return mark_lines([(self.verdict.status, self.verdict.text)]) + table(*self._table(), words=2)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows, the farthest apart first."""
        order = sorted(self.rows, key=lambda row: -abs(row.pull))
        cells = [
            [
                row.observable,
                row.place,
                f"{row.first:.6g}",
                f"{row.second:.6g}",
                format_value(row.first - row.second, row.error),
                f"{row.pull:+.1f}",
            ]
            for row in order
        ]
        return ["observable", "at", "first", "second", "difference", "pull"], cells


def dual(
    first: Theory | Ensemble,
    second: Theory | Ensemble,
    map: Map | None = None,
    *,
    tolerance: float = ROUNDING,
    seed: int = 0,
    **settings: Any,
) -> Duality:
    """Whether two theories give the same observables, as far as they have ones of the same name and shape.

    With a map, draw by draw: on some free draws of the first theory every shared observable has the same value in the
    second one at the mapped parameters, to rounding. That the map also carries one density into the other is not looked
    at. Without one, in distribution: both are sampled, and the differences of all means are tested together by
    Hotelling's T², and one by one.

    Args:
        first: A theory, or draws of it, an `Ensemble`; with a map a theory.
        second: The other one.
        map: Parameters θ of the first by stored name -> those of the second, all of them.
        tolerance: With a map: by how much values may differ, relative to the largest of the observable.
        seed: For the draws; the second theory is sampled with the next one.
        settings: Further settings of `nnft_ppl.sample`, such as `sampler` and `num_draws`.

    Returns:
        The verdict, good where nothing tells them apart, with every difference.

    Raises:
        TypeError: If that is neither a theory nor an ensemble, or an ensemble where a map is given.
        ValueError: If they share no observable, or the map does not give the second one's parameters.
        ModelError: With a map, if the second theory has a site whose parameters have no known coordinates.

    Example:
        >>> dual(load("deformed_rotation", coupling=0.0), other, lambda theta: {"matrix": theta["weight"].T})
        ... # doctest: +SKIP
    """
    for one in (first, second):
        if not isinstance(one, Theory) and (map is not None or not isinstance(one, Ensemble)):
            wanted = "two theories" if map is not None else "theories or ensembles"
            raise TypeError(f"dual() takes {wanted}{' with a map' if map else ''}, not {type(one).__name__}")
    if map is not None:
        assert isinstance(first, Theory)
        assert isinstance(second, Theory)
        return _draw_by_draw(first, second, map, tolerance, seed)
    ensembles = [
        one if isinstance(one, Ensemble) else sample(one, seed=seed + number, **settings)
        for number, one in enumerate((first, second))
    ]
    return _in_distribution(ensembles[0], ensembles[1])


def _draw_by_draw(first: Theory, second: Theory, map_: Map, tolerance: float, seed: int) -> Duality:
    names = _shared(first.shapes, second.shapes, [*first.observables], [*second.observables])
    sites = {site.label: site.shape for site in second.sites}
    coordinates = second.coordinates

    def both(key: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        here = first.at(first.free_draw(key))
        mapped = {name: jnp.asarray(value) for name, value in dict(map_(here.values)).items()}
        if {name: value.shape for name, value in mapped.items()} != sites:
            given = {name: value.shape for name, value in mapped.items()}
            raise ValueError(f"dual: the map gives {given}; {second.name} has the parameters {sites}")
        there = second.at(coordinates(mapped))
        values = [{name: theory.observables[name].on(draw) for name in names} for theory, draw in
                  ((first, here), (second, there))]  # fmt: skip
        return values[0], values[1]

    values = jax.jit(jax.vmap(both))(jax.random.split(jax.random.key(seed), PER_DRAW))
    rows = []
    for name in names:
        one, other = (np.asarray(part[name]) for part in values)
        allowed = tolerance * max(float(np.max(np.abs(one))), float(np.max(np.abs(other))))
        one, other = _parts(one, other)
        difference = np.where(np.isfinite(one - other), one - other, np.inf)
        for index, place in _places(first, name, one.ndim - 1):
            draw = int(np.argmax(np.abs(difference[:, *index])))
            apart = float(difference[(draw, *index)])
            pull = 0.0 if apart == 0 else apart / allowed if allowed else np.inf
            rows.append(Difference(name, place, one[(draw, *index)], other[(draw, *index)], allowed, pull))
    worst = max(rows, key=lambda row: abs(row.pull))
    good = abs(worst.pull) <= 1
    text = f"{len(rows)} entries of {len(names)} observables agree on each of {PER_DRAW} draws to {tolerance:g}"
    if not good:
        text = f"{_called(worst)} is {worst.first:.6g} here and {worst.second:.6g} there on one of {PER_DRAW} draws"
    advice = "the theories are not dual by this map"
    return Duality(Verdict.of("dual", abs(worst.pull), 1.0, text, good=good, advice=advice), tuple(rows), None)


def _in_distribution(first: Ensemble, second: Ensemble) -> Duality:
    if first.phase is not None or second.phase is not None:
        raise ValueError("dual: averages of theories with a phase are compared by `nnft compare`; here give a map")
    estimates = [dict(one.estimates()) for one in (first, second)]
    shapes = [{name: np.shape(one.value) for name, one in found.items()} for found in estimates]
    names = _shared(shapes[0], shapes[1], list(shapes[0]), list(shapes[1]))
    rows = []
    for name in names:
        one, other = (found[name] for found in estimates)
        if np.iscomplexobj(one.value) or np.iscomplexobj(other.value):
            one, other = (_complex(part).in_parts for part in (one, other))
        pulls = weighted_agreement(one, other)  # the draws of the two are independent
        for index, place in _places(first, name, np.ndim(one.value)):
            error = float(np.hypot(one.error[index], other.error[index]))
            rows.append(Difference(name, place, one.value[index], other.value[index], error, float(pulls[index])))
    test = _together(first, second, names)
    known = [row for row in rows if not np.isnan(row.pull)]
    if not known:
        verdict = Verdict("dual", "unavailable", None, MAX_PULL, "nothing has an error in both theories")
        return Duality(verdict, tuple(rows), None)
    worst = max(known, key=lambda row: abs(row.pull))
    tested = np.isfinite(test.p_value)
    text = f"{len(known)} means differ by at most {abs(worst.pull):.1f} errors ({_called(worst)})"
    text += f", together p = {test.p_value:.2g}" if tested else ", no test of all together (too few draws)"
    good = abs(worst.pull) <= MAX_PULL and not (tested and test.p_value < MIN_P_VALUE)
    text += _resolution(known) if good else ""
    verdict = Verdict.of("dual", abs(worst.pull), MAX_PULL, text, good=good, advice="the theories are not equal")
    return Duality(verdict, tuple(rows), float(test.p_value) if tested else None)


def _together(first: Ensemble, second: Ensemble, names: list[str]) -> TSquared:
    """T² of the differences of paired draws: those of the two are independent, whichever stand side by side."""
    drawn = [_contributions(one, names) for one in (first, second)]
    chains, draws = (min(one.shape[axis] for one in drawn) for axis in (0, 1))
    difference = drawn[0][:chains, :draws] - drawn[1][:chains, :draws]
    weighted = first.kind.weighted or second.kind.weighted
    # Weighted draws follow no F law; the weights themselves are in the series already.
    logs = np.zeros((chains, draws)) if weighted else None
    return t_squared(difference, logs, independent=first.kind.independent and second.kind.independent)


def _contributions(ensemble: Ensemble, names: list[str]) -> np.ndarray:
    """Series of all entries, (chain, draw, entry), whose plain means are the weighted ones."""
    series = quoted_series(ensemble.data, ensemble.log_weights)
    parts = [series[name] for name in names if name in series]
    parts = [in_parts(part) if np.iscomplexobj(part) else part for part in parts]
    together = np.concatenate([part.reshape(*part.shape[:2], -1) for part in parts], axis=2)
    if ensemble.log_weights is None:
        return together
    shares = relative_weights(ensemble.log_weights)[..., None]
    mean = (shares * together).mean((0, 1))
    return mean + shares * (together - mean)


def _shared(one: Mapping[str, Any], other: Mapping[str, Any], first: list[str], second: list[str]) -> list[str]:
    names = [name for name in first if name in second and one[name] == other[name]]
    if not names:
        raise ValueError(f"dual: no observable of one shape is in both: {sorted(first)} and {sorted(second)}")
    return names


def _parts(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as they are, or as real and imaginary parts along a last axis where either is complex."""
    if not (np.iscomplexobj(one) or np.iscomplexobj(other)):
        return one, other
    return in_parts(np.asarray(one, complex)), in_parts(np.asarray(other, complex))


def _complex(one: Estimate) -> Estimate:
    """An estimate as a complex one."""
    return replace(one, value=one.value + 0j, error=one.error + 0j, second_error=one.second_error + 0j)


def _places(one: Theory | Ensemble, name: str, axes: int) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every entry of an observable, with its coordinates in words; `part` where there is one more axis, of parts."""
    if isinstance(one, Ensemble):
        coordinates = dict(one.estimates()[name].coordinates)
    else:
        observable = one.observables[name]
        sizes = zip(observable.dims, one.shapes[name], strict=True)
        coordinates = {dim: np.array(observable.coords.get(dim, range(size))) for dim, size in sizes}
    several = axes > len(coordinates)
    for index, place in places_along(coordinates):
        for part, word in enumerate(("real part", "imaginary part")) if several else ((None, ""),):
            words = ", ".join(one for one in (place, word) if one)
            yield (index if part is None else (*index, part)), words


def _called(row: Difference) -> str:
    return f"{row.observable}[{row.place}]" if row.place else row.observable


def _resolution(rows: list[Difference]) -> str:
    """The smallest relative difference that would have been seen everywhere."""
    limits = {_called(row): (MAX_PULL * row.error, abs(row.first)) for row in rows}
    shares = {name: limit / size for name, (limit, size) in limits.items() if size > limit}
    worst = max(shares, key=lambda name: shares[name], default=None)
    return f"; could have seen {shares[worst]:.1%} ({worst})" if worst and shares[worst] > 0 else ""
