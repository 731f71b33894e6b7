"""Dirac's equation on a lattice: species, steps, current, and covariance under phases, each beside what breaks it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from nnft_ppl.dynamics import DiracLattice, GaugeField, cayley_step, gibbs_spinor, unitary_rollout
from nnft_ppl.exact import cayley_frequency, dirac_energy
from nnft_ppl.spaces import Lattice

RING = Lattice(32)
PAULI_1 = np.array([[0, 1], [1, 0]])


def spinor(rng, shape):
    """A random one of norm 1."""
    psi = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return psi / np.linalg.norm(psi)


def levels(dirac, spatial=None):
    return np.linalg.eigvalsh(dirac.hamiltonian(spatial))


@pytest.mark.parametrize(
    ("shape", "wilson", "count", "lowest"),
    [
        (32, 0.0, 4, [0.3, 0.3, 0.35785505]),
        (32, 1.0, 2, [0.3, 0.37410997, 0.37410997, 0.53657545]),
        ((8, 8), 0.0, 8, None),
        ((8, 8), 1.0, 2, None),
    ],
)
def test_species(shape, wilson, count, lowest):
    dirac = DiracLattice(Lattice(shape), 0.3, wilson)
    found = levels(dirac)
    assert np.sum(np.abs(found) <= 0.3 + 1e-9) == count  # 2·2^d without Wilson's term, and 2 with it
    axes = [2 * np.pi * np.arange(one) / one for one in np.atleast_1d(shape)]
    waves = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    energy = np.sort(dirac_energy(waves, 1.0, 0.3, wilson))
    np.testing.assert_allclose(found, np.concatenate([-energy[::-1], energy]), atol=1e-13)
    if lowest:
        np.testing.assert_allclose(found[found > 0][: len(lowest)], lowest, atol=1e-8)


@pytest.mark.parametrize("shape", [(8,), (6, 8)])
def test_waves(shape, rng):
    """H of a wave, component by component: levels alone do not tell k from π − k, where Wilson's term is largest."""
    sigma = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    number = np.array([rng.integers(1, one // 2) for one in shape])
    k, u = 2 * np.pi * number / np.array(shape), spinor(rng, (2,))
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    wave = np.exp(1j * places @ k)[..., None] * u
    for wilson, found in ((r, DiracLattice(Lattice(shape), 0.3, r).hamiltonian() @ wave.ravel()) for r in (0.0, 0.7)):
        mass = 0.3 + wilson * np.sum(1 - np.cos(k))
        right = np.tensordot(np.sin(k), sigma[: len(shape)], 1) + mass * sigma[2]
        np.testing.assert_allclose(found.reshape(wave.shape), wave @ right.T, atol=1e-13)


def test_continuum_to_second_order():
    spacings = np.array([0.4, 0.2, 0.1, 0.05])
    off = np.array([dirac_energy([1.0], a, 0.3) for a in spacings]) - np.sqrt(1.09)
    np.testing.assert_allclose(off, [-2.531e-2, -6.371e-3, -1.5955e-3, -3.990e-4], rtol=2e-4)
    assert np.all(np.abs(np.log2(off[:-1] / off[1:]) - 2) < 0.01)


def test_generator_of_real_parts_is_antisymmetric():
    h = DiracLattice(RING, 0.3, 1.0).hamiltonian()
    generator = np.block([[h.imag, h.real], [-h.real, h.imag]])
    assert np.max(np.abs(generator + generator.T)) == 0


def test_steps_are_unitary_and_eulers_are_not():
    dirac, dt = DiracLattice(RING, 0.3), 0.1
    k = 2 * np.pi * 5 / 32
    energy = float(dirac_energy([k], 1.0, 0.3))
    up = np.array([np.sin(k), energy - 0.3])
    wave = np.exp(1j * k * np.arange(32))[:, None] * up / np.linalg.norm(up) / np.sqrt(32)
    run = dirac.rollout(wave, 200, dt)
    norm = np.sum(np.abs(run.phi) ** 2, axis=(1, 2))
    assert np.max(np.abs(norm - 1)) < 1e-13
    turned = np.exp(-1j * cayley_frequency(energy, dt) * np.asarray(run.times))
    assert np.max(np.abs(run.phi - turned[:, None, None] * wave)) < 1e-12
    euler = np.eye(64) - 1j * dt * dirac.hamiltonian()
    grown = unitary_rollout(euler, wave, 200, RING, dt).phi[-1]  # control: it grows by (1 + dt²E²)^½ a step
    assert np.sum(np.abs(grown) ** 2) == pytest.approx(4.742717, abs=5e-7)
    fine = [np.abs(cayley_frequency(energy, one) - energy) for one in (0.2, 0.1)]
    assert np.log2(fine[0] / fine[1]) == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(("shape", "wilson"), [(12, 0.0), (12, 1.0), ((5, 6), 0.7)])
def test_charge_is_conserved_at_every_site(shape, wilson, seed):
    rng = np.random.default_rng(seed)
    dirac = DiracLattice(Lattice(shape, spacing=0.5), 0.3, wilson)
    spatial, psi = rng.normal(size=(dirac.lattice.dim, *dirac.lattice.sites)), spinor(rng, dirac.shape)
    h = dirac.hamiltonian(spatial)

    def change(psi):
        return 2 * np.sum(psi.conj() * (-1j * (h @ psi.ravel()).reshape(psi.shape)), axis=-1).real

    flow = dirac.current(psi, spatial)
    assert np.max(np.abs(change(psi) + dirac.outflow(flow))) < 1e-15 * max(1, np.max(np.abs(flow)))
    assert np.max(np.abs(change(psi) + dirac.outflow(dirac.current(psi)))) > 1e-2  # control: without the links
    later = (cayley_step(h, 0.3) @ psi.ravel()).reshape(psi.shape)
    difference = np.sum(np.abs(later) ** 2 - np.abs(psi) ** 2, axis=-1) / 0.3
    assert np.max(np.abs(difference + dirac.outflow(dirac.current((psi + later) / 2, spatial)))) < 1e-14
    assert np.max(np.abs(difference + dirac.outflow(dirac.current(psi, spatial)))) > 1e-3  # control: at the start


def test_covariance_under_a_phase_of_each_site(seed):
    rng = np.random.default_rng(seed)
    dirac, alpha, spatial = DiracLattice(RING, 0.3, 1.0), rng.normal(size=32), rng.normal(size=(1, 32))
    turned = spatial - (np.roll(alpha, -1) - alpha)
    phase = np.exp(1j * alpha).repeat(2)
    moved = phase[:, None] * dirac.hamiltonian(spatial) * phase.conj()
    assert np.max(np.abs(moved - dirac.hamiltonian(turned))) < 1e-14
    assert np.max(np.abs(levels(dirac, spatial) - levels(dirac, turned))) < 1e-13

    def naive(spatial):
        return dirac.hamiltonian() + np.kron(np.diag(spatial[0]), PAULI_1)

    assert np.max(np.abs(np.linalg.eigvalsh(naive(spatial)) - np.linalg.eigvalsh(naive(turned)))) > 0.3  # control


def test_covariance_in_time(seed):
    rng = np.random.default_rng(seed)
    steps, dt, dirac = 60, 0.1, DiracLattice(RING, 0.3)
    field = GaugeField(rng.normal(size=(steps, 32)), rng.normal(size=(steps, 1, 32)))
    alpha, psi = rng.normal(size=(steps + 1, 32)), spinor(rng, (32, 2))
    turned, phase = field.turned(alpha, dt), np.exp(1j * alpha)[..., None]
    own = dirac.rollout(psi, steps, dt, field).phi
    other = dirac.rollout(phase[0] * psi, steps, dt, turned).phi
    assert np.max(np.abs(other - phase * own)) < 1e-14
    half = dirac.rollout(phase[0] * psi, steps, dt, GaugeField(field.temporal, turned.spatial)).phi
    assert np.max(np.abs(np.abs(half) - np.abs(own))) > 0.02  # control: A_0 left as it was, seen by |ψ| alone


def test_a_potential_that_changes_in_space_is_of_second_order(seed):
    rng = np.random.default_rng(seed)
    sites, last = 12, 1.6
    dirac = DiracLattice(Lattice(sites, spacing=0.5), 0.4, 0.6)
    potential, spatial = 0.9 * np.cos(2 * np.pi * np.arange(sites) / sites), rng.normal(size=(1, sites))
    gauge = GaugeField(potential[None], spatial[None], spacing=0.5)
    h, v, psi = dirac.hamiltonian(spatial), np.diag(potential.repeat(2)), spinor(rng, (sites, 2))
    exact = (expm(-1j * last * (h + v)) @ psi.ravel()).reshape(sites, 2)
    runs = [dirac.rollout(psi, n, last / n, gauge).phi for n in (32, 64, 128)]
    off = [np.max(np.abs(np.sum(np.abs(one[-1]) ** 2 - np.abs(exact) ** 2, axis=-1))) for one in runs]
    np.testing.assert_allclose(np.log2(np.array(off[:-1]) / off[1:]), 2, atol=0.05)
    split = psi.ravel()  # control: the phase after the step alone is of first order
    late = [split, split]
    for n, which in ((64, 0), (128, 1)):
        step = np.exp(-1j * last / n * np.diag(v))[:, None] * cayley_step(h, last / n)
        late[which] = np.linalg.matrix_power(step, n) @ split
    first = [np.max(np.abs(np.sum(np.abs(one.reshape(sites, 2)) ** 2 - np.abs(exact) ** 2, axis=-1))) for one in late]
    assert np.log2(first[0] / first[1]) < 1.3
    assert np.max(np.abs(np.sum(np.abs(runs[0]) ** 2, axis=(1, 2)) - 1)) < 1e-13
    kept = np.linalg.inv(h + v + 9 * np.eye(2 * sites))  # Gibbs' covariance of H + A_0, which steps keep to order dt²
    swing = []
    for dt in (0.1, 0.05):
        starts = jnp.eye(2 * sites).reshape(-1, sites, 2)
        rows = jax.vmap(lambda one, dt=dt: dirac.rollout(one, 1, dt, gauge).phi[-1].ravel())(starts)
        step, moved = np.asarray(rows).T, kept
        for _ in range(round(2 / dt)):
            moved = step @ moved @ step.conj().T
        swing.append(np.max(np.abs(moved - kept)) / np.max(np.abs(kept)))
    assert swing[0] < 0.01
    assert np.log2(swing[0] / swing[1]) == pytest.approx(2, abs=0.2)


def test_sampled_masses_and_links(seed):
    rng = np.random.default_rng(seed)
    psi, spatial, temporal = spinor(rng, (8, 2)), rng.normal(size=(1, 1, 8)), rng.normal(size=(1, 8))
    noise = rng.normal(size=(2, 8, 2))

    def run(mass, temporal, spatial, temperature):
        dirac = DiracLattice(Lattice(8), mass, 0.5)
        start = gibbs_spinor(dirac.hamiltonian(spatial[0]), noise, temperature, 9.0)
        return dirac.rollout(psi + start, 3, 0.1, GaugeField(temporal, spatial)).phi

    given = (0.3, temporal, spatial, 2.0)
    np.testing.assert_allclose(jax.jit(run)(*given), run(*given), atol=1e-13)


def test_flux_around_the_ring_is_periodic():
    dirac, flux = DiracLattice(RING, 0.3), 2 * np.pi / 32
    still, whole, half = (levels(dirac, np.full((1, 32), 0.1 + part * flux)) for part in (0, 1, 0.5))
    assert np.max(np.abs(whole - still)) < 1e-13
    np.testing.assert_allclose(
        still[32:], np.sort(dirac_energy(0.1 + flux * np.arange(32)[:, None], 1.0, 0.3)), atol=1e-13
    )
    free, between = levels(dirac), levels(dirac, np.full((1, 32), 0.5 * flux))
    assert np.max(np.abs(between - free)) == pytest.approx(0.0726, abs=5e-5)  # control
    assert np.max(np.abs(half - still)) > 1e-3


FREE, STILL = DiracLattice(Lattice(8), 0.3), GaugeField(np.zeros((3, 8)), np.zeros((3, 1, 8)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: DiracLattice(8, 0.3), TypeError, "DiracLattice: lattice is int; give a Lattice"),
        (lambda: DiracLattice(Lattice(8, periodic=False), 0.3), ValueError, "give a periodic one of one or two axes"),
        (lambda: DiracLattice(Lattice(2), 0.3), ValueError, "three sites each at least"),
        (lambda: DiracLattice(Lattice((40, 40)), 0.3), ValueError, "H is kept as a matrix: give 1024 at most"),
        (lambda: FREE.hamiltonian(np.zeros(8)), ValueError, r"spatial has shape \(8,\); give A on every link"),
        (lambda: GaugeField(np.zeros((3, 8)), np.zeros((3, 8))), ValueError, r"spatial \(3, 8\); give"),
        (lambda: STILL.turned(np.zeros((3, 8)), 0.1), ValueError, r"phase has shape \(3, 8\); give \(4, 8\)"),
        (
            lambda: FREE.rollout(np.ones((8, 2)), 5, 0.1, STILL),
            ValueError,
            r"for 5 steps on \(8,\) sites give \(5, 8\)",
        ),
        (
            lambda: DiracLattice(Lattice(8, spacing=0.5), 0.3).rollout(np.ones((8, 2)), 3, 0.1, STILL),
            ValueError,
            r"spacing = 1 on a lattice of spacing 0.5; give GaugeField\(temporal, spatial, spacing=0.5\)",
        ),
        (lambda: FREE.rollout(np.ones(8), 5, 0.1), ValueError, r"psi at the start has shape \(8,\); give the sites"),
        (lambda: FREE.rollout(np.ones((8, 2)), 5, -0.1), ValueError, "time_step = -0.1"),
        (lambda: cayley_step([[0.0, 1.0], [0.0, 0.0]], 0.1), ValueError, "hamiltonian is not Hermitian, by 1; steps"),
        (lambda: gibbs_spinor(FREE.hamiltonian(), jnp.ones((2, 8, 2))), ValueError, "weight = 0 .* more than 1.04403"),
        (lambda: gibbs_spinor(FREE.hamiltonian(), jnp.ones((8, 2))), ValueError, r"noise has shape \(8, 2\); give"),
    ],
)  # fmt: skip
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
