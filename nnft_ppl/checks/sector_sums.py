"""Sums over the sectors that a discrete site labels, taken exactly."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import looked_at, weights_at
from nnft_ppl.display import format_value
from nnft_ppl.observables import hidden_names
from nnft_ppl.statistics import Estimate, Verdict, estimate
from nnft_ppl.theory import Theory

DRAWS = 2000
"""Draws per chain that are looked at, at most."""
SHOWN = 3
"""Sums in the line of the verdict, at most; all are in the result."""


class Sectors(Check):
    r"""The sum over a sector label w taken exactly in every draw, and expectations in every sector.

    With p_v = P(w = v | the rest) among the values V, and e^{iα_v} the phase there,

    $$\langle O\rangle_v = \frac{E[1_{w\in V}\, p_v e^{i\alpha_v} O_v]}{E[1_{w\in V}\, p_v e^{i\alpha_v}]},
    \qquad \text{weight}_v = E[1_{w\in V}\, p_v],$$

    and `NAME.sum` the same with sums over v in numerator and denominator. Stored in the group `sectors_SITE_estimates`,
    with the dimension `sector`. What the label does by itself, a θ term say, has no noise left.

    Args:
        site: Name of a discrete site of one number.
        values: Of it, different whole numbers (of a table of values their places).

    Raises:
        ValueError: If there are no values, or some twice.

    Source: the conditional average (Rao and Blackwell); derived in docs/theory/discrete.md.
    """

    cheap = False
    stores = False

    def __init__(self, site: str, values: Iterable[int]) -> None:
        given = tuple(values)
        self.site, self.values = site, tuple(int(value) for value in given)
        if not given or len(set(self.values)) < len(given) or self.values != given:
            raise ValueError(f"sectors: values = {given}; give different whole numbers")
        self.name, self.title = f"sectors_{site}", f"sectors of {site}"

    def measurement(self, theory: Theory) -> Measurement:
        """p_v, and phase and observables in every sector.

        Args:
            theory: What is sampled.

        Raises:
            ValueError: If there is no such site, or it has more than one number.
        """
        target = theory.target()
        discrete, shown = target.discrete, theory.observables.keys() - hidden_names(theory.observables)
        if discrete is None or self.site not in discrete.sites:
            there = ", ".join(discrete.sites) if discrete else "none"
            raise ValueError(f"there is no discrete site {self.site!r}; there are: {there}")
        part = target.groups[self.site]
        if part.stop - part.start != 1:
            raise ValueError(f"{self.site!r} has {part.stop - part.start} numbers; a sector is labelled by one")

        def measure(position: Array) -> dict[str, Array]:
            point = discrete.point(position)

            def sector(value: Array) -> tuple[Array, dict[str, Any]]:
                there = point.at[part.start].set(value)
                return discrete.potential(there), discrete.measure(there)

            labels = jnp.asarray(self.values, point.dtype)
            potential, measured = jax.vmap(sector)(labels)
            inside = jnp.any(labels == point[part.start])
            share = jnp.where(inside, jax.nn.softmax(-potential), 0.0)
            phases = measured.get("phase", {})
            turned = share * jnp.exp(1j * sum(phases.values())) if phases else share
            joint = {name: _spread(turned, measured["observables"][name]) for name in sorted(shown)}
            return {"weight": share, "turned": turned} | {f"of.{name}": one for name, one in joint.items()}

        return Measurement(measure, draws=DRAWS)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """Weights of the sectors, and averages in each and over all.

        Raises:
            ValueError: If too few draws were looked at, or none is in these sectors.
        """
        measured = looked_at(draws)
        series = {str(name): one.values for name, one in measured.items()}
        if not np.any(series["weight"]):
            words = f"no draw has a {self.site} among {', '.join(map(str, self.values))}"
            raise ValueError(f"{words}; of a table of values a label is the place in it, from 0 on")
        names = [name.removeprefix("of.") for name in series if name.startswith("of.")]
        functions: dict[str, Any] = {}
        for name in names:
            functions[name] = _in_sector(name)
            functions[f"{name}.sum"] = _summed(name)
        found = estimate(series, functions, weights_at(draws, measured), independent=draws.kind.independent)
        kept = {name: found[name] for name in ("weight", *functions)}
        observed = {name: tuple(map(str, draws.theory.observables[name].dims)) for name in names}
        dims = {"weight": ("sector",)} | {name: ("sector", *own) for name, own in observed.items()}
        dims |= {f"{name}.sum": own for name, own in observed.items()}
        text = f"{self.title}: {_words(self.values, found['weight'])}{_sums(found)}"
        told = {"values": list(self.values), "weight": found["weight"].value.tolist()}
        told["error"] = found["weight"].error.tolist()
        verdict = Verdict(self.name, "good", None, None, text)
        return Outcome(verdict, told, kept, dims, {"sector": list(self.values)})


def sectors(site: str, values: Iterable[int]) -> Sectors:
    """Exact sums over a sector label, for `sample(..., checks=[sectors("winding", range(-3, 4))])`.

    Args:
        site: Name of a discrete site of one number.
        values: Of it.
    """
    return Sectors(site, values)


def _spread(weights: Array, values: Array) -> Array:
    """Values of every sector times its weight; zero where the weight is, whatever the value."""
    wide = weights.reshape(-1, *(1,) * (values.ndim - 1))
    return jnp.where(wide == 0, 0.0, wide * values)


def _in_sector(name: str) -> Any:
    def quotient(means: dict[str, Array]) -> Array:
        joint, share = means[f"of.{name}"], means["turned"]
        return joint / share.reshape(-1, *(1,) * (joint.ndim - 1))

    return quotient


def _summed(name: str) -> Any:
    return lambda means: jnp.sum(means[f"of.{name}"], axis=0) / jnp.sum(means["turned"])


def _sums(found: Mapping[str, Estimate]) -> str:
    """The first few sums that are one number each."""
    sums = [(name, one) for name, one in found.items() if name.endswith(".sum") and not one.value.shape]
    told = [f"{name.removesuffix('.sum')} = {format_value(one.value.item(), one.error.item())}" for name, one in sums]
    return f"; summed over them {', '.join(told[:SHOWN])}" if told else ""


def _words(values: tuple[int, ...], weight: Estimate) -> str:
    told = zip(values, weight.value.tolist(), weight.error.tolist(), strict=True)
    return ", ".join(f"{value}: {format_value(share, error)}" for value, share, error in told)
