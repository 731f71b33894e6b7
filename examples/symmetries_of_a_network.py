# %% [markdown]
# # Which symmetries does my network have?
#
# A symmetry of the field is carried out by the parameters of its network, by a vector field $V$ with
# $V\phi_\theta(x)=\delta\phi(x)$, its *lift*. Whether the ensemble has it is then a matter of the density $P(\theta)$:
# the current $j=PV$ is conserved where the *breaking function*
#
# $$B = \underbrace{V(\ln p)}_{\text{score}} + \underbrace{\partial_iV^i}_{\text{Jacobian}} -
# \underbrace{V(S)}_{\text{action}},\qquad P = p\,e^{-S},$$
#
# vanishes, and in any case every functional $F$ of the field obeys the Ward identity
# $E[V(F)] = -E[B\,F] + \text{flux}$ through the edges of the parameters (arXiv:2605.12488; $B$ is $A_V$ of our
# formulas).

# %%
import jax
import matplotlib.pyplot as plt
import numpyro
from jax import numpy as jnp
from numpyro import distributions as dist

from nnft_ppl import Theory, load, sample
from nnft_ppl.report import plot_breaking, plot_ward
from nnft_ppl.symmetries import DiscreteSymmetry, Symmetry, default_basis, discover
from nnft_ppl.theory import ModelFile

jax.config.update("jax_enable_x64", True)


def say(ensemble):
    (verdict,) = [one for one in ensemble.verdicts if one.check == "symmetries"]
    print(verdict.text)


# %% [markdown]
# ## A rotation that the weights' law breaks
#
# `rotated_erf` is a layer of erf neurons in the plane, $\phi(x)=N^{-1/2}\sum_jv_j\,\mathrm{erf}(w_j\cdot x+b_j)$, whose
# $w_j$ have variances 1 and ¼. It declares the rotation of the plane. Every run looks at what a model file declares.

# %%
ensemble = sample(load("rotated_erf"), "reweight", num_draws=2500)
say(ensemble)

# %% [markdown]
# The lift turns all $w_j$, which has no Jacobian, and there is no action: it is the score. What the anomaly does to
# correlators is the Ward identity, both sides from the same draws.

# %%
found = ensemble.findings["symmetries"]["rotation"]
figure, panels = plt.subplots(1, 2, figsize=(11, 2.8), layout="constrained")
plot_breaking(found, panels[0])
plot_ward(found, panels[1]).legend()
plt.show()

# %% [markdown]
# The change of $\phi(x)\phi(y)$ is known: it is the turn of the arcsine kernel, 0.296605.

# %%
row = next(one for one in found["ward"]["rows"] if one["observable"] == "φ(x)·φ(y)")
print(f"E[δF] = {row['change']['value']:.4f} ± {row['change']['error']:.4f}")
assert abs(row["change"]["value"] - 0.296605) < 5 * row["change"]["error"]
assert abs(row["z"]) < 5
assert found["verdict"] == "anomalous"

# %% [markdown]
# With equal variances nothing is left of it, on every draw:

# %%
isotropic = sample(load("rotated_erf", variance=(1.0, 1.0)), "reweight", num_draws=500)
say(isotropic)
assert isotropic.findings["symmetries"]["rotation"]["verdict"] == "symmetry"


# %% [markdown]
# ## A file of one's own
#
# No class of the library is needed. A field action is a function of what the model returns and a point, a lift one of
# the parameters; `None` says that the field should not change. Here is a complex field with a phase that an action
# breaks, a rescaling that no field notices, an exchange of neurons, and a phase that turns the wrong way.


# %%
def model(tilt=0.3):
    with numpyro.plate("neuron", 3):
        u, v = numpyro.sample("u", dist.Normal(0, 1)), numpyro.sample("v", dist.Normal(0, 1))
        momentum = numpyro.sample("momentum", dist.Normal(0, 1))
    gain, loss = numpyro.sample("gain", dist.Gamma(9, 9)), numpyro.sample("loss", dist.Gamma(9, 9))

    def phi(x):
        return gain * loss * jnp.sum((u + 1j * v) * jnp.exp(1j * momentum * x[0]))

    numpyro.factor("tilt", -tilt * jnp.real(phi(jnp.zeros(1))) ** 2)
    return phi


def symmetries():
    def phase(phi, x):
        return 1j * phi(x)

    return {
        "phase": Symmetry(phase, lambda theta: {"u": -theta["v"], "v": theta["u"]}),
        "wrong_way": Symmetry(phase, lambda theta: {"u": theta["v"], "v": -theta["u"]}),
        "rescaling": Symmetry(None, lambda theta: {"gain": theta["gain"], "loss": -theta["loss"]}),
        "exchange": DiscreteSymmetry(lambda theta: {name: theta[name][::-1] for name in ("u", "v", "momentum")}),
    }


theory = Theory(ModelFile(model, "tilted", symmetries=symmetries))
tilted = sample(theory, "reweight", num_draws=2500)
say(tilted)

# %% [markdown]
# The rescaling is a redundancy although its $B$ is not zero: $B$ averages to zero over all parameters of one field, and
# no functional of the field can notice. The wrong way is caught by the lift, before any density matters.

# %%
verdicts = {name: one["verdict"] for name, one in tilted.findings["symmetries"].items()}
assert verdicts == {
    "phase": "anomalous",
    "wrong_way": "not_a_symmetry",
    "rescaling": "redundancy",
    "exchange": "redundancy",
}
assert tilted.findings["symmetries"]["phase"]["broken_by"] == ["action"]

# %% [markdown]
# ## What nobody declared
#
# `discover` looks among many vector fields for combinations with $B=0$, and for those that no field notices; see
# `nnft discover`. Without the tilt the phase `v∂u − u∂v` is a symmetry again. So is what turns neurons, or momenta and
# amplitudes of one law, into each other: it maps the ensemble to itself, and acts on no field by itself.

# %%
free = Theory(ModelFile(model, "tilted"), tilt=0.0)
draws = jax.vmap(free.free_draw)(jax.random.split(jax.random.key(0), 256))
discovered = discover(free, default_basis(free), draws, independent=True)
for one in discovered.generators:
    if one.verdict in {"symmetry", "redundancy"}:
        print(one.verdict, one.words)
