"""Connected functions: closed forms at finite width, a variance that does not grow with it, and what is shown."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from jax.scipy.special import erf
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory, sample
from nnft_ppl.checks import FinishedDraws, OddMoments
from nnft_ppl.draws import Kind
from nnft_ppl.identities import Improvement
from nnft_ppl.observables import at, connected, product
from nnft_ppl.observables.connected import Cumulant
from nnft_ppl.report.weak_coupling import weak_coupling_panels
from nnft_ppl.results import estimate_rows
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import ModelError, ModelFile

DRAWS = 2000
CONFIGURATIONS = {"cosine": (0.0, 0.0, 1.0, 1.0), "erf": (-1.0, -1.0, 1.0, 1.0), "relu": (1.0, 1.0, 1.0, 1.0)}
TIMES_WIDTH = {"cosine": 0.3668110106, "erf": 0.6969895744, "relu": 3.75}
"""N G₄c at these points, in closed form."""
MOST_GROWTH = 2.0
"""The variance of N G₄c at N = 16 in units of that at N = 2, at equal numbers of draws."""


def networks(width=2):
    """Three networks with Gaussian output weights of variance 1/N; the last without bias."""
    with numpyro.plate("neuron", width):
        weight = numpyro.sample("weight", dist.Normal(0, 1).expand([3]).to_event(1))
        bias = numpyro.sample("bias", dist.Normal(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-jnp.pi, jnp.pi))
        output = numpyro.sample("output", dist.Normal(0, width**-0.5).expand([3]).to_event(1))
    return {
        "cosine": lambda x: output[:, 0] @ jnp.cos(weight[:, 0] * x[0] + phase),
        "erf": lambda x: output[:, 1] @ erf(weight[:, 1] * x[0] + bias),
        "relu": lambda x: output[:, 2] @ jnp.maximum(weight[:, 2] * x[0], 0),
    }


def four_points():
    return {
        name: connected(*(at([x], name) for x in configuration), even=True)
        for name, configuration in CONFIGURATIONS.items()
    }


def test_the_variance_of_connected_functions_does_not_grow_with_the_width(key):
    errors = {}
    for width in (2, 16):
        theory = Theory(replace(ModelFile.of(networks), observables=four_points), width=width)
        improvement = Improvement(theory)
        assert not improvement.reasons
        positions = jax.vmap(theory.free_draw)(jax.random.split(key, DRAWS))

        def both(position, theory=theory, improvement=improvement):
            return improvement(position), theory.measure(position)["observables"]

        better, raw = jax.jit(jax.vmap(both))(positions)
        found = cumulants(theory, better, *TIMES_WIDTH)
        for name, exact in TIMES_WIDTH.items():
            assert abs(found[name].value - exact / width) < ACCEPTED * found[name].error
            assert abs(found[name].value) > REJECTED * found[name].error  # the control: infinite width
        errors[width] = {name: width * float(found[name].error) for name in TIMES_WIDTH}
        errors[width]["raw"] = width * float(cumulants(theory, raw, "cosine")["cosine"].error)
    growth = {name: (errors[16][name] / errors[2][name]) ** 2 for name in errors[2]}
    # The control: averages of the draws as they are lose all that the identity gains.
    assert growth.pop("raw") > 2 * MOST_GROWTH
    assert max(growth.values()) < MOST_GROWTH, growth


def cumulants(theory: Theory, series, *names: str):
    """Connected functions from independent draws of their moments."""
    moments = {f"{name}.moments": np.asarray(series[f"{name}.moments"])[None] for name in names}
    return estimate(moments, {name: theory.derived[name] for name in names}, independent=True)


def gaussian(width=3):
    z = numpyro.sample("z", dist.Normal(0, 1).expand([width]).to_event(1))
    scale = numpyro.sample("scale", dist.Normal(0, 1))
    return lambda x: scale * (z[0] + z[1] * x[0])


def shown():
    places = np.array([[0.0], [0.5]])
    label = {"dims": ("configuration",), "coords": {"configuration": (0.0, 1.0)}}
    return {
        "four_point": connected(at(places), at([1.0]), at([1.0]), at(places), even=True, **label),
        "two_point": product(at([0.0]), at([1.0])),
    }


def test_a_run_quotes_the_connected_function_and_keeps_its_moments(seed):
    """κ₄ of a Gaussian times another, per configuration: (E s⁴ − (E s²)²) Σ of the three pairings."""
    theory = Theory(replace(ModelFile.of(gaussian), observables=shown))
    run = sample(theory, "reweight", num_draws=1000, seed=seed, keep="none", checks=["improved", "tails"])
    x = np.array([0.0, 0.5])
    exact = 2 * ((1 + x**2) * 2 + 2 * (1 + x) ** 2)
    found = run.estimates()["four_point"]
    assert np.all(np.abs(found.value - exact) < ACCEPTED * found.error)
    assert np.all(np.abs(found.value - 1.5 * exact) > REJECTED * found.error)
    assert set(run.estimates()) == {"two_point", "four_point"}
    stored = run.data["observables"].dataset["four_point.moments"]
    assert stored.dims == ("chain", "draw", "four_point.moment", "configuration")
    for group in ("estimates", "raw_estimates", "improved_estimates", "tempering"):
        assert not any("moments" in str(name) for name in run.data[group].data_vars), group
    assert "moments" not in theory._repr_html_() + str(estimate_rows(run))
    assert run.data["improved"].dataset["four_point.moments"].shape == stored.shape
    assert [one.status for one in run.verdicts if one.check == "odd_moments"] == ["good"]
    (panel,) = weak_coupling_panels(run)
    wick = (1 + x**2) * 2 + 2 * (1 + x) ** 2
    assert list(panel.table["at"]) == ["configuration=0", "configuration=1"]
    assert np.all(np.abs(panel.table["gaussian"] - wick) < ACCEPTED * panel.table["gaussian.error"])
    relative, error = panel.table["beyond gaussian"], panel.table["beyond gaussian.error"]
    assert np.all(np.abs(relative - exact / wick) < ACCEPTED * error)
    assert np.all(relative > REJECTED * error)  # the control: Wick's theorem


def moments_of(which: tuple[int, ...], samples: np.ndarray, *, even: bool = False) -> tuple[Cumulant, np.ndarray]:
    cumulant = Cumulant(which, even)
    return cumulant, np.array([np.prod(samples[list(moment)], axis=0).mean() for moment in cumulant.moments])


@pytest.mark.parametrize("which", [(0,), (0, 1), (0, 0, 1), (0, 1, 0, 2), (0, 1, 2, 3, 4), (0,) * 8])
def test_cumulants_are_those_of_scipy_and_of_sums(which):
    """κ is multilinear, and κ of one variable is scipy's."""
    from scipy import stats

    samples = np.random.default_rng(len(which)).exponential(size=(5, 400))
    cumulant, moments = moments_of(which, samples)
    found = cumulant(moments)
    if set(which) == {0} and len(which) <= 4:
        np.testing.assert_allclose(found, stats.kstat(samples[0], len(which)), rtol=1e-2)
    # Independent constants add nothing but to the first order, and the first factor may be split.
    split = np.concatenate([samples, samples[:1] - 0.7])
    last = moments_of(tuple(range(len(which))), split[[5, *which[1:]]])
    expected = found - 0.7 * (len(which) == 1)
    np.testing.assert_allclose(last[0](last[1]), expected, rtol=1e-7, atol=1e-9)


