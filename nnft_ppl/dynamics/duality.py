r"""The dual description of a Hamiltonian: weights and a loss, of which there are many.

A network with $f = W\varphi + \beta$ and a quadratic loss obeys, in continuous time and with $K = W - 1$,
$\pi = \beta + K\varphi$,

$$\dot\varphi = \pi, \qquad \dot\pi = (K - A - B^T)\,\pi - \big(B + C - (A + B^T)\,K\big)\,\varphi,$$

Hamilton's equations of $\frac12\pi^2 + \frac12\varphi M\varphi$ where $A + B^T = K$ and $B + C = K^2 + M$.

Source: V. Vanchurin, arXiv:2411.08138; derived in docs/theory/emergent.md.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.dynamics.learning_network import LearningNetwork

ROUNDING = 1e-9
"""What is smaller than this, in units of the largest entry, is zero."""


@final
class QuadraticLoss:
    r"""The loss $H = \frac12\beta A\beta + \beta B\varphi + \frac12\varphi C\varphi$ with symmetric A and C.

    Args:
        kinetic: A, shape (n, n); zero if None.
        mixed: B; zero if None.
        potential: C; zero if None.

    Raises:
        TypeError: If they are no real numbers.
        ValueError: If all are None, one is no square matrix of the others' size, or A or C is not symmetric.

    Example:
        >>> loss = QuadraticLoss(potential=[[2.0, -1.0], [-1.0, 2.0]])
        >>> print(loss(jnp.array([1.0, 1.0]), jnp.zeros(2)))
        1.0
    """

    def __init__(
        self,
        kinetic: Float[ArrayLike, "n n"] | None = None,
        mixed: Float[ArrayLike, "n n"] | None = None,
        potential: Float[ArrayLike, "n n"] | None = None,
    ) -> None:
        given = {"kinetic": kinetic, "mixed": mixed, "potential": potential}
        known = {name: _square("QuadraticLoss", name, one) for name, one in given.items() if one is not None}
        if not known:
            raise ValueError("QuadraticLoss: no matrix is given; give kinetic, mixed or potential")
        size = len(next(iter(known.values())))
        for name, one in known.items():
            if len(one) != size:
                raise ValueError(f"QuadraticLoss: {', '.join(known)} have different sizes; give (n, n) each")
            if name != "mixed" and _asymmetry(one) > _rounding(one):
                raise ValueError(
                    f"QuadraticLoss: {name} is not symmetric, by up to {_asymmetry(one):.3g}; give (X + Xᵀ)/2, which "
                    "is the same loss"
                )
        self.kinetic, self.mixed, self.potential = (known.get(name, np.zeros((size, size))) for name in given)

    def __call__(self, phi: Float[Array, "*shape"], beta: Float[Array, "*shape"]) -> Float[Array, ""]:
        """H(φ, β).

        Args:
            phi: φ, n numbers of any shape.
            beta: β.

        Raises:
            ValueError: If there are not n of each.
        """
        state, bias = jnp.ravel(phi), jnp.ravel(beta)
        size = len(self.potential)
        if state.shape != (size,) or bias.shape != (size,):
            raise ValueError(
                f"QuadraticLoss: phi and beta have {state.size} and {bias.size} entries; the matrices are for {size}"
            )
        half = 0.5 * applied(self.kinetic, bias) + applied(self.mixed, state)
        return jnp.dot(bias, half) + 0.5 * jnp.dot(state, applied(self.potential, state))


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
    k = _square(owner, "weight", weight)
    k = k - np.eye(len(k))
    m = _square(owner, "potential", potential)
    a = (k + k.T) / 2 if kinetic is None else _square(owner, "kinetic", kinetic)
    for name, one in (("potential", m), ("kinetic", a)):
        if one.shape != k.shape:
            raise ValueError(f"{owner}: {name} has shape {one.shape} and weight {k.shape}; give (n, n) each")
        if _asymmetry(one) > _rounding(one):
            raise ValueError(f"{owner}: {name} is not symmetric, by up to {_asymmetry(one):.3g}; give a symmetric one")
    b = (k - a).T
    c = k @ k + m - b
    if _asymmetry(c) > _rounding(c):
        raise ValueError(
            f"{owner}: there is no such loss, as K² − Kᵀ with K = W − 1 is not symmetric, by up to "
            f"{_asymmetry(c):.3g}; give symmetric weights"
        )
    return QuadraticLoss(a, b, c)


@dataclass(frozen=True, eq=False)
class PairFindings:
    """What weights and a loss are together: Hamiltonian, or what speaks against it."""

    asymmetry: float
    """Largest entry of |W − Wᵀ|; zero is sufficient for a loss to exist, not necessary."""
    friction: float
    """Largest entry of |K − A − Bᵀ|, by which the momentum moves itself."""
    potential: np.ndarray
    """M = B + C − (A + Bᵀ) K, the force per φ; symmetric where there is a Hamiltonian ½π² + ½φMφ."""
    motion: np.ndarray
    """The matrix of the linear motion of (φ, β) in continuous time, shape (2n, 2n)."""

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
        """Whether there is no friction, and M is symmetric."""
        return not self.against

    @property
    def against(self) -> str:
        """What speaks against it, in words; empty where it is Hamiltonian."""
        small = _rounding(self.motion)
        bent = _asymmetry(self.potential)
        found = [f"A + Bᵀ differs from K = W − 1 by up to {self.friction:.3g}"] * (self.friction > small)
        found += [f"M = B + C − (A + Bᵀ)K is not symmetric, by up to {bent:.3g}"] * (bent > small)
        if found:
            found += [f"W is not symmetric, by up to {self.asymmetry:.3g}"] * (self.asymmetry > small)
            found += [f"perturbations grow as exp({self.growth:.3g} t)"] * (self.growth > small)
        return "; ".join(found)


def hamiltonian_pair(weight: Float[ArrayLike, "n n"], loss: QuadraticLoss) -> PairFindings:
    """Whether a network of weights W with this loss is a Hamiltonian system in continuous time, and its spectrum.

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
    k = _square("hamiltonian_pair", "weight", weight)
    k = k - np.eye(len(k))
    if not isinstance(loss, QuadraticLoss):
        raise TypeError(f"hamiltonian_pair: loss is {type(loss).__name__}; give a QuadraticLoss")
    if loss.potential.shape != k.shape:
        raise ValueError(
            f"hamiltonian_pair: weight has shape {k.shape} and the loss is for {len(loss.potential)} neurons"
        )
    learned, force = loss.kinetic + loss.mixed.T, loss.mixed + loss.potential
    motion = np.block([[k, np.eye(len(k))], [-force, -learned]])
    friction = float(np.max(np.abs(k - learned)))
    return PairFindings(_asymmetry(k), friction, force - learned @ k, motion)


