"""The check `axioms`: when it is made, on which draws, its verdict, and how it is shown."""

import argparse
import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from rich.console import Console

from nnft_ppl import Theory
from nnft_ppl.axioms import TimesError
from nnft_ppl.checks import Axioms, FinishedDraws, MeasureProgram, MeasureStream, check_of, checks_of
from nnft_ppl.checks.check import Check, Measurement
from nnft_ppl.cli.axioms import print_axioms, with_times
from nnft_ppl.cli.settings import times_of
from nnft_ppl.draws import Kind
from nnft_ppl.report.axioms import axiom_panels
from nnft_ppl.results import axiom_rows, plain_json, positivity_rows
from nnft_ppl.spaces import Box, Circle, Sphere
from nnft_ppl.theory import ModelFile

MODES, PERIOD = 12, 4.0


def waves(law="free"):
    """A free field on a circle, or one with a Gaussian spectrum; no class of the library but the circle."""
    n = np.arange(1, MODES + 1)
    momentum = 2 * np.pi * n / PERIOD
    spectrum = 1 / (momentum**2 + 1) if law == "free" else np.exp(-(momentum**2) / 2)
    zero = numpyro.sample("zero", dist.Normal(0, PERIOD**-0.5))
    a = numpyro.sample("a", dist.Normal(0, np.sqrt(2 * spectrum / PERIOD)[:, None]).expand([MODES, 2]).to_event(2))
    return lambda x: zero + jnp.cos(momentum * x[0]) @ a[:, 0] + jnp.sin(momentum * x[0]) @ a[:, 1]


def on_circle(law="free"):
    return Theory(ModelFile(waves, "waves", space=lambda: Circle(PERIOD, modes=MODES)), law=law)


def looked_at(theory, key, check, draws=1500):
    """The check's outcome on free draws, measured as a run does it."""
    program = MeasureProgram(theory, [check], 4)
    stream = MeasureStream(program)
    positions = jax.jit(jax.vmap(jax.vmap(theory.free_draw)))(jax.random.split(key, (4, draws)))
    stream.add(np.asarray(positions), 0, 1)
    measured = stream.finish()[check.name]
    assert program.lost == {}
    return check.judge(FinishedDraws(theory, Kind.FREE, {}, {}, log_weights=np.zeros((4, draws)), measured=measured))


@pytest.fixture(scope="module")
def outcome():
    return looked_at(on_circle(), jax.random.key(11), Axioms(tolerance=0.2))


def test_a_violation_by_the_cut_off_is_called_that(outcome):
    found = outcome.findings["reflection_positivity"]
    assert (outcome.verdict.status, outcome.verdict.check) == ("good", "axioms")
    assert (found["verdict"], found["by_cutoff"]) == ("violated", True)
    assert "only, by the cut-off of the network; beyond it " in outcome.verdict.text
    for row in found["families"]:
        if row["spacing"] < 1 / found["cutoff"] and row["family"] != "φφφ":  # of a sixth moment there are few draws
            assert row["verdict"] == "violated"
        if row["mirror_distance"] >= PERIOD / 20:
            assert row["verdict"] != "violated"
    assert found["families"][0]["verdict"] == "consistent"


def test_another_spectrum_is_violated_everywhere_and_that_is_a_warning(key):
    outcome = looked_at(on_circle("gaussian"), key, Axioms(times=[0.3, 0.6, 0.9]))
    found = outcome.findings["reflection_positivity"]
    assert (outcome.verdict.status, found["verdict"], found["by_cutoff"]) == ("warning", "violated", False)
    assert {row["times"] for row in found["families"]} == {(0.3, 0.6, 0.9)}


def test_findings_are_shown(outcome):
    stored = json.loads(json.dumps(plain_json(outcome.findings), allow_nan=False))
    positivity = stored["reflection_positivity"]
    contract = {"family", "times", "verdict", "witness", "value", "error", "z", "lower_bound"}
    assert contract <= set(positivity["families"][0])
    rows = positivity_rows(positivity)
    assert [row[0] for row in rows[:3]] == ["φ", "φφ", "φφφ"]
    assert rows[-3][2] == "violated"
    console = Console(width=200, record=True, file=None, force_terminal=False)
    with console.capture() as shown:
        print_axioms(stored, console)
    assert "ρ of the witness" in shown.get()
    (panel,) = axiom_panels(stored)
    assert panel.caption.endswith(".")
    assert len(panel.table) == len(rows)
    figure = plt.figure()
    panel.draw(figure)
    assert len(figure.axes[0].containers) == 3
    plt.close(figure)
    assert list(axiom_panels({})) == []


