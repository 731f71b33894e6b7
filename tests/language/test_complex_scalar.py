"""A complex scalar whose two parts differ: products without and with conjugation, charges, connected functions."""

import json
import math
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import numpyro
import pandas
import pytest
from commands import nnft
from numpyro import distributions as dist
from statements import judged, stated, worst_pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Derived, read
from nnft_ppl.display import format_value
from nnft_ppl.observables import at, connected, product

HERE, THERE = at([0.0]), at([[0.0], [1.0]])


def complex_scalar(width=4, variances=(1.0, 0.5)):
    """Φ(x) = (2N)^{-1/2} Σ (α + iβ) cos(kx + γ) of mass 1 in one dimension."""
    with numpyro.plate("neuron", width):
        k = numpyro.sample("k", dist.Cauchy(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        real = numpyro.sample("real", dist.Normal(0, variances[0] ** 0.5))
        imaginary = numpyro.sample("imaginary", dist.Normal(0, variances[1] ** 0.5))
    return lambda x: jnp.sum((real + 1j * imaginary) * jnp.cos(k * x[0] + phase)) / math.sqrt(2 * width)


def observables():
    label = {"dims": ("separation",), "coords": {"separation": (0.0, 1.0)}}
    return {
        "plain": product(HERE, THERE, **label).in_units("1/mass", separation="1/mass"),
        "mixed": product(HERE, THERE.conjugate, **label).in_units("1/mass", separation="1/mass"),
        "turned": product(1j * HERE, THERE, **label).in_units("1/mass", separation="1/mass"),
        "four_point": connected(HERE, HERE.conjugate, THERE, THERE.conjugate, even=True, **label).in_units("mass^-2"),
        "anisotropy": Derived(lambda mean: mean["plain"] / mean["mixed"], like=("plain",)).in_units("1"),
    }


def exact(width, variances):
    """⟨ΦΦ⟩ = (s_α² − s_β²) G/2 and ⟨ΦΦ*⟩ = (s_α² + s_β²) G/2, G = e^{−|x|}/2; cumulants of one neuron over N."""
    g = np.exp([0.0, -1.0]) / 2
    m, p = variances[0] - variances[1], variances[0] + variances[1]
    connected = (p**2 + m**2 - 2 * m**2 * g**2) / (16 * width)
    return {"plain": m * g / 2, "mixed": p * g / 2, "turned": 1j * m * g / 2, "four_point": connected + 0j}


SCALAR = stated(complex_scalar, observables, exact)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scalar") / "run"
    judged(SCALAR, seed=17, num_draws=1500, out=folder)
    return folder


def test_products_are_not_conjugated_unless_one_says_so(folder):
    run = read(folder)
    found = run.estimates()
    assert abs(found["plain"].value[1] - 0.0459849) < ACCEPTED * found["plain"].error[1].real
    raw = {name: run.exact[name] for name in ("plain", "mixed", "turned")}
    assert max(worst_pulls(run, raw, "raw").values()) < ACCEPTED
    assert abs(found["anisotropy"].value[1] - 1 / 3) < ACCEPTED * found["anisotropy"].error[1].real
    # The controls: conjugation left out; equal variances, for which ⟨ΦΦ⟩ = 0; and infinite width.
    assert worst_pulls(run, {"mixed": run.exact["plain"]})["mixed"] > REJECTED
    assert worst_pulls(run, {"mixed": run.exact["plain"]}, "raw")["mixed"] > REJECTED
    assert worst_pulls(run, {"plain": exact(4, (0.75, 0.75))["plain"]})["plain"] > REJECTED
    assert worst_pulls(run, {"four_point": np.zeros(2)})["four_point"] > REJECTED


def test_what_is_complex_is_told_in_both_parts_everywhere(folder, tmp_path):
    run = read(folder)
    four, turned = (run.estimates()[name] for name in ("four_point", "turned"))
    assert not np.any(four.value.imag)  # κ of Φ, Φ*, Φ, Φ* is real, and its rounding is no imaginary part
    assert run.data["observables"].dataset["four_point.moments"].dtype == complex
    csv, latex = tmp_path / "a.csv", tmp_path / "a.tex"
    told = json.loads(nnft("show", str(folder), "--json", "--csv", str(csv), "--latex", str(latex)).out)["estimates"]
    assert told["turned"]["value"] == [{"re": 0.0, "im": one.imag} for one in turned.value]
    assert told["four_point"]["coords"] == {"separation": [0.0, 1.0]}
    assert not [name for name in told if "moments" in name]
    table = nnft("show", str(folder)).out
    printed = [format_value(*one) for one in zip(turned.value, turned.error, strict=True)]
    assert all(one.startswith("0 + ") and one in table for one in printed)
    frame = pandas.read_csv(csv).set_index("observable")
    assert frame.loc["four_point", "unit"].tolist() == ["mass^-2"] * 2
    assert frame.loc["anisotropy", ["exact_re", "exact_im"]].isna().all(axis=None)
    assert "real part & imaginary part & exact real part & exact imaginary part" in latex.read_text("utf-8")
    # The tails of what a connected function is made of are looked at, too.
    tails = next(one for one in run.verdicts if one.check == "tails")
    assert tails.status == "good", tails.text
    assert any(row["observable"].startswith("four_point.moments[") for row in run.findings["tails"]["rows"])
