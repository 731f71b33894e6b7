# %% [markdown]
# # Twenty-six from a network
#
# A string in $D$ dimensions is $D$ fields $X^\mu$ on a worldsheet. Its action does not depend on the scale of the
# worldsheet's metric; the measure of its modes does, and quantum mechanics would depend on what nobody can see, were
# there not the ghosts of the gauge, whose measure depends on the scale, too. Both cancel in $D=26$.
#
# As a network $X=\sum_n\sqrt{2\pi\alpha'/\lambda_n}\,a_nf_n$ with $a_n\sim N(0,1)$, a rescaling is a flow of the
# parameters, $V=e^{-\varepsilon\Delta}a$ at the resolution $\varepsilon$. It has a Jacobian,
# $\partial_iV^i=\mathrm{Tr}\,e^{-\varepsilon\Delta}$, and a score, $V(\ln p)=-\sum e^{-\varepsilon\lambda}a^2$, which
# average to zero: the anomaly is something that draws of the network measure (docs/theory/weyl.md).

# %%
import jax
import matplotlib.pyplot as plt
import numpy as np

from nnft_ppl import load, sample
from nnft_ppl.exact import (
    critical_dimension,
    finite_part,
    sphere_heat_trace,
    sphere_mode_count,
    sphere_zero_modes,
    string_towers,
    torus_area_term,
    torus_curvature_term,
    torus_heat_trace,
    weyl_breaking,
)
from nnft_ppl.report import plot_breaking

jax.config.update("jax_enable_x64", True)

TOWERS = string_towers()  # the boson, and the ghosts c and b
LABELS = ["$X$", "$c$", "$b$"]

# %% [markdown]
# ## The flow, and what breaks it
#
# `weyl_sphere` is one $X^\mu$ on the round sphere, in spherical harmonics. It declares the flow, and the run says what
# it finds.

# %%
ensemble = sample(load("weyl_sphere"), "reweight", num_draws=2500)
found = ensemble.findings["symmetries"]["weyl"]
print(*[verdict.text for verdict in ensemble.verdicts if verdict.check == "symmetries"])
figure, panel = plt.subplots(figsize=(7, 2), layout="constrained")
plot_breaking(found, panel)
plt.show()
print(f"Jacobian {found['breaking']['jacobian']['value']:.4f}, trace {sphere_heat_trace(0, 0.05, 16):.4f}")
assert found["verdict"] == "anomalous"

# %% [markdown]
# ## The critical dimension
#
# The Grassmann modes of the ghosts are never drawn: their traces are averages over the same $a_{lm}$, and so is the
# pole $1/\varepsilon$ that all three share, the modes of a plane of the same area. With the signs and weights of the
# super-divergence, $D\,\mathrm{Tr}_0-4\,\mathrm{Tr}_c+2\,\mathrm{Tr}_b$, these 10,000 networks say

# %%
estimates = ensemble.estimates()
print("traces", estimates["traces"])
print("critical dimension", estimates["critical_dimension"], "exactly", ensemble.exact["critical_dimension"].round(3))
pull = (estimates["critical_dimension"].value - 25.960) / estimates["critical_dimension"].error
assert abs(pull) < 5

# %% [markdown]
# at $\varepsilon=0.05$. A million of them know it to ±0.02.

# %%
many = sample(load("weyl_sphere"), "reweight", num_draws=250_000, keep="none", checks=False)
precise = many.estimates()["critical_dimension"]
print(precise)
assert precise.error < 0.03
assert abs(precise.value - 25.960) < 5 * precise.error

# %% [markdown]
# ## To infinite resolution
#
# Exact traces at several $\varepsilon$ extrapolate to ⅓, 4/3, −5/3 and $D=26$. Modes with $\lambda=0$, the constant of
# $X$ and the three conformal Killing vectors of $c$, belong to them.

# %%
times = np.array([0.02, 0.03, 0.045, 0.07, 0.1])
poles = 1 / times
traces = np.transpose([sphere_heat_trace(tower.helicity, times) - poles for tower in TOWERS])
limits = finite_part(traces, times)
without = limits - [sphere_zero_modes(tower.helicity) for tower in TOWERS]
print("limits", limits.round(6), " D =", round(float(critical_dimension(limits)), 4))
print("without zero modes", without.round(6), " D =", round(float(critical_dimension(without)), 4))
assert abs(critical_dimension(limits) - 26) < 0.01

