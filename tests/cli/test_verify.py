"""`nnft verify`: controls that are rejected, planted ones that are not, and identities."""

import hashlib
import json
import re
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpyro
import pytest
from commands import Outcome, nnft
from numpyro import distributions as dist
from quick_samplers import GAUSSIAN

from nnft_ppl import Theory, sample
from nnft_ppl.cli import gallery, inspect, verify
from nnft_ppl.cli.against import beside, furthest
from nnft_ppl.cli.verified import Verified
from nnft_ppl.theory import Control, read_source, sha256_of, shipped_models

PREAMBLE = GAUSSIAN[: GAUSSIAN.index("def ")]
QUARTIC = '''

def model(coupling=1.0):
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("quartic", -coupling * a**4)
    return lambda x: a * x[0]


def control(coupling):
    """Another coupling"""
    return {"coupling": FACTOR * coupling}
'''


def constant():
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a + 0 * x[0]


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch):
    """One route, which costs no compilation of chains, and controls of 1000 draws in all, then of 8000."""
    monkeypatch.setattr(verify, "ROUTES", ("reweight",))
    monkeypatch.setattr(verify, "CONTROL_DRAWS", (250, 2000))


def verified(folder: Path, text: str, *words: str) -> Outcome:
    (folder / "planted.py").write_text(text, encoding="utf-8")
    return nnft("verify", str(folder / "planted.py"), *words)


def with_control(returned: str, words: str = "What must be rejected.") -> str:
    return f'{GAUSSIAN}\n\ndef control(scale):\n    """{words}"""\n    return {returned}\n'


@pytest.mark.parametrize(
    ("returned", "status", "said"),
    [
        ("{'scale': 2 * scale}", 0, "control: What must be rejected (scale=2.0): rejected by reweight, "),
        ("{'scale': 1.15 * scale}", 0, "rejected by reweight, "),  # seen by the second, longer run alone
        ("{'scale': scale}", 1, "(scale=1.0): NOT rejected by reweight, "),
        ("{'moments': np.array([scale**2, np.nan])}", 1, "(moments): NOT rejected by reweight, "),
        ("{'sixth': np.inf}", 1, "(sixth): NOT rejected: nothing could be compared"),
    ],
)
def test_controls(returned: str, status: int, said: str, tmp_path: Path):
    found, out, err = verified(tmp_path, with_control(returned))
    assert (found, err) == (status, ""), out
    assert said in out
    assert "by reweight: agrees" in out


def test_control_that_is_wrong_about_itself(tmp_path: Path):
    """At the control's keywords `exact` says something else, with which the run must agree: 3 where 4 is right."""
    text = with_control("{'scale': 2.0}").replace("scale**2, np.nan", "scale**2 if scale == 1 else 3.0, np.nan")
    found, out, _ = verified(tmp_path, text)
    assert found == 1
    assert "): rejected by reweight" in out


def test_control_of_another_shape(tmp_path: Path):
    text = with_control("{'scale': 2.0}").replace("def observables():", "def observables(scale):")
    text = text.replace("** jnp.array([2, 4])", "** jnp.arange(2, 6, 3 - int(scale))")
    text = text.replace("(2, 4)}", "tuple(range(2, 6, 3 - int(scale)))}").replace(
        "np.array([scale**2, np.nan])", "MOMENTS"
    )
    text = text.replace(
        'return {"moments": MOMENTS', 'return {"moments": [scale**2] + [np.nan] * (1 if scale == 1 else 3)'
    )
    found, _, err = verified(tmp_path, text)
    assert (found, "control() gives scale=2.0, at which ['moments'] have other shapes" in err) == (2, True), err


def test_a_wrong_answer_is_rejected():
    theory = Theory(constant)
    ensemble = sample(theory, "reweight", num_draws=250, checks=False)
    for answer, rejected in ((2.0, True), (1.0, False), (np.nan, False)):
        control = Control("", {}, {"phi_squared": np.array(answer)})
        rows = beside(ensemble, "", control.answers)
        assert furthest(control, rows).rejected == rejected
        assert not furthest(control, [row._replace(error=np.nan, pull=np.inf) for row in rows]).rejected


@pytest.mark.parametrize(("known", "missing", "mark"), [("scale**2", 1, "agrees"), ("np.nan", 2, "nothing to compare")])
def test_answers_that_are_not_known_are_counted(known: str, missing: int, mark: str, tmp_path: Path):
    _, out, _ = verified(tmp_path, GAUSSIAN.replace("[scale**2, np.nan]", f"[{known}, np.nan]"))
    assert f"planted: {missing} of 2 exact answers not known (NaN)" in out
    assert f"planted by reweight: {mark}, largest pull" in out


