r"""Features of networks whose neurons can be told apart: all neurons at once, one amplitude of each at a time.

A derivative by N amplitudes takes N times the work of the field. Where every amplitude belongs to one neuron, the field
with that amplitude 1 in every neuron, and the others 0, has the features for its neurons.

Source: derived in docs/theory/reference.md.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.target import Position
from nnft_ppl.theory import Theory, named_fields

TRIES = 16
"""Random halves of the neurons by which it is tried that each amplitude belongs to one."""
MOST_EACH = 4
"""Amplitudes of one neuron, at most."""


class NeuronFeatures:
    """The features of a theory whose only linear site has a neuron as its first axis.

    Args:
        theory: Any theory.
        site: Name of the site.
        each: Amplitudes of one neuron.
    """

    def __init__(self, theory: Theory, site: str, each: int) -> None:
        self._theory, self._site, self._each = theory, site, each

    @classmethod
    def of(cls, theory: Theory, sites: Sequence[str]) -> "NeuronFeatures | None":
        """These, or None where neurons cannot be looked at one by one.

        Args:
            theory: Any theory.
            sites: The sites in which every field is linear.
        """
        if len(sites) > 1:
            return None
        (shape,) = (site.reference_shape for site in theory.sites if site.label == sites[0])
        each = int(np.prod(shape[1:], dtype=int))
        known: list[bool] = []

        def look(position: Position) -> None:
            known.extend(hasattr(field, "neurons_on_grid") for field in named_fields(theory.realise(position)).values())

        jax.eval_shape(look, jnp.zeros(theory.dimension))
        if not shape or each > MOST_EACH or known != [True]:
            return None
        found = cls(theory, sites[0], each)
        return found if found._apart(shape[0]) else None

    def on_axes(self, position: Position, axes: Sequence[np.ndarray]) -> Float[Array, "*grid amplitude"]:
        """h_i on a tensor grid, shape (n_1, ..., *components, amplitude).

        Args:
            position: z, shape (dimension,).
            axes: Coordinates along each axis.
        """
        each = [field.neurons_on_grid(tuple(axes)) for field in self._fields(position)]
        # (*grid, neuron, *components) of every amplitude; those of one neuron are neighbours.
        stacked = jnp.moveaxis(jnp.stack(each, axis=len(axes) + 1), (len(axes), len(axes) + 1), (-2, -1))
        return stacked.reshape(*stacked.shape[:-2], -1)

    def _fields(self, position: Position) -> list[Any]:
        """The field with one amplitude 1 in every neuron, and the others 0, for each of them."""
        parts = self._theory.split(position)
        units = np.tile(np.eye(self._each), parts[self._site].size // self._each)
        return [self._with(parts, jnp.asarray(unit, position.dtype)) for unit in units]

    def _with(self, parts: dict[str, Array], amplitudes: Array) -> Any:
        (field,) = named_fields(self._theory.at_sites(parts | {self._site: amplitudes}).returned).values()
        return field

    def _apart(self, width: int) -> bool:
        """Whether there are so many neurons, and the amplitudes of a random half of them move no other."""
        theory, generator = self._theory, np.random.default_rng(2)
        points = [np.asarray(axis) for axis in theory.region.random_points(generator, 2).T]

        @jax.jit
        def sizes(position: Position, mask: Array) -> Array:
            parts = theory.split(position)
            half = self._with(parts, parts[self._site] * jnp.repeat(mask, self._each))
            found = jnp.moveaxis(half.neurons_on_grid(tuple(points)), len(points), 0)
            return jnp.max(jnp.abs(found).reshape(len(found), -1), axis=1)

        for number in range(TRIES):
            half = generator.random(width) < (0.5 if number else 0.0)
            found = np.asarray(sizes(generator.normal(size=theory.dimension), jnp.asarray(half, float)))
            if len(found) != width or np.any(found[~half] != 0):
                return False
        return True
