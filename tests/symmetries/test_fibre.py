"""Fibre averages of breaking functions: local currents, vertical vector fields, lifts that agree on average alone."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import load
from nnft_ppl.exact import ring_power
from nnft_ppl.fields import LatticeField
from nnft_ppl.identities import Current, ParameterField
from nnft_ppl.observables import Observable
from nnft_ppl.spaces import Lattice
from nnft_ppl.symmetries import FibreRegression, Generator, MinimalLift, Symmetry, SymmetryError, generators
from nnft_ppl.theory import ModelFile, Theory, shipped_models

SITES, NEURONS = 12, 20
UNSEEN = 1e-4
"""p-value below which an expectation is rejected."""
LOCAL = ring_power(SITES, 0.25, 0.0, -0.5) @ np.linalg.qr(np.random.default_rng(5).normal(size=(NEURONS, SITES)))[0].T
RANDOM = np.random.default_rng(6).normal(size=(SITES, NEURONS)) / np.sqrt(NEURONS)
BUMP = jnp.zeros(SITES).at[3].set(1.0)


def overcomplete(features):
    """Two fields on twelve sites, each of twenty neurons with fixed features: fibres of eight dimensions each."""

    def model():
        with numpyro.plate("component", 2), numpyro.plate("neuron", NEURONS):
            amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
        return LatticeField(jnp.asarray(features) @ amplitude, Lattice(SITES))

    return Theory(ModelFile(model, "overcomplete", space=lambda: Lattice(SITES)))


def turned(phi, x):
    return jnp.stack([phi(x)[1], -phi(x)[0]])


def rho(x):
    return BUMP[jnp.round(x[0]).astype(int) % SITES]


def change_of(action):
    """δ_ρ S of S = ½ Σ_A φ_A D φ_A."""

    def change(phi, rho):
        weights = jnp.stack([rho(x) for x in jnp.arange(SITES)[:, None]])
        one, two = phi.values.T
        return (weights * two) @ action @ one - (weights * one) @ action @ two

    return change


def draws(theory, key, number):
    return jax.vmap(theory.free_draw)(jax.random.split(key, number))


def measured(regression, positions):
    return {name: np.asarray(one)[None] for name, one in jax.jit(jax.vmap(regression))(positions).items()}


@pytest.mark.parametrize("features", [RANDOM, LOCAL], ids=["random", "local"])
def test_the_lift_of_least_norm_gives_the_change_of_the_action_on_every_draw(features, key):
    theory = overcomplete(features)
    action = np.linalg.inv(features @ features.T)
    sites = np.arange(SITES)[:, None]
    symmetry = Symmetry(turned, MinimalLift(sites), sites, current=change_of(action))
    regression = FibreRegression.local(theory, "phase", symmetry, rho, points=[[2.0], [3.0], [4.0]])
    found = measured(regression, draws(theory, key, 60))
    assert np.max(np.abs(found["breaking"] - found["expected"])) < 1e-10
    assert np.std(found["breaking"]) > 0.3
    if features is LOCAL:  # where δ_ρ S is the current through the two links of a bump, J continuum = −J lattice
        current = load("charged_ring").symmetries["phase"].current
        phi = theory.realise(theory.free_draw(key))
        assert current(phi, rho) == pytest.approx(float(change_of(action)(phi, rho)), abs=1e-12)


def with_vertical():
    """The regression of an exact local lift with a vertical companion."""
    theory = overcomplete(LOCAL)
    inverse, (first, second) = np.linalg.pinv(LOCAL), np.random.default_rng(7).normal(size=(2, NEURONS))
    kernel = np.eye(NEURONS) - inverse @ LOCAL
    down, along = jnp.asarray(kernel @ first), jnp.asarray(kernel @ second)

    def lift(values):
        phi = jnp.asarray(LOCAL) @ values["amplitude"]
        moved = jnp.asarray(inverse) @ (BUMP[:, None] * jnp.stack([phi[:, 1], -phi[:, 0]], axis=1))
        return {"amplitude": moved.at[:, 0].add((down @ values["amplitude"][:, 0]) * along)}

    current = load("charged_ring").symmetries["phase"].current
    symmetry = Symmetry(turned, None, np.arange(SITES)[:, None], local_lift=lambda rho: lift, current=current)
    return theory, FibreRegression.local(theory, "phase", symmetry, rho, points=[[2.0], [3.0], [4.0]])


def test_noise_along_the_fibres_averages_out_and_leaves_the_current(key):
    theory, regression = with_vertical()
    series = measured(regression, draws(theory, key, 8000))
    found = regression.fit(series, independent=True)
    assert np.std(series["breaking"]) > 2 * np.std(series["expected"])
    assert found.test.p_value > UNSEEN
    assert found.test.dof == len(found.names) == 28
    # B_ρ of a bump at 3 is J(3) − J(2) of the lattice current.
    known = dict.fromkeys(found.names, 0.0) | {
        "φ[0](3)·φ[1](4)": -1.0, "φ[1](3)·φ[0](4)": 1.0, "φ[0](2)·φ[1](3)": 1.0, "φ[1](2)·φ[0](3)": -1.0
    }  # fmt: skip
    wanted = np.array(list(known.values()))
    assert np.allclose(found.expected.value, wanted, atol=1e-10)
    pulls = (found.coefficients.value - wanted) / found.coefficients.error
    assert np.max(np.abs(pulls)) < 5
    assert 0.03 < found.explained.value < 0.4
    # The controls: no current, and one of the wrong sign.
    for factor in (0.0, -1.0):
        wrong = regression.fit(series | {"expected": factor * series["expected"]}, independent=True)
        assert wrong.test.p_value < 1e-10


def test_what_is_no_functional_of_the_field_sees_a_vertical_field(key):
    """E[div U f] = 0 for functionals of the field, and not for one of the parameters along the fibre."""
    theory, kernel = overcomplete(RANDOM), np.eye(NEURONS) - np.linalg.pinv(RANDOM) @ RANDOM
    down, along = jnp.asarray(kernel[0]), jnp.asarray(kernel[1] + 2 * kernel[0])

    def vertical(values):
        push = jnp.zeros((NEURONS, 2)).at[:, 0].set((down @ values["amplitude"][:, 0]) * along)
        return {"amplitude": push}

    current = Current(theory, ParameterField("vertical", vertical))
    regression = FibreRegression(theory, Generator("vertical", None, current, jnp.arange(3.0)[:, None]))
    positions = draws(theory, key, 6000)
    series = measured(regression, positions)
    assert regression.fit(series, independent=True).test.p_value > UNSEEN
    amplitudes = np.asarray(jax.vmap(theory.transport)(positions)["amplitude"])[:, :, 0]
    hidden = np.tanh((amplitudes @ down) ** 2)[None, :, None]
    seen = regression.fit(series | {"functionals": np.append(series["functionals"], hidden, axis=2)}, independent=True)
    assert seen.test.p_value < 1e-10


def test_the_ring_has_its_declared_current_and_another_mass_has_not(key):
    theory = load("charged_ring")
    points = [[2.0], [3.0], [4.0]]
    regression = FibreRegression.local(theory, "phase", theory.symmetries["phase"], rho, points=points)
    found = regression.fit(measured(regression, draws(theory, key, 400)), independent=True)
    assert not found.test.dof
    assert not np.any(found.difference.value)  # on every draw
    assert np.allclose(found.coefficients.value, found.expected.value, atol=1e-9)
    assert found.explained.value == pytest.approx(1, abs=1e-9)
    other = load("charged_ring", mass_squared=(0.25, 0.5))
    regression = FibreRegression.local(other, "phase", other.symmetries["phase"], rho, points=points)
    found = regression.fit(measured(regression, draws(other, key, 2000)), independent=True)
    at = found.names.index("φ[0](3)·φ[1](3)")
    assert found.test.p_value < 1e-10
    assert abs(found.difference.value[at]) == pytest.approx(0.25, abs=1e-9)  # the difference of m²


REDUNDANCIES = [
    (name, called)
    for name in shipped_models()
    for called, one in load(name).symmetries.items()
    if isinstance(one, Symmetry) and one.is_redundancy
]


@pytest.mark.parametrize(("name", "called"), REDUNDANCIES)
def test_redundancies_have_no_fibre_average(name, called, key):
    theory = load(name)
    symmetry = theory.symmetries[called]
    generator = generators(theory, called, symmetry)[0]
    basis = {key: one for key, one in (symmetry.functionals or {}).items() if not one.factors} or None
    regression = FibreRegression(theory, generator, basis)
    series = measured(regression, draws(theory, key, 4000))
    assert np.std(series["breaking"]) > 0
    assert regression.fit(series, independent=True).test.p_value > UNSEEN


def test_mistakes_are_named(key):
    theory = load("charged_ring")
    symmetry = theory.symmetries["phase"]
    (generator,) = generators(theory, "phase", symmetry)
    with pytest.raises(SymmetryError, match="'noise' reads parameters; give functions of the fields alone"):
        FibreRegression(theory, generator, {"noise": Observable(lambda phi, values: jnp.sum(values["noise"]))})
    with pytest.raises(SymmetryError, match="fibre average of 'phase': functional 'wrong'"):
        FibreRegression(theory, generator, {"wrong": Observable(lambda phi: phi.nothing)})
    regression = FibreRegression(theory, generator, {"1": Observable(lambda phi: 1.0)})
    with pytest.raises(ValueError, match="10 draws for 1 functionals; give at least 21"):
        regression.fit(measured(regression, draws(theory, key, 10)))
