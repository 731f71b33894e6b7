"""A field whose two halves of time have parameters of their own, and some in common."""

from collections.abc import Callable
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Shaped


@final
class Split(eqx.Module):
    """The field φ(t, x) = f(|t|, x; θ_0, θ_+) at t ≥ 0 and f(|t|, x; θ_0, θ_−) at t < 0, t the first coordinate.

    If θ_+ and θ_− are independent and equally distributed given θ_0, as two entries of a plate are, it is reflection
    positive for all functionals F_i of times > 0, at every width: E[(ΘF_i)* F_j] = E[m_i* m_j], m_i = E[F_i | θ_0]. It
    need not be invariant under translations of time (docs/theory/axioms.md).

    Attributes:
        network: f(point, shared, own), with a point of shape (dim,) whose time is ≥ 0; static.
        shared: θ_0, any tree of arrays.
        sides: θ_+ and θ_−, a tree of arrays of shape (2, ...), θ_+ first.

    Example:
        >>> phi = Split(lambda x, shared, own: shared + own * x[0], 1.0, jnp.array([2.0, 5.0]))
        >>> float(phi(jnp.array([1.0]))), float(phi(jnp.array([-1.0])))
        (3.0, 6.0)

    Source: parameter splitting is that of arXiv:2504.05462.
    """

    network: Callable[..., Array] = eqx.field(static=True)
    shared: Any
    sides: Any

    def __init__(self, network: Callable[..., Array], shared: Any, sides: Any) -> None:
        """Check that there are two of everything.

        Args:
            network: f(point, shared, own).
            shared: θ_0, any tree of arrays.
            sides: θ_+ and θ_−, a tree of arrays of shape (2, ...).

        Raises:
            TypeError: If `network` is not callable.
            ValueError: If an array of `sides` does not begin with an axis of two entries, or there is none.
        """
        if not callable(network):
            raise TypeError(f"Split: network is {network!r}; give a function f(point, shared, own)")
        shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(sides)]
        if not shapes or any(shape[:1] != (2,) for shape in shapes):
            raise ValueError(f"Split: sides have shapes {shapes}; give (2, ...) for each, that of t >= 0 first")
        self.network, self.shared, self.sides = network, shared, jax.tree.map(jnp.asarray, sides)

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Shaped[Array, "*component"]:
        """Value of the field at one point.

        Args:
            x: The point, shape (dim,), the time first.

        Returns:
            φ(x), of the shape that the network has.

        Raises:
            ValueError: If `x` is not one point.
        """
        x = jnp.asarray(x)
        if x.ndim != 1 or not x.size:
            raise ValueError(f"Split: x has shape {x.shape}; give one point of shape (dim,), and many through jax.vmap")
        side = jnp.where(x[0] < 0, 1, 0)
        own = jax.tree.map(lambda leaf: leaf[side], self.sides)
        return self.network(x.at[0].set(jnp.abs(x[0])), self.shared, own)
