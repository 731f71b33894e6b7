"""The command line: what it prints, what it stores, and its exit statuses."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from commands import Outcome, nnft
from quick_samplers import GAUSSIAN, chains

from nnft_ppl import read
from nnft_ppl.results import plain_json
from nnft_ppl.samplers import SAMPLERS

PREAMBLE = GAUSSIAN[: GAUSSIAN.index("def ")]


def refuse_constant(name: str) -> NoReturn:
    raise AssertionError(f"{name} in the JSON object")


@pytest.fixture
def gaussian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_bank: None) -> str:
    """A model file in the working folder, and a sampler that costs no compilation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(SAMPLERS, "chains", chains)
    (tmp_path / "gaussian.py").write_text(GAUSSIAN, encoding="utf-8")
    return "gaussian.py"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """One good run of chains with its folder."""
    folder = tmp_path_factory.mktemp("finished") / "out"
    words = ("--draws", "1000", "--warmup", "100", "--chains", "2", "--out", str(folder))
    return nnft("run", "deformed_rotation", "--sampler", "hmc", *words), folder


def test_good_run_is_quiet_and_prints_its_table(finished: tuple[Outcome, Path]):
    (status, out, err), folder = finished
    assert (status, err) == (0, "")
    for name, estimate in read(folder).estimates().items():
        assert re.search(rf"^{name} .*{re.escape(str(estimate))}", out, re.MULTILINE), out
    assert out.count("✓") == 13
    assert out.splitlines()[-1] == f"result in {folder}"


def test_show_prints_the_run_again(finished: tuple[Outcome, Path]):
    run, folder = finished
    assert nnft("show", str(folder)) == run


def test_json_has_the_promised_keys_and_the_stored_numbers(finished: tuple[Outcome, Path]):
    _, folder = finished
    status, out, err = nnft("show", str(folder), "--json")
    found = json.loads(out, parse_constant=refuse_constant)
    assert (status, err) == (0, "")
    checks = {
        "modes",
        "schwinger_dyson",
        "second_route",
        "slow",
        "symmetries",
        "tails",
    }  # those that found something to be told
    assert set(found) == checks | {"model", "keywords", "sampler", "diagnostics", "log_z", "estimates", "unfinished"}
    assert found["unfinished"] is None
    assert found["sampler"]["kind"] == "chains"
    assert found["model"] == "deformed_rotation"
    assert found["keywords"] == {"rows": 2, "columns": 3, "sigma_squared": 2.0, "coupling": 0.1, "quartic": "radial"}
    assert (found["sampler"]["name"], found["sampler"]["reason"]) == ("hmc", "asked for")
    assert found["diagnostics"]["verdict"] == "good"
    assert found["log_z"] is None
    ensemble = read(folder)
    assert set(found["estimates"]) == set(ensemble.estimates())
    for name, estimate in ensemble.estimates().items():
        expected = {"value": estimate.value, "error": estimate.error, "ess": estimate.ess}
        expected |= {"exact": ensemble.exact[name], "dims": [], "coords": {}}
        assert found["estimates"][name] == plain_json(expected)


def test_json_of_reweighting(gaussian: str):
    words = ("--sampler", "reweight", "--draws", "1000", "--chains", "2", "--set", "scale=2")
    status, out, err = nnft("run", gaussian, *words, "--json")
    found = json.loads(out, parse_constant=refuse_constant)
    moments, sixth = found["estimates"]["moments"], found["estimates"]["sixth"]
    assert status == 0
    assert "result in runs/gaussian-" in err
    assert found["keywords"] == {"scale": 2.0}
    assert found["log_z"] == {"value": 0.0, "error": 0.0}
    assert (moments["dims"], moments["coords"], moments["exact"]) == (["power"], {"power": [2, 4]}, [4.0, None])
    assert sixth["exact"] is None
    assert isinstance(sixth["value"], float)
    (folder,) = Path("runs").iterdir()
    estimates = read(folder).estimates()
    assert moments["value"] == estimates["moments"].value.tolist()
    assert sixth["error"] == float(estimates["sixth"].error)
    assert found["diagnostics"]["kish"] == pytest.approx(2000)
    # The second of two equal commands replaces the first result by an equal one, in the same folder.
    again = json.loads(nnft("run", gaussian, *words, "--json").out)
    assert again["estimates"] == found["estimates"]
    assert list(Path("runs").iterdir()) == [folder]


