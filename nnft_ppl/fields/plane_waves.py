"""A field made of plane waves: a network with one hidden layer of cosines."""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_point
from nnft_ppl.fields.sine_cosine import sine_cosine
from nnft_ppl.fields.wave_grid import wave_sum


@final
class PlaneWaves(eqx.Module):
    """Sum of N plane waves, φ(x) = Σ_i w_i a_i cos(b_i·x + c_i).

    The other form, φ(x) = Σ_i w_i [α_i cos(b_i·x) + β_i sin(b_i·x)], is chosen by an `amplitude` of
    shape (neuron, 2) holding (α_i, β_i) and no `phase`. Both are stored as the second one. A field of several
    components has amplitudes with further axes, a_ic or (α_ic, β_ic), and its momenta in common. No factor
    such as 1/√N is put in: it belongs to `weight`.

    Every product of matrices is asked for at full precision: an accelerator's short float32 products
    would spoil the phases.

    Attributes:
        momentum: b_i, shape (neuron, dim), in inverse units of length.
        cosine: w_i a_i cos c_i, or w_i α_i, shape (neuron, *components).
        sine: −w_i a_i sin c_i, or w_i β_i, shape (neuron, *components).

    Source: derived here (addition theorem of the cosine).
    """

    momentum: Float[Array, "neuron dim"]
    cosine: Float[Array, "neuron ..."]
    sine: Float[Array, "neuron ..."]

    def __init__(
        self,
        amplitude: Float[ArrayLike, "neuron *component"] | Float[ArrayLike, "neuron 2 *component"],
        momentum: Float[ArrayLike, "neuron dim"],
        phase: Float[ArrayLike, "neuron *component"] | None = None,
        weight: Float[ArrayLike, ""] | Float[ArrayLike, " neuron"] = 1.0,
    ) -> None:
        """Check the shapes and bring the amplitudes to the form cosine, sine.

        Args:
            amplitude: a_i of shape (neuron, *components), which needs `phase`, or (α_i, β_i) of shape
                (neuron, 2, *components).
            momentum: b_i, shape (neuron, dim); in one dimension shape (neuron, 1).
            phase: c_i in radians, shape (neuron,), or one for each component: the shape of `amplitude`.
            weight: w_i, one number or shape (neuron,).

        Raises:
            TypeError: If an argument is complex.
            ValueError: If shapes do not fit together.
        """
        amplitude, momentum, weight = jnp.asarray(amplitude), jnp.asarray(momentum), jnp.asarray(weight)
        if momentum.ndim == 1:
            raise ValueError(
                f"PlaneWaves: momentum has shape {momentum.shape}; give shape (neuron, dim), which in one dimension is "
                "momentum[:, None]"
            )
        if momentum.ndim != 2 or momentum.shape[1] == 0:
            raise ValueError(
                f"PlaneWaves: momentum has shape {momentum.shape}; give shape (neuron, dim) with dim >= 1, and batches "
                "of fields through jax.vmap"
            )
        neurons = momentum.shape[0]
        if amplitude.shape[:1] != (neurons,):
            raise ValueError(
                f"PlaneWaves: amplitude has shape {amplitude.shape} and momentum {neurons} neurons; give shape "
                f"({neurons}, *components) with a phase, or ({neurons}, 2, *components) without"
            )
        if weight.shape not in {(), (neurons,)}:
            raise ValueError(f"PlaneWaves: weight has shape {weight.shape}; give one number or shape ({neurons},)")
        if phase is None and amplitude.shape[1:2] != (2,):
            raise ValueError(
                f"PlaneWaves: amplitude of shape {amplitude.shape} came without phase; give amplitude (neuron, "
                "*components) with phase (neuron,), or amplitude (neuron, 2, *components), the cosine and sine "
                "amplitudes, without phase"
            )
        parts = [amplitude, momentum, weight]
        if phase is not None:
            phase = jnp.asarray(phase)
            if phase.shape not in {(neurons,), amplitude.shape}:
                raise ValueError(
                    f"PlaneWaves: phase has shape {phase.shape}; give shape ({neurons},)"
                    + (f" or {amplitude.shape}" if amplitude.ndim > 1 else "")
                )
            parts.append(phase)
        dtype = jnp.result_type(float, *parts)
        if jnp.issubdtype(dtype, jnp.complexfloating):
            raise TypeError("PlaneWaves: an argument is complex; give real amplitudes, momenta and phases")
        amplitude, weight = amplitude.astype(dtype), weight.astype(dtype)
        self.momentum = momentum.astype(dtype)
        if phase is None:
            alpha, beta = amplitude[:, 0], amplitude[:, 1]
            weight = _beside(weight, alpha)
            self.cosine, self.sine = weight * alpha, weight * beta
        else:
            phase = _beside(phase.astype(dtype), amplitude)
            weight = _beside(weight, amplitude)
            self.cosine = weight * amplitude * jnp.cos(phase)
            self.sine = -weight * amplitude * jnp.sin(phase)

    def with_amplitudes(
        self, cosine: Float[Array, "neuron *component"], sine: Float[Array, "neuron *component"]
    ) -> "PlaneWaves":
        """The field of the same momenta with other amplitudes.

        Args:
            cosine: Amplitudes of the cosines, shape (neuron, *components), weights included.
            sine: Those of the sines, of the same shape.
        """
        return eqx.tree_at(lambda waves: (waves.cosine, waves.sine), self, (cosine, sine))

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.momentum.shape[-1]

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Float[Array, "*component"]:
        """Value of the field at one point.

        Args:
            x: The point, shape (dim,).

        Returns:
            φ(x), a scalar or shape (*components).

        Raises:
            ValueError: If `x` is not one point of the field's dimension.
        """
        x = require_point("PlaneWaves", x, self.dim)
        highest = jax.lax.Precision.HIGHEST
        angle = jnp.matmul(self.momentum, x, precision=highest)
        if self.cosine.ndim == 1:
            return jnp.dot(self.cosine, jnp.cos(angle), precision=highest) + jnp.dot(
                self.sine, jnp.sin(angle), precision=highest
            )
        return jnp.tensordot(jnp.cos(angle), self.cosine, 1, precision=highest) + jnp.tensordot(
            jnp.sin(angle), self.sine, 1, precision=highest
        )

    def neurons(self, x: Float[ArrayLike, " dim"]) -> Float[Array, "neuron *component"]:
        """What each wave adds to the field at one point, w_i a_i cos(b_i·x + c_i); the sum is φ(x).

        Args:
            x: The point, shape (dim,).

        Returns:
            Shape (neuron, *components).
        """
        angle = jnp.matmul(self.momentum, jnp.asarray(x), precision=jax.lax.Precision.HIGHEST)
        return _beside(jnp.cos(angle), self.cosine) * self.cosine + _beside(jnp.sin(angle), self.sine) * self.sine

    def neurons_on_grid(self, axes: Sequence[Float[ArrayLike, " points"]]) -> Float[Array, "..."]:
        """The same on a tensor grid, from the cosines and sines of each axis.

        Args:
            axes: One array of coordinates per dimension, shapes (n_1,), ..., (n_dim,).

        Returns:
            Shape (n_1, ..., n_dim, neuron, *components).
        """
        # Barriers: the compiler would compute all of this again at every point of the grid.
        still = jax.lax.optimization_barrier
        momentum, amplitudes = still(self.momentum), still((self.cosine, self.sine))
        cosine, sine = jnp.ones_like(momentum[:, 0]), jnp.zeros_like(momentum[:, 0])
        for number, axis in enumerate(axes):
            points = jnp.asarray(axis, momentum.dtype)[:, None]
            own_sine, own_cosine = still(sine_cosine(points * momentum[:, number]))
            cosine, sine = cosine[..., None, :], sine[..., None, :]
            cosine, sine = cosine * own_cosine - sine * own_sine, sine * own_cosine + cosine * own_sine
        behind = (*cosine.shape, *[1] * (self.cosine.ndim - 1))
        return cosine.reshape(behind) * amplitudes[0] + sine.reshape(behind) * amplitudes[1]

    def on_grid(self, axes: tuple[Float[ArrayLike, " points"], ...]) -> Float[Array, "..."]:
        """Values on a tensor grid, from dim·N·n cosines and sines and products of matrices.

        Half as many of both on axes that are symmetric about their middle; see `wave_sum`. Any dimension is
        accepted; memory grows as neuron · n^⌈dim/2⌉ up to a limit, beyond which neurons are summed in chunks.

        Args:
            axes: One array of coordinates per dimension, shapes (n_1,), ..., (n_dim,); taken in the dtype
                of the field.

        Returns:
            φ on the grid, shape (n_1, ..., n_dim) and the components.

        Raises:
            ValueError: If the number of axes is not the field's dimension, or an axis is not 1-d.

        Source: derived here.
        """
        if len(axes) != self.dim:
            raise ValueError(
                f"PlaneWaves: {len(axes)} axes for a field of {self.dim} dimensions; give one axis per dimension"
            )
        shapes = [jnp.shape(axis) for axis in axes]
        if any(len(shape) != 1 for shape in shapes):
            raise ValueError(f"PlaneWaves: axes have shapes {shapes}; give 1-d ones")
        return wave_sum(self.momentum, self.cosine, self.sine, axes)


def _beside(part: Float[Array, "..."], amplitude: Float[Array, "neuron *component"]) -> Float[Array, "..."]:
    """One number per neuron, shaped to multiply amplitudes with components; anything else as it is."""
    return part.reshape(-1, *[1] * (amplitude.ndim - 1)) if part.ndim == 1 else part
