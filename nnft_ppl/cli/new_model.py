r"""A neural network in one dimension, with a quartic action in a box.

    φ(x) = √(2/N) Σ_{i=1}^N a_i cos(b_i x + c_i),    a_i, b_i ~ N(0, 1),    c_i uniform
    S = (λ/4!) ∫_box φ⁴ dx,                          density ∝ (density of a, b, c) · exp(−S)

Without the action the two-point function is exp(−r²/2). Units and source: yours.
"""

import jax.numpy as jnp
import numpyro
from numpyro import distributions as dist

from nnft_ppl.observables import two_point
from nnft_ppl.spaces import Box


def model(width=64, side=4.0, coupling=1.0):
    """The network, and its action."""
    with numpyro.plate("neuron", width):
        amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
        momentum = numpyro.sample("momentum", dist.Normal(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-jnp.pi, jnp.pi))

    def phi(x):
        return jnp.sqrt(2 / width) * jnp.sum(amplitude * jnp.cos(momentum * x[0] + phase))

    box = space(side)
    # The interaction: one line for each term, always minus the action. This is the place to change it.
    numpyro.factor("quartic", -coupling / 24 * box.integrate(box.evaluate(phi) ** 4))
    return phi


def space(side):
    """Where the action is integrated."""
    return Box(side, dim=1, points=48)


def observables(side):
    """What is measured: ⟨φ(−r/2) φ(r/2)⟩ at some distances r."""
    return {"two_point": two_point([0.0, side / 4, side / 2])}