def test_moments_of_odd_order_are_left_out_where_they_vanish():
    samples = np.random.default_rng(0).normal(size=(4, 300)) * np.linspace(0.5, 2, 300)
    symmetric = np.concatenate([samples, -samples], axis=1)
    full, half = (moments_of((0, 1, 2, 2), symmetric, even=even) for even in (False, True))
    assert len(half[1]) < len(full[1])
    np.testing.assert_allclose(half[0](half[1]), full[0](full[1]), rtol=1e-10)


LAWS = {"gaussian": dist.Normal(0, 1), "shifted": dist.Normal(0.3, 1), "skewed": dist.Uniform(0, 1)}


@pytest.mark.parametrize(
    ("law", "order", "good"),
    [("gaussian", 4, True), ("gaussian", 6, True), ("shifted", 2, False), ("skewed", 4, True), ("skewed", 6, False)],
)
def test_a_law_that_is_not_even_is_found(law, order, good, key):
    """Skewed is −1 or, once in five, 4: of mean zero, so that κ₄ misses nothing, and κ₆ the square of ⟨φ³⟩ = 12."""

    def model():
        one = numpyro.sample("one", LAWS[law])
        value = jnp.where(one < 0.8, -1.0, 4.0) if law == "skewed" else one
        return lambda x: value + 0 * x[0]

    theory = Theory(ModelFile(model, law, observables=lambda: {"g": connected(*[at([0.0])] * order, even=True)}))
    check = OddMoments()
    positions = jax.vmap(theory.free_draw)(jax.random.split(key, 300))
    series = jax.jit(jax.vmap(check.measurement(theory).function))(positions)
    measured = xr.Dataset({"g": (("chain", "draw", "moment"), np.asarray(series["g"])[None])})
    draws = FinishedDraws(theory, Kind.FREE, {}, {}, measured=measured.assign_coords(draw=np.arange(300)))
    verdict = check.judge(draws).verdict
    assert verdict.status == ("good" if good else "failed"), verdict
    assert good or verdict.text.startswith("g was told even=True")


def test_what_even_leaves_out_has_a_factor_that_is_tested():
    """The whole cumulant of the same moments, all tested ones set to zero, is the even one."""
    full = Cumulant((0, 1, 2, 3, 0, 1), even=False)
    half = Cumulant(full.factors, even=True)
    means = dict(zip(full.moments, np.random.default_rng(0).normal(size=len(full.moments)), strict=True))
    assert {len(moment) for moment in half.neglected} == {1, 3}
    means |= dict.fromkeys(half.neglected, 0.0)
    found = [one(np.array([means[moment] for moment in one.moments])) for one in (full, half)]
    np.testing.assert_allclose(*found, rtol=1e-10)
    means[half.neglected[0]] = 1.0  # the control
    assert abs(full(np.array(list(means.values()))) - found[1]) > 0.1


BAD = {
    "nothing": ((), {}, TypeError, "connected: nothing is no insertion"),
    "too many": ((at([0.0]),) * 9, {}, ValueError, "9 insertions; give 8 at most"),
    "odd and even": ((at([0.0]),) * 3, {"even": True}, ValueError, "an odd function of an even theory is 0"),
    "no insertion": ((at([0.0]), 3.0), {}, TypeError, "3.0 is no insertion"),
    "shapes": ((at(np.zeros((2, 1))), at(np.zeros((3, 1)))), {}, ValueError, "give shapes that broadcast"),
}


@pytest.mark.parametrize(("insertions", "options", "error", "words"), BAD.values(), ids=BAD)
def test_what_no_cumulant_is_made_of(insertions, options, error, words):
    with pytest.raises(error, match=words):
        connected(*insertions, **options)


def test_the_name_of_the_moments_is_taken():
    names = {"g": connected(at([0.0]), at([1.0])), "g.moments": product(at([0.0]))}
    with pytest.raises(ModelError, match=r"the moments of 'g' are stored as g\.moments: rename"):
        Theory(replace(ModelFile.of(gaussian), observables=lambda: names))
