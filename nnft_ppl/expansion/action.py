r"""The action that has given connected functions, to second order in 1/N.

For connected functions $G_{2k} = O(N^{1-k})$ on a finite set of points, with the amputated $A = G_2^{-4}G_4$,
$B = G_2^{-6}G_6$ and $A*_l A$ for two of them joined by l lines $G_2$,

$$S = \tfrac12\phi\,G_2^{-1}\phi + \sum_r\tfrac1{r!}{:}v_r\,\phi^r{:} + v_0, \qquad
v_4 = -A + \tfrac32\,A*_2A, \quad v_6 = -B + 10\,A*_1A, \quad v_2 = \tfrac16\,A*_3A, \quad v_0 = \tfrac1{48}\,A*_4A,$$

of which the first order is −A alone. Colons are Wick ordering with $G_2$: in monomials the first order has a quartic
vertex $-\frac1{4!}A\phi^4$ *and* the quadratic counter-term $+\frac14(AG_2)\phi^2$, without which the two-point
function would be wrong by O(1/N).

Source: arXiv:2307.03223 (the action to first order); second order derived in docs/theory/expansion.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.expansion.diagrams import Tensor, attach, join, on_field, symmetrised, wick_ordered

ASYMMETRY = 1e-8
"""Of the largest entry: what a symmetric tensor may differ by when its axes change places."""
WORST_CONDITION = 1e12
"""Of the two-point function, beyond which its inverse is rounding."""


@dataclass(frozen=True, eq=False)
class Action:
    r"""An action on some points, $S = \frac12\phi G^{-1}\phi + \sum_r \frac1{r!}{:}v_r\phi^r{:}$ + constant.

    `reconstructed_action` makes it from connected functions, `predicted` gives them back. With a negative quartic
    vertex it is not bounded below: it is for perturbation theory, not for sampling.
    """

    propagator: Float[np.ndarray, "point point"]
    """G, which also orders."""
    by_order: tuple[Mapping[int, Tensor], ...]
    """For each order in 1/N, from the first: r -> its part of v_r, symmetric, shape (point,) * r; 0 is the constant."""

    @property
    def order(self) -> int:
        """The order in 1/N to which it is right, 1 or 2."""
        return len(self.by_order)

    @cached_property
    def vertices(self) -> dict[int, Tensor]:
        """Wick-ordered vertices r -> v_r, of all orders together."""
        powers = sorted({power for one in self.by_order for power in one})
        parts = {power: [one[power] for one in self.by_order if power in one] for power in powers}
        return {power: np.sum(one, axis=0) for power, one in parts.items()}

    @cached_property
    def couplings(self) -> dict[int, Tensor]:
        r"""Couplings r -> $u_r$ in monomials, of $S = \frac12\phi G^{-1}\phi + \sum_r \frac1{r!}u_r\phi^r$.

        4 and 6 are quartic and sextic vertex, 2 the counter-term to mass and kinetic term, 0 the constant.
        """
        return _monomials(self.vertices, self.propagator)

    def __call__(self, field: Float[ArrayLike, "*draw point"]) -> Float[np.ndarray, "*draw"]:
        """The value of the action, normalised: e^(−S)/sqrt(det 2πG) integrates to 1, to the action's order.

        Args:
            field: φ at the points, shape (*draw, point).
        """
        return self.free(field) + sum(self.term(order, field) for order in range(1, self.order + 1))

    def free(self, field: Float[ArrayLike, "*draw point"]) -> Float[np.ndarray, "*draw"]:
        """The free action φ G⁻¹ φ/2.

        Args:
            field: φ at the points, shape (*draw, point).
        """
        values = self._values(field)
        return 0.5 * np.sum(values * np.linalg.solve(self.propagator, values[..., None])[..., 0], axis=-1)

    def term(self, order: int, field: Float[ArrayLike, "*draw point"]) -> Float[np.ndarray, "*draw"]:
        """What one order in 1/N adds to the free action.

        Args:
            order: Which, from 1 to the action's own.
            field: φ at the points, shape (*draw, point).
        """
        values = self._values(field)
        found = _monomials(self.by_order[order - 1], self.propagator)
        return np.sum([on_field(one, values) / math.factorial(power) for power, one in found.items()], axis=0)

    def predicted(self) -> dict[int, Tensor]:
        r"""Connected functions by Feynman's rules to the action's order: what it was made of, if it is right.

        $$G_4 = G^4\big[-v_4 + \tfrac32\,v_4*_2v_4\big], \quad G_6 = G^6\big[-v_6 + 10\,v_4*_1v_4\big], \quad
        G_2 = G + G^2\big[-v_2 + \tfrac16\,v_4*_3v_4\big]$$

        to second order (products of vertices are those of first order), and $G_4 = -G^4v_4$ alone to first.
        Wick-ordered vertices have no tadpoles.

        Returns:
            Order -> connected function, shape (point,) * order.
        """
        line, first = self.propagator, self.by_order[0][4]
        if self.order == 1:
            return {2: line, 4: attach(-first, line)}
        three, two, one = (join(first, first, line, lines) for lines in (3, 2, 1))
        return {
            2: line + attach(three / 6 - self.vertices[2], line),
            4: attach(1.5 * two - self.vertices[4], line),
            6: attach(10 * one - self.vertices[6], line),
        }

    def _values(self, field: ArrayLike) -> Float[np.ndarray, "*draw point"]:
        values = require_finite("Action", "field", field)
        if not values.ndim or values.shape[-1] != len(self.propagator):
            raise ValueError(f"Action: field has shape {values.shape}; give (*draw, {len(self.propagator)})")
        return values


def _monomials(vertices: Mapping[int, Tensor], propagator: Tensor) -> dict[int, Tensor]:
    """The couplings u_r of Σ_r u_r φ^r/r! that is Σ_r :v_r φ^r:/r!."""
    found: dict[int, Tensor] = {}
    for order, vertex in vertices.items():
        for ways, tensor in wick_ordered(vertex, propagator):
            share = ways * math.factorial(tensor.ndim) / math.factorial(order) * tensor
            found[tensor.ndim] = found[tensor.ndim] + share if tensor.ndim in found else share
    return dict(sorted(found.items()))


def reconstructed_action(
    two_point: Float[ArrayLike, "point point"],
    four_point: Float[ArrayLike, "point point point point"],
    six_point: Float[ArrayLike, "point point point point point point"] | None = None,
) -> Action:
    """The action of an even theory from its connected functions: to O(1/N), or with six points to O(1/N²).

    Args:
        two_point: G_2 on all pairs of points, shape (point, point), positive definite.
        four_point: Connected G_4, shape (point,) * 4.
        six_point: Connected G_6, shape (point,) * 6; None for the first order.

    Raises:
        TypeError: If these are not real numbers.
        ValueError: If shapes do not fit, a tensor is not symmetric, or G_2 cannot be inverted: points too near one
            another.

    Example:
        >>> action = reconstructed_action([[2.0]], np.full((1,) * 4, 0.4))  # one point: v = 2, κ_4 = .4
        >>> {order: round(float(one.item()), 9) for order, one in action.couplings.items()}  # κ_4/(8v²), κ_4/(2v³), ...
        {0: -0.0125, 2: 0.025, 4: -0.025}
    """
    line, quartic = _symmetric("two_point", two_point, 2), _symmetric("four_point", four_point, 4)
    sextic = None if six_point is None else _symmetric("six_point", six_point, 6)
    for name, one in (("four_point", quartic), ("six_point", sextic)):
        if one is not None and len(one) != len(line):
            raise ValueError(f"reconstructed_action: {name} of {len(one)} points beside two_point of {len(line)}")
    strength = np.linalg.eigvalsh(line)
    if strength[0] <= 0 or strength[-1] > WORST_CONDITION * strength[0]:
        raise ValueError(
            f"reconstructed_action: two_point has eigenvalues from {strength[0]:.3g} to {strength[-1]:.3g} and cannot "
            "be inverted; give fewer points, farther apart"
        )
    inverse = np.linalg.inv(line)
    a = symmetrised(attach(quartic, inverse))
    if sextic is None:
        return Action(line, ({4: -a},))
    b = symmetrised(attach(sextic, inverse))
    one, two, three, four = (join(a, a, line, lines) for lines in (1, 2, 3, 4))
    return Action(line, ({4: -a}, {0: four / 48, 2: three / 6, 4: 1.5 * two, 6: 10 * one - b}))


def _symmetric(name: str, value: ArrayLike, order: int) -> Tensor:
    tensor = require_finite("reconstructed_action", name, value)
    if tensor.ndim != order or len(set(tensor.shape)) != 1 or not tensor.size:
        raise ValueError(f"reconstructed_action: {name} has shape {tensor.shape}; give (point,) * {order}")
    swapped = [np.swapaxes(tensor, 0, axis) for axis in range(1, order)]
    if any(np.max(np.abs(one - tensor)) > ASYMMETRY * np.max(np.abs(tensor)) for one in swapped):
        raise ValueError(f"reconstructed_action: {name} changes when points change places; give a symmetric tensor")
    return tensor
