r"""Euclidean invariance: n-point functions at points x_i and at moved points g x_i, on the same draws.

    D = F(x_1, …, x_n) − F(g x_1, …, g x_n),        E[D] = 0 for every motion g that the theory admits

with F = φ(x_1)*·φ(x_4) of two points, (φ(x_1)*·φ(x_2)) (φ(x_3)*·φ(x_4)) of four (· sums over components), both averaged
over Gaussian amplitudes where the action leaves these alone, and tanh(F/scale) of both, which have a variance whatever
the law of the parameters. A reflection conjugates: F(x)* is compared with F(g x).

Source: Osterwalder and Schrader, Commun. Math. Phys. 31 (1973) 83; the paired test is derived here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Shaped
from numpy import ndarray

from nnft_ppl.axioms.field_values import Legs, averaged_pair, averaged_quartet
from nnft_ppl.axioms.judged_draws import ALPHA, CHANCE, FEWEST, SURE, TOLERANCE, JudgedDraws, worst
from nnft_ppl.axioms.motions import KINDS, Motion, inside, motions_of, refuse_off_sites
from nnft_ppl.display import format_value
from nnft_ppl.spaces import Region
from nnft_ppl.statistics import SIGMAS, contributions, t_squared, tails

FUNCTIONS = ("two points", "four points", "bounded")
"""What is compared: the families of functionals."""
SYMBOLS = {"two points": "φφ", "four points": "φφφφ"}


@dataclass(frozen=True)
class _Row:
    """One real number that is zero where a motion is a symmetry."""

    kind: str
    functions: str
    motion: str
    functional: str


class EuclideanInvariance:
    """Differences of n-point functions under motions.

    Args:
        region: Where fields are looked at.
        points: Four points, shape (4, dim), the first and last of which are the two; None for some near the centre.
        motions: What they are moved by; None for what the region admits.

    Attributes:
        points: The four points and their images, shape (1 + motion, 4, dim).
        motions: The motions.

    Raises:
        ValueError: If the points are not four of the region's dimension, or a motion is of another, or leads off the
            sites of a lattice or the given times.
    """

    def __init__(
        self,
        region: Region,
        points: Float[ndarray, "4 dim"] | None = None,
        motions: Sequence[Motion] | None = None,
    ) -> None:
        usual, own = motions_of(region)
        four = usual if points is None else np.asarray(points, float)
        if four.shape != (4, region.dim) or not np.isfinite(four).all():
            raise ValueError(f"EuclideanInvariance: points have shape {four.shape}; give four, (4, {region.dim})")
        self.motions = own if motions is None else tuple(motions)
        refuse_off_sites(region, four, "one of the points")
        images = []
        for motion in self.motions:
            if np.shape(motion.shift) != (region.dim,):
                words = f"{motion.name} is a motion in {len(motion.shift)} dimensions; points have {region.dim}"
                raise ValueError(f"EuclideanInvariance: {words}")
            images.append(inside(region, motion(four)))
            refuse_off_sites(region, images[-1], motion.name)
        self.points = np.stack([four, *images])
        self.centre = np.asarray(region.centre, float)

    def read(self, fields: Mapping[str, Legs]) -> dict[str, Array]:
        """What of one draw is compared.

        Args:
            fields: Legs at `points`, shape (1 + motion, 4, component), by name.

        Returns:
            `two points.FIELD` and `four points.FIELD`, shape (1 + motion,), averaged over amplitudes, and
            `raw two points.FIELD` … not averaged, where that is another.
        """
        found = {}
        for name, legs in fields.items():
            raw = Legs(legs.values, legs.values, None)
            for start, one in {"": legs, "raw ": raw}.items():
                if start and legs.features is None:
                    continue
                a, b, c, d = (one.at((slice(None), which)) for which in range(4))
                found[f"{start}two points.{name}"] = averaged_pair(a.conjugate, d)
                found[f"{start}four points.{name}"] = averaged_quartet(a.conjugate, b, c.conjugate, d)
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
            tolerance: `kept` says that no difference exceeds this share of ⟨|F|⟩.

        Returns:
            `verdict` (`kept`, `broken` or `undecided`), `text`, `where`, `draws_needed`, `parts` (`kind`, `functions`,
            `verdict`, `t2`, `dof`, `p_value`, `bound`, `draws_needed`, `left_out`) and `rows` (`kind`, `functions`,
            `motion`, `functional`, `value`, `error`, `size`, `z`).
        """
        if not self.motions:
            nothing: dict[str, Any] = {"verdict": "undecided", "text": "the region admits no motion"}
            return nothing | {"where": self.where, "draws_needed": None, "parts": [], "rows": []}
        names, differences, sizes, carried = self._rows(series, draws)
        finite = np.isfinite(differences).all(axis=(0, 1))
        differences = np.where(finite, differences, 0.0)
        shape = tails(np.abs(contributions(differences, draws.log_weights)), independent=draws.independent)
        bounded = np.array([one.functions == "bounded" for one in names]) & (draws.log_weights is None)
        known = finite & (bounded | ~shape.useless(SIGMAS))
        parts, rows = [], []
        asked = len({(one.kind, one.functions) for one in names})
        for kind in KINDS:
            for functions in FUNCTIONS:
                own = [at for at, one in enumerate(names) if (one.kind, one.functions) == (kind, functions)]
                if own:
                    found = _test(
                        differences[..., own], known[own], sizes[own], carried[own], draws, ALPHA / asked, tolerance
                    )
                    listed = [names[at] for at in own]
                    parts.append({"kind": kind, "functions": functions} | found.pop("part"))
                    left_out = [f"{listed[at].motion}: {listed[at].functional}" for at in found["left_out"]]
                    parts[-1]["left_out"] = left_out
                    columns = (found[key] for key in ("value", "error", "size", "z"))
                    rows += [
                        vars(row) | dict(zip(("value", "error", "size", "z"), numbers, strict=True))
                        for row, *numbers in zip(listed, *columns, strict=True)
                    ]
        verdict = worst([one["verdict"] for one in parts], ("broken", "undecided", "kept"))
        needed = [one["draws_needed"] for one in parts if one["verdict"] == verdict and one["draws_needed"]]
        return {
            "verdict": verdict,
            "text": _words(parts, rows),
            "where": self.where,
            "draws_needed": max(needed, default=None),
            "parts": parts,
            "rows": rows,
        }

    @property
    def where(self) -> str:
        """Where was looked, in words."""
        far = float(np.max(np.linalg.norm(self.points - self.centre, axis=-1)))
        centre = ", ".join(f"{one:.3g}" for one in self.centre)
        return f"points within {far:.3g} of x = ({centre})"

    def _rows(self, series: Mapping[str, ndarray], draws: JudgedDraws) -> tuple[list[_Row], ndarray, ndarray, ndarray]:
        """Names of all rows, their differences on every draw, ⟨|F|⟩ of each, and how many draws carry it."""
        names: list[_Row] = []
        differences, sizes, carried = [], [], []

        def add(kind: str, functions: str, motion: str, functional: str, here: ndarray, there: ndarray) -> None:
            both = 0.5 * (np.abs(here) + np.abs(there))
            size, carriers = float(np.mean(draws.weights * both)), float(draws.carried(both))
            difference = here - there
            # What cancels to rounding is zero.
            difference = np.where(np.abs(difference) <= draws.rounding * max(size, 1e-300), 0.0, difference)
            turned = draws.turned(difference)
            parts = {"": turned} if not np.iscomplexobj(turned) else {"Re ": np.real(turned), "Im ": np.imag(turned)}
            for start, one in parts.items():
                names.append(_Row(kind, functions, motion, f"{start}{functional}"))
                differences.append(one)
                sizes.append(size)
                carried.append(carriers)

        for functions, symbol in SYMBOLS.items():
            for key in (one for one in series if one.startswith(f"{functions}.")):
                found, raw = np.asarray(series[key]), np.asarray(series.get(f"raw {key}", series[key]))
                called = symbol + key.removeprefix(f"{functions}.").removeprefix("field")
                scale = float(np.median(np.abs(raw[..., 0]))) or 1.0
                for at, motion in enumerate(self.motions, start=1):
                    mirrored = motion.kind == "reflections"
                    here, plain = (one[..., 0].conj() if mirrored else one[..., 0] for one in (found, raw))
                    add(motion.kind, functions, motion.name, called, here, found[..., at])
                    bounded = (_bounded(one, scale) for one in (plain, raw[..., at]))
                    add(motion.kind, "bounded", motion.name, f"tanh({called}/{scale:.2g})", *bounded)
        return names, np.stack(differences, axis=-1), np.array(sizes), np.array(carried)


