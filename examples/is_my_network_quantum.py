# %% [markdown]
# # Is my network a quantum theory?
#
# A Euclidean field becomes a quantum theory, with a Hilbert space and a Hamiltonian bounded from below, where it obeys
# the axioms of Osterwalder and Schrader. The hard one is *reflection positivity*: for all functionals $F$ of the field
# at times $t>0$, and $\Theta$ the reflection $t\mapsto-t$,
#
# $$E[(\Theta F)^*\,F]\geq0 .$$
#
# A positive spectrum of momenta is not enough, and neither is a two-point function with that property. Here several
# networks are asked, as the `axioms` check of every run asks them; what it does is told in docs/axioms.md.

# %%
import jax
import matplotlib.pyplot as plt
import numpyro
from jax import numpy as jnp
from numpyro import distributions as dist

from nnft_ppl import Theory, load, sample
from nnft_ppl.checks import Axioms
from nnft_ppl.report import plot_effective_mass, plot_levels, plot_positivity
from nnft_ppl.theory import ModelFile

jax.config.update("jax_enable_x64", True)


def say(ensemble):
    positivity = ensemble.findings["axioms"]["reflection_positivity"]
    print(positivity["text"])
    return positivity


# %% [markdown]
# ## A network on a Markov process
#
# `ornstein_uhlenbeck_net` reads an Ornstein–Uhlenbeck process $x_t$ at each time by itself,
# $\phi(t)=\mathrm{erf}(x_t)$. The process is Markov in Euclidean time, so that every functional of $t>0$ averages,
# given $x_0$, to one function $\bar F(x_0)$, and $E[(\Theta F)^*F]=E|\bar F(x_0)|^2$.

# %%
network = sample(load("ornstein_uhlenbeck_net"), "reweight", num_draws=2500)
assert say(network)["verdict"] != "violated"

# %% [markdown]
# With a Hamiltonian there are levels: the matrix of correlators of several operators gives them, $E_1-E_0=1$ and
# $E_3-E_0=3$ of the oscillator; the third stands for all that lies above.

# %%
plot_levels(network)
plt.show()
estimate = network.estimates()["levels"]
assert abs(estimate.value[0] - 1) < 5 * estimate.error[0]

# %% [markdown]
# ## A layer that mixes times
#
# The same network with $\phi(t)=\mathrm{erf}\big((x_{t-a}+x_{t+a})/2\big)$ looks across the mirror. What is violated,
# and by which functional, is the *witness*: it is found on one half of the draws, and tested on the other.

# %%
mixed = sample(load("ornstein_uhlenbeck_net", delay=0.5), "reweight", num_draws=2500)
found = say(mixed)
assert found["verdict"] == "violated"
plot_positivity(found)
plt.show()

# %% [markdown]
# ## A smooth kernel
#
# Draws of a Gaussian process with $G(t)=e^{-t^2/2}$ have a positive spectrum of momenta, and are no quantum mechanics:
# no sum of $e^{-Et}$ with positive weights is smooth at $t=0$.

# %%
smooth = sample(load("smooth_kernel"), "reweight", num_draws=2500, checks=["axioms"])
assert say(smooth)["verdict"] == "violated"

# %% [markdown]
# ## An interacting theory with a cut-off
#
# `phi4_circle` is $\phi^4$ on a circle, the anharmonic oscillator at finite temperature. Its modes end at a cut-off
# $\Lambda$: at spacings below $2/\Lambda$ the field is smooth, and positivity must fail; at physical distances it
# holds.

# %%
circle = sample(load("phi4_circle", period=8.0), num_draws=2500)
say(circle)
plot_effective_mass(circle)
plt.show()

# %% [markdown]
# ## One's own network
#
# The check is made wherever points are times, and where it is asked for. A field of one neuron with Cauchy momenta has
# the two-point function $e^{-|t|}/2$ of the oscillator. Functionals of several fields see that it is none:
# $\phi(t_1)^2\phi(t_3)$ contains waves of the time $2t_1-t_3<0$.


# %%
def model(width=1):
    with numpyro.plate("neuron", width):
        momentum = numpyro.sample("momentum", dist.Cauchy(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-jnp.pi, jnp.pi))
    return lambda x: jnp.sum(jnp.cos(momentum * x[0] + phase)) / width**0.5


wave = sample(
    Theory(ModelFile(model, "one_wave")), "reweight", num_draws=10_000, checks=[Axioms(times=(0.05, 0.5, 1.9))]
)
found = say(wave)
assert found["verdict"] == "violated"

# %% [markdown]
# In the family of $\phi(t)$ alone it is consistent, as its two-point function says:

# %%
for row in found["families"]:
    print(row["family"], row["verdict"], f"z = {row['z']:.1f}")
