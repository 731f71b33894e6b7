"""Homogeneous functions on the projective null cone: conformal fields of a network without biases."""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.arguments import require_point


@final
class NullCone(eqx.Module):
    r"""Powers of a linear function on the null cone, Φ(x) = (Θ·X)^p, and deeper networks of powers.

    $$\Phi(x) = \big(W_L \cdots (W_2\,(\Theta\cdot X)^{p_1})^{p_2} \cdots\big)^{p_L}, \qquad
    \Theta\cdot X = i\,\Theta_0\, \frac{1 + x^2}{2} + \sum_{j=1}^D \Theta_j\, x_j + \Theta_{D+1}\, \frac{1 - x^2}{2}$$

    Powers are taken of every entry. The i makes a real Θ with a law that rotations leave alone into one that Lorentz
    transformations leave alone, as far as averages of polynomials go: ⟨(Θ·X)(Θ·Y)⟩ = −(x − y)²/2 for a unit normal Θ,
    without conjugation, and 0 at one point. Φ is then a conformal field of dimension Δ = −p_1 p_2 ⋯ p_L. No factor such
    as 1/√N is put in, and there is no prior: both belong to the model.

    Attributes:
        theta: Θ, shape (dim + 2,), or (neuron, dim + 2) for several.
        powers: p_1, ..., p_L, whole numbers; static.
        weights: W_2, ..., W_L, each of shape (out, in).
        lorentzian: Whether the first coordinate carries the i; without it the field is real, and not conformal. Static.

    Source: arXiv:2409.12222; the complex embedding is derived in docs/theory/conformal.md.
    """

    theta: Float[Array, "... coordinate"]
    powers: tuple[int, ...] = eqx.field(static=True)
    weights: tuple[Float[Array, "out in"], ...]
    lorentzian: bool = eqx.field(static=True)

    def __init__(
        self,
        theta: Float[ArrayLike, "... coordinate"],
        powers: int | tuple[int, ...] | list[int] = 1,
        weights: Sequence[Float[ArrayLike, "out in"]] = (),
        *,
        lorentzian: bool = True,
    ) -> None:
        """Check the shapes layer by layer.

        Args:
            theta: Θ, shape (dim + 2,), or (neuron, dim + 2).
            powers: p, or p_1, ..., p_L; negative ones are allowed, and break the symmetry.
            weights: W_2, ..., W_L, one matrix of shape (out, in) less than there are powers.
            lorentzian: Whether the first coordinate carries the i.

        Raises:
            TypeError: If a power is not a whole number.
            ValueError: If a power is 0, or shapes do not fit together.
        """
        self.theta = jnp.asarray(theta)
        self.powers = tuple(powers) if isinstance(powers, tuple | list) else (powers,)
        self.weights = tuple(jnp.asarray(weight) for weight in weights)
        self.lorentzian = lorentzian
        if self.theta.ndim not in (1, 2) or self.theta.shape[-1] < 3:
            raise ValueError(
                f"NullCone: theta has shape {self.theta.shape}; give (dim + 2,) or (neuron, dim + 2) with dim >= 1"
            )
        for power in self.powers:
            if isinstance(power, bool) or not isinstance(power, int):
                raise TypeError(f"NullCone: powers = {powers!r}; give whole numbers")
        if not self.powers or 0 in self.powers:
            raise ValueError(f"NullCone: powers = {powers!r}; give at least one, none of them 0")
        if len(self.weights) != len(self.powers) - 1:
            raise ValueError(
                f"NullCone: {len(self.weights)} weights and {len(self.powers)} powers; give one matrix between two "
                "powers"
            )
        size = self.theta.shape[:-1]
        for layer, weight in enumerate(self.weights, start=2):
            if weight.ndim != 2 or weight.shape[1:] != size:
                raise ValueError(
                    f"NullCone: layer {layer} has weights of shape {weight.shape} and the one before hands on values "
                    f"of shape {size}; give shape (out, in) with in equal to their number"
                )
            size = weight.shape[:1]

    @property
    def dim(self) -> int:
        """Number of coordinates of x."""
        return self.theta.shape[-1] - 2

    @property
    def dimension(self) -> int:
        """The dimension Δ = −p_1 ⋯ p_L, by which Φ scales: Φ(λx) ~ λ^{−Δ} Φ(x)."""
        product = -1
        for power in self.powers:
            product *= power
        return product

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Shaped[Array, "*component"]:
        """Value of the field at one point.

        Args:
            x: The point, shape (dim,).

        Returns:
            Φ(x), complex: a scalar if the last layer has one row, else shape (component,).

        Raises:
            ValueError: If `x` is not one point of the field's dimension.
        """
        point = require_point("NullCone", x, self.dim)
        square = point @ point
        first = (1j if self.lorentzian else 1.0) * (1 + square) / 2
        embedded = jnp.concatenate([first[None], point, (1 - square)[None] / 2])
        hidden = jnp.matmul(self.theta, embedded, precision=jax.lax.Precision.HIGHEST) ** self.powers[0]
        for weight, power in zip(self.weights, self.powers[1:], strict=True):
            hidden = jnp.matmul(weight, hidden, precision=jax.lax.Precision.HIGHEST) ** power
        return hidden[0] if hidden.shape == (1,) else hidden
