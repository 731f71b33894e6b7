# %% [markdown]
# # Finite width and 1/N
#
# A network of $N$ independent neurons is a Gaussian field only for $N\to\infty$. At finite width it interacts, even
# without an action. How large is that, and does an extrapolation in $1/N$ take it away?
#
# The field is the plane-wave scalar in one dimension,
#
# $$\phi(x) = \frac{1}{\sqrt N}\sum_{i=1}^N a_i\,h_i(x), \qquad
# h_i(x) = \sqrt{2Z_\alpha}\,G(b_i)^{-\alpha/2}\cos(b_ix+c_i), \qquad G(p) = \frac1{p^2+m^2},$$
#
# with $a_i\sim N(0,1)$, uniform phases, momenta of density ∝ $G^{1+\alpha}$ below the cut-off $\Lambda$, and
# $Z_\alpha = \int_{|p|<\Lambda}\frac{dp}{2\pi}\,G(p)^{1+\alpha}$. Its two-point function is the propagator for every
# $N$ and $\alpha$. What differs is everything else: $\alpha=-1$ has uniform momenta (arXiv:2307.03223), $\alpha=0$
# momenta from the propagator (arXiv:2604.27050).

# %%
import math

import equinox as eqx
import jax
import matplotlib.pyplot as plt
import numpy as np
import numpyro
from jax import numpy as jnp
from numpyro import distributions as dist

from nnft_ppl import Derived, Observable, Theory, sample
from nnft_ppl.densities import PropagatorMomentum, UniformBall
from nnft_ppl.exact import ball_moment, ball_propagator, coincident_fourth_cumulant
from nnft_ppl.families import scalar_box
from nnft_ppl.fields.sine_cosine import sine_cosine
from nnft_ppl.theory import ModelFile

jax.config.update("jax_enable_x64", True)

MASS, CUTOFF, SIDE = 1.0, 10.0, 4.0
WIDTHS = np.array([4, 8, 16, 32, 64])

# %% [markdown]
# ## One network, five widths
#
# The first $N$ of 64 neurons are a network of width $N$. So one model holds all widths, and their draws share random
# numbers.


# %%
class Neurons(eqx.Module):
    """A sum of independent neurons."""

    amplitude: jax.Array
    scale: jax.Array
    momentum: jax.Array
    phase: jax.Array

    def features(self, x):
        _, cosine = sine_cosine(self.momentum @ x + self.phase)  # several times faster than jnp.cos
        return self.scale * cosine

    def __call__(self, x):
        return self.amplitude @ self.features(x) / math.sqrt(len(self.amplitude))


def scalar(alpha=0, width=64):
    with numpyro.plate("neuron", width):
        law = UniformBall(1, CUTOFF) if alpha == -1 else PropagatorMomentum(1, MASS, CUTOFF)
        momentum = numpyro.sample("momentum", law)
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
    scale = math.sqrt(2 * ball_moment(1, MASS, CUTOFF, 1 + alpha)) * (momentum[:, 0] ** 2 + MASS**2) ** (alpha / 2)
    return Neurons(amplitude, scale, momentum, phase)


# %% [markdown]
# ## Two measures of what is not Gaussian
#
# Given its features $h$ the field *is* Gaussian, with covariance $K_{xy} = \frac1N\sum_i h_i(x)h_i(y)$. Averages over
# the amplitudes follow from Wick's theorem, and what is left to draw is $K$. (The library does the same for n-point
# functions, without being told.)
#
# 1. The connected four-point function at one point is three times the variance of $K_{00}$. Cumulants of independent
#    neurons add, so that it is exactly proportional to $1/N$,
#
#    $$\kappa_4 = \langle\phi^4\rangle - 3\langle\phi^2\rangle^2 = 3\,\big(\langle K_{00}^2\rangle - \langle
#    K_{00}\rangle^2\big) = \frac3N\Big[\tfrac32\,Z_\alpha Z_{-\alpha} - Z_0^2\Big] .$$
#
# 2. The response of $G(0)$ to an action $S = \frac{\lambda}{4!}\int_{\rm box}\phi^4$ is a covariance in the free
#    theory,
#
#    $$\frac{dG(0)}{d\lambda}\Big|_0 = -\operatorname{Cov}\Big(\phi(0)^2, \frac{S}{\lambda}\Big) =
#    -\frac1{24}\int_{\rm box}\!dz\,\Big[\langle 3K_{00}K_{zz}^2 + 12K_{0z}^2K_{zz}\rangle -
#    \langle K_{00}\rangle\langle 3K_{zz}^2\rangle\Big] = A_0 + \frac{A_1}{N} + \frac{A_2}{N^2} .$$
#
#    Only $A_0 = -\frac12\,G(0)\int_{\rm box}dz\,G(z)^2$ belongs to the local φ⁴ theory.

# %%
box = scalar_box(SIDE, 1, CUTOFF)
FIRST = (np.arange(64) < WIDTHS[:, None]) / WIDTHS[:, None]  # averages over the first N neurons


def covariances(phi):
    """K_00, K_0z and K_zz at every width; z on the grid of the box."""
    origin, grid = phi.features(jnp.zeros(1)), jax.vmap(phi.features)(jnp.asarray(box.axes[0])[:, None])
    products = origin**2, origin * grid, grid**2
    return [one @ FIRST.T for one in products]


