"""What a run says of symmetries: every verdict once, on a user's file with two fields, one of them complex."""

import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from looked_at import looked_at
from numpyro import distributions as dist

from nnft_ppl import Theory
from nnft_ppl.checks import DeclaredSymmetries
from nnft_ppl.observables import Observable, at, product
from nnft_ppl.results import lift_words, line_of, plain_json, summary_rows, ward_rows
from nnft_ppl.symmetries import DiscreteSymmetry, Symmetry
from nnft_ppl.theory import ModelFile

POINT = np.zeros((1, 1))


def model(tilt=0.5):
    """Two fields: a real one of three modes, and a complex one; no class of the library."""
    a = numpyro.sample("a", dist.Normal(0, jnp.array([1.0, 1.0, 1.3])).to_event(1))
    r = numpyro.sample("r", dist.LogNormal(jnp.zeros(2), 1).to_event(1))
    d, e = numpyro.sample("d", dist.Gamma(30.0, 30.0)), numpyro.sample("e", dist.Gamma(30.0, 30.0))
    offset = numpyro.sample("offset", dist.Uniform(-1, 1))
    u, v = numpyro.sample("u", dist.Normal(0, 1)), numpyro.sample("v", dist.Normal(0, 1))
    numpyro.factor("tilt", -tilt * u**2)

    def phi(x):
        return jnp.stack([a[0] + 0 * x[0], a[1] * jnp.cosh(x[0]), a[2] + offset, jnp.log(r[0]), jnp.log(r[1])])

    return {"phi": phi, "psi": lambda x: (u + 1j * v) * d * e * jnp.exp(1j * x[0])}


def turned(fields, x):
    """Rotation of the last two components, which are logarithms of parameters."""
    value = fields["phi"](x)
    return {"phi": jnp.stack([0.0, 0.0, 0.0, -value[4], value[3]]), "psi": 0 * fields["psi"](x)}


def phase(fields, x):
    return {"phi": 0 * fields["phi"](x), "psi": 1j * fields["psi"](x)}


def shifted(fields, x):
    return {"phi": jnp.array([0.0, 0, 1, 0, 0]), "psi": 0 * fields["psi"](x)}


def mixed(fields, x):
    value = fields["phi"](x)
    return {"phi": 0.02 * jnp.stack([value[1], value[0], 0.0, 0.0, 0.0]), "psi": 0 * fields["psi"](x)}


def grown(fields, x):
    value = fields["phi"](x)
    return {"phi": value * jnp.array([1.0, 0, 0, 0, 0]), "psi": 0 * fields["psi"](x)}


def functional(i, j):
    """φ_i φ_j at the origin, by a function: nothing is averaged by hand."""
    return {f"φ{i}φ{j}": Observable(lambda fields: fields["phi"](jnp.zeros(1))[i] * fields["phi"](jnp.zeros(1))[j])}


SQUARE = {"φ0φ0": product(at([0.0], field="phi", component=0), at([0.0], field="phi", component=0))}
PSI = {"ψψ": Observable(lambda fields: fields["psi"](jnp.zeros(1)) ** 2)}
BOUNDED = {"tanh": Observable(lambda fields: jnp.tanh(fields["phi"](jnp.zeros(1))[0] ** 2))}
THIRD = {"φ2": Observable(lambda fields: fields["phi"](jnp.zeros(1))[2])}


def rotate(t):
    log = jnp.log(t["r"])
    return {"r": t["r"] * jnp.stack([-log[1], log[0]])}


def reflected(fields, x):
    return {"phi": -fields["phi"](x) * jnp.array([1.0, 1, 1, -1, -1]), "psi": fields["psi"](x)}


def doubled(fields, x):
    return {"phi": fields["phi"](x) * jnp.array([2.0, 1, 1, 1, 1]), "psi": fields["psi"](x)}


def symmetries():
    """One of each kind."""
    first = jnp.array([1.0, 0, 0])

    def of(variation, lift, functionals):
        return Symmetry(variation, lift, points=POINT, functionals=functionals)

    def discrete(transformation, image):
        return DiscreteSymmetry(transformation, image, points=POINT)

    def swapped(t):
        return {"a": 0.02 * jnp.stack([t["a"][1], t["a"][0], 0 * t["a"][2]])}

    return {
        "rotation": of(turned, rotate, functional(3, 4)),
        "redundant": of(None, lambda t: {"d": t["d"], "e": -t["e"]}, functional(0, 1)),
        "phase": of(phase, lambda t: {"u": -t["v"], "v": t["u"]}, PSI),
        "shift": of(shifted, lambda t: {"offset": 1.0}, THIRD),
        "growth": of(grown, lambda t: {"a": t["a"] * first}, SQUARE),
        "wrong_sign": of(turned, lambda t: {"r": -rotate(t)["r"]}, functional(3, 4)),
        "faint": of(mixed, swapped, BOUNDED),
        "reflection": discrete(lambda t: {"a": -t["a"], "offset": -t["offset"]}, reflected),
        "doubling": discrete(lambda t: {"a": t["a"] * (1 + first)}, doubled),
        "leaving": discrete(lambda t: {"offset": 1.001 * t["offset"]}, shifted),
    }


@pytest.fixture(scope="module")
def outcome():
    """The check on weighted free draws."""
    return looked_at(Theory(ModelFile(model, "two_fields", symmetries=symmetries)), jax.random.key(7))


