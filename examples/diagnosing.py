# %% [markdown]
# # Diagnosing a sampler
#
# A sampler fails quietly: it returns numbers with small errors. This notebook shows one run that is good and four that
# are not, and which check sees which fault.
#
# | fault | seen by |
# |---|---|
# | too few draws | effective draws, R̂ |
# | free draws too far from the theory | Pareto's k̂ of the weights |
# | chains that sit in different wells | R̂ of an observable that tells the wells apart |
# | draws of a slightly wrong density | Schwinger–Dyson identities |

# %%
from dataclasses import replace

import arviz as az
import jax
import matplotlib.pyplot as plt
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl import Observable, Theory, load, sample
from nnft_ppl.exact import free_circle_two_point
from nnft_ppl.fields import FourierSeries, free_scales
from nnft_ppl.report import plot_autocorrelation, plot_pulls, plot_traces, plot_weights
from nnft_ppl.samplers import hmc
from nnft_ppl.spaces import Circle
from nnft_ppl.theory import ModelFile

jax.config.update("jax_enable_x64", True)


def failed(ensemble):
    return {verdict.check for verdict in ensemble.verdicts if verdict.status == "failed"}


# %% [markdown]
# ## A good run
#
# φ⁴ on a circle, $T = 4$, $\lambda = 6$.

# %%
circle = load("phi4_circle")
good = sample(circle, "hmc", num_draws=2000, seed=1)
assert not failed(good)
good

# %% [markdown]
# **Mixing is asked of observables, never of parameters.** Neurons can be exchanged and signs absorbed, so parameters of
# two chains need not agree; a correlator must. Draws are stored with ArviZ's names, and its functions work on any
# group.

# %%
az.summary(good.data, group="observables", kind="diagnostics")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
plot_traces(good, "two_point", (0,), axes=left)
plot_autocorrelation(good, "two_point", (0,), axes=right)
plt.show()

# %% [markdown]
# ## Too few draws
#
# The first 40 draws of the same chains. The estimate may be fine; nothing is known about its error, since R̂ and the
# error are themselves estimates, and bad ones below some 400 effective draws. A run of this length fails the check
# `ess`.

# %%
beginning = good.data["observables"].dataset.isel(draw=slice(40))
assert np.all(az.ess(beginning)["two_point"] < 400)
az.summary(beginning, kind="diagnostics")

# %% [markdown]
# ## Routes that disagree
#
# Free draws with weights $e^{-S}$ are exact and independent, and need no chain. But on a longer circle and at stronger
# coupling a free draw hardly ever looks like a draw of the theory. A few draws then carry all the weight, and neither
# value nor error can be trusted. Pareto's k̂, the tail index of the weights, says so: it should be at most 0.7. (By
# default draws are those of a Gaussian that knows the action, whose weights are even; `reference="bare"` forbids it.)

# %%
strong = load("phi4_circle", period=16.0, coupling=100.0)
weighed = sample(strong, "reweight", num_draws=2000, seed=1, checks=False, reference="bare")
assert "k_hat" in failed(weighed)
weighed.verdicts

# %%
mixed = sample(strong, "hmc", num_draws=2000, seed=1, checks=False)
assert not failed(mixed)
mixed.verdicts

# %%
for name, ensemble in {"reweight": weighed, "hmc": mixed}.items():
    estimate = ensemble.estimates()["two_point"]
    pull = (estimate.value - ensemble.exact["two_point"]) / estimate.error
    print(f"{name:>8}: {estimate}\n   pulls: {np.array2string(pull, precision=1)}")
assert np.all(np.abs(pull) < 5)  # of hmc

# %% [markdown]
# How many of the free draws count? Sorted by weight, heaviest first, the share of the weight that they carry:

# %%
plot_weights(weighed)
plt.show()

# %% [markdown]
# ## Chains that sit apart
#
# A negative mass squared makes two wells, $V(q) = -\frac a2q^2 + \frac\lambda{24}q^4 - hq$, of which the tilt $h$
# prefers the right one. The field on a short circle sits in one of them; the way to the other leads over a barrier of
# $T\,\Delta V = \frac{3Ta^2}{2\lambda} = 18$ in the action.
#
# The exact answer is quantum mechanics again: $\langle\phi\rangle = \operatorname{Tr} q\,e^{-TH} / \operatorname{Tr}
# e^{-TH}$ by diagonalising $H$ on a grid.
#
# A usual run searches for modes, and `hmc` jumps between those that are found. Here the search is left out
# (`checks=False`), to see what chains do that know nothing of the other well.

# %%
PERIOD, MODES, DEPTH, COUPLING, TILT = 2.0, 8, 6.0, 6.0, 0.1


def double_well():
    """Free field of mass 1; the factors turn its mass squared to −DEPTH and add the quartic and the tilt."""
    constant_scale, scales = free_scales(PERIOD, 1.0, MODES)
    constant = numpyro.sample("constant", dist.Normal(0, 1))
    with numpyro.plate("mode", MODES):
        cosine, sine = (numpyro.sample(name, dist.Normal(0, 1)) for name in ("cosine", "sine"))
    phi = FourierSeries(PERIOD, constant_scale * constant, scales * cosine, scales * sine)
    circle = Circle(PERIOD, MODES)
    phi_t = circle.evaluate(phi)
    # The modes that are cut off would have stiffened the others (docs/theory/circle.md).
    missing = free_circle_two_point(0.0, PERIOD, 1.0) - free_circle_two_point(0.0, PERIOD, 1.0, MODES)
    numpyro.factor("well", (DEPTH + 1 - COUPLING / 2 * float(missing)) / 2 * circle.integrate(phi_t**2))
    numpyro.factor("quartic", -COUPLING / 24 * circle.integrate(phi_t**4))
    numpyro.factor("tilt", TILT * circle.integrate(phi_t))
    return phi


