"""A field on configurations of a lattice, given by a convolutional network."""

from collections.abc import Callable, Sequence
from math import prod
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from nnft_ppl.arguments import require_choice, require_count, require_point

PADDINGS = ("periodic", "zero")
"""What lies beyond the edge of the lattice."""


@final
class Convolution(eqx.Module):
    """Convolutional network: its point x is one number at every site of a lattice (and in every input channel).

    h_c(p) = σ(Σ_{c', d} w_cc'(d) h_c'(p + d) + b_c) layer by layer, over the offsets d of a filter of odd sizes; then a
    read-out that is dense, φ(x) = Σ_{c, p} v_c(p) h_c(p), or pooled, φ(x) = Σ_c v_c · mean_p h_c(p), which is invariant
    under translations of a periodic lattice. Nothing such as 1/√channels is put in: scales belong to the priors.

    Attributes:
        kernels: w of each layer, shape (channel, input channel, *filter).
        biases: b of each layer, shape (channel,), or None.
        readout: v, of shape (channel, *sites), dense, or (channel,), pooled.
        activation: σ, elementwise; static, so pass a named function.
        sites: Number of sites along each axis of the lattice.
        padding: `periodic`, or `zero` beyond the edge.

    Source: R. Novak et al., arXiv:1810.05148 (both read-outs).
    """

    kernels: tuple[Float[Array, "channel input ..."], ...]
    biases: tuple[Float[Array, " channel"] | None, ...]
    readout: Float[Array, "channel ..."]
    activation: Callable[[Array], Array] = eqx.field(static=True)
    sites: tuple[int, ...] = eqx.field(static=True)
    padding: str = eqx.field(static=True)

    def __init__(
        self,
        kernels: Sequence[Float[ArrayLike, "channel input ..."]],
        biases: Sequence[Float[ArrayLike, " channel"] | None],
        readout: Float[ArrayLike, "channel ..."],
        activation: Callable[[Array], Array],
        sites: int | Sequence[int],
        padding: str = "periodic",
    ) -> None:
        """Check the shapes layer by layer.

        Args:
            kernels: One array a layer, from the input on.
            biases: One array or None a layer.
            readout: Weights of the output.
            activation: Elementwise function behind every layer.
            sites: Sites along each axis, one number for a chain.
            padding: `periodic` or `zero`.

        Raises:
            TypeError: If `activation` is not callable, kernels or biases are no sequences, or sites no integers.
            ValueError: If shapes do not fit together; the message names the layer, counted from 1.
        """
        if not callable(activation):
            raise TypeError(f"Convolution: activation is {activation!r}; give a function such as jnp.tanh")
        for name, layers in (("kernels", kernels), ("biases", biases)):
            if not isinstance(layers, tuple | list):
                raise TypeError(f"Convolution: {name} is {type(layers).__name__}; give a tuple")
        require_choice("Convolution", "padding", padding, PADDINGS)
        lengths = tuple(sites) if isinstance(sites, Sequence) else (sites,)
        self.sites = tuple(require_count("Convolution", "sites", length) for length in lengths)
        self.kernels = tuple(jnp.asarray(kernel) for kernel in kernels)
        self.biases = tuple(None if bias is None else jnp.asarray(bias) for bias in biases)
        self.readout, self.activation, self.padding = jnp.asarray(readout), activation, padding
        if not self.kernels or len(self.biases) != len(self.kernels):
            raise ValueError(
                f"Convolution: {len(self.kernels)} kernels and {len(self.biases)} biases; give at least one layer, and "
                "a bias or None for each"
            )
        handed_on = self.kernels[0].shape[1:2]
        for layer, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True), start=1):
            if kernel.ndim != 2 + len(self.sites) or any(size % 2 == 0 for size in kernel.shape[2:]):
                raise ValueError(
                    f"Convolution: layer {layer} has a kernel of shape {kernel.shape}; give (channel, input channel, "
                    f"*filter), the filter of an odd size along each of the {len(self.sites)} axes"
                )
            if kernel.shape[1:2] != handed_on:
                raise ValueError(
                    f"Convolution: layer {layer} has a kernel of shape {kernel.shape} and layer {layer - 1} hands on "
                    f"{handed_on[0]} channels"
                )
            handed_on = kernel.shape[:1]
            if bias is not None and bias.shape != handed_on:
                raise ValueError(f"Convolution: layer {layer} has a bias of shape {bias.shape}; give {handed_on}")
        if self.readout.shape not in {handed_on, (*handed_on, *self.sites)}:
            raise ValueError(
                f"Convolution: readout has shape {self.readout.shape}; give {(*handed_on, *self.sites)}, dense, or "
                f"{handed_on}, pooled"
            )

    @property
    def dim(self) -> int:
        """Number of coordinates: sites times input channels."""
        return self.kernels[0].shape[1] * prod(self.sites)

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Float[Array, ""]:
        """Value of the field at one configuration.

        Args:
            x: Numbers at the sites, flat, in C order of (input channel, *sites).

        Returns:
            φ(x), a scalar.

        Raises:
            ValueError: If `x` is not one configuration of this size.
        """
        hidden = self._last_hidden(x)
        if self.readout.ndim == 1:
            return jnp.dot(self.readout, jnp.mean(hidden, axis=1), precision=jax.lax.Precision.HIGHEST)
        return jnp.vdot(self.readout.reshape(hidden.shape), hidden, precision=jax.lax.Precision.HIGHEST)

    def neurons(self, x: Float[ArrayLike, " dim"]) -> Float[Array, " channel"]:
        """What each channel of the last layer adds to the field, v_c · mean_p h_c(p) or Σ_p v_c(p) h_c(p).

        Args:
            x: As for a call.

        Returns:
            Shape (channel,); the sum is φ(x).

        Raises:
            ValueError: If `x` is not one configuration of this size.
        """
        hidden = self._last_hidden(x)
        if self.readout.ndim == 1:
            return self.readout * jnp.mean(hidden, axis=1)
        return jnp.sum(self.readout.reshape(hidden.shape) * hidden, axis=1)

    def _last_hidden(self, x: Float[ArrayLike, " dim"]) -> Float[Array, "channel site"]:
        """What the read-out is given."""
        hidden = require_point("Convolution", x, self.dim).reshape(-1, prod(self.sites))
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            padded = hidden if self.padding == "periodic" else jnp.pad(hidden, [(0, 0), (0, 1)])
            patches = padded[:, self._neighbours(kernel.shape[2:])]
            # As a product of matrices: convolutions of many draws at once are slow on CPUs.
            flat = kernel.reshape(*kernel.shape[:2], -1)
            hidden = jnp.einsum("cif,ipf->cp", flat, patches, precision=jax.lax.Precision.HIGHEST)
            hidden = self.activation(hidden if bias is None else hidden + bias[:, None])
        return hidden

    def _neighbours(self, filter_shape: tuple[int, ...]) -> Int[np.ndarray, "site offset"]:
        """Flat numbers of the sites p + d; one past the last stands for those beyond the edge."""
        count = prod(self.sites)
        places = np.stack(np.unravel_index(np.arange(count), self.sites))[:, :, None]
        offsets = np.stack(np.unravel_index(np.arange(prod(filter_shape)), filter_shape))
        offsets = offsets - np.array(filter_shape)[:, None] // 2
        moved = places + offsets[:, None, :]
        lengths = np.array(self.sites)[:, None, None]
        flat = np.ravel_multi_index(tuple(np.mod(moved, lengths)), self.sites)
        beyond = np.any((moved < 0) | (moved >= lengths), axis=0)
        return np.where(beyond & (self.padding == "zero"), count, flat)
