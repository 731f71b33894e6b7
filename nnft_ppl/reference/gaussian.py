r"""The Gaussian reference: with a quadratic part of the action in the amplitudes, exactly integrated.

For sites in which the field is linear, φ(x) = φ_0(x) + Σ_i a_i h_i(x) in their reference coordinates a ~ N(0, I),

    Q_ij = Σ_f c_f Σ_g w_g h_i(x_g) h_j(x_g),      a = L a',    L Lᵀ = (1 + Q)⁻¹,    a' ~ N(0, I)

with a constant c_f for every field f, and points x_g of a coarse grid. L depends on the other coordinates through the
features h; whatever they and the constants are, the map z' -> z is invertible, and its Jacobian known:

    ln det L = −½ ln det(1 + Q).

Source: derived in docs/theory/reference.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from nnft_ppl.identities import smoothness
from nnft_ppl.reference.grid_features import GridFeatures
from nnft_ppl.target import Position
from nnft_ppl.theory import Theory

DIAGONAL = 1e-10
"""Modes are orthogonal where no product of two of them is larger than this share of their squares."""


class Diagonal(NamedTuple):
    """L = diag(s)."""

    scale: Float[Array, "amplitude"]

    def place(self, amplitudes: Array) -> Array:
        """L a'."""
        return self.scale * amplitudes

    def back(self, amplitudes: Array) -> Array:
        """L⁻¹ a."""
        return amplitudes / self.scale

    def project(self, rows: Float[Array, "*row amplitude"]) -> Array:
        """F L, for rows F."""
        return rows * self.scale

    @property
    def held(self) -> Array:
        """tr(1 − L Lᵀ)."""
        return jnp.sum(1 - self.scale**2)

    @property
    def log_det(self) -> Array:
        """The logarithm of det L."""
        return jnp.sum(jnp.log(self.scale))


class Dense(NamedTuple):
    """L = R⁻ᵀ, with the lower triangular root R of 1 + Q, or of a matrix near it: all below is exact for any R."""

    root: Float[Array, "amplitude amplitude"]

    def place(self, amplitudes: Array) -> Array:
        """L a'."""
        return solve_triangular(self.root, amplitudes, lower=True, trans=1)

    def back(self, amplitudes: Array) -> Array:
        """L⁻¹ a."""
        return self.root.T @ amplitudes

    def project(self, rows: Float[Array, "*row amplitude"]) -> Array:
        """F L, for rows F."""
        return solve_triangular(self.root, rows.T, lower=True).T

    @property
    def held(self) -> Array:
        """tr(1 − L Lᵀ), to single precision: it is known far better than any average that it serves."""
        return jnp.sum(1 - jnp.sum(_inverse(self.root.astype(jnp.float32)) ** 2, axis=0)).astype(self.root.dtype)

    @property
    def log_det(self) -> Array:
        """The logarithm of det L."""
        return -jnp.sum(jnp.log(jnp.diag(self.root)))


class LowRank(NamedTuple):
    """L = 1 − Bᵀ Y B with Q = Bᵀ B, 1 + B Bᵀ = C Cᵀ and Y = C⁻ᵀ (1 + C)⁻¹: fewer rows than amplitudes."""

    rows: Float[Array, "row amplitude"]
    root: Float[Array, "row row"]

    def place(self, amplitudes: Array) -> Array:
        """L a'."""
        inner = solve_triangular(self._shifted, self.rows @ amplitudes, lower=True)
        return amplitudes - self.rows.T @ solve_triangular(self.root, inner, lower=True, trans=1)

    def back(self, amplitudes: Array) -> Array:
        """L⁻¹ a = Lᵀ (1 + Q) a."""
        return self.project(amplitudes + self.rows.T @ (self.rows @ amplitudes))

    def project(self, rows: Float[Array, "*row amplitude"]) -> Array:
        """F L, for rows F."""
        inner = solve_triangular(self.root, self.rows @ rows.T, lower=True)
        return rows - (self.rows.T @ solve_triangular(self._shifted, inner, lower=True, trans=1)).T

    @property
    def held(self) -> Array:
        """tr(1 − L Lᵀ) = tr(1 − (C Cᵀ)⁻¹): as many as rows at most."""
        return jnp.sum(1 - jnp.sum(_inverse(self.root) ** 2, axis=0))

    @property
    def _shifted(self) -> Array:
        return self.root + jnp.eye(len(self.root), dtype=self.root.dtype)

    @property
    def log_det(self) -> Array:
        """The logarithm of det L."""
        return -jnp.sum(jnp.log(jnp.diag(self.root)))


def _inverse(root: Float[Array, "row row"]) -> Float[Array, "row row"]:
    return solve_triangular(root, jnp.eye(len(root), dtype=root.dtype), lower=True)


Frame = Diagonal | Dense | LowRank
"""L at one point of the other coordinates."""


