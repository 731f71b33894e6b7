"""A family as independent runs: side by side, killed, run again, collected; on other engines; what is refused."""

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpyro
import psutil
import pytest
from commands import nnft
from numpyro import distributions as dist
from products import PRODUCTS

from nnft_ppl import Ensembles, LocalWorkers, collect, extrapolated, family, read, sample, sweep
from nnft_ppl.display import Stage
from nnft_ppl.families import Family
from nnft_ppl.runs.sweeping import _run

QUICK: dict[str, Any] = {"sampler": "reweight", "num_chains": 2, "num_draws": 100, "checks": False, "keep": "none"}
BROKEN = PRODUCTS.replace("return lambda x: ", "return lambda x: (jnp.nan if width == 2 else 1) * ")


MANIFEST: dict[str, Any] = dict.fromkeys(("model", "source_sha256", "precision", "fingerprint"), "") | {
    "keywords": {}, "dim": 1, "seed": 0, "versions": {},
    "sampler": {"name": "hmc", "chains": 1, "draws": 4, "warmup": 0, "keep": "none"},
}  # fmt: skip


class Here(Executor):
    """Calls functions at once, in this process."""

    def __init__(self, *_: Any) -> None: ...

    def submit(self, fn: Callable, /, *args: Any, **_: Any) -> Future:
        future = Future()
        future.set_result(fn(*json.loads(json.dumps(args))))
        return future


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Family:
    file = tmp_path_factory.mktemp("models") / "products.py"
    file.write_text(PRODUCTS, encoding="utf-8")
    return family(file, width=[1, 2])


@pytest.fixture(scope="module")
def wanted(members: Family) -> Ensembles:
    """What one process makes of them."""
    found = sample(members, **QUICK)
    assert isinstance(found, Ensembles)
    return found


def same(found: Any, wanted: Ensembles) -> None:
    for name, one in wanted.estimates().items():
        np.testing.assert_array_equal(found.estimates()[name].value, one.value)


def results(folder: Path) -> dict[str, int]:
    """Member's folder -> when its result was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("members/*/result.nc")}


def test_a_killed_member_is_run_again_and_no_other(members: Family, wanted: Ensembles, tmp_path: Path):
    """Run again, the members are those of one process, bit for bit; half-way among many: `make calibrate`."""
    out = tmp_path / "out"

    def kill(stage: Stage) -> None:
        for worker in psutil.Process().children() if stage.what == "members, 1 running" and not stage.done else ():
            if "nnft_ppl.workers.process" in worker.cmdline():
                worker.kill()

    with LocalWorkers(1) as worker:
        found = sweep(members, out=out, executor=worker, progress=kill, **QUICK)
        words = "WorkerError: its process was ended by SIGKILL (out of memory, perhaps)"
        assert found.findings["failures"] == {"width=1": words}
        assert (list(found.members), found.provenance.interrupted) == (["width=2"], True)
        assert np.isnan(found.estimates()["connected"].value).tolist() == [True, False]
        written = results(out)
        again = sweep(members, out=out, executor=worker, **QUICK)
    assert ("failures" in again.findings, again.provenance.interrupted) == (False, False)
    assert written.items() < results(out).items()
    same(again, wanted)
    same(read(out), wanted)


def reply(task: dict[str, Any]) -> dict[str, Any]:
    """In the place of `run_member`: one member fails."""
    return {"ended": "failed", "text": "no luck"} if task["member"] == 2 else {"ended": "done", "text": ""}


def asked(executor: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sweep does with an engine, without the members' work."""
    monkeypatch.setattr("nnft_ppl.runs.sweeping.run_member", reply)
    seen: list[Stage] = []
    found = _run({f"n={n}": {"member": n} for n in (1, 2, 3)}, executor, seen.append, 4, folder / "stop")
    assert found == ({"n=2": "no luck"}, False)
    assert (seen[-1].done, seen[-1].total, (folder / "stop").exists()) == (4, 4, False)


