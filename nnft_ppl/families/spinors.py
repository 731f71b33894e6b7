r"""What is looked at along rollouts of Dirac's equation on a lattice, with or without a constant gauge field."""

import math
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.dynamics import DiracLattice, Rollout
from nnft_ppl.exact import dirac_energy, thermal_dirac_two_point
from nnft_ppl.observables import Derived, Invariant, Observable

SPINOR_DISTANCES = (0, 1, 2, 4)
"""Separations of `two_point`, in spacings."""
LEVELS = 4
"""How many energies are shown."""


def shown_steps(steps: int) -> Float[np.ndarray, " time"]:
    """Numbers of the steps at which `two_point` is: 0, ¼, ½ and 1 of all.

    Args:
        steps: How many there are.
    """
    return steps * np.array([0, 1, 2, 4]) // 4


def spinor_observables(
    dirac: DiracLattice, steps: int, time_step: float, link: float = 0.0
) -> dict[str, Observable | Derived | Invariant]:
    r"""Levels, correlations with the start, the charge, and what holds on every draw of rollouts by Cayley's steps.

    `levels`, the lowest E ≥ 0, from the turn of each wave in two steps: of one sign of energy and the other alike
    $\psi_k(t+dt)+\psi_k(t-dt) = 2\cos(\Omega\,dt)\,\psi_k(t)$. `two_point`, half the trace of ⟨ψ(t, x+r) ψ†(0, x)⟩
    averaged over x, r on the first axis. `charge`, Σ|ψ|² per site. On every draw `norm`, the change of the charge,
    relative; `conserved`, that of energy and (covariant) momentum, in units of the charge and the spacing;
    `continuity`, dψ†ψ/dt + ∂j at the last time, in units of the largest current, or 1.

    Args:
        dirac: The Hamiltonian.
        steps: Of the rollout, four at least.
        time_step: Their duration dt.
        link: A_1, the same on all links.

    Source: derived in docs/theory/dirac.md.
    """
    lattice, size = dirac.lattice, math.prod(dirac.lattice.sites)
    spatial = constant_links(dirac, link)
    h, turn = dirac.hamiltonian(spatial), np.exp(1j * lattice.spacing * link)
    sites, spin = tuple(range(1, lattice.dim + 1)), lattice.dim + 1
    when, rounding = shown_steps(steps), float(jnp.finfo(float).eps)
    kept = (500 + 2 * steps) * rounding  # of a step always to the same side

    def turns(psi: Rollout) -> Array:
        wave = jnp.fft.fftn(psi.phi[:3], axes=sites).reshape(3, -1, 2)
        return jnp.sum(wave[1].conj() * jnp.stack([wave[0] + wave[2], wave[1]]), axis=-1).real

    def levels(mean: Mapping[str, Array]) -> Array:
        cosine = mean["moments"][0] / (2 * mean["moments"][1])  # of Ω dt
        square = jnp.sort((1 - cosine) / (1 + cosine))[:LEVELS]
        at_rest = square <= 0  # an energy of 0 turns by nothing, and may by rounding turn by less
        return 2 / time_step * jnp.where(at_rest, 0.0, jnp.sqrt(jnp.where(at_rest, 1.0, square)))

    def two_point(psi: Rollout) -> Array:
        moved = jnp.stack([jnp.roll(psi.phi[when], -r, axis=1) for r in SPINOR_DISTANCES], axis=1)
        return jnp.sum(moved * psi.phi[0].conj(), axis=tuple(range(2, spin + 2))) / (2 * size)

    def charge(psi: Rollout) -> Array:
        return jnp.sum(jnp.abs(psi.phi) ** 2, axis=(*sites, spin))

    def conserved(psi: Rollout) -> Array:
        flat, moved = psi.phi.reshape(steps + 1, -1), turn * jnp.roll(psi.phi, -1, axis=1)
        energy = jnp.sum(flat.conj() * (flat @ h.T), axis=1).real
        momentum = jnp.sum(psi.phi.conj() * moved, axis=(*sites, spin)).imag
        both = jnp.stack([energy, momentum], axis=1)
        return (both[1:] - both[0]) / charge(psi)[0]

    def continuity(psi: Rollout) -> Array:
        last, flow = psi.phi[-1], dirac.current(psi.phi[-1], spatial)
        change = 2 * jnp.sum(last.conj() * (-1j * (h @ last.ravel()).reshape(last.shape)), axis=-1).real
        return (change + dirac.outflow(flow)) / jnp.maximum(1.0, jnp.max(jnp.abs(flow)))

    label = {
        "time": tuple((time_step * when).tolist()),
        "separation": tuple((lattice.spacing * np.array(SPINOR_DISTANCES)).tolist()),
    }
    numbers = {"level": tuple(range(LEVELS))}
    return {
        "levels": Derived(levels, ("level",), numbers, moments=Observable(turns, hidden=True)).in_units("1/length"),
        "two_point": Observable(two_point, ("time", "separation"), label),
        "charge": Observable(lambda psi: charge(psi)[0] / size),
        "norm": Invariant(lambda psi: charge(psi)[1:] / charge(psi)[0] - 1, kept, ("step",)),
        "conserved": Invariant(
            conserved,
            kept * float(np.max(np.sum(np.abs(h), axis=1))),
            ("step", "kept"),
            {"kept": ("energy", "momentum")},
        ),
        "continuity": Invariant(continuity, 50 * rounding),
    }


def spinor_exact(
    dirac: DiracLattice,
    steps: int,
    time_step: float,
    temperature: float,
    charge_weight: float,
    link: float = 0.0,
) -> dict[str, Any]:
    """Sums over the waves of a lattice, for states of `gibbs_spinor`.

    Args:
        dirac: The Hamiltonian.
        steps: Of the rollout.
        time_step: Their duration dt.
        temperature: T.
        charge_weight: ν.
        link: A_1, the same on all links.

    Returns:
        `levels` with the rounding of small turns as a truncation, `two_point`, `charge`.
    """
    lattice, dim = dirac.lattice, dirac.lattice.dim
    phases = np.meshgrid(
        *[2 * np.pi * np.arange(one) / (one * lattice.spacing) for one in lattice.sites], indexing="ij"
    )
    waves = np.stack(phases, axis=-1).reshape(-1, dim) + link * np.eye(dim)[0]
    levels = np.sort(dirac_energy(waves, lattice.spacing, dirac.mass, dirac.wilson))[:LEVELS]
    two_point = thermal_dirac_two_point(
        time_step * shown_steps(steps),
        lattice.spacing * np.array(SPINOR_DISTANCES),
        sites=lattice.sites,
        spacing=lattice.spacing,
        mass=dirac.mass,
        wilson=dirac.wilson,
        time_step=time_step,
        temperature=temperature,
        charge_weight=charge_weight,
        link=link,
    )
    square = 300 * float(jnp.finfo(float).eps) / time_step**2  # the rounding of E², as 1 − cos Ω dt is read
    return {
        "levels": (levels, square / (2 * np.maximum(levels, np.sqrt(square)))),
        "two_point": two_point,
        "charge": 2 * two_point[0, 0].real,
    }


def constant_links(dirac: DiracLattice, link: float) -> Float[np.ndarray, "axis *sites"]:
    """The potential that is the same on all links of the first axis, and 0 on the others.

    Args:
        dirac: Whose lattice it is on.
        link: A_1.

    Returns:
        A, shape (axis, *sites).
    """
    found = np.zeros((dirac.lattice.dim, *dirac.lattice.sites))
    found[0] = link
    return found
