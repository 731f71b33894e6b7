"""Conformal models on draws: covariance, the box, free bosons; and what is none of these."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED

from nnft_ppl import load, sample
from nnft_ppl.exact import power_law_propagator
from nnft_ppl.statistics import pulls, tails
from nnft_ppl.symmetries import declared, generators
from nnft_ppl.symmetries.lift import lift_defect


def measured(name, seed, num_draws=10_000, **keywords):
    theory = load(name, **keywords)
    run = sample(theory, "reweight", num_draws=num_draws, seed=seed, keep="none", checks=False)
    return theory, run.estimates()


def furthest(estimate, exact):
    """The largest distance in errors, of real and imaginary parts."""
    return float(np.max(np.abs(pulls(estimate, np.asarray(exact)))))


@pytest.mark.parametrize(("power", "theta"), [(1, "sphere"), (2, "gaussian")])
def test_powers_on_the_cone(power, theta, seed):
    theory, estimates = measured("null_cone", seed, power=power, theta=theta)
    for name in ("two_point", "four_point_full", "covariance", "crossing"):
        assert furthest(estimates[name], theory.exact[name]) < ACCEPTED
    # Controls: the other law of the length of Θ, and a field of another dimension.
    other = {"gaussian": "sphere", "sphere": "gaussian"}[theta]
    wrong = load("null_cone", power=power, theta=other).exact
    assert furthest(estimates["four_point_full"], wrong["four_point_full"]) > REJECTED
    assert furthest(estimates["covariance"], np.array(0.9)) > REJECTED


def defects(theory):
    """Of each generator, by how much its lift misses its field action, in units of its size, and its breaking."""
    own = [one for name, symmetry in declared(theory).items() for one in generators(theory, name, symmetry)]

    def looked(position):
        for one in own:
            found = lift_defect(one.name, theory, one.current, one.variation, one.points)(position)
            terms = one.current.carry(position, lambda returned, values: jnp.ones(()))
            yield jnp.max(jnp.abs(found.missed)) / jnp.max(found.size), jnp.abs(terms.breaking)

    return np.asarray(jax.jit(lambda position: list(looked(position)))(theory.free_draw(jax.random.key(1))))


@pytest.mark.parametrize("keywords", [{"dim": 2}, {"power": 2, "theta": "sphere"}])
def test_rotations_of_theta_are_conformal_maps(keywords):
    found = defects(load("null_cone", **keywords))
    assert found.shape == (3, 2)
    assert np.max(found) < 1e-12


def test_rotations_in_a_real_embedding_are_not():
    """But for the one that leaves the first coordinate alone; the density stays as it is."""
    missed, breaking = defects(load("null_cone", embedding="real")).T
    assert min(missed[:2]) > 0.01
    assert max(missed[2], *breaking) < 1e-12


def test_negative_powers_are_flagged_and_not_covariant(seed):
    """1/(ZZ') at (0, e₁) and (3e₁, 4e₁): medians of batches near their own means, not near each other; no variance."""
    pairs = np.array([[0.0, 0, 0], [1, 0, 0], [3, 0, 0], [4, 0, 0]])
    theory = load("null_cone", power=-1)
    draw = jax.jit(jax.vmap(lambda key: jax.vmap(theory.realise(theory.free_draw(key)))(jnp.asarray(pairs))))
    values = np.asarray(draw(jax.random.split(jax.random.key(seed), 200_000)))
    near, far = values[:, 0] * values[:, 1], values[:, 2] * values[:, 3]
    for product, mean in ((near, -2 * np.log(2)), (far, 42.5**-1 * 85 * np.log(169 / 170))):
        batches = product.reshape(100, -1).mean(axis=1).real
        spread = np.diff(np.quantile(batches, [0.16, 0.84]))[0] / 2
        assert abs(np.median(batches) - mean) < 5 * 1.25 * spread / 10
        assert abs(np.median(batches) - (-2 * np.log(2) - 0.0118 - mean)) > REJECTED * 1.25 * spread / 10
    assert tails(near.real[None], independent=True).k_hat > 0.4


def test_what_poles_break_is_not_called_a_symmetry(seed):
    """At power −1 B = 0 on every draw, and no identity has a tail light enough to be tested."""
    run = sample(load("null_cone", power=-1), "reweight", num_draws=2000, seed=seed, checks=["symmetries"])
    for found in run.findings["symmetries"].values():
        assert found["verdict"] == "undecided"
        assert "too heavy a tail" in found["text"]


def test_the_box_and_its_two_point_function(seed):
    theory, estimates = measured("null_sphere", seed, 20_000)
    for name in theory.exact:
        assert furthest(estimates[name], theory.exact[name]) < ACCEPTED
    assert theory.exact["box"] == pytest.approx(3.1745963498, abs=1e-10)
    # Controls: covariance of the two-point function; and the box of other points.
    assert furthest(estimates["two_point_covariance"], np.array(1.0)) > REJECTED
    other = load("null_sphere", fourth=(-0.4, 0.5, 0.7, 0.2)).exact
    assert furthest(estimates["four_point_full"], other["four_point_full"]) > REJECTED


def test_poles_are_taken_off_without_a_change_of_the_mean():
    """Two fields look at n in the plane of n_1 and n_5: the mean of what is left, which is bounded, by quadrature."""
    theory = load("null_sphere")
    nodes, weights = np.polynomial.legendre.leggauss(80)
    last, first = np.meshgrid(nodes, nodes, indexing="ij")  # n_5, and n_1 in units of what n_5 leaves
    direction = np.zeros((first.size, 5))
    direction[:, 4] = last.ravel()
    direction[:, 0] = (np.sqrt(1 - last**2) * first).ravel()
    direction[:, 1] = (np.sqrt((1 - last**2) * (1 - first**2))).ravel()
    chance = (np.outer(weights, weights) * (1 - last**2) * np.sqrt(1 - first**2)).ravel()

    def value(direction):
        return theory.observables["two_point"](None, {"direction": direction})[0]

    found = np.asarray(jax.vmap(value)(jnp.asarray(direction)))
    assert np.max(np.abs(found)) < 10
    assert chance @ found / np.sum(chance) == pytest.approx(theory.exact["two_point"][0], rel=1e-4)


def test_the_free_boson(seed):
    theory, estimates = measured("generalized_free", seed, 5000, width=4)
    for name in theory.exact:
        assert furthest(estimates[name], theory.exact[name]) < ACCEPTED
    # Controls: the power law of another dimension; and no connected function.
    wrong = load("generalized_free", dimension=0.75).exact
    assert furthest(estimates["two_point"], wrong["two_point"]) > REJECTED
    assert (
        furthest(estimates["four_point_full"], load("generalized_free", width=10**9).exact["four_point_full"])
        > REJECTED
    )


@pytest.mark.parametrize(
    ("dim", "dimension", "width", "cutoff"), [(1, 0.3, 3, 2.0), (2, 0.5, 1, 1.5), (2, 0.8, 7, 1.0)]
)
def test_four_points_by_an_integral_over_momenta(dim, dimension, width, cutoff):
    theory = load("generalized_free", dim=dim, dimension=dimension, width=width, cutoff=cutoff)
    points = np.array([[0, 0], [1, 0], [0.3, 0.8], [-0.4, 0.5]])[:, :dim]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    b, share = ((nodes + 1) / 2) ** (1 / dimension), weights / 2
    gauss, normal = np.polynomial.hermite.hermgauss(40)  # of e^{−g²}
    g = np.stack(np.meshgrid(*[gauss] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    chance = np.prod(np.stack(np.meshgrid(*[normal] * dim, indexing="ij"), axis=-1).reshape(-1, dim), axis=-1)
    momentum = cutoff * (np.sqrt(b)[:, None, None] * g).reshape(-1, dim)
    chance = np.outer(share, chance / np.pi ** (dim / 2)).ravel()
    pair = np.cos(np.einsum("pd,abd->abp", momentum, points[:, None] - points))  # in units of G_0
    expected = 0.0
    for (i, j), (k, m) in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))):
        separate = (pair[i, j] @ chance) * (pair[k, m] @ chance)
        expected += separate + ((pair[i, j] * pair[k, m]) @ chance - separate) / width
    coincident = float(power_law_propagator(0.0, dimension, dim, cutoff))
    assert theory.exact["four_point_full"] == pytest.approx(coincident**2 * expected, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("null_cone", {"power": 0}, "null_cone: power = 0; give an integer >= 1"),
        ("null_cone", {"dim": 0}, "dim = 0; give an integer >= 1"),
        ("null_cone", {"theta": "cauchy"}, "null_cone: theta = 'cauchy'; give one of 'gaussian'"),
        ("null_cone", {"embedding": "imaginary"}, "null_cone: embedding = 'imaginary'; give one of 'null'"),
        ("null_sphere", {"fourth": (1.0, 0.0)}, r"null_sphere: fourth = \(1.0, 0.0\); give four numbers"),
        ("null_sphere", {"fourth": (1.0, 0, 0, 0)}, "a point other than the first three"),
        ("generalized_free", {"dimension": 0.0}, "generalized_free: dimension = 0.0; give a finite number > 0"),
        ("generalized_free", {"cutoff": -1.0}, "generalized_free: cutoff = -1.0; give a finite number > 0"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