def quartic(phi):
    """24 ⟨S/λ⟩ over the amplitudes, alone and with φ(0)²."""
    k_00, k_0z, k_zz = covariances(phi)
    return jnp.stack([box.integrate(3 * k_zz**2), box.integrate(3 * k_00 * k_zz**2 + 12 * k_0z**2 * k_zz)])


def kappa_4(mean):
    return 3 * (mean["variance_squared"] - mean["variance"] ** 2)


def response(mean):
    alone, joint = mean["quartic"]
    return (mean["variance"] * alone - joint) / 24


# %% [markdown]
# ## A fit is a derived quantity
#
# Least squares in powers of $1/N$, with weights that are fixed beforehand, is a linear function of the values. As
# `Derived` its coefficients get errors that know how the widths are correlated.


# %%
def least_squares(powers):
    """The matrix from values at all widths to coefficients; errors fall as 1/N."""
    design = (1.0 / WIDTHS[:, None]) ** np.array(powers)
    return np.linalg.pinv(WIDTHS[:, None] * design) * WIDTHS


def observables():
    width = {"width": WIDTHS.tolist()}
    return {
        "variance": Observable(lambda phi: covariances(phi)[0], ("width",), width),
        "variance_squared": Observable(lambda phi: covariances(phi)[0] ** 2, ("width",), width),
        "quartic": Observable(quartic, ("kind", "width"), width),
        "kappa_4": Derived(kappa_4),
        "response": Derived(response),
        "kappa_4_fit": Derived(lambda mean: least_squares((0, 1)) @ kappa_4(mean)),
        "response_fit": Derived(lambda mean: least_squares((0, 1, 2)) @ response(mean)),
    }


# %% [markdown]
# Exact: the propagator at every width, $\kappa_4$, and the three coefficients of the response (derived in
# docs/theory/scalar.md for this mass, cut-off and box).

# %%
RESPONSE = {-1: [-0.05743, -1.96350, -7.67116], 0: [-0.05743, -0.24573, -0.07216]}


def exact(alpha):
    fourth = np.array([coincident_fourth_cumulant(int(width), 1, MASS, CUTOFF, alpha, 3.0) for width in WIDTHS])
    return {
        "variance": np.full(len(WIDTHS), ball_propagator(0.0, 1, MASS, CUTOFF)),
        "kappa_4": fourth,
        "kappa_4_fit": np.array([0, WIDTHS[0] * fourth[0]]),
        "response": np.array(RESPONSE[alpha]) @ (1.0 / WIDTHS) ** np.arange(3)[:, None],
        "response_fit": np.array(RESPONSE[alpha]),
    }


file = ModelFile(scalar, "scalar", observables=observables, exact=exact)
results = {
    alpha: sample(Theory(file, alpha=alpha), "reweight", num_draws=4000, seed=1, keep="none", checks=False)
    for alpha in (-1, 0)
}
for alpha, ensemble in results.items():
    print(f"α = {alpha}")
    for name, known in ensemble.exact.items():
        one = ensemble.estimates()[name]
        print(f"  {name:>12}  {one}\n         exact  {np.array2string(known, precision=5)}")
        assert np.all(np.abs(one.value - known) < 5 * one.error)

# %% [markdown]
# The two-point function is the same at every width. The fourth cumulant at $\alpha=-1$ is nine times that at
# $\alpha=0$, and it grows with the cut-off: few neurons have small momenta, and those carry the field.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
inverse = np.linspace(0, 0.26, 100)
for alpha, ensemble in results.items():
    estimates = ensemble.estimates()
    for axes, name in ((left, "kappa_4"), (right, "response")):
        one, fit = estimates[name], estimates[f"{name}_fit"].value
        axes.errorbar(1 / WIDTHS, one.value, one.error, fmt="o", markersize=4, capsize=2, label=f"$\\alpha = {alpha}$")
        axes.plot(inverse, np.polyval(fit[::-1], inverse), color="0.6", linewidth=0.9, zorder=0)
left.set(xlabel="$1/N$", ylabel=r"$\kappa_4$  [1/mass$^2$]")
right.plot(0, RESPONSE[0][0], "k*", markersize=9, label="local φ⁴")
right.set(xlabel="$1/N$", ylabel=r"$dG(0)/d\lambda$  [1/mass$^4$]", ylim=(-0.4, 0))
left.legend()
right.legend()
plt.show()

# %%
for alpha, ensemble in results.items():
    estimates = ensemble.estimates()
    limit, widest = (estimates[name] for name in ("response_fit", "response"))
    print(
        f"α = {alpha:2d}: N = 64 is off by {widest.value[-1] / RESPONSE[alpha][0] - 1:.0%}, the extrapolation by "
        f"{limit.value[0] / RESPONSE[alpha][0] - 1:+.1%} ± {limit.error[0] / abs(RESPONSE[alpha][0]):.1%}"
    )

# %% [markdown]
# At $\alpha=0$ a network of 64 neurons answers within seven per cent of the local theory, and the extrapolation takes
# the rest away. At $\alpha=-1$ the same draws are off by more than half at $N = 64$, and their limit is much less well
# known. Choose the law of the momenta first; only then pay for width.
