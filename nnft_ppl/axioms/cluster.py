r"""Cluster decomposition: whether what is measured at two far places becomes independent.

    C_A(r) = ⟨A(x) A(y)⟩ − ⟨A(x)⟩ ⟨A(y)⟩ → 0,        |x − y| = r → ∞

for A = φ, φ·φ and cos(|φ|/scale), which has a variance whatever the law of the parameters. The first two are averaged
over Gaussian amplitudes where the action leaves these alone. C is compared with its value at a nearer pair: what stays
does not cluster. A network of N independent plane waves has
C_{φ·φ} → constant/N, a network times a random amplitude A has Var(A²) G(0)² at every N.

Source: Osterwalder and Schrader, Commun. Math. Phys. 31 (1973) 83; the criterion is derived here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped
from numpy import ndarray
from scipy.special import ndtri

from nnft_ppl.arguments import require_positive
from nnft_ppl.axioms.field_values import Legs, averaged_pair, averaged_quartet
from nnft_ppl.axioms.judged_draws import ALPHA, CHANCE, FEWEST, SURE, TOLERANCE, JudgedDraws, worst
from nnft_ppl.display import format_value
from nnft_ppl.spaces import Box, Lattice, Line, Region, Sphere, Unbounded
from nnft_ppl.statistics import SIGMAS, contributions, tails

FAR = 12.5
"""The farthest pair in all of R^dim, in units of the side of what is looked at."""
STAYS, FALLS = 0.75, 0.5
"""What keeps more than the one share at the farther pair stays; what keeps less than the other falls."""
NEARER, IN_PART = 4.0, 2.0
"""How many times nearer the nearer pair is in all of R^dim, and in a region that ends."""
LEFT = 0.1
"""More than this share of the size, seen, is too much to say that it vanishes farther away."""
LEAST = 1e-3
"""By how little what is left may differ from a bound, in units of what chance may be, when draws are counted."""
NEGLIGIBLE = 1e-3
"""What is left below this share of the size is nothing: sharp cut-offs leave as much, oscillating."""
ORDER = ("does not cluster", "undecided", "clusters")
NUMBERS, ERRORS = ("near_value", "value", "ratio"), ("near_error", "error", "ratio_error")
WORDS = {"field": "φ", "square": "φ²", "bounded": "cos(φ/s)"}


class ClusterDecomposition:
    """Pairs of points at a distance and nearer ones, along the first axis and symmetric about the centre.

    Args:
        region: Where fields are looked at.
        distance: The larger one, in units of length; None for as far as the region goes: half of a period, half of a
            box in which an action acts, else `FAR` sides.
        acts: Whether an action acts in the region, outside of which it does not.

    Attributes:
        points: The pairs, shape (2, 2, dim), the nearer one first.
        distances: Theirs.

    Raises:
        TypeError: If the distance is no number.
        ValueError: If it is not positive, or lies outside the region.
    """

    def __init__(self, region: Region, distance: float | None = None, *, acts: bool = True) -> None:
        unbounded = isinstance(region, Box | Unbounded)
        if distance is not None:
            distance = require_positive("ClusterDecomposition", "distance", distance)
        if unbounded and (distance is not None or isinstance(region, Unbounded) or not acts):
            distance = FAR * region.side if distance is None else distance
            self.distances = (distance / NEARER, distance)
            offset = np.array(self.distances)[:, None] / 2 * np.eye(region.dim)[0]
            self.points = np.stack([region.centre - offset, region.centre + offset], axis=1)
            return
        farthest = _farthest(region)
        if distance is not None and distance > farthest * (1 + 1e-9):
            raise ValueError(
                f"ClusterDecomposition: distance = {distance:g} lies outside the region, in which two points are at "
                f"most {farthest:g} apart along the first axis; give a distance up to {farthest:g}"
            )
        distance = farthest if distance is None else distance
        pairs = region.pairs([distance / IN_PART, distance])
        self.distances = tuple(float(one) for one in pairs.separations)
        self.points = np.asarray(pairs.points, float)
        if len(self.distances) != 2 or not self.distances[0] > 0:
            raise ValueError(
                f"ClusterDecomposition: the region has no two pairs of points at {distance / IN_PART:g} and "
                f"{distance:g}; it is too small for the question"
            )

    def read(self, fields: Mapping[str, Legs]) -> dict[str, Array]:
        """What of one draw is needed.

        Args:
            fields: Legs at `points`, shape (pair, 2, component), by name.

        Returns:
            Of every field `field.NAME`, A(x)*·A(y) with the components of A(x)* and A(y) behind, shape
            (pair, 1 + 2 component); `square.NAME`, the same of φ*·φ, shape (pair, 3); `values.NAME`, |φ| at the points,
            shape (pair, 2).
        """
        found = {}
        for name, legs in fields.items():
            x, y = legs.at((slice(None), 0)), legs.at((slice(None), 1))
            product = averaged_pair(x.conjugate, y)
            found[f"field.{name}"] = jnp.concatenate([product[:, None], x.means.conj(), y.means], axis=-1)
            squares = (
                averaged_quartet(x.conjugate, x, y.conjugate, y),
                *(averaged_pair(a.conjugate, a) for a in (x, y)),
            )
            found[f"square.{name}"] = jnp.stack([one.real for one in squares], axis=-1)
            found[f"values.{name}"] = jnp.linalg.norm(legs.values, axis=-1)
        return found

    def conclude(
        self,
        series: Mapping[str, Shaped[ndarray, "chain draw ..."]],
        draws: JudgedDraws,
        *,
        tolerance: float = TOLERANCE,
    ) -> dict[str, Any]:
        """The findings, plain values.

        Args:
            series: What `read` gave on every draw, shapes (chain, draw, ...).
            draws: What the draws are.
            tolerance: Where nothing is seen, `clusters` says that no more than this share of the size is left.

        Returns:
            `verdict` (`clusters`, `does not cluster` or `undecided`), `text`, `where`, `draws_needed`, and `rows`:
            `field`, `observable`, `distance`, `value` and `error` of C at it, `ratio` and `ratio_error` in units of
            ⟨φ*·φ⟩ (for A = φ), ⟨φ*·φ⟩² (φ·φ) or Var(A), `near_distance`, `near_value`, `near_error` there, `verdict`,
            `text`, `draws_needed`.
        """
        found: list[tuple[str, str, _Connected]] = []
        for name in (one.removeprefix("values.") for one in series if one.startswith("values.")):
            of_name = {key: np.asarray(series[f"{key}.{name}"]) for key in ("field", "square", "values")}
            found += [(name, observable, one) for observable, one in _connected(of_name, draws).items()]
        columns = np.stack([_columns(one, draws) for *_, one in found], axis=-2)
        finite = np.isfinite(columns).all(axis=(0, 1, 3))
        columns = np.where(finite[:, None], columns, 0.0)
        value, error = draws.value(columns)
        shape = tails(np.abs(contributions(columns[..., :2], draws.log_weights)), independent=draws.independent)
        heavy = shape.useless(SIGMAS).reshape(len(found), -1).any(axis=-1)
        z = -float(ndtri(ALPHA / len(found) / 2))
        rows = []
        for at, (name, observable, connected) in enumerate(found):
            row: dict[str, Any] = {"field": name, "observable": observable}
            row |= {"near_distance": self.distances[0], "distance": self.distances[1]}
            row |= {key: float(value[at, place]) if finite[at] else np.nan for place, key in enumerate(NUMBERS)}
            row |= {key: float(error[at, place]) if finite[at] else np.nan for place, key in enumerate(ERRORS)}
            if heavy[at] or not finite[at] or connected.carried < FEWEST:
                text = "its tail is too heavy" if heavy[at] else f"{connected.carried:.0f} draws carry it, too few"
                text = text if finite[at] else "it is not finite on some draws"
                rows.append(row | {"verdict": "undecided", "text": text, "draws_needed": None})
                continue
            nothing = NEGLIGIBLE * abs(float(connected.unit[1]))
            over = [(float(value[at, place]), z * float(error[at, place])) for place in (3, 4)]
            rows.append(row | _judged(row, over, max(z * row["error"], nothing), tolerance, draws.number))
        verdict = worst([row["verdict"] for row in rows], ORDER)
        telling = [row for row in rows if row["verdict"] == verdict]
        most = max(telling, key=lambda row: np.nan_to_num(abs(row["ratio"])))
        return {
            "verdict": verdict,
            "text": f"{WORDS[most['observable']]}{most['field'].removeprefix('field')}: {most['text']}",
            "where": f"pairs of points {self.distances[0]:.3g} and {self.distances[1]:.3g} apart along the first axis",
            "draws_needed": max((row["draws_needed"] for row in telling if row["draws_needed"]), default=None),
            "rows": rows,
        }


def _judged(
    row: Mapping[str, Any], over: Sequence[tuple[float, float]], least: float, tolerance: float, number: int
) -> dict[str, Any]:
    """The verdict on one observable.

    Args:
        row: Its numbers.
        over: By how much more than `STAYS` and `FALLS` of what is at the nearer pair is left, and what of that
            chance may be.
        least: A value above this is seen.
        tolerance: As above.
        number: Of draws.
    """
    (stays, of_stays), (falls, of_falls) = over
    bound, seen, needed = abs(row["ratio"]) + SURE * row["ratio_error"], abs(row["value"]) > least, None
    text = f"{format_value(row['value'], row['error'])} at a distance of {row['distance']:.3g}"
    near = f", {format_value(row['near_value'], row['near_error'])} at {row['near_distance']:.3g}"
    if seen and stays > of_stays:
        verdict, text = "does not cluster", text + near
    elif seen and (abs(row["ratio"]) > LEFT or (stays < -of_stays and falls > of_falls)):
        verdict, text = "undecided", f"{text}{near}: look farther"
    elif seen and falls < -of_falls:
        verdict, text = "clusters", text + near
    elif bound <= tolerance and (not seen or stays < -of_stays):
        verdict, text = "clusters", f"{text}, no more than {bound:.1%} of its size"
    else:
        more = (
            (of_stays / max(abs(stays), LEAST * of_stays)) if seen else (SURE + CHANCE) * row["ratio_error"] / tolerance
        )
        needed = number * max(more**2, 2.0)
        verdict, text = "undecided", f"{text}{near} (needs {needed:.0e} draws)"
    return {"verdict": verdict, "text": text, "draws_needed": needed}


class _Connected(NamedTuple):
    """A connected function of pairs on every draw, so that means are values and spreads give errors."""

    series: Shaped[ndarray, "chain draw pair"]
    """A(x) A(y) − ⟨A(x)⟩ A(y) − A(x) ⟨A(y)⟩ + ⟨A(x)⟩⟨A(y)⟩."""
    unit: Float[ndarray, " pair"]
    """What it is compared with."""
    ratio: Shaped[ndarray, "chain draw pair"]
    """The connected function in that unit, linearised."""
    carried: float
    """By how many draws ⟨|φ|²⟩ is carried at the points, at the least."""


def _columns(connected: _Connected, draws: JudgedDraws) -> Shaped[ndarray, "chain draw 5"]:
    """C at both pairs, its ratio, and what is left over `STAYS` and `FALLS`, on the same draws."""
    near, far = np.moveaxis(connected.series, -1, 0)
    sign = np.sign(np.real(draws.mean(far)))
    over = (sign * (far - share * near) for share in (STAYS, FALLS))
    return np.stack([near, far, connected.ratio[..., 1], *over], axis=-1)


def _connected(series: Mapping[str, ndarray], draws: JudgedDraws) -> dict[str, _Connected]:
    """The connected functions of every observable of one field."""
    square, size = series["square"], series["values"]
    scale = float(np.median(size)) or 1.0
    bounded = np.cos(size / scale)
    field = series["field"]
    half = (field.shape[-1] - 1) // 2
    parts = {
        "field": (field[..., 0], field[..., 1 : half + 1], field[..., half + 1 :]),
        "square": (square[..., 0], square[..., 1:2], square[..., 2:3]),
        "bounded": (bounded[..., 0] * bounded[..., 1], bounded[..., :1], bounded[..., 1:]),
    }
    means = np.real(draws.mean(square[..., 1:]))  # (pair, 2)
    relative = np.divide(square[..., 1:], means, out=np.ones_like(square[..., 1:]), where=means > 0).sum(axis=-1) - 2
    spread = (bounded - np.real(draws.mean(bounded))) ** 2
    variance = np.real(draws.mean(spread))
    of_spread = np.divide(spread, variance, out=np.ones_like(spread), where=variance > 0).sum(axis=-1) - 2
    units = {
        "field": (np.sqrt(means.prod(axis=-1)), relative / 2),
        "square": (means.prod(axis=-1), relative),
        "bounded": (np.sqrt(variance.prod(axis=-1)), of_spread / 2),
    }
    found, carried = {}, float(np.min(draws.carried(np.abs(square[..., 1:]))))
    for observable, (product, a, b) in parts.items():
        mean_a, mean_b = draws.mean(a), draws.mean(b)
        whole = product + (mean_a * mean_b - mean_a * b - a * mean_b).sum(axis=-1)
        unit, change = units[observable]
        divided = np.where(unit > 0, unit, 1.0)
        value = draws.mean(whole)
        found[observable] = _Connected(whole, unit, (whole - value * change) / divided, carried)
    return found


def _farthest(region: Region) -> float:
    """How far apart the pairs of a region can be."""
    if isinstance(region, Lattice):
        return max(float(one) for one in region.pairs([region.sides[0]]).separations)
    if isinstance(region, Line):
        return region.times[-1] - region.times[0]
    return float(np.pi) if isinstance(region, Sphere) else region.sides[0] / 2
