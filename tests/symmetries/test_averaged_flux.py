"""Fluxes through edges with the amplitudes averaged by hand: where that is right, and where it is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl.identities import ParameterField
from nnft_ppl.observables import n_point
from nnft_ppl.symmetries import Symmetry, WardIdentities, free_amplitudes, generators, ward as wards
from nnft_ppl.theory import Theory

SPREAD = {"independent": lambda b: 1.0, "law of the amplitude": lambda b: 1.0 + b**2}
SPEED = {"independent": lambda a: 1.0, "field at the edge": lambda a: a**2}


def ward(spread, speed) -> WardIdentities:
    """φ = a cos(b x) with a ~ N(0, s(b)²), b uniform in [0, 1], and V = b u(a) ∂_b."""

    def model():
        b = numpyro.sample("b", dist.Uniform(0, 1))
        a = numpyro.sample("a", dist.Normal(0, spread(b)))
        return lambda x: a * jnp.cos(b * x[0])

    def lift(theta):
        return {"b": theta["b"] * speed(theta["a"])}

    theory = Theory(model)
    (generator,) = generators(theory, "stretch", Symmetry(lambda phi, x: 0 * phi(x), ParameterField("stretch", lift)))
    return WardIdentities(theory, generator, {"squared": n_point(np.ones((2, 1)))}, free_amplitudes(theory))


@pytest.mark.parametrize(
    ("case", "flux"),
    [
        ("independent", np.cos(1) ** 2),  # at b = 1, where E a² = 1
        ("law of the amplitude", 4 * np.cos(1) ** 2),  # E a² = 4
        ("field at the edge", 3 * np.cos(1) ** 2),  # E a⁴ = 3
    ],
)
def test_a_flux_is_averaged_only_where_amplitudes_are_in_its_functional_alone(case, flux, monkeypatch):
    spread, speed = SPREAD.get(case, SPREAD["independent"]), SPEED.get(case, SPEED["independent"])
    one = ward(spread, speed)
    assert one.averaged == (False, case == "independent")
    # Gauss–Hermite over the amplitude, at one b: the share of a draw depends on a alone, or on the ratio of its laws.
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    positions = np.stack([np.zeros(40), nodes], axis=1)
    order = [list(one.theory.groups).index(name) for name in ("b", "a")]
    found = jax.vmap(lambda z: one._flux.through_edges(one.theory.transport(z)))(jnp.asarray(positions[:, order]))
    raw = float(weights @ np.asarray(found)[:, 1] / weights.sum())
    assert raw == pytest.approx(flux, rel=1e-6)
    monkeypatch.setattr(wards, "averages_flux", lambda *given: True)
    forced = ward(spread, speed)
    averaged = float(forced._averaged_flux.through_edges(forced.theory.transport(jnp.zeros(2)))[0])
    # What is refused would have been wrong.
    assert (averaged == pytest.approx(flux, rel=1e-9)) == (case == "independent")
