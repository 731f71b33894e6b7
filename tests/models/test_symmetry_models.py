"""Models with symmetries: lifts and breaking functions draw by draw, exact answers against independent quadrature."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from statistical import ACCEPTED, sigmas, worst_pull

from nnft_ppl import load, sample
from nnft_ppl.exact import erf_rotation, group_four_point, group_two_point, rescaling_breaking
from nnft_ppl.identities import Current, ParameterField
from nnft_ppl.observables import at, product
from nnft_ppl.symmetries import WardIdentities, declared, free_amplitudes, generators
from nnft_ppl.symmetries.lift import lift_defect

CONTROL = 8.0
TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])


def carried(theory, current, draws, functional=lambda returned, values: jnp.ones(())):
    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(5), draws))
    found = jax.jit(jax.vmap(lambda z: current.carry(z, functional)))(positions)
    return jax.tree.map(np.asarray, found), positions


def all_generators(theory):
    for name, symmetry in declared(theory).items():
        yield from generators(theory, name, symmetry)


@pytest.mark.parametrize(
    ("name", "keywords", "parts"),
    [
        ("rotated_erf", {}, {"score"}),
        ("rotated_erf", {"variance": (0.5, 0.5)}, set()),
        ("relu_rescaling", {}, {"score", "jacobian"}),
        ("relu_rescaling", {"activation": "leaky", "bias": False, "dim": 2}, {"score", "jacobian"}),
        ("deep_linear", {"hidden": 3}, {"score", "jacobian"}),
        ("output_group", {"components": 3}, set()),
        ("output_group", {"group": "u"}, set()),
        ("output_group", {"group": "usp", "law": "uniform"}, set()),
        ("deformed_rotation", {"quartic": "matrix"}, set()),
        ("deformed_rotation", {"quartic": "entrywise", "columns": 2}, {"action"}),
        ("on_circle", {"modes": 4, "components": 3}, set()),
        ("on_circle", {"modes": 4, "anisotropy": 0.7}, {"action"}),
    ],
)
def test_lifts_do_what_the_fields_should_and_break_what_they_may(name, keywords, parts):
    theory = load(name, **keywords)
    position = theory.free_draw(jax.random.key(1))
    broken = set()
    for generator in all_generators(theory):
        defect = lift_defect(generator.name, theory, generator.current, generator.variation, generator.points)

        def looked(position, defect=defect, current=generator.current):
            return defect(position), current.carry(position, lambda returned, values: jnp.ones(()))

        found, terms = jax.jit(looked)(position)
        assert np.max(np.abs(found.missed)) <= 1e-12 * np.max(found.size)
        if abs(terms.breaking) > 1e-10:
            broken |= {part for part in ("score", "jacobian", "action") if abs(getattr(terms, part)) > 1e-10}
    assert broken == parts


def test_tanh_has_no_rescaling():
    theory = load("relu_rescaling", activation="tanh")
    (one,) = all_generators(theory)
    found = lift_defect(one.name, theory, one.current, one.variation, one.points)(theory.free_draw(jax.random.key(1)))
    assert np.max(np.abs(found.missed)) > 1e-3 * np.max(found.size)


@pytest.mark.parametrize(
    ("x", "y", "variance", "bias"),
    [
        ((1.0, 0.5), (-0.3, 1.2), (1.0, 0.25), 0.5),
        ((0.4, -0.9), (0.8, 0.1), (0.3, 1.1), 0.0),
        ((1.0, 0.5), (-0.3, 1.2), (0.2, 0.9), 1.3),
        ((-0.7, 0.6), (0.5, 1.0), (0.6, 0.5), 0.2),
    ],
)
def test_the_turn_of_the_kernel_is_the_breaking_function_integrated(x, y, variance, bias):
    found = erf_rotation(x, y, np.diag(variance), bias, TURN)
    nodes, weights = special.roots_hermitenorm(64)
    first, second, shift = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    weight = np.einsum("i,j,k->ijk", weights, weights, weights) / (2 * np.pi) ** 1.5
    first, second, shift = first * variance[0] ** 0.5, second * variance[1] ** 0.5, shift * bias**0.5
    values = [special.erf(first * point[0] + second * point[1] + shift) for point in (x, y)]
    score = first * second * (1 / variance[0] - 1 / variance[1])
    assert found.kernel == pytest.approx(np.sum(weight * values[0] * values[1]), abs=1e-7)
    assert found.total == pytest.approx(-np.sum(weight * score * values[0] * values[1]), abs=1e-7)
    if variance == (1.0, 0.25):
        assert found.total == pytest.approx(0.296605, abs=5e-7)
    assert abs(erf_rotation(x, y, 0.4 * np.eye(2), bias, TURN).total) < 1e-15  # invariant


def test_the_rotation_anomaly_is_sharp_where_amplitudes_are_averaged():
    """−E[BF] = .296605; without B the identity is rejected, and so is the lift of the wrong sign."""
    theory = load("rotated_erf", width=4)
    symmetry = declared(theory)["rotation"]
    (one,) = generators(theory, "rotation", symmetry)
    ward = WardIdentities(theory, one, {"F": product(at([1.0, 0.5]), at([-0.3, 1.2]))}, free_amplitudes(theory))
    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(2), 20_000))
    found = {name: np.asarray(value) for name, value in jax.jit(jax.vmap(ward))(positions).items()}
    assert np.max(found["averaged_missed"]) < 1e-12
    change, breaking = found["averaged_change"][:, 0], found["averaged_breaking"][:, 0]
    answer = float(theory.exact["rotation"])
    assert sigmas(change, answer) < ACCEPTED
    assert sigmas(-breaking, answer) < ACCEPTED
    assert sigmas(change + breaking, 0) < ACCEPTED
    assert sigmas(change, 0) > CONTROL
    assert sigmas(change - breaking, 0) > CONTROL


def rescaling_by_hand(width, variance):
    """E[(E[v_1²|φ, u] − u_1²/variance) tanh φ²] for tanh, by the trapezoidal rule in z = φ/√T and each u."""
    grid = np.linspace(0, 8.5, 601 if width == 1 else 181)  # all is even
    weight = np.exp(-(grid**2) / 2)
    weight[0] /= 2
    weight /= np.sum(weight)
    powers = np.tanh(variance**0.5 * grid) ** 2
    shapes = [[-1 if axis == own else 1 for axis in range(width + 1)] for own in range(width + 1)]
    mine = powers.reshape(shapes[0])
    total = sum(powers.reshape(shape) for shape in shapes[:-1])
    z = grid.reshape(shapes[-1])
    share = mine / np.where(total > 0, total, 1.0)
    value = (1 + share * (z**2 - 1) - grid.reshape(shapes[0]) ** 2) * np.tanh(total * z**2)
    for _ in range(width + 1):
        value = np.tensordot(weight, value, axes=(0, 0))
    return float(value)


@pytest.mark.parametrize(("width", "variance"), [(1, 1.0), (1, 2.74), (2, 2.74), (2, 0.6)])
def test_the_rescaling_of_tanh_by_quadrature(width, variance):
    found = rescaling_breaking(np.tanh, width, variance)
    assert found.bounded == pytest.approx(rescaling_by_hand(width, variance), abs=1e-9)


def test_the_rescaling_of_homogeneous_neurons_breaks_nothing():
    assert rescaling_breaking(np.tanh, 1, 1.0).squared == pytest.approx(0.424993605, abs=1e-9)
    assert rescaling_breaking(np.tanh, 4, 2.74).bounded == pytest.approx(0.0550, abs=1e-4)
    for slope, width, variance in [(0.0, 4, 2.74), (0.01, 2, 1.0), (0.3, 1, 5.0)]:
        found = rescaling_breaking(lambda u, slope=slope: np.maximum(u, slope * u), width, variance)
        assert abs(found.bounded) < 1e-12
        assert abs(found.squared) < 1e-12
        assert found.part == pytest.approx((1 + slope**2) * variance, rel=1e-12)


def test_relu_and_tanh_on_draws():
    relu = sample(load("relu_rescaling"), "reweight", num_draws=5000, keep="none", checks=False).estimates()
    assert worst_pull(relu["breaking"], np.array(0.0)) < ACCEPTED
    assert worst_pull(relu["squared"], np.array(0.0)) < ACCEPTED
    assert worst_pull(relu["part"], np.array(2.74)) < ACCEPTED
    theory = load("relu_rescaling", activation="tanh")
    tanh = sample(theory, "reweight", num_draws=30_000, keep="none", checks=False).estimates()
    for name in ("breaking", "squared"):
        assert worst_pull(tanh[name], theory.exact[name]) < ACCEPTED
        assert worst_pull(tanh[name], np.array(0.0)) > CONTROL


@pytest.mark.parametrize(("inputs", "hidden", "outputs"), [(3, 2, 2), (1, 2, 3), (2, 3, 1), (4, 1, 2)])
def test_linear_layers_between(inputs, hidden, outputs):
    """B_X by its formula on every draw; E[B_X F] = 0 for F of the field, and −2d tr X for the norm of a layer."""
    theory = load("deep_linear", inputs=inputs, hidden=hidden, outputs=outputs)
    matrix = np.random.default_rng(hidden).normal(size=(hidden, hidden))
    matrix += (1.5 - np.trace(matrix)) / hidden * np.eye(hidden)
    field = ParameterField("X", lambda theta: {"first": matrix @ theta["first"], "second": -theta["second"] @ matrix})
    x = jnp.resize(jnp.array([1.0, -0.5, 0.7]), inputs)

    def functional(phi, values):
        return jnp.stack([jnp.tanh(jnp.sum(phi(x) ** 2)), jnp.sum(values["first"] ** 2)])

    terms, positions = carried(theory, Current(theory, field), 60_000, functional)
    values = jax.vmap(theory.transport)(positions)
    first, second = (np.asarray(values[site]) for site in ("first", "second"))
    formula = (inputs - outputs) * 1.5 - np.einsum("nai,ab,nbi->n", first, matrix, first)
    formula += np.einsum("nia,ab,nib->n", second, matrix, second)
    np.testing.assert_allclose(terms.breaking, formula, atol=1e-11)
    assert np.max(np.abs(terms.change[:, 0])) < 1e-12
    assert sigmas(terms.breaking * terms.functional[:, 0], 0) < ACCEPTED
    norm = terms.breaking * terms.functional[:, 1]
    assert sigmas(norm, -2 * inputs * 1.5) < ACCEPTED
    assert sigmas(norm, 0) > CONTROL
    assert sigmas(norm, 2 * inputs * 1.5) > CONTROL


def enumerated_four_point(group, components, width, law):
    """The same tensor by product rules: three nodes for every amplitude, eight phases, for every neuron."""
    nodes, weights = (special.roots_hermitenorm if law == "gaussian" else special.roots_legendre)(3)
    nodes, weights = nodes * (1 if law == "gaussian" else 3**0.5), weights / np.sum(weights)
    numbers = components * (1 if group == "so" else 2)
    amplitudes = np.array(list(itertools.product(nodes, repeat=numbers)))
    chance = np.prod(np.array(list(itertools.product(weights, repeat=numbers))), axis=1) / 8
    phases = 2 * np.pi * np.arange(8) / 8
    real = amplitudes[:, :components]
    neuron = real if group == "so" else (real + 1j * amplitudes[:, components:]) / 2**0.5
    cosine, sine = np.cos(phases)[:, None, None], np.sin(phases)[:, None, None]
    if group == "usp":
        half = components // 2
        partner = np.concatenate([neuron[:, half:], -neuron[:, :half]], axis=1).conj()
        one = cosine * neuron + sine * partner
    else:
        one = 2**0.5 * cosine * neuron
    one, chance = one.reshape(-1, components), np.tile(chance, 8)
    field, weight = one, chance
    if width == 2:
        field = ((one[:, None] + one[None, :]) / 2**0.5).reshape(-1, components)
        weight = np.outer(chance, chance).ravel()
    pairs = np.einsum("ni,nj->nij", field, field).reshape(len(field), -1)
    return ((weight[:, None] * pairs).T @ pairs.conj()).reshape((components,) * 4)


@pytest.mark.parametrize(
    ("group", "components", "width", "law"),
    [("so", 2, 2, "uniform"), ("so", 3, 2, "gaussian"), ("u", 2, 1, "uniform"), ("usp", 2, 2, "uniform"),
     ("usp", 4, 1, "gaussian"), ("u", 2, 2, "gaussian")],
)  # fmt: skip
def test_tensors_by_enumeration(group, components, width, law):
    found = group_four_point(group, components, width, law)
    np.testing.assert_allclose(found, enumerated_four_point(group, components, width, law), atol=1e-12)


def test_tensors_of_the_table():
    orthogonal = group_four_point("so", 2, 3, "gaussian").real
    assert orthogonal[0, 0, 0, 0] - 3 == pytest.approx(1.5 / 3)
    assert orthogonal[0, 0, 1, 1] == pytest.approx(1 + 0.5 / 3)
    assert group_four_point("u", 2, 3, "gaussian")[0, 0, 0, 0].real == pytest.approx(2 * (1 + 1 / 6))
    neutral, charged = group_two_point("usp", 2, -0.7, 1.0)
    assert (charged[0, 1], neutral[0, 0]) == (pytest.approx(-0.5042321074), pytest.approx(0.5986454510))
    for group, expected in (("so", -3.6), ("u", -1.8), ("usp", -0.3)):
        for width in (1, 3):
            harmonic = load("output_group", group=group, width=width, law="uniform").exact["harmonic"]
            assert harmonic == pytest.approx(expected / width)


@pytest.mark.parametrize(("group", "law"), [("usp", "gaussian"), ("so", "uniform")])
def test_groups_on_draws(group, law):
    theory = load("output_group", group=group, law=law)
    found = sample(theory, "reweight", num_draws=4000, keep="none", checks=False).estimates()
    for place in ((0, 0), (1, 1)):
        one = found["two_point"]
        assert abs(one.value[place] - theory.exact["two_point"][place]) < ACCEPTED * abs(one.error[place])
    if law == "uniform":
        assert worst_pull(found["harmonic"], theory.exact["harmonic"]) < ACCEPTED
        assert worst_pull(found["harmonic"], np.array(0.0)) > CONTROL
    else:
        pair = found["pair"]
        assert abs(pair.value[0, 1] - theory.exact["pair"][0, 1]) < ACCEPTED * abs(pair.error[0, 1])
        assert abs(pair.value[0, 1] + theory.exact["pair"][0, 1]) > CONTROL * abs(pair.error[0, 1])


@pytest.mark.parametrize("anisotropy", [0.3, 1.0, 2.5])
def test_a_mass_of_one_component_breaks_the_rotation_by_its_action(anisotropy):
    """B = κ ∫ φ_1 φ_2 on every draw; 0 without it; translations stay exact."""
    theory = load("on_circle", modes=5, anisotropy=anisotropy)
    circle = theory.region
    for generator in all_generators(theory):
        terms, positions = carried(theory, generator.current, 4)
        if generator.name == "translation":
            assert np.max(np.abs(terms.breaking)) < 1e-11
            continue
        phi = jax.vmap(lambda z: circle.evaluate(theory.realise(z)))(positions)
        expected = anisotropy * np.asarray(jax.vmap(circle.integrate)(phi[..., 0] * phi[..., 1]))
        np.testing.assert_allclose(terms.breaking, expected, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("rotated_erf", {"variance": (1.0, 0.5, 2.0)}, "give two numbers > 0"),
        ("rotated_erf", {"variance": (1.0, -0.5)}, "rotated_erf: variance = -0.5; give a finite number > 0"),
        ("relu_rescaling", {"activation": "erf"}, "relu_rescaling: activation = 'erf'; give one of 'relu'"),
        ("deep_linear", {"hidden": 0}, "deep_linear: hidden = 0; give an integer >= 1"),
        ("output_group", {"components": 1}, "output_group: components = 1; give an integer from 2 to 6"),
        ("output_group", {"group": "usp", "components": 3}, "components = 3; give an even number for 'usp'"),
        ("output_group", {"law": "cauchy"}, "output_group: law = 'cauchy'; give one of 'gaussian'"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
