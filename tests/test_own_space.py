"""A space of a user's own, with everything else working: the half-line x > 0 with the measure exp(−x) dx."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import ModelFile, Theory, sample
from nnft_ppl.observables import box_average
from nnft_ppl.spaces import Space, refined
from nnft_ppl.theory import ModelError, check_model, refuse_coarse_grid


@dataclass(frozen=True)
class HalfLine(Space):
    """Gauss–Laguerre points; fields are looked at between 0 and 4."""

    points: int = 16
    dim = 1
    centre = np.array([2.0])
    side = 4.0

    def rules(self, refinement):
        return [np.polynomial.laguerre.laggauss(self.points * refinement)]


def model(points=16, decay=0.25):
    """φ(x) = a exp(−κx) with S = ½ (1 + 2κ) ∫ φ² exp(−x) dx = a²/2, so that ⟨a²⟩ = ½."""
    a = numpyro.sample("a", dist.Normal(0, 1))

    def phi(x):
        return a * jnp.exp(-decay * x[0])

    line = HalfLine(points)
    numpyro.factor("quadratic", -(1 + 2 * decay) / 2 * line.integrate(line.evaluate(phi) ** 2))
    return phi


def half_line(**keywords):
    return Theory(ModelFile(model, "half_line", space=HalfLine), **keywords)


def test_it_integrates_and_is_refined():
    line = HalfLine()
    assert (line.dim, line.shape) == (1, (16,))
    assert abs(line.volume - 1) < 1e-13
    assert abs(line.average(line.axes[0] ** 3) - 6) < 1e-11
    assert line == HalfLine(16)
    with refined(2):
        assert HalfLine().shape == (32,)
        assert line.shape == (16,)
    assert abs(box_average(line, 2)(lambda x: jnp.sqrt(x[0])) - 1) < 1e-12


def test_every_check_of_a_model_passes():
    outcomes = check_model(half_line(), lambda stage: None)
    assert [words for good, words in outcomes if not good] == []


def test_a_grid_too_coarse_is_found():
    refuse_coarse_grid(half_line())
    with pytest.raises(ModelError, match="the grid is too coarse"):
        refuse_coarse_grid(half_line(points=1, decay=1.0))


def test_a_run_measures_where_the_space_says():
    theory = half_line()
    run = sample(theory, "reweight", num_draws=2048, num_chains=2, seed=1)
    found = run.estimates()["phi_squared"]
    exact = 0.5 * math.exp(-0.5 * 2.0)  # at the centre, x = 2
    # The average over a, in which φ is linear and S quadratic, is taken by hand: no error is left.
    assert abs(float(found.value) - exact) < 1e-12
    places = run.data["fields"]["x0"].values
    assert (places[0], places[-1]) == (0.0, 4.0)


def test_rules_that_do_not_fit_the_dimension_are_refused():
    class Plane(HalfLine):
        dim = 2

    with pytest.raises(ValueError, match=r"Plane: rules are 1 for dim = 2; give one \(points, weights\) per axis"):
        Plane().axes  # noqa: B018