WORDS = {
    "rotation": ("symmetry", [], "the current is conserved: B = 0 on every draw"),
    "redundant": ("redundancy", ["score"], "the field does not change"),
    "phase": ("anomalous", ["action"], "by its action: E[δF] ="),
    "shift": ("anomalous", ["flux"], "by its flux: E[δF] ="),
    "growth": ("anomalous", ["score", "jacobian"], "by its score and Jacobian: E[δF] ="),
    "wrong_sign": (
        "not_a_symmetry",
        [],
        "by 1 of its size; it has the wrong sign: −V would not",
    ),
    "faint": ("undecided", ["score"], "B ≠ 0 by its score, and no functional is seen to change, to "),
    "reflection": ("symmetry", [], "the density stays as it is"),
    "doubling": ("anomalous", ["score", "jacobian"], "by its score and Jacobian: ln P changes by up to"),
    "leaving": ("not_a_symmetry", ["score", "jacobian"], "it takes some draws out of the support of a site"),
}


@pytest.mark.parametrize("name", WORDS)
def test_every_verdict(name, outcome):
    verdict, parts, text = WORDS[name]
    found = outcome.findings[name]
    assert (found["verdict"], found["broken_by"]) == (verdict, parts)
    assert text in found["text"]


def test_breaking_functions_are_those_of_the_model(outcome):
    """B of each is known by hand: of the phase 2 tilt u v under e^{−tilt u²}, of the growth 1 − a²."""
    found = {name: one["breaking"]["total"] for name, one in outcome.findings.items()}
    # Score and Jacobian cancel on every draw: the parts depend on coordinates, the verdict does not.
    parts = outcome.findings["rotation"]["breaking"]
    assert (parts["total"]["value"], parts["total"]["size"]) == (0, 0)
    assert min(parts["score"]["size"], parts["jacobian"]["size"]) > 1
    assert found["redundant"]["error"] > 0
    for name in ("redundant", "phase", "growth", "faint"):
        assert abs(found[name]["value"]) < 5 * found[name]["error"]
    # The sum has no mean, its parts have: the Jacobian of the growth is one, the score −E[a²].
    parts = outcome.findings["growth"]["breaking"]
    assert parts["jacobian"]["value"] == pytest.approx(1)
    assert abs(parts["score"]["value"] + 1) < 5 * parts["score"]["error"]
    assert abs(parts["score"]["value"]) > 8 * parts["score"]["error"]  # control: alone it is no identity
    # ln 2 of the map that doubles one amplitude, and −3a²/2.
    parts = outcome.findings["doubling"]["breaking"]
    assert parts["jacobian"]["value"] == pytest.approx(np.log(2))
    assert abs(parts["score"]["value"] + 1.5) < 5 * parts["score"]["error"]


def test_rows_are_the_identities(outcome):
    """E[δ(ψψ)] = 2i E[ψψ] with E[u²] = 1/2 and E[v²] = 1 under the weights; the flux of the shift of φ₂ is 1."""
    rows = {row["observable"]: row for row in outcome.findings["phase"]["ward"]["rows"]}
    change = rows["Im ψψ"]["change"]
    assert abs(change["value"] + 1) < 5 * change["error"]
    assert abs(change["value"]) > 8 * change["error"]
    (row,) = [row for row in outcome.findings["shift"]["ward"]["rows"] if row["observable"] == "φ2"]
    assert row["change"]["value"] == pytest.approx(1)
    assert abs(row["expected"]["value"] - 1) < 5 * row["expected"]["error"] + 1e-9
    for one in outcome.findings.values():
        assert one["verdict"] == "not_a_symmetry" or all(abs(row["z"]) < 5 for row in one["ward"]["rows"])
    (wrong,) = [row for row in outcome.findings["growth"]["ward"]["rows"] if row["observable"] == "φ0φ0"]
    assert abs(wrong["change"]["value"]) > 8 * wrong["change"]["error"]  # control: without B the identity fails


def test_a_verdict_has_a_line_for_each(outcome):
    verdict = outcome.verdict
    first, *lines = verdict.text.splitlines()
    assert (verdict.status, first, len(lines)) == ("warning", "declared symmetries", len(WORDS))
    assert lines[0].startswith(
        "rotation: symmetry, the current is conserved: B = 0 on every draw; 1 Ward identity, p = "
    )
    assert "phase: anomalous, by its action" in lines[2]
    assert "Ward identities, p = " in lines[2]


def test_json_has_no_nan(outcome):
    text = json.dumps(plain_json(outcome.findings), allow_nan=False)
    again = json.loads(text)
    assert set(again["rotation"]) >= {"verdict", "lift_defect", "breaking", "ward"}
    assert set(again["phase"]["breaking"]["action"]) >= {"value", "error"}
    assert again["reflection"]["ward"] == {"t2": None, "dof": 0, "p_value": None, "ess": None, "rows": []}
    assert again["leaving"]["breaking"]["score"]["value"] is None
    # Stored findings, null for NaN, make the same lines and tables.
    for name, one in again.items():
        assert line_of(name, one) == line_of(name, outcome.findings[name])
        assert ward_rows(one) == ward_rows(outcome.findings[name])
    assert summary_rows(again) == summary_rows(outcome.findings)


def test_the_worst_place_is_said_in_words(outcome):
    assert "at worst φ.phi[" in lift_words("wrong_sign", outcome.findings["wrong_sign"])
    place = outcome.findings["phase"]["worst_place"]
    assert place["where"].endswith("at x = (0)")


def test_symmetries_without_an_answer_are_undecided():
    check = DeclaredSymmetries()
    check._lost = {"rotation": "its flux is not known"}
    stub = SimpleNamespace(theory=None, measured=None)
    with pytest.raises(ValueError, match="rotation: its flux is not known"):
        check.judge(stub)  # pyright: ignore[reportArgumentType]
