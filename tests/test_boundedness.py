"""Actions that fall without bound are refused before anything is drawn; those with a norm are not."""

import jax.numpy as jnp
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Theory
from nnft_ppl.theory import ModelError, refuse_unbounded, unbounded_term


def theory(size: int, action, law=None) -> Theory:
    """One site of so many parameters with a harmless term and the action to be looked at."""

    def model():
        z = numpyro.sample("z", (law or dist.Normal(0, 1)).expand([size]).to_event(1))
        numpyro.factor("harmless", -jnp.sum(jnp.cos(z)))
        numpyro.factor("suspect", -action(z))
        return lambda x: jnp.sum(z)

    return Theory(model)


UNBOUNDED = {
    "quartic of the wrong sign": (3, lambda z: -0.1 * jnp.sum(z**4)),
    "one direction, one side": (1, lambda z: 0.01 * z[0] ** 3),
    "one parameter of many": (300, lambda z: jnp.sum(z**4) - 2 * z[7] ** 4),
    "a little more than the Gaussian, in one of many": (300, lambda z: -0.51 * z[7] ** 2),
    "a combination of two": (40, lambda z: jnp.sum(z**4) - 8 * (z[3] * z[5]) ** 2),
    "an exponential": (3, lambda z: -jnp.exp(z[1])),
    "a network that wins in the end": (4, lambda z: -1e-3 * jnp.maximum(z[0] - 5.0, 0.0) ** 3),
}
BOUNDED = {
    "quartic": (3, lambda z: 0.1 * jnp.sum(z**4)),
    "double well": (2, lambda z: jnp.sum((z**2 - 9) ** 2)),
    "deep, far well": (3, lambda z: jnp.sum(-50 * z**2 + 1e-8 * z**4)),
    "hard wall": (2, lambda z: jnp.where(jnp.abs(z[0]) < 1, 0.0, jnp.inf)),
    "wall that is nowhere defined outside": (2, lambda z: -jnp.sum(jnp.log(1 - z**2))),
    "less than the Gaussian": (300, lambda z: -0.49 * z[7] ** 2),
    "power-law tails": (3, lambda z: jnp.sum(-(z**2) / 2 + 2 * jnp.log1p(z**2))),
    "linear": (20, lambda z: 1e3 * z[0]),
    "minus infinity everywhere, which the run complains of": (2, lambda z: -1 / (0 * z[0]) ** 2),
    "rounding": (3, lambda z: 1e6 * (z[0] + 1 - z[0] - 1)),
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_what_falls_without_bound_is_refused_by_the_name_of_its_term(name):
    with pytest.raises(ModelError, match=r"falls without bound .*term 'suspect'.*numpyro.factor takes minus"):
        refuse_unbounded(theory(*UNBOUNDED[name]))


@pytest.mark.parametrize("name", BOUNDED)
def test_control_what_has_a_norm_is_not(name):
    refuse_unbounded(theory(*BOUNDED[name]))


def test_control_heavy_tails_of_a_site_without_transport():
    assert unbounded_term(theory(3, lambda z: 0.0 * z[0], dist.StudentT(1.5))) is None
