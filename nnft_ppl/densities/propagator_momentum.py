"""Momenta distributed as the free propagator below a cutoff."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.scipy.special import erf, erfc
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key
from numpyro.distributions import Distribution, constraints
from numpyro.distributions.util import validate_sample

from nnft_ppl.arguments import require_count, require_sign
from nnft_ppl.densities.ball import Ball
from nnft_ppl.densities.radial import ball_factor, growth_factor, shell_ratio, solve_shell
from nnft_ppl.densities.standard_laws import standard_cauchy
from nnft_ppl.densities.uniform_ball import log_unit_ball_volume


class PropagatorMomentum(Distribution):
    """A momentum with density 1 / (Z (|b|^2 + m^2)) on the ball |b| < cutoff, in 1 to 4 dimensions.

    Z = V_d cutoff^d C_d(cutoff^2/m^2) / m^2 with V_d = pi^{d/2} / Gamma(d/2 + 1) and C_d(y) the mean of
    1 / (1 + |x|^2) over the ball |x|^2 < y. With m = 0 (d = 3, 4), Z = V_d d cutoff^{d-2} / (d - 2). With d = 1
    and an infinite cutoff it is the Cauchy law of scale m, Z = pi / m.

    Args:
        dim: d, 1 to 4; the event shape is (d,).
        mass: m > 0 (or = 0 for d = 3, 4), of the shape of the batch, in the units of b.
        cutoff: The largest |b|, > 0, of the shape of the batch, in the units of b; math.inf for d = 1 only.
        validate_args: NumPyro's switch for checking arguments and values.

    Raises:
        TypeError: If `dim` is not an int.
        ValueError: If `dim` is not 1 to 4, or a known mass or cutoff is out of range, or the density has no
            finite normalisation, or finite and infinite cutoffs are mixed in one batch.

    Source: derived here (spectral density of the free propagator with a sharp cutoff).
    """

    pytree_data_fields = ("mass", "cutoff")
    pytree_aux_fields = ("dim", "unbounded")

    def __init__(self, dim: int, mass: ArrayLike, cutoff: ArrayLike, *, validate_args: bool | None = None) -> None:
        owner = "PropagatorMomentum"
        self.dim = require_count(owner, "dim", dim, most=4)
        require_sign(owner, "mass", mass, zero=dim > 2)
        require_sign(owner, "cutoff", cutoff, infinite=True)
        infinite = np.zeros(()) if isinstance(cutoff, Tracer) else np.isinf(np.asarray(cutoff))
        if infinite.any() and (dim > 1 or not infinite.all()):
            raise ValueError(
                f"{owner}: cutoff = {cutoff}, where 1/(b^2 + m^2) has no norm in dim = {dim}; give finite numbers "
                "(math.inf in dim = 1 only, and then for the whole batch)"
            )
        self.unbounded = bool(infinite.any())
        self.mass, self.cutoff = mass, cutoff
        batch_shape = jnp.broadcast_shapes(jnp.shape(mass), jnp.shape(cutoff))
        super().__init__(batch_shape, (self.dim,), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """The ball of radius cutoff, or all of R for the Cauchy law."""
        return constraints.real_vector if self.unbounded else Ball(self.cutoff)

    def _columns(self) -> tuple[Array, Array]:
        return jnp.asarray(self.mass)[..., None], jnp.asarray(self.cutoff)[..., None]

    def transport(self, z: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """The exact map from normals: radial, increasing in |z|, and smooth (for m = 0, d = 4: once differentiable).

        With v = z g(|z|^2) uniform in the unit ball, |v|^d = F, and r the length of b:
        d = 1: r = m tan(F atan(cutoff/m)); d = 2: r = m sqrt((1 + cutoff^2/m^2)^F - 1);
        d = 3, 4: r^d C_d(r^2/m^2) = F cutoff^d C_d(cutoff^2/m^2), solved for r with an implicit derivative;
        m = 0: r = cutoff F^{1/(d-2)}, a branch of its own, whose derivative in m is given as zero.

        Args:
            z: Standard normals, shape (*batch, dim).

        Returns:
            Momenta of the same shape, in the units of the mass.

        Source: derived here (inverse radial distribution function).
        """
        mass, cutoff = self._columns()
        if self.dim == 1:
            return self._line(z)
        squared = jnp.sum(z**2, axis=-1, keepdims=True)
        factor = ball_factor(self.dim, squared)
        inner = squared * factor**2
        if self.dim == 2:
            growth = self._growth()
            return z * factor * mass * jnp.sqrt(growth * growth_factor(inner * growth))
        massive = mass != 0
        top = (cutoff / jnp.where(massive, mass, cutoff)) ** 2
        ratio = shell_ratio(self.dim, top)
        y = solve_shell(self.dim, inner * top * ratio ** (2 / self.dim))
        stretch = (ratio / shell_ratio(self.dim, y)) ** (1 / self.dim)
        # r = cutoff F^{1/(d-2)}, that is b = cutoff v |v|^2 (d = 3) or cutoff v |v| (d = 4).
        moving = inner > 0
        massless = inner if self.dim == 3 else jnp.where(moving, jnp.sqrt(jnp.where(moving, inner, 1.0)), 0.0)
        return z * factor * cutoff * jnp.where(massive, stretch, massless)

    def _growth(self) -> ArrayLike:
        """ln(1 + cutoff²/m²); of numbers a number."""
        # Compilers take what all draws share out of their loop, and no longer see that two readings of a model agree.
        if isinstance(self.mass, int | float) and isinstance(self.cutoff, int | float):
            ratio = self.cutoff / self.mass
            return math.log1p(ratio * ratio)
        mass, cutoff = self._columns()
        return jnp.log1p((cutoff / mass) ** 2)

    def _line(self, z: Array) -> Array:
        mass, cutoff = self._columns()
        if self.unbounded:
            return mass * standard_cauchy(z)
        angle = jnp.arctan2(cutoff, mass)
        size = jnp.where(z < 0, -z, z) * math.sqrt(0.5)
        near = angle * erf(size) < 0.25 * math.pi
        near_value = jnp.tan(angle * erf(jnp.where(near, size, 0.5)))
        # pi/2 - F atan(cutoff/m) = atan(m/cutoff) + (1 - F) atan(cutoff/m), a sum of positive terms.
        far_value = 1 / jnp.tan(jnp.arctan2(mass, cutoff) + angle * erfc(jnp.where(near, 0.5, size)))
        length = jnp.where(near, near_value, far_value)
        return mass * jnp.where(z < 0, -length, length)

    def sample(self, key: Key[Array, ""] | None, sample_shape: tuple[int, ...] = ()) -> Float[Array, "*shape dim"]:
        """Independent draws of shape `sample_shape + batch_shape + (dim,)`.

        Args:
            key: a random key.
            sample_shape: Shape of the draws, in front of that of the batch.

        Raises:
            ValueError: Without a key.
        """
        if key is None:
            raise ValueError("PropagatorMomentum.sample: key = None; give jax.random.key(seed), or use handlers.seed")
        dtype = jnp.result_type(self.mass, self.cutoff, float)
        return self.transport(jax.random.normal(key, sample_shape + self.shape(), dtype))

    def _log_mean(self) -> Array:
        """Logarithm of the mean of 1 / (|b|^2 + m^2) over the ball |b| < cutoff."""
        mass, cutoff = jnp.asarray(self.mass), jnp.asarray(self.cutoff)
        massive = mass != 0
        safe_mass = mass if self.dim <= 2 else jnp.where(massive, mass, cutoff)
        massive_value = jnp.log(shell_ratio(self.dim, (cutoff / safe_mass) ** 2)) - 2 * jnp.log(safe_mass)
        if self.dim <= 2:
            return massive_value
        return jnp.where(massive, massive_value, math.log(self.dim / (self.dim - 2)) - 2 * jnp.log(cutoff))

    @validate_sample
    def log_prob(self, value: ArrayLike, intermediates: list[Any] | None = None) -> Float[Array, "*shape"]:
        """The log density: -ln(|b|^2 + m^2) - ln Z inside the ball, -inf outside.

        Args:
            value: Momenta b, shape (*sample, *batch, dim).
            intermediates: Not used.

        Returns:
            ln p(b), shape (*sample, *batch).
        """
        weight = -jnp.log(jnp.sum(jnp.square(value), axis=-1) + jnp.asarray(self.mass) ** 2)
        if self.unbounded:
            return weight + jnp.log(self.mass) - math.log(math.pi)
        volume = log_unit_ball_volume(self.dim) + self.dim * jnp.log(self.cutoff)
        return jnp.where(self.support(jnp.asarray(value)), weight - self._log_mean() - volume, -jnp.inf)

    @property
    def mean(self) -> Float[Array, "*batch dim"]:
        """Zero (NaN for the Cauchy law, which has no mean), shape (*batch, dim)."""
        dtype = jnp.result_type(self.mass, self.cutoff, float)
        return jnp.full(self.shape(), jnp.nan if self.unbounded else 0.0, dtype)

    @property
    def variance(self) -> Float[Array, "*batch dim"]:
        """<b^2>/d = (1 / <1/(b^2 + m^2)>_ball - m^2) / d for each component, shape (*batch, dim).

        Infinite for the Cauchy law.
        """
        if self.unbounded:
            return jnp.full(self.shape(), jnp.inf, jnp.result_type(self.mass, float))
        spread = (jnp.exp(-self._log_mean()) - jnp.asarray(self.mass) ** 2) / self.dim
        return jnp.broadcast_to(spread[..., None], self.shape())