def test_processes(tmp_path: Path):
    command = [sys.executable, "-m", "nnft_ppl.cli.main"]
    asked = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert re.fullmatch(r"nnft_ppl \d+\.\d+\S*\n", asked.stdout)
    (tmp_path / "gaussian.py").write_text(GAUSSIAN, encoding="utf-8")
    words = ["run", "gaussian.py", "--sampler", "reweight", "--draws", "1000", "--json"]
    ran = subprocess.run([*command, *words], capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=False)
    assert ran.returncode == 0, ran.stderr
    moments = json.loads(ran.stdout, parse_constant=refuse_constant)["estimates"]["moments"]
    assert moments["coords"] == {"power": [2, 4]}
    assert abs(moments["value"][0] - 1) < 5 * moments["error"][0]
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch("gaussian-[0-9a-f]{8}", folder.name)
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        "plan.json",
        "blocks",
        "result.nc",
        "state.nc",
        "lock",
    }


def test_list_names_the_shipped_models():
    status, out, err = nnft("list")
    assert (status, err) == (0, "")
    first = [line.split()[0] for line in out.splitlines()]
    networks = ["attention_heads", "conv_net", "cos_net", "deep_net", "erf_net", "gauss_net", "kolmogorov_arnold"]
    networks += ["relu_net", "shared_amplitude", "trained_net"]
    scalars = ["double_well_circle", "free_scalar", "on_circle"]
    scalars += ["phi4", "phi4_circle", "phi4_torus"]
    symmetries = ["attention_redundancy", "charged_ring", "complex_scalar", "deep_linear", "deformed_rotation"]
    symmetries += ["massless_phi4", "output_group", "relu_rescaling", "rotated_erf"]
    topology = ["buscher_torus", "compact_boson", "particle_on_circle", "villain_torus", "vortex_gas"]
    quantum = ["cauchy_scalar", "ornstein_uhlenbeck_net", "parameter_splitting", "smooth_kernel"]
    conformal = ["generalized_free", "null_cone", "null_sphere"]
    emergent = ["dirac", "gauged_dirac", "hamiltonian_duality", "klein_gordon", "metric_flow"]
    strings = ["free_boson", "free_fermion", "tachyon_amplitude", "weyl_sphere", "weyl_torus"]
    assert first == [
        "conformal/",
        *conformal,
        "emergent/",
        *emergent,
        "networks/",
        *networks,
        "quantum/",
        *quantum,
        "scalars/",
        *scalars,
        "strings/",
        *strings,
        "symmetries/",
        *symmetries,
        "topology/",
        *topology,
    ]


@pytest.mark.parametrize("words", [["phi4_circle", "--help"], ["--set", "modes=4", "--seed", "3", "phi4_circle", "-h"]])
def test_help_of_a_model(words: list[str]):
    status, out, err = nnft("run", *words)
    assert (status, err) == (0, "")
    for expected in ("modes +40\n", "counterterm +True\n", "the quartic oscillator at temperature 1/T", "--warmup"):
        assert re.search(expected, out)


def test_help_without_a_model_and_no_command():
    helped, bare = nnft("run", "--help"), nnft()
    assert (helped.status, "keywords" in helped.out, "--warmup" in helped.out) == (0, False, True)
    assert (bare.status, "verify" in bare.out) == (2, True)


SMALL = {
    "deformed_rotation": [],
    "free_scalar": ["width=4", "dim=1", "side=2"],
    "phi4": ["width=4", "dim=1", "side=2", "counterterm=True"],
    "phi4_circle": ["modes=2"],
    "double_well_circle": ["modes=8"],
    "on_circle": ["modes=2"],
    "phi4_torus": ["dim=1", "modes=2"],
    "cos_net": ["width=2"],
    "erf_net": ["width=2"],
    "particle_on_circle": [],
}


@pytest.mark.parametrize("model", SMALL)
def test_check_passes_on_shipped_models(model: str):
    settings = [word for keyword in SMALL[model] for word in ("--set", keyword)]
    status, out, err = nnft("check", model, *settings)
    lines = 9 + (model in {"deformed_rotation", "on_circle", "particle_on_circle"})  # symmetries; a phase
    assert (status, err, out.count("✓"), out.count("✗")) == (0, "", lines, 0), out


