"""Values and features of insertions: right for points, integrals and modes together, and no dearer than apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import PlaneWaves
from nnft_ppl.identities.features import Features
from nnft_ppl.observables import at, derivative, mode, product, smeared
from nnft_ppl.samplers import operations
from nnft_ppl.spaces import Box, Torus

BOX, TORUS = Box(2.0, 2, points=12), Torus((2.0, 2.0), modes=3)
POINTS = np.random.default_rng(0).uniform(-1, 1, (6, 2))
AT_POINTS = product(at(POINTS), derivative(POINTS[0], 1))
INTEGRATED = product(smeared(lambda x: jnp.ones(()), space=BOX), smeared(lambda x: x[0], space=BOX))
OF_MODES = product(mode([[np.pi, 0.0], [0.0, 2 * np.pi]], TORUS), mode([np.pi, 0.0], TORUS).conjugate)


def realise(amplitudes):
    momentum = jnp.linspace(-3, 3, 2 * amplitudes.size).reshape(-1, 2)
    return PlaneWaves(amplitudes, momentum, jnp.linspace(0, 1, amplitudes.size))


@pytest.mark.parametrize("amplitudes", [5, 40])  # fewer and more than values: by columns, and by rows
def test_values_and_features_are_those_of_each_insertion(amplitudes, key):
    observables = {"points": AT_POINTS, "integrals": INTEGRATED, "modes": OF_MODES}
    insertions = [one for observable in observables.values() for one in observable.insertions]

    def found(place):
        linear = Features(observables, realise, place)
        return [linear.of([one])[0] for one in insertions]

    def values(place):
        fields = realise(place)
        return [one(fields) for one in insertions]

    place = jax.random.normal(key, (amplitudes,))
    wanted = jax.jit(lambda place: list(zip(values(place), jax.jacfwd(values)(place), strict=True)))(place)
    for pair, known in zip(jax.jit(found)(place), wanted, strict=True):
        for array, expected in zip(pair, known, strict=True):
            np.testing.assert_allclose(array, expected, rtol=0, atol=1e-13)


def test_points_and_integrals_cost_no_more_together_than_apart():
    def cost(**observables):
        def features(place):
            linear = Features(observables, realise, place)
            return [linear.of(one.insertions) for one in observables.values()]

        return operations(features, jnp.zeros(64))

    apart = cost(points=AT_POINTS) + cost(integrals=INTEGRATED)
    assert cost(points=AT_POINTS, integrals=INTEGRATED) < 1.05 * apart