def test_dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, silence_logs=50
    )
    with local as cluster, distributed.Client(cluster) as client:
        asked(client.get_executor(), tmp_path, monkeypatch)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its logs open
def test_submitit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SUBMITIT_LOG_LEVEL", "NOCONFIG")  # else its import closes pytest's handlers
    submitit = pytest.importorskip("submitit")
    asked(submitit.AutoExecutor(tmp_path / "jobs", cluster="debug"), tmp_path, monkeypatch)


def test_correlations_of_what_is_derived_need_the_model(members: Family, tmp_path: Path):
    """With common random numbers; a fit that took members for independent would have a wrong error."""
    out, limit = tmp_path / "out", {"limit": extrapolated("connected", "width")}
    with ThreadPoolExecutor(2) as two:  # members of one process wait for one another
        found = sweep(members, out=out, executor=two, common=True, **QUICK)
    wanted = found.estimates(limit)["limit"]
    with pytest.raises(ValueError, match=r"how 'connected' is correlated between members .*`nnft collect DIR`"):
        collect(out).estimates(limit)
    assert nnft("collect", str(out)).status in (0, 1)  # so few draws are not enough
    again = read(out).estimates(limit)["limit"]
    assert (again.value, again.error) == (wanted.value, wanted.error)


@pytest.mark.usefixtures("quiet")
def test_a_member_that_fails_is_told_and_loses_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    monkeypatch.setattr("nnft_ppl.runs.sweeping.LocalWorkers", Here)
    out = tmp_path / "out"
    words = ("--sampler", "reweight", "--chains", "2", "--draws", "100", "--out", str(out))
    status, _, err = nnft("sweep", str(tmp_path / "broken.py"), "--grid", "width=1,2", *words)
    assert (status, err.count("\n")) == (4, 1)
    assert err.startswith("nnft: width=2 failed: FieldError: observable 'odd' is NaN or infinite on 200 of 200 draws")
    found = read(out)
    assert isinstance(found, Ensembles)
    assert list(found.members) == ["width=1"]
    np.testing.assert_array_equal(np.isnan(found.estimates()["connected"].value), [False, True])
    shown = nnft("show", str(out))
    assert (shown.status, "incomplete: 1 of 2 members are done" in shown.out) == (3, True)
    assert nnft("report", str(out), "--out", str(tmp_path / "page.html")).status == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "members that failed" in page
    assert "odd is NaN" in page.replace("&#39;", "")
    (out / "result.nc").unlink()
    again = nnft("collect", str(out), "--json")
    assert json.loads(again.out)["estimates"]["connected"]["value"][1] is None


def test_an_interrupted_sweep_goes_on(members: Family, wanted: Ensembles, tmp_path: Path):
    out, raised = tmp_path / "out", []

    def stop(stage: Stage) -> None:
        if stage.done == 1 and not raised:
            raised.append(stage)
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as one:
        found = sweep(members, out=out, executor=one, progress=stop, **QUICK)
    assert found.provenance.interrupted
    assert not found.findings["members"]["width=1"]["interrupted"]
    assert not (out / "stop").exists()
    written = results(out)
    again = sweep(members, out=out, executor=Here(), **QUICK)
    assert not again.provenance.interrupted
    assert results(out)["width=1"] == written["width=1"]
    same(again, wanted)