SITE = "    a = numpyro.sample('a', dist.Normal(0, 1))\n"
FAULTY = {
    "unused keyword": (
        f"def model(scale=1.0, offset=0.0):\n{SITE}    return lambda x: scale * a + 0 * x[0]\n",
        "keywords that nothing in the file reads: offset",
    ),
    "wrong transport": (
        "class Wide(dist.Normal):\n    def transport(self, z):\n        return self.loc + 2 * self.scale * z\n\n\n"
        f"def model():\n{SITE.replace('dist.Normal', 'Wide')}    return lambda x: a * x[0]\n",
        r"transport and density of a site disagree: a \(",
    ),
    "field is NaN": (
        f"def model():\n{SITE}    return lambda x: jnp.sqrt(-1 - a**2 + 0 * x[0])\n",
        "the field is NaN or infinite at random points",
    ),
    "action is NaN": (
        f"def model():\n{SITE}    numpyro.factor('well', -jnp.log(-1 - a**2))\n    return lambda x: a * x[0]\n",
        r"the action is not finite on free draws: .well. .*faulty\.py:\d+",
    ),
}


def test_check_of_a_wall(tmp_path: Path):
    wall = "    numpyro.factor('wall', jnp.where(a > 0, 0.0, -jnp.inf))\n"
    text = f"{PREAMBLE}def model():\n{SITE}{wall}    return lambda x: a * x[0]\n"
    (tmp_path / "walled.py").write_text(text, encoding="utf-8")
    status, out, _ = nnft("check", str(tmp_path / "walled.py"))
    assert status == 0, out
    assert re.search(r"✓ action and gradient are finite on \d+ of 16, the others behind a wall: wall = 0 ± 0", out), out


@pytest.mark.parametrize("fault", FAULTY)
def test_check_finds_the_fault(fault: str, tmp_path: Path):
    text, message = FAULTY[fault]
    (tmp_path / "faulty.py").write_text(PREAMBLE + text, encoding="utf-8")
    status, out, _ = nnft("check", str(tmp_path / "faulty.py"))
    assert status == 1
    assert re.search(f"✗ {message}", out), out


def test_verify_agrees_with_exact_answers():
    status, out, err = nnft("verify", "deformed_rotation")
    assert (status, err, out.count(": agrees"), out.count("(quartic='entrywise'): rejected")) == (0, "", 2, 1), out


def test_verify_refuses_a_wrong_exact_answer(tmp_path: Path):
    text = GAUSSIAN.replace("scale**2, np.nan", "1.2 * scale**2, np.nan")
    (tmp_path / "wrong.py").write_text(text, encoding="utf-8")
    status, out, _ = nnft("verify", str(tmp_path / "wrong.py"))
    pulls = [float(pull) for pull in re.findall(r"disagrees, largest pull ([\d.]+)", out)]
    assert (status, len(pulls)) == (1, 2)
    assert min(pulls) > 6


def test_too_few_draws_fail_the_run(gaussian: str):
    status, out, _ = nnft("run", gaussian, "--sampler", "chains", "--draws", "20", "--chains", "2", "--out", "out")
    assert status == 1
    assert re.search(r"✗ at least \d+ effective draws \(.*run longer", out)
    assert nnft("show", "out").status == 1
    assert json.loads(nnft("show", "out", "--json").out)["diagnostics"]["verdict"] == "failed"


def test_an_error_that_is_not_reached_fails_the_run(gaussian: str):
    """The line says how far it got; with more draws it goes on from there."""
    words = ("run", gaussian, "--sampler", "reweight", "--out", "out", "--until", "moments[power=4]=8%")
    status, out, _ = nnft(*words, "--draws", "250")
    assert status == 1
    wanted = re.search(r"✗ moments\[power=4\] is known to ([\d.]+)% \(8% wanted, about (\d+) draws per chain", out)
    assert wanted
    share, more = float(wanted[1]) / 8, int(wanted[2])
    assert 250 + more == pytest.approx(250 * share**2, rel=0.1)
    assert nnft("show", "out").status == 1
    status, out, _ = nnft(*words, "--json")
    told = json.loads(out)
    assert (status, told["until"]["moments[power=4]"]["reached"]) == (0, True)
    assert told["sampler"]["until"] == {"moments[power=4]": "8%"}
    assert "✓ moments[power=4] is known to " in nnft("show", "out").out


def test_one_chain_has_no_r_hat(gaussian: str):
    status, out, _ = nnft("run", gaussian, "--sampler", "chains", "--draws", "2000", "--chains", "1", "--out", "out")
    (r_hat,) = (verdict for verdict in read("out").verdicts if verdict.check == "r_hat")
    assert (r_hat.status, r_hat.value) == ("unavailable", None)
    assert "– R̂ is not available with one chain; use --chains 4" in out
    assert status == 0
