r"""Discrete symmetries: a map g of the parameters, its image of the field, and what it does to the density.

    φ_{g(θ)}(x) against its image,        ln P(g(θ)) + ln |det ∂g/∂θ| − ln P(θ)

both draw by draw. The map leaves the ensemble as it is where the second vanishes.

Source: derived in docs/theory/symmetries.md.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.display import did_you_mean, error_words, in_a_row
from nnft_ppl.identities.parameter_density import parameter_density, real_values
from nnft_ppl.statistics import t_squared
from nnft_ppl.symmetries.findings import (
    NO_IDENTITIES,
    PARTS,
    WORDS,
    Measured,
    SymmetryFindings,
    largest_defect,
    mean_of,
)
from nnft_ppl.symmetries.generators import places
from nnft_ppl.symmetries.lift import field_values, variations
from nnft_ppl.symmetries.symmetry import DiscreteSymmetry, SymmetryError
from nnft_ppl.theory import Theory

PILOT = 32
"""Free draws on which the map must stay inside all supports."""


NOT_ONTO = 1e-6
"""A map that keeps the density, draw by draw, and moves averages by what has this probability, is not onto."""


class Invariance:
    """What a discrete symmetry does to one draw.

    Args:
        theory: The theory.
        name: Of the symmetry.
        symmetry: What is declared.

    Raises:
        SymmetryError: If the map does not fit the theory's sites, leaves their supports on some of a few draws, or its
            image does not fit the fields.
    """

    def __init__(self, theory: Theory, name: str, symmetry: DiscreteSymmetry) -> None:
        self.theory, self.name, self.symmetry = theory, name, symmetry
        self.points = places(theory, symmetry.points)
        self._density = parameter_density(theory)
        start = jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0))
        jax.eval_shape(self, start)
        self._refuse_outside()

    def __call__(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """Both comparisons on one draw.

        Args:
            position: z, shape (dimension,).

        Returns:
            Scalars: `lift_missed`, the largest |φ_{g(θ)}(x) − image|, `lift_size`, that of the two, `lift_place`, in
            which row of the fields' values; `score`, `jacobian` and `action`, the parts of the change of ln P.
            And `law`, by how much bounded functions of each site change, shape (2 sites,): their means move under a map
            that is not onto.
        """
        values = real_values(self.theory, position)
        moved = self._moved(values)
        here, there = self._density.at(values), self._density.at(moved)
        found = field_values(there.returned, self.points)
        if self.symmetry.image is None:
            wanted = field_values(here.returned, self.points)
        else:
            wanted = variations(self.name, self.symmetry.image, here.returned, self.points)
        levels = {site: values[site] for site in self.theory.discrete}  # counted: they have no Jacobian
        flat, unravel = ravel_pytree({site: value for site, value in values.items() if site not in levels})

        def smooth(flat: Array) -> Array:
            moved = self._moved(levels | unravel(flat))
            return ravel_pytree({site: value for site, value in moved.items() if site not in levels})[0]

        jacobian = jax.jacfwd(smooth)(flat)
        return {
            "lift_missed": jnp.max(jnp.abs(found - wanted)),
            "lift_size": jnp.max(jnp.abs(found) + jnp.abs(wanted)),
            "lift_place": jnp.argmax(jnp.abs(found - wanted)),
            "score": there.prior - here.prior,
            "jacobian": jnp.linalg.slogdet(jacobian)[1],
            "action": here.action - there.action,
            "law": _bounded(moved) - _bounded(values),
        }

    def _refuse_outside(self) -> None:
        def inside(key: Array) -> dict[str, Array]:
            moved = self._moved(real_values(self.theory, self.theory.free_draw(key)))
            return {site: self._density.inside(moved, site) for site in moved}

        found = jax.jit(jax.vmap(inside))(jax.random.split(jax.random.key(0), PILOT))
        for site, one in found.items():
            if outside := int(np.sum(~np.asarray(one))):
                raise SymmetryError(
                    f"symmetry {self.name!r} takes {site!r} out of its support on {outside} of {PILOT} draws; its map "
                    "must lead from parameters to parameters"
                )

    def _moved(self, values: Mapping[str, Array]) -> dict[str, Array]:
        try:
            moved = self.symmetry.transformation(values)
        except KeyError as error:
            raise SymmetryError(
                f"symmetry {self.name!r}: its map asks for {error}; the sites are {sorted(values)}"
            ) from error
        except Exception as error:  # whatever the model file is made of
            raise SymmetryError(f"symmetry {self.name!r}: its map fails: {error_words(error)}") from error
        if not isinstance(moved, Mapping):
            raise SymmetryError(
                f"symmetry {self.name!r}: its map returns {type(moved).__name__}; return a dict {{site: value}}"
            )
        for site, value in moved.items():
            if site not in values:
                near = did_you_mean(str(site), values)
                raise SymmetryError(f"symmetry {self.name!r} maps {site!r}; the sites are {sorted(values)}{near}")
            if jnp.shape(value) != jnp.shape(values[site]):
                raise SymmetryError(
                    f"symmetry {self.name!r} maps {site!r} to shape {jnp.shape(value)}; the site has shape "
                    f"{jnp.shape(values[site])}"
                )
        return {site: jnp.asarray(moved.get(site, value), value.dtype) for site, value in values.items()}


def conclude_discrete(
    measured: Measured,
    *,
    redundancy: bool,
    weights: Float[ndarray, "chain draw"] | None,
    independent: bool,
    tolerance: float,
) -> SymmetryFindings:
    """The findings on a discrete symmetry.

    Args:
        measured: What `Invariance` measured on every draw, arrays of shape (chain, draw).
        redundancy: Whether the field should not change.
        weights: Log weights of the draws, if they have any.
        independent: Whether the draws are known to be independent.
        tolerance: The largest difference that is rounding.
    """
    defect, place = largest_defect([("", measured)])
    series = {part: np.asarray(measured[part]) for part in PARTS[:3]}
    total = series["total"] = sum(series.values(), start=np.zeros(()))
    scale = max(1.0, *(float(np.max(np.abs(one[np.isfinite(one)]), initial=0.0)) for one in series.values()))
    mean, breaking = mean_of(weights, independent=independent), {}
    for part, one in series.items():
        if np.all(np.abs(one) <= tolerance * scale):
            breaking[part] = dict.fromkeys(("value", "error", "size"), 0.0)
        else:
            finite = bool(np.isfinite(one).all())
            value, error, _ = mean(one) if finite else (np.nan,) * 3
            size = float(np.sqrt(mean(one**2)[0])) if finite else np.inf
            breaking[part] = {"value": float(value), "error": float(error), "size": size}
    kept = breaking["total"]["size"] == 0
    broken_by = [] if kept else [part for part in PARTS[:3] if breaking[part]["size"] != 0]
    law = np.asarray(measured["law"])
    law = np.where(np.abs(law) <= tolerance, 0.0, law)
    onto = not kept or not t_squared(law, weights, independent=independent).p_value < NOT_ONTO
    if np.any(np.isneginf(series["jacobian"])):
        verdict, words = "not_a_symmetry", "its map is not invertible: its Jacobian vanishes on some draws"
    elif not np.all(np.isfinite(total)):
        verdict, words = "not_a_symmetry", "it takes some draws out of the support of a site"
    elif not defect <= tolerance:
        verdict, words = "not_a_symmetry", f"the field is not what it should be, by {defect:.2g} of its size"
    elif not onto:
        verdict, words = (
            "not_a_symmetry",
            "its map is not onto: it changes averages of functions of its sites",
        )
    elif redundancy:
        verdict = "redundancy"
        words = "the field stays as it is" + ("" if kept else f"; ln P changes by up to {np.max(np.abs(total)):.2g}")
    elif kept:
        verdict, words = "symmetry", "the density stays as it is"
    else:
        named = in_a_row([WORDS[part] for part in broken_by])
        verdict, words = "anomalous", f"by its {named}: ln P changes by up to {np.max(np.abs(total)):.2g}"
    return SymmetryFindings(verdict, words, defect, place, breaking, dict(NO_IDENTITIES), broken_by=broken_by)


def _bounded(values: Mapping[str, Array]) -> Array:
    """Averages over the entries of each site of an even and an odd bounded function."""
    found = [jnp.tanh(jnp.ravel(value)) for value in values.values()]
    return jnp.stack([jnp.mean(one**power) for one in found for power in (1, 2)])
