r"""Energies of several states at once, and what operators make of the vacuum: the generalised eigenvalue problem."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.derived import Derived, cosh_rate


def levels(
    name: str,
    time: Float[ArrayLike, "point"],
    between: Sequence[int] = (0, 1),
    period: float | None = None,
    missing: Float[ArrayLike, "point *operators"] | float = 0.0,
) -> Derived:
    r"""Energy differences E_n − E_0 from a matrix of correlators, by the generalised eigenvalue problem.

    $$C(t)\, v_n = \lambda_n\, C(t_0)\, v_n, \qquad E_n - E_0 = \frac{-\ln \lambda_n}{t - t_0}, \qquad\text{or on a
    circle}\qquad \lambda_n = \frac{\cosh (E_n - E_0)(T/2 - t)}{\cosh (E_n - E_0)(T/2 - t_0)}$$

    in ascending order at the means. For as many operators as states, C_ij(t) = Σ_n a_ni a_nj e^{−(E_n − E_0) t}, it is
    exact at any t > t_0; states beyond them make the levels too high, by O(e^{−(E_{N+1} − E_n) t_0}) for t ≤ 2 t_0.
    On a circle states go round both ways between excited levels, too, which no cosh knows: where E_n T is no large
    number levels are off either way, by 30 % for a second one at (E_1 − E_0) T = 2 (docs/theory/quantum.md). Constant
    parts of correlators are no level: subtract them, or take operators without.
    Operators may be replaced by independent combinations of themselves without any change. NaN where C(t_0) is not
    positive, or an eigenvalue belongs to no level.

    Of several later times each level is the average, with weights ∝ (∂λ_n/∂E_n)² at the energy of the first: those of
    noise in C(t) that does not depend on t, as that of a scalar field hardly does. They are fixed at the means; times
    that have no level are left out, and the check `derived` says which. Noisy times among them cost the error, which
    is given only where it is linear: take fewer.

    Args:
        name: Observable of shape (point, operator, operator), as `correlator_matrix` gives it; or (point,), the
            two-point function of one operator.
        time: Its distances t, shape (point,).
        between: Numbers of the point t_0 and of one later point or more among them.
        period: Length T of the circle; None for an open line.
        missing: What is known to be missing in the means, such as modes above a cut-off, of their shape; it is added.

    Returns:
        The derived quantity, of shape (operator,), in inverse units of the time. Its dimension is `NAME.level`.

    Raises:
        TypeError: If the times are not real numbers.
        ValueError: If there are no two such points, or they do not lie on the nearer half of the circle.

    Example:
        >>> times, energies = np.array([0.5, 1.0]), np.array([1.4, 4.9])
        >>> a = np.array([[0.6, 0.1], [0.3, 0.8]])
        >>> matrix = np.stack([a.T @ np.diag(np.exp(-energies * t)) @ a for t in times])
        >>> [f"{level:.4f}" for level in levels("matrix", times)({"matrix": matrix})]
        ['1.4000', '4.9000']

    Source: M. Lüscher, U. Wolff, Nucl. Phys. B 339 (1990) 222; B. Blossier et al., arXiv:0902.1265, eq. (2.8); the
    weights are derived in docs/theory/quantum.md.
    """
    problem = _Problem.of("levels", name, time, between, period, missing)
    # One program each for the value and its derivatives, where every step would be one of its own.
    energies, defined = (jax.jit(lambda matrix, part=part: problem.solve({name: matrix})[part]) for part in (0, 2))

    def remark(means: dict[str, Any]) -> str:
        return left_out(problem.points[problem.late], np.asarray(defined(means[name])))

    places = {name: tuple(problem.points.tolist())}
    return Derived(
        lambda means: energies(means[name]),
        (f"{name}.level",),
        remark=remark if len(problem.late) > 1 else None,
        places=places,
    )


def overlaps(
    name: str,
    time: Float[ArrayLike, "point"],
    between: Sequence[int] = (0, 1),
    period: float | None = None,
    missing: Float[ArrayLike, "point *operators"] | float = 0.0,
) -> Derived:
    r"""Transition probabilities from the vacuum, the squares of what operators make of it, |⟨n|O_i|0⟩|².

    $$|\langle n|O_i|0\rangle|^2 = \frac{\big(C(t_0)\,v_n\big)_i^2}{v_n\cdot C(t_0)\,v_n}\;\begin{cases}
    e^{(E_n-E_0)t_0} & \text{on a line}\\ \big(e^{-(E_n-E_0)t_0} + e^{-(E_n-E_0)(T-t_0)}\big)^{-1}
    & \text{on a circle}\end{cases}$$

    with v_n of `levels`. They are the weights of an operator's two-point function, ⟨O_i O_i⟩(t) = Σ_n |⟨n|O_i|0⟩|²
    e^{−(E_n−E_0)t}. On a circle the partition function counts as that of the vacuum: they are too large by a relative
    O(e^{−(E_1−E_0)T}).

    Args and errors as for `levels`.

    Returns:
        The derived quantity, of shape (operator, operator): the operator i and the level n, in units of the operator's
        two-point function. Its dimensions are `NAME.source` and `NAME.level`.

    Source: as `levels`; B. Blossier et al., arXiv:0902.1265, eq. (2.14).
    """
    problem = _Problem.of("overlaps", name, time, between, period, missing)
    dims = (f"{name}.source", f"{name}.level")
    solved = jax.jit(lambda matrix: problem.solve({name: matrix}, vectors=True).overlap)
    return Derived(lambda means: solved(means[name]), dims, places={name: tuple(problem.points.tolist())})


class _Solution(NamedTuple):
    """Of all later times, averaged."""

    energy: Float[Array, " level"]
    overlap: Float[Array, "operator level"]
    """|⟨n|O_i|0⟩|²; not computed, and NaN, without vectors."""
    defined: Bool[Array, "time level"]
    """Which later times have a level, (time, level)."""


class _Problem(NamedTuple):
    """A generalised eigenvalue problem between a time and later ones."""

    owner: str
    name: str
    start: int
    late: np.ndarray
    """Numbers of the later times."""
    points: Float[np.ndarray, " point"]
    period: float | None
    missing: np.ndarray

    @classmethod
    def of(
        cls, owner: str, name: str, time: ArrayLike, between: Sequence[int], period: float | None, missing: ArrayLike
    ) -> "_Problem":
        """The problem, if there is one."""
        points = require_finite(owner, "time", time)
        try:
            start, *late = (int(np.arange(points.size)[number]) for number in between)
            first = points[late[0]]
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(
                f"{owner}: between = {between!r}; give the numbers of two of the {points.size} times {points}, or of "
                "more"
            ) from error
        begin, ends = points[start], points[late]
        if not (begin < ends).all():
            wrong = ends[ends <= begin][0] if (ends <= begin).any() else first
            raise ValueError(f"{owner}: between = {between!r} goes from t = {begin:g} to {wrong:g}; give a later one")
        if period is not None and not (begin >= 0 and ends.max() <= period / 2):
            raise ValueError(
                f"{owner}: t = {begin:g} and {ends.max():g}; give distances from 0 to half the period, {period / 2:g}"
            )
        known = require_finite(owner, "missing", missing)
        return cls(owner, name, start, np.array(late), points, period, known)

    def solve(self, means: dict[str, Any], *, vectors: bool = False) -> _Solution:
        """Energies, and overlaps if they are asked for, at these means."""
        matrix = jnp.asarray(means[self.name])
        matrix = matrix + jnp.asarray(self.missing, matrix.dtype)
        matrix = matrix[:, None, None] if matrix.ndim == 1 else matrix
        if matrix.ndim != 3 or matrix.shape[1] != matrix.shape[2] or len(matrix) != len(self.points):
            raise ValueError(
                f"{self.owner}: {self.name!r} has shape {means[self.name].shape}; give (point, operator, operator) or "
                f"(point,) for {len(self.points)} points"
            )
        matrix = (matrix + jnp.swapaxes(matrix, 1, 2)) / 2
        # In units of each operator's own size: nothing is lost to rounding between φ and φ³.
        size = 1 / jnp.sqrt(jnp.diagonal(matrix[self.start]))
        matrix = matrix * size[:, None] * size
        root = jnp.linalg.cholesky(matrix[self.start])

        def reduced(late: Array) -> Array:
            half = jax.scipy.linalg.solve_triangular(root, late, lower=True)
            whole = jax.scipy.linalg.solve_triangular(root, half.T, lower=True)
            return (whole + whole.T) / 2

        whole = jax.vmap(reduced)(matrix[self.late])
        if vectors:
            values, directions = jnp.linalg.eigh(whole)
            values, directions = values[:, ::-1], directions[:, :, ::-1]
        else:
            values, directions = jnp.linalg.eigvalsh(whole)[:, ::-1], None
        energy = self._rates(values)
        defined = jnp.isfinite(energy)
        held = jnp.where(defined, energy, 0.0)
        # At the energy of the first time that has one: those of the eigenvalues would favour what noise makes large.
        first = jnp.take_along_axis(held, jnp.argmax(defined, axis=0)[None], axis=0)
        weight = jax.lax.stop_gradient(jnp.where(defined, self._sensitivity(first) ** 2, 0.0))
        weight = weight / weight.sum(axis=0)  # NaN where no time has a level
        overlap = jnp.full(matrix.shape[1:], jnp.nan)
        if directions is not None:
            made = (root @ directions / size[:, None]) ** 2 * self._undone(held)[:, None]
            overlap = jnp.sum(weight[:, None] * jnp.where(defined[:, None], made, 0.0), axis=0)
        return _Solution(jnp.sum(weight * held, axis=0), overlap, defined)

    def _rates(self, values: Array) -> Array:
        """Energy of each eigenvalue, (time, level), NaN where it has none."""
        positive = values > 0
        logarithms = -jnp.log(jnp.where(positive, values, 1.0))
        begin, ends = self.points[self.start], self.points[self.late][:, None]
        if self.period is None:
            return jnp.where(positive, logarithms / (ends - begin), jnp.nan)
        far, near = self.period / 2 - begin, self.period / 2 - ends
        return cosh_rate(logarithms, np.broadcast_to(far, ends.shape), near)

    def _sensitivity(self, energy: Array) -> Array:
        """|∂λ/∂E| of the eigenvalue at every later time, (time, level), at energies of shape (1, level)."""
        begin, ends = self.points[self.start], self.points[self.late][:, None]
        if self.period is None:
            return (ends - begin) * jnp.exp(-energy * (ends - begin))
        far, near = self.period / 2 - begin, self.period / 2 - ends
        slope = far * jnp.tanh(energy * far) - near * jnp.tanh(energy * near)
        shrunk = (1 + jnp.exp(-2 * energy * near)) / (1 + jnp.exp(-2 * energy * far))
        return slope * shrunk * jnp.exp(-energy * (ends - begin))

    def _undone(self, energy: Array) -> Array:
        """By what C(t_0) of a level is less than its weight, inverted."""
        begin = self.points[self.start]
        if self.period is None:
            return jnp.exp(energy * begin)
        return 1 / (jnp.exp(-energy * begin) + jnp.exp(-energy * (self.period - begin)))


def left_out(times: Float[np.ndarray, " time"], defined: Bool[np.ndarray, "time level"]) -> str:
    """Which later times have no level, in words; nothing where all have.

    Args:
        times: The later times.
        defined: Which of them have a level.
    """
    words = [
        f"level {number} without t = {', '.join(f'{one:g}' for one in times[~there])}"
        for number, there in enumerate(defined.T)
        if not there.all()
    ]
    return f"{', '.join(words)}, where no level has such an eigenvalue" if words else ""
