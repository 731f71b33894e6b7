"""A check: twenty lines in one new file, and it stands in table, JSON, report and notebook; what goes wrong is said."""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from commands import nnft

from nnft_ppl import load, read, sample
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


def test_identities_of_vector_fields_are_checks(ensemble):
    verdicts = {verdict.check: verdict for verdict in ensemble.verdicts}
    assert verdicts["identity_scale"].status == "good"
    assert verdicts["identity_turn"].status == "good"
    assert abs(ensemble.findings["identity_scale"]["z"]) < 5
    # Control: a divergence left out.
    assert verdicts["identity_wrong"].status == "failed"
    assert ensemble.findings["identity_wrong"]["z"] < -20
    assert set(ensemble.data["identity_scale"].data_vars) >= {"value", "anomaly", "change", "flux"}


def test_a_field_of_neurons_is_a_check():
    turn = NeuronField("phase", lambda one: {"phase": jnp.ones(())}, plate="neuron")
    run = sample(load("phi4", width=4), "reweight", num_draws=500, checks=[turn])
    (verdict,) = [one for one in run.verdicts if one.check == "identity_phase"]
    assert verdict.status == "good"


def test_kinds_of_draws_are_stated(ensemble):
    assert ensemble.kind is Kind.FREE
    assert ensemble.provenance.sampler.kind == "free"
    populations = sample(load("deformed_rotation"), "tempered", num_draws=100, num_chains=2, checks=False)
    assert populations.kind is Kind.POPULATIONS
    assert "prior" in populations.data.children
    made = {verdict.check for verdict in populations.verdicts}
    assert made == {"log_z_spread", "ess", "errors", "divergences", "improved"}


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
    assert [check.name for check in checks_of(False)][-1] == "improved"
