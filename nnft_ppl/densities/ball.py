"""The closed ball |b| <= R as a NumPyro support, with a smooth bijection from R^d onto its interior."""

import math

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float
from numpyro import distributions as dist
from numpyro.distributions.transforms import Transform
from numpyro.distributions.util import array_equiv

from nnft_ppl.densities.radial import growth_factor


class Ball(dist.constraints.Constraint):
    """The set of vectors b with |b| <= R, up to a few units of rounding in |b|.

    Args:
        radius: R > 0, of the shape of the batch, in the units of b.

    Source: derived here.
    """

    event_dim = 1

    def __init__(self, radius: ArrayLike) -> None:
        self.radius = radius

    def __call__(self, x: Float[Array, "*batch dim"]) -> Bool[Array, "*batch"]:
        """Whether each vector lies in the ball, |x|^2 <= R^2 up to 16 units of rounding.

        Args:
            x: Vectors, shape (*batch, dim).

        Returns:
            Booleans, shape (*batch,).
        """
        x = jnp.asarray(x)
        # A vector built as R times a unit vector misses the sphere by rounding in either direction.
        slack = 1 + 16 * float(jnp.finfo(x.dtype).eps)
        return jnp.sum(jnp.square(x / jnp.asarray(self.radius)[..., None]), axis=-1) <= slack

    def feasible_like(self, prototype: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """The centre of the ball.

        Args:
            prototype: An array of the shape and dtype that are wanted.

        Returns:
            Zeros of that shape.
        """
        return jnp.zeros_like(prototype)

    def eq(self, other: object, static: bool = False) -> ArrayLike:  # noqa: FBT001, FBT002 (NumPyro's signature)
        """Whether the other constraint is a ball of the same radius.

        Args:
            other: Anything.
            static: Whether a Python bool is wanted; then radii that are JAX arrays are equal only if identical.

        Returns:
            One boolean: a scalar.
        """
        return isinstance(other, Ball) and array_equiv(self.radius, other.radius, static=static)

    def tree_flatten(self) -> tuple[tuple[ArrayLike], tuple[tuple[str], dict[str, object]]]:
        """The radius as the only leaf, an array of the shape of the batch."""
        return (self.radius,), (("radius",), {})


class BallTransform(Transform):
    """The bijection b = R x sqrt(G/2), G = (1 - e^{-s})/s, s = |x|^2/2, from R^d onto the open ball |b| < R.

    The length obeys |b|^2 = R^2 (1 - e^{-s}), and ln |det db/dx| = d ln(R / sqrt 2) + (d/2 - 1) ln G - s.
    A density that is finite at the edge of the ball thus falls off in x like a normal density; in d = 2 a
    uniform b is a standard normal x. (Algebraic maps such as R x / sqrt(1 + |x|^2) leave tails |x|^{-d-2}, on
    which Hamiltonian samplers crawl.)

    Args:
        radius: R > 0, of the shape of the batch, in the units of b.

    Source: derived here.
    """

    def __init__(self, radius: ArrayLike) -> None:
        self.radius = radius

    @property
    def domain(self) -> dist.constraints.Constraint:
        """All of R^d."""
        return dist.constraints.real_vector

    @property
    def codomain(self) -> Ball:
        """The ball of radius R."""
        return Ball(self.radius)

    def __call__(self, x: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """Map unconstrained vectors into the ball, b = R x sqrt(G/2).

        Args:
            x: Any vectors, shape (*batch, dim).

        Returns:
            b of the same shape, |b| < R.
        """
        half_square = 0.5 * jnp.sum(x**2, axis=-1, keepdims=True)
        return jnp.asarray(self.radius)[..., None] * x * jnp.sqrt(0.5 * growth_factor(-half_square))

    def _inverse(self, y: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        unit = y / jnp.asarray(self.radius)[..., None]
        # The sphere itself has no preimage: stop half a rounding unit short of it.
        square = jnp.minimum(jnp.sum(unit**2, axis=-1, keepdims=True), 1 - 0.5 * float(jnp.finfo(unit.dtype).eps))
        return unit * jnp.sqrt(2 / growth_factor(jnp.log1p(-square)))

    def log_abs_det_jacobian(
        self, x: Float[Array, "*batch dim"], y: Float[Array, "*batch dim"], intermediates: object = None
    ) -> Float[Array, "*batch"]:
        """The logarithm ln |det db/dx| = d ln(R / sqrt 2) + (d/2 - 1) ln G - s at x, s = |x|^2/2.

        Args:
            x: Where, shape (*batch, dim).
            y: Its image b, which is not needed.
            intermediates: Not used.

        Returns:
            The logarithm, shape (*batch,).
        """
        dim, half_square = x.shape[-1], 0.5 * jnp.sum(x**2, axis=-1)
        scale = dim * jnp.log(jnp.asarray(self.radius) * math.sqrt(0.5))
        return scale + (0.5 * dim - 1) * jnp.log(growth_factor(-half_square)) - half_square

    def eq(self, other: object, static: bool = False) -> ArrayLike:  # noqa: FBT001, FBT002 (NumPyro's signature)
        """Whether the other transform is the one of a ball of the same radius.

        Args:
            other: Anything.
            static: Whether a Python bool is wanted; then radii that are JAX arrays are equal only if identical.

        Returns:
            One boolean: a scalar.
        """
        return isinstance(other, BallTransform) and array_equiv(self.radius, other.radius, static=static)

    def tree_flatten(self) -> tuple[tuple[ArrayLike], tuple[tuple[str], dict[str, object]]]:
        """The radius as the only leaf, an array of the shape of the batch."""
        return (self.radius,), (("radius",), {})


@dist.biject_to.register(Ball)
def _ball_transform(constraint: Ball) -> BallTransform:
    return BallTransform(constraint.radius)
