"""`nnft verify`: controls that are rejected, planted ones that are not, and identities."""

from pathlib import Path

import numpy as np
import numpyro
import pytest
from commands import Outcome, nnft
from numpyro import distributions as dist
from quick_samplers import GAUSSIAN

from nnft_ppl import Theory, sample
from nnft_ppl.cli import verify
from nnft_ppl.cli.against import beside, furthest
from nnft_ppl.theory import Control

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


@pytest.mark.parametrize(("factor", "status"), [("6", 0), ("1", 1)])
def test_identities_decide_where_nothing_is_known(factor: str, status: int, tmp_path: Path):
    page = tmp_path / "page.md"
    found, out, _ = verified(tmp_path, PREAMBLE + QUARTIC.replace("FACTOR", factor), "--page", str(page))
    assert found == status, out
    assert "no exact answer; its identities are tested" in out
    text = page.read_text("utf-8")
    assert "## Identities" in text
    assert f"| planted | Another coupling | `coupling={float(factor)}` | identity | " in text
