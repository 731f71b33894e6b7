"""Two theories that are one, draw by draw or in distribution; and others, which must be told apart."""

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Observable, Theory, dual, sample
from nnft_ppl.observables import n_point
from nnft_ppl.theory import ModelFile

AT = jnp.array([0.7])


def measured():
    return {
        "two_point": n_point(np.array([[[0.7], [1.0]], [[0.7], [0.7]]]), ("pair",)),
        "bounded": Observable(lambda phi: jnp.tanh(phi(AT) ** 2)),
    }


def waves(amplitude: str, width: float = 1.0) -> Theory:
    """A cosine of one random phase, or two independent amplitudes: of one law where the radius is Rayleigh's."""

    def pair():
        a, b = (numpyro.sample(name, dist.Normal(0, width)) for name in ("a", "b"))
        return lambda x: a * jnp.cos(x[0]) + b * jnp.sin(x[0])

    def phase():
        u = numpyro.sample("u", dist.Uniform(0, 1))
        c = numpyro.sample("c", dist.Uniform(-jnp.pi, jnp.pi))
        return lambda x: width * jnp.sqrt(-2 * jnp.log(u)) * jnp.cos(x[0] - c)

    return Theory(ModelFile(pair if amplitude == "pair" else phase, amplitude, observables=measured))


def polar(theta):
    """Amplitudes to squared radius and phase."""
    a, b = theta["a"], theta["b"]
    return {"u": jnp.exp(-(a**2 + b**2) / 2), "c": jnp.arctan2(b, a)}


def test_draw_by_draw():
    pair, phase = waves("pair"), waves("phase")
    found = dual(pair, phase, polar, tolerance=1e-9)
    assert found.holds
    assert found.p_value is None
    assert "3 entries of 2 observables agree on each of 64 draws to 1e-09" in str(found)
    wrong = dual(pair, phase, lambda theta: polar(theta) | {"c": -polar(theta)["c"]}, tolerance=1e-9)
    assert not wrong.holds
    assert "the theories are not dual by this map" in wrong.verdict.text


def test_in_distribution(seed):
    """Where amplitudes are 10 % larger the same test tells them apart."""
    first, second, wider = (
        sample(waves(*told), "reweight", num_chains=2, num_draws=4000, seed=seed + number, checks=False, keep="none")
        for number, told in enumerate((("pair",), ("phase",), ("phase", 1.1)))
    )
    same = dual(first, second)
    assert same.holds, str(same)
    assert same.p_value is not None
    assert {(row.observable, row.place) for row in same.rows} == {
        ("two_point", "pair=0"), ("two_point", "pair=1"), ("bounded", ""),
    }  # fmt: skip
    assert "could have seen" in same.verdict.text
    other = dual(first, wider)
    assert not other.holds
    assert other.p_value < 1e-6
    assert max(abs(row.pull) for row in other.rows) > 6
    assert str(other).splitlines()[1].split()[:3] == ["observable", "at", "first"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: dual(waves("pair"), 3.0), TypeError, "takes theories or ensembles, not float"),
        (lambda: dual("pair", waves("pair"), polar), TypeError, "takes two theories with a map, not str"),
        (
            lambda: dual(waves("pair"), waves("phase"), lambda theta: theta),
            ValueError,
            "the map gives .* has the param",
        ),
        (
            lambda: dual(waves("pair"), Theory(ModelFile(one_site, "one", observables=other_name)), polar),
            ValueError,
            "no observable of one shape is in both",
        ),
    ],
)
def test_mistakes(call, error, words):
    with pytest.raises(error, match=words):
        call()


def one_site():
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a * x[0]


def other_name():
    return {"other": Observable(lambda phi: phi(AT))}


def charged(sign: float, law: dist.Distribution | None = None) -> Theory:
    def model():
        w = numpyro.sample("w", law or dist.Normal(1, 1))
        return lambda x: sign * w * x[0]

    return Theory(
        ModelFile(model, "charged", observables=lambda: {"wave": Observable(lambda phi: jnp.exp(1j * phi(AT)))})
    )


def test_imaginary_parts_tell_theories_apart(seed):
    def same(theta):
        return theta

    told = {"num_chains": 2, "num_draws": 1000, "checks": False, "keep": "none"}
    assert dual(charged(1), charged(1), same).holds
    assert dual(charged(1), charged(1), seed=seed, **told).holds
    assert "wave[imaginary part]" in str(dual(charged(1), charged(-1), same).verdict.text)
    apart = dual(charged(1), charged(-1), seed=seed, **told)
    assert not apart.holds
    assert {row.place: abs(row.pull) > 6 for row in apart.rows} == {"real part": False, "imaginary part": True}
