"""`nnft diagnose`: what it prints, its JSON, and a model file that is not what it was."""

import json
from pathlib import Path

import pytest
from commands import nnft

from nnft_ppl import read

MODEL = """
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


def model(coupling=2.0, edge=3.0):
    "Two numbers, nothing of the library."
    a = numpyro.sample("a", dist.Normal(0, 1))
    b = numpyro.sample("b", dist.Uniform(-edge, edge))
    numpyro.factor("quartic", -coupling * a**4 / 4)
    return lambda x: a * jnp.cos(b * x[0])
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "two_numbers.py"
    path.write_text(MODEL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chains(model: Path) -> str:
    folder = str(model.parent / "chains")
    assert nnft("run", str(model), "--sampler", "hmc", "--draws", "2500", "--out", folder).status == 0
    return folder


@pytest.fixture(scope="module")
def free(model: Path) -> str:
    folder = str(model.parent / "free")
    assert nnft("run", str(model), "--sampler", "reweight", "--draws", "2500", "--out", folder).status == 0
    return folder


@pytest.mark.parametrize("kind", ["chains", "free"])
def test_a_good_run_passes_and_another_theory_does_not(kind: str, model: Path, request: pytest.FixtureRequest):
    folder = request.getfixturevalue(kind)
    own = nnft("diagnose", folder)
    assert own.status == 0
    for words in ("dilatation.a", "force.b", "variance saved", "✓ Schwinger–Dyson identities: p ="):
        assert words in own.out
    assert "phi_squared: raw only" not in own.out
    if kind == "chains":
        same = nnft("diagnose", folder, "--against", str(model))
        assert same.status == 0
    other = nnft("diagnose", folder, "--against", str(model), "--set", "coupling=3.0")
    assert other.status == 1
    assert "✗ Schwinger–Dyson identities" in other.out
    assert "edge=3.0" in other.out


def test_json_is_one_object(chains: str):
    found = nnft("diagnose", chains, "--json")
    printed = json.loads(found.out)
    bank = printed["schwinger_dyson"]
    assert {"t2", "dof", "p_value", "verdict", "rows"} <= set(bank)
    assert bank["verdict"] == "good"
    assert set(bank["rows"][0]) == {"vector_field", "observable", "residual", "error", "z"}
    two_point = printed["estimates"]["two_point"]
    assert set(two_point) == {"raw", "improved", "quoted"}
    # At this coupling the mix nearly cancels, with a heavy tail: raw draws are quoted.
    assert two_point["quoted"]["error"][1] <= two_point["raw"]["error"][1]
    assert "dilatation.a" in found.err


def test_a_figure_is_drawn(chains: str, tmp_path: Path):
    found = nnft("diagnose", chains, "--figure", str(tmp_path / "pulls.svg"))
    assert found.status == 0
    assert "dilatation.a" in (tmp_path / "pulls.svg").read_text(encoding="utf-8")


def test_a_run_without_a_bank_is_tested_on_its_kept_draws(model: Path, tmp_path: Path):
    from nnft_ppl import load, sample

    folder = str(tmp_path / "run")
    sample(load(str(model)), "hmc", num_draws=2500, out=folder, checks=False)
    assert read(folder).schwinger_dyson is None
    found = nnft("diagnose", folder)
    assert found.status == 0
    assert "p =" in found.out


def test_a_model_file_that_was_changed(tmp_path: Path):
    from nnft_ppl import load, sample

    path = tmp_path / "changing.py"
    path.write_text(MODEL, encoding="utf-8")
    folder = str(tmp_path / "run")
    sample(load(str(path)), "reweight", num_draws=50, out=folder, checks=False)
    path.write_text(MODEL.replace("/ 4", "/ 8"), encoding="utf-8")
    found = nnft("diagnose", folder)
    assert (found.status, "was changed since the run" in found.err) == (2, True)
    assert nnft("diagnose", folder, "--against", str(path)).status in (0, 1)
    path.unlink()
    assert "not there any more" in nnft("diagnose", folder).err
