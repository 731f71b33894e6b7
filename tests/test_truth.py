"""What makes a run wrong is said by name: its own exact answers, rounding, precision, functions of unknown means."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from numpyro import distributions as dist

from nnft_ppl import Observable, Theory, ratio, read, sample
from nnft_ppl.checks import ExactAnswers, FinishedDraws, SecondRoute, without_rounding
from nnft_ppl.draws import Kind
from nnft_ppl.results import estimate_rows
from nnft_ppl.runs.precision import PrecisionError, refuse_imprecise
from nnft_ppl.runs.recorder import Recorder
from nnft_ppl.runs.stopping import enough_draws
from nnft_ppl.samplers import Block
from nnft_ppl.statistics import Estimate, pulls
from nnft_ppl.theory import ModelError, ModelFile


def shifted(mean=0.5):
    z = numpyro.sample("z", dist.Normal(0, 1).expand([2]).to_event(1))
    numpyro.factor("shift", mean * jnp.sum(z))
    return lambda x: z[0] + z[1] * x[0]


def measured():
    origin, tenth = jnp.zeros(1), 0.1 * jnp.ones(1)
    return {
        "low": Observable(lambda phi: phi(origin)),
        "kept": Observable(lambda phi: jnp.stack([(phi(origin) + 1.0) - 1.0 - phi(origin), 1e-30 * phi(tenth)])),
        "square": Observable(lambda phi: phi(origin) ** 2),
        "ratio": ratio("square", "low"),
    }


def theory(exact=None, mean: float = 0.5) -> Theory:
    return Theory(ModelFile(shifted, "shifted", observables=measured, exact=exact), mean=mean)


def test_exact_answers_decide_and_truncation_is_allowed_for():
    one = Estimate(*(np.array(part) for part in (2.0, 0.1, 1e4, 0.1)))
    with pytest.raises(ValueError, match="has no error here"):
        ExactAnswers().judge(FinishedDraws(theory(lambda: {"low": np.nan}), Kind.CHAINS, {"low": one}, {}))
    draws = {"low": one}

    def verdict(answer):
        return ExactAnswers().judge(FinishedDraws(theory(lambda: {"low": answer}), Kind.CHAINS, draws, {})).verdict

    assert (verdict(1.6).status, verdict(1.6).value) == ("good", pytest.approx(4.0))
    failed = verdict(1.4)
    assert (failed.status, failed.value) == ("failed", pytest.approx(6.0))
    assert failed.text.startswith("low is 6.0 errors from its exact value: ")
    assert verdict((1.4, 0.2)).status == "good"
    assert verdict((1.4, 0.2)).value == pytest.approx(4.0)
    assert verdict((1.4, 0.05)).status == "failed"
    assert verdict((1.9, 0.2)).value == 0.0


def test_pulls_where_nothing_has_an_error():
    certain = Estimate(*(np.array(part) for part in ([1.0, 1.0, np.nan, 1.0], [0.0, 0.0, np.nan, np.nan], 1, 1)))
    found = pulls(certain, np.array([1.0 + 1e-13, 1.1, 1.0, 1.0]))
    assert found[:2].tolist() == [0.0, -np.inf]
    assert np.isnan(found[2:]).all()
    assert pulls(certain, np.ones(4) + 1e-6, precision=np.float32)[0] == 0.0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"low": (1.0, -1.0)}, "a truncation below zero"),
        ({"low": (1.0, "much")}, "not as an array of numbers, or a pair"),
        ({"low": (1.0, 2.0, 3.0)}, r"with shape \(3,\), but it is measured with shape \(\)"),
        ({"kept": ((1.0, 2.0), np.ones(3))}, "not as an array of numbers, or a pair"),
    ],
)
def test_mistaken_answers(answer, message):
    with pytest.raises(ModelError, match=message):
        theory(lambda: answer)


def test_two_numbers_are_a_value_of_that_shape():
    made = theory(lambda: {"kept": (0.0, 1.0)})
    assert (made.exact["kept"].tolist(), made.truncation["kept"].tolist()) == ([0.0, 1.0], [0.0, 0.0])
    paired = theory(lambda: {"kept": ((0.0, 1.0), 0.5)})
    assert (paired.exact["kept"].tolist(), paired.truncation["kept"].tolist()) == ([0.0, 1.0], [0.5, 0.5])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    made = theory(lambda: {"kept": (0.0, 0.0), "low": (0.5, 1e-3), "square": 7.0, "ratio": 2.5})
    folder = tmp_path_factory.mktemp("truth") / "run"
    sample(made, "hmc", num_draws=400, num_warmup=50, out=folder)
    return read(folder)


def test_a_quantity_that_is_conserved_up_to_rounding_is_zero(run):
    assert np.abs(run.data["observables"]["kept"].values[..., 0]).max() > 0
    kept = run.estimates()["kept"]
    assert (kept.value[0], kept.error[0], run.pulls()["kept"][0]) == (0.0, 0.0, 0.0)
    assert estimate_rows(run)[1][0][3:6] == ["0", "0", "+0.0"]
    # Control: small, and no rounding.
    assert kept.value[1] == pytest.approx(0.5e-30, rel=0.5)
    assert kept.error[1] > 0


def test_what_contradicts_its_exact_value_fails_the_run(run):
    assert run.provenance.verdict == "failed"
    (verdict,) = [one for one in run.verdicts if one.check == "exact_answers"]
    assert verdict.status == "failed"
    assert verdict.text.startswith("square is ")
    assert np.abs(run.pulls()["low"]) < 5
    assert set(run.exact) == {"kept", "low", "square", "ratio"}


def test_rounding_is_only_looked_for_where_it_may_be(run, monkeypatch: pytest.MonkeyPatch):
    made = theory()
    big = {"low": np.ones((2, 5))}
    monkeypatch.setattr(jax, "jit", None)
    assert without_rounding(made, big)["low"] is big["low"]


def test_the_second_route_is_not_shown_where_it_is_not_available(monkeypatch: pytest.MonkeyPatch):
    far = Estimate(*(np.array(part) for part in (1.0, 0.1, 1e4, 0.1)))
    shape = (2, 200)
    draws = FinishedDraws(theory(), Kind.CHAINS, {"low": far, "square": far, "ratio": far}, {}, key=jax.random.key(0))
    noise = np.random.default_rng(0)
    low = noise.normal(size=shape)
    series = {"low": low, "square": low**2}
    for tail, status in ((0.1, "failed"), (3.0, "warning")):
        weights = tail * noise.exponential(size=shape)
        monkeypatch.setattr(SecondRoute, "_free_draws", lambda self, *_, weights=weights: (series, weights, None))
        outcome = SecondRoute().judge(draws)
        assert (outcome.verdict.status, bool(outcome.estimates)) == (status, status == "failed")
        assert outcome.findings["k_hat"] == pytest.approx(outcome.verdict.value if tail > 1 else tail, abs=0.3)


def block(draws: int, mean: float, seed: int = 0) -> Block:
    """Independent draws with weights of one."""
    z = np.random.default_rng(seed).normal(size=(2, draws)) + mean
    measured = {"low": z, "kept": np.zeros((2, draws, 2)), "square": z**2}
    stats = {"log_weight": np.zeros((2, draws))}
    return Block(Kind.FREE, {"observables": measured, "action": {"shift": z}}, stats, None)


@pytest.mark.parametrize(("mean", "enough"), [(1.0, True), (0.02, False)])
def test_auto_goes_on_until_a_function_of_means_has_an_error(mean: float, enough: bool):
    made = theory(mean=mean)
    recorder = Recorder(made, 0)
    recorder.add(block(1000, mean))
    assert enough_draws(recorder.data, recorder)
    assert enough_draws(recorder.data, recorder, made.derived) == enough


@pytest.mark.parametrize(("apart", "enough"), [(0.0, True), (0.05, False)])
def test_auto_goes_on_while_two_error_estimators_disagree(apart: float, enough: bool):
    made = theory(mean=1.0)
    recorder, z = Recorder(made, 0), np.random.default_rng(1).normal(size=(4, 30000))
    z += apart * np.array([[0.0], [1.0], [2.0], [3.0]])
    measured = {"low": z, "kept": np.zeros((4, 30000, 2)), "square": z**2}
    recorder.add(Block(Kind.CHAINS, {"observables": measured, "action": {"shift": z}}, {"energy": z}, None))
    assert enough_draws(recorder.data, recorder) == enough


def block_of(term: np.ndarray, kind: Kind, log_weight: np.ndarray | None = None) -> xr.DataTree:
    stats = {} if log_weight is None else {"log_weight": (("chain", "draw"), log_weight)}
    action = {"likelihood": (("chain", "draw"), term)}
    return xr.DataTree.from_dict({"action": xr.Dataset(action), "sample_stats": xr.Dataset(stats)})


def test_an_action_that_the_precision_does_not_resolve_is_refused():
    noise = np.random.default_rng(0).normal(size=(4, 25))
    for offset, dtype in ((1e6, np.float32), (-1e8, np.float32), (1e15, np.float64)):
        with pytest.raises(PrecisionError, match=f"'likelihood' is about .* and {np.dtype(dtype)} resolves"):
            refuse_imprecise(Kind.CHAINS, block_of((offset + noise).astype(dtype), Kind.CHAINS))
    refuse_imprecise(Kind.CHAINS, block_of((1e8 + noise), Kind.CHAINS))
    refuse_imprecise(Kind.CHAINS, block_of((1e4 + noise).astype(np.float32), Kind.CHAINS))
    # Free draws far from where the weight is may have any action, a wall an infinite one.
    far = (1e7 * noise**2).astype(np.float32)
    far[0, 0], far[0, 1] = 1.0, np.inf
    refuse_imprecise(Kind.FREE, block_of(far, Kind.FREE, -far))
    with pytest.raises(PrecisionError, match="--precision float64"):
        refuse_imprecise(Kind.FREE, block_of(far + np.float32(1e7), Kind.FREE, -far))
