"""Runs that go on until errors are as small as was asked: where they stop, what they say, and how they go on."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from quick_samplers import GAUSSIAN, Chains, chains
from test_resuming import same

from nnft_ppl import Theory, family, load, read, sample, sweep
from nnft_ppl.checks import FinishedDraws, UntilErrors, of_theory, tolerances_of
from nnft_ppl.cli.settings import until_of
from nnft_ppl.display import Stage
from nnft_ppl.runs import auto, escalation, sampling
from nnft_ppl.samplers import Sampler, Settings
from nnft_ppl.statistics import Estimate
from nnft_ppl.target import Target

MODEL = GAUSSIAN.replace(
    "def observables():\n    return {",
    'def observables():\n    return {\n        "field": Observable(lambda phi: phi(jnp.zeros(1))),\n'
    '        "turned": Observable(lambda phi: jnp.exp(1j * phi(jnp.zeros(1)))),\n'
    '        "kurtosis": Derived(lambda means: means["moments"][1] / means["moments"][0] ** 2),',
).replace("import Observable", "import Derived, Observable")


@pytest.fixture(scope="module")
def theory(tmp_path_factory: pytest.TempPathFactory) -> Theory:
    """A normal number: its moments, exp(ia), a derived kurtosis of 3, and a mean of zero."""
    path = tmp_path_factory.mktemp("models") / "normal.py"
    path.write_text(MODEL, encoding="utf-8")
    return load(str(path))


RUN: dict[str, Any] = {"num_chains": 2, "seed": 1, "checks": False, "keep": "none"}


def relative(run: Any, name: str) -> np.ndarray:
    one = run.estimates()[name]
    return np.abs(one.error) / np.abs(one.value)


def test_a_run_ends_when_every_error_is_there(theory: Theory):
    """Real, complex and derived quantities, all of one or an entry; the notes count down, and draws suffice."""
    stages: list[Stage] = []
    until = {"moments": "3%", "kurtosis": "4%", "turned": "2%", "sixth": 2.0}
    run = sample(theory, "reweight", until=until, progress=stages.append, **RUN)
    shares = {name: float(np.max(relative(run, name))) for name in ("moments", "kurtosis", "turned")}
    assert shares["moments"] <= 0.03
    assert shares["kurtosis"] <= 0.04
    assert shares["turned"] <= 0.02
    assert run.estimates()["sixth"].error <= 2.0
    # The slowest of the four settles it, ⟨a⁴⟩: var(a⁴)/⟨a⁴⟩² = 96/9.
    assert (0.03 / shares["moments"]) ** 2 < 1.2
    assert run.provenance.sampler.draws == pytest.approx(96 / 9 / 0.03**2 / 2, rel=0.2)
    assert run.provenance.sampler.until == {"moments": "3%", "kurtosis": "4%", "turned": "2%", "sixth": "2"}
    assert run.provenance.verdict == "good"
    assert run.verdicts[-1].check == "until"
    assert "; kurtosis is known to 1." in run.verdicts[-1].text
    assert run.findings["until"]["moments"]["reached"]
    assert run.findings["until"]["moments"]["at"] == "moments[power=4]"
    notes = [stage.note for stage in stages if stage.note]
    assert notes[0].startswith("moments to ")
    assert "(3% wanted), kurtosis to " in notes[-1]
    drawn = [stage for stage in stages if stage.note]
    assert drawn[0].total == pytest.approx(run.provenance.sampler.draws, rel=0.3)
    # One entry that has its error long before the others, and is not looked at before 2000 draws.
    one = sample(theory, "reweight", until={"moments[power=2]": "5%"}, **RUN)
    assert one.provenance.sampler.draws == 2000


def test_what_is_not_reached_is_told(theory: Theory):
    """The most draws, a share of a zero, and an error that is out of reach of a million draws."""
    most = sample(theory, "reweight", until={"sixth": "0.5%", "field": 1.0}, num_draws=3000, **RUN)
    assert most.provenance.sampler.draws == 3000
    assert most.provenance.verdict == "failed"
    told = most.findings["until"]
    assert told["field"]["reached"]
    assert told["field"]["more"] == 0
    assert 3000 + told["sixth"]["more"] == pytest.approx(3000 * (relative(most, "sixth") / 0.005) ** 2, rel=0.05)
    assert "about" in most.verdicts[-1].text
    zero = sample(theory, "reweight", until={"field": "1%"}, **RUN)
    assert zero.provenance.sampler.draws == 2000  # it would take 10⁷ even if ⟨a⟩ were three errors from zero
    assert zero.provenance.verdict == "failed"
    assert "may be 0, of which no share is ever reached" in zero.verdicts[-1].text
    assert "--until field=0.0" in zero.verdicts[-1].text
    assert zero.findings["until"]["field"]["more"] is None
    far = sample(theory, "reweight", until={"sixth": "0.01%"}, **RUN)
    assert far.provenance.sampler.draws == 2000


def test_a_share_of_what_is_zero_in_every_draw_is_doubted():
    """An indicator that no draw hit has no error, and is not known; controls: one that all hit, an error in units."""
    size = np.array([0.0, 1.0])
    told = Estimate(size, 0 * size, np.nan * size, 0 * size, np.ones(2, bool))
    made = SimpleNamespace(observables={"hit": np.ones((2, 500, 2))}, every=1, estimates={"hit": told})
    draws = cast(FinishedDraws, made)
    (share,), units = tolerances_of({"hit": "1%"}), tolerances_of({"hit": 0.01})
    found = UntilErrors([share]).judge(draws).verdict
    assert (found.status, "hit[0] is 0 in every draw" in found.text) == ("warning", True)
    for one in (replace(share, index=(1,)), *units):
        assert UntilErrors([one]).judge(draws).verdict.status == "good"


def test_another_error_extends_a_run(theory: Theory, tmp_path: Path):
    """Smaller, it gives what a run gives that asked for it at once; larger, it keeps all draws; none is fewer draws."""
    fine = sample(theory, "auto", until={"moments": "4%"}, out=tmp_path / "fine", **RUN)
    out = tmp_path / "out"
    coarse = sample(theory, "auto", until={"moments": "5%"}, out=out, **RUN)
    assert coarse.provenance.sampler.draws < fine.provenance.sampler.draws
    assert coarse.provenance.fingerprint == fine.provenance.fingerprint
    again = sample(theory, "auto", until={"moments": "4%"}, out=out, **RUN)
    same(again, fine)
    assert json.loads((out / "manifest.json").read_text("utf-8"))["sampler"]["until"] == {"moments": "4%"}
    looser = sample(theory, "auto", until={"moments": "10%"}, out=out, **RUN)
    assert looser.provenance.sampler.draws == fine.provenance.sampler.draws
    assert read(out).provenance.sampler.until == {"moments": "10%"}


def test_a_time_limit_that_ends_first_is_told(theory: Theory):
    limited = sample(theory, "reweight", until={"sixth": "1%"}, time_limit=1e-9, **RUN)
    assert limited.provenance.sampler.draws == 250
    assert limited.provenance.verdict == "failed"
    assert limited.verdicts[-1].text.startswith("sixth is known to ")


def test_checks_that_fail_lead_to_a_stronger_sampler(theory: Theory, monkeypatch: pytest.MonkeyPatch):
    """What is asked is reached by the one that can; that the first went on as long says nothing of it."""

    def poor(target: Target, settings: Settings) -> Sampler:
        sampler = chains(target, settings)

        def step(state: Any) -> Any:
            state, block = Chains.step(sampler, state)
            block.stats["diverging"][:] = True
            return state, block

        sampler.step = step
        return sampler

    monkeypatch.setattr(auto.Pilot, "choose", lambda self: (auto.Choice("hmc", "it is chosen"), self._targets))
    monkeypatch.setattr(escalation, "STRONGER", {"hmc": "replica-exchange"})
    for name, one in {"hmc": poor, "replica-exchange": chains}.items():
        monkeypatch.setitem(sampling.SAMPLERS, name, one)
    monkeypatch.setattr(escalation, "stronger_choice", partial(stronger_where_interacting, escalation.stronger_choice))
    run = sample(theory, "auto", until={"moments": "5%"}, **RUN)
    assert run.provenance.sampler.name == "replica-exchange"
    assert run.provenance.sampler.reason.startswith("hmc failed (")
    assert run.findings["until"]["moments"]["reached"]


def stronger_where_interacting(choice_of: Any, *given: Any, interacting: bool) -> Any:
    """As if there were an action."""
    return choice_of(*given, interacting=True)


def test_members_of_a_family_reach_it_each_and_a_sweep_knows(theory: Theory, tmp_path: Path):
    """Members that are there are not run again; with another error they are."""
    several = family(str(theory.file.path), scale=[1.0, 2.0])
    told: dict[str, Any] = {"sampler": "reweight", "out": tmp_path, **RUN}
    whole = sample(several, until={"moments": "5%"}, **told)
    assert whole.provenance.verdict == "good"
    assert "members" in whole.verdicts[-1].text
    for one in whole.members.values():
        assert np.all(relative(one, "moments") <= 0.05)
    asked = Asked()
    sweep(several, until={"moments": "5%"}, executor=asked, **told)
    assert not asked.tasks
    sweep(several, until={"moments": 0.2}, executor=asked, **told)
    assert [task["settings"]["until"] for task in asked.tasks] == [{"moments": "0.2"}] * 2


class Asked:
    """An executor that remembers what it is asked, and does nothing."""

    def __init__(self) -> None:
        self.tasks: list[Any] = []

    def submit(self, fn: Any, /, *args: Any) -> Any:
        self.tasks += args
        return self

    def done(self) -> bool:
        return True

    def result(self) -> Any:
        return {"ended": "done", "text": ""}


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ({"moment": "1%"}, "normal has no 'moment'; it has field, turned, moments, sixth, kurtosis; did you mean 'mo"),
        ({"moments[2]": "1%"}, r"no entry \[2\]; there are moments\[power=2\], moments\[power=4\]"),
        ({"moments[power=3]": "1%"}, r"no entry \[power=3\]"),
        ({"sixth[0]": "1%"}, "it is one number"),
        ({"sixth": "0%"}, "0% is not above zero; for instance two_point=1%"),
        ({"sixth": 0}, "0 is not above zero"),
        ({"sixth": "-1"}, "-1 is not above zero"),
        ({"sixth": "1e-400"}, "1e-400 is not above zero"),
        ({"sixth": float("nan")}, "nan is no error that can be reached"),
        ({"sixth": "inf"}, "inf is no error that can be reached"),
        ({"sixth": "one"}, "one is no error that can be reached"),
        ({"six=th": "1%"}, "'six=th' is no name of a quantity"),
    ],
)
def test_what_no_error_can_be(theory: Theory, until: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        sample(theory, until=until)


def test_of_other_types_and_words():
    for until in ("sixth=1%", {"sixth": None}, {"sixth": True}):
        with pytest.raises(TypeError, match="until"):
            tolerances_of(until)  # type: ignore[arg-type]
    assert until_of([]) is None
    for words, match in ((["sixth"], "takes NAME=ERROR, not 'sixth'"), (["a=1", "a=2"], "gives 'a' twice")):
        with pytest.raises(ValueError, match=match):
            until_of(words)


def test_entries_go_by_index_or_coordinates(theory: Theory):
    asked = until_of(["moments[1]=1%", "moments[ power = 2.0 ]=0.1"])
    assert [one.index for one in of_theory(tolerances_of(asked), theory)] == [(1,), (0,)]
