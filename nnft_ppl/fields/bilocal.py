"""What a network with Grassmann weights leaves when they are integrated out: a kernel of two points."""

from collections.abc import Callable
from typing import final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Inexact, Shaped


@final
class Bilocal(eqx.Module):
    """The bilocal field S_N(x, y) = (1/N) Σ_i f_i(x) g_i(y) of a network with N fermionic neurons.

    The network is ψ(x) = N^(-1/2) Σ_i η_i f_i(x), ψ̄(y) = N^(-1/2) Σ_i η̄_i g_i(y) with Grassmann weights of density
    exp(−Σ_i η̄_i η_i), so that ⟨η_i η̄_j⟩ = δ_ij. They are integrated out exactly and are never in memory: at fixed
    features S_N(x, y) is ⟨ψ(x) ψ̄(y)⟩, and every other correlator is a determinant of its values
    (`nnft_ppl.observables.determinant`). More general are

        S_N(x, y) = (1/N) Σ_i Σ_r f_ir(x) g_ir(y)      several pairs of weights per neuron
        S_N(x, y) = (1/N) Σ_i M_i f_i(x) g_i(y)        a matrix of numbers M_i per neuron, such as that of a spinor
        S_N(x, y) = (1/N) f(x) A⁻¹ g(y)                weights of density exp(−η̄ A η), whose integral is det A

    Of one point it is the propagator from the origin, S_N(x, 0), and so a field like any other.

    Example:
        >>> momentum = jnp.array([0.5, 1.5])
        >>> S = Bilocal(lambda x: jnp.exp(1j * momentum * x[0]), lambda y: jnp.exp(-1j * momentum * y[0]))
        >>> bool(jnp.isclose(S(jnp.array([2.0]), jnp.array([1.0])), S(jnp.array([1.0]))))
        True

    Source: arXiv:2511.16741 (Grassmann weights); the rest is derived in docs/theory/fermions.md.
    """

    left: Callable[[Array], Array]
    """x -> f(x), shape (neuron,), or (neuron, pair) where a neuron has several pairs of weights; real or complex."""
    right: Callable[[Array], Array]
    """y -> g(y), of the same shape."""
    matrix: Inexact[Array, "neuron row column"] | None = None
    """M_i, one for every neuron; None for the number 1."""
    mixing: Inexact[Array, "weight weight"] | None = None
    """A, a row for every pair of weights, in the order of f(x).ravel(); None for the unit matrix."""

    def __check_init__(self) -> None:
        """Refuse what has no one meaning."""
        if self.matrix is not None and self.mixing is not None:
            raise ValueError("Bilocal: matrix and mixing are both given; put the matrices into the features")
        if self.matrix is not None and jnp.ndim(self.matrix) != 3:
            raise ValueError(f"Bilocal: matrix has shape {jnp.shape(self.matrix)}; give (neuron, row, column)")
        if self.mixing is not None and (jnp.ndim(self.mixing) != 2 or len(set(jnp.shape(self.mixing))) != 1):
            raise ValueError(f"Bilocal: mixing has shape {jnp.shape(self.mixing)}; give a square matrix")

    def __call__(
        self, x: Shaped[ArrayLike, " dim"], y: Shaped[ArrayLike, " dim"] | None = None
    ) -> Inexact[Array, "..."]:
        """The kernel S_N(x, y).

        Args:
            x: The point of ψ, shape (dim,).
            y: The point of ψ̄, shape (dim,); the origin by default.

        Returns:
            A number, or shape (row, column) with matrices; 1/N is put in.

        Raises:
            ValueError: If the features do not fit each other, the matrices or the mixing.
        """
        x = jnp.asarray(x)
        f, g = self.left(x), self.right(jnp.zeros_like(x) if y is None else jnp.asarray(y))
        if f.shape != g.shape or f.ndim not in (1, 2):
            raise ValueError(
                f"Bilocal: features have shapes {f.shape} and {g.shape}; give (neuron,) or (neuron, pair) for both"
            )
        width = f.shape[0]
        if self.mixing is not None:
            if len(self.mixing) != f.size:
                raise ValueError(
                    f"Bilocal: mixing has shape {self.mixing.shape} and there are {f.size} pairs of weights; give a "
                    "row and a column for each"
                )
            kind = jnp.result_type(self.mixing, f, g)
            return f.ravel() @ jnp.linalg.solve(self.mixing.astype(kind), g.ravel().astype(kind)) / width
        products = (f * g).reshape(width, -1).sum(axis=1)
        if self.matrix is None:
            return products.sum() / width
        if len(self.matrix) != width:
            raise ValueError(f"Bilocal: matrix has shape {self.matrix.shape} and there are {width} neurons")
        return jnp.tensordot(products, self.matrix, 1) / width

    def log_determinant(self) -> Inexact[Array, ""]:
        """The logarithm ln det A that ∫dη̄ dη exp(−η̄ A η) adds to that of the features' density.

        Complex where det A is complex or negative: a factor whose imaginary part is a phase, averaged like any other
        (`numpyro.factor("weights", field.log_determinant())`). Zero without mixing. A scalar.
        """
        if self.mixing is None:
            return jnp.zeros(())
        sign, size = jnp.linalg.slogdet(self.mixing)
        return size + 1j * jnp.angle(sign)
