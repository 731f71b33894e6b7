"""Fields of several components: plane waves with shared momenta, and stacks of fields."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import FourierSeries, Linear, PlaneWaves, stack, wave_grid
from nnft_ppl.spaces import Box, Circle

NEURONS, COMPONENTS = 7, (2, 3)


@pytest.fixture
def parts(rng):
    return rng.normal(size=(NEURONS, *COMPONENTS)), rng.normal(size=(NEURONS, 3)), rng.normal(size=NEURONS)


def one_by_one(phi, axes):
    """Every component as a field of its own, on a grid."""

    def one(cosine, sine):
        return phi.with_amplitudes(cosine, sine).on_grid(axes)

    values = jax.vmap(one, -1, -1)(*(part.reshape(NEURONS, -1) for part in (phi.cosine, phi.sine)))
    return values.reshape(*values.shape[:-1], *phi.cosine.shape[1:])


def test_every_component_is_a_field_of_its_own(parts, monkeypatch):
    amplitude, momentum, phase = parts
    axes = (np.linspace(-1, 1, 4), np.linspace(0, 1, 3), np.linspace(-1, 2, 5))
    weight, whole = np.linspace(0.5, 1, NEURONS), None
    point = np.array([0.3, -1.0, 0.4])
    waves = np.cos(momentum @ point + phase)
    phi = PlaneWaves(amplitude, momentum, phase, weight)
    assert np.allclose(phi(point), np.einsum("n,n,nij", weight, waves, amplitude), rtol=1e-13)
    own_phases = PlaneWaves(amplitude, momentum, np.broadcast_to(phase[:, None, None], amplitude.shape), weight)
    pair = np.stack([amplitude * np.cos(phase)[:, None, None], -amplitude * np.sin(phase)[:, None, None]], 1)
    for same in (own_phases, PlaneWaves(pair, momentum, weight=weight)):
        assert np.allclose(same(point), phi(point), rtol=1e-13)
    for used in (axes, axes[:1]):
        part = PlaneWaves(amplitude, momentum[:, : len(used)], phase, weight)
        values, wanted = jax.jit(lambda part, used=used: (part.on_grid(used), one_by_one(part, used)))(part)
        assert values.shape == (*(len(axis) for axis in used), *COMPONENTS)
        assert np.allclose(values, wanted, atol=1e-13)
        whole = wanted if used is axes else whole
    monkeypatch.setattr(wave_grid, "CHUNK_NUMBERS", 400)  # neurons in chunks
    assert np.allclose(jax.jit(lambda phi: phi.on_grid(axes))(phi), whole, atol=1e-13)


def cosines(function, *arguments):
    """How many angles a program takes polynomials of: roundings of angles, each over all of its points."""

    def count(jaxpr):
        inside = [count(e.params["jaxpr"].jaxpr) for e in jaxpr.eqns if e.primitive.name == "jit"]
        return sum(e.outvars[0].aval.size for e in jaxpr.eqns if e.primitive.name == "round") + sum(inside)

    return count(jax.make_jaxpr(function)(*arguments).jaxpr)


def test_a_stack_of_waves_shares_its_cosines(rng):
    box = Box(2.0, 2, points=6)
    amplitude, momentum = rng.normal(size=(3, NEURONS, 2)), rng.normal(size=(NEURONS, 2))

    def stacked(amplitude, momentum):
        return box.evaluate(stack([PlaneWaves(one, momentum) for one in amplitude]))

    def tupled(amplitude, momentum):
        return jnp.stack([box.evaluate(PlaneWaves(one, momentum)) for one in amplitude], -1)

    assert np.allclose(jax.jit(stacked)(amplitude, momentum), jax.jit(tupled)(amplitude, momentum), atol=1e-13)
    assert 3 * cosines(stacked, amplitude, momentum) == cosines(tupled, amplitude, momentum)


def test_a_stack_of_other_fields_has_a_grid_path_if_all_have(rng):
    circle = Circle(3.0, modes=2)
    one, two = (FourierSeries(3.0, rng.normal(), *rng.normal(size=(2, 2))) for _ in range(2))
    both = stack([one, two])
    points = jax.jit(jax.vmap(both))(circle.axes[0][:, None])
    assert hasattr(both, "on_grid")
    assert np.allclose(circle.evaluate(both), points, atol=1e-13)
    mixed = stack([one, lambda x: x[0]])
    assert not hasattr(mixed, "on_grid")
    assert np.allclose(circle.evaluate(mixed)[:, 1], circle.axes[0])
    waves = PlaneWaves(rng.normal(size=(4, 2)), rng.normal(size=(4, 1)))
    other = PlaneWaves(rng.normal(size=(4, 2)), rng.normal(size=(4, 1)))  # other momenta: nothing to share
    assert np.allclose(stack([waves, other])(np.array([0.3]))[1], other(np.array([0.3])))
    matrices = stack([Linear(jnp.ones((2, 1))), Linear(jnp.zeros((2, 1)))])
    assert matrices(jnp.array([3.0])).tolist() == [[3, 3], [0, 0]]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [([], ValueError, "there are no fields"), ([jnp.sin, 3.0], TypeError, "entry 1 is 3.0, no field")],
)
def test_bad_stacks_are_refused(fields, error, message):
    with pytest.raises(error, match=message):
        stack(fields)
