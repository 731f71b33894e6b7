"""The networks that ship against their exact answers at keywords of no table, and against another network's."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conditional_covariance import conditional_covariances, pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl import load
from nnft_ppl.checks import FinishedDraws, ObservableTails
from nnft_ppl.draws import Kind
from nnft_ppl.exact import deep_kernel, deep_kurtosis
from nnft_ppl.statistics import estimate

# Model: site of amplitudes, keywords, and keywords or answers of another theory.
NETWORKS = [
    ("gauss_net", "output_weight", {"width": 3, "sigma_w": 0.4, "sigma_b": 0.1}),
    ("gauss_net", "output_weight", {"width": 1, "sigma_w": 0.6, "sigma_b": 0.0}),
    ("relu_net", "output_weight", {"width": 2, "dim": 1, "sigma_w": 1.2, "sigma_b": 0.4, "leak": 0.0}),
    ("relu_net", "output_weight", {"width": 3, "dim": 2, "sigma_w": 0.8, "sigma_b": 0.0, "leak": 0.2}),
    ("conv_net", "output_weight", {"channels": 3, "readout": "pooled", "padding": "zero", "sigma_w": 0.8}),
    ("conv_net", "output_weight", {"channels": 2, "readout": "dense", "sigma_w": 1.3, "sigma_b": 0.2}),
    ("attention_heads", "value", {"heads": 3, "key_dim": 2, "scaling": "linear"}),
    ("attention_heads", "value", {"heads": 1, "key_dim": "infinite"}),
    ("kolmogorov_arnold", "outer", {"width": 2, "modes": 1}),
    ("kolmogorov_arnold", "outer", {"width": 4, "modes": 3}),
    ("shared_amplitude", "amplitude", {"width": 3, "shape": 1.0}),
    ("shared_amplitude", "amplitude", {"width": 40, "shape": 3.0}),
]


def places(theory, name):
    """Points of an observable of products, or of connected functions, shape (configuration, factor, dim)."""
    observable = theory.observables.get(name) or theory.observables[f"{name}.moments"]
    insertions = observable.insertions
    which = max(observable.moments, key=len) if hasattr(observable, "moments") else range(len(insertions))
    return np.stack([insertions[number].parts[0].read.points for number in which], axis=1)


def worst_pulls(theory, site, key, number=20_000, bias=0.0):
    """The largest pulls of the two- and of the four-point function, and of twice the latter, over configurations."""
    configurations = {name: places(theory, name) for name in ("two_point", "four_point")}
    every = np.concatenate([one.reshape(-1, one.shape[-1]) for one in configurations.values()])
    distinct, numbers = np.unique(every, axis=0, return_inverse=True)
    t = conditional_covariances(theory.name, site, distinct, number, key, **theory.keywords)
    found, start = [], 0
    for name, one in configurations.items():
        rows = numbers[start : start + one.shape[0] * one.shape[1]].reshape(one.shape[:2])
        start += rows.size
        for factor in (1, 2):
            exact = factor * theory.exact[name] - (bias if name == "two_point" else 0.0)
            found.append(max(pulls(t, factors, value) for factors, value in zip(rows, exact, strict=True)))
    return found


@pytest.mark.parametrize(("name", "site", "keywords"), NETWORKS)
def test_networks_have_their_exact_two_and_four_point_functions(name, site, keywords, key):
    theory = load(name, **keywords)
    output_bias = keywords.get("sigma_b", 0.0) if name == "relu_net" else 0.0  # which T leaves out
    two, _, four, wrong = worst_pulls(theory, site, key, bias=output_bias**2)
    assert max(two, four) < ACCEPTED
    assert wrong > REJECTED  # control: the four-point function of half the width


@pytest.mark.parametrize("width", [2, 3, 4])
def test_relu_cumulants_on_draws_are_15_and_660_of_the_two_point_function(width, key):
    keywords = {"width": width, "dim": 1, "sigma_w": 1.0, "sigma_b": 0.0, "leak": 0.0}
    t = conditional_covariances("relu_net", "output_weight", [[1.0]], 200_000, key, **keywords)[:, 0, 0]
    two, four, six = 0.5, 3 * t**2, 15 * t**3
    # Influence of a draw on N G_4 and on N^2 G_6, whose means are these up to terms of second order.
    fourth = width * (four - 6 * two * (t - two) - 3 * two**2)
    mean_four = 3 * two**2 + 15 * two**2 / width
    sixth = six - 15 * (t * mean_four + two * four - two * mean_four) + 30 * (two**3 + 3 * two**2 * (t - two))
    for series, ratio in ((fourth / two**2, 15.0), (width**2 * sixth / two**3, 660.0)):
        error = np.std(series) / np.sqrt(len(series))
        assert abs(np.mean(series) - ratio) < ACCEPTED * error
        assert abs(np.mean(series) - ratio / 2) > REJECTED * error  # control: of another power of the width


@pytest.mark.parametrize(
    ("activation", "depth", "width", "bias", "wrong"),
    [("relu", 2, 6, None, 1 + 2 / 6), ("linear", 3, 5, None, 1 + 5 / 5), ("relu", 1, 4, 0.5, None)],
)
def test_deep_networks_have_the_kurtosis_of_their_width(activation, depth, width, bias, wrong, key):
    theory = load("deep_net", activation=activation, depth=depth, width=width, bias=bias)
    point, last = np.array([[1.0, 0.0]]), f"weight_{depth + 1}"
    t = conditional_covariances("deep_net", last, point, 40_000, key, **theory.keywords)[:, 0, 0] + (bias or 0.0) ** 2
    mean = t.mean()
    assert abs(mean - theory.exact["two_point"][0]) < ACCEPTED * t.std() / np.sqrt(len(t))
    kurtosis = 3 * np.mean(t**2) / mean**2
    error = 3 * np.std(t**2 / mean**2 - 2 * np.mean(t**2) / mean**3 * t) / np.sqrt(len(t))
    of_width = deep_kurtosis(activation, [width] * depth)
    if bias:  # control of the model: biases make it another number, of which nothing is known
        assert "kurtosis" not in theory.exact or np.isnan(theory.exact["kurtosis"])
        assert abs(kurtosis - of_width) > REJECTED * error
    else:
        assert theory.exact["kurtosis"] == pytest.approx(of_width)
        assert abs(kurtosis - of_width) < ACCEPTED * error
        assert abs(kurtosis - 3 * wrong**depth) > REJECTED * error


@pytest.mark.parametrize(("activation", "depth"), [("relu", 2), ("erf", 3)])
def test_deep_networks_have_their_two_point_function_up_to_the_second_order(activation, depth, key):
    theory = load("deep_net", activation=activation, depth=depth, width=6)
    points = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    t = conditional_covariances("deep_net", f"weight_{depth + 1}", points, 40_000, key, **theory.keywords)[:, 0]
    t = t + (1.0 if activation == "erf" else 0.0)  # the last bias, which T leaves out
    error = np.std(t, axis=0) / np.sqrt(len(t))
    exact, truncation = theory.exact["two_point"], theory.truncation["two_point"]
    assert np.all(np.abs(t.mean(axis=0) - exact) < ACCEPTED * error + truncation)
    if activation == "relu":  # the control: the recursion alone
        limit = deep_kernel("relu", points, depth, math.sqrt(2), 0.0)[0]
        assert abs(t.mean(axis=0) - limit)[2] > REJECTED * error[2] + truncation[2]
        assert truncation[0] == 0


def test_outer_coefficients_that_are_not_gaussian(key):
    """One neuron: κ₄ of its value at 0, A·cos + B·sin of one wave, −.9 for uniform A, B and 0 for normal ones."""
    theory = load("kolmogorov_arnold", law="uniform", modes=1, width=1)
    fields = jax.vmap(lambda key: theory.realise(theory.free_draw(key))(jnp.zeros(1)))
    series = np.asarray(jax.jit(fields)(jax.random.split(key, 100_000)))
    influence = series**4 - 6 * series**2 + 3  # of ⟨φ⁴⟩ − 3⟨φ²⟩², ⟨φ²⟩ = 1
    error = np.std(influence) / np.sqrt(len(influence))
    exact = theory.exact["four_point"][0]
    assert abs(np.mean(influence) - exact) < ACCEPTED * error
    assert abs(np.mean(influence)) > REJECTED * error


def test_tails_of_the_gauss_net_with_wide_biases(key):
    def judged(sigma_b):
        keywords = {"width": 8, "sigma_w": 0.7, "sigma_b": sigma_b}
        t = conditional_covariances("gauss_net", "output_weight", [[0.0], [0.3]], 16_000, key, **keywords)
        series = {"four_point": (3 * t**2).reshape(4, -1, 2, 2)}  # what is averaged for the four-point function
        estimates = estimate(series, independent=True)
        return ObservableTails().judge(FinishedDraws(None, Kind.FREE, estimates, series)).verdict

    assert judged(math.sqrt(0.05)).status != "failed"
    heavy = judged(1.0)
    assert heavy.status == "failed"
    assert "too heavy a tail" in heavy.text


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("gauss_net", {"sigma_w": 0.0}, "gauss_net: sigma_w = 0.0; give a finite number > 0"),
        ("relu_net", {"width": 0}, "relu_net: width = 0; give an integer >= 1"),
        ("deep_net", {"activation": "tanh"}, "deep_net: activation = 'tanh'; give one of 'relu'"),
        ("deep_net", {"bias": -1.0}, "deep_net: bias = -1.0; give a finite number >= 0"),
        ("conv_net", {"readout": "mean"}, "conv_net: readout = 'mean'; give one of 'dense'"),
        ("conv_net", {"padding": "mirror"}, "conv_net: padding = 'mirror'; give one of 'periodic'"),
        ("attention_heads", {"key_dim": "many"}, "attention_heads: key_dim = 'many'; give one of 'infinite'"),
        ("attention_heads", {"key_dim": 0}, "attention_heads: key_dim = 0; give an integer >= 1"),
        ("attention_heads", {"scaling": "none"}, "attention_heads: scaling = 'none'; give one of 'root'"),
        ("kolmogorov_arnold", {"law": "laplace"}, "kolmogorov_arnold: law = 'laplace'; give one of 'gaussian'"),
        ("kolmogorov_arnold", {"modes": 0}, "kolmogorov_arnold: modes = 0; give an integer >= 1"),
        ("shared_amplitude", {"shape": 0}, "shared_amplitude: shape = 0; give a finite number > 0"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)


def test_a_few_neurons_of_many_layers_are_not_known():
    few, more = (load("deep_net", width=width).exact["two_point"] for width in (1, 8))
    np.testing.assert_array_equal(np.isnan(few), [False, True, True])
    assert np.isfinite(more).all()
    assert np.isfinite(load("deep_net", width=1, depth=1).exact["two_point"]).all()


@pytest.mark.parametrize(
    ("name", "keywords"),
    [("relu_net", {"leak": 0.5}), ("attention_heads", {"key_dim": 1}), ("deep_net", {"bias": 1.0})],
)
def test_no_control_is_the_model_itself(name, keywords):
    theory = load(name, **keywords)
    other = load(name, **theory.keywords | theory.control.keywords)
    assert not np.allclose(theory.exact["two_point"], other.exact["two_point"], rtol=0.01) or name == "relu_net"
    assert theory.keywords != other.keywords
