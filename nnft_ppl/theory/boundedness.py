"""Whether an action falls without bound where the parameters are large, as one of the wrong sign does."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.theory.reading import ModelError
from nnft_ppl.theory.theory import Theory

DRAWS = 4
"""Free draws z that are looked at, each with −z: a cubic term falls on one side only."""
MOST_NUMBERS = 2**15
"""Fewer draws are looked at where all of them together would have more coordinates."""
FAR = 64.0
"""The search for a direction is at so many times |z|: no density with a norm has its weight there."""
STEPS = 32
"""Steps of the search, downhill on the sphere of that radius: one parameter of many may be the one at fault."""
PLACES = np.array([1 / FAR, *4.0 ** np.arange(1, 9)])
"""Along the direction found, the energy is looked at at |z|, and so many times farther out: a deep well ends."""
SURE = 1e3
"""A fall counts above so many rounding errors of the terms that cancel in it."""


def unbounded_term(theory: Theory) -> str | None:
    """The action term that drives the density up without end; None where none was found to.

    The energy E(z) = |z|²/2 + reference(z) + S(z), minus the log of the density, must rise at infinity in every
    direction. It is followed downhill on a sphere far out, from a few free draws and their opposites, and then along
    the directions found, outwards. That it rises there is necessary, not sufficient: a fall in a narrow cone between
    walls, or one that begins beyond 10⁶ |z|, is not seen.

    Args:
        theory: Any theory.
    """
    if not theory.action_terms:
        return None
    energies, sizes, terms = jax.jit(lambda: _look(theory))()
    energy = np.nan_to_num(np.asarray(energies, float), nan=np.inf, posinf=np.inf, neginf=-np.inf)
    with np.errstate(invalid="ignore"):
        noise = SURE * float(jnp.finfo(energies.dtype).eps) * np.nan_to_num(np.asarray(sizes, float))
        falls = energy[:, 1:] < energy[:, :-1] - noise[:, 1:]
    # All the way out: what falls at first and rises in the end is a well, however deep.
    overflows = (energy[:, -1] == -np.inf) & (energy[:, 0] > -np.inf)
    falling = overflows | (falls[:, -1] & falls[:, -2] & (energy[:, -1] < energy[:, 0]))
    if not falling.any():
        return None
    lowest = {name: float(np.nanmin(np.asarray(values)[falling, -1])) for name, values in terms.items()}
    return min(lowest, key=lambda name: lowest[name])


def _look(theory: Theory) -> tuple[Array, Array, dict[str, Array]]:
    """Energies, sizes of what is added up in them, and action terms, (ray, place), where `PLACES` says."""
    count = max(1, min(DRAWS, MOST_NUMBERS // (2 * theory.dimension)))
    draws = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(0), count))

    def energy(position: Array) -> tuple[Array, tuple[Array, dict[str, Array]]]:
        reading = theory.at(position)
        gaussian = 0.5 * jnp.sum(position**2)
        parts = jnp.stack([gaussian, *reading.reference_terms.values(), *reading.action_terms.values()])
        return jnp.sum(parts), (jnp.sum(jnp.abs(parts)), reading.action_terms)

    def ray(draw: Float[Array, " dimension"]) -> tuple[Array, Array, dict[str, Array]]:
        far = FAR * jnp.linalg.norm(draw)

        def step(carry: tuple[Array, ...], at: tuple[Array, Array]) -> tuple[tuple[Array, ...], tuple]:
            direction, downhill, length, lowest = carry
            radius, searching = at
            trial = _unit(direction + jnp.where(searching, length, 0.0) * downhill)
            (value, (size, terms)), force = jax.value_and_grad(energy, has_aux=True)(radius * trial)
            better = searching & (value < lowest)
            along = jnp.nan_to_num(force, posinf=0.0, neginf=0.0)
            slope = _unit(jnp.sum(along * trial) * trial - along)
            moved = (
                jnp.where(better, trial, direction),
                jnp.where(better, slope, downhill),
                jnp.where(better, 1.5, 0.5) * length,
                jnp.where(better, value, lowest),
            )
            return moved, (value, size, terms)

        radii = far * jnp.concatenate([jnp.ones(STEPS), jnp.asarray(PLACES, draw.dtype)]).astype(draw.dtype)
        start = (_unit(draw), jnp.zeros_like(draw), jnp.full((), 0.3, draw.dtype), jnp.full((), jnp.inf, draw.dtype))
        _, found = jax.lax.scan(step, start, (radii, jnp.arange(len(radii)) < STEPS))
        return jax.tree.map(lambda values: values[STEPS:], found)

    return jax.vmap(ray)(jnp.concatenate([draws, -draws]))


def _unit(vector: Float[Array, " dimension"]) -> Float[Array, " dimension"]:
    """The vector over its length; zero stays zero."""
    length = jnp.linalg.norm(vector)
    return vector / jnp.where(length > 0, length, 1.0)


def unbounded_words(term: str) -> str:
    """What is wrong, and how to mend it.

    Args:
        term: The action term at fault.
    """
    return (
        f"the action falls without bound where the parameters are large (term {term!r}), so that the density has no "
        "norm: is its sign right? numpyro.factor takes minus the action"
    )


def refuse_unbounded(theory: Theory) -> None:
    """Refuse a theory whose action falls without bound, before anything is drawn.

    Args:
        theory: Any theory.

    Raises:
        ModelError: If it does; with the term at fault.
    """
    if term := unbounded_term(theory):
        raise ModelError(f"{theory.name}: {unbounded_words(term)}")