def _bounded(values: ndarray, scale: float) -> ndarray:
    """The hyperbolic tangent of a number in units of the scale, of real and imaginary part each."""
    if np.iscomplexobj(values):
        return np.tanh(np.real(values) / scale) + 1j * np.tanh(np.imag(values) / scale)
    return np.tanh(values / scale)


def _test(
    differences: Float[ndarray, "chain draw row"],
    known: ndarray,
    sizes: ndarray,
    carried: ndarray,
    draws: JudgedDraws,
    alpha: float,
    tolerance: float,
) -> dict[str, Any]:
    """T² of the rows of one family, its verdict, and what each row is."""
    usable = known & (carried >= FEWEST)
    test = t_squared(np.where(usable, differences, 0.0), draws.log_weights, independent=draws.independent)
    value, error = (np.where(usable, one, np.nan) for one in (test.residual, test.error))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, value / error, np.where(value == 0, 0.0, np.sign(value) * np.inf))
    # Where nothing varies a difference needs no error.
    certain = bool(np.any(usable & (error == 0) & (value != 0)))
    p_value = 0.0 if certain else 1.0 if not np.any(usable & (error > 0)) else test.p_value
    unit = np.where(sizes > 0, sizes, 1.0)
    bound = float(np.max((np.abs(value) + SURE * error)[usable] / unit[usable])) if usable.any() else np.nan
    needed = None
    if not usable.any():
        verdict = "undecided"
        few = float(np.max(carried[known], initial=0.0))
        needed = draws.number * max(FEWEST / few, 2.0) if 0 < few < FEWEST else None
    elif p_value < alpha:
        verdict = "broken"
    elif np.isfinite(p_value) and bound <= tolerance:
        verdict = "kept"
    else:
        verdict = "undecided"
        spread = float(np.max(error[usable] / unit[usable]))
        needed = draws.number * max(((SURE + CHANCE) * spread / tolerance) ** 2, 2.0)
    part = {"verdict": verdict, "t2": test.t_squared, "dof": test.dof, "p_value": p_value, "bound": bound}
    part["draws_needed"] = needed
    columns = {"value": value.tolist(), "error": error.tolist(), "size": sizes.tolist(), "z": z.tolist()}
    return {"part": part, "left_out": np.flatnonzero(~usable).tolist()} | columns


