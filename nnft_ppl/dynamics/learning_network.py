"""Networks whose state runs and whose biases learn."""

import inspect
from collections.abc import Callable
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from nnft_ppl.arguments import require_choice

DERIVATIVES = ("total", "partial")


class State(NamedTuple):
    """Where a learning network is: its neurons and their biases, arrays of one shape."""

    phi: Float[Array, "*shape"]
    """The state φ of the neurons, which is not trained."""
    beta: Float[Array, "*shape"]
    """Their trainable biases β."""


@final
class LearningNetwork:
    r"""A network that runs and learns by turns: the activation moves its state φ, the loss H its biases β.

    In a step of duration ε, which is 1 in the source,

    $$\varphi' = \varphi + \varepsilon\,(f(\varphi, \beta) - \varphi), \qquad
    \beta' = \beta - \varepsilon\,\frac{dH}{d\beta}, \qquad
    \frac{dH}{d\beta} = \partial_\beta H(\varphi', \beta) + (\partial_\beta f)^T\,\partial_\varphi H(\varphi', \beta),$$

    the *total* derivative: the loss is that of the state after the activation, which the biases have moved. For ε → 0
    it is $\dot\varphi = f - \varphi$, $\dot\beta = -dH/d\beta$. With $f = W\varphi + \beta$ and the right loss
    (`dual_loss`) these are Hamilton's equations of φ and the momentum $\pi = f - \varphi = \beta + (W-1)\varphi$.

    Args:
        activation: f(φ, β), of the shape of φ.
        loss: H(φ, β), a real number.
        derivative: "total"; or "partial", at the state before the activation: explicit Euler steps, the energy of
            which grows, to compare with.

    Raises:
        TypeError: If activation or loss is no function of φ and β.
        ValueError: If `derivative` is another word.

    Example:
        A wave equation on six sites, W = 1 and H = ½ φ (m² − Δ) φ:

        >>> loss = lambda phi, beta: jnp.sum((jnp.roll(phi, -1) - phi) ** 2 + phi**2 / 4) / 2
        >>> network = LearningNetwork(lambda phi, beta: phi + beta, loss)
        >>> state = network.step(State(jnp.ones(6), jnp.zeros(6)), 0.1)
        >>> print(round(float(state.beta[0]), 6))
        -0.025

    Source: V. Vanchurin, arXiv:2411.08138; steps of other durations than 1 derived here.
    """

    def __init__(
        self,
        activation: Callable[[Array, Array], Array],
        loss: Callable[[Array, Array], Array],
        *,
        derivative: str = "total",
    ) -> None:
        for name, function in (("activation", activation), ("loss", loss)):
            _require_of_both(name, function)
        require_choice("LearningNetwork", "derivative", derivative, DERIVATIVES)
        self.activation, self.loss, self.derivative = activation, loss, derivative

    def momentum(self, state: State) -> Float[Array, "*shape"]:
        """The momentum π = f(φ, β) − φ, by which the state moves.

        Args:
            state: φ and β.

        Raises:
            ValueError: If φ, β and f(φ, β) are not of one shape.
        """
        phi, beta = self._checked(state)
        moved = self.activation(phi, beta)
        if jnp.shape(moved) != phi.shape:
            raise ValueError(
                f"LearningNetwork: activation gives shape {jnp.shape(moved)} for a state of shape {phi.shape}; it must "
                "give the state after it, of the same shape"
            )
        return moved - phi

    def slope(self, state: State, after: Float[Array, "*shape"] | None = None) -> Float[Array, "*shape"]:
        """The total derivative dH/dβ.

        Args:
            state: φ and β before the activation.
            after: φ after it, where the loss is; the same as before if None.

        Raises:
            ValueError: If shapes differ, or the loss is not one real number.
        """
        phi, beta = self._checked(state)
        found = jax.eval_shape(self.loss, phi, beta)
        if getattr(found, "shape", None) != () or not jnp.issubdtype(found.dtype, jnp.floating):
            raise ValueError(f"LearningNetwork: loss gives {found}; it must give one real number, such as a sum")
        by_state, by_bias = jax.grad(self.loss, (0, 1))(phi if after is None else after, beta)
        _, pulled = jax.vjp(lambda one: self.activation(phi, one), beta)
        return by_bias + pulled(by_state)[0]

    def step(self, state: State, time_step: float = 1.0) -> State:
        """The state after one activation and one step of learning.

        Args:
            state: φ and β.
            time_step: Its duration ε.

        Raises:
            ValueError: As for `momentum` and `slope`.
        """
        state = self._checked(state)
        after = state.phi + time_step * self.momentum(state)
        slope = self.slope(state, after if self.derivative == "total" else None)
        return State(after, state.beta - time_step * slope)

    def rates(self, state: State) -> State:
        """The time derivatives of φ and β in continuous time.

        Args:
            state: φ and β.

        Raises:
            ValueError: As for `momentum` and `slope`.
        """
        return State(self.momentum(state), -self.slope(state))

    def _checked(self, state: State) -> State:
        """φ and β as arrays of one shape."""
        phi, beta = state_arrays("LearningNetwork", state)
        if phi.shape != beta.shape:
            raise ValueError(
                f"LearningNetwork: phi has shape {phi.shape} and beta {beta.shape}; give one bias for each neuron"
            )
        if jnp.iscomplexobj(phi) or jnp.iscomplexobj(beta):
            raise ValueError("LearningNetwork: the state is complex; give real and imaginary parts as components")
        return State(phi, beta)


def state_arrays(owner: str, state: State) -> State:
    """φ and β as arrays of floating-point numbers, real or complex.

    Args:
        owner: Who asks.
        state: A `State` of arrays, numbers or lists.

    Raises:
        TypeError: If it is no `State`, or does not hold numbers.
    """
    if not isinstance(state, State):
        raise TypeError(f"{owner}: the state is {type(state).__name__}; give State(phi, beta)")
    try:
        arrays = [jnp.asarray(one) for one in state]
        return State(*(one.astype(jnp.result_type(one, float)) for one in arrays))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{owner}: phi or beta of the state is no array of numbers; give State(phi, beta)") from error


def _require_of_both(name: str, function: Callable) -> None:
    """Refuse what is no function of φ and β."""
    if not callable(function):
        raise TypeError(f"LearningNetwork: {name} is {type(function).__name__}; give a function of phi and beta")
    try:
        inspect.signature(function).bind(None, None)
    except ValueError:  # some of C's have no signature
        return
    except TypeError as error:
        why = "; of a loss that does not depend on beta, too, as learning is its derivative" if name == "loss" else ""
        raise TypeError(
            f"LearningNetwork: {name} is no function of two arrays; write it as {name}(phi, beta){why}"
        ) from error
