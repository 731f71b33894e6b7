"""Symmetry discovery: what is found, and nothing else, on twenty sets of draws each."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from jaxtyping import Array
from numpyro import distributions as dist

from nnft_ppl import load
from nnft_ppl.identities import Current, NeuronField, ParameterField, ReferenceField
from nnft_ppl.symmetries import (
    BasisError,
    SymmetryError,
    SymmetrySearch,
    default_basis,
    discover,
    linear_maps,
    mode_translation,
    shifts,
    translations,
)
from nnft_ppl.symmetries.basis_currents import BasisCurrents
from nnft_ppl.theory import Theory

SEEDS = 20
PULL = 5


def draws(theory: Theory, count: int, seed: int = 0) -> Array:
    return jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(seed), count))


def gaussian(scales: tuple = (1.0, 2.0)) -> Callable:
    """A field that is the same everywhere."""
    w = numpyro.sample("w", dist.Normal(0, jnp.asarray(scales)).to_event(1))
    return lambda x: w + 0 * x[0]


def bottleneck(inputs: int = 3, hidden: int = 2, outputs: int = 2) -> Callable:
    first = numpyro.sample("first", dist.Normal(0, 1).expand([hidden, inputs]).to_event(2))
    second = numpyro.sample("second", dist.Normal(0, 1).expand([outputs, hidden]).to_event(2))
    return lambda x: second @ (first @ x)


def within(found: tuple, exact: list[float]) -> None:
    assert [one["value"] for one in found].count(0.0) == exact.count(0.0)
    for one, value in zip(found, exact, strict=True):
        assert abs(one["value"] - value) <= PULL * one["error"], (found, exact)


def test_of_a_gaussian_of_unlike_widths_a_squeezed_rotation_is_found():
    theory = Theory(gaussian)
    search = SymmetrySearch(theory, linear_maps(theory, "w"), points=[[0.0]])
    for seed in range(SEEDS):
        found = search(draws(theory, 1000, seed), independent=True)
        assert found.symmetries == ["w[1]∂w[0] − 4 w[0]∂w[1]"]
        assert not found.redundancies
        within(found.breaking_spectrum, [0, 2, 2, 4.25])
        within(found.spectrum, [0, 0.5, 1.25, 2])
        assert not abs(found.spectrum[1]["value"] - 2) < 8 * found.spectrum[1]["error"]  # of equal widths


@pytest.mark.parametrize(("scales", "words"), [((3.0, 1.0), "9 w[1]∂w[0] − w[0]∂w[1]"), ((1.0, 1.0, 0.5), None)])
def test_other_widths_have_their_own_spectrum(scales: tuple, words: str | None):
    """Diagonal maps are broken by 2/σ_i², a pair of others by 1/σ_i² + 1/σ_j²."""
    theory = Theory(gaussian, scales=scales)
    found = discover(theory, linear_maps(theory, "w"), draws(theory, 4000), points=[[0.0]], independent=True)
    inverse = [1 / scale**2 for scale in scales]
    pairs = [(i, j) for i in range(len(scales)) for j in range(i)]
    exact = [0.0] * len(pairs) + [2 * one for one in inverse] + [inverse[i] + inverse[j] for i, j in pairs]
    within(found.spectrum, sorted(exact))
    assert words is None or found.symmetries == [words]
    assert len(found.symmetries) == len(pairs)


def test_an_oscillator_of_two_components_turns_and_moves_in_time():
    theory = load("on_circle", modes=3)
    components = linear_maps(theory, "component")
    turn = "component[1]∂component[0] − component[0]∂component[1]"
    time = mode_translation(theory, "cosine", "sine")
    one, two = SymmetrySearch(theory, components), SymmetrySearch(theory, [*components, time])
    for seed in range(SEEDS):
        z = draws(theory, 64, seed)
        assert one(z, independent=True).symmetries == [turn]
        assert two(z, independent=True).symmetries == [turn, time.name]
    unlike = load("on_circle", modes=3, anisotropy=0.01)
    components = linear_maps(unlike, "component")
    broken = discover(unlike, [*components, time], draws(unlike, 256), independent=True)
    assert broken.symmetries == [time.name]
    assert broken.spectrum[1]["value"] > 8 * broken.spectrum[1]["error"]
    assert all("action" in one.broken_by for one in broken.of("anomalous"))


def test_a_box_breaks_translations_and_rotations_that_the_free_field_has():
    keywords = {"width": 2, "dim": 2, "side": 4.0, "cutoff": 2.0}
    free, box = load("phi4", **keywords, coupling=0.0), load("phi4", **keywords)

    def basis(theory: Theory) -> list:
        return [*translations(theory, "momentum", "phase"), *linear_maps(theory, "momentum")]

    search = SymmetrySearch(box, basis(box))
    for seed in range(SEEDS):
        found = search(draws(box, 128, seed), independent=True)
        assert not found.symmetries
        assert not found.redundancies
    found = discover(free, basis(free), draws(free, 128), independent=True)
    assert found.symmetries == [
        "momentum[:,0]∂phase",
        "momentum[:,1]∂phase",
        "momentum[:,1]∂momentum[:,0] − momentum[:,0]∂momentum[:,1]",
    ]


def test_a_linear_bottleneck_has_redundancies_of_which_the_rotation_keeps_the_density():
    theory = Theory(bottleneck, dim=3)
    together = SymmetrySearch(theory, linear_maps(theory, {"first": 0}, {"second": 1}))
    apart = SymmetrySearch(theory, [*linear_maps(theory, {"first": 0}), *linear_maps(theory, {"second": 1})])
    for seed in range(SEEDS):
        z = draws(theory, 256, seed)
        for result in (joint := together(z, independent=True), apart(z, independent=True)):
            found = result.of("redundancy")
            assert [one.broken_by == () for one in found] == [True, False, False, False]
            assert set(found[0].coefficients.values()) == {1.0, -1.0}
            assert all(one.breaking["value"] > 3 * one.breaking["error"] for one in found[1:])
        assert not joint.symmetries
    # Either layer may be turned alone: the ensemble stays, the field does not.
    assert len(apart(draws(theory, 256), independent=True).symmetries) == 1


def test_dependent_fields_are_left_out_first_and_named():
    theory = Theory(gaussian)
    basis = [*linear_maps(theory, "w"), *linear_maps(theory, ["w"]), *shifts(theory, "w")]
    found = discover(theory, basis, draws(theory, 64), independent=True)
    assert found.removed == {"w∂w": "w[0]∂w[0] + w[1]∂w[1]"}
    assert len(found.fields) == 6
    assert found.symmetries == ["w[1]∂w[0] − 4 w[0]∂w[1]"]


def edges(periodic: bool = True) -> Callable:
    c = numpyro.sample("c", dist.Uniform(-math.pi, math.pi))
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a * jnp.cos(x[0] + (c if periodic else c / 2))


def test_a_flux_through_an_edge_breaks_a_current_that_is_conserved_inside():
    for periodic, verdict in ((True, "symmetry"), (False, "anomalous")):
        theory = Theory(edges, periodic=periodic)
        found = discover(theory, shifts(theory, "c"), draws(theory, 32), independent=True)
        (one,) = found.generators
        assert (one.verdict, one.breaking["value"]) == (verdict, 0.0)
        assert one.broken_by == (() if periodic else ("flux",))


def neurons() -> Callable:
    with numpyro.plate("neuron", 3):
        w = numpyro.sample("w", dist.StudentT(5.0, 0.0, 1.0))
        v = numpyro.sample("v", dist.Normal(0, 1))
    numpyro.factor("action", -(jnp.sum(v * w) ** 2))
    return lambda x: jnp.sum(v * jnp.tanh(w * x[0]))


def test_all_kinds_of_vector_fields_have_the_current_that_they_have_alone():
    theory = Theory(neurons)
    basis = [
        *linear_maps(theory, ["v"]),
        NeuronField("neuron", lambda one: {"w": jnp.tanh(one["v"] * one["w"])}),
        ParameterField("all", lambda values: {"v": jnp.sin(values["w"]) * values["v"]}),
        ReferenceField("z", lambda z: z**2),
    ]
    points = jnp.array([[0.4], [1.1]])
    currents = BasisCurrents(theory, basis, points)
    position = draws(theory, 1)[0]
    kinds = [Current(theory, one) for one in basis]

    def each(z: Array) -> list:
        return [one.carry(z, lambda phi, values: jax.vmap(phi)(points)) for one in kinds]

    looked, each_alone = jax.jit(currents)(position), jax.jit(each)(position)
    for number, alone in enumerate(each_alone):
        parts = [part[number] for part in (looked.score, looked.jacobian, looked.action)]
        np.testing.assert_allclose(parts, [alone.score, alone.jacobian, alone.action], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(looked.change[:, number], alone.change, rtol=1e-10, atol=1e-12)


def test_weights_and_chains_are_taken_into_account():
    theory = Theory(gaussian)
    search, wide = SymmetrySearch(theory, linear_maps(theory, "w"), points=[[0.0]]), 1.3
    z = draws(theory, 4000).at[:, 0].mul(wide)
    log_weights = np.asarray(-(z[:, 0] ** 2) / 2 * (1 - 1 / wide**2))
    found = search(z.reshape(4, 1000, 2), log_weights=log_weights.reshape(4, 1000))
    within(found.spectrum, [0, 0.5, 1.25, 2])
    assert found.symmetries == ["w[1]∂w[0] − 4 w[0]∂w[1]"]
    wrong = search(z.reshape(4, 1000, 2)).spectrum[-1]
    assert wrong["value"] - 2 > 8 * wrong["error"]


def test_the_default_basis_finds_what_a_model_has():
    theory = load("deformed_rotation")
    found = discover(theory, default_basis(theory), draws(theory, 256), independent=True)
    assert len(found.symmetries) == 1 + 3  # of rows, and of columns
    assert set(found.to_json()) >= {"fields", "removed", "generators", "spectrum", "breaking_spectrum", "draws"}
    entrywise = load("deformed_rotation", quartic="entrywise")
    assert not discover(entrywise, linear_maps(entrywise, "row"), draws(entrywise, 64), independent=True).symmetries


def complex_action() -> Callable:
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("theta", 1j * a)
    return lambda x: a * x[0]


def many(width: int = 600) -> Callable:
    a = numpyro.sample("a", dist.Normal(0, 1).expand([width]).to_event(1))
    return lambda x: jnp.sum(a) * x[0]


@pytest.mark.parametrize(
    ("model", "basis", "words"),
    [
        (gaussian, lambda theory: linear_maps(theory, "v"), "there is no site 'v'; the sites are .'w'."),
        (gaussian, lambda theory: linear_maps(theory, {"w": 1}), "'w' has shape .2,., no axis 1"),
        (bottleneck, lambda theory: linear_maps(theory, {"first": 1}, {"second": 1}), "the axes differ in length"),
        (bottleneck, lambda theory: linear_maps(theory, ["first", "second"]), "the sites differ in shape"),
        (bottleneck, lambda theory: translations(theory, "first"), "a phase, or a pair of amplitudes: name them"),
        (bottleneck, lambda theory: translations(theory, "first", "second"), "the last axis is that of space"),
        (bottleneck, lambda theory: [mode_translation(theory, "first", "second")], "modes along axis 0 do not pair"),
        (gaussian, lambda theory: [], "the basis is empty"),
        (gaussian, lambda theory: shifts(theory, "w") * 2, "several fields of the basis are named ∂w.0., ∂w.1."),
        (gaussian, lambda theory: shifts(theory, "w") * 99, "several fields"),
        (complex_action, lambda theory: shifts(theory, "a"), "has a complex action"),
        (many, lambda theory: [ParameterField("cubic", lambda values: {"a": values["a"] ** 3})], "beyond 512"),
        (gaussian, default_basis, "8 different draws are too few for . vector fields"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(model: Callable, basis: Callable, words: str):
    theory = Theory(model, dim=3 if model is bottleneck else 1)
    with pytest.raises(BasisError, match=words):
        discover(theory, basis(theory), draws(theory, 8), independent=True)


def test_positions_and_points_of_another_shape_are_refused():
    theory = Theory(gaussian)
    with pytest.raises(BasisError, match=r"positions have shape \(8, 3\); give \(draw, 2\)"):
        discover(theory, shifts(theory, "w"), jnp.zeros((8, 3)))
    with pytest.raises(SymmetryError, match=r"points have shape \(4, 2\); give \(point, 1\)"):
        discover(theory, shifts(theory, "w"), draws(theory, 8), points=np.zeros((4, 2)))
