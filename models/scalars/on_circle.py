r"""O(n) φ⁴ theory on a circle: the n-dimensional quartic oscillator at temperature 1/T, of Fourier features.

    φ_a(t) = c_a/(m√T) + Σ_{k=1}^K √(2/T/(ω_k² + m²)) (a_ka cos ω_k t + b_ka sin ω_k t),    ω_k = 2πk/T,    all N(0, 1)
    S = (λ/4!) ∫₀ᵀ (φ·φ)² + (δm²/2) ∫₀ᵀ φ·φ + (κ/2) ∫₀ᵀ φ₁²,             density ∝ (free density) · exp(−S)

With the counter-term δm² = λ (n+2)/6 (G_free(0) − G_free,K(0)) the modes above K are integrated out to order λ:
Tr e^{−TH}, H = p²/2 + m²r²/2 + (λ/4!) r⁴ in n dimensions. κ = `anisotropy` breaks the rotation symmetry, and is the
control: `exact` is that of κ = 0, with the counter-term.

Symmetries: `rotation` of the components; `translation`, φ(t) -> φ(t) + ε φ'(t).

Units: lengths in 1/m. Limits: n = 1 is `phi4_circle`; λ = 0 is free. Source: Fourier networks of arXiv:2504.05462
deformed as in arXiv:2307.03223; the counter-term and the radial diagonalisation are derived in docs/theory/circle.md.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl import Observable
from nnft_ppl.arguments import require_count, require_non_negative
from nnft_ppl.exact import thermal_fourth_moment, thermal_vector_two_point
from nnft_ppl.families import circle_separations, missing_modes
from nnft_ppl.fields import FourierSeries, free_scales, stack
from nnft_ppl.spaces import Circle
from nnft_ppl.symmetries import Symmetry, rotations


def model(components=2, period=4.0, mass=1.0, coupling=6.0, modes=40, counterterm=True, anisotropy=0.0):
    """A Fourier field of several components with a rotation-invariant quartic action."""
    require_non_negative("on_circle", "coupling", coupling)  # below zero the action has no minimum
    require_count("on_circle", "components", components)
    constant_scale, mode_scales = free_scales(period, mass, modes)
    with numpyro.plate("component", components):
        constant = constant_scale * numpyro.sample("constant", dist.Normal(0, 1))
        with numpyro.plate("mode", modes):
            cosine = mode_scales[:, None] * numpyro.sample("cosine", dist.Normal(0, 1))
            sine = mode_scales[:, None] * numpyro.sample("sine", dist.Normal(0, 1))
    phi = stack([FourierSeries(period, constant[a], cosine[:, a], sine[:, a]) for a in range(components)])
    circle = space(period, modes)
    phi_t = circle.evaluate(phi)
    squared = jnp.sum(phi_t**2, axis=-1)
    numpyro.factor("quartic", -coupling / 24 * circle.integrate(squared**2))
    if counterterm:
        shift = coupling * (components + 2) / 6 * float(missing_modes(0.0, period, mass, modes))
        numpyro.factor("counterterm", -shift / 2 * circle.integrate(squared))
    if anisotropy:
        numpyro.factor("anisotropy", -anisotropy / 2 * circle.integrate(phi_t[:, 0] ** 2))
    return phi


def space(period, modes):
    """The circle, with a grid on which φ⁴ is integrated exactly."""
    return Circle(period, modes=modes)


def observables(components, period, modes):
    """The two-point function of each component, and ⟨(φ·φ)²⟩, averaged over the circle."""
    circle, times = space(period, modes), circle_separations(period)
    coords = {"component": tuple(range(1, components + 1)), "separation": tuple(times.tolist())}

    def pairs(phi):
        return jnp.stack([one.translation_average(times) for one in phi.fields])

    def invariant(phi):
        return circle.average(jnp.sum(circle.evaluate(phi) ** 2, axis=-1) ** 2)

    return {
        "two_point": Observable(pairs, ("component", "separation"), coords).in_units("1/mass", separation="1/mass"),
        "invariant": Observable(invariant).in_units("mass^-2"),
    }


def symmetries(components, period, modes):
    """Translations of t, and rotations of the components, which `anisotropy` breaks by its action."""
    frequency = 2 * jnp.pi / period * jnp.arange(1, modes + 1)[:, None]
    points = jnp.array([[0.0], [period / 8]])

    def shifted(theta):
        return {"cosine": frequency * theta["sine"], "sine": -frequency * theta["cosine"]}

    def derivative(phi, x):
        return jax.jvp(phi, (x,), (jnp.ones_like(x),))[1]

    def products(phi):
        here, there = phi(points[0]), phi(points[1])
        return jnp.stack([here[0] * here[-1], here[0] * there[-1], jnp.tanh(here[0] ** 3 * there[-1])])

    def average(phi, power):
        first, last = space(period, modes).evaluate(phi)[:, jnp.array([0, -1])].T
        return space(period, modes).average(first**power * last)

    averages = {
        "average of φ₁φₙ": Observable(lambda phi: average(phi, 1)),
        "average of φ₁³φₙ": Observable(lambda phi: average(phi, 3)),
    }
    turns = [jnp.asarray(one) for one in rotations(components)]
    actions = [lambda phi, x, turn=turn: turn @ phi(x) for turn in turns]
    lifts = [lambda theta, turn=turn: {site: value @ turn.T for site, value in theta.items()} for turn in turns]
    found = {"translation": Symmetry(derivative, shifted, points, {"products": Observable(products)})}
    return found | ({"rotation": Symmetry(actions, lifts, points, averages)} if turns else {})


def exact(components, period, mass, coupling, modes):
    """The O(n) oscillator on these modes, without anisotropy."""
    pairs = exact_two_point(circle_separations(period), components, period, mass, coupling, modes)
    missing = float(missing_modes(0.0, period, mass, modes))
    fourth = thermal_fourth_moment(period, coupling, mass, components)
    fourth -= 2 * (components + 2) * missing * components * pairs[0] + components * (components + 2) * missing**2
    return {"two_point": np.tile(pairs, (components, 1)), "invariant": fourth}


def control():
    """A mass term for the first component alone, which breaks the rotation symmetry."""
    return {"anisotropy": 1.0}


def exact_two_point(t, components, period, mass, coupling, modes):
    """Tr(e^{−(T−t)H} q_a e^{−tH} q_a)/Tr e^{−TH} minus what the missing modes would add to the free propagator."""
    return thermal_vector_two_point(t, period, coupling, mass, components) - missing_modes(t, period, mass, modes)
