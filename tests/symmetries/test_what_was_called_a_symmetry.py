"""What looks like a symmetry and is none, and what is one and does not look it; each beside its opposite."""

import jax
import jax.numpy as jnp
import numpyro
import pytest
from looked_at import looked_at
from numpyro import distributions as dist

from nnft_ppl import Theory
from nnft_ppl.observables import Observable
from nnft_ppl.symmetries import DiscreteSymmetry, Symmetry, discover, linear_maps
from nnft_ppl.theory import ModelFile

POINTS = [[0.7], [-0.4]]


def found(model, symmetries, key, spread=1.0):
    """Verdict and findings of the check."""
    theory = Theory(ModelFile(model, "own", symmetries=lambda: symmetries))
    outcome = looked_at(theory, key, spread)
    return outcome.verdict, outcome.findings


def uniform():
    b = numpyro.sample("b", dist.Uniform(-1, 1))
    return lambda x: b * x[0]


def waves():
    with numpyro.plate("neuron", 3):
        a, w = (numpyro.sample(name, dist.Normal(0, 1)) for name in ("a", "w"))
        c = numpyro.sample("c", dist.Uniform(-jnp.pi, jnp.pi))
    return lambda x: jnp.sum(a * jnp.cos(w * x[0] + c))


def test_an_odd_flux_is_seen_and_one_that_cancels_is_none(key):
    """The shift of a uniform law leaves through both edges; that of a phase comes back at the other edge."""
    shift = Symmetry(lambda phi, x: x[0], lambda theta: {"b": jnp.ones(())}, points=POINTS)
    _, findings = found(uniform, {"shift": shift}, key)
    assert (findings["shift"]["verdict"], findings["shift"]["broken_by"]) == ("anomalous", ["flux"])
    moved = Symmetry(
        lambda phi, x: jax.jvp(phi, (x,), (jnp.ones(1),))[1], lambda theta: {"c": theta["w"]}, points=POINTS
    )
    verdict, findings = found(waves, {"shift": moved}, key)
    assert (verdict.status, findings["shift"]["verdict"]) == ("good", "symmetry")


def line():
    n = numpyro.sample("n", dist.Normal(0, 1))
    return lambda x: n * x[0]


@pytest.mark.parametrize(
    ("transformation", "image", "verdict", "words"),
    [
        (lambda n: -n, lambda phi, x: -phi(x), "symmetry", "density stays"),
        (jnp.abs, lambda phi, x: jnp.sign(x[0]) * jnp.abs(phi(x)), "not_a_symmetry", "not onto"),
        (lambda n: 0 * n, lambda phi, x: 0 * phi(x), "not_a_symmetry", "not invertible"),
    ],
)  # fmt: skip
def test_a_discrete_symmetry_is_one_to_one(transformation, image, verdict, words, key):
    _, findings = found(line, {"map": DiscreteSymmetry(lambda t: {"n": transformation(t["n"])}, image, POINTS)}, key)
    assert findings["map"]["verdict"] == verdict
    assert words in findings["map"]["text"]


def test_heavy_rows_are_left_out_and_said_and_light_ones_still_see_wrong_draws(key):
    """Powers of log-normal parameters have no T² to be trusted; tanh of them has, and sees draws 1.2 too wide."""

    def model():
        w = numpyro.sample("w", dist.LogNormal(0, 1))
        return lambda x: w * x[0]

    def dilation(functionals):
        return Symmetry(lambda phi, x: phi(x), lambda t: {"w": t["w"]}, [[1.0]], functionals)

    fourth = {"φ⁴": Observable(lambda phi: phi(jnp.ones(1)) ** 4)}
    bounded = {"tanh φ": Observable(lambda phi: jnp.tanh(phi(jnp.ones(1))))}
    verdict, findings = found(model, {"heavy": dilation(fourth), "both": dilation(fourth | bounded)}, key)
    assert findings["both"]["ward"]["left_out"] == ["both: φ⁴"]
    assert findings["both"]["ward"]["p_value"] > 1e-4
    assert verdict.status != "failed"
    assert "1 with too heavy a tail to be tested" in verdict.text
    wrong, findings = found(model, {"both": dilation(fourth | bounded)}, key, spread=1.2)
    assert (wrong.status, findings["both"]["verdict"]) == ("failed", "anomalous")


def test_where_all_rows_are_heavy_nothing_holds_on_every_draw(key):
    """A redundancy whose only rows have no variance: not tested is a warning, never a good word."""

    def model():
        u, v = (numpyro.sample(name, dist.LogNormal(0, 2)) for name in ("u", "v"))
        return lambda x: u * v * x[0]

    def power(phi):
        return phi(jnp.ones(1)) ** 3

    one = Symmetry(
        None, lambda t: {"u": t["u"] ** 2, "v": -t["u"] * t["v"]}, points=[[1.0]], functionals={"φ³": Observable(power)}
    )
    verdict, findings = found(model, {"scaling": one}, key)
    assert findings["scaling"]["ward"]["left_out"] == ["scaling: 1", "scaling: φ³"]
    assert verdict.status == "warning"
    assert "hold on every draw" not in verdict.text


def test_small_coefficients_of_large_fields_are_kept(key):
    """Deviations 1 and 10⁴: the shear by itself is broken, as little as it is."""

    def model():
        w = numpyro.sample("w", dist.Normal(0, jnp.array([1.0, 1e4])).to_event(1))
        return lambda x: w * jnp.cosh(x[0])

    theory = Theory(model)
    z = jax.vmap(theory.free_draw)(jax.random.split(key, 256))
    outcome = discover(theory, linear_maps(theory, "w"), z, independent=True)
    (one,) = outcome.of("symmetry")
    ratio = one.coefficients["w[0]∂w[1]"] / one.coefficients["w[1]∂w[0]"]
    assert ratio == pytest.approx(-1e8, rel=1e-9)