@pytest.mark.parametrize(("factor", "status"), [("6", 0), ("1", 1)])
def test_identities_decide_where_nothing_is_known(factor: str, status: int, tmp_path: Path):
    page = tmp_path / "page.md"
    found, out, _ = verified(tmp_path, PREAMBLE + QUARTIC.replace("FACTOR", factor), "--page", str(page))
    assert found == status, out
    assert "no exact answer; its identities are tested" in out
    text = page.read_text("utf-8")
    assert "## Identities" in text
    assert f"| planted | Another coupling | `coupling={float(factor)}` | identity | " in text


@pytest.mark.parametrize(("size", "status", "said"), [("5e-7", 0, "agrees"), ("2e-6", 1, "disagrees")])
def test_what_holds_on_every_draw(size: str, status: int, said: str, tmp_path: Path):
    """The largest deviation is beside its tolerance of 1e-6, which is a pull of 5."""
    text = GAUSSIAN.replace("    return {", f'    return {{"conserved": Invariant(lambda phi: {size}, 1e-6), ', 1)
    page = tmp_path / "page.md"
    found, out, err = verified(tmp_path, "from nnft_ppl.observables import Invariant\n" + text, "--page", str(page))
    assert (found, err) == (status, ""), out
    assert f"by reweight: {said}" in out
    assert f"conserved: largest deviation {float(size):.2g}, tolerance 1e-06" in out
    assert "| conserved | draw 0 of chain 0 | 0 |" in page.read_text("utf-8")


DESCRIBED = '"""A number that is the same everywhere.\n\n    φ(x) = a,    a ~ N(0, 1)\n\nUnits: none.\n"""\n\n'


def test_gallery(tmp_path: Path):
    page = tmp_path / "shown.md"
    text = DESCRIBED + with_control("{'scale': 2 * scale}", "Twice as large.")
    found, out, err = verified(tmp_path, text, "--gallery", str(page))
    assert (found, err) == (0, ""), out
    assert out.splitlines()[-1] == f"gallery in {page}"
    told = page.read_text("utf-8")
    assert "```text\nφ(x) = a,    a ~ N(0, 1)\n```\n\n[`planted(scale=1.0)`](planted.py)\n" in told
    assert "![planted: drawn fields](shown/planted.fields.svg)\n![planted: pulls, the largest first](shown/" in told
    record = json.loads((tmp_path / "shown/verified.json").read_text("utf-8"))["planted"]
    assert record["source_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    pulls, control = record["sentences"]
    assert re.fullmatch(r"1 exact value; largest pull [+-]\d\.\d by reweight \(moments power=2\)\.", pulls)
    assert control.startswith("Control: Twice as large (`scale=2.0`): rejected by reweight, ")
    assert f"{pulls}\n\n{control}\n" in told


def test_gallery_of_what_cannot_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*given: object) -> NoReturn:
        raise ValueError("planted")

    monkeypatch.setattr(gallery, "gallery_pictures", refuse)
    found, _, err = verified(tmp_path, GAUSSIAN, "--gallery", str(tmp_path / "shown.md"))
    assert (found, err) == (0, "nnft: planted: no pictures: planted\n")
    told = (tmp_path / "shown.md").read_text("utf-8")
    assert "planted: drawn" not in told
    assert "No control." in told


def test_the_long_list_says_what_was_found(monkeypatch: pytest.MonkeyPatch):
    """Of a model as it stands, of one whose file is another by now, and of one that nothing is known of."""
    sha = sha256_of(read_source(shipped_models()["cos_net"]))
    record = {"cos_net": Verified(sha, ["Planted."]), "erf_net": Verified("0" * 64, ["Planted, too."])}
    monkeypatch.setattr(inspect, "shipped_record", lambda: record)
    found, out, err = nnft("list", "--long")
    assert (found, err) == (0, "")
    told = dict(re.findall(r"(?m)^  (\w+)\(.*\)\n((?:    .*\n|\n)+)", out))
    assert list(told) == list(shipped_models())
    assert "  cos_net(width=8, sigma_a=1.0, sigma_b=1.0, amplitude='gaussian')\n" in out
    assert "\n\n      φ(x) = Σ_{i=1}^N a_i cos(b_i x + c_i)," in told["cos_net"]
    assert told["cos_net"].endswith("\n    Planted.\n\n")
    changed = "    The file has changed since then: `nnft verify erf_net` says how it is now.\n\n"
    assert told["erf_net"].endswith(f"    Planted, too.\n{changed}")
    assert told["phi4"].endswith("    Not verified: `nnft verify phi4` does so.\n\n")
