"""Connected functions of attention heads that look at two tokens, at any number of heads and of keys."""

import math

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy import special

from nnft_ppl.arguments import require_choice, require_count, require_finite
from nnft_ppl.exact.convolutions import conditional_connected
from nnft_ppl.exact.quadrature import normal_rule, settled

SCALINGS = ("root", "linear")
"""What logits are divided by: the root of the number of keys, or that number."""
# Nodes in each direction: of one input, or of two for which only logits are random; of two whose queries are, too.
_SIZES, _FEW = (60, 120, 240, 480, 960), (20, 24, 32)


def attention_connected(
    inputs: Float[ArrayLike, "factor 2 dim"], heads: int, key_dim: int | float, scaling: str = "root"
) -> float:
    r"""Connected function of 2, 4 or 6 inputs, of which two at most differ, of the first token's attention.

    `phi(x) = (heads dim)^(-1/2) sum_h v_h.(p x_1 + (1 - p) x_2)` with unit normal v and
    `p = 1/(1 + exp(-q.(k_1 - k_2)/sqrt(key_dim)))`, queries `q = W_Q x_1` and keys `k_t = W_K x_t`, whose entries W
    have the variance 1/dim. Given the queries the differences of logits of inputs x, y are Gaussian, with covariance
    `(q_x.q_y/key_dim) (x_1 - x_2).(y_1 - y_2)/dim`; the matrix of `q_x.q_y` is Wishart's, and for many keys its mean
    `key_dim x_1.y_1/dim`. Averages by finer and finer rules until two agree: to about 1e-7, and of two
    inputs with a finite number of keys to 1e-4.

    Args:
        inputs: Two, four or six inputs of two tokens each, shape (factor, 2, dim).
        heads: Number of heads.
        key_dim: Number of components of a key, or infinity.
        scaling: `root`, or `linear` for logits `q.k/key_dim`, which vanish for many keys.

    Returns:
        The connected function, in units of the tokens to the number of factors.

    Raises:
        TypeError: If `heads` or a finite `key_dim` is not an integer.
        ValueError: If an argument lies outside the ranges above, or logits are so large that no rule is fine enough:
            of two inputs with a finite number of keys for tokens a few times larger than 1.

    Source: derived here; the limit of many heads is that of J. Hron et al., arXiv:2006.10540.
    """
    owner = "attention_connected"
    places = require_finite(owner, "inputs", inputs)
    if places.ndim != 3 or places.shape[1] != 2 or len(places) not in {2, 4, 6}:
        raise ValueError(
            f"{owner}: inputs have shape {places.shape}; give 2, 4 or 6 of them, of shape (factor, 2, dim)"
        )
    require_count(owner, "heads", heads)
    require_choice(owner, "scaling", scaling, SCALINGS)
    if isinstance(key_dim, float) and key_dim != math.inf:
        raise TypeError(f"{owner}: key_dim = {key_dim!r}; give an integer >= 1, or math.inf")
    distinct, which = np.unique(places, axis=0, return_inverse=True)
    if len(distinct) > 2:
        raise ValueError(f"{owner}: {len(distinct)} inputs differ; give two different ones at most")
    dim = places.shape[2]
    queries = distinct[:, 0] @ distinct[:, 0].T / dim
    keys = (distinct[:, 0] - distinct[:, 1]) @ (distinct[:, 0] - distinct[:, 1]).T / dim
    if not isinstance(key_dim, float):
        require_count(owner, "key_dim", key_dim)
    smaller = 1.0 if scaling == "root" else 1 / math.sqrt(key_dim)
    size = len(distinct)
    second, change = distinct[:, 1], distinct[:, 0] - distinct[:, 1]

    def connected(nodes: int) -> np.ndarray:
        if isinstance(key_dim, float):
            factors, outer = _root(queries)[None], np.ones(1)
        else:
            factors, outer = _wishart_roots(queries, key_dim, nodes)
        # δ = (query of unit normals)·(root of keys): covariance (f fᵀ)∘keys, whose root is found for each node.
        roots = _root(np.einsum("nij,nkj->nik", factors, factors) * keys * smaller**2)
        if size == 1:
            length, inner = _length_rule(1, nodes)
            noise, inner = np.concatenate([length, -length])[None], np.tile(inner / 2, 2)
        else:
            axis, density = normal_rule(nodes)
            noise, inner = np.stack(np.meshgrid(axis, axis)).reshape(2, -1), np.outer(density, density).ravel()
        share = special.expit(roots @ noise)  # (node, input, noise)

        def covariance(a: int, b: int) -> np.ndarray:
            i, j = which[a], which[b]
            p, q = share[:, i], share[:, j]
            return (second[i] @ second[j] + p * (change[i] @ second[j]) + q * (change[j] @ second[i])
                    + p * q * (change[i] @ change[j])) / dim  # fmt: skip

        def mean(values: np.ndarray) -> float:
            return float(outer @ (values @ inner))

        return np.array(conditional_connected(covariance, mean, len(places), 1))

    few = size == 2 and not isinstance(key_dim, float)
    floor = 1e-12 * float(np.max(np.sum(distinct**2, axis=-1), initial=0.0)) ** (len(places) / 2)
    found, _ = settled(owner, connected, _FEW if few else _SIZES, 3e-4 if few else 1e-5, "give smaller tokens", floor)
    return float(found) * float(heads) ** (1 - len(places) / 2)


