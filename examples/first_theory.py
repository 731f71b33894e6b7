# %% [markdown]
# # A first theory: φ⁴ on a circle
#
# A network is drawn at random; its output is a field. Here the network is a Fourier series on a circle of length $T$,
#
# $$\phi(t) = \frac{a_0}{m\sqrt T} + \sum_{n=1}^{K} \sqrt{\frac{2/T}{\omega_n^2+m^2}}\,
# \big(a_n\cos\omega_n t + b_n\sin\omega_n t\big), \qquad \omega_n = \frac{2\pi n}{T}, \qquad a_n, b_n \sim N(0,1),$$
#
# which is the free field of mass $m$ on $K$ modes, exactly. The action
# $S = \frac{\lambda}{4!}\int_0^T\phi^4\,dt$ deforms the law of the parameters: density ∝ (free density) · $e^{-S}$.
#
# The theory is quantum mechanics in disguise: the oscillator $H = \frac{p^2}{2} + \frac{m^2q^2}{2} +
# \frac{\lambda}{4!}q^4$ at temperature $1/T$. Diagonalising $H$ gives every correlator, so that each number below
# stands beside the exact one.

# %%
from dataclasses import replace

import jax
import matplotlib.pyplot as plt
import numpy as np
from jax import numpy as jnp

from nnft_ppl import Derived, Theory, load, sample
from nnft_ppl.exact import free_circle_two_point, spectrum, thermal_two_point
from nnft_ppl.observables import circle_two_point
from nnft_ppl.report import plot_correlator, plot_correlator_pulls, plot_estimators, plot_fields

jax.config.update("jax_enable_x64", True)  # before any array is made

theory = load("phi4_circle", period=8.0, coupling=6.0)
theory

# %% [markdown]
# ## What is measured
#
# The shipped model measures the two-point function $G(t) = \frac1T\int_0^T ds\,\langle\phi(s)\,\phi(s+t)\rangle$ at
# four separations. For an effective mass we want more of them, evenly spaced by $a$. On a circle one exponential runs
# forward and one backward, $G \sim \cosh\mu(T/2-t)$, and
#
# $$\mu(t) = \frac1a\,\operatorname{arccosh}\frac{G(t-a)+G(t+a)}{2\,G(t)}$$
#
# tends to the gap $E_1-E_0$ for large $t$. It is a function of means, declared once, as `Derived`; its error accounts
# for the correlations between the three values of $G$. Exact values come from the same formula. (The field has $K$
# modes; the model's counter-term makes up for the others, whose share of the free propagator is taken off.)

# %%
STEP = 0.5
separation = np.arange(0, 4 + STEP, STEP)


def cosh_mass(two_point):
    return jnp.arccosh((two_point[:-2] + two_point[2:]) / (2 * two_point[1:-1])) / STEP


def observables():
    two_point = circle_two_point(separation).in_units("1/mass", separation="1/mass")
    return {"two_point": two_point, "mass": Derived(lambda mean: cosh_mass(mean["two_point"]))}


def exact(period, mass, coupling, modes):
    whole, kept = (free_circle_two_point(separation, period, mass, K) for K in (None, modes))
    two_point = thermal_two_point(separation, period, coupling, mass) - (whole - kept)
    return {"two_point": two_point, "mass": cosh_mass(two_point)}


theory = Theory(replace(theory.file, observables=observables, exact=exact), **theory.keywords)

# %% [markdown]
# ## Sampling
#
# `sample(theory)` chooses a sampler by a short pilot and goes on until effective draws suffice. Here it is named, so
# that the same numbers come out on every run: hybrid Monte Carlo that solves the Gaussian part of the density exactly.

# %%
ensemble = sample(theory, "hmc", num_draws=4000, seed=1)
assert ensemble.provenance.verdict == "good"
ensemble

# %% [markdown]
# `0.3447(3)` means 0.3447 ± 0.0003, one standard error, autocorrelation included. The pull is (estimate − exact)/error;
# `ess` is the number of independent draws that would give the same error. `reweighted` is a second route that shares
# nothing with the chains but the model: free draws with weights $e^{-S}$.
#
# Every run is checked, with or without an exact answer: do the chains mix, are there effective draws enough, do two
# error estimators agree, do Schwinger–Dyson identities hold, do the two routes agree. Where a check fails, its line
# says what to do.

# %% [markdown]
# ## Draws
#
# Parameters, observables and statistics of every draw are in `ensemble.data`, an xarray `DataTree` with ArviZ's names.
# A few drawn fields:

# %%
plot_fields(ensemble)
plt.show()

# %% [markdown]
# ## Estimates against the exact answer

# %%
estimates = ensemble.estimates()
for name, known in ensemble.exact.items():
    pull = (estimates[name].value - known) / estimates[name].error
    print(f"{name}: largest pull {np.max(np.abs(pull)):.1f} of {pull.size}")
    assert np.all(np.abs(pull) < 5)

# %%
figure, (above, below) = plt.subplots(2, 1, sharex=True, height_ratios=[3, 1], figsize=(6.4, 5), layout="constrained")
plot_correlator(ensemble, axes=above)
plot_correlator_pulls(ensemble, axes=below)
above.set_xlabel("")
plt.show()

# %% [markdown]
# (The exact line has ripples at large $t$: they are those of a sum that ends at 40 modes.)

# %% [markdown]
# ## The gap
#
# The effective mass falls to the gap of the oscillator: heavier states, which $q$ also creates from the vacuum, die
# out.

# %%
energies, _ = spectrum(coupling=6.0, mass=1.0)
gap = energies[1] - energies[0]
mass = estimates["mass"]
figure, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
axes.axhline(gap, color="0.5", linestyle="--", label=f"$E_1 - E_0$ = {gap:.5f}")
axes.plot(separation[1:-1], ensemble.exact["mass"], "_", color="k", markersize=12, label="exact at this separation")
axes.errorbar(separation[1:-1], mass.value, mass.error, fmt="o", markersize=4, capsize=2, label="hmc")
axes.set(xlabel="separation $t$  [1/mass]", ylabel=r"$\mu(t)$  [mass]")
axes.legend()
plt.show()

# %% [markdown]
# ## Where the small errors come from
#
# The field is linear in the Gaussian parameters, and an identity of the density lets the average over those be taken by
# hand. So every correlator is measured twice on each draw, raw and improved. Both have the same mean and nearly
# opposite noise; what is quoted is the best mix.

# %%
plot_estimators(ensemble)
plt.show()

# %%
raw, quoted = ensemble.estimates_of("raw")["two_point"], estimates["two_point"]
print("error of the raw estimate / error of the quoted one:", np.round(raw.error / quoted.error, 1))
assert np.all(quoted.error < raw.error)
