"""Models of topology: sums over sectors on draws, dualities as maps, and small tori by all of their configurations."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, free_draws

from nnft_ppl import dual, load
from nnft_ppl.exact import background_matrix, dual_background, villain_two_by_two
from nnft_ppl.statistics import estimate, pulls
from nnft_ppl.topology import bare_stiffness, spin_wave_two_point, vortex_gas


def drawn(theory, seed, number=20_000):
    """Estimates from free draws, and functions of them by hand."""
    series, logs = free_draws(theory, number, seed)
    return estimate(series, log_weights=logs, independent=True)


@pytest.mark.parametrize(("radius", "modulus"), [(1.0, 0.6), (0.5, 1.0)])
def test_windings_of_a_compact_boson(radius, modulus, seed):
    theory = load("compact_boson", radius_squared=radius, modulus=modulus, modes=1)
    found = drawn(theory, seed)
    for name in ("energy", "unwound"):
        assert abs(pulls(found[name], theory.exact[name])) < ACCEPTED
    if radius == 1:  # self-dual
        assert abs(found["energy"].value - 0.5) < ACCEPTED * found["energy"].error
    share = theory.exact["unwound"]
    assert theory.observables is not None
    assert theory.derived["partition"]({"unwound": share}) == pytest.approx(theory.exact["partition"], rel=1e-6)
    # Controls: sectors without winding along one side; no volume of the zero mode.
    assert abs(found["energy"].value - theory.exact["energy"] / 2) > REJECTED * found["energy"].error
    if radius != 1:
        wrong = load("compact_boson", radius_squared=radius, modulus=modulus, modes=1, zero_mode=False).exact
        assert wrong["partition"] * radius**0.5 == pytest.approx(theory.exact["partition"])
        error = found["unwound"].error / share * theory.exact["partition"]
        assert abs(wrong["partition"] - theory.exact["partition"]) > REJECTED * error


def test_oscillators_are_those_of_the_string():
    # <(X(σ) − X(0))²> without windings, by the sum over momenta 2πα'/(V p²).
    theory = load("compact_boson", radius_squared=40.0, modulus=1.5, modes=2)
    point = jnp.array([0.5, 0.25])
    values = jax.jit(
        jax.vmap(lambda key: (lambda phi: phi(point) - phi(0 * point))(theory.at(theory.free_draw(key)).returned))
    )(jax.random.split(jax.random.key(2), 20_000))
    numbers = [n for n in itertools.product(range(-2, 3), repeat=2) if any(n)]
    momenta = [(2 * np.pi * np.array(n) / [1.5, 1.0], n) for n in numbers]
    known = sum(2 * np.pi / 1.5 / (p @ p) * (2 - 2 * np.cos(2 * np.pi * np.dot(n, point))) for p, n in momenta)
    squares = np.asarray(values) ** 2
    assert abs(squares.mean() - known) < ACCEPTED * squares.std() / np.sqrt(len(squares))


BUSCHER = {"original": 2.1181862, "full": 2.1181862, "single": 2.1181862, "metric only": 1.9480540}


def test_three_frames_of_a_background(seed):
    for frame, known in BUSCHER.items():
        theory = load("buscher_torus", frame=frame)
        assert theory.exact["partition"] == pytest.approx(known, abs=5e-8)
    theory = load("buscher_torus", frame="single")
    found = drawn(theory, seed, 40_000)
    for name in ("energy", "ground"):
        assert abs(pulls(found[name], theory.exact[name])) < ACCEPTED
    partition = 1 / found["ground"].value
    assert abs(partition - BUSCHER["metric only"]) > REJECTED * partition**2 * found["ground"].error


def test_duality_is_a_map_of_windings_and_momenta():
    def full(values):
        return {"winding": values["momentum"], "momentum": values["winding"]}

    here = load("buscher_torus")
    assert dual(here, load("buscher_torus", frame="full"), full, tolerance=1e-5).holds
    # Of the first direction alone: and the second is reflected, for B changes its sign by either.
    background = here.keywords["background"]
    exchange = np.array([[0, 0, 1, 0], [0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1]])
    single = background_matrix(dual_background(background, "single"))
    np.testing.assert_allclose(exchange.T @ single @ exchange, background_matrix(background), atol=1e-12)
    # Control: with B kept, no exchange of windings and momenta is one of H.
    wrong = background_matrix(dual_background(background, "metric only"))
    assert np.abs(np.sort(np.linalg.eigvalsh(wrong)) - np.linalg.eigvalsh(background_matrix(background))).max() > 0.01


def every_configuration(theory, levels):
    """Weights of these levels of all discrete sites, and observables, where continuous coordinates are zero."""
    target = theory.target()
    points = np.zeros((len(levels), target.dimension))
    columns = [np.arange(target.dimension)[target.groups[name]] for name in target.discrete.sites]
    points[:, np.concatenate(columns)] = levels
    potentials, found = jax.jit(
        lambda points: jax.lax.map(
            lambda y: (target.discrete.potential(y), target.discrete.measure(y)["observables"]), points, batch_size=500
        )
    )(points)
    weights = np.exp(-np.asarray(potentials, float) + float(np.min(potentials)))
    return weights / weights.sum(), {name: np.asarray(one, float) for name, one in found.items()}


@pytest.mark.parametrize("beta", [0.3, 0.75])
def test_villain_by_all_integers(beta):
    theory = load("villain_torus", beta=beta)
    levels = np.array(list(itertools.product(range(-3, 4), repeat=5)))
    weights, found = every_configuration(theory, levels)
    # Spin waves are independent of the integers: cosines of the two are multiplied.
    waves = load("villain_torus", beta=beta, vortices=False).exact
    known = villain_two_by_two(beta)
    assert waves["neighbour"] == pytest.approx(np.exp(-3 / 16 / beta))
    assert weights @ found["neighbour"] * waves["neighbour"] == pytest.approx(known.neighbour, abs=2e-5)
    assert weights @ found["diagonal"] * waves["diagonal"] == pytest.approx(known.diagonal, abs=2e-5)
    assert weights @ found["stiffness"] == pytest.approx(known.stiffness, abs=2e-5)
    # Control: without the sectors, integers that sum to something around the torus.
    inside = np.isclose(found["stiffness"], beta)
    assert abs(weights[inside] @ found["stiffness"][inside] / weights[inside].sum() - known.stiffness) > 1e-3


def test_spin_waves_of_villain_and_of_the_gas(seed):
    alone = {"villain_torus": {"size": 4, "vortices": False}, "vortex_gas": {"size": 8, "b": 0.6, "charges": False}}
    for name, keywords in alone.items():
        theory = load(name, **keywords)
        found = drawn(theory, seed, 4000)
        for known in set(theory.exact) - {"vortices", "stiffness"}:
            moving = found[known].error > 1e-6
            assert np.max(np.abs(pulls(found[known], theory.exact[known])[moving])) < ACCEPTED
            assert np.max(np.abs(pulls(found[known], theory.exact[known] ** 1.3)[moving])) > REJECTED


@pytest.fixture(scope="module")
def gas():
    """A small gas and its averages by weighted free draws."""
    theory = load("vortex_gas", size=4, b=1.0, fugacity=0.1)
    return theory, drawn(theory, 7)


def test_gas_by_its_chains_and_by_weights(gas, seed):
    size, b, fugacity = 4, 1.0, 0.1
    _, weighed = gas
    found = vortex_gas(size, b, fugacity, steps=2**13, num_chains=64, seed=seed % 1000)
    for name in ("vortices", "stiffness", "two_point"):
        one, other = found[name], weighed[name]
        apart, error = np.abs(one.value - other.value), np.hypot(one.error, other.error)
        assert np.all(apart <= ACCEPTED * error + 1e-6)  # at r = 0 both are 1
    # Controls: spin waves alone, in either route.
    waves = spin_wave_two_point(size, b, np.array([[1.0, 0.0]]))
    for route in (found, weighed):
        assert abs(route["two_point"].value[1] - waves) > REJECTED * route["two_point"].error[1]
        assert abs(route["stiffness"].value - bare_stiffness(b)) > REJECTED * route["stiffness"].error


def test_moves_of_the_gas_in_the_terms_of_a_sampler(gas, seed):
    """Levels there and back, and the same averages as by weights."""
    theory, weighed = gas
    target = theory.target()
    discrete = target.discrete
    assert list(discrete.sites) == ["charge", "turn"]
    empty = jnp.zeros(target.dimension).at[target.groups["charge"]].set(1)  # the second value of the table is 0

    def chain(key):
        def step(point, key):
            point = discrete.moves(key, point)
            return point, (discrete.potential(point), discrete.measure(point)["observables"])

        return jax.lax.scan(step, empty, jax.random.split(key, 60))[1]

    potentials, series = jax.jit(jax.vmap(chain))(jax.random.split(jax.random.key(seed), 100))
    assert np.all(np.isfinite(potentials))
    for name in ("vortices", "stiffness"):
        means = np.asarray(series[name])[:, 10:].mean(1)
        error = np.hypot(means.std(ddof=1) / np.sqrt(len(means)), weighed[name].error)
        assert abs(means.mean() - weighed[name].value) < ACCEPTED * error
        assert abs(means.mean() - {"vortices": 0.0, "stiffness": bare_stiffness(1.0)}[name]) > REJECTED * error
    assert load("vortex_gas", charges=False).target().discrete is None


@pytest.mark.parametrize(
    ("name", "keywords", "words"),
    [
        ("compact_boson", {"radius_squared": -1.0}, "radius_squared = -1"),
        ("compact_boson", {"modulus": 0.0}, "modulus = 0"),
        ("buscher_torus", {"background": (1.0, 2.0, 1.0, 0.0)}, "G is not positive definite"),
        ("buscher_torus", {"frame": "half"}, "frame = 'half'; give one of"),
        ("villain_torus", {"size": 1}, "size = 1"),
        ("villain_torus", {"beta": 0.0}, "beta = 0"),
        ("vortex_gas", {"size": 2}, "size = 2"),
        ("vortex_gas", {"fugacity": 0.0}, "fugacity = 0"),
    ],
)
def test_mistakes_in_topology(name, keywords, words):
    with pytest.raises(ValueError, match=words):
        load(name, **keywords).target()
