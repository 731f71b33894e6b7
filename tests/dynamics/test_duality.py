"""Weights and losses that are dual to a Hamiltonian, those that are not, and states of equilibrium."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from nnft_ppl.dynamics import (
    LearningNetwork,
    QuadraticLoss,
    State,
    dual_loss,
    hamiltonian_pair,
    quadratic_part,
    thermal_start,
)
from nnft_ppl.exact import lattice_frequency, lattice_potential

SITES, MASS = 16, 0.7
M = lattice_potential(SITES, 1.0, MASS)
WEIGHT = np.eye(SITES) - 0.3 * lattice_potential(SITES)
CROOKED = np.array([[1.0, 0.9, -0.4], [-0.5, 0.8, 0.6], [0.7, -1.1, 1.3]])
"""Weights that are not symmetric."""


@pytest.mark.parametrize("kinetic", [None, np.zeros((SITES, SITES)), np.diag(np.arange(SITES) / 10)])
def test_many_losses_have_one_spectrum(kinetic):
    found = hamiltonian_pair(WEIGHT, dual_loss(WEIGHT, M, kinetic))
    assert found.hamiltonian
    assert np.max(np.abs(found.spectrum.real)) < 1e-13
    w = lattice_frequency(2 * np.pi * np.arange(SITES)[:, None] / SITES, 1.0, MASS)
    np.testing.assert_allclose(np.sort(found.spectrum.imag), np.sort(np.append(w, -w)), atol=1e-13)
    np.testing.assert_allclose(found.potential, M, atol=1e-12)


def test_weights_without_symmetry_and_a_symmetrised_loss_are_no_mechanics():
    k, m = CROOKED - np.eye(3), np.diag([0.5, 0.6, 0.7])
    square = k @ k + m
    loss = QuadraticLoss((k + k.T) / 2, None, (square + square.T) / 2)
    found = hamiltonian_pair(CROOKED, loss)
    own = np.linalg.eigvals(np.block([[k, np.eye(3)], [-(square + square.T) / 2, -(k + k.T) / 2]]))
    assert found.growth == pytest.approx(np.max(own.real), abs=1e-12)
    assert found.growth > 0.1
    assert not found.hamiltonian
    late = expm(60 * found.motion) @ np.ones(6)
    later = expm(61 * found.motion) @ np.ones(6)
    half = np.log(np.linalg.norm(expm(120 * found.motion) @ np.ones(6)) / np.linalg.norm(late)) / 60
    assert half == pytest.approx(found.growth, rel=0.05)  # what it says of growth is what happens
    assert np.linalg.norm(later) > 0
    with pytest.raises(
        ValueError, match=r"no Hamiltonian pair.*is not symmetric, by up to 0.17; W is not.*grow as exp"
    ):
        thermal_start(CROOKED, loss, jnp.ones((2, 3)))
    with pytest.raises(ValueError, match=r"there is no such loss.*give symmetric weights"):
        dual_loss(CROOKED, m)


def test_symmetric_weights_are_sufficient_and_not_necessary():
    weight = 0.5 * np.eye(3) + np.array([[0.0, 0.4, -0.2], [-0.4, 0.0, 0.3], [0.2, -0.3, 0.0]])
    m = np.diag([0.5, 0.6, 0.7])
    found = hamiltonian_pair(weight, dual_loss(weight, m))
    assert found.hamiltonian
    assert found.asymmetry > 0.5
    np.testing.assert_allclose(np.sort(found.spectrum.imag)[3:], np.sqrt(np.diag(m)), atol=1e-12)
    assert np.max(np.abs(found.spectrum.real)) < 1e-12


def test_a_pair_without_its_kinetic_term_has_friction():
    loss = QuadraticLoss(potential=dual_loss(WEIGHT, M).potential)
    found = hamiltonian_pair(WEIGHT, loss)
    assert found.friction == pytest.approx(0.6)
    assert "A + Bᵀ differs from K" in found.against


@pytest.mark.parametrize(
    ("weight", "loss", "message"),
    [
        (1.1 * np.eye(SITES), QuadraticLoss(potential=lattice_potential(SITES, 1e-4, 1.0)), "friction of up to 0.1;"),
        (0.9 * np.eye(SITES), QuadraticLoss(potential=lattice_potential(SITES, 1e-4, 1.0)), "friction of up to 0.1"),
        (
            np.eye(3),
            QuadraticLoss(mixed=0.25 * np.eye(3, k=1) * [0, 1, 0], potential=np.diag([1.0, 1.0, 3e8])),
            "is not symmetric, by up to 0.25; perturbations grow as exp(0.0882 t)",
        ),
        (np.eye(2) + 1e-10 * np.ones((2, 2)), QuadraticLoss(potential=1e-20 * np.eye(2)), "friction of up to 1e-10"),
    ],
)
def test_what_is_slow_is_seen_beside_what_is_stiff(weight, loss, message):
    found = hamiltonian_pair(weight, loss)
    assert message in found.against
    with pytest.raises(ValueError, match="no Hamiltonian pair"):
        thermal_start(weight, loss, jnp.ones((2, len(weight))))


@pytest.mark.parametrize(("spacing", "mass"), [(1e-4, 1.0), (1.0, 1e-5), (1e-3, 0.05)])
def test_stiff_and_soft_waves_are_no_defect(spacing, mass):
    m = lattice_potential(SITES, spacing, mass)
    for weight in (np.eye(SITES), np.eye(SITES) - 0.3 * lattice_potential(SITES, spacing)):
        found = hamiltonian_pair(weight, dual_loss(weight, m))
        assert found.hamiltonian, found.against
    kept = covariance(lambda noise: thermal_start(np.eye(SITES), QuadraticLoss(potential=m), noise), SITES)
    assert np.sum(kept[:SITES, :SITES]) * mass**2 == pytest.approx(SITES, rel=1e-4)  # the wave at rest has T/m²


def test_a_magnetic_field_has_states_of_equilibrium(rng):
    field, m = np.array([[0.0, 0.8], [-0.8, 0.0]]), np.diag([1.0, 2.0])
    weight, loss = np.eye(2) + field, QuadraticLoss(potential=m)
    found = hamiltonian_pair(weight, loss)
    assert found.hamiltonian
    np.testing.assert_allclose(found.magnetic, field)
    assert np.max(np.abs(found.spectrum.real)) < 1e-14
    kept = covariance(lambda noise: thermal_start(weight, loss, noise, 0.7), 2)
    np.testing.assert_allclose(found.motion @ kept + kept @ found.motion.T, 0, atol=1e-14)
    rubbed = hamiltonian_pair(weight + 0.01 * np.eye(2), loss).motion  # control
    assert np.max(np.abs(rubbed @ kept + kept @ rubbed.T)) > 1e-3


def test_a_pair_in_a_line():
    for weight, potential, line in (
        (np.eye(2), np.diag([1.0, 4.0]), "Hamiltonian, with frequencies from 1 to 2"),
        (np.eye(2), np.diag([-1.0, 4.0]), "not bounded: M has an eigenvalue -1; perturbations grow as exp(1 t)"),
        (2 * np.eye(2), np.eye(2), "no Hamiltonian pair: A + Bᵀ differs"),
    ):
        assert line in str(hamiltonian_pair(weight, QuadraticLoss(potential=potential)))


def test_a_temperature_may_be_sampled():
    start = jax.jit(lambda t: thermal_start(np.eye(2), QuadraticLoss(potential=np.eye(2)), jnp.ones((2, 2)), t))
    np.testing.assert_allclose(start(4.0).phi, 2.0)
    with pytest.raises(TypeError, match="QuadraticLoss: potential is known only while the model runs"):
        jax.jit(lambda m: QuadraticLoss(potential=m * jnp.eye(2)).potential)(1.0)


def test_the_quadratic_part_of_a_network(key):
    dual = dual_loss(WEIGHT, M, np.eye(SITES))
    network = LearningNetwork(
        lambda phi, beta: WEIGHT @ jnp.tanh(phi) + beta, lambda phi, beta: dual(phi, beta) + jnp.sum(phi**4)
    )
    weight, loss = quadratic_part(network, SITES)
    np.testing.assert_allclose(weight, WEIGHT, atol=1e-14)
    phi, beta = jax.random.normal(key, (2, SITES))
    assert float(loss(phi, beta)) == pytest.approx(float(dual(phi, beta)), rel=1e-12)
    assert hamiltonian_pair(weight, loss).hamiltonian


def covariance(start, size):
    """That of φ and β, exactly: states are linear in the noise."""
    slopes = np.asarray(jax.jit(jax.jacfwd(lambda noise: jnp.concatenate(start(noise))))(jnp.zeros((2, size)))).reshape(
        2 * size, -1
    )
    return slopes @ slopes.T


def moved(step, size):
    return np.asarray(
        jax.jit(jax.jacfwd(lambda x: jnp.concatenate(step(State(x[:size], x[size:])))))(jnp.zeros(2 * size))
    )


def test_thermal_states_are_stationary_in_steps_and_those_of_the_energy_itself_are_not():
    loss, dt = QuadraticLoss(potential=M), 0.3
    network = LearningNetwork(lambda phi, beta: phi + beta, loss)
    step = moved(lambda at: network.step(at, dt), SITES)
    kept = covariance(lambda noise: thermal_start(np.eye(SITES), loss, noise, 2.0, dt), SITES)
    np.testing.assert_allclose(step @ kept @ step.T, kept, atol=1e-12)
    other = covariance(lambda noise: thermal_start(np.eye(SITES), loss, noise, 2.0), SITES)
    assert np.max(np.abs(step @ other @ step.T - other)) > 0.1  # exp(−E/T)
    w = np.sqrt(np.linalg.eigvalsh(M))
    cosine = np.cos(np.arcsin(dt * w / 2))
    np.testing.assert_allclose(np.sort(np.linalg.eigvalsh(kept[SITES:, SITES:])), np.sort(2 / cosine**2), atol=1e-12)
    np.testing.assert_allclose(
        np.sort(np.linalg.eigvalsh(kept[:SITES, :SITES])), np.sort(2 / (w * cosine) ** 2), atol=1e-12
    )


def test_thermal_states_are_stationary_in_continuous_time_for_every_loss():
    for kinetic in (None, np.zeros_like(M)):
        loss = dual_loss(WEIGHT, M, kinetic)
        kept = covariance(lambda noise, loss=loss: thermal_start(WEIGHT, loss, noise, 0.5), SITES)
        motion = hamiltonian_pair(WEIGHT, loss).motion
        np.testing.assert_allclose(motion @ kept + kept @ motion.T, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (QuadraticLoss, "no matrix is given"),
        (lambda: QuadraticLoss(potential=[[1.0, 2.0], [0.0, 1.0]]), "potential is not symmetric, by up to 2"),
        (lambda: QuadraticLoss(potential=[1.0]), r"potential has shape \(1,\); give a square matrix"),
        (lambda: QuadraticLoss(np.eye(2), np.eye(3)), "kinetic, mixed have different sizes"),
        (lambda: QuadraticLoss(np.eye(2))(jnp.ones(3), jnp.ones(3)), "3 and 3 entries; the matrices are for 2"),
        (lambda: dual_loss(np.eye(2), np.eye(3)), r"potential has shape \(3, 3\) and weight \(2, 2\)"),
        (lambda: dual_loss(np.eye(3), CROOKED), "potential is not symmetric, by up to"),
        (lambda: hamiltonian_pair(np.eye(2), len), "loss is builtin_function_or_method; give a QuadraticLoss"),
        (lambda: hamiltonian_pair(np.eye(2), QuadraticLoss(np.eye(3))), "weight has shape .* the loss is for 3"),
        (
            lambda: thermal_start(WEIGHT, dual_loss(WEIGHT, M), jnp.ones((2, SITES)), 1.0, 0.1),
            r"change volumes by the factor det\(1 \+ εK\) det",
        ),
        (
            lambda: thermal_start(np.eye(SITES), QuadraticLoss(potential=M), jnp.ones((2, SITES)), 1.0, 1.0),
            "steps of 1 are unstable at the frequency 2.11896; give steps < 0.94385",
        ),
        (
            lambda: thermal_start(np.eye(4), QuadraticLoss(potential=lattice_potential(4)), jnp.ones((2, 4))),
            "cannot be normalised; give a potential with positive ones",
        ),
        (lambda: thermal_start(np.eye(2), QuadraticLoss(potential=np.eye(2)), jnp.ones((2, 3))), "noise has shape"),
        (
            lambda: thermal_start(np.eye(2), lambda phi, beta: phi @ phi, jnp.ones((2, 2))),
            r"thermal_start: loss is function; give .* quadratic_part\(network, n\) .* numpyro.factor",
        ),
        (
            lambda: quadratic_part(LearningNetwork(lambda phi, beta: phi + 2 * beta, lambda phi, beta: phi @ phi), 2),
            "derivative of the activation in beta is not 1",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_named(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
