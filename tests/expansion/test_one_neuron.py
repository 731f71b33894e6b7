"""A field beside one of its own neurons: <φ(x) Φ_i(y)> = N^(-1/2) <Φ Φ> and <φ φ φ Φ_i>_c = N^(-3/2) κ₄, exactly."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory, load
from nnft_ppl.exact import attention_connected, convolution_connected, cosine_connected, fourier_kan_connected
from nnft_ppl.identities import Improvement
from nnft_ppl.observables import Insertion, at, connected, neuron_cumulant, product
from nnft_ppl.statistics import estimate

WIDTH = 4
ALONE = Insertion(lambda phi: WIDTH**0.5 * phi.neurons(np.ones(1))[0])
"""Φ_1(1), of unit weight."""
X, B = np.array([1.0, 0.0, -1.0, 2.0]), np.array([[0.5, 0.5], [1.0, -1.0]])


def pull(one, exact):
    return np.max(np.abs(one.value - exact) / one.error)


def estimates(theory, draws):
    improvement = Improvement(theory)
    keys = jax.random.split(jax.random.key(4), draws)
    improved = jax.jit(lambda keys: jax.lax.map(lambda key: improvement(theory.free_draw(key)), keys, batch_size=1000))
    series = improved(keys)
    return estimate({name: np.asarray(one)[None] for name, one in series.items()}, theory.derived, independent=True)


def test_the_field_and_one_of_its_neurons():
    x = at([0.0])
    told = {
        "two_point": product(x, ALONE),
        "four_point": connected(x, x, at([1.0]), ALONE, even=True),
    }
    theory = load("cos_net", width=WIDTH)
    theory = Theory(replace(theory.file, observables=lambda: told, exact=None), width=WIDTH)
    found = estimates(theory, 40_000)
    two, four = (cosine_connected(points, 1, 1.0, 1.0, "gaussian") for points in ([0.0, 1.0], [0.0, 0.0, 1.0, 1.0]))
    assert pull(found["two_point"], two * WIDTH**-0.5) < ACCEPTED
    assert pull(found["four_point"], four * WIDTH**-1.5) < ACCEPTED
    # Controls: the powers of the width that the field alone has.
    assert pull(found["two_point"], two) > REJECTED
    assert pull(found["four_point"], four / WIDTH) > REJECTED


@pytest.mark.parametrize(
    ("name", "keywords", "point", "exact"),
    [
        ("conv_net", {"channels": 4}, X, convolution_connected([X] * 4, 1, 1.0, 0.2**0.5)),
        ("attention_heads", {"heads": 4}, np.ravel(B), attention_connected([B] * 4, 1, np.inf)),
        ("kolmogorov_arnold", {"width": 4, "law": "uniform"}, [0.0], fourier_kan_connected([0.0] * 4, 1, 2, "uniform")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_channels_heads_and_series_have_the_cumulant_of_the_whole(name, keywords, point, exact, key):
    theory = load(name, **keywords)
    cumulant = neuron_cumulant(4, np.array(point, float), even=True)

    def moments(key):
        return cumulant.moments(theory.realise(theory.free_draw(key)))

    series = np.asarray(jax.jit(jax.vmap(moments))(jax.random.split(key, 50_000)))
    means = series.mean(axis=0)
    found = float(cumulant({"moments": means}))
    error = np.std(series[:, 1] - 6 * means[0] * series[:, 0]) / np.sqrt(len(series))
    assert abs(found - exact) < ACCEPTED * error
    assert abs(found - exact / 4) > REJECTED * error  # the control: that of the field