@pytest.mark.usefixtures("quiet")
def test_a_sweep_that_starts_anew(members: Family, wanted: Ensembles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Also where another run was, and after an interruption without saying so again."""
    out, given = tmp_path / "out", str(members.theories[0].file.path)
    sweep(members, out=out, executor=Here(), **QUICK | {"seed": 1})
    other = results(out)

    def stop(stage: Stage) -> None:
        if stage.what == "members":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(members, out=out, executor=Here(), fresh=True, progress=stop, **QUICK)
    assert results(out) == other
    found = sweep(members, out=out, executor=Here(), **QUICK)
    same(found, wanted)
    written = results(out)
    monkeypatch.setattr("nnft_ppl.runs.sweeping.LocalWorkers", Here)
    words = ("--grid", "width=1,2", "--sampler", "reweight", "--chains", "2", "--draws", "100", "--keep", "none")
    assert nnft("sweep", given, *words, "--out", str(out)).status in (0, 1)
    assert results(out) == written
    assert nnft("sweep", given, *words, "--out", str(out), "--fresh").status in (0, 1)
    assert all(results(out)[name] > written[name] for name in written)


@pytest.mark.usefixtures("quiet")
def test_a_sweep_without_any_result(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nnft_ppl.runs.sweeping.LocalWorkers", Here)
    words = ("sweep", model, "--grid", "width=1,2", "--draws", "100", "--out", str(tmp_path / "out"))
    monkeypatch.setattr("nnft_ppl.runs.sweeping.run_member", lambda task: {"ended": "failed", "text": "no luck"})
    status, _, err = nnft(*words)
    assert (status, "has a result; width=1: no luck; width=2: no luck" in err) == (4, True)
    monkeypatch.setattr("nnft_ppl.runs.sweeping._run", lambda *_: ({}, True))
    said = "nnft: interrupted before anything was collected: the same command goes on\n"
    assert nnft(*words) == (3, "", said)


def alone(width: int = 1) -> Any:
    a = numpyro.sample("a", dist.Normal(0, width))
    return lambda x: a * x[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sweep", "free_scalar"], "nnft sweep needs the values of a keyword: for instance --grid coupling=0.5,1,2"),
        (["sweep", "free_scalar", "--grid", "width"], "--grid takes name=v1,v2,..., not 'width'"),
        (["sweep", "free_scalar", "--grid", "width=4,,8"], "--grid width=4,,8: a value is missing"),
        (["sweep", "MODEL", "--grid", "width=1,2", "--on", "moon"], "--on moon: write local, slurm, or the address"),
        (["sweep", "MODEL", "--grid", "width=1,2", "--on", "slurm"], '--on slurm: Could not detect "srun"'),
        (["sweep", "MODEL", "--grid", "width=1,2", "--slurm", "mem_gb=4"], "--slurm belongs to --on slurm"),
        (["sweep", "MODEL", "--grid", "width=1,2", "--workers", "0"], "--workers must be at least 1, not 0"),
        (
            ["sweep", "MODEL", "--grid", "width=1,2", "--on", "tcp://h:1", "--workers", "2"],
            "matter of the dask cluster",
        ),
        (["sweep", "MODEL", "--grid", "width=1,2", "--check", "nonsense"], "nonsense"),
        (["collect", "nowhere"], "no run in 'nowhere': there is no such folder"),
        (["collect", "."], "no run in '.': manifest.json is not there"),
        (["collect", "one"], "'one' holds one run, and nothing to collect: `nnft show` prints its result"),
        (["collect", "empty"], "no member of the family in 'empty' has a result"),
        (["collect", "damaged"], "'damaged/manifest.json' is damaged (JSONDecodeError)"),
    ],
)
def test_refused(words: list[str], message: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUBMITIT_LOG_LEVEL", "NOCONFIG")
    for name, family_of in (("one", {}), ("empty", {"scanned": {}, "common": False, "members": {}})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps(MANIFEST | {"family": family_of}))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    status, _, err = nnft(*(word.replace("MODEL", model) for word in words))
    assert (status, err.count("\n"), message in err) == (2, 1, True), err


def test_refused_from_python(tmp_path: Path):
    with pytest.raises(TypeError, match=r"sweep\(\) takes a Family, not 'phi4'"):
        sweep("phi4", out=tmp_path)
    with pytest.raises(ValueError, match=r"alone is a function of this process, .* write it to a file"):
        sweep(family(alone, width=[1, 2]), out=tmp_path)
    with pytest.raises(ValueError, match=r"workers = 'two'; give an integer >= 1"):
        LocalWorkers("two")
    assert list(tmp_path.iterdir()) == []