def quadratic_part(network: LearningNetwork, neurons: int) -> tuple[Float[np.ndarray, "n n"], QuadraticLoss]:
    """The weights W of a network and the quadratic part of its loss, at φ = β = 0: what `hamiltonian_pair` is asked of.

    W = ∂f/∂φ, shape (n, n), of the activation f, and the second derivatives of the loss, each of that shape.

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
    if np.max(np.abs(bias - np.eye(neurons))) > ROUNDING:
        raise ValueError("quadratic_part: the derivative of the activation in beta is not 1; write f = g(phi) + beta")
    return weight, QuadraticLoss(*(np.asarray(one, float) for one in (kinetic, mixed, potential)))


def _square(owner: str, name: str, matrix: Any) -> Float[np.ndarray, "n n"]:
    known = require_finite(owner, name, matrix)
    if known.ndim != 2 or known.shape[0] != known.shape[1] or not known.size:
        raise ValueError(f"{owner}: {name} has shape {known.shape}; give a square matrix, (n, n)")
    return known


def _asymmetry(matrix: Float[np.ndarray, "n n"]) -> float:
    return float(np.max(np.abs(matrix - matrix.T)))


def _rounding(matrix: Float[np.ndarray, "n n"]) -> float:
    return ROUNDING * max(1.0, float(np.max(np.abs(matrix))))


def applied(matrix: Float[np.ndarray, "n n"], vector: Float[Array, " n"]) -> Float[Array, " n"]:
    """A matrix of numbers times a vector, in the precision of the vector."""
    return jnp.matmul(jnp.asarray(matrix, vector.dtype), vector, precision=jax.lax.Precision.HIGHEST)
