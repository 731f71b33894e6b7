# %% [markdown]
# # A theory of one's own: a multilayer perceptron
#
# A model is a NumPyro function that returns a field, and a field is anything that can be called at a point. Here it is
# Equinox' `eqx.nn.MLP` with one hidden layer,
#
# $$\phi(x) = \frac{1}{\sqrt N}\sum_{i=1}^N v_i\,\mathrm{erf}(w_ix + b_i), \qquad
# w_i \sim N(0,\sigma_w^2),\quad b_i \sim N(0,\sigma_b^2),\quad v_i \sim N(0,1),$$
#
# and the density of its parameters is deformed by $e^{-S}$ with $S = \frac{\lambda}{4!}\int_{-L/2}^{L/2}\phi^4\,dx$.

# %%
import equinox as eqx
import jax
import matplotlib.pyplot as plt
import numpy as np
import numpyro
from jax import numpy as jnp
from numpyro import distributions as dist

from nnft_ppl import Derived, Observable, Theory, sample
from nnft_ppl.observables import n_point
from nnft_ppl.spaces import Box
from nnft_ppl.theory import ModelFile, grid_resolution

jax.config.update("jax_enable_x64", True)

WIDTH, SIDE = 32, 4.0
WEIGHT_SCALE = BIAS_SCALE = 2.0

# %% [markdown]
# ## The model
#
# The network's arrays are drawn by NumPyro sites and put into a template. Whatever the template was initialised with is
# replaced. `box.integrate` is a Gauss–Legendre sum; `numpyro.factor` takes the logarithm of the weight, hence $-S$.


# %%
def space():
    return Box(SIDE, dim=1, points=40)


def quartic(phi):
    box = space()
    return box.integrate(box.evaluate(phi) ** 4) / 24


def erf_network(coupling=4.0):
    with numpyro.plate("neuron", WIDTH):
        weight = numpyro.sample("weight", dist.Normal(0, WEIGHT_SCALE))
        bias = numpyro.sample("bias", dist.Normal(0, BIAS_SCALE))
        readout = numpyro.sample("readout", dist.Normal(0, 1))
    template = eqx.nn.MLP(1, "scalar", WIDTH, 1, jax.lax.erf, use_final_bias=False, key=jax.random.key(0))
    phi = eqx.tree_at(
        lambda mlp: (mlp.layers[0].weight, mlp.layers[0].bias, mlp.layers[1].weight),
        template,
        (weight[:, None], bias, readout[None] / np.sqrt(WIDTH)),
    )
    numpyro.factor("quartic", -coupling * quartic(phi))
    return phi


Theory(erf_network)

# %% [markdown]
# `eqx.nn.MLP` with `out_size=1` gives an array of one component; then the model would end with
# `return lambda x: phi(x)[0]`. A closure is a field as well.
#
# ## What is measured
#
# The network is not translation invariant, so we measure $\langle\phi(x)^2\rangle$ and $\langle\phi(x)\phi(0)\rangle$
# as functions of $x$. `n_point` knows its points, and so its average over the Gaussian $v$ can be taken by hand. Any
# other functional of the field is an `Observable`: the slope at the origin by automatic differentiation, the length of
# the readout, the action.
#
# **What is known exactly.** Without action the two-point function is the arcsine kernel at every width $N$, since the
# $v_i$ are independent (C. K. I. Williams, Neural Computation 10 (1998) 1203),
#
# $$G(x,y) = \frac2\pi\arcsin\frac{2k(x,y)}{\sqrt{(1+2k(x,x))(1+2k(y,y))}}, \qquad
# k(x,y) = \sigma_b^2+\sigma_w^2\,xy .$$
#
# With it, the vector field $v\cdot\partial_v$ stretches the readout, $S$ is of degree four in $v$, and integration by
# parts gives for every $\lambda$
#
# $$\langle |v|^2 \rangle + 4\,\langle S\rangle = N .$$

# %%
places = np.linspace(-2, 2, 9)
pairs = {"variance": (places, places), "two_point": (places, 0 * places)}


def observables(coupling):
    correlators = {
        name: n_point(np.stack(pair, axis=-1)[..., None], ("x",), {"x": places.tolist()}).in_units("1", x="1")
        for name, pair in pairs.items()
    }
    return correlators | {
        "slope_squared": Observable(lambda phi: jax.grad(phi)(jnp.zeros(1))[0] ** 2),
        "readout_squared": Observable(lambda phi: WIDTH * jnp.sum(phi.layers[1].weight ** 2)),
        "action": Observable(lambda phi: coupling * quartic(phi)),
        "stretching": Derived(lambda mean: mean["readout_squared"] + 4 * mean["action"]),
    }