def _words(parts: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> str:
    """Each kind of motions in a few words."""
    told = []
    for kind in KINDS:
        own = [one for one in parts if one["kind"] == kind]
        if not own:
            continue
        broken = [one for one in own if one["verdict"] == "broken"]
        open_ = [one for one in own if one["verdict"] == "undecided"]
        if broken:
            least = min(broken, key=lambda one: one["p_value"])
            seen = [row for row in rows if (row["kind"], row["functions"]) == (kind, least["functions"])]
            most = max(seen, key=lambda row: abs(row["z"]) if np.isfinite(row["z"]) else 0.0)
            which = _which(broken)
            value = format_value(most["value"], most["error"])
            told.append(f"{kind} broken {which} ({most['motion']}: {most['functional']} by {value})")
        elif open_:
            needed = [one["draws_needed"] for one in open_ if one["draws_needed"]]
            more = f" (needs {max(needed):.0e} draws)" if needed else " (tails too heavy)"
            told.append(f"{kind} undecided {_which(open_)}{more}")
        else:
            told.append(f"{kind} kept, to {max(one['bound'] for one in own):.1%} of the size")
    return "; ".join(told)


def _which(parts: Sequence[Mapping[str, Any]]) -> str:
    """By which functions, in words."""
    named = [f"at {one['functions']}" for one in parts if one["functions"] != "bounded"]
    bounded = ["by bounded functions"] if len(named) < len(parts) else []
    return " and ".join([*named, *bounded])