figure, panels = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
for label, values in zip(LABELS, traces.T, strict=True):
    panels[0].plot(times, values, "o-", label=label)
panels[0].errorbar([0.05] * 3, estimates["traces"].value, estimates["traces"].error, fmt="k.", capsize=3, label="draws")
panels[0].set(xlabel="ε", ylabel=r"Tr $e^{-εΔ}$ − 1/ε")
panels[0].legend(loc=(0.1, 0.2), ncols=2)
panels[1].plot(times, critical_dimension(traces), "o-", label="exact traces")
panels[1].errorbar([0.05], precise.value, precise.error, fmt="k.", capsize=3, label="10⁶ networks")
panels[1].plot(0, critical_dimension(limits), "s", color="tab:red", label="limit")
panels[1].set(xlabel="ε", ylabel="critical dimension")
panels[1].legend()
plt.show()

# %% [markdown]
# ## Counting modes
#
# A constant rescaling only counts modes. The zeta function $\zeta(z)=\sum'(2l+1)\lambda_l^{-z}$ at $z=0$ and zero modes
# give the same numbers, and $B=-(D-26)/3$:

# %%
counts = np.array([sphere_mode_count(tower.helicity) for tower in TOWERS])
for dimensions in (1, 10, 26):
    print(f"D = {dimensions:2}: B = {np.round(weyl_breaking(counts, dimensions), 9) + 0.0:.4f}")
assert np.allclose(counts, limits, atol=1e-5)

# %% [markdown]
# ## Curvature, point by point
#
# Counting does not see where. On a torus with the metric $e^{2\eta\cos x}$ vary by $\delta\omega=\cos x$: what is left
# of $\mathrm{Tr}(\delta\omega\,e^{-\varepsilon\Delta})$ without the growth of the area is
# $\int\sqrt gR\,\delta\omega/24\pi=\eta\pi/6$, and 4 and −5 times that for the ghosts, whose Laplacians contain the
# metric in their own ways.

# %%
steps = (0.05, 0.07, 0.09, 0.12)
etas = np.array([0.1, 0.2, 0.3, 0.4])


def constant(helicity, eta, measure="curved"):
    """What is left at ε = 0 of the exact trace without its pole."""
    left = [
        torus_heat_trace(helicity, eta, step, 30, 32, measure) - torus_area_term(eta, step, helicity, measure)
        for step in steps
    ]
    return float(finite_part(left, steps))


local = np.array([[constant(tower.helicity, eta) for tower in TOWERS] for eta in etas])
flat = [constant(0, eta, "flat") for eta in etas]
print("η = 0.3:", local[2].round(5), "predicted", (np.array([1, 4, -5]) * torus_curvature_term(0.3)).round(5))
print("critical dimension", critical_dimension(local).round(3))
assert np.allclose(local[2], np.array([1, 4, -5]) * torus_curvature_term(0.3), atol=2e-4)

figure, panel = plt.subplots(figsize=(8.5, 3.4), layout="constrained")
for number, label in enumerate(LABELS):
    panel.plot(etas, local[:, number], "o", label=label)
    panel.plot(etas, TOWERS[number].curvature * etas * np.pi / 6, "k-", lw=0.8, zorder=0)
panel.plot(etas, flat, "x", color="tab:red", label="$X$, δω averaged by $dx\\,dy$")
panel.set(xlabel="η", ylabel=r"constant of Tr$(\cos x\,e^{-εΔ})$")
figure.legend(loc="outside right upper")
plt.show()

# %% [markdown]
# Lines are $(1+3s)\,\eta\pi/6$. The crosses use a measure in which modes are not normal, and miss. `weyl_torus`
# measures the same by draws; twenty-six is what the curvature says at every point.

# %%
torus = sample(load("weyl_torus"), "reweight", num_draws=10_000, keep="none", checks=False)
for name in ("traces", "critical_dimension"):
    estimate, exact = torus.estimates()[name], torus.exact[name]
    print(name, estimate, "exactly", exact.round(4))
    assert np.all(np.abs(estimate.value - exact) < 5 * estimate.error)