def arcsine_kernel(x, y):
    def k(x, y):
        return BIAS_SCALE**2 + WEIGHT_SCALE**2 * x * y

    return 2 / jnp.pi * jnp.arcsin(2 * k(x, y) / jnp.sqrt((1 + 2 * k(x, x)) * (1 + 2 * k(y, y))))


def exact(coupling):
    known = {"stretching": WIDTH}
    if coupling == 0:
        known |= {name: arcsine_kernel(*pair) for name, pair in pairs.items()}
        known["slope_squared"] = jax.grad(jax.grad(arcsine_kernel, 0), 1)(0.0, 0.0)
    return known


file = ModelFile(erf_network, "erf_network", space=space, observables=observables, exact=exact)
theory = Theory(file, coupling=4.0)
theory

# %% [markdown]
# These functions could stand in a file, `nnft run my_model.py --set coupling=4` would do the rest. An erf has no
# highest momentum: is the grid fine enough? Doubling its points must not change the action of a draw.

# %%
resolution = grid_resolution(theory)
print(f"the action changes by ±{resolution.spread:.1e} between draws, its own spread is {resolution.action_spread:.2f}")
assert resolution.fine


# %% [markdown]
# ## The free theory
#
# Free draws are exact and independent; without action they need no weights, and no checks.


# %%
def compare(ensemble):
    estimates = ensemble.estimates()
    for name, exact in ensemble.exact.items():
        one = estimates[name]
        print(f"{name}: largest difference {np.max(np.abs(one.value - exact)):.1e}, error {np.max(one.error):.1e}")
        assert np.all(np.abs(one.value - exact) <= 5 * one.error + 1e-9)


free = sample(Theory(file, coupling=0.0), "reweight", num_draws=2000, seed=1, checks=False)
compare(free)

# %% [markdown]
# ## The deformed theory

# %%
ensemble = sample(theory, "hmc", num_draws=2000, seed=1)
assert ensemble.provenance.verdict == "good"
ensemble

# %%
compare(ensemble)

# %% [markdown]
# Two routes that share nothing but the model: the chains above, and free draws with weights $e^{-S}$.

# %%
chains, weighed = ensemble.estimates(), ensemble.second_route
for name in ("slope_squared", "readout_squared", "action"):
    print(f"{name:>16}: hmc {chains[name]}, reweighted {weighed[name]}")
    assert abs(chains[name].value - weighed[name].value) < 5 * np.hypot(chains[name].error, weighed[name].error)

# %% [markdown]
# What the action does to the field:

# %%
figure, panels = plt.subplots(1, 2, sharey=True, figsize=(9, 3), layout="constrained")
dense = np.linspace(-2, 2, 101)
labels = {"variance": r"$\langle\phi(x)^2\rangle$", "two_point": r"$\langle\phi(x)\phi(0)\rangle$"}
for axes, (name, second) in zip(panels, {"variance": dense, "two_point": 0 * dense}.items(), strict=True):
    axes.plot(dense, arcsine_kernel(dense, second), color="0.5", label=r"$\lambda = 0$, exact")
    for words, run in {r"$\lambda = 0$, free draws": free, r"$\lambda = 4$, hmc": ensemble}.items():
        one = run.estimates()[name]
        axes.errorbar(places, one.value, one.error, fmt="o", markersize=4, capsize=2, label=words)
    axes.set(xlabel="$x$", title=labels[name])
panels[0].set_ylim(0, None)
panels[0].legend(loc="lower center")
plt.show()

# %% [markdown]
# ## Compose first, transform then
#
# JAX hands arrays, and trees of arrays, from one compiled function to the next. A field is a function, and this one
# holds another, its activation: it cannot be an argument of `jit` or `vmap`.

# %%
phi = theory.realise(theory.free_draw(jax.random.key(1)))
try:
    jax.jit(lambda phi, x: phi(x))(phi, jnp.zeros(1))
except TypeError as error:
    print(type(error).__name__, "at", str(error).split("at path ")[1].split(".\n")[0])

# %% [markdown]
# Nor need it be. `theory.realise(z)` gives the field at a point $z$ of the reference coordinates; the *composition* $z
# \mapsto F[\phi_z]$ takes arrays to arrays, and can be compiled, vectorised and differentiated. All of the library
# works in this way, so that any network will do.

# %%
positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(2), 5))
curves = jax.jit(jax.vmap(lambda z: space().evaluate(theory.realise(z))))(positions)
plt.figure(figsize=(6, 2.6), layout="constrained")
plt.plot(space().axes[0], curves.T)
plt.xlabel("$x$")
plt.ylabel("$\\phi(x)$ of free draws")
plt.show()
