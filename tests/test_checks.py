"""A check: twenty lines in one new file, and it stands in table, JSON, report and notebook; what goes wrong is said."""

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from commands import nnft
from numpyro import distributions as dist

from nnft_ppl import Theory, load, read, sample
from nnft_ppl.checks import Check, Measurement, Outcome, checks_of
from nnft_ppl.draws import Kind
from nnft_ppl.identities import NeuronField, ParameterField, ReferenceField
from nnft_ppl.report import report_html
from nnft_ppl.statistics import Verdict

FILE = """
import numpy as np

from nnft_ppl import Check, Outcome, Verdict


class LargestAction(Check):
    name = "largest_action"

    def judge(self, draws):
        largest = max(float(np.max(np.abs(term))) for term in draws.action.values())
        rows = [{"term": name, "largest": float(np.max(np.abs(term)))} for name, term in draws.action.items()]
        verdict = Verdict.of(self.name, largest, 1e6, f"|action| is at most {largest:.3g}", good=largest < 1e6)
        return Outcome(verdict, {"largest": largest, "terms": rows})
"""


def test_one_new_file_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(FILE, encoding="utf-8")
    words = ["run", "deformed_rotation", "--sampler", "reweight", "--draws", "1000", "--check", "mine.py:LargestAction"]
    status, out, _ = nnft(*words, "--out", "out")
    assert status == 0
    assert "|action| is at most" in out
    ensemble = read("out")
    largest = ensemble.findings["largest_action"]["largest"]
    assert largest == np.max(np.abs(ensemble.data["action"]["quartic"].values))
    printed = json.loads(nnft("show", "out", "--json").out)
    assert printed["largest_action"] == {"largest": largest, "terms": [{"term": "quartic", "largest": largest}]}
    assert [one["check"] for one in printed["diagnostics"]["checks"]][-1] == "largest_action"
    page = report_html(ensemble)
    assert f"|action| is at most {largest:.3g}" in page
    assert f"{largest:.6g}" in page.split("What checks found")[1]
    assert f"|action| is at most {largest:.3g}" in ensemble._repr_html_()
    # Of a stored run, too.
    status, out, _ = nnft("diagnose", "out", "--check", "mine.py:LargestAction", "--json")
    assert (status, json.loads(out)["largest_action"]["largest"]) == (0, largest)


class Broken(Check):
    """A check that fails where it is told to."""

    def __init__(self, name: str, where: str) -> None:
        self.name, self.where = name, where

    def measurement(self, theory) -> Measurement:
        if self.where == "measurement":
            raise ValueError("no such site")
        return Measurement(lambda z: {"one": jnp.ones(3) @ z if self.where == "trace" else jnp.sum(z)})

    def judge(self, draws) -> Outcome:
        raise RuntimeError("what a pity")


