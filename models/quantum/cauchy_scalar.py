r"""The free scalar of plane waves with Cauchy's time momenta: reflection positive in its two-point function.

    φ(t, x) = Σ_{i=1}^N w_i cos(k_i t + p_i·x + c_i),  k_i ~ Cauchy(E_i),  E_i = (p_i² + m²)^{1/2}, |p_i| < Λ uniform
    w_i² = V/(N E_i),   V = ∫_{|p|<Λ} d^{d−1}p/(2π)^{d−1},   c_i ~ U[−π, π];   S = 0

d = `dim`, the time among them, and Λ = `spatial_cutoff`: the momenta of space alone are cut off. At every N and Λ
`two_point` = ⟨φ(0) φ(t)⟩ = ∫_{|p|<Λ} d^{d−1}p/(2π)^{d−1} e^{−E_p t}/(2E_p), e^{−mt}/(2m) in d = 1, at `separation` 0,
½, 1, 2 in units of 1/m: a sum of e^{−Et} with positive weights, and so reflection positive. Higher functions are not at
small widths: `positivity` is M_ij = E[(ΘF_i) F_j] of the `functional`s F_1 = φ(2), F_2 = φ(.05)² φ(2) in units of 1/m,
averaged over translations, and `witness` = vMv with v from M's lowest eigenvalue: −.066498, −.0205, −.00694, +.00069 at
N = 1, 2, 4, 16 in d = 1. `fourth` = ⟨φ⁴⟩. `commutator` = E[(φ(t+ε) − φ(t))²]/ε by `step` ε in units of 1/m, in d = 1
(1 − e^{−mε})/(mε) -> 1, although draws are smooth: the average is taken before ε -> 0.

Control: Gaussian time momenta of deviation E_i (`frequency="gaussian"`), which no Hamiltonian has. Limits: N -> ∞ is
the Gaussian free field, for which M is positive (+.00269). Source: derived in docs/theory/axioms.md; networks that are
reflection positive are those of arXiv:2504.05462.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nnft_ppl.arguments import require_positive
from nnft_ppl.exact import composite_positivity, energy_propagator, lowest, wave_moment
from nnft_ppl.families import energy_waves
from nnft_ppl.observables import Derived, Observable, at, n_point, product, two_point
from nnft_ppl.spaces import Box

SEPARATIONS = np.array([0.0, 0.5, 1.0, 2.0])
STEPS = np.array([0.05, 0.1, 0.5])
FUNCTIONALS = np.array([0.05, 0.05, 2.0])
SHIFTS = 4.0 * np.arange(16)


def model(width=64, dim=1, mass=1.0, spatial_cutoff=4.0, frequency="cauchy"):
    """Plane waves, without an action."""
    return energy_waves(width, dim, mass, spatial_cutoff, frequency)


def space(dim, mass):
    """Where the field is looked at; it is not integrated over it, and lives on all of R^dim."""
    return Box(8.0 / require_positive("cauchy_scalar", "mass", mass), dim, points=32)


def times(at_times, dim):
    """Points at x = 0, shape (*shape, dim)."""
    return np.multiply.outer(np.asarray(at_times, float), np.eye(dim)[0])


def observables(width, dim, mass, spatial_cutoff):
    """Two-point function, ⟨φ⁴⟩, roughness, and positivity of two functionals with its witness."""
    steps = STEPS / mass
    increment = (at(times(steps / 2, dim)) - at(times(-steps / 2, dim))) * steps**-0.5
    mirrored = np.add.outer(SHIFTS, np.outer([1, -1], FUNCTIONALS[1:])) / mass  # (shift, side, time)

    def positivity(phi):
        values = jax.vmap(phi)(jnp.asarray(times(mirrored.ravel(), dim))).reshape(mirrored.shape)
        later, earlier = jnp.moveaxis(jnp.stack([values[..., 1], values[..., 0] ** 2 * values[..., 1]]), 2, 0)
        products = jnp.matmul(later, earlier.T, precision=jax.lax.Precision.HIGHEST) / len(SHIFTS)
        return (products + products.T) / 2

    witness = lowest(composite_positivity(FUNCTIONALS / mass, width, dim, mass, spatial_cutoff)).vector
    return {
        "two_point": two_point(separation=tuple(SEPARATIONS / mass), dim=dim),
        "fourth": n_point(np.zeros((4, dim))),
        "commutator": product(increment, increment, dims=("step",), coords={"step": tuple(steps)}),
        "positivity": Observable(positivity, ("functional", "mirrored"), {"functional": ("φ", "φ²φ")}),
        "witness": Derived(lambda means: witness @ means["positivity"] @ witness),
    }


def exact(width, dim, mass, spatial_cutoff, frequency):
    """Exact at every width; of Gaussian time momenta the lowest function in one dimension alone."""
    if frequency == "gaussian":
        return {"two_point": np.exp(-(SEPARATIONS**2) / 2) / (2 * mass)} if dim == 1 else {}

    def propagator(time):
        return energy_propagator(time, dim, mass, spatial_cutoff)

    steps = STEPS / mass
    matrix = composite_positivity(FUNCTIONALS / mass, width, dim, mass, spatial_cutoff)
    return {
        "two_point": propagator(SEPARATIONS / mass),
        "fourth": wave_moment(np.zeros(4), width, dim, mass, spatial_cutoff),
        "commutator": 2 * (propagator(0.0) - propagator(steps)) / steps,
        "positivity": matrix,
        "witness": lowest(matrix).value,
    }


def control(frequency):
    """Time momenta with another law."""
    return {} if frequency == "gaussian" else {"frequency": "gaussian"}
