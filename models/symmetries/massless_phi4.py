r"""φ⁴ theory in a Gaussian window, and its dilatation: classical scale invariance is broken by the edge of the momenta.

    φ(x) = √(2 Z_α/N) Σ_{i=1}^N a_i (b_i² + m²)^{α/2} cos(b_i·x + c_i),    |b_i| < Λ,    a_i ~ N(0, 1)
    S = (λ/4!) ∫ d^dx exp(−x²/2w²) φ⁴

with momenta of density ∝ (b² + m²)^{−1−α}, c_i uniform and w = `window`; S is a sum over fourfold products of waves, in
closed form. `dilatation` is δφ = Δφ + x·∂φ, Δ = (d − 2)/2, lifted by V = Σ_i [a_i (Δ − α b_i²/(b_i² + m²)) ∂_{a_i} +
b_i·∂_{b_i}]. At λ = 0 all that is left of its breaking at m = 0 is the flux through |b| = Λ.

`two_point` is ⟨φ(r e₁) φ(0)⟩, `dilated` its change (2Δ + r ∂_r) G = Λ ∂_Λ G + m ∂_m G, in d = 4 at m = 0 equal to
Λ J₁(Λr)/(4π²r). `bubble_flux` (d = 4, m = 0, α = 0): with neurons moved to |b| = Λ, Λ ∂_Λ of the one-loop bubble at
`momentum` p by both of its lines; 1/(8π²) at p/Λ → 0, whence β = 3λ²/(16π²). Control: `dilated` without the flux and
`bubble_flux` by one line; at λ > 0 draws without the interaction.

Units: lengths in those of w. Limits: N → ∞ is local φ⁴ with cut-off Λ, at λ = 0 the Gaussian field; m = 0 wants d > 2.
At α = −1 and m = 0 in d = 4 small momenta let variances of products of two fields diverge as ln b, those of four fields
already in their means; at α = 0 nothing diverges.
Source: arXiv:2307.03223 (α = −1), arXiv:2604.27050 (α = 0), arXiv:2605.12488 (identities in parameter space);
derivation in docs/theory/symmetries.md.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_non_negative, require_positive, require_sign
from nnft_ppl.densities import PropagatorMomentum, UniformBall
from nnft_ppl.exact import ball_moment, ball_propagator, bubble_flux, cutoff_derivative, mass_derivative
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.identities import NeuronField
from nnft_ppl.observables import Insertion, Observable, at, n_point, product
from nnft_ppl.spaces import Box
from nnft_ppl.symmetries import Symmetry

SEPARATIONS, MOMENTA = [0.5, 1.5, 3.0], [0.1, 0.3]


def model(width=2, dim=4, cutoff=2.0, coupling=0.0, alpha=-1, mass=0.0, window=1.0):
    """Plane waves with a quartic action in a Gaussian window."""
    require_count("massless_phi4", "width", width)
    require_count("massless_phi4", "dim", dim, most=4)
    require_choice("massless_phi4", "alpha", alpha, (-1, 0))
    require_sign("massless_phi4", "mass", mass, zero=dim > 2)  # below three dimensions a massless field is infinite
    require_positive("massless_phi4", "window", window)
    require_non_negative("massless_phi4", "coupling", coupling)
    with numpyro.plate("neuron", width):
        law = UniformBall(dim, cutoff) if alpha == -1 else PropagatorMomentum(dim, mass, cutoff)
        b = numpyro.sample("momentum", law)
        c = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        a = numpyro.sample("amplitude", dist.Normal(0, 1))
    scale = math.sqrt(2 * ball_moment(dim, mass, cutoff, 1 + alpha) / width)
    phi = PlaneWaves(a, b, c, scale * (jnp.sum(b**2, axis=-1) + mass**2) ** (alpha / 2))
    if coupling:
        numpyro.factor("quartic", -coupling / 24 * quartic_in_window(phi, window))
    return phi


def quartic_in_window(phi, window):
    """∫ exp(−x²/2w²) φ⁴ = (2πw²)^{d/2} Σ A_i A_j A_k A_l exp(−w²|b_i + b_j + b_k + b_l|²/2), φ = Σ A_i exp(i b_i·x)."""
    b = jnp.concatenate([phi.momentum, -phi.momentum])
    wave = jnp.concatenate([phi.cosine - 1j * phi.sine, phi.cosine + 1j * phi.sine]) / 2
    total = (b[:, None] + b).reshape(-1, phi.dim)
    pairs = (wave[:, None] * wave).ravel()
    smooth = jnp.exp(-(window**2) / 2 * jnp.sum((total[:, None] + total) ** 2, axis=-1))
    return (2 * math.pi * window**2) ** (phi.dim / 2) * jnp.real(pairs @ smooth @ pairs)


def space(dim, window):
    """Where the window is open; nothing is integrated over it."""
    return Box(4 * window, dim, points=2)


def change(phi, x, weight):
    """δφ(x) = weight φ + x·∂φ."""
    value, along = jax.jvp(phi, (x,), (x,))
    return weight * value + along


def symmetries(dim, alpha, mass):
    """Dilatation, with products of two fields and a bounded function of one."""
    weight, axis = (dim - 2) / 2, np.eye(dim)[0]

    def lift(neuron):
        square = jnp.sum(neuron["momentum"] ** 2)
        scaled = weight - alpha * (square / (square + mass**2) if mass else 1.0)
        return {"momentum": neuron["momentum"], "amplitude": neuron["amplitude"] * scaled}

    points = np.array([1.5, 0.0, 0.4, -0.8])[:, None] * axis
    functionals = {
        "pairs": n_point(points.reshape(2, 2, dim)),
        "bounded": Observable(lambda phi: jnp.tanh(phi(points[0]) * phi(points[1]))),
    }
    lifted = NeuronField("dilatation", lift)
    return {"dilatation": Symmetry(lambda phi, x: change(phi, x, weight), lifted, points, functionals)}


def observables(dim, cutoff, alpha, mass):
    """Two-point function, its change by the dilatation and, at α = 0 and m = 0 in d = 4, what leaves the bubble."""
    x = np.outer(SEPARATIONS, np.eye(dim)[0])
    # At the origin δφ = Δφ, which the first factor takes over.
    first, origin = Insertion(lambda phi: jax.vmap(lambda one: change(phi, one, dim - 2.0))(x)), at(0 * x[0])
    where = {"dims": ("separation",), "coords": {"separation": SEPARATIONS}}
    found = {"two_point": product(at(x), origin, **where), "dilated": product(first, origin, **where)}
    if (dim, alpha, mass) == (4, 0, 0):
        found["bubble_flux"] = Observable(
            lambda phi: through_edge(phi.momentum, cutoff), ("momentum",), {"momentum": MOMENTA}
        )
    return found


def through_edge(b, cutoff):
    """Λ ∂_Λ B by both lines: b on its sphere carries 2Z per line, Z = Λ²/(16π²), times the other's 1/(b + p)²."""
    edge = cutoff * b / jnp.linalg.norm(b, axis=-1, keepdims=True)
    square = jnp.sum((edge + jnp.outer(jnp.array(MOMENTA), jnp.eye(4)[0])[:, None]) ** 2, axis=-1)
    return 4 * cutoff**2 / (4 * math.pi) ** 2 * jnp.mean(jnp.where(square < cutoff**2, 1 / square, 0.0), axis=-1)


def exact(dim, cutoff, coupling, alpha, mass):
    """Known without the interaction: closed forms and radial integrals."""
    if coupling:
        return {}
    free = (np.array(SEPARATIONS), dim, mass, cutoff)
    known = {"two_point": ball_propagator(*free), "dilated": cutoff_derivative(*free) + mass_derivative(*free)}
    bubble = {"bubble_flux": np.array([2 * bubble_flux(p, cutoff) for p in MOMENTA])}
    return known | (bubble if (dim, alpha, mass) == (4, 0, 0) else {})


def control(dim, cutoff, coupling, alpha, mass):
    """No flux through the edge of the momenta, and that of one line of the bubble; at λ > 0 no interaction."""
    if coupling:
        return {"coupling": 0.0}
    one_line = {"bubble_flux": np.array([bubble_flux(p, cutoff) for p in MOMENTA])}
    wrong = {"dilated": mass_derivative(np.array(SEPARATIONS), dim, mass, cutoff)}
    return wrong | (one_line if (dim, alpha, mass) == (4, 0, 0) else {})
