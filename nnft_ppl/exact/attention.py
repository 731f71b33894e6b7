"""Averages over one attention head with Gaussian queries and keys: how few tokens it looks at, and its identities."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray

from nnft_ppl.arguments import require_finite, require_number, require_sign
from nnft_ppl.exact.quadrature import interval_rule

# Beyond them a Gaussian in the plane has exp(-36) and one on the line exp(-21) of its weight.
_RADIUS, _REACH = 8.5, 6.5
_RADII, _TURNS, _STEP, _ANGLES = 32, 20, 0.25, 48


class HeadAverages(NamedTuple):
    """Averages of the first token's participation `F = sum_t p_t^2`, `p = softmax(q_1 . k_t/sqrt(2))`.

    Source: derived in docs/theory/symmetries.md.
    """

    participation: float
    """`E[F]`."""
    breaking: Float[ndarray, " column"]
    """`E[B_j F]`, `B_j = -|W_Qj|^2/s_j^2 + |W_Kj|^2/s_j^2` of the generators that scale a column of W_Q and, inversely,
    that of W_K."""


def head_averages(
    tokens: Float[ArrayLike, "token dim"], deviations: Float[ArrayLike, " column"], angle: float = 0.0
) -> HeadAverages:
    """Averages of a head whose queries `q = W_Q^T x` and keys `k = W_K^T x` have two components.

    Given the query, logits are Gaussian, with covariance `(1/2) sum_j (R_t^T q)_j (R_s^T q)_j s_j^2 x_t.x_s`, where R_t
    is the rotation by `t angle`. The average over both is taken by quadrature, the query in polar coordinates and two
    differences of logits on uniform grids, to about 1e-4 for deviations up to 2. A change of scale of a Gaussian law
    is the average with its score: `B_j` becomes `1 - q_j^2/(s_j^2 |x_1|^2)` and the change of the logits' covariance.

    Args:
        tokens: Three of them.
        deviations: s_j of the two columns of W_Q and of W_K.
        angle: Turn of a key for each place that it is away from the query.

    Raises:
        TypeError, ValueError: If an argument is not a number or out of range, or of another shape.

    Source: derived in docs/theory/symmetries.md.
    """
    places, scales = _checked("head_averages", tokens, deviations)
    require_number("head_averages", "angle", angle)
    overlap = places @ places.T
    finer = max(1.0, float(np.max(scales)) ** (2 / 3))  # the softmax is steeper
    number = math.ceil(_TURNS * finer)
    turns = math.pi * (np.arange(number) + 0.5) / number  # q and -q have the same covariance of logits
    direction = np.stack([np.cos(turns), np.sin(turns)])
    query = math.sqrt(overlap[0, 0]) * scales[:, None] * direction
    back = np.stack([_rotation(-angle * t) for t in range(3)])
    legs = np.einsum("tij,ja->tia", back, query) * scales[:, None]
    differences = np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    # Of each column; their sum is the covariance of the logits of a query of unit length.
    shares = np.einsum("pt,tia,sia,ts,qs->iapq", differences, legs, legs, overlap, differences) / 2
    root = np.linalg.cholesky(shares.sum(0))
    solved = np.linalg.solve(root, np.swapaxes(np.linalg.solve(root, shares), -1, -2))
    nodes = np.linspace(-_REACH, _REACH, math.ceil(2 * _REACH / _STEP * finer))
    weights = (nodes[1] - nodes[0]) * np.exp(-(nodes**2) / 2) / math.sqrt(2 * math.pi)
    noise = np.stack(np.meshgrid(nodes, nodes, indexing="ij")).reshape(2, -1)
    area = np.outer(weights, weights).ravel()
    # d ln s_j doubles a column's share of the covariance; its score is (u.M u - tr M)/2 with half of that.
    scores = np.einsum("pn,iapq,qn->ian", noise, solved, noise) - np.trace(solved, axis1=-2, axis2=-1)[..., None]
    radii, lengths = interval_rule(0.0, _RADIUS, math.ceil(_RADII * finer))
    lengths = lengths * radii * np.exp(-(radii**2) / 2) / number
    participation, breaking = 0.0, np.zeros(2)
    for at in range(number):
        logits = np.multiply.outer(radii, root[at] @ noise)
        values = _participation(logits[:, 0], logits[:, 1])
        mean = values @ area
        participation += lengths @ mean
        query_part = 1 - np.multiply.outer(direction[:, at] ** 2, radii**2)
        breaking += query_part @ (lengths * mean) + (scores[:, at] * area) @ values.T @ lengths
    return HeadAverages(float(participation), breaking)


def normalised_head_averages(tokens: Float[ArrayLike, "token dim"], deviation: float = 1.0) -> HeadAverages:
    """The same for keys divided by their lengths, in an isotropic head.

    Directions of keys have the density `int r_1 r_2 r_3 exp(-(1/2) sum r_t r_s C^-1_ts cos(a_t - a_s)) dr`, with `C`
    the scalar products of tokens; one of the radial integrals is done in closed form. Directions do not see the scale
    of W_K, so that `E[B_j F] = E[(1 - q_j^2/(s^2 |x_1|^2)) F]`, the same for both columns.

    Args:
        tokens: Three of them, linearly independent.
        deviation: s of all entries of W_Q and W_K.

    Raises:
        TypeError, ValueError: As for `head_averages`.

    Source: derived in docs/theory/symmetries.md.
    """
    places, scales = _checked("normalised_head_averages", tokens, np.array([deviation, deviation]))
    overlap = places @ places.T
    precision = np.linalg.inv(overlap)
    grid = 2 * math.pi * np.arange(_ANGLES) / _ANGLES
    cosine = np.cos(grid)
    height, slices = interval_rule(0.0, 1.0, 24)
    azimuth, parts = interval_rule(0.0, math.pi / 2, 32)
    flat = np.sqrt(1 - height**2)
    normals = np.stack(
        [np.outer(flat, np.cos(azimuth)), np.outer(flat, np.sin(azimuth)), np.outer(height, np.ones_like(azimuth))]
    ).reshape(3, -1)
    area = np.outer(slices, parts).ravel() * np.prod(normals, axis=0)
    first, second = np.meshgrid(np.arange(_ANGLES), np.arange(_ANGLES), indexing="ij")
    squares = np.einsum("t,tn->n", np.diagonal(precision), normals**2)
    mixed = {(t, s): 2 * precision[t, s] * normals[t] * normals[s] for t, s in ((0, 1), (0, 2), (1, 2))}
    forms = (
        squares
        + np.multiply.outer(cosine[first], mixed[0, 1])
        + np.multiply.outer(cosine[second], mixed[0, 2])
        + np.multiply.outer(cosine[(first - second) % _ANGLES], mixed[1, 2])
    )
    density = (forms**-3.0) @ area  # of the second and third direction, counted from the first one
    density /= density.sum() * _ANGLES
    radii, lengths = interval_rule(0.0, _RADIUS, _RADII)
    lengths = lengths * radii * np.exp(-(radii**2) / 2)
    participation = breaking = 0.0
    for radius, length in zip(radii, lengths, strict=True):
        logits = radius * scales[0] * math.sqrt(overlap[0, 0] / 2) * cosine
        mean = sum(
            np.sum(
                density * _participation(logits[(at + first) % _ANGLES] - one, logits[(at + second) % _ANGLES] - one)
            )
            for at, one in enumerate(logits)
        )
        participation += length * mean
        breaking += length * (1 - radius**2 / 2) * mean
    return HeadAverages(float(participation), np.full(2, breaking))


def _checked(owner: str, tokens: ArrayLike, deviations: ArrayLike) -> tuple[ndarray, ndarray]:
    places, scales = require_finite(owner, "tokens", tokens), require_finite(owner, "deviations", deviations)
    if places.ndim != 2 or len(places) != 3:
        raise ValueError(f"{owner}: tokens have shape {places.shape}; give three of them, of shape (3, dim)")
    if scales.shape != (2,):
        raise ValueError(f"{owner}: deviations have shape {scales.shape}; give two numbers")
    require_sign(owner, "deviations", scales)
    return places, scales


def _participation(second: ndarray, third: ndarray) -> ndarray:
    """Sum of the squares of softmax(0, second, third); where a weight would overflow it has no rival."""
    one, two = np.exp(np.minimum(second, 300.0)), np.exp(np.minimum(third, 300.0))
    return (1 + one * one + two * two) / (1 + one + two) ** 2


def _rotation(angle: float) -> ndarray:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
