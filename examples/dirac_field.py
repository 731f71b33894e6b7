# %% [markdown]
# # A Dirac field from a neural network
#
# A network need not be a function of space to be a field theory: its neurons may *be* the field, one for each site,
# and its activation the equation of motion. With a symmetric weight tensor it runs by Klein and Gordon's equation; with
# an antisymmetric one, and several kinds of neurons at a site, by Dirac's (arXiv:2411.08138). Drawn from a state of
# Gibbs at the start, its rollouts are an ensemble of fields $\psi(t,x)$ like any other here. What is derived and where
# is told in docs/theory/dirac.md.

# %%
import jax
import matplotlib.pyplot as plt
import numpy as np

from nnft_ppl import load, sample
from nnft_ppl.dynamics import DiracLattice, GaugeField
from nnft_ppl.exact import dirac_energy
from nnft_ppl.spaces import Lattice

jax.config.update("jax_enable_x64", True)

# %% [markdown]
# ## The weights
#
# $i\dot\psi=H\psi$ is the activation $\dot\psi=W\psi$ with $W=-iH$. Of real and imaginary parts of ψ, two kinds of
# neurons with two components each, the weights are an antisymmetric matrix. Each site looks at its neighbours alone.

# %%
ring = Lattice(128)
dirac = DiracLattice(ring, mass=0.3, wilson=1.0)
h = dirac.hamiltonian()
weights = np.block([[h.imag, h.real], [-h.real, h.imag]])
print("W + Wᵀ is at most", np.max(np.abs(weights + weights.T)))

# %% [markdown]
# ## Packets
#
# A packet of waves of one sign of energy travels at the group velocity $dE/dk$. One with as much of both signs splits,
# as waves of energy $-E$ have the opposite velocity at the same $k$.

# %%
x, k = np.arange(128), 2 * np.pi * 8 / 128
envelope = np.exp(-((x - 64) ** 2) / 128 + 1j * k * x)[:, None]
energy = float(dirac_energy([k], 1.0, 0.3, 1.0))
heavy = 0.3 + 1 - np.cos(k)
one_sign = envelope * np.array([np.sin(k), energy - heavy])
both_signs = one_sign + envelope * np.array([heavy - energy, np.sin(k)])

figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
for panel, start, title in zip(panels, (one_sign, both_signs), ("positive energy", "both signs"), strict=True):
    run = dirac.rollout(start / np.linalg.norm(start), 600, 0.1)
    density = np.sum(np.abs(run.phi) ** 2, axis=2)
    print(title, "norm − 1 is at most", np.max(np.abs(density.sum(axis=1) - 1)).round(14))
    panel.imshow(density[::6], origin="lower", aspect="auto", extent=(0, 128, 0, 60), cmap="magma")
    panel.set(xlabel="x", title=title)
panels[0].set(ylabel="t")
plt.show()

# %% [markdown]
# ## Species
#
# Symmetric differences have the energy of the mass at $k=\pi$, too: a lattice in $d$ dimensions has $2^d$ species.
# Wilson's term $r$ makes all but one heavy.

# %%
waves = np.linspace(-np.pi, np.pi, 201)
figure, (panel, other) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for wilson in (0.0, 1.0):
    panel.plot(waves, dirac_energy(waves[:, None], 1.0, 0.3, wilson), label=f"r = {wilson:g}")
    levels = np.linalg.eigvalsh(DiracLattice(Lattice(32), 0.3, wilson).hamiltonian())
    print(f"r = {wilson:g}: {np.sum(np.abs(levels) < 0.3 + 1e-9)} levels at |E| = m")
panel.plot(waves, np.sqrt(waves**2 + 0.09), "k:", label="continuum")
panel.set(xlabel="ka", ylabel="Ea")
panel.legend()

# In a gauge field on the links only the flux around the ring counts, modulo 2π.
small = DiracLattice(Lattice(8), 0.3)
flux = np.linspace(0, 4 * np.pi, 81)
levels = np.array([np.linalg.eigvalsh(small.hamiltonian(np.full((1, 8), one / 8))) for one in flux])
other.plot(flux / np.pi, levels[:, 8:], "C0", lw=1)
other.set(xlabel="flux around a ring of 8 sites / π", ylabel="E > 0")
plt.show()
assert np.allclose(levels[0], levels[40])

# %% [markdown]
# ## Covariance
#
# A gauge field has its place in the dynamical parts of the network: $e^{iaA_n}$ in the weights of a hop, $A_0$ in the
# step. It is a given background. Turned by a phase $\alpha(t,x)$ of one's choice, the rollout of the turned state in
# the turned field is the turned rollout, to rounding. If $A_0$ stays behind, $|\psi|$ itself is another.

# %%
rng = np.random.default_rng(0)
steps, dt, sites = 60, 0.1, 32
field = GaugeField(rng.normal(size=(steps, sites)), rng.normal(size=(steps, 1, sites)))
alpha = rng.normal(size=(steps + 1, sites))
turned, phase = field.turned(alpha, dt), np.exp(1j * alpha)[..., None]
start = rng.normal(size=(sites, 2)) / 8
network = DiracLattice(Lattice(sites), 0.3)
own = network.rollout(start, steps, dt, field).phi
moved = network.rollout(phase[0] * start, steps, dt, turned).phi
forgotten = network.rollout(phase[0] * start, steps, dt, GaugeField(field.temporal, turned.spatial)).phi
print("turned rollout:", float(np.max(np.abs(moved - phase * own))) < 1e-14)
print("without A_0, |ψ| is off by", f"{np.max(np.abs(np.abs(forgotten) - np.abs(own))):.2f}")

# %% [markdown]
# ## An ensemble
#
# `dirac` draws states of the density $e^{-\psi^\dagger(H+\nu)\psi/T}$, of energy and charge, both of which the network
# keeps. Its correlations in time are known; charge, energy, momentum and the local conservation of charge are looked at
# on every draw, and its phase is declared as a symmetry. Points with errors are draws, marks are exact.

# %%
theory = load("dirac", sites=16, steps=40, wilson=1.0)
thermal = sample(theory, "reweight", num_draws=1000, seed=1)
for verdict in thermal.verdicts:
    if verdict.check in ("exact_answers", "invariants"):
        print(verdict.text)
found = thermal.estimates()["two_point"]
coords = theory.observables["two_point"].coords
when, apart = coords["time"], coords["separation"]

figure, panels = plt.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
for panel, part, title in zip(panels, (np.real, np.imag), ("real part", "imaginary part"), strict=True):
    for number, distance in enumerate(apart):
        panel.errorbar(
            when, part(found.value)[:, number], part(found.error)[:, number], fmt=".", label=f"r = {distance:g}"
        )
        panel.plot(when, part(theory.exact["two_point"])[:, number], "k_", ms=12)
    panel.set(xlabel="t", title=title)
panels[0].set(ylabel="½ tr ⟨ψ(t, x+r) ψ†(0, x)⟩")
panels[0].legend()
plt.show()
assert np.all(np.abs(thermal.estimates()["levels"].value - theory.exact["levels"]) < 1e-8)
