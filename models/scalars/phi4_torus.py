r"""φ⁴ theory on a torus in d dimensions: real Fourier amplitudes, exactly Gaussian without the action.

    φ(x) = a₀/(m√V) + Σ_n √(2/V/(p_n² + m²)) (a_n cos p_n·x + b_n sin p_n·x),    p_n = 2πn/L,   a, b ~ N(0, 1)
    S = (λ/4!) ∫ φ⁴ − (λ/4) G_K(0) ∫ φ²,                                 density ∝ (free density) · exp(−S)

The modes are a cube, |n_j| ≤ K on every axis, one of each pair ±n; V = L^d. The second term, absent with
`counterterm=False`, orders φ⁴ normally: G_K(0) = (1/V) Σ_p 1/(p² + m²), and the propagator has no term of order λ.
∫ φ⁴ is exact on the grid of 4K + 4 points along each axis.

Units: lengths in 1/m. Limits: λ = 0 is free, with the propagator of the modes; K → ∞ exists in d = 1, 2; in d = 3 the
mass is a bare one. Exact at λ = 0, where `nnft_ppl.exact.torus_first_order` is the slope; elsewhere the identities
decide. Control: `counterterm=False`. Source: Fourier networks of arXiv:2504.05462 deformed as in arXiv:2307.03223;
docs/theory/torus.md.
"""

import numpy as np
import numpyro

from nnft_ppl import Derived, Observable
from nnft_ppl.arguments import require_count, require_non_negative
from nnft_ppl.exact import torus_propagator
from nnft_ppl.families import fourier_network
from nnft_ppl.observables import Insertion, product
from nnft_ppl.spaces import Torus


def model(dim=2, side=8.0, mass=1.0, coupling=1.0, modes=8, counterterm=True):
    """A Fourier field with a quartic action."""
    require_non_negative("phi4_torus", "coupling", coupling)  # below zero the action has no minimum
    require_count("phi4_torus", "dim", dim, most=4)
    phi = fourier_network((side,) * dim, mass, modes)
    torus = space(dim, side, modes)
    phi_x = torus.evaluate(phi)
    numpyro.factor("quartic", -coupling / 24 * torus.integrate(phi_x**4))
    if counterterm:
        coincident = float(torus_propagator(np.zeros(dim), side, mass, modes))
        numpyro.factor("counterterm", coupling / 4 * coincident * torus.integrate(phi_x**2))
    return phi


def space(dim, side, modes):
    """The torus, with a grid on which φ⁴ is integrated exactly."""
    return Torus((side,) * dim, modes=modes)


def displacements(dim, side):
    """Where the two-point function is measured: 0, L/8, L/4, L/2 along the first axis; shape (separation, dim)."""
    return np.array([0, 1 / 8, 1 / 4, 1 / 2])[:, None] * side * np.eye(dim)[0]


def observables(dim, side):
    """The two-point function and φ², averaged over translations, and the average field with its Binder cumulant."""
    places, average = displacements(dim, side), Insertion(lambda phi: phi.constant)
    coords = {"separation": tuple(places[:, 0].tolist())}
    pairs = Observable(lambda phi: phi.translation_average(places), ("separation",), coords)
    squared, fourth = ("1", "1") if dim == 2 else (f"mass^{dim - 2}", f"mass^{2 * dim - 4}")
    return {
        "two_point": pairs.in_units(squared, separation="1/mass"),
        "phi_squared": Observable(lambda phi: phi.translation_average(places[0])).in_units(squared),
        "mean_squared": product(average, average).in_units(squared),
        "mean_fourth": product(average, average, average, average).in_units(fourth),
        "binder": Derived(lambda means: 1 - means["mean_fourth"] / (3 * means["mean_squared"] ** 2)),
    }


def exact(dim, side, mass, coupling, modes):
    """The free field's values; known at λ = 0 only."""
    if coupling:
        return {}
    propagator = torus_propagator(displacements(dim, side), side, mass, modes)
    zero_mode = 1 / (side**dim * mass**2)
    return {
        "two_point": propagator,
        "phi_squared": propagator[0],
        "mean_squared": zero_mode,
        "mean_fourth": 3 * zero_mode**2,
        "binder": 0.0,
    }


def control(coupling):
    """Not ordered normally: no term −(λ/4) G_K(0) ∫ φ²."""
    return {"counterterm": False} if coupling else {"coupling": 1.0, "counterterm": False}


def curves(dim, side, mass, coupling, modes):
    """The free two-point function between the points."""
    r = np.linspace(0, side / 2, 101)
    return {} if coupling else {"two_point": (r, torus_propagator(r[:, None] * np.eye(dim)[0], side, mass, modes))}
