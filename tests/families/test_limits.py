"""The limit of a family with its error in parts; φ⁴ in one dimension against diagonalisation: `make calibrate`."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from commands import nnft
from numpyro import distributions as dist
from scipy import integrate
from statistical import ACCEPTED, REJECTED

from calibration.families import exact
from nnft_ppl import Ensembles, Limit, Observable, Theory, grid_shifts, limit_of, sample
from nnft_ppl.cli.extrapolate import share_of
from nnft_ppl.results import nearest_to_limit
from nnft_ppl.spaces import Box
from nnft_ppl.statistics import Verdict, Verdicts
from nnft_ppl.theory import ModelFile


def test_the_exact_curve_has_the_numbers_of_the_table():
    np.testing.assert_allclose(exact(np.array([0.0, 1.0, 2.0])), [0.35506776, 0.08721666, 0.02162409], atol=5e-9)


def test_infinite_width_is_reached_and_one_neuron_is_not_enough(widths: Ensembles):
    """⟨φ²⟩ = 1 and ⟨φ⁴⟩ = 3 + 2.4/N: of the fit's own error, without what the next order adds."""
    limit, narrow = limit_of(widths, "powers"), widths.member(width=1).estimates()["powers"]
    assert np.max(np.abs(limit.value - [1, 3]) / limit.statistical) < ACCEPTED
    assert np.max(np.abs(narrow.value - [1, 3]) / narrow.error) > REJECTED
    following = limit_of(widths, "powers", degree=1).value - limit.value
    assert not following.any()
    np.testing.assert_allclose(limit.error, np.hypot(limit.statistical, limit.finite))
    assert (limit.law, limit.dof, np.isnan(limit.grid).all()) == ("powers = c_0 + c_1/width", 1, True)
    total = limit_of(widths, "powers", grid={"powers": np.array([1.0, 2.0])}).error
    np.testing.assert_allclose(total**2 - limit.error**2, [1, 4])


def test_finite_width_is_the_change_by_the_next_order(widths: Ensembles):
    """A parabola through three values has no degree of freedom: it is the polynomial itself."""
    value = widths.estimates()["connected"].value
    limit = limit_of(widths, "connected")
    parabola = np.polyfit(1 / np.array([1.0, 2.0, 4.0]), value, 2)[-1]
    np.testing.assert_allclose(limit.finite, np.abs(parabola - limit.value), rtol=1e-9)


def test_the_distance_up_to_which_an_error_holds():
    value = np.array([1.0, 2.0, 3.0])
    one = Limit(
        "f", "law", value, value / 100, value / 50, np.full(3, np.nan), np.zeros(3), 1, {"r": np.array([2.0, 0.0, 1.0])}
    )
    np.testing.assert_allclose(one.error, value * np.hypot(0.01, 0.02))
    assert one.reach(0.03) == ("r", 2)
    assert one.reach(0.01) == ("r", None)
    assert one.reach(0.05, relative=False) == ("r", 0)
    assert one.reach(0.07, relative=False) == ("r", 2)
    gap = Limit("f", "law", value, value * [0.1, np.nan, 0.1], 0 * value, 0 * value, 0 * value, 1, {"r": value})
    assert gap.reach(0.5) == ("r", 1)


def test_the_command(folder: Path, widths: Ensembles):
    status, out, err = nnft("extrapolate", str(folder), "powers", "--within", "100%", "--json")
    found, limit = json.loads(out), limit_of(widths, "powers")
    np.testing.assert_allclose(found["limits"]["powers"]["error"], limit.error)
    assert (found["verdict"], found["failed_checks"], "checks of the members failed" in err) == ("good", [], False)
    assert found["limits"]["powers"]["reach"] == {"dim": "power", "distance": 4}
    assert (status, found["grid_unknown"]) == (0, "no parameters were kept: run again with --keep all (or auto)")
    assert "powers: the total error is below 100% up to power = 4" in err.splitlines()
    assert err.splitlines()[-1] == f"nnft: the grid's part of the errors is not known: {found['grid_unknown']}"
    status, _, err = nnft("extrapolate", str(folder), "odd", "--within", "1%")
    assert (status, "--within 1%: odd is along no coordinate: a distance takes one coordinate" in err) == (0, True), err
    status, out, _ = nnft("extrapolate", str(folder), "powers", "odd", "--within", "1e-9")
    assert (status, "powers: the total error is above 1e-9 at the nearest power already" in out) == (1, True)
    assert "odd = c_0 + c_1/width" in out


POINTS = 5