@pytest.fixture(scope="module")
def ensemble():
    checks = [Broken(f"breaks_in_{where}", where) for where in ("measurement", "trace", "judge")]
    odd = ParameterField("scale", lambda theta: {"weight": theta["weight"]})
    turn = ReferenceField("turn", lambda z: z[::-1] * jnp.array([-1.0, 1.0] * (z.size // 2)))
    wrong = ReferenceField("wrong", lambda z: z, lambda z: jnp.zeros(()))  # its divergence is z's dimension
    return sample(load("deformed_rotation"), "reweight", num_draws=2000, checks=[*checks, odd, turn, wrong])


def test_a_check_that_cannot_be_computed_never_loses_the_run(ensemble):
    verdicts = {verdict.check: verdict for verdict in ensemble.verdicts}
    broken = {name: verdict for name, verdict in verdicts.items() if name.startswith("breaks")}
    assert {verdict.status for verdict in broken.values()} == {"unavailable"}
    assert "not available, no such site" in broken["breaks_in_measurement"].text
    assert "not available, TypeError: dot" in broken["breaks_in_trace"].text
    assert "not available, RuntimeError: what a pity" in broken["breaks_in_judge"].text
    assert verdicts["schwinger_dyson"].status == "good"
    assert ensemble.data["breaks_in_judge"].sizes["draw"] > 100


class Careless(Check):
    """A check that gives what it likes."""

    def __init__(self, name: str, outcome: Any = None, measured=None, coords=None) -> None:
        self.name, self.outcome_, self.measured, self.coords = name, outcome, measured, coords or {}

    def measurement(self, theory) -> Measurement | None:
        return None if self.measured is None else Measurement(self.measured, {}, self.coords)

    def judge(self, draws) -> Any:
        return self.outcome_


def test_what_a_check_gives_is_looked_at(tmp_path):
    good = Verdict("another", "good", 1.0, None, "words")
    checks = [
        Careless("nothing"),
        Careless("bare", good),
        Careless("listed", Outcome(good, [1, 2])),
        Careless("renamed", Outcome(good, {"complex": 1 + 2j, "array": jnp.ones(2), "deep": {"nan": np.nan}})),
        Careless("arrays", Outcome(good), lambda z: z),
        Careless("labels", Outcome(good), lambda z: {"z": z}, {"draw_of": ("z_dim_0", [1.0])}),
    ]
    run = sample(load("deformed_rotation"), "reweight", num_draws=200, checks=checks, out=tmp_path / "out")
    verdicts = {verdict.check: verdict for verdict in read(tmp_path / "out").verdicts}
    assert "another" not in verdicts
    assert (verdicts["renamed"].status, verdicts["renamed"].text) == ("good", "words")
    assert run.findings["renamed"] == {"complex": {"re": 1.0, "im": 2.0}, "array": [1.0, 1.0], "deep": {"nan": None}}
    for name, words in {
        "nothing": "must return an Outcome with a Verdict, not None",
        "bare": "must return an Outcome with a Verdict, not Verdict",
        "listed": "findings and estimates of an Outcome are dicts",
        "arrays": "a measurement must give a dict of arrays by name, not",
        "labels": "conflicting sizes for dimension 'z_dim_0'",
    }.items():
        assert verdicts[name].status == "unavailable"
        assert words in verdicts[name].text
    assert verdicts["schwinger_dyson"].status == "good"


def gaussian_pair():
    a, b = (numpyro.sample(name, dist.Normal(0, 1)) for name in "ab")
    numpyro.factor("quartic", -0.2 * (a**2 + b**2) ** 2)
    return lambda x: a + b * x[0]


def test_an_exact_ward_identity_passes_and_what_is_undefined_fails():
    """A_V and V(S) vanish identically for the rotation; NaN on a few draws is a failure, by name."""
    rotation = ParameterField("rotation", lambda v: {"a": -v["b"], "b": v["a"]})
    holes = ReferenceField("holes", lambda z: jnp.where(z[0] > 1.5, jnp.nan, z), lambda z: jnp.full((), 2.0))
    run = sample(Theory(gaussian_pair), "reweight", num_draws=1000, checks=[rotation, holes])
    verdicts = {verdict.check: verdict for verdict in run.verdicts}
    assert verdicts["identity_rotation"].status == "good"
    assert verdicts["identity_holes"].status == "failed"
    assert "not finite on" in verdicts["identity_holes"].text
    few = sample(
        Theory(gaussian_pair), "reweight", num_chains=1, num_draws=30, checks=[ReferenceField("z", lambda z: z)]
    )
    (verdict,) = [one for one in few.verdicts if one.check == "identity_z"]
    assert verdict.status == "unavailable"
    assert "effective draws are too few" in verdict.text


def test_what_was_asked_for_says_so_where_it_does_not_apply():
    run = sample(load("deformed_rotation"), "reweight", num_draws=100, checks=["second_route"])
    assert run.verdicts[-1].text == "second route: not available, it has nothing to say about draws of kind free"


def test_identities_of_vector_fields_are_checks(ensemble):
    verdicts = {verdict.check: verdict for verdict in ensemble.verdicts}
    assert verdicts["identity_scale"].status == "good"
    assert verdicts["identity_turn"].status == "good"
    assert abs(ensemble.findings["identity_scale"]["z"]) < 5
    # Control: a divergence left out.
    assert verdicts["identity_wrong"].status == "failed"
    assert ensemble.findings["identity_wrong"]["z"] < -20
    assert set(ensemble.data["identity_scale"].data_vars) >= {"value", "anomaly", "change", "flux"}


def waves():
    with numpyro.plate("neuron", 4):
        amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-jnp.pi, jnp.pi))
    numpyro.factor("quartic", -0.02 * jnp.sum(amplitude * jnp.cos(phase)) ** 4)
    return lambda x: jnp.sum(amplitude * jnp.cos(phase + x[0]))


def test_a_field_of_neurons_is_a_check():
    turn = NeuronField("phase", lambda one: {"phase": jnp.ones(())}, plate="neuron")
    run = sample(Theory(waves), "reweight", num_draws=500, checks=[turn])
    (verdict,) = [one for one in run.verdicts if one.check == "identity_phase"]
    assert verdict.status == "good"


def test_kinds_of_draws_are_stated(ensemble):
    assert ensemble.kind is Kind.FREE
    assert ensemble.provenance.sampler.kind == "free"
    populations = sample(load("deformed_rotation"), "tempered", num_draws=100, num_chains=2, checks=False)
    assert populations.kind is Kind.POPULATIONS
    assert "prior" in populations.data.children
    made = {verdict.check for verdict in populations.verdicts}
    assert made == {"log_z_spread", "tails", "ess", "errors", "slow", "divergences", "improved", "exact_answers"}


class Mute(Check):
    name = "With spaces"

    def judge(self, draws) -> Outcome:
        return Outcome(Verdict("x", "good", None, None, "x"))


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ("r_hat", TypeError, "checks is True, False, or a list"),
        (["r_hatt"], ValueError, "unknown check 'r_hatt': there are r_hat, .*; did you mean 'r_hat'"),
        ([3], TypeError, "a check is a name, a Check, or a vector field, not 3"),
        ([Mute()], ValueError, "Mute: a check's name is lower-case letters"),
        (["nowhere.py:Check"], ValueError, "check file 'nowhere.py' does not exist"),
        ([Broken("ess", "judge")], ValueError, "two checks are called 'ess'"),
        (["mine.py"], ValueError, "a check in a file is FILE.py:NAME"),
        ([Broken("r_hat", "judge")], ValueError, "two checks are called 'r_hat'"),
        ([Broken("observables", "judge")], ValueError, "'observables' is the name of something else in a result"),
    ],
)
def test_mistakes(asked, error, message):
    with pytest.raises(error, match=message):
        checks_of(asked)


def test_usual_checks_may_be_asked_for_by_name():
    assert [check.name for check in checks_of(["second_route"])] == [check.name for check in checks_of(True)]
    assert [check.name for check in checks_of(False)][-2:] == ["exact_answers", "earlier"]
