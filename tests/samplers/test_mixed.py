"""Moves of integers: each leaves the density invariant to rounding, planted bugs do not; `mixed` on a Villain torus.

The torus has 2 × 2 sites, 8 links n and the weights exp(−(β/2) Σ (Δθ − 2πn)²). Spin waves are Gaussian and apart from
the links, of which 5 are left when 3 on a spanning tree are zero; the exact correlators are those of the dual sum.
"""

from dataclasses import replace
from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from integers import integers
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import Observable, Theory
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.samplers import Settings, mixed, nuts, run_blocks
from nnft_ppl.samplers.integer_moves import FAR, Lines, Window, window_of
from nnft_ppl.samplers.level_scan import far_levels, wells
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import ModelFile

MANY, FEW = 20, 3
"""Levels of an integer: more, and fewer, than a heat bath looks at all of."""
ROUNDING, SEEN = 1e-12, 1e-3
PLANTED = {
    "windows about the point": lambda lines, y, log_density, move, partner, cut: window_of(
        lines, y, log_density, move, partner, (jnp.round(y[1 + move[1]]).astype(int) + 1) % lines.window
    ),
    "never where it was": lambda lines, y, *others: (found := window_of(lines, y, *others))._replace(
        logits=jnp.where(jnp.all(found.points == y, axis=1), -50.0, found.logits)
    ),
    "another density": lambda lines, y, log_density, *others: window_of(
        lines, y, lambda y: log_density(y) - 0.1 * y[1], *others
    ),
    "a step too far": lambda lines, y, *others: (found := window_of(lines, y, *others))._replace(
        points=found.points + jnp.array([0.0, 1.0, 0.0])
    ),
}


def broken_balance(levels, window=window_of, apart=None):
    """The largest |π_i P_ij − π_j P_ji| of each move at each cut, in units of the mean π."""
    table = 1.5 * np.random.default_rng(1).normal(size=(levels, levels))
    target = integers(table)
    low, high = (np.asarray(end)[None] for end in target.discrete.bounds(jnp.zeros(3)))
    lines = Lines.of(target.discrete, target.groups, low, high, apart)
    states = np.array([(0, *place) for place in np.ndindex(table.shape)], float)

    def one(move, cut, state):
        found = window(lines, state, lambda y: -target.discrete.potential(y), move, jnp.array(1), cut)
        return found.points, jax.nn.softmax(found.logits)

    over = jax.vmap(jax.vmap(jax.vmap(one, (None, None, 0)), (None, 0, None)), (0, None, None))
    points, shares = map(np.asarray, jax.jit(over)(lines.moves, jnp.arange(lines.window), states))
    weights = np.exp(table).ravel() / np.mean(np.exp(table))
    worst = np.zeros(points.shape[:2])
    for at in np.ndindex(worst.shape):
        matrix = np.zeros((len(states), len(states)))
        place = np.round(points[at][..., 1:]).astype(int)
        inside = np.all((place >= 0) & (place < levels), axis=-1)
        assert np.all(shares[at][~inside] == 0) or window is not window_of
        to = np.clip(place[..., 0] * levels + place[..., 1], 0, len(states) - 1)
        np.add.at(matrix, (np.arange(len(states))[:, None], to), shares[at] * inside)
        flow = weights[:, None] * matrix
        worst[at] = np.max(np.abs(flow - flow.T))
    return lines, worst


@pytest.mark.parametrize("levels", [MANY, FEW])
def test_every_move_is_in_detailed_balance(levels):
    lines, worst = broken_balance(levels)
    # Two entries, a unit from either to the other, and both at once.
    np.testing.assert_array_equal(lines.moves, [[0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0]])
    assert lines.window == (FEW if levels == FEW else 4)
    assert np.max(worst) < ROUNDING


def leaps_in(lines, y, log_density, move, *others):
    """A far move from wherever the point is."""
    found = window_of(lines, y, log_density, move, *others)
    points = y + (lines.far[0] - y[1 + move[1]])[:, None] * (jnp.arange(3) == 1 + move[1])
    logits = jnp.where(lines.known[0], jax.vmap(log_density)(points), -jnp.inf)
    far = move[2] == FAR
    return Window(jnp.where(far, points, found.points), jnp.where(far, logits, found.logits))


def test_moves_between_wells_that_lie_apart_are_in_detailed_balance():
    apart = {"n": [2, 17, 11]}
    lines, worst = broken_balance(MANY, apart=apart)
    np.testing.assert_array_equal(lines.moves[-2:], [[0, 0, FAR], [0, 1, FAR]])
    assert np.max(worst) < ROUNDING
    assert np.max(broken_balance(MANY, leaps_in, apart)[1]) > SEEN


def test_wells_that_lie_apart_are_found(key):
    """Of two integers alike but for their prior: one well of neighbours, and one beside it far away."""
    two = np.where(np.arange(40) == 31, 4.0, -0.1 * (np.arange(40) - 5.0) ** 2)
    for weights, expected in ((two, {"n": [31, 5]}), (-0.1 * (np.arange(40) - 5.0) ** 2, {})):
        assert far_levels(integers(np.add.outer(weights, weights)), key, 17) == expected
    # Ripples are no wells.
    assert wells(np.array([-0.1 * np.arange(20.0) + np.tile([0, -1.5], 10)])) == []


