r"""A scalar wave equation from a network that runs and learns: its rollouts from thermal states, as a field in time.

    φ(t+dt) = φ(t) + dt β(t),    β(t+dt) = β(t) − dt dH/dβ,    H = ½ Σ_x [(φ(x+a) − φ(x))²/a² + m² φ(x)²]

on a ring of sites; the activation has W = 1, and the derivative is the total one, of the loss after the activation.
Waves have w_k² = m² + (2 − 2 cos ka)/a² in continuous time, and in steps sin(Ω dt/2) = w dt/2. That needs dt w < 2,
which dt = a = 1 breaks. Steps keep not E = ½ Σ β² + H but the shadow energy E_s = E + (dt/2) Σ β (m² − Δ)φ. States at
the start have the density exp(−E_s/T), which is stationary:

    ⟨φ_k(t) φ_k(0)⟩ = T cos(Ωt)/(w² c²),    ⟨|β_k|²⟩ = T/c²,    c = cos(Ω dt/2)

`two_point` = ⟨φ(t, x+r) φ(0, x)⟩, averaged over the ring, at `time` (0, ¼, ½, 1) steps · dt and `separation` 0, 1, 2, 4
times a; `energy` is E per site at those times; `equipartition` ⟨|β_k|²⟩ at the last time by `wave` j = 0, L/8, L/4, L/2
with k = 2πj/La; `shadow_energy` is the change of E_s by `step`, which should be none, in units of the terms that it is
the sum of. Its symmetry is `time_translation`, δφ = β + (dt/2) (m² − Δ)φ, the flow of E_s.

Control: `derivative="partial"`, that at the state before the activation (explicit Euler), of which waves grow by
√(1 + dt² w²) a step. Units: c = 1, T of E. Source: arXiv:2411.08138; steps derived in docs/theory/emergent.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.dynamics import LearningNetwork, QuadraticLoss, rollout, thermal_start
from nnft_ppl.exact import lattice_frequency, lattice_potential, step_frequency, thermal_wave_two_point
from nnft_ppl.families import time_translation, wave_energies
from nnft_ppl.observables import Invariant, Observable, at, product
from nnft_ppl.spaces import Lattice, Spacetime
from nnft_ppl.symmetries import Symmetry

DISTANCES = np.array([0, 1, 2, 4])


def network(spacing, mass, derivative):
    """What runs and learns."""

    def loss(phi, beta):
        return jnp.sum(((jnp.roll(phi, -1) - phi) / spacing) ** 2 + mass**2 * phi**2) / 2

    return LearningNetwork(lambda phi, beta: phi + beta, loss, derivative=derivative)


def model(sites=64, spacing=1.0, mass=0.5, dt=0.1, temperature=1.0, steps=100, derivative="total"):
    """Thermal states at the start, and what becomes of them."""
    require_count("klein_gordon", "sites", sites, least=8)
    require_count("klein_gordon", "steps", steps, least=4)
    for name, value in (("spacing", spacing), ("mass", mass)):
        require_positive("klein_gordon", name, value)
    if dt**2 * (mass**2 + 4 / spacing**2) >= 4:
        most = 2 / np.sqrt(mass**2 + 4 / spacing**2)
        raise ValueError(f"klein_gordon: dt = {dt:g}: steps of {dt:g} are unstable; give dt < {most:.6g}")
    loss = QuadraticLoss(potential=lattice_potential(sites, spacing, mass))
    with numpyro.plate("site", sites), numpyro.plate("part", 2):
        noise = numpyro.sample("noise", dist.Normal(0, 1))
    start = thermal_start(np.eye(sites), loss, noise, temperature, dt)
    return rollout(network(spacing, mass, derivative), start, steps, Lattice(sites, spacing=spacing), time_step=dt)


def space(sites, spacing, dt, steps):
    """Times and sites."""
    return Spacetime(require_positive("klein_gordon", "dt", dt) * np.arange(steps + 1), Lattice(sites, spacing=spacing))


def observables(sites, spacing, mass, dt, steps):
    """Correlations with the start, energies, and what the steps keep."""
    when, waves = shown(steps), list(wave_numbers(sites))
    label = {"time": tuple((dt * when).tolist()), "separation": tuple((spacing * DISTANCES).tolist())}
    kept = (1000 + steps) * float(jnp.finfo(jnp.result_type(float)).eps)

    def two_point(phi):
        moved = jnp.stack([jnp.roll(phi.phi[when], -r, axis=1) for r in DISTANCES], axis=1)
        return jnp.mean(moved * phi.phi[0], axis=-1)

    def shadow_energy(phi):
        _, shadow, size = wave_energies(phi, mass, dt)
        return (shadow[1:] - shadow[0]) / size[0]

    return {
        "two_point": Observable(two_point, ("time", "separation"), label),
        "energy": Observable(
            lambda phi: wave_energies(phi, mass, dt)[0][when] / sites, ("time",), {"time": label["time"]}
        ),
        "equipartition": Observable(
            lambda phi: jnp.abs(jnp.fft.fft(phi.beta[-1])[np.array(waves)]) ** 2 / sites, ("wave",), {"wave": waves}
        ),
        "shadow_energy": Invariant(shadow_energy, kept, ("step",)),
    }


def exact(sites, spacing, mass, dt, temperature, steps, derivative):
    """Sums over the waves of the ring."""
    if derivative != "total":
        return {}
    sizes = {"sites": sites, "spacing": spacing, "mass": mass, "temperature": temperature, "time_step": dt}
    frequency = lattice_frequency(2 * np.pi * np.arange(sites)[:, None] / (sites * spacing), spacing, mass)
    square = temperature / np.cos(step_frequency(frequency, dt) * dt / 2) ** 2
    return {
        "two_point": thermal_wave_two_point(dt * shown(steps), spacing * DISTANCES, **sizes),
        "energy": np.full(4, np.mean(square)),
        "equipartition": square[list(wave_numbers(sites))],
    }


def symmetries(sites, spacing, mass, dt):
    """Time translation."""
    points = np.array([[0.0, 0.0], [4 * dt, spacing]])
    functionals = {"two_times": product(at(points[:1]), at(points[1:]))}
    moved, lift = time_translation(lattice_potential(sites, spacing, mass), dt)
    return {"time_translation": Symmetry(moved, lift, points=points, functionals=functionals)}


def control():
    """The loss before the activation, by which energy grows."""
    return {"derivative": "partial"}


def shown(steps):
    """Numbers of the steps at which it is looked at."""
    return steps * np.array([0, 1, 2, 4]) // 4


def wave_numbers(sites):
    """Those of which the energy is shown."""
    return (0, sites // 8, sites // 4, sites // 2)
