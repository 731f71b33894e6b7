"""Free averages given the features as control variates: unbiased, their errors right, and nothing for chains."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from numpy.polynomial.hermite_e import hermegauss
from numpyro import distributions as dist
from scipy.stats import kstest
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory, load, sample
from nnft_ppl.draws import Kind, KindError
from nnft_ppl.exact import ball_propagator
from nnft_ppl.identities import Improvement, control_means
from nnft_ppl.identities.control_means import even_draws
from nnft_ppl.observables import two_point
from nnft_ppl.results import quoted_series
from nnft_ppl.runs.recorder import Recorder
from nnft_ppl.runs.targets import Targets
from nnft_ppl.samplers import Block
from nnft_ppl.statistics import estimate, mix, smooth_log_weights
from nnft_ppl.theory import ModelFile

SEEDS, DRAWS, DISTANCE = 100, 1000, 1.6
PLACES = (-0.8, 0.8)
"""Where the action of the small network acts."""
KEPT = ("observables", "improved", "sample_stats")


def small(coupling=0.05):
    """φ(x) = a cos(b x), with S = λ Σ φ⁴ at two places."""
    with numpyro.plate("neuron", 1):
        momentum = numpyro.sample("momentum", dist.Normal(0, 1))
        amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))

    def phi(x):
        return jnp.sum(amplitude * jnp.cos(momentum * x[0]))

    numpyro.factor("quartic", -coupling * sum(phi(jnp.array([x])) ** 4 for x in PLACES))
    return phi


def exact():
    """⟨φ(−r/2) φ(r/2)⟩ of it, by Gauss–Hermite quadrature over a and b."""
    nodes, weights = hermegauss(120)
    a, b = nodes[:, None], nodes[None, :]
    action = 0.05 * sum((a * np.cos(b * x)) ** 4 for x in PLACES)
    density = weights[:, None] * weights[None, :] * np.exp(-action)
    return np.sum(density * a**2 * np.cos(b * DISTANCE / 2) ** 2) / np.sum(density)


def drawn(coupling, seeds):
    """The theory, and of many seeds the draws, as a run stores them, with their log weights."""
    measured = {"two_point": two_point([DISTANCE], 1)}
    theory = Theory(replace(ModelFile.of(small), observables=lambda: measured), coupling=coupling)
    targets = Targets.of(theory, Improvement(theory))
    target = targets.draws

    @jax.jit
    def draw(key):
        positions = jax.vmap(target.free_draw)(jax.random.split(key, DRAWS))
        return jax.vmap(target.measure)(positions), -jax.vmap(target.action)(positions)

    def one(seed):
        key = jax.random.key(seed)
        measured, logs = jax.tree.map(lambda values: np.asarray(values)[None], draw(key))
        groups = {name: labelled(measured[name]) for name in ("observables", "improved", "control")}
        means = control_means(targets.improvement, key)
        groups["control_means"] = xr.Dataset({name: (("set", "separation"), each) for name, each in means.items()})
        groups["sample_stats"] = xr.Dataset(attrs={"kind": str(Kind.FREE)})
        return xr.DataTree.from_dict(groups), smooth_log_weights(logs)[0]

    return theory, [one(seed) for seed in range(seeds)]


@pytest.fixture(scope="module")
def runs():
    return drawn(0.05, SEEDS)[1]


def labelled(values):
    return xr.Dataset({name: (("chain", "draw", "separation"), each) for name, each in values.items()})


def pulls(runs):
    """(value − exact)/error of every run, and its error."""
    found = [estimate(quoted_series(data, logs), None, logs, independent=True)["two_point"] for data, logs in runs]
    return np.array([[(one.value[0] - exact()) / one.error[0], one.error[0]] for one in found]).T


def test_values_are_unbiased_and_errors_right(runs):
    found, errors = pulls(runs)
    assert abs(found.mean()) * np.sqrt(SEEDS) < ACCEPTED
    assert kstest(found, "norm").pvalue > 1e-4
    without = [(xr.DataTree.from_dict({name: data[name].to_dataset() for name in KEPT}), logs) for data, logs in runs]
    assert np.mean(errors**2) < 0.5 * np.mean(pulls(without)[1] ** 2)


@pytest.mark.parametrize(("share", "size"), [(0.4, 8.0), (0.4, -8.0), (0.045, 8.0), (0.045, -8.0)])
def test_errors_are_right_where_draws_are_light(share, size):
    """What a control has of a light draw and the draw itself are correlated: kept apart, they would be noise."""
    found = []
    for random in map(np.random.default_rng, range(100)):
        light = random.random((2, 1000)) < share
        logs = np.where(light, np.log(0.1), 0.0)
        control, noise, other = random.normal(size=(3, 2, 1000))
        raw = np.where(light, size, 1.0) * control + 0.2 * noise
        series = {"a": mix(raw, raw + 0.1 * other, logs, control)}
        one = estimate(series, None, logs, independent=True)["a"]
        found.append(float(one.value / one.error))
    assert 0.8 < np.sqrt(np.mean(np.square(found))) < 1.25


def test_a_wrong_mean_is_rejected(runs):
    _, errors = pulls(runs[:20])
    moved = []
    for (data, logs), error in zip(runs[:20], errors, strict=True):
        wrong = data.copy()
        wrong["control_means"] = xr.DataTree(data["control_means"].to_dataset() + 5 * error)
        moved.append((wrong, logs))
    assert abs(pulls(moved)[0].mean()) * np.sqrt(len(moved)) > REJECTED


def test_chains_have_none():
    """In the density itself features have another law: there controls are wrong, and refused."""
    theory, [(data, logs)] = drawn(20.0, 1)
    generator = np.random.default_rng(0)
    weights = np.exp(logs[0])
    chosen = generator.choice(DRAWS, size=DRAWS, p=weights / weights.sum())
    chains = data.copy()
    for group in ("observables", "improved", "control"):
        chains[group] = xr.DataTree(data[group].to_dataset().isel(draw=chosen))
    control, means = chains["control"]["two_point"].values, chains["control_means"]["two_point"].values
    assert abs(control.mean() - means.mean()) > REJECTED * control.std() / np.sqrt(DRAWS)
    chains["sample_stats"].attrs["kind"] = str(Kind.CHAINS)
    with pytest.raises(KindError, match="independent draws only"):
        quoted_series(chains, None)
    zeros = np.zeros((1, 8))
    measured = {
        "observables": {"two_point": zeros[..., None]},
        "action": {},
        "control": {"two_point": zeros[..., None]},
    }
    with pytest.raises(KindError, match="independent draws only"):
        Recorder(theory, 0).add(Block(Kind.CHAINS, measured, {"diverging": zeros > 1}, None))
    targets = Targets.of(theory, Improvement(theory))
    position = jnp.zeros(theory.dimension)
    assert "control" in targets.draws.measure(position)
    assert "control" not in targets.chains.measure(position)
    assert "control" not in targets.bare.measure(position)


def test_the_free_theory_is_found_to_the_error_of_its_mean(key):
    """At λ = 0 improved draws are the control: what is left is the error of E[C], which is quoted, and small."""
    theory = load("phi4", coupling=0.0, dim=1, width=8)
    exact_values = theory.exact["two_point"]
    ensemble = sample(theory, "reweight", num_draws=250, checks=False, keep="none")
    quoted, improved = ensemble.estimates()["two_point"], ensemble.estimates_of("improved")["two_point"]
    assert np.all(np.abs(quoted.value - exact_values) < ACCEPTED * quoted.error + 1e-12)
    assert np.all(quoted.error[1:] < 0.1 * improved.error[1:])


def test_means_are_known_far_better_than_as_many_draws_would_tell(key):
    theory = load("phi4", width=64)
    improvement = Improvement(theory)
    means = control_means(improvement, key)["two_point"]
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    wanted = ball_propagator(np.array([0.0, 0.5, 1.0, 2.0]), 2, 1.0, 4.0)
    assert np.all(np.abs(means.mean(axis=0) - wanted) < ACCEPTED * error + 1e-9 * wanted)
    draws = jax.vmap(theory.free_draw)(jax.random.split(key, 400))
    spread = np.asarray(jax.jit(jax.vmap(improvement.control))(draws)["two_point"]).std(axis=0)
    assert np.all(error[1:] < 0.1 * spread[1:] / np.sqrt(16 * 64))


def test_even_draws_are_draws_of_the_prior():
    shapes = {"row": (3, 2), "other": (3,), "number": ()}
    generator = np.random.default_rng(1)
    sets = [even_draws(shapes, 4, generator) for _ in range(500)]
    together = np.stack(
        [np.concatenate([one["row"].reshape(16, -1), one["other"], one["number"][:, None]], 1) for one in sets]
    )
    assert kstest(together[:, 0].ravel(), "norm").pvalue > 1e-4  # one draw of each set
    correlation = np.corrcoef(together[:, 0].T) - np.eye(10)
    assert np.max(np.abs(correlation)) * np.sqrt(len(sets)) < ACCEPTED
    # Over a set each entry has one draw in each sixteenth of its law.
    assert np.std(together.mean(axis=1)) < 0.5 / np.sqrt(16)
