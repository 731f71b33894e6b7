"""A field given by a feed-forward network."""

from collections.abc import Callable, Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_point


@final
class Dense(eqx.Module):
    """Feed-forward network, φ(x) = W_L σ(… σ(W_1 x + b_1) …) + b_L.

    The activation σ stands between layers, never after the last. No normalisation such as 1/√width is
    put in and there is no initialisation: priors of weights and biases, with their scales, belong to the
    model. Products are asked for at full precision on every device.

    Attributes:
        weights: W_1, ..., W_L, each of shape (out, in).
        biases: b_1, ..., b_L, each of shape (out,), or None for a layer without bias.
        activation: σ, elementwise; static, so pass a named function and not a fresh lambda, which would
            be compiled anew each time.
    """

    weights: tuple[Float[Array, "out in"], ...]
    biases: tuple[Float[Array, " out"] | None, ...]
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        weights: Sequence[Float[ArrayLike, "out in"]],
        biases: Sequence[Float[ArrayLike, " out"] | None],
        activation: Callable[[Array], Array],
    ) -> None:
        """Check the shapes layer by layer.

        Args:
            weights: One array of shape (out, in) per layer, from the input on.
            biases: One array of shape (out,) or None per layer.
            activation: Elementwise function put between layers.

        Raises:
            TypeError: If `activation` is not callable, or weights or biases are not sequences.
            ValueError: If shapes do not fit together; the message names the layer, counted from 1.
        """
        if not callable(activation):
            raise TypeError(f"Dense: activation is {activation!r}; give a function such as jnp.tanh")
        for name, layers in (("weights", weights), ("biases", biases)):
            if not isinstance(layers, tuple | list):
                raise TypeError(f"Dense: {name} is {type(layers).__name__}; give a tuple")
        if not weights:
            raise ValueError("Dense: weights is empty; give at least one layer")
        if len(biases) != len(weights):
            raise ValueError(f"Dense: {len(weights)} weights and {len(biases)} biases; give one per layer, or None")
        self.weights = tuple(jnp.asarray(weight) for weight in weights)
        self.biases = tuple(None if bias is None else jnp.asarray(bias) for bias in biases)
        self.activation = activation
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True), start=1):
            if weight.ndim != 2:
                raise ValueError(f"Dense: layer {layer} has weights of shape {weight.shape}; give shape (out, in)")
            if layer > 1 and weight.shape[1] != self.weights[layer - 2].shape[0]:
                raise ValueError(
                    f"Dense: layer {layer} has weights of shape {weight.shape} and layer {layer - 1} hands on "
                    f"{self.weights[layer - 2].shape[0]} values; give shape (out, in) with in equal to that"
                )
            if bias is not None and bias.shape != weight.shape[:1]:
                raise ValueError(
                    f"Dense: layer {layer} has a bias of shape {bias.shape} and weights of shape "
                    f"{weight.shape}; give the bias shape {weight.shape[:1]}"
                )

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.weights[0].shape[-1]

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Float[Array, ""] | Float[Array, " component"]:
        """Value of the field at one point.

        Args:
            x: The point, shape (dim,).

        Returns:
            φ(x): a scalar if the last layer has one row, else shape (component,).

        Raises:
            ValueError: If `x` is not one point of the field's dimension.
        """
        value = jnp.matmul(self.weights[-1], self._last_hidden(x), precision=jax.lax.Precision.HIGHEST)
        if self.biases[-1] is not None:
            value = value + self.biases[-1]
        return value[0] if value.shape == (1,) else value

    def neurons(self, x: Float[ArrayLike, " dim"]) -> Float[Array, "neuron *component"]:
        """What each neuron of the last hidden layer adds to the field, W_L[:, i] h_i(x); the sum and b_L are φ(x).

        Args:
            x: The point, shape (dim,).

        Returns:
            Shape (neuron,) if the last layer has one row, else (neuron, component).

        Raises:
            ValueError: If `x` is not one point of the field's dimension.
        """
        each = (self.weights[-1] * self._last_hidden(x)).T
        return each[:, 0] if each.shape[1] == 1 else each

    def _last_hidden(self, x: Float[ArrayLike, " dim"]) -> Float[Array, " neuron"]:
        """What the last layer is given."""
        hidden = require_point("Dense", x, self.dim)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = jnp.matmul(weight, hidden, precision=jax.lax.Precision.HIGHEST)
            hidden = self.activation(hidden if bias is None else hidden + bias)
        return hidden