def test_when_it_is_made(outcome):
    del outcome
    boxed = Theory(ModelFile(waves, "waves", space=lambda: Box(4.0, 1)))
    for theory, asked, made in ((on_circle(), False, True), (boxed, False, False), (boxed, True, True)):
        check = check_of("axioms") if asked else Axioms()
        assert (check.measurement(theory) is not None) is made
        assert check.applies(FinishedDraws(theory, Kind.CHAINS, {}, {})) is made


def test_where_it_is_asked_for_the_other_axioms_are_looked_at_too(key):
    def linear():
        a = numpyro.sample("a", dist.Normal(0, 1).expand([3]).to_event(1))
        return lambda x: a @ x

    ball = Theory(ModelFile(linear, "linear", space=Sphere))
    outcome = looked_at(ball, key, check_of("axioms"), draws=100)
    assert set(outcome.findings) == {"reflection_positivity", "euclidean", "cluster", "permutation"}
    assert outcome.verdict.status != "failed"
    assert "\nreflection positivity: not available, a Sphere has no time axis" in outcome.verdict.text
    assert outcome.verdict.value is None
    assert axiom_rows(plain_json(outcome.findings))[0][:2] == ["reflection positivity", "undecided"]
    assert list(axiom_panels(outcome.findings)) == []


def test_times_of_ones_own_take_the_place_of_the_usual():
    check = Axioms(times=[0.5])
    assert [one for one in checks_of([check]) if one.name == "axioms"] == [check]
    assert [one.name for one in checks_of([check])] == [one.name for one in checks_of(True)]
    with pytest.raises(ValueError, match="two checks are called 'axioms'"):
        checks_of([check, Axioms(times=[0.7])])
    (given,) = with_times(["axioms"], [0.25, 0.5])
    assert given.times == [0.25, 0.5]
    assert with_times(["axioms"], None) == ["axioms"]
    assert times_of("0.25,0.5") == [0.25, 0.5]
    with pytest.raises(argparse.ArgumentTypeError, match=r"takes times such as 0.25,0.5, not '0.25;x'"):
        times_of("0.25;x")
    with pytest.raises(TimesError, match="9 reaches the mirror on the other side"):  # before anything is drawn
        MeasureProgram(on_circle(), [Axioms(times=[9.0])], 1)


class Wants(Check):
    """Looks at z on so many draws."""

    def __init__(self, draws):
        self.name, self._draws = f"wants_{draws}", draws

    def measurement(self, theory):
        del theory
        return Measurement(lambda position: {"z": position[:1]}, draws=self._draws)

    def judge(self, draws):
        raise NotImplementedError


CASES = [(1, 1, (250, 1000)), (3, 3, (167, 334)), (0, 1, (250, 1000))]


@pytest.mark.parametrize(("keep_every", "every", "seen"), CASES)
def test_each_check_looks_at_as_many_draws_as_it_wants(keep_every, every, seen):
    theory = SimpleNamespace(dimension=2)
    program = MeasureProgram(theory, [Wants(5000), Wants(300)], 2)  # pyright: ignore[reportArgumentType]
    stream = MeasureStream.every_so_often(program, 1000, keep_every)
    assert stream.every == every
    numbers = np.arange(0, 1000, every)
    for block in np.array_split(numbers, 3):
        positions = np.stack([block, block], axis=-1)[None].repeat(2, axis=0).astype(float)
        stream.add(positions, int(block[0]), every)
    found = stream.finish()
    for name, count in zip(("wants_300", "wants_5000"), seen, strict=True):
        assert found[name]["z"].shape == (2, count, 1)
        assert found[name]["z"].values[1, :, 0].tolist() == found[name]["draw"].values.tolist()
