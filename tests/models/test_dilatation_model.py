"""φ⁴ in a window under dilatations: one neuron by quadrature, the interacting identity by HMC, the bubble's flux."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats
from statistical import ACCEPTED

from nnft_ppl import load
from nnft_ppl.exact import bubble_flux
from nnft_ppl.exact.quadrature import interval_rule
from nnft_ppl.identities import Current, NeuronField
from nnft_ppl.identities.parameter_density import ParameterDensity
from nnft_ppl.observables import n_point
from nnft_ppl.statistics import estimate
from nnft_ppl.symmetries import WardIdentities, free_amplitudes, generators

SETS = [
    {},
    {"dim": 3, "cutoff": 3.0},
    {"dim": 4, "alpha": 0, "mass": 0.6},
    {"dim": 1, "mass": 0.7, "cutoff": 3.0},
    {"dim": 2, "alpha": 0, "mass": 0.5, "window": 2.0},
]
REJECTED = 8.0


def neurons(dim=4, alpha=-1, mass=0.0, cutoff=2.0, start=0.0, radii=28, **_):
    """Momenta (node, dim), phases and weights of one neuron, by a rule in |b|, its angle with e₁, and the phase."""
    radius, of_radius = interval_rule(0.0, cutoff, radii)
    of_radius = of_radius * radius ** (dim - 1) * (radius**2 + mass**2) ** (-1.0 - alpha)
    angle, of_angle = interval_rule(start, math.pi, 28) if dim > 1 else (np.array([0, math.pi]), np.ones(2))
    of_angle = of_angle * np.sin(angle) ** (dim - 2) if dim > 1 else of_angle
    full = special.beta((dim - 1) / 2, 0.5) if dim > 1 else 2
    phase = math.pi * (np.arange(4) + 0.5) / 2 - math.pi  # exact up to third harmonics
    r, t, c = (one.ravel() for one in np.meshgrid(radius, angle, phase, indexing="ij"))
    b = np.zeros((len(r), dim))
    b[:, 0] = r * np.cos(t)
    if dim > 1:
        b[:, 1] = r * np.sin(t)
    weights = np.einsum("i,j,k->ijk", of_radius / of_radius.sum(), of_angle / full, np.full(4, 0.25))
    return b, c, weights.ravel()


def parameters(b, c):
    """Of networks of one neuron, with an amplitude of 1, where products of two fields have their average."""
    return {"momentum": jnp.asarray(b)[:, None], "phase": jnp.asarray(c)[:, None], "amplitude": jnp.ones((len(c), 1))}


@pytest.mark.parametrize("keywords", SETS, ids=str)
def test_answers_by_a_rule_over_one_neuron(keywords):
    theory = load("massless_phi4", width=1, **keywords)
    density = ParameterDensity(theory)
    b, c, weights = neurons(**keywords)
    names = ("two_point", "dilated")

    def values(theta):
        returned = density.at(theta).returned
        return [theory.observables[name](returned) for name in names]

    found = jax.jit(jax.vmap(values))(parameters(b, c))
    for name, one in zip(names, found, strict=True):
        np.testing.assert_allclose(weights @ np.asarray(one), theory.exact[name], rtol=1e-9, atol=1e-12)
    (wrong,) = theory.control.answers.values()
    assert np.max(np.abs(weights @ np.asarray(found[1]) - wrong)) > 1e-3


@pytest.fixture(scope="module")
def ward():
    """Per-draw terms of all nodes of one neuron in d = 4 without a mass, and their weights."""
    theory = load("massless_phi4", width=1)
    declared = theory.symmetries["dilatation"]
    (generator,) = generators(theory, "dilatation", declared)
    functionals = {"pairs": declared.functionals["pairs"]}
    one = WardIdentities(theory, generator, functionals, free_amplitudes(theory))
    b, c, weights = neurons(radii=20)
    size = np.linalg.norm(b, axis=1, keepdims=True)
    own = {
        "momentum": b / size * np.sqrt(stats.chi2.ppf((size / 2) ** 4, 4)),
        "phase": stats.norm.ppf((c + math.pi) / (2 * math.pi))[:, None],
        "amplitude": np.ones((len(c), 1)),
    }
    positions = np.concatenate([own[name] for name in theory.groups], axis=1)
    found = jax.jit(lambda z: jax.lax.map(one, z, batch_size=560))(positions)
    assert one.averaged == (False, True, True)
    return {name: np.asarray(value) for name, value in found.items()}, weights


def test_the_breaking_of_scale_invariance_is_the_edge_of_the_ball(ward):
    """Λ J₁(Λr)/(4π²r) at r = 1.5 and 1.2; E[B F] is nothing for one neuron, and without the flux nothing agrees."""
    found, weights = ward
    r = np.array([1.5, 1.2])
    exact = 2 * special.j1(2 * r) / (4 * math.pi**2 * r)
    assert exact[0] == pytest.approx(0.011451, abs=5e-7)
    change, breaking, flux = (weights @ found[f"averaged_{name}"] for name in ("change", "breaking", "flux"))
    np.testing.assert_allclose(change, exact, atol=1e-10)
    np.testing.assert_allclose(flux, exact, atol=1e-10)
    np.testing.assert_allclose(breaking, 0, atol=1e-10)
    assert np.all(np.abs(change + breaking) > 0.01)  # without the flux


def test_the_lift_dilates_every_draw(ward):
    found, _ = ward
    assert np.max(found["lift_missed"] / found["lift_size"]) < 1e-13
    assert np.max(found["averaged_missed"]) < 1e-12
    np.testing.assert_allclose(found["flux"][:, 0], 4, rtol=1e-12)


def test_window_integral():
    """The sum over waves against a rule in x."""
    theory = load("massless_phi4", dim=2, mass=0.5, coupling=3.0, window=0.7, width=3)
    positions = jax.random.normal(jax.random.key(2), (5, theory.dimension))
    x, weights = interval_rule(-6.0, 6.0, 60)
    weights = np.outer(weights, weights) * np.exp(-np.add.outer(x**2, x**2) / (2 * 0.7**2))

    def both(z):
        reading = theory.at(z)
        return reading.potential, 3.0 / 24 * jnp.sum(weights * reading.returned.on_grid((x, x)) ** 4)

    np.testing.assert_allclose(*jax.jit(jax.vmap(both))(positions), rtol=1e-9, atol=1e-12)


def test_interacting_identity_by_weights(key):
    """d = 1 in a window: the identity holds on weighted free draws; without the interaction −.128 is left."""
    theory = load("massless_phi4", dim=1, mass=0.7, cutoff=3.0, coupling=2.0)
    (generator,) = generators(theory, "dilatation", theory.symmetries["dilatation"])
    functional = n_point(np.array([[0.4], [-0.8]]))
    flux = generator.current.flux(lambda returned, values: functional(returned))

    def terms(z):
        found = generator.current.carry(z, lambda returned, values: functional(returned))
        edge = flux.through_edges(theory.transport(z))
        whole = found.breaking * found.functional + found.change - edge
        return {"whole": whole, "without interaction": whole - found.action * found.functional}, theory.action(z)

    draws = jax.jit(jax.vmap(jax.vmap(lambda key: terms(theory.free_draw(key)))))
    found, action = draws(jax.random.split(key, (4, 4000)))
    series = {name: np.asarray(value) for name, value in found.items()}
    residuals = estimate(series, None, -np.asarray(action), independent=True)
    whole, without = ((float(residuals[name].value), float(residuals[name].error)) for name in series)
    assert abs(whole[0]) < ACCEPTED * whole[1]
    assert abs(without[0]) > REJECTED * without[1]
    assert abs(without[0] + 0.12797) < ACCEPTED * without[1]


@pytest.mark.parametrize(("momentum", "cutoff"), [(0.3, 4.0), (0.1, 2.0)])
def test_the_flux_of_features_makes_the_bubble_grow(momentum, cutoff):
    """Of one line: V = b·∂_b and F = Z G(b + p) below the cut-off, on the ensemble of momenta of the propagator."""
    theory = load("massless_phi4", width=1, alpha=0, cutoff=cutoff)
    step = jnp.array([momentum, 0, 0, 0])

    def line(returned, values):
        square = jnp.sum((values["momentum"][0] + step) ** 2)
        return cutoff**2 / (4 * math.pi) ** 2 * jnp.where(square < cutoff**2, 1 / square, 0.0)

    field = NeuronField("scale", lambda neuron: {"momentum": neuron["momentum"]})
    flux = Current(theory, field).flux(line)
    start = math.acos(-momentum / (2 * cutoff))  # where the other line meets the edge
    b, c, weights = neurons(alpha=0, cutoff=cutoff, start=start, radii=2)
    density, measured = ParameterDensity(theory), theory.observables["bubble_flux"]

    def both(theta):
        return flux.through_edges(theta), measured(density.at(theta).returned)

    one_line, lines = (weights @ np.asarray(one) for one in jax.jit(jax.vmap(both))(parameters(b, c)))
    assert one_line == pytest.approx(bubble_flux(momentum, cutoff), rel=1e-9)
    place = measured.coords["momentum"].index(momentum)
    assert lines[place] == pytest.approx(theory.exact["bubble_flux"][place], rel=1e-9)
    assert lines[place] == pytest.approx(2 * one_line, rel=1e-9)


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"dim": 2}, "mass = 0.0; give finite numbers > 0"),
        ({"alpha": 1}, "alpha = 1; give one of -1, 0"),
        ({"coupling": -1.0}, "coupling = -1"),
        ({"dim": 5}, "dim = 5"),
    ],
)
def test_mistakes(keywords, text):
    with pytest.raises(ValueError, match=text):
        load("massless_phi4", **keywords)