def _root(covariance: Float[np.ndarray, "*node input input"]) -> Float[np.ndarray, "*node input input"]:
    """A matrix R with R R^T the covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.clip(values, 0, None))[..., None, :]


def _wishart_roots(
    covariance: Float[np.ndarray, "input input"], key_dim: int, nodes: int
) -> tuple[Float[np.ndarray, "node input input"], Float[np.ndarray, " node"]]:
    """Roots of Wishart's matrix over its degrees of freedom, by Bartlett's triangles, and weights of the nodes."""
    if len(covariance) == 1:
        length, weights = _length_rule(key_dim, nodes)
        triangles = length[:, None, None]
    else:
        nodes = 2 * nodes if key_dim == 1 else 3 * nodes // 5
        length, weights = _chi_rule(key_dim, nodes)
        below, beside = normal_rule(nodes)
        other, rest = _chi_rule(key_dim - 1, nodes) if key_dim > 1 else (np.zeros(1), np.ones(1))
        grid = np.stack(np.meshgrid(length, below, other, indexing="ij")).reshape(3, -1)
        triangles = np.zeros((grid.shape[1], 2, 2))
        triangles[:, 0, 0], triangles[:, 1, 0], triangles[:, 1, 1] = grid
        weights = np.einsum("i,j,k->ijk", weights, beside, rest).ravel()
    return _root(covariance) @ triangles / math.sqrt(key_dim), weights


def _length_rule(degrees: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of an average over the root of a chi-squared variable, as a trapezoidal rule in its logarithm.

    A logistic function of any steepness is analytic there within pi/2 of the real line.
    """
    root = math.sqrt(degrees)
    low = math.log(max(root * math.exp(-0.5 - 38 / degrees), root - 8))
    logs = np.linspace(low, math.log(root + 8), nodes)
    densities = degrees * logs - np.exp(2 * logs) / 2
    weights = np.exp(densities - np.max(densities))
    return np.exp(logs), weights / np.sum(weights)


def _chi_rule(degrees: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of an average over the root of a chi-squared variable, of functions of its square.

    Gauss-Laguerre's, from its matrix of recursion: the weights sum to 1 for any number of degrees.
    """
    number = np.arange(nodes)
    beside = np.sqrt(number[1:] * (number[1:] + degrees / 2 - 1))
    values, vectors = np.linalg.eigh(np.diag(2 * number + degrees / 2) + np.diag(beside, 1) + np.diag(beside, -1))
    return np.sqrt(2 * values), vectors[0] ** 2
