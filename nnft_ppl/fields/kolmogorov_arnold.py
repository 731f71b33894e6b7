"""A field given by a Kolmogorov–Arnold network: sums of functions of one variable, layer by layer."""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_point
from nnft_ppl.fields.bases import Basis


@final
class KolmogorovArnold(eqx.Module):
    """Kolmogorov–Arnold network, y_i = Σ_j ψ_ij(x_j) layer by layer, with ψ_ij(x) = Σ_k c_ijk B_k(x).

    Attributes:
        coefficients: c of each layer, shape (out, in, function).
        bases: B of each layer, such as `FourierBasis` or `SplineBasis`.

    Source: Z. Liu et al., arXiv:2404.19756.
    """

    coefficients: tuple[Float[Array, "out in function"], ...]
    bases: tuple[Basis, ...] = eqx.field(static=True)

    def __init__(
        self, coefficients: Sequence[Float[ArrayLike, "out in function"]], bases: Basis | Sequence[Basis]
    ) -> None:
        """Check the shapes layer by layer.

        Args:
            coefficients: One array a layer, from the input on.
            bases: One basis a layer, or one for all of them.

        Raises:
            TypeError: If `coefficients` is no sequence.
            ValueError: If shapes do not fit together; the message names the layer, counted from 1.
        """
        if not isinstance(coefficients, tuple | list):
            raise TypeError(f"KolmogorovArnold: coefficients is {type(coefficients).__name__}; give a tuple")
        self.coefficients = tuple(jnp.asarray(layer) for layer in coefficients)
        self.bases = tuple(bases) if isinstance(bases, Sequence) else (bases,) * len(self.coefficients)
        if not self.coefficients or len(self.bases) != len(self.coefficients):
            raise ValueError(
                f"KolmogorovArnold: {len(self.coefficients)} layers and {len(self.bases)} bases; give at least one "
                "layer, and a basis for each"
            )
        for layer, (part, basis) in enumerate(zip(self.coefficients, self.bases, strict=True), start=1):
            if part.ndim != 3 or part.shape[2] != basis.size:
                raise ValueError(
                    f"KolmogorovArnold: layer {layer} has coefficients of shape {part.shape}; give (out, in, "
                    f"{basis.size})"
                )
            if layer > 1 and part.shape[1] != self.coefficients[layer - 2].shape[0]:
                raise ValueError(
                    f"KolmogorovArnold: layer {layer} has coefficients of shape {part.shape} and layer {layer - 1} "
                    f"hands on {self.coefficients[layer - 2].shape[0]} values"
                )

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.coefficients[0].shape[-2]

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Float[Array, ""] | Float[Array, " component"]:
        """Value of the field at one point.

        Args:
            x: The point, shape (dim,).

        Returns:
            φ(x): a scalar if the last layer has one output, else shape (component,).

        Raises:
            ValueError: If `x` is not one point of the field's dimension.
        """
        x = require_point("KolmogorovArnold", x, self.dim)
        return self._from_layer(0, x)

    def neurons(self, x: Float[ArrayLike, " dim"]) -> Float[Array, "neuron *component"]:
        """What each value that the last layer is given adds to the field, ψ_ij(y_j) of that layer.

        Args:
            x: The point, shape (dim,).

        Returns:
            Shape (neuron,) if the last layer has one output, else (neuron, component); the sum is φ(x).

        Raises:
            ValueError: If `x` is not one point of the field's dimension.
        """
        hidden = require_point("KolmogorovArnold", x, self.dim)
        for part, basis in zip(self.coefficients[:-1], self.bases[:-1], strict=True):
            hidden = _edges(part, basis, hidden)
        last = self.coefficients[-1]
        each = jnp.einsum("jk,ijk->ji", self.bases[-1](hidden), last, precision=jax.lax.Precision.HIGHEST)
        return each[:, 0] if each.shape[1] == 1 else each

    def on_grid(self, axes: tuple[Float[ArrayLike, " points"], ...]) -> Float[Array, "..."]:
        """Values on a tensor grid: the first layer is a sum of functions of one coordinate, evaluated along each axis.

        Args:
            axes: One array of points per dimension, shapes (n_1,), ..., (n_dim,).

        Returns:
            φ on the grid, shape (n_1, ..., n_dim) and the components.

        Raises:
            ValueError: If there is not exactly one 1-d axis per dimension.
        """
        if len(axes) != self.dim or any(jnp.ndim(axis) != 1 for axis in axes):
            raise ValueError(
                f"KolmogorovArnold: axes have shapes {[jnp.shape(axis) for axis in axes]}; give {self.dim} of shape "
                "(points,)"
            )
        first = self.coefficients[0]
        total = jnp.zeros((1,) * self.dim + first.shape[:1], first.dtype)
        for place, axis in enumerate(axes):
            values = _edges(first[:, place : place + 1], self.bases[0], jnp.asarray(axis, first.dtype)[:, None])
            total = total + values.reshape([len(values) if one == place else 1 for one in range(self.dim)] + [-1])
        values = self._from_layer(1, total.reshape(-1, total.shape[-1]))
        return values.reshape(*total.shape[:-1], *values.shape[1:])

    def _from_layer(self, start: int, hidden: Float[Array, "*points in"]) -> Float[Array, "..."]:
        for part, basis in zip(self.coefficients[start:], self.bases[start:], strict=True):
            hidden = _edges(part, basis, hidden)
        return hidden[..., 0] if hidden.shape[-1] == 1 else hidden


def _edges(part: Float[Array, "out in function"], basis: Basis, x: Float[Array, "*points in"]) -> Array:
    """Σ_jk c_ijk B_k(x_j)."""
    return jnp.einsum("...jk,ijk->...i", basis(x), part, precision=jax.lax.Precision.HIGHEST)