@pytest.mark.parametrize("bug", PLANTED)
def test_planted_bugs_are_seen(bug):
    assert np.max(broken_balance(MANY, PLANTED[bug])[1]) > SEEN


def test_transfers_keep_sums_and_sectors_differences():
    target = integers(np.zeros((MANY, MANY)))
    low, high = (np.asarray(end)[None] for end in target.discrete.bounds(jnp.zeros(3)))
    lines, state = Lines.of(target.discrete, target.groups, low, high), jnp.array([0.3, 4.0, 9.0])
    for kind, total in (([0, 0, 1], lambda y: y[:, 1] + y[:, 2]), ([1, 0, 0], lambda y: y[:, 1] - y[:, 2])):
        points = window_of(lines, state, lambda y: 0.0 * y[0], jnp.array(kind), jnp.array(1), jnp.array(2)).points
        assert np.ptp(total(points)) == 0
        assert len(np.unique(points[:, 1])) == lines.window
        np.testing.assert_array_equal(points[:, 0], 0.3)


def torus():
    """Spin waves of each site, response of the sites to the free links, and the energy of those."""
    links = [
        ((i, j), ((i + 1) % 2, j) if axis == 0 else (i, (j + 1) % 2)) for axis in (0, 1) for i, j in np.ndindex(2, 2)
    ]
    gradient = np.zeros((8, 4))
    for row, (start, end) in enumerate(links):
        gradient[row, 2 * end[0] + end[1]] += 1
        gradient[row, 2 * start[0] + start[1]] -= 1
    laplacian = gradient.T @ gradient
    values, vectors = np.linalg.eigh(laplacian)
    tree = next(c for c in map(list, combinations(range(8), 3)) if np.linalg.matrix_rank(gradient[c]) == 3)
    free = [link for link in range(8) if link not in tree]
    response = np.linalg.pinv(laplacian) @ gradient.T
    across = np.eye(8) - gradient @ response
    return vectors[:, 1:] / np.sqrt(values[1:]), response[:, free], across[np.ix_(free, free)]


WAVES, RESPONSE, ENERGY = torus()


def villain(beta=0.3):
    waves = numpyro.sample("waves", dist.Normal(0, 1).expand([3]).to_event(1))
    n = numpyro.sample("n", IntegerNormal(beta, largest=3).expand([5]).to_event(1))
    theta = WAVES @ waves / np.sqrt(beta) + 2 * np.pi * RESPONSE @ n
    numpyro.factor("vortices", beta / 2 * jnp.sum(n**2) - 2 * np.pi**2 * beta * n @ ENERGY @ n)
    return {"neighbour": lambda x: jnp.cos(theta[0] - theta[1]), "diagonal": lambda x: jnp.cos(theta[0] - theta[3])}


def test_villain_torus(key):
    """Two correlators at β = .3 in errors, with .05 effective draws per sweep and more; spin waves alone do not do."""
    names = ("neighbour", "diagonal")
    observables = {name: Observable(lambda fields, name=name: fields[name](jnp.zeros(1))) for name in names}
    theory = Theory(replace(ModelFile.of(villain), observables=lambda: observables))
    target = theory.target()
    blocks = list(run_blocks(mixed, target, Settings(key, 4, 1500, 100, 1)))
    series = {name: np.concatenate([block.measured["observables"][name] for block in blocks], axis=1) for name in names}
    found = estimate(series)
    for name, site, exact in (("neighbour", 1, 0.3866172), ("diagonal", 3, 0.2420726)):
        spin_waves = np.exp(-np.sum((WAVES[0] - WAVES[site]) ** 2) / (2 * 0.3))
        assert worst_pull(found[name], np.array(exact)) < ACCEPTED
        assert worst_pull(found[name], np.array(spin_waves)) > REJECTED
        assert found[name].ess > 0.05 * series[name].size
    # The coordinates of the levels are those of their cells, spread as N(0, 1) within.
    positions = np.concatenate([block.positions for block in blocks], axis=1).reshape(-1, theory.dimension)
    levels = np.asarray(jax.jit(jax.vmap(target.discrete.point))(positions))[:, theory.groups["n"]]
    shares = np.mean(positions[:, theory.groups["n"]] < 0, axis=0)
    assert np.ptp(levels) > 0
    assert np.all(shares > 0.3)
    assert np.all(shares < 0.7)


def test_what_mixed_asks_for(key):
    target = integers(np.zeros((2, 2)))
    told = Settings(key, 2, 10, 10, 0)
    with pytest.raises(ValueError, match="warmup must be at least 1"):
        mixed(target, replace(told, num_warmup=0))
    with pytest.raises(ValueError, match="this one has none: use hmc"):
        mixed(replace(target, discrete=None), told)
    with pytest.raises(ValueError, match=r"no.*gradients|follows gradients.*'n'.: use --sampler mixed"):
        nuts(target, told)