def model(coupling: float = 2.0) -> Any:
    amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
    box = Box(1.0, 1, POINTS)
    numpyro.factor("quartic", -coupling * box.integrate(box.evaluate(lambda x: amplitude * jnp.cos(7 * x[0])) ** 4))
    return lambda x: amplitude * jnp.cos(7 * x[0])


def second_moment(points: int) -> float:
    """⟨a²⟩ with the action on a grid, by quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    strength = 2 * weights / 2 @ np.cos(7 * nodes / 2) ** 4
    moments = [integrate.quad(lambda a, k=k: a**k * np.exp(-(a**2) / 2 - strength * a**4), -9, 9)[0] for k in (2, 0)]
    return moments[0] / moments[1]


def test_what_a_finer_grid_changes():
    """Against quadrature in the one parameter; control: twice the grid changes ten times less."""
    file = ModelFile(model, "wave", observables=lambda: {"squared": Observable(lambda phi: phi(jnp.zeros(1)) ** 2)})
    theory = Theory(file)
    ensemble = sample(theory, "reweight", num_draws=1000, checks=False)
    found = float(grid_shifts(ensemble, theory)["squared"])
    shift = abs(second_moment(2 * POINTS) - second_moment(POINTS))
    assert abs(found / shift - 1) < 0.2
    assert abs(second_moment(4 * POINTS) - second_moment(2 * POINTS)) < shift / 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda one: limit_of(one, "power"), "there is no 'power'"),
        (lambda one: limit_of(one, "powers", "scale"), "'scale' is not scanned here"),
        (lambda one: limit_of(one, "powers", degree=2), "3 values of width are too few; 4 are needed"),
        (lambda one: limit_of(one, "powers").reach(0), "an error within 0 is asked for; give a number above zero"),
        (lambda one: limit_of(one, "odd").reach(0.1), "odd is along no coordinate: a distance takes one coordinate"),
        (lambda one: share_of("one"), "--within takes a share or an error above zero, not 'one': for instance 1%"),
        (lambda one: share_of("-1%"), "--within takes a share or an error above zero, not '-1%'"),
    ],
)
def test_refused(call: Any, message: str, widths: Ensembles):
    with pytest.raises(ValueError, match=message):
        call(widths)


def test_members_nearest_to_the_limit(widths: Ensembles):
    """Whatever the order of the values, and at each value of the other keywords."""
    assert (nearest_to_limit(widths).item(), nearest_to_limit(widths, in_="N^2").item()) == ("width=4", "width=1")
    scanned = {"coupling": np.array([0.5, 1.0]), "width": np.array([16, 4, 2])}
    places = [f"coupling={one}, width={other}" for one in scanned["coupling"] for other in scanned["width"]]
    grid = cast(Ensembles, SimpleNamespace(scanned=scanned, places=places))
    assert nearest_to_limit(grid).tolist() == ["coupling=0.5, width=16", "coupling=1.0, width=16"]
    assert nearest_to_limit(grid, "coupling", "N").tolist() == places[:3]


@pytest.mark.parametrize(("in_", "width"), [("1/N", 4), ("N", 1)])
def test_grids_are_those_of_the_nearest_member(
    in_: str, width: int, folder: Path, widths: Ensembles, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("nnft_ppl.cli.extrapolate.own_theory", lambda about, model: about.keywords["width"])
    monkeypatch.setattr("nnft_ppl.cli.extrapolate.grid_shifts", lambda one, theory: {"powers": theory * np.ones(2)})
    found = json.loads(nnft("extrapolate", str(folder), "powers", "--in", in_, "--json").out)["limits"]["powers"]
    assert found["grid"] == [width, width]
    np.testing.assert_allclose(found["error"], limit_of(widths, "powers", in_=in_, grid={"powers": width}).error)


def test_failed_checks_of_members_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    verdicts = Verdicts([Verdict("ess", "good", 5000, 400, "enough"), Verdict("tails", "failed", 0.99, 0.7, "heavy")])
    monkeypatch.setattr(Ensembles, "verdicts", property(lambda self: verdicts))
    status, out, err = nnft("extrapolate", str(folder), "powers", "--json")
    found = json.loads(out)
    assert (status, found["verdict"], found["failed_checks"]) == (1, "failed", ["tails"])
    assert "nnft: checks of the members failed (tails): their errors may mean nothing" in err


def test_refused_by_the_command(folder: Path):
    one = nnft("extrapolate", str(folder / "members" / "width=1"))
    assert (one.status, "is one run: a limit takes a family" in one.err) == (2, True)
    one = nnft("extrapolate", str(folder), "power")
    assert (one.status, one.err.count("\n"), "did you mean 'powers'?" in one.err) == (2, 1, True)
