"""Statements about draws: observables of parameters, held-out halves, invariants, labels; and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Derived, HeldOut, Invariant, Observable, Theory, effective_mass, ratio, sample
from nnft_ppl.checks import FinishedDraws, Invariants
from nnft_ppl.cli.table import result_json
from nnft_ppl.draws import Kind
from nnft_ppl.identities import Improvement
from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.observables import reads_parameters
from nnft_ppl.report.correlators import along_coordinate, correlator_table
from nnft_ppl.results import estimate_rows
from nnft_ppl.statistics import cross_fit
from nnft_ppl.theory import ModelError, ModelFile

PLACES = (0.5, 1.0, 2.0)


def line():
    """φ(x) = w₀ x + w₁ x² with unit normals."""
    weight = numpyro.sample("weight", dist.Normal(0, 1).expand([2]).to_event(1))
    return lambda x: weight[0] * x[0] + weight[1] * x[0] ** 2


def least(means):
    return np.linalg.eigh(means["gram"])[1][:, 0]


def form(vector):
    return lambda means: vector @ means["gram"] @ vector


def measured():
    def curve(phi):
        return jnp.stack([phi(jnp.array([place])) for place in PLACES]) * phi(jnp.ones(1))

    return {
        "norm": Observable(lambda phi, parameters: jnp.sum(parameters["weight"] ** 2)).in_units("1"),
        "heaviside": Observable(lambda phi, theta: theta["weight"][0] > 0),
        "gram": Observable(lambda phi: jnp.outer(*[jnp.stack([phi(jnp.ones(1)), phi(-jnp.ones(1))])] * 2), ("a", "b")),
        "curve": Observable(curve, ("place",), {"place": PLACES}).in_units("m^2", place="1/m"),
        "decay": effective_mass("curve", PLACES).in_units("m", **{"curve.separation": "1/m"}),
        "relative": ratio("curve", "norm").in_units("m^2"),
        "witness": HeldOut(least, form).in_units("m^2"),
        "even_part": Invariant(
            lambda phi, theta: jnp.stack(
                [phi(jnp.array([x])) + phi(jnp.array([-x])) - 2 * theta["weight"][1] * x**2 for x in PLACES]
            ),
            1e-12,
            ("place",),
            {"place": PLACES},
        ),
    }


@pytest.fixture(scope="module")
def theory() -> Theory:
    return Theory(ModelFile(line, "line", observables=measured))


@pytest.fixture(scope="module")
def ensemble(theory):
    return sample(theory, "reweight", num_chains=2, num_draws=400, checks=[])


def test_observables_read_the_parameters_wherever_they_are_measured(theory):
    z = jnp.array([2.0, -1.0])
    found = theory.measure(z)["observables"]
    assert (float(found["norm"]), float(found["heaviside"]), found["heaviside"].dtype) == (5.0, 1.0, jnp.float64)
    assert smoothness(theory).observables["heaviside"] == {"weight"}
    assert smoothness(theory).observables["norm"] == frozenset()
    improvement = Improvement(theory)
    assert {"norm", "gram", "curve"} == set(improvement.names)
    assert float(improvement(z)["norm"]) == pytest.approx(2.0)  # exact, whatever the draw
    with pytest.raises(TypeError, match=r"reads the parameters, too: call it with \(fields, parameters\)"):
        theory.observables["norm"](lambda x: x)


@pytest.mark.parametrize(
    ("function", "reads"),
    [
        (lambda phi: 0, False),
        (lambda phi, name="a": 0, False),  # a name that a loop binds
        (lambda phi, parameters: 0, True),
        (lambda phi, *, parameters: 0, False),
        (lambda *both: 0, False),
        (max, False),
    ],
)
def test_a_second_positional_parameter_asks_for_the_parameters(function, reads):
    assert reads_parameters(function) is reads


def test_derived_quantities_are_labelled_and_stored(theory, ensemble):
    middles, stored = [0.75, 1.5], ensemble.data["estimates"].dataset
    assert stored["decay"].dims == ("curve.separation",)
    np.testing.assert_array_equal(stored["curve.separation"], middles)
    assert (stored["relative"].dims, list(stored["place"].values)) == (("place",), list(PLACES))
    assert [ensemble.unit(name) for name in ("decay", "curve.separation", "relative", "place", "witness")] == [
        "m", "1/m", "m^2", "1/m", "m^2",
    ]  # fmt: skip
    assert {"curve", "decay", "relative"} == set(along_coordinate(ensemble))
    assert list(correlator_table(ensemble, "decay").iloc[:, 0]) == middles
    assert '"dims": ["curve.separation"], "coords": {"curve.separation": [0.75, 1.5]}' in result_json(ensemble)
    later = ensemble.estimates({"again": ratio("curve", "curve"), "tested": HeldOut(least, form)})
    assert list(later["again"].coordinates["place"]) == list(PLACES)
    assert later["tested"].value == ensemble.estimates()["witness"].value


def test_held_out_and_invariants_are_told(ensemble):
    halves = ensemble.data["held_out"].dataset
    assert (halves["witness"].dims, halves["witness.found"].shape) == (("half",), (2, 2))
    assert ensemble.estimates()["witness"].value == pytest.approx(halves["witness"].values.mean())
    told = next(one for one in ensemble.verdicts if one.check == "invariants")
    assert told.status == "good"
    row = next(row for row in estimate_rows(ensemble)[1] if row[0] == "even_part")
    assert row[3].startswith("largest |deviation| ")
    assert row[3].endswith(" ≤ 1e-12")


def test_invariants_fail_by_name_and_place():
    """1e-9 on one entry of one draw, where 1e-12 is allowed; and what is no number."""
    deviation = np.zeros((2, 50, 3))
    deviation[1, 7, 2] = 1e-9
    theory = Theory(ModelFile(line, "line", observables=lambda: {"even": measured()["even_part"], **measured()}))

    def verdict(values):
        data = xr.Dataset(
            {name: (("chain", "draw", "place"), part) for name, part in values.items()},
            coords={"chain": [0, 1], "draw": 10 * np.arange(50), "place": list(PLACES)},
        )
        return Invariants().outcome(FinishedDraws(theory, Kind.FREE, {}, {}, measured=data)).verdict

    failed = verdict({"even": deviation, "even_part": np.zeros((2, 50, 3))})
    assert (failed.status, failed.value) == ("failed", pytest.approx(1e3))
    assert "even: largest |deviation| 1e-09 > 1e-12 (the worst: even on draw 70 of chain 1, place=2)" in failed.text
    assert verdict({"even": deviation / 2000, "even_part": np.zeros((2, 50, 3))}).status == "good"
    deviation[0, 0, 0] = np.nan
    assert "undefined > 1e-12" in verdict({"even": deviation, "even_part": deviation}).text


def test_a_smallest_eigenvalue_is_held_out(rng):
    """Noise about zero has negative eigenvalues, which the other half does not see; one of −1 is seen by both.

    Entries vary so that vᵀMv has variance 1 for every unit v; the least of 30 eigenvalues is then at −2√15 errors.
    """
    noise = rng.normal(size=(4, 500, 30, 30))
    noise = (noise + np.swapaxes(noise, 2, 3)) / 2
    assert np.linalg.eigvalsh(noise.mean((0, 1)))[0] * np.sqrt(2000) < -REJECTED
    nothing = cross_fit({"gram": noise}, least, form, independent=True)
    assert abs(nothing.together.value / nothing.together.error) < ACCEPTED
    assert nothing.together.error == pytest.approx(1 / np.sqrt(1000), rel=0.2)
    negative = cross_fit({"gram": noise - np.diag(np.arange(30) == 0)}, least, form, independent=True)
    assert negative.together.value / negative.together.error < -REJECTED
    assert negative.together.value > -1 - ACCEPTED * negative.together.error
    first, second = negative.halves
    assert negative.together.error == pytest.approx((first.error + second.error) / 2)
    # Var/error² of one number: 2000 draws with the error of half of them.
    assert negative.together.ess == pytest.approx(1000, rel=0.2)


def test_a_statement_that_fails_on_the_draws_does_not_lose_the_run(ensemble):
    def broken(means):
        raise ZeroDivisionError("nothing found")

    found = ensemble.estimates({"broken": HeldOut(broken, form)})["broken"]
    assert np.isnan(found.value)
    assert found.doubts == {(): "nothing found"}


FLAT = Observable(lambda phi: jnp.ones(3), ("r",), {"r": PLACES})
MISTAKES = [
    (
        {"o": Observable(lambda phi, theta: theta["wieght"])},
        r"'o': KeyError.*parameters are \['weight'\]; did you mean",
    ),
    ({"d": Derived(lambda means: means["falt"])}, "'d' asks for 'falt'; the observables are .*did you mean 'flat'"),
    ({"d": Derived(lambda means: means["flat"] @ jnp.ones(2))}, r"derived 'd': TypeError.*flat \(3,\)"),
    (
        {"d": Derived(lambda means: means["flat"][0], ("r",))},
        r"'d' declares dims \('r'\), but its value has shape",
    ),
    ({"d": Derived(lambda means: means["flat"][:2], ("r",))}, "dimension 'r' has size 2 in 'd' and 3 before"),
    (
        {"d": Derived(lambda means: means["flat"], ("r",), {"r": (1.0, 2.0, 3.0)})},
        "'r' has other coordinates in 'd' than before",
    ),
    ({"d": Derived(lambda means: means["flat"], (..., "a", ...))}, r"dims \(..., 'a', ...\) name ... twice"),
    ({"d": Derived(lambda means: means["flat"], ("flat",))}, r"derived 'd': dimension \['flat'\] is the name of"),
    ({"d": Derived(lambda means: means["flat"]).in_units("1", t="m")}, r"'d' states units of \['t'\]"),
    ({"h": HeldOut(lambda means: means["fla"], form)}, "held out 'h' asks for 'fla'.*did you mean 'flat'"),
    ({"h": HeldOut(lambda means: 0, lambda _: lambda means: means["flat"])}, r"'h': .*shape \(3,\); give one number"),
    ({"i": Invariant(lambda phi: phi(jnp.ones(1)) + jnp.ones(2) @ jnp.ones(3), 0.1)}, "invariant 'i': TypeError"),
    ({"i": Invariant(lambda phi: jnp.ones(2), 0.1, ("r",))}, "dimension 'r' has size 2 in 'i' and 3 before"),
    ({"i": lambda phi: phi}, r"name -> Observable \(or Derived, HeldOut, Invariant\)"),
]


@pytest.mark.parametrize(("declared", "words"), MISTAKES)
def test_mistakes_in_what_is_declared_are_named(declared, words):
    with pytest.raises(ModelError, match=words):
        Theory(ModelFile(line, "line", observables=lambda: {"flat": FLAT} | declared))


def test_a_tolerance_is_a_number():
    with pytest.raises(ValueError, match=r"tolerance = -1; give a number >= 0"):
        Invariant(lambda phi: 0, -1)


def test_axes_without_a_name_take_those_of_what_they_are_like():
    declared = {
        "flat": FLAT,
        "wide": Observable(lambda phi: jnp.ones((2, 3)), ("component", "r"), {"r": PLACES}),
        "plain": Derived(lambda means: means["wide"] * means["flat"]),
        "both": ratio("wide", "flat"),
        "cut": effective_mass("wide", PLACES),
    }
    derived = Theory(ModelFile(line, "line", observables=lambda: declared)).derived
    assert {name: one.dims for name, one in derived.items()} == {
        "plain": ("plain_dim_0", "plain_dim_1"),
        "both": ("component", "r"),
        "cut": ("component", "wide.separation"),
    }
    assert derived["both"].coords == {"r": PLACES}
    assert jax.tree.structure(derived["cut"].coords) == jax.tree.structure({"wide.separation": (0.0, 0.0)})


def test_a_phase_is_divided_out_on_either_half(rng):
    angle = rng.normal(size=(2, 4000))
    series = {"x": rng.normal(size=(2, 4000)) + angle}
    fitted = cross_fit(
        series, lambda means: means["x"], lambda _: lambda means: means["x"], independent=True, phase=angle
    )
    turned = np.exp(1j * angle)
    for half, found, number in zip(fitted.halves, fitted.found, (0, 1), strict=True):
        ratio = np.mean(series["x"][number] * turned[number]) / np.mean(turned[number])
        assert half.value == pytest.approx(ratio, rel=1e-12)
        other = np.mean(series["x"][1 - number] * turned[1 - number]) / np.mean(turned[1 - number])
        assert found == pytest.approx(other, rel=1e-12)
    assert abs(fitted.together.value - 1j) < 5 * abs(fitted.together.error)  # ⟨x e^{iα}⟩/⟨e^{iα}⟩ = i
    assert abs(fitted.together.value) > 10 * abs(fitted.together.error)
