r"""The dual description of a Hamiltonian: weights and a loss, of which there are many.

A network with $f = W\varphi + \beta$ and a quadratic loss obeys, in continuous time and with $K = W - 1$,
$\pi = \beta + K\varphi$,

$$\dot\varphi = \pi, \qquad \dot\pi = (K - A - B^T)\,\pi - \big(B + C - (A + B^T)\,K\big)\,\varphi,$$

or $\ddot\varphi = G\dot\varphi - M\varphi$. They keep $E = \frac12\pi^2 + \frac12\varphi M\varphi$, and volumes, where
M is symmetric and $G = K - A - B^T$ antisymmetric. At G = 0, that is $A + B^T = K$ and $B + C = K^2 + M$, they are
Hamilton's equations with π as momentum; an antisymmetric G is a magnetic field, the momentum $\pi-\frac12G\varphi$.

Source: V. Vanchurin, arXiv:2411.08138; derived in docs/theory/emergent.md.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.dynamics.learning_network import LearningNetwork
from nnft_ppl.dynamics.quadratic_loss import (
    QuadraticLoss,
    exceeds,
    largest,
    require_square,
    require_symmetric,
    unit_rounding,
)

OPERATIONS = 8
"""Roundings behind one entry, for each neuron."""
GROWS = 1e-6
"""The real part of an eigenvalue, in inverse units of time, from which on it is spoken of."""


def dual_loss(
    weight: Float[ArrayLike, "n n"],
    potential: Float[ArrayLike, "n n"],
    kinetic: Float[ArrayLike, "n n"] | None = None,
) -> QuadraticLoss:
    r"""A loss with which weights W have the dynamics of the Hamiltonian $\frac12\pi^2 + \frac12\varphi M\varphi$.

    $A + B^T = K$, $B + C = K^2 + M$ with $K = W - 1$: one for every symmetric A, with $B = (K - A)^T$ and
    $C = K^2 + M - B$, which has to be symmetric, as it is for every symmetric W. All give the same field equation.

    Args:
        weight: W, shape (n, n).
        potential: M, symmetric.
        kinetic: A, symmetric; the symmetric part of K if None, so that B = 0 for symmetric W. Zeros give B = Kᵀ.

    Raises:
        TypeError: If they are no real numbers.
        ValueError: If sizes differ, M or A is not symmetric, or there is no such loss.

    Example:
        W = 1 needs no more than the potential:

        >>> loss = dual_loss(np.eye(2), [[2.0, -1.0], [-1.0, 2.0]])
        >>> print(loss.kinetic.any(), loss.mixed.any(), loss.potential[0])
        False False [ 2. -1.]

    Source: derived in docs/theory/emergent.md.
    """
    owner = "dual_loss"
    k = require_square(owner, "weight", weight)
    k = k - np.eye(len(k))
    m = require_square(owner, "potential", potential)
    a = (k + k.T) / 2 if kinetic is None else require_square(owner, "kinetic", kinetic)
    for name, one in (("potential", m), ("kinetic", a)):
        if one.shape != k.shape:
            raise ValueError(f"{owner}: {name} has shape {one.shape} and weight {k.shape}; give (n, n) each")
    m, a = require_symmetric(owner, "potential", m), require_symmetric(owner, "kinetic", a)
    b = (k - a).T
    c = k @ k + m - b
    rounding = unit_rounding(weight, potential, kinetic)
    if exceeds(c - c.T, np.abs(k) @ np.abs(k) + np.abs(m) + np.abs(b), OPERATIONS * len(k) * rounding):
        raise ValueError(
            f"{owner}: there is no such loss, as K² − Kᵀ with K = W − 1 is not symmetric, by up to "
            f"{largest(c - c.T):.3g}; give symmetric weights"
        )
    found = QuadraticLoss(a, b, (c + c.T) / 2)
    found.rounding = rounding
    return found


@dataclass(frozen=True, eq=False)
class PairFindings:
    """What weights and a loss are together: Hamiltonian, or what speaks against it."""

    asymmetry: float
    """Largest entry of |W − Wᵀ|; zero is sufficient for a loss to exist, not necessary."""
    friction: float
    """Largest entry of the symmetric part of |K − A − Bᵀ|, by which the momentum moves itself and energy is lost."""
    magnetic: np.ndarray
    """The antisymmetric part of K − A − Bᵀ, which turns the momentum and does no work."""
    potential: np.ndarray
    """M = B + C − (A + Bᵀ) K, the force per φ; symmetric where there is an energy ½π² + ½φMφ."""
    motion: np.ndarray
    """The matrix of the linear motion of (φ, β) in continuous time, shape (2n, 2n)."""
    against: str
    """What speaks against it, in words; empty where it is Hamiltonian."""

    @cached_property
    def spectrum(self) -> np.ndarray:
        """Eigenvalues of the motion, 2n complex numbers, in inverse units of time; imaginary where M is positive."""
        return np.linalg.eigvals(self.motion).astype(complex)

    @property
    def growth(self) -> float:
        """The largest real part of the spectrum, the rate at which a perturbation grows."""
        return float(np.max(np.real(self.spectrum)))

    @property
    def hamiltonian(self) -> bool:
        """Whether ½π² + ½φMφ is kept: no friction, and M symmetric. It may have no lower bound."""
        return not self.against

    def __str__(self) -> str:
        """In a line: whether it is Hamiltonian, and where it is, its frequencies or how it is unstable."""
        if self.against:
            return f"no Hamiltonian pair: {self.against}"
        field = " in a magnetic field" if np.any(self.magnetic) else ""
        low = np.linalg.eigvalsh((self.potential + self.potential.T) / 2)[0]
        if low <= 0:
            rate = f"; perturbations grow as exp({self.growth:.3g} t)" if self.growth > GROWS else ""
            return f"Hamiltonian{field}, with an energy that is not bounded: M has an eigenvalue {low:.3g}{rate}"
        found = np.abs(np.imag(self.spectrum))
        return f"Hamiltonian{field}, with frequencies from {np.min(found):.6g} to {np.max(found):.6g}"

    __repr__ = __str__


def hamiltonian_pair(weight: Float[ArrayLike, "n n"], loss: QuadraticLoss) -> PairFindings:
    """Whether a network of weights W with this loss keeps ½π² + ½φMφ in continuous time, and its spectrum.

    It is Hamiltonian then; whether the energy has a lower bound is another matter, which the printed line tells.

    Args:
        weight: W, shape (n, n).
        loss: H; a `QuadraticLoss`, such as `quadratic_part` of a network.

    Raises:
        TypeError: If the weights are no real numbers, or the loss is no `QuadraticLoss`.
        ValueError: If sizes differ.

    Example:
        >>> found = hamiltonian_pair(np.eye(1), QuadraticLoss(potential=[[4.0]]))
        >>> print(found.hamiltonian, np.sort(found.spectrum.imag))
        True [-2.  2.]
    """
    k = require_square("hamiltonian_pair", "weight", weight)
    k = k - np.eye(len(k))
    if not isinstance(loss, QuadraticLoss):
        raise TypeError(f"hamiltonian_pair: loss is {type(loss).__name__}; give a QuadraticLoss")
    if loss.potential.shape != k.shape:
        raise ValueError(
            f"hamiltonian_pair: weight has shape {k.shape} and the loss is for {len(loss.potential)} neurons"
        )
    learned, force = loss.kinetic + loss.mixed.T, loss.mixed + loss.potential
    motion = np.block([[k, np.eye(len(k))], [-force, -learned]])
    turning, potential = k - learned, force - learned @ k
    friction, magnetic, crooked = (turning + turning.T) / 2, (turning - turning.T) / 2, potential - potential.T
    # A defect is compared with the rounding of what makes it up, in its own units: a friction of .1 is not nothing
    # because there are forces of 1e9, as there are on a fine lattice.
    relative = OPERATIONS * len(k) * max(unit_rounding(weight), loss.rounding)
    rates = np.eye(len(k)) + np.abs(k) + np.abs(loss.kinetic) + np.abs(loss.mixed.T)
    forces = np.abs(loss.mixed) + np.abs(loss.potential) + (np.abs(loss.kinetic) + np.abs(loss.mixed.T)) @ np.abs(k)
    against = []
    if exceeds(friction, rates, relative):
        against.append(f"A + Bᵀ differs from K = W − 1 by a friction of up to {largest(friction):.3g}")
    if exceeds(crooked, forces, relative):
        against.append(f"M = B + C − (A + Bᵀ)K is not symmetric, by up to {largest(crooked):.3g}")
    field = magnetic * exceeds(magnetic, rates, relative)
    found = PairFindings(largest(k - k.T), largest(friction), field, potential, motion, "; ".join(against))
    if against and exceeds(k - k.T, rates, relative):
        against.append(f"W is not symmetric, by up to {found.asymmetry:.3g}")
    if against and found.growth > GROWS:
        against.append(f"perturbations grow as exp({found.growth:.3g} t)")
    return replace(found, against="; ".join(against))


def quadratic_part(network: LearningNetwork, neurons: int) -> tuple[Float[np.ndarray, "n n"], QuadraticLoss]:
    """The weights W of a network and the quadratic part of its loss, at φ = β = 0: what `hamiltonian_pair` is asked of.

    W = ∂f/∂φ, shape (n, n), of the activation f, and the second derivatives of the loss, each of that shape. They tell
    of small motions about zero alone: f = tanh(φ + β) has W = 1 there and is no mechanics elsewhere, which
    `symplectic_defect` of its step shows.

    Args:
        network: With an activation whose derivative in β is 1 there.
        neurons: How many, n.

    Raises:
        ValueError: If the activation has another derivative in β.
    """
    with jax.ensure_compile_time_eval():
        zero = jnp.zeros(neurons)
        weight, bias = (np.asarray(one) for one in jax.jacfwd(network.activation, (0, 1))(zero, zero))
        (potential, _), (mixed, kinetic) = jax.hessian(network.loss, (0, 1))(zero, zero)
    if np.max(np.abs(bias - np.eye(neurons))) > 1e-6:
        raise ValueError("quadratic_part: the derivative of the activation in beta is not 1; write f = g(phi) + beta")
    return weight, QuadraticLoss(*(np.asarray(one) for one in (kinetic, mixed, potential)))
