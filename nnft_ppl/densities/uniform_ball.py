"""Vectors uniform in a ball."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import erf
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key
from numpyro.distributions import Distribution
from numpyro.distributions.util import validate_sample

from nnft_ppl.arguments import require_count, require_sign
from nnft_ppl.densities.ball import Ball
from nnft_ppl.densities.radial import ball_factor


def log_unit_ball_volume(dim: int) -> float:
    """The logarithm ln V_d of the unit ball, V_d = pi^{d/2} / Gamma(d/2 + 1).

    Args:
        dim: d >= 1.

    Source: DLMF 5.19.4.
    """
    return 0.5 * dim * math.log(math.pi) - math.lgamma(0.5 * dim + 1)


class UniformBall(Distribution):
    """A vector uniform in the ball |b| < R: p(b) = 1 / (V_d R^d), V_d = pi^{d/2} / Gamma(d/2 + 1).

    Args:
        dim: d >= 1, the number of components; the event shape is (d,).
        radius: R > 0, of the shape of the batch, in the units of b.
        validate_args: NumPyro's switch for checking arguments and values.

    Raises:
        TypeError: If `dim` is not an int.
        ValueError: If `dim` < 1, or a known radius is not positive and finite.

    Source: derived here.
    """

    pytree_data_fields = ("radius",)
    pytree_aux_fields = ("dim",)

    def __init__(self, dim: int, radius: ArrayLike = 1.0, *, validate_args: bool | None = None) -> None:
        self.dim, self.radius = require_count("UniformBall", "dim", dim), radius
        require_sign("UniformBall", "radius", radius)
        super().__init__(jnp.shape(radius), (self.dim,), validate_args=validate_args)

    @property
    def support(self) -> Ball:
        """The ball of radius R."""
        return Ball(self.radius)

    def transport(self, z: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """The exact map z -> R z g(|z|^2) from normals, g(|z|^2) = P(d/2, |z|^2/2)^{1/d} / |z|.

        Args:
            z: Standard normals, shape (*batch, dim).

        Returns:
            Vectors uniform in the ball, of the same shape, in the units of R.

        Source: derived here.
        """
        radius = jnp.asarray(self.radius)[..., None]
        if self.dim == 1:
            # The same function; without the factor z g its small slope at large |z| is exact, too.
            return radius * erf(z * math.sqrt(0.5))
        return radius * ball_factor(self.dim, jnp.sum(z**2, axis=-1, keepdims=True)) * z

    def sample(self, key: Key[Array, ""] | None, sample_shape: tuple[int, ...] = ()) -> Float[Array, "*shape dim"]:
        """Independent draws of shape `sample_shape + batch_shape + (dim,)`.

        Args:
            key: a random key.
            sample_shape: Shape of the draws, in front of that of the batch.

        Raises:
            ValueError: Without a key.
        """
        if key is None:
            raise ValueError("UniformBall.sample: key = None; give jax.random.key(seed), or use handlers.seed")
        dtype = jnp.result_type(self.radius, float)
        return self.transport(jax.random.normal(key, sample_shape + self.shape(), dtype))

    @validate_sample
    def log_prob(self, value: ArrayLike, intermediates: list[Any] | None = None) -> Float[Array, "*shape"]:
        """The log density: -ln V_d - d ln R inside the ball, -inf outside.

        Args:
            value: Vectors b, shape (*sample, *batch, dim).
            intermediates: Not used.

        Returns:
            ln p(b), shape (*sample, *batch).
        """
        constant = -log_unit_ball_volume(self.dim) - self.dim * jnp.log(self.radius)
        return jnp.where(self.support(jnp.asarray(value)), constant, -jnp.inf)

    @property
    def mean(self) -> Float[Array, "*batch dim"]:
        """Zero, shape (*batch, dim)."""
        return jnp.zeros(self.shape(), jnp.result_type(self.radius, float))

    @property
    def variance(self) -> Float[Array, "*batch dim"]:
        """R^2 / (d + 2) for each component, shape (*batch, dim)."""
        return jnp.broadcast_to(jnp.asarray(self.radius)[..., None] ** 2 / (self.dim + 2), self.shape())