def exact_mean_field():
    """⟨q⟩ at temperature 1/T on a grid, with the sinc kinetic matrix."""
    q, step = np.linspace(-5, 5, 401, retstep=True)
    apart = np.subtract.outer(np.arange(401), np.arange(401))
    kinetic = np.where(apart == 0, np.pi**2 / 6, (-1.0) ** apart / np.maximum(apart**2, 1)) / step**2
    energies, states = np.linalg.eigh(kinetic + np.diag(-DEPTH / 2 * q**2 + COUPLING / 24 * q**4 - TILT * q))
    weight = np.exp(-PERIOD * (energies - energies[0]))
    return weight @ (states**2 * q[:, None]).sum(0) / weight.sum()


well = Theory(
    ModelFile(
        double_well,
        "double_well",
        observables=lambda: {
            "mean_field": Observable(lambda phi: phi.constant).in_units("mass^-½"),
            "mean_field_squared": Observable(lambda phi: phi.constant**2).in_units("1/mass"),
        },
        exact=lambda: {"mean_field": exact_mean_field()},
    )
)
stuck = sample(well, "hmc", num_draws=1500, seed=1, checks=False)
assert "r_hat" in failed(stuck)
stuck.verdicts

# %% [markdown]
# R̂ of the mean field is far from 1. Its *square* sees nothing: it is the same in both wells. Schwinger–Dyson
# identities hold, too: they are local, and each chain samples its own well correctly. So measure an observable that
# tells the phases apart, and run several chains.
#
# `replica-exchange` runs replicas at several strengths $\beta S$, from the free theory ($\beta=0$, one well) to the
# full action, and lets them swap.

# %%
az.summary(stuck.data, group="observables", kind="diagnostics")

# %%
swapped = sample(well, "replica-exchange", num_draws=4000, seed=1, checks=False)
assert not failed(swapped)
swapped.verdicts

# %%
figure, panels = plt.subplots(1, 2, sharey=True, figsize=(9, 2.8), layout="constrained")
for axes, (name, ensemble) in zip(panels, {"hmc": stuck, "replica-exchange": swapped}.items(), strict=True):
    plot_traces(ensemble, "mean_field", axes=axes)
    axes.axhline(exact_mean_field(), color="k", linestyle="--", linewidth=0.8)
    axes.set_title(f"{name}: {ensemble.estimates()['mean_field']}, exact {exact_mean_field():.4f}", loc="left")
panels[0].set_ylabel(r"$\bar\phi$  [mass$^{-1/2}$]")
plt.show()

# %%
estimate = swapped.estimates()["mean_field"]
assert abs(estimate.value - exact_mean_field()) < 5 * estimate.error

# %% [markdown]
# The default needs neither: `sample(well)` finds both wells, weighs them, and jumps from one to the other.
#
# ## A slightly wrong density
#
# The last fault leaves chains that mix and errors that are honest; only the density is wrong. Say a transport has a
# mistake, and modes $n > 8$ come out 5 % too long. In the two-point function at these separations they hardly count,
# and even the exact answer has nothing to say against it. But Schwinger–Dyson identities,
# $\langle \partial_iV^i - z\cdot V - V(S)\rangle = 0$ for vector fields $V$ on the parameters, hold for the exact
# density and for no other. Every run is tested with a bank of them.


# %%
class Broken:
    """HMC whose draws are stored with some of their coordinates too long."""

    def __init__(self, target, settings):
        self.every, self.hmc = settings.keep_every, hmc(target, replace(settings, keep_every=1))
        self.scale = np.ones(target.dimension)
        for name in ("cosine", "sine"):
            self.scale[target.groups[name]][8:] = 1.05
        self.measure = jax.jit(jax.vmap(jax.vmap(target.measure)))

    def start(self):
        return self.hmc.start()

    def step(self, state):
        state, block = self.hmc.step(state)
        positions = self.scale * block.positions
        measured = jax.tree.map(np.asarray, self.measure(positions))
        return state, block._replace(measured=measured, positions=positions[:, :: self.every])


wrong = sample(circle, Broken, num_draws=2000, seed=1)
assert failed(wrong) == {"schwinger_dyson"}
estimate = wrong.estimates()["two_point"]
assert np.all(np.abs(estimate.value - wrong.exact["two_point"]) < 5 * estimate.error)  # nothing to be seen
wrong.verdicts

# %% [markdown]
# Where it shows: the residuals of the bank in units of their errors, for the good run and for the broken one. The
# dilatations of the Fourier coefficients fail, that of the constant mode holds.

# %%
figure, panels = plt.subplots(1, 2, sharey=True, figsize=(10, 4.5), layout="constrained")
for axes, (name, ensemble) in zip(panels, {"good": good, "broken": wrong}.items(), strict=True):
    plot_pulls(ensemble.findings["schwinger_dyson"]["rows"], axes)
    axes.set_title(name)
plt.show()
