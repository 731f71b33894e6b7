"""Convolutions, attention heads and Kolmogorov–Arnold networks as fields, against their formulas written out."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from scipy.interpolate import BSpline

from nnft_ppl import Theory
from nnft_ppl.fields import AttentionHeads, Convolution, FourierBasis, KolmogorovArnold, SplineBasis
from nnft_ppl.spaces import Box

# One program a field: their operations are many and small.
value_at = jax.jit(lambda field, x: field(x))


def convolved(x, kernel, bias, padding):
    """One layer on a chain, with loops."""
    _, count = x.shape
    reach = kernel.shape[2] // 2
    found = np.zeros((len(kernel), count)) + bias[:, None]
    for p in range(count):
        for d in range(-reach, reach + 1):
            if padding == "periodic" or 0 <= p + d < count:
                found[:, p] += kernel[:, :, d + reach] @ x[:, (p + d) % count]
    return np.tanh(found)


@pytest.mark.parametrize("padding", ["periodic", "zero"])
def test_convolution_is_the_sum_over_neighbours(padding, rng):
    kernels = [rng.normal(size=(3, 1, 3)), rng.normal(size=(2, 3, 5))]
    biases = [rng.normal(size=3), rng.normal(size=2)]
    dense, pooled = rng.normal(size=(2, 6)), rng.normal(size=2)
    x = rng.normal(size=6)
    hidden = x[None]
    for kernel, bias in zip(kernels, biases, strict=True):
        hidden = convolved(hidden, kernel, bias, padding)
    one = Convolution(kernels, biases, dense, jnp.tanh, 6, padding)
    other = Convolution(kernels, biases, pooled, jnp.tanh, 6, padding)
    assert np.isclose(value_at(one, x), np.sum(dense * hidden), rtol=1e-12)
    assert np.isclose(value_at(other, x), pooled @ hidden.mean(axis=1), rtol=1e-12)
    # Pooled over a ring it does not see where the configuration begins; the other read-out and padding do.
    still = np.isclose(value_at(other, np.roll(x, 2)), value_at(other, x), rtol=1e-12)
    assert still == (padding == "periodic")
    assert not np.isclose(value_at(one, np.roll(x, 2)), value_at(one, x), rtol=1e-3)


def test_what_neurons_add_sums_to_the_field(rng):
    kernel, x = rng.normal(size=(3, 1, 3)), rng.normal(size=4)
    splines, first, second = SplineBasis(-4.0, 4.0, 4), rng.normal(size=(3, 4, 4)), rng.normal(size=(1, 3, 7))
    fields = {
        "dense": (Convolution([kernel], [None], rng.normal(size=(3, 4)), jnp.tanh, 4), (3,)),
        "pooled": (Convolution([kernel], [None], rng.normal(size=3), jnp.tanh, 4), (3,)),
        "heads": (AttentionHeads(rng.normal(size=(5, 2, 2)), rng.normal(size=(5, 2)), 2), (5,)),
        "edges": (KolmogorovArnold([first, second], (FourierBasis(2), splines)), (3,)),
        "components": (KolmogorovArnold([first], FourierBasis(2)), (4, 3)),
    }
    found = jax.jit(lambda x: {name: (one(x), one.neurons(x)) for name, (one, _) in fields.items()})(x)
    for name, (value, each) in found.items():
        assert each.shape == fields[name][1]
        np.testing.assert_allclose(each.sum(axis=0), value, rtol=1e-12, atol=1e-14)
    with pytest.raises(ValueError, match=r"Convolution: x has shape \(3,\)"):
        fields["dense"][0].neurons(np.ones(3))


def test_convolution_in_the_plane(rng):
    kernel, pooled, x = rng.normal(size=(2, 1, 3, 3)), rng.normal(size=2), rng.normal(size=(4, 5))
    field = Convolution([kernel], [None], pooled, jnp.tanh, (4, 5))
    sums = sum(kernel[:, 0, a, b, None, None] * np.roll(x, (1 - a, 1 - b), (0, 1)) for a in range(3) for b in range(3))
    assert field.dim == 20
    assert np.isclose(value_at(field, x.ravel()), pooled @ np.tanh(sums).mean(axis=(1, 2)), rtol=1e-12)
    assert np.isclose(value_at(field, np.roll(x, (1, 2), (0, 1)).ravel()), value_at(field, x.ravel()), rtol=1e-12)


def test_attention_heads_are_the_written_sum(rng):
    form, value, tokens = rng.normal(size=(3, 2, 2)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    wanted = 0.0
    for m, v in zip(form, value, strict=True):
        weights = np.exp([tokens[1] @ m @ token for token in tokens])
        wanted += v @ (weights @ tokens) / weights.sum()
    field = AttentionHeads(form, value, 4, query=1)
    assert (field.dim, value_at(field, tokens.ravel()).shape) == (8, ())
    assert np.isclose(value_at(field, tokens.ravel()), wanted, rtol=1e-12)
    # Tokens that are not the query may change places.
    assert np.isclose(value_at(field, tokens[[2, 1, 3, 0]].ravel()), wanted, rtol=1e-12)
    assert not np.isclose(value_at(field, tokens[[1, 0, 2, 3]].ravel()), wanted, rtol=1e-3)


def test_kolmogorov_arnold_is_the_nested_sum_and_the_grid_agrees(rng):
    first, second = rng.normal(size=(3, 2, 4)), rng.normal(size=(2, 3, 7))
    splines = SplineBasis(-4.0, 4.0, 4)
    field = KolmogorovArnold([first, second], (FourierBasis(2), splines))
    x = np.array([0.3, -0.8])
    waves = np.stack([np.cos(x), np.cos(2 * x), np.sin(x), np.sin(2 * x)], axis=-1)
    hidden = np.einsum("ijk,jk->i", first, waves)
    assert np.allclose(value_at(field, x), np.einsum("ijk,jk->i", second, jax.jit(splines)(hidden)), rtol=1e-12)
    box = Box(2.0, 2, points=5)
    values = jax.jit(box.evaluate)(field)
    assert values.shape == (5, 5, 2)
    pointwise = jax.jit(jax.vmap(jax.vmap(field)))(jnp.stack(jnp.meshgrid(*box.axes, indexing="ij"), axis=-1))
    assert np.allclose(values, pointwise, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("degree", [1, 3, 5])
def test_splines_are_those_of_scipy(degree):
    basis = SplineBasis(-1.0, 2.0, 6, degree)
    knots = -1.0 + 0.5 * np.arange(-degree, 7 + degree)
    x = np.linspace(-0.999, 1.999, 37)
    beyond = [-1.01 - 0.5 * degree, 2.01 + 0.5 * degree]
    values, outside = np.split(np.asarray(jax.jit(basis)(np.append(x, beyond))), [37])
    assert values.shape == (37, basis.size)
    np.testing.assert_allclose(values, BSpline.design_matrix(x, knots, degree).toarray(), atol=1e-13)
    np.testing.assert_allclose(values.sum(axis=1), 1.0, rtol=1e-13)
    assert not np.any(outside)


def test_bases_keep_the_dtype_and_repeat():
    basis = FourierBasis(3, period=2.0)
    x = jnp.linspace(-1, 1, 5, dtype=jnp.float32)
    here, beyond, splines = jax.jit(lambda x: (basis(x), basis(x + 2), SplineBasis(-1, 1, 2)(x)))(x)
    assert here.dtype == splines.dtype == jnp.float32
    np.testing.assert_allclose(beyond, here, atol=2e-6)


def test_a_model_of_ones_own_with_other_priors(key):
    def model(channels=2, coupling=0.3):
        kernel = numpyro.sample("kernel", dist.Laplace(0, 1).expand([channels, 1, 3]).to_event(3))
        output = numpyro.sample("output", dist.Uniform(-1, 1).expand([channels]).to_event(1))
        phi = Convolution([kernel], [None], output, jnp.tanh, 4)
        numpyro.factor("quartic", -coupling * phi(jnp.ones(4)) ** 4)
        return phi

    theory = Theory(model, dim=4)

    def action(position):
        return theory.realise(position)(jnp.ones(4)), theory.action(position)

    phi, found = jax.jit(action)(theory.free_draw(key))
    assert np.isclose(found, 0.3 * phi**4, rtol=1e-12)
    assert all(site.exact for site in theory.sites)


RELU, ONE = jax.nn.relu, np.ones((1, 1, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Convolution([np.ones((1, 1, 2))], [None], np.ones(1), RELU, 4), "layer 1 has a kernel .* odd size"),
        (lambda: Convolution([ONE, np.ones((1, 2, 3))], [None] * 2, np.ones(1), RELU, 4), "layer 2 .* 1 channels"),
        (lambda: Convolution([ONE], [np.ones(2)], np.ones(1), RELU, 4), r"bias of shape \(2,\); give \(1,\)"),
        (lambda: Convolution([ONE], [None], np.ones(3), RELU, 4), r"readout has shape \(3,\); give \(1, 4\), dense"),
        (lambda: Convolution([ONE], [None], np.ones(1), RELU, 4, "mirror"), "padding = 'mirror'"),
        (lambda: Convolution([ONE], [None], np.ones(1), RELU, 4)(np.ones(3)), r"x has shape \(3,\); give one point"),
        (lambda: Convolution([], [], np.ones(1), RELU, 4), "0 kernels and 0 biases; give at least one layer"),
        (lambda: AttentionHeads(np.ones((2, 3, 2)), np.ones((2, 2)), 2), r"form has shape \(2, 3, 2\)"),
        (lambda: AttentionHeads(np.ones((2, 2, 2)), np.ones((2, 2)), 2, 2), "query = 2; give an integer from 0 to 1"),
        (lambda: AttentionHeads(np.ones((2, 2, 2)), np.ones((2, 2)), 2)(np.ones(2)), r"give one point of shape \(4,\)"),
        (lambda: KolmogorovArnold([np.ones((2, 1, 3))], FourierBasis(2)), r"layer 1 .*\(2, 1, 3\); give \(out, in, 4"),
        (lambda: KolmogorovArnold([np.ones((2, 1, 2)), np.ones((1, 3, 2))], FourierBasis(1)), "layer 2 .* 2 values"),
        (lambda: KolmogorovArnold([], FourierBasis(1)), "0 layers and 0 bases"),
        (lambda: KolmogorovArnold([np.ones((1, 1, 2))], FourierBasis(1))(np.ones(2)), r"of shape \(1,\), and many"),
        (lambda: KolmogorovArnold([np.ones((1, 1, 2))], FourierBasis(1)).on_grid(()), "give 1 of shape .points,."),
        (lambda: SplineBasis(1.0, 1.0, 3), "give lower < upper"),
        (lambda: FourierBasis(0), "modes = 0; give an integer >= 1"),
    ],
)  # fmt: skip
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_kernel_that_is_no_sequence_and_an_activation_that_is_no_function():
    with pytest.raises(TypeError, match="kernels is ndarray; give a tuple"):
        Convolution(np.ones((1, 1, 1, 3)), [None], np.ones(1), RELU, 4)
    with pytest.raises(TypeError, match="activation is 'relu'"):
        Convolution([ONE], [None], np.ones(1), "relu", 4)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="coefficients is ndarray"):
        KolmogorovArnold(np.ones((1, 1, 1, 2)), FourierBasis(1))
