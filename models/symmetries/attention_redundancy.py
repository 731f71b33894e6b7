r"""One attention head: which changes of its weights its output does not see, and what becomes of them with other keys.

    q_s = W_Qᵀ x_s,   k_t = W_Kᵀ x_t,   p_st = softmax_t(q_s·R_{t−s} k_t/√2),   output_s = Σ_t p_st W_Oᵀ W_Vᵀ x_t

for three tokens x of four entries, a point of R¹²; W_Q, W_K, W_V are 4 × 2, W_O is 2 × 4. Entries are N(0, 1), those of
column j of W_Q and W_K N(0, s_j²). The fields are `attention` p and `output`. `keys` is one of

    plain        R = 1                                             rope    R_n turns by n·`angle`
    normalised   R = 1 and k_t/|k_t| in place of k_t

Symmetries: `query_key`, δW_Q = W_Q X and δW_K = −W_K Xᵀ of gl(2), redundancies of plain keys; `query_key_turn`, a
finite one that commutes with rotations, which rope keeps; `value_output`, δW_V = W_V X and δW_O = −X W_O of gl(2);
`embedding`, the rotation of all tokens by δW = A W; `tokens`, their permutation, which rope breaks. Normalised keys
break what rescales keys. B of a redundancy is not 0, but E[B F] = 0 for every F of the fields.

`participation` is E[F] with F = Σ_t p_1t² at the tokens below, `breaking` is E[B F] of the `generator` X = 1 (`scale`)
and X = diag(1, −1) (`squeeze`). Control: normalised keys. `deviations` are s_j. `exact` is that of s_j up to 2, equal
ones for normalised keys. Units: none. Source: arXiv:2605.12488 (attention); derived in docs/theory/symmetries.md.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_sign
from nnft_ppl.exact import head_averages, normalised_head_averages
from nnft_ppl.observables import Observable
from nnft_ppl.spaces import Box
from nnft_ppl.symmetries import DiscreteSymmetry, Symmetry, general_linear, rotations

TOKENS = np.array([[1, 0.5, -0.5, 0.2], [0, 1, 0.3, -1], [-1, 0.2, 0.8, 0.4]])
POINT = TOKENS.reshape(1, 12)
SHIFT = 0.6  # taken off F in E[B F]: E[B] = 0, so that the mean stays, and the error is a fifth


def model(keys="plain", deviations=(1.0, 1.0), angle=1.0):
    """Gaussian weights; no action."""
    require_choice("attention_redundancy", "keys", keys, ("plain", "normalised", "rope"))
    require_sign("attention_redundancy", "deviations", deviations)
    with numpyro.plate("key_entry", 2), numpyro.plate("entry", 4):
        query, key = (numpyro.sample(name, dist.Normal(0, jnp.array(deviations))) for name in ("query", "key"))
        value = numpyro.sample("value", dist.Normal(0, 1))
    with numpyro.plate("entry", 4), numpyro.plate("key_entry", 2):
        output = numpyro.sample("output", dist.Normal(0, 1))

    places = angle * np.arange(3)
    turns = np.array([[np.cos(places), -np.sin(places)], [np.sin(places), np.cos(places)]])

    def attention(x):
        q, k = x.reshape(3, 4) @ query, x.reshape(3, 4) @ key
        if keys == "normalised":
            k = k / jnp.linalg.norm(k, axis=1, keepdims=True)
        if keys == "rope":  # only t − s matters
            q, k = (jnp.einsum("ijt,tj->ti", turns, one) for one in (q, k))
        return jax.nn.softmax(q @ k.T / math.sqrt(2), axis=1)

    return {"attention": attention, "output": lambda x: attention(x) @ x.reshape(3, 4) @ value @ output}


def space():
    """Around the tokens."""
    return Box(2.0, 12, points=1, centre=POINT[0])


def observables(deviations):
    """How few tokens the first one looks at, alone and beside the breaking functions of `query_key`."""

    def breaking(fields, values):
        own = jnp.sum(values["key"] ** 2 - values["query"] ** 2, axis=0) / jnp.array(deviations) ** 2
        return jnp.stack([own[0] + own[1], own[0] - own[1]]) * (participation(fields) - SHIFT)

    by_generator = Observable(breaking, ("generator",), {"generator": ("scale", "squeeze")})
    return {"participation": Observable(participation).in_units("1"), "breaking": by_generator.in_units("1")}


def exact(keys, deviations, angle):
    """By quadrature; E[B F] of a redundancy is 0."""
    if max(deviations) > 2 or (keys == "normalised" and deviations[0] != deviations[1]):
        return {}
    if keys == "normalised":
        averages = normalised_head_averages(TOKENS, deviations[0])
    else:
        averages = head_averages(TOKENS, deviations, angle if keys == "rope" else 0.0)
    first, second = averages.breaking
    broken = {"plain": [0.0, 0.0], "rope": [0.0, first - second], "normalised": [first + second, 0.0]}
    return {"participation": np.array(averages.participation), "breaking": np.array(broken[keys])}


def symmetries():
    """Those of plain keys, whatever the keys are."""
    units, planes, mixed = general_linear(2), rotations(4), jnp.array([[0.9, -0.5], [0.5, 0.9]])

    def rotated(a):
        return lambda fields, x: {
            name: jax.jvp(field, (x,), ((x.reshape(3, 4) @ a).ravel(),))[1] for name, field in fields.items()
        }

    def permuted(fields, x):
        moved = jnp.roll(x.reshape(3, 4), 1, axis=0).ravel()
        attention, output = fields["attention"](moved), fields["output"](moved)
        return {"attention": jnp.roll(attention, (-1, -1), (0, 1)), "output": jnp.roll(output, -1, axis=0)}

    pairs = [lambda w, X=X: {"query": w["query"] @ X, "key": -w["key"] @ X.T} for X in units]
    inner = [lambda w, X=X: {"value": w["value"] @ X, "output": -X @ w["output"]} for X in units]
    turned = [lambda w, a=a: {name: a @ w[name] for name in ("query", "key", "value")} for a in planes]
    seen = {
        "participation": Observable(participation),
        "tanh(output)": Observable(lambda fields: jnp.tanh(fields["output"](POINT[0])[0, :2])),
    }
    return {
        "query_key": Symmetry(None, pairs, POINT, seen),
        "query_key_turn": DiscreteSymmetry(
            lambda w: {"query": w["query"] @ mixed, "key": w["key"] @ jnp.linalg.inv(mixed).T}, points=POINT
        ),
        "value_output": Symmetry(None, inner, POINT, seen),
        "embedding": Symmetry([rotated(a) for a in planes], turned, POINT, seen),
        "tokens": DiscreteSymmetry(lambda w: {}, permuted, POINT),
    }


def control(keys):
    """Keys divided by their lengths, which W_K cannot rescale."""
    return {"keys": "plain" if keys == "normalised" else "normalised"}


def participation(fields):
    """Σ_t p_1t², 1 where one token is looked at and 1/3 where all are."""
    return jnp.sum(fields["attention"](POINT[0])[0] ** 2)
