r"""Gaussian plane waves with a smooth or cut-off kernel in time: good covariances that violate reflection positivity.

    φ(t) = N^{−1/2} Σ_{i=1}^N g(b_i) [α_i cos b_i t + β_i sin b_i t],   α, β ~ N(0, 1), b ~ the spectral density; S = 0

`kernel` at t > 0 in units of `length`: "gaussian" e^{−t²/2}; "matern32" (1 + t) e^{−t}; "matern52" (1 + t + t²/3)
e^{−t}; "smeared" (2e^{−t} + e^{−|t−1|} + e^{−(t+1)})/4, that of (x_{t−½} + x_{t+½})/2 for an Ornstein–Uhlenbeck
process x; "ball", the propagator 1/(p² + 1) below |p| = 5; "pauli_villars" e^{−t}/2 − e^{−2t}/4; and "exponential"
e^{−t}, the only one that is reflection positive. All have positive spectral densities; K(t_i + t_j) ≥ 0 asks for
K(t) = ∫dρ(E) e^{−Et}.

`two_point` = K at `separation` 0, ½, 1, 2; `positivity` = M_ij = ⟨φ(−t_i) φ(t_j)⟩ = K(t_i + t_j) at t = .25, .75, 1.5,
2.5; `witness` = vMv with v from M's lowest eigenvalue: −.09889, −.06375, −.1109, −.0963, −.00184, −.00898, 0 in this
order. `commutator` = E[(φ(t+ε) − φ(t))²]/ε at `step` .01, .1: O(ε) where draws are smooth, 2 for "exponential".

Control: the kernel e^{−t} (e^{−t²/2} for "exponential"). Units: times in those of `length`. Limits: N -> ∞ is the
Gaussian process; two-point functions are those of it at every N. Source: spectral densities of standard covariances;
docs/theory/axioms.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_positive
from nnft_ppl.densities import PropagatorMomentum
from nnft_ppl.exact import KERNELS, lowest, time_kernel
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.observables import Derived, at, product, two_point

SEPARATIONS = np.array([0.0, 0.5, 1.0, 2.0])
MIRRORED = np.array([0.25, 0.75, 1.5, 2.5])
STEPS = np.array([0.01, 0.1])
SPECTRA = {
    "gaussian": lambda: dist.Normal(0, 1),
    "matern32": lambda: dist.StudentT(3, 0, 3**-0.5),
    "matern52": lambda: dist.StudentT(5, 0, 5**-0.5),
    "ball": lambda: PropagatorMomentum(1, 1.0, 5.0),
}
"""Laws of b; that of the other kernels is Cauchy's, with a factor g."""


def model(kernel="gaussian", length=1.0, width=16):
    """Waves with Gaussian amplitudes, without an action."""
    require_choice("smooth_kernel", "kernel", kernel, KERNELS)
    require_positive("smooth_kernel", "length", length)
    require_count("smooth_kernel", "width", width)
    with numpyro.plate("neuron", width):
        drawn = numpyro.sample("momentum", SPECTRA.get(kernel, lambda: dist.Cauchy(0, 1))())
        pair = numpyro.sample("amplitude", dist.Normal(0, 1).expand([2]).to_event(1))
    momentum = jnp.reshape(drawn, (width, 1))
    factor = math.sqrt(float(time_kernel("ball", 0.0))) if kernel == "ball" else jnp.ones(width)
    if kernel == "smeared":
        factor = jnp.cos(momentum[:, 0] / 2)
    if kernel == "pauli_villars":
        factor = jnp.sqrt(1.5 / (4 + momentum[:, 0] ** 2))
    return PlaneWaves(pair, momentum / length, weight=factor / math.sqrt(width))


def observables(kernel, length):
    """The kernel, the matrix of mirrored times with its witness, and the roughness."""
    mirrored, steps = MIRRORED * length, STEPS * length
    step = (at(steps[:, None] / 2) - at(-steps[:, None] / 2)) * STEPS**-0.5
    witness = lowest(time_kernel(kernel, np.add.outer(MIRRORED, MIRRORED))).vector
    coords = {"time": tuple(mirrored)}
    return {
        "two_point": two_point(separation=tuple(SEPARATIONS * length), dim=1),
        "positivity": product(
            at(-mirrored[:, None, None]), at(mirrored[:, None]), dims=("time", "mirrored"), coords=coords
        ),
        "witness": Derived(lambda means: witness @ means["positivity"] @ witness),
        "commutator": product(step, step, dims=("step",), coords={"step": tuple(steps)}),
    }


def exact(kernel):
    """K itself; it has no width."""
    matrix = time_kernel(kernel, np.add.outer(MIRRORED, MIRRORED))
    return {
        "two_point": time_kernel(kernel, SEPARATIONS),
        "positivity": matrix,
        "witness": lowest(matrix).value,
        "commutator": 2 * (time_kernel(kernel, 0.0) - time_kernel(kernel, STEPS)) / STEPS,
    }


def control(kernel):
    """Another kernel: of one that is reflection positive one that is not, and the other way round."""
    return {"kernel": "gaussian" if kernel == "exponential" else "exponential"}
