"""Where fields are looked at, and refinement in one place: what forgets it cannot pass the check of the grid."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import ModelFile, Theory
from nnft_ppl.fields import LatticeField
from nnft_ppl.observables import Observable, product, smeared
from nnft_ppl.spaces import Box, Circle, Lattice, Space, Torus, Unbounded, refined, used_spaces
from nnft_ppl.theory import ModelError, check_model, refuse_coarse_grid
from nnft_ppl.theory.resolution import observable_resolution
from nnft_ppl.theory.soundness import grids_of_observables


@dataclass(frozen=True)
class Forgetful(Space):
    """Ignores that there should be more points."""

    points: int = 8
    dim = 1
    centre, side = np.zeros(1), 2.0

    def rules(self, refinement):
        return [np.polynomial.legendre.leggauss(self.points)]


@dataclass(frozen=True)
class Grown(Forgetful):
    """Does not."""

    def rules(self, refinement):
        return [np.polynomial.legendre.leggauss(self.points * refinement)]


BEFORE = Grown()


@jax.jit
def compiled(a):
    """A function that was compiled long ago, with the space inside."""
    return jnp.tanh(Grown().integrate(jnp.abs(Grown().axes[0] - 0.3) * a))


def of(action):
    def model():
        a = numpyro.sample("a", dist.Normal(0, 1))
        numpyro.factor("s", -action(a))
        return lambda x: a * x[0]

    return Theory(model)


def integrate(space, a):
    return space.integrate(space.evaluate(lambda x: jnp.abs(x[0] - 0.3) * a**2))


@pytest.mark.parametrize(
    ("action", "error", "words"),
    [
        (lambda a: integrate(Forgetful(), a), ValueError, r"Forgetful: rules\(refinement\) gives \[8\] points at ref"),
        (lambda a: integrate(BEFORE, a), ModelError, r"uses Grown\(points=8\), which was built before the model ran"),
        (lambda a: 40 * integrate(Grown(), a), ModelError, "grid is too coarse"),
        (lambda a: 40 * compiled(a), ModelError, "grid is too coarse"),
    ],
    ids=["forgetful", "built before", "coarse", "compiled before"],
)
def test_no_grid_passes_unseen(action, error, words):
    compiled(1.0)
    theory = of(action)
    with pytest.raises(error, match=words):
        refuse_coarse_grid(theory)


@pytest.mark.parametrize("space", [Circle(2.0, modes=1), Lattice(4), Box(2.0, 1, bandlimit=3.0)])
def test_what_is_safe_may_be_built_before(space):
    refuse_coarse_grid(of(lambda a: space.integrate(jnp.ones(space.shape)) * a**2))


def bump(width, space):
    return product(*[smeared(lambda x: jnp.exp(-(((x[0] - 1.03) / width) ** 2)), space=space)] * 2)


def measuring(observables):
    def model():
        a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
        return lambda x: a[0] + a[1] * jnp.cos(jnp.pi * x[0])

    return Theory(ModelFile(model, "measuring", observables=observables))


def test_what_is_measured_is_resolved():
    """A weight narrower than the grid, a step and a high power are found on a circle whose φ⁴ is exact."""

    def observables():
        circle = Circle(2.0, modes=1)
        return {
            "smooth": bump(0.8, circle),
            "narrow": bump(0.02, circle),
            "square": Observable(lambda phi: circle.integrate(circle.evaluate(phi) ** 2)),
            "power": Observable(lambda phi: circle.integrate(circle.evaluate(phi) ** 30)),
            "step": Observable(lambda phi: circle.integrate(circle.evaluate(phi) > 0.5)),
            "grid": Observable(circle.evaluate),
            "local": Observable(lambda phi: phi(jnp.zeros(1))),
        }

    theory = measuring(observables)
    found = observable_resolution(theory)
    assert set(found.moved) == {"smooth", "narrow", "square", "power", "step"}
    assert set(found.coarse) == {"narrow", "power", "step"}
    assert found.moved["square"] == 0
    good, words = grids_of_observables(theory)
    assert (good, "moves narrow by" in words) == (False, True)


@pytest.mark.parametrize(("before", "good"), [(Circle(2.0, modes=1), True), (Circle(2.0), False), (Lattice(4), True)])
def test_a_space_from_before_is_named(before, good):
    theory = measuring(lambda: {"narrow": bump(0.02, before), "local": Observable(lambda phi: phi(jnp.zeros(1)))})
    assert grids_of_observables(theory)[0] == good
    words = grids_of_observables(theory)[1]
    assert ("built before observables() was called" in words) != isinstance(before, Lattice)


def test_a_lattice_is_what_it_is():
    lattice = Lattice(4)

    def model():
        field = LatticeField(numpyro.sample("a", dist.Normal(0, 1).expand([4]).to_event(1)), lattice)
        numpyro.factor("s", -lattice.integrate(lattice.evaluate(field) ** 4))
        return field

    outcomes = check_model(Theory(ModelFile(model, "lattice", space=lambda: lattice)), lambda stage: None)
    assert [words for good, words in outcomes if not good] == []
    assert any("a lattice is what it is" in words for _, words in outcomes)


def test_a_refined_space_is_another_one():
    """Jit tells them apart where they are static arguments."""
    sizes = jax.jit(lambda space: jnp.zeros(space.shape).size + 0, static_argnums=0)
    assert sizes(Grown()) == 8
    with refined(2):
        fine = Grown()
        assert Grown() == fine != BEFORE
    assert sizes(fine) == 16
    assert Grown(8) == BEFORE
    assert hash(BEFORE) == hash(Grown(8))
    with used_spaces() as used:
        BEFORE.integrate(np.ones(8))
        Box(1.0, 1)  # not used
        BEFORE.average(np.ones(8))
    assert used == [BEFORE]


def test_old_spaces_have_one_side_and_new_ones_one_per_axis(rng):
    assert (BEFORE.sides, BEFORE.side, BEFORE.periods) == ((2.0,), 2.0, (None,))
    assert (Torus((2.0, 5.0)).side, Box(2.0, 3).sides) == (5.0, (2.0,) * 3)

    class Nowhere(Grown):
        side = Space.side

    with pytest.raises(TypeError, match="Nowhere: it does not say where to look; give it `centre` and `sides`"):
        Nowhere().pairs([1.0])
    torus = Torus((2.0, 5.0))
    points = torus.random_points(rng, 200)
    assert np.all((points > 0) & (points < [2.0, 5.0]))
    assert points[:, 1].max() > 2


def test_pictures_and_pairs_of_a_box():
    """Symmetric about the centre; further axes rest there."""
    box = Box(4.0, 3, centre=(1.0, 0.0, 2.0))
    picture = box.look(lambda x: x)
    assert picture.shape == (49, 49, 3)
    assert list(box.places) == ["x0", "x1"]
    assert np.allclose(picture[0, -1], [-1.0, 2.0, 2.0])
    pairs = box.pairs([0.0, 1.0, 5.0])
    assert pairs.separations == (0.0, 1.0, 2.0)
    assert np.array_equal(pairs.points[2], [[0.0, 0.0, 2.0], [2.0, 0.0, 2.0]])
    assert Unbounded(1).look(lambda x: x[0])[0] == -2
