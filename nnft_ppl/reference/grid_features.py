r"""The features of a field that is linear in Gaussian amplitudes, on a coarse grid: rows √w_g h_i(x_g).

Source: derived in docs/theory/reference.md.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.identities import derivative_matrix
from nnft_ppl.reference.coarse_grid import coarse_rules
from nnft_ppl.reference.neuron_features import NeuronFeatures
from nnft_ppl.spaces import Space
from nnft_ppl.target import Position
from nnft_ppl.theory import Theory, named_fields


class GridFeatures:
    """z -> √w_g h_i(x_g), shape (row, amplitude): of all points, components and fields, real and imaginary parts.

    Args:
        theory: Any theory with a space.
        sites: Names of the sites in which every field is linear.
    """

    def __init__(self, theory: Theory, sites: tuple[str, ...]) -> None:
        assert isinstance(theory.space, Space)
        self._theory, self._sites, self._space = theory, sites, theory.space
        self.fixed = all(site.label in sites for site in theory.sites)
        """Whether features depend on no parameter: they are computed once, and the space's own grid is not too fine."""
        rules = list(zip(theory.space.axes, theory.space.weights, strict=True))
        if not self.fixed:
            rules = coarse_rules(theory.space)
        self._axes = [points for points, _ in rules]
        weights = np.array(1.0)
        for _, own in rules:
            weights = np.multiply.outer(weights, own)
        self._roots = np.sqrt(np.maximum(weights, 0)).ravel()
        shapes = jax.eval_shape(lambda z: self._values(theory.split(z)), jnp.zeros(theory.dimension))
        self.names = tuple(shapes)
        """Of the fields."""
        self.field_of_row = np.repeat(np.arange(len(shapes)), [len(one) for one in shapes.values()])
        """Number of the field that each row belongs to."""
        self.neurons = None if self.fixed else NeuronFeatures.of(theory, sites)
        """Features by neurons, where these can be told apart."""

    def __call__(self, position: Position) -> Float[Array, "row amplitude"]:
        """The features at one point, which depend on its other coordinates alone.

        Args:
            position: z, shape (dimension,).
        """
        if self.neurons is not None:
            return self._rows(self.neurons.on_axes(position, self._axes), behind=1)
        parts = self._theory.split(position)
        zeros, unravel = ravel_pytree({name: jnp.zeros_like(parts[name]) for name in self._sites})

        def values(amplitudes: Array) -> Array:
            return jnp.concatenate(list(self._values(parts | unravel(amplitudes)).values()))

        found, push = jax.linearize(values, zeros)
        return derivative_matrix(push, found, zeros)

    def _values(self, parts: dict[str, Array]) -> dict[str, Array]:
        """√w φ on the coarse grid, by field: all numbers of it in one row."""
        fields = named_fields(self._theory.at_sites(parts).returned)
        return {name: self._rows(self._space.values_on(field, self._axes)) for name, field in fields.items()}

    def _rows(self, values: Array, behind: int = 0) -> Array:
        """Values (*grid, *components, ...) times √w, flattened but for so many axes behind; complex ones in parts."""
        values = values.reshape(len(self._roots), *values.shape[len(self._axes) :])
        roots = self._roots.astype(values.real.dtype).reshape(-1, *[1] * (values.ndim - 1))
        shape = (-1, *values.shape[values.ndim - behind :])
        parts = (values.real, values.imag) if jnp.iscomplexobj(values) else (values,)
        return jnp.concatenate([(roots * part).reshape(shape) for part in parts])
