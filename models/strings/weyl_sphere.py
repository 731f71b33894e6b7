r"""The critical dimension of the string from modes on the round sphere: the Weyl anomaly of bosons and ghosts.

    X(n) = a_00 Y_00 + Σ_{l=1}^L √(2πα'/l(l+1)) Σ_m a_lm Y_lm(n),   a ~ N(0, 1);    S = 0

one of D coordinates X^μ of the worldsheet, in real harmonics. A constant Weyl variation, at the resolution ε, is the
flow a → e^{−εΔ} a of all modes; its Jacobian is Tr e^{−εΔ}, its score −Σ e^{−ελ} a², and they average to zero: draws of
the network measure the trace. The Grassmann modes of the ghosts c (λ = l(l+1) − 2, l ≥ 1) and b (the same, l ≥ 2) are
never drawn. Their traces are averages over the same a_lm, and so is the pole: that of the plane of the same area, whose
2l + 1 modes with l < |k| < l + 1 are paired with those of the sphere, so that next to nothing is left of its noise.

`traces` = Tr e^{−εΔ} − 1/ε by `tower`: ⅓, 4/3, −5/3 as ε → 0. `breaking` = −(D Tr_0 − 4 Tr_c + 2 Tr_b), −(D − 26)/3 as
ε → 0, minus the super-divergence of the flow; `critical_dimension`: the D without, 25.960 at ε = .05.
`counting` = −(D − 26)/3 by numbers of modes, ζ(0) and zero modes, without draws.
Exact at every ε and L. With `degree` ≤ 15 amplitudes are averaged by hand, and nothing has an error.

Control: traces without zero modes (the constant; three conformal Killing vectors), and ghosts with the sign of bosons.
Units: the radius is 1. Source: arXiv:2605.12488; docs/theory/weyl.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.exact import sphere_heat_trace, sphere_mode_count, sphere_zero_modes, string_towers, weyl_breaking
from nnft_ppl.families import refuse_cut_off, weyl_answers, weyl_observables
from nnft_ppl.fields import Harmonics
from nnft_ppl.observables import Derived, Observable
from nnft_ppl.spaces import Sphere
from nnft_ppl.symmetries import Symmetry


def model(dimensions=26, epsilon=0.05, degree=16, alpha_prime=2.0):
    """White noise on the modes of the sphere, and the boson that it makes."""
    require_count("weyl_sphere", "dimensions", dimensions)
    require_count("weyl_sphere", "degree", degree, least=2)  # the first of b
    for name, value in (("epsilon", epsilon), ("alpha_prime", alpha_prime)):
        require_positive("weyl_sphere", name, value)
    refuse_cut_off("weyl_sphere", "degree", epsilon, degree * (degree + 1))
    with numpyro.plate("mode", (degree + 1) ** 2):
        amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
    casimir = degrees(degree) * (degrees(degree) + 1)
    scale = np.sqrt(2 * np.pi * alpha_prime / np.where(casimir > 0, casimir, 2 * np.pi * alpha_prime))
    return Harmonics(scale * amplitude, degree)


def space(degree):
    """The sphere, with a grid that resolves the field."""
    return Sphere(degree)


def degrees(degree):
    """The l of every mode."""
    return np.floor(np.sqrt(np.arange((degree + 1) ** 2))).astype(int)


def damping(epsilon, degree):
    """e^{−ελ} of every mode in every tower, 0 where the tower has none; (tower, mode)."""
    l = degrees(degree)
    heat = [
        np.where(l < abs(s), 0.0, np.exp(-epsilon * (l * (l + 1.0) - s * (s + 1))))
        for s in (tower.helicity for tower in string_towers())
    ]
    return np.stack(heat)


def plane(epsilon, l):
    """∫ e^{−εk²} d²k/π over l < |k| < l + 1, for each of 2l + 1 modes."""
    return (np.exp(-epsilon * l**2) - np.exp(-epsilon * (l + 1) ** 2)) / epsilon / (2 * l + 1)


def observables(dimensions, epsilon, degree):
    """The traces, and what follows from them; the number of modes."""
    heat, count = damping(epsilon, degree) - plane(epsilon, degrees(degree)), counting(dimensions)
    found = weyl_observables(lambda phi, theta: heat @ theta["amplitude"] ** 2, dimensions)
    return found | {"counting": Derived(lambda means: jnp.asarray(count)).in_units("1")}


def counting(dimensions):
    """The breaking function by zeta-regularised numbers of modes."""
    counts = np.array([sphere_mode_count(tower.helicity) for tower in string_towers()])
    return np.round(weyl_breaking(counts, dimensions), 12) + 0.0  # of thirds; no −0


def symmetries(epsilon, degree):
    """The Weyl flow of the boson: its Jacobian is the trace, zero mode included, its score minus that on average."""
    heat = damping(epsilon, degree)[0]

    def smoothed(phi, x):
        return Harmonics(heat * phi.coefficients, degree)(x)

    place = np.array([0.6, 0.0, 0.8])
    bounded = {"tanh X(n)²": Observable(lambda phi: jnp.tanh(phi(place) ** 2))}

    def lift(theta):
        return {"amplitude": heat * theta["amplitude"]}

    return {"weyl": Symmetry(smoothed, lift, points=[place], functionals=bounded)}


def sums(dimensions, epsilon, degree):
    """The sums over modes."""
    pole = np.sum(plane(epsilon, degrees(degree)))  # 1/ε, cut like the traces
    traces = np.array([sphere_heat_trace(tower.helicity, epsilon, degree) - pole for tower in string_towers()])
    return weyl_answers(traces, dimensions)


def exact(dimensions, epsilon, degree):
    """The sums over modes, and −(D − 26)/3."""
    return sums(dimensions, epsilon, degree) | {"counting": (-(dimensions - 26) / 3, 1e-11)}


def control(epsilon, degree):
    """Traces without zero modes, and bosonic ghosts, whose critical dimension is −26."""
    right = sums(26, epsilon, degree)
    missing = np.array([sphere_zero_modes(tower.helicity) for tower in string_towers()])
    return {"traces": right["traces"] - missing, "critical_dimension": -right["critical_dimension"]}