class Gaussian:
    """The family of references of a theory, one for each choice of the constants.

    Args:
        theory: Any theory with a space.
        sites: Names of the sites in which every field is linear; where the action does not depend on one, L is 1.
    """

    def __init__(self, theory: Theory, sites: tuple[str, ...]) -> None:
        self.sites, self._theory = sites, theory
        self._features = GridFeatures(theory, sites)
        sizes = {name: theory.groups[name].stop - theory.groups[name].start for name in sites}
        acts = {name: np.full(size, float(name in smoothness(theory).acting)) for name, size in sizes.items()}
        self._acting = np.asarray(ravel_pytree(acts)[0])
        self.names = self._features.names
        """Of the fields, one constant each."""
        self.amplitudes = sum(sizes.values())
        """Number of amplitudes."""
        self.rows = len(self._features.field_of_row)
        """Values of fields on the coarse grid."""
        self.fixed = self._features.fixed
        """Whether L is the same everywhere."""
        self._products = self._fixed_products() if self.fixed else None
        trace = float(jax.jit(lambda z: jnp.sum(self._rows(z) ** 2))(jnp.zeros(theory.dimension)))
        self.unit = self.amplitudes / trace if trace > 0 else 1.0
        """The constant at which Q is 1 on average, about."""

    def frame(self, position: Position, constants: Float[Array, "field"]) -> Frame:
        """L at one point.

        Args:
            position: z or z', shape (dimension,): of the amplitudes nothing is used.
            constants: c, positive, one for each field.
        """
        if self._products is not None:
            weighted = jnp.tensordot(constants, jnp.asarray(self._products), 1)
            if weighted.ndim == 1:
                return Diagonal((1 + weighted) ** -0.5)
            return Dense(jnp.linalg.cholesky(jnp.eye(len(weighted), dtype=weighted.dtype) + weighted))
        rows = self._rows(position)
        # The barrier keeps the compiler from computing the features again for every number of their products.
        rows = jax.lax.optimization_barrier(jnp.sqrt(constants)[self._features.field_of_row][:, None] * rows)
        if self.rows < self.amplitudes:
            product = jnp.matmul(rows, rows.T, precision=jax.lax.Precision.HIGHEST)
            return LowRank(rows, jnp.linalg.cholesky(jnp.eye(self.rows, dtype=rows.dtype) + product))
        # A root of single precision is as exact a map as any other, for half of the time.
        short = rows.astype(jnp.float32)
        product = jnp.matmul(short.T, short, precision=jax.lax.Precision.HIGHEST)
        root = jnp.linalg.cholesky(jnp.eye(self.amplitudes, dtype=short.dtype) + product)
        return Dense(root.astype(rows.dtype))

    def split(self, position: Position) -> tuple[Array, Mapping[str, Array]]:
        """The amplitudes of a point, shape (amplitude,), and all its parts by site.

        Args:
            position: z or z', shape (dimension,).
        """
        parts = self._theory.split(position)
        return ravel_pytree({name: parts[name] for name in self.sites})[0], parts

    def join(self, amplitudes: Array, parts: Mapping[str, Array]) -> Position:
        """The point with these amplitudes, and the other parts as they are, shape (dimension,).

        Args:
            amplitudes: Shape (amplitude,).
            parts: All parts of a point by site.
        """
        unravel = ravel_pytree({name: parts[name] for name in self.sites})[1]
        together = dict(parts) | unravel(amplitudes)
        return jnp.concatenate([together[name] for name in self._theory.groups])

    def _rows(self, position: Position) -> Float[Array, "row amplitude"]:
        """√w_g h_i(x_g), zero for amplitudes that the action does not depend on."""
        return self._features(position) * jnp.asarray(self._acting, position.dtype)

    def _fixed_products(self) -> np.ndarray:
        """Σ_g w_g h_i h_j, (field, amplitude, amplitude), or (field, amplitude) where all are diagonal."""
        rows = np.asarray(jax.jit(self._rows)(jnp.zeros(self._theory.dimension)))
        each = [rows[self._features.field_of_row == number] for number in range(len(self.names))]
        found = np.stack([one.T @ one for one in each])
        diagonals = np.diagonal(found, axis1=1, axis2=2)
        off = np.abs(found - diagonals[:, :, None] * np.eye(found.shape[-1]))
        return diagonals if np.max(off) <= DIAGONAL * np.max(diagonals) else found


@dataclass(frozen=True, eq=False)
class Reference:
    """A Gaussian reference with its constants."""

    gaussian: Gaussian
    """The family that it belongs to."""
    constants: tuple[float, ...] | Float[Array, "field"]
    """c, one for each of `gaussian.names`, in units of mass²."""

    def frame(self, position: Position) -> Frame:
        """L at one point; see `Gaussian.frame`.

        Args:
            position: z or z', shape (dimension,).
        """
        return self.gaussian.frame(position, jnp.asarray(self.constants))

    def place(self, position: Position) -> Position:
        """The theory's z of z', shape (dimension,).

        Args:
            position: z', shape (dimension,).
        """
        return self.moved(position)[0]

    def moved(self, position: Position) -> tuple[Position, Array]:
        """The theory's z, and D = ½|z|² − ½|z'|² − ln det L: the density of z' is ∝ exp(−|z'|²/2 − S(z) − D).

        Args:
            position: z', shape (dimension,).
        """
        frame = self.frame(position)
        before, parts = self.gaussian.split(position)
        after = frame.place(before)
        return self.gaussian.join(after, parts), excess(frame, before, after)


def excess(frame: Frame, before: Array, after: Array) -> Array:
    """½|a|² − ½|a'|² − ln det L."""
    return 0.5 * jnp.sum(after**2) - 0.5 * jnp.sum(before**2) - frame.log_det
