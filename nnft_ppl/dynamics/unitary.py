"""Complex fields that run by unitary steps, and equilibrium states of what those keep."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Complex, Float

from nnft_ppl.arguments import require_count, require_number, require_positive
from nnft_ppl.dynamics.known import numpy_for, root_of
from nnft_ppl.dynamics.rollout import Rollout
from nnft_ppl.spaces import Lattice

ROUNDING = 1e-12
"""What is smaller than this, in units of the largest entry, is zero."""


def cayley_step(hamiltonian: Complex[ArrayLike, "row row"], time_step: float) -> Complex[np.ndarray, "row row"]:
    r"""Cayley's step $(1+\tfrac i2dt\,H)^{-1}(1-\tfrac i2dt\,H)$ of $i\dot\psi=H\psi$: unitary at any dt, of order 2.

    It keeps ψ†ψ, ψ†Hψ and whatever commutes with H; an eigenvalue E turns at Ω, tan(Ω dt/2) = E dt/2.

    Args:
        hamiltonian: H, Hermitian, shape (row, row).
        time_step: Its duration dt, positive.

    Raises:
        TypeError, ValueError: If H is no Hermitian matrix, or dt not positive.

    Example:
        >>> step = cayley_step(np.diag([0.3, -0.3]), 0.1)
        >>> print(np.abs(np.diag(step)))
        [1. 1.]
    """
    matrix = _hermitian("cayley_step", hamiltonian)
    half = 0.5j * require_positive("cayley_step", "time_step", time_step) * matrix
    one = np.eye(len(matrix))
    step = numpy_for(matrix).linalg.solve(one + half, one - half)
    return step @ (3 * one - step.conj().T @ step) / 2  # Newton's step to the unitary one: without it norms drift


def unitary_rollout(
    moves: Any,
    start: Complex[ArrayLike, "*shape"],
    steps: int,
    lattice: Lattice,
    time_step: float = 1.0,
) -> Rollout:
    """A complex field ψ_{n+1} = M_n ψ_n on the sites, at times n · time_step.

    Args:
        moves: M, one for all steps, or shape (steps, row, row).
        start: ψ at time 0, shape (*sites, *components), of as many numbers as M has rows.
        steps: How many.
        lattice: The sites.
        time_step: Duration of a step.

    Raises:
        TypeError, ValueError: If numbers are out of range, or shapes do not fit.

    Example:
        >>> wave = unitary_rollout(cayley_step(np.eye(4), 0.1), np.ones(4), 10, Lattice(4), 0.1)
        >>> print(wave([1.0, 0.0]).round(3))  # about exp(−i)
        (0.541-0.841j)
    """
    owner = "unitary_rollout"
    require_count(owner, "steps", steps)
    times = require_positive(owner, "time_step", time_step) * np.arange(steps + 1)
    begin, own = jnp.asarray(start), numpy_for(moves)
    moves = own.asarray(moves)
    if begin.shape[: lattice.dim] != lattice.sites or begin.size != moves.shape[-1]:
        raise ValueError(
            f"{owner}: psi at the start has shape {begin.shape}; give the sites {lattice.sites} first and components "
            f"behind, {moves.shape[-1]} numbers in all"
        )
    if moves.ndim > 2 and len(moves) != steps:
        raise ValueError(f"{owner}: moves for {len(moves)} steps, and steps = {steps}; give one for each")
    begin = begin.astype(jnp.result_type(begin, complex)).ravel()
    # Of real and imaginary parts: on many chains products of complex matrices are several times slower.
    real, imaginary = own.real(moves), own.imag(moves)
    parts = own.block([[real, -imaginary], [imaginary, real]])

    def move(psi: Array, matrix: Array | None) -> tuple[Array, Array]:
        psi = jnp.matmul(parts if matrix is None else matrix, psi, precision=jax.lax.Precision.HIGHEST)
        return psi, psi

    first = jnp.concatenate([begin.real, begin.imag])
    _, way = jax.lax.scan(move, first, jnp.asarray(parts) if parts.ndim > 2 else None, length=steps)
    one, other = jnp.split(jnp.concatenate([first[None], way]), 2, axis=1)
    return Rollout((one + 1j * other).reshape(steps + 1, *jnp.shape(start)), lattice, times)


def gibbs_spinor(
    hamiltonian: Complex[ArrayLike, "row row"],
    noise: Float[Array, "2 *shape"],
    temperature: float | Float[Array, ""] = 1.0,
    charge_weight: float = 0.0,
) -> Complex[Array, "*shape"]:
    r"""White noise made into states of the density $\exp(-\psi^\dagger(H+\nu)\psi/T)$, of energy and charge.

    $$\psi = \sqrt{\frac T2}\,(H+\nu)^{-1/2}(z_1+iz_2), \qquad
    \langle\psi\psi^\dagger\rangle = T\,(H+\nu)^{-1}, \quad \langle\psi\psi^T\rangle = 0 .$$

    Both are kept, so that the density is stationary. The energy ψ†Hψ of a Dirac field has no lower bound, and only
    ν > −min E makes it one that can be normalised: a classical ensemble, not the filled sea of the quantum theory.

    Args:
        hamiltonian: H, Hermitian.
        noise: z_1 and z_2, standard normal, as many numbers each as H has rows.
        temperature: T, positive; it may be sampled.
        charge_weight: ν, minus the chemical potential, in units of H.

    Raises:
        TypeError, ValueError: If an argument is out of range, shapes do not fit, or the energy has no bound; of a
            sampled H that has none the states are NaN.
    """
    owner = "gibbs_spinor"
    root = root_of(owner, temperature) / np.sqrt(2)
    matrix = _hermitian(owner, hamiltonian)
    if np.shape(noise)[:1] != (2,) or np.size(noise) != 2 * len(matrix):
        raise ValueError(f"{owner}: noise has shape {np.shape(noise)}; give (2, ...) with {len(matrix)} numbers each")
    own = numpy_for(matrix)
    energies, modes = own.linalg.eigh(matrix)
    weights = energies + require_number(owner, "charge_weight", charge_weight)
    if own is np and weights[0] <= ROUNDING * np.max(np.abs(energies)):
        raise ValueError(
            f"{owner}: charge_weight = {charge_weight:g} with energies down to {energies[0]:.6g}: exp(−(E + νQ)/T) "
            f"cannot be normalised; give more than {-energies[0]:.6g}"
        )
    matrix = (modes / own.sqrt(weights)) @ modes.conj().T
    one, other = jnp.reshape(jnp.asarray(noise), (2, -1))
    psi = root * jnp.matmul(matrix, one + 1j * other, precision=jax.lax.Precision.HIGHEST)
    return psi.reshape(np.shape(noise)[1:])


def _hermitian(owner: str, hamiltonian: Complex[ArrayLike, "row row"]) -> Any:
    """H as a matrix; of one that is sampled, its shape alone is looked at."""
    own = numpy_for(hamiltonian)
    matrix = own.asarray(hamiltonian)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.dtype.kind not in "iufc":
        raise ValueError(f"{owner}: hamiltonian has shape {matrix.shape}; give a square matrix of numbers")
    if own is jnp:
        return matrix
    missed = np.max(np.abs(matrix - matrix.conj().T), initial=0.0)
    if not missed <= ROUNDING * np.max(np.abs(matrix), initial=0.0):
        raise ValueError(f"{owner}: hamiltonian is not Hermitian, by {missed:.3g}; steps would not keep the norm")
    return matrix
