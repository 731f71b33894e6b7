"""Initial states of thermal equilibrium."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_non_negative
from nnft_ppl.dynamics.duality import OPERATIONS, hamiltonian_pair
from nnft_ppl.dynamics.known import root_of
from nnft_ppl.dynamics.learning_network import State
from nnft_ppl.dynamics.quadratic_loss import QuadraticLoss, applied, unit_rounding
from nnft_ppl.exact import step_frequency


def thermal_start(
    weight: Float[ArrayLike, "n n"],
    loss: QuadraticLoss,
    noise: Float[Array, "2 *shape"],
    temperature: float | Float[Array, ""] = 1.0,
    time_step: float = 0.0,
) -> State:
    r"""White noise made into states of the density $\exp(-E/T)$ that the network's dynamics keeps.

    `thermal_start(*quadratic_part(network, n), noise)` is that of a network itself, and refuses one that keeps none. In
    continuous time E is the Hamiltonian $\frac12\pi^2 + \frac12\varphi M\varphi$ and

    $$\varphi = \sqrt T\,M^{-1/2} z_1, \qquad \beta = \sqrt T\,z_2 - K\varphi.$$

    Steps ε of activation and learning keep another energy, for W = 1 the shadow energy

    $$E_s = \tfrac12\beta^2 + \tfrac12\varphi M\varphi + \tfrac\varepsilon2\,\beta M\varphi, \qquad
    \varphi = \sqrt T\,\big(M - \tfrac{\varepsilon^2}4M^2\big)^{-1/2} z_1, \qquad
    \beta = \sqrt T\,z_2 - \tfrac\varepsilon2 M\varphi .$$

    Args:
        weight: W, shape (n, n); known before sampling, as the loss is.
        loss: H.
        noise: z_1 and z_2, standard normal, n numbers each.
        temperature: T, positive, in units of E; it may be sampled.
        time_step: ε; 0 for continuous time.

    Returns:
        φ and β, each of the shape of z_1.

    Raises:
        TypeError, ValueError: If an argument is out of range, weights and loss are no Hamiltonian pair, its energy is
            not bounded, or steps are unstable or do not keep phase space.

    Source: derived in docs/theory/emergent.md.
    """
    owner = "thermal_start"
    root_temperature = root_of(owner, temperature)
    require_non_negative(owner, "time_step", time_step)
    if not isinstance(loss, QuadraticLoss):
        raise TypeError(
            f"{owner}: loss is {type(loss).__name__}; give a QuadraticLoss, such as quadratic_part(network, n) finds, "
            "and what is left of the loss as numpyro.factor(name, -rest / temperature)"
        )
    found = hamiltonian_pair(weight, loss)
    if found.against:
        raise ValueError(
            f"{owner}: weights and loss are no Hamiltonian pair, and exp(−E/T) of E = ½π² + ½φMφ is not kept: "
            f"{found.against}; take the loss from dual_loss(W, M)"
        )
    size = len(found.potential)
    if np.shape(noise)[:1] != (2,) or np.size(noise) != 2 * size:
        raise ValueError(f"{owner}: noise has shape {np.shape(noise)}; give (2, ...) with {size} numbers each")
    squares, modes = np.linalg.eigh((found.potential + found.potential.T) / 2)
    relative = OPERATIONS * max(unit_rounding(weight), loss.rounding)
    if squares[0] <= relative * size * squares[-1]:
        raise ValueError(
            f"{owner}: M has an eigenvalue {squares[0]:.3g}, up to rounding no positive one beside {squares[-1]:.3g}, "
            "so that exp(−E/T) cannot be normalised; give a potential with positive ones, such as a mass"
        )
    k = np.asarray(weight, float) - np.eye(size)
    if time_step:
        if np.max(np.abs(k)) > relative:
            raise ValueError(
                f"{owner}: steps of duration {time_step:g} change volumes by the factor det(1 + εK) det(1 − ε(A + Bᵀ)) "
                "and keep no density; take W = 1, or time_step=0 and a continuous_rollout"
            )
        k = time_step / 2 * found.potential
    frequencies = np.sqrt(squares)
    slowed = frequencies * np.cos(step_frequency(frequencies, time_step) * time_step / 2)
    one, other = jnp.reshape(jnp.asarray(noise), (2, size))
    phi = root_temperature * applied((modes / slowed) @ modes.T, one)
    beta = root_temperature * other - applied(k, phi)
    return State(*(one.reshape(np.shape(noise)[1:]) for one in (phi, beta)))
