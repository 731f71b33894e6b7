"""One attention head: its redundancies on every draw, their identities on average, and keys that have fewer of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc
from statistical import ACCEPTED, sigmas

from nnft_ppl import load
from nnft_ppl.symmetries import DiscreteSymmetry, Invariance, Symmetry, generators
from nnft_ppl.symmetries.lift import lift_defect

FAR = 8.0
"""Errors by which a control is rejected."""
TOKENS = np.array([[1, 0.5, -0.5, 0.2], [0, 1, 0.3, -1], [-1, 0.2, 0.8, 0.4]])


@pytest.mark.parametrize(
    ("keys", "deviations", "angle"),
    [("normalised", (1.0, 1.0), 1.0), ("rope", (1.0, 2.0), 1.0), ("normalised", (0.6, 0.6), 1.0),
     ("rope", (1.3, 0.7), 0.4), ("rope", (0.5, 1.1), 2.2), ("plain", (0.8, 1.4), 1.0)],
)  # fmt: skip
def test_exact_averages_by_low_discrepancy_points(keys, deviations, angle):
    """Queries and keys at points of a net in eight dimensions, scrambled anew for the error."""
    exact = load("attention_redundancy", keys=keys, deviations=deviations, angle=angle).exact
    overlap, scales = TOKENS @ TOKENS.T, np.array(deviations)
    root, found = np.linalg.cholesky(overlap), []
    for scramble in range(16):
        normal = stats.norm.ppf(qmc.Sobol(8, rng=scramble).random_base2(12))
        unit, noise = normal[:, :2], normal[:, 2:].reshape(-1, 3, 2)
        query, key = np.sqrt(overlap[0, 0]) * scales * unit, scales * np.einsum("ts,nsj->ntj", root, noise)
        if keys == "normalised":
            key /= np.linalg.norm(key, axis=2, keepdims=True)
        if keys == "rope":
            turns = [
                [[np.cos(angle * t), -np.sin(angle * t)], [np.sin(angle * t), np.cos(angle * t)]] for t in range(3)
            ]
            key = np.einsum("tij,ntj->nti", turns, key)
        weights = np.exp(np.einsum("ni,nti->nt", query, key) / np.sqrt(2))
        participation = np.sum(weights**2, axis=1) / np.sum(weights, axis=1) ** 2
        own = (np.sum(noise**2, axis=1) - 3 - unit**2 + 1) * (participation - 0.6)[:, None]
        found.append([participation.mean(), (own[:, 0] + own[:, 1]).mean(), (own[:, 0] - own[:, 1]).mean()])
    wanted = [exact["participation"], *exact["breaking"]]
    error = np.std(found, axis=0, ddof=1) / 4
    assert np.max(error) < 4e-3
    assert np.max(np.abs(np.mean(found, axis=0) - wanted) / error) < ACCEPTED


def test_numbers_of_the_three_kinds_of_keys():
    exact = {
        name: load("attention_redundancy", **keywords).exact["breaking"]
        for name, keywords in (
            ("plain", {}), ("normalised", {"keys": "normalised"}), ("rope", {"keys": "rope"}),
            ("uneven", {"keys": "rope", "deviations": (1.0, 2.0)}),
        )
    }  # fmt: skip
    assert not np.any(exact["plain"])
    assert exact["normalised"][0] == pytest.approx(-0.1621, abs=5 * 3e-4)
    assert exact["uneven"][1] == pytest.approx(-0.0508, abs=5 * 9e-4)
    assert exact["rope"][1] == pytest.approx(0, abs=1e-6)  # by the average over all turns of the query


def test_measured_identities_of_plain_and_of_normalised_keys(key):
    theories = {keys: load("attention_redundancy", keys=keys) for keys in ("plain", "normalised")}
    for keys, theory in theories.items():
        measured = theory.observables["breaking"]
        series = jax.jit(jax.vmap(lambda key, t=theory, m=measured: m.on(t.at(t.free_draw(key)))))(
            jax.random.split(key, 20_000)
        )
        for at in range(2):
            assert sigmas(np.asarray(series)[:, at], theory.exact["breaking"][at]) < ACCEPTED
        other = "normalised" if keys == "plain" else "plain"
        assert sigmas(np.asarray(series)[:, 0], theories[other].exact["breaking"][0]) > FAR


def turned(theory, matrix):
    """How far the fields move under a finite change of queries and keys, of their size."""
    inverse = jnp.linalg.inv(matrix).T
    symmetry = DiscreteSymmetry(
        lambda w: {"query": w["query"] @ matrix, "key": w["key"] @ inverse}, points=[TOKENS.ravel()]
    )
    draws = jax.vmap(theory.free_draw)(jax.random.split(KEY, 20))
    found = jax.jit(jax.vmap(Invariance(theory, "turn", symmetry)))(draws)
    return float(jnp.max(found["lift_missed"]) / jnp.max(found["lift_size"]))


KEY = jax.random.key(4)
COMMUTES, GENERIC = jnp.array([[0.9, -0.5], [0.5, 0.9]]), jnp.array([[1.1, 0.7], [-0.2, 0.8]])


@pytest.mark.parametrize(("keys", "kept"), [("plain", "both"), ("rope", "commutes"), ("normalised", "neither")])
def test_finite_changes_of_queries_and_keys(keys, kept):
    theory = load("attention_redundancy", keys=keys)
    commutes, generic = turned(theory, COMMUTES), turned(theory, GENERIC)
    assert (commutes < 1e-13) == (kept != "neither")
    assert (generic < 1e-13) == (kept == "both")
    assert max(commutes, generic) < 1e-13 or generic > 0.01


@pytest.mark.parametrize(
    ("keys", "kept"),
    [("plain", {"query_key", "value_output", "embedding"}), ("rope", {"value_output", "embedding"}),
     ("normalised", {"value_output", "embedding"})],
)  # fmt: skip
def test_lifts_on_every_draw(keys, kept):
    theory = load("attention_redundancy", keys=keys)
    draws = jax.vmap(theory.free_draw)(jax.random.split(KEY, 10))
    defects = {
        f"{name} {one.name}": lift_defect(name, theory, one.current, one.variation, one.points)
        for name, symmetry in theory.symmetries.items()
        if isinstance(symmetry, Symmetry)
        for one in generators(theory, name, symmetry)
    }
    everything = jax.jit(jax.vmap(lambda z: {name: defect(z) for name, defect in defects.items()}))(draws)
    shares: dict[str, float] = {}
    for name, one in everything.items():
        share = float(jnp.max(jnp.abs(one.missed)) / jnp.max(one.size))
        shares[name.split()[0]] = max(share, shares.get(name.split()[0], 0.0))
    assert not any(1e-13 < share < 0.01 for share in shares.values())
    found = {name for name, share in shares.items() if share < 1e-13}
    assert found == kept
    moved = jax.jit(jax.vmap(Invariance(theory, "tokens", theory.symmetries["tokens"])))(draws)
    assert (float(jnp.max(moved["lift_missed"])) < 1e-12) == (keys != "rope")


def test_bad_keywords_are_named():
    with pytest.raises(ValueError, match="attention_redundancy: keys = 'rotary'; give one of 'plain'"):
        load("attention_redundancy", keys="rotary")
    with pytest.raises(ValueError, match="attention_redundancy: deviations"):
        load("attention_redundancy", deviations=(1.0, 0.0))
