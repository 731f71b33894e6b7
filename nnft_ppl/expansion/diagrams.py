r"""Feynman rules on a finite set of points: propagator, vertices, lines.

A vertex is the symmetric tensor of a term $\frac1{r!} v_{i_1\ldots i_r}\phi_{i_1}\cdots\phi_{i_r}$ of the action, the
propagator a symmetric matrix $G_{ij}$. A diagram has −v for every vertex, G for every line, and 1/l! for l lines that
connect the same two vertices; it is summed over the ways to place the external points.

Source: derived in docs/theory/expansion.md.
"""

import math
from itertools import permutations

import numpy as np
from jaxtyping import Float

from nnft_ppl.observables import partitions

Tensor = Float[np.ndarray, "..."]


def attach(vertex: Tensor, propagator: Float[np.ndarray, "point point"]) -> Tensor:
    r"""A propagator at every leg, $G_{i_1 j_1} \cdots G_{i_r j_r}\, v_{j_1 \ldots j_r}$; its inverse takes legs off.

    Args:
        vertex: Shape (point,) * r, any r.
        propagator: G, shape (point, point).

    Returns:
        Shape (point,) * r.
    """
    for _ in range(vertex.ndim):  # each turn takes the first leg, and puts the new one last
        vertex = np.tensordot(vertex, propagator, axes=(0, 0))
    return vertex


def join(first: Tensor, second: Tensor, propagator: Float[np.ndarray, "point point"], lines: int) -> Tensor:
    r"""Two vertices with some lines between them, $v_{i\ldots k\ldots} G_{kl}\cdots w_{l\ldots j\ldots}$, symmetrised.

    Args:
        first: Shape (point,) * r.
        second: Shape (point,) * s.
        propagator: G, shape (point, point).
        lines: How many lines, at most r and s.

    Returns:
        Shape (point,) * (r + s − 2 lines): the average over all permutations of the legs that are left.
    """
    for _ in range(lines):
        first = np.tensordot(first, propagator, axes=(first.ndim - lines, 0))
    joined = np.tensordot(first, second, axes=(range(first.ndim - lines, first.ndim), range(lines)))
    return symmetrised(joined)


def tadpole(vertex: Tensor, propagator: Float[np.ndarray, "point point"]) -> Tensor:
    r"""A vertex with a line from one of its legs to another, $G_{kl}\, v_{kl i \ldots}$.

    Args:
        vertex: Shape (point,) * r, r at least 2.
        propagator: G, shape (point, point).

    Returns:
        Shape (point,) * (r − 2).
    """
    return np.tensordot(propagator, vertex, axes=((0, 1), (0, 1)))


def symmetrised(tensor: Tensor) -> Tensor:
    """The average of a tensor over all permutations of its axes.

    Args:
        tensor: Shape (point,) * r.
    """
    orders = list(permutations(range(tensor.ndim)))
    return np.mean([np.transpose(tensor, order) for order in orders], axis=0)


def on_field(vertex: Tensor, field: Float[np.ndarray, "*draw point"]) -> Float[np.ndarray, "*draw"]:
    r"""A vertex with the field at all legs, $v_{i_1 \ldots i_r}\phi_{i_1} \cdots \phi_{i_r}$.

    Args:
        vertex: Shape (point,) * r.
        field: φ, shape (*draw, point).
    """
    if not vertex.ndim:
        return np.broadcast_to(vertex, field.shape[:-1])
    found = np.tensordot(field, vertex, axes=(-1, 0))
    for _ in range(vertex.ndim - 1):
        field_beside = field.reshape(*field.shape[:-1], field.shape[-1], *[1] * (found.ndim - field.ndim))
        found = np.sum(field_beside * found, axis=field.ndim - 1)
    return found


def wick_ordered(vertex: Tensor, propagator: Float[np.ndarray, "point point"]) -> list[tuple[float, Tensor]]:
    r"""The monomials of a Wick-ordered one, of which no average with others has a tadpole.

    $$:v\,\phi^r: \;=\; \sum_m \frac{(-1)^m\, r!}{2^m\, m!\,(r-2m)!}\; v\,G^m\,\phi^{r-2m},$$

    the Hermite polynomial of φ with covariance G.

    Args:
        vertex: Symmetric, shape (point,) * r.
        propagator: G, shape (point, point).

    Returns:
        Coefficients, and the tensors v G^m of shape (point,) * (r − 2m) that they multiply, for m = 0, 1, ...
    """
    order, terms = vertex.ndim, []
    for pairs in range(order // 2 + 1):
        ways = math.factorial(order) // (2**pairs * math.factorial(pairs) * math.factorial(order - 2 * pairs))
        terms.append(((-1.0) ** pairs * ways, vertex))
        vertex = tadpole(vertex, propagator) if vertex.ndim >= 2 else vertex
    return terms


def full_function(connected: dict[int, Tensor], order: int, highest: int | None = None) -> Tensor:
    r"""The full n-point function of an even theory from its connected ones, on all points.

    $\langle\phi_1\cdots\phi_n\rangle = \sum_{\text{partitions}} \prod_B G_c(B)$: for six points
    $\sum_{15} G_2G_2G_2 + \sum_{15} G_2 G_{4,c} + G_{6,c}$.

    Args:
        connected: Order -> connected function, shape (point,) * order; those of even order up to `order`.
        order: n, even.
        highest: The highest connected function that is used: 2 for Wick's theorem; all by default.

    Returns:
        Shape (point,) * order.

    Raises:
        ValueError: If `order` is odd, or a connected function is missing.

    Example:
        >>> float(full_function({2: np.array([[2.0]]), 4: np.array(3.0).reshape(1, 1, 1, 1)}, 4).item())  # 3·2² + 3
        15.0
    """
    if order % 2:
        raise ValueError(f"full_function: order = {order}; functions of odd order vanish in an even theory")
    sizes = [size for size in range(2, order + 1, 2) if highest is None or size <= highest]
    if missing := set(sizes) - set(connected):
        raise ValueError(
            f"full_function: the connected function of order {min(missing)} is not given; give it, or highest=, the "
            "order up to which they are used"
        )
    letters = "abcdefghijklmnop"
    total = np.zeros((len(connected[2]),) * order)
    for blocks in partitions(range(order), sizes):
        legs = ",".join("".join(letters[point] for point in block) for block in blocks)
        total += np.einsum(f"{legs}->{letters[:order]}", *(connected[len(block)] for block in blocks))
    return total
