"""A field on sequences of tokens, given by attention heads."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_count, require_point


@final
class AttentionHeads(eqx.Module):
    """Sum over heads of attention, its point x being a sequence of tokens x_1, ..., x_T.

    φ(x) = Σ_h v_h · Σ_t p_ht x_t with p_h = softmax_t(x_qᵀ M_h x_t), read at the token q. With queries W_Q x and keys
    W_K x the form is M = W_Qᵀ W_K/√d_k. No 1/√heads is put in: scales belong to the priors.

    Attributes:
        form: M_h, shape (head, dim, dim).
        value: v_h, shape (head, dim).
        tokens: T.
        query: q, counted from 0.

    Source: A. Vaswani et al., arXiv:1706.03762.
    """

    form: Float[Array, "head dim dim"]
    value: Float[Array, "head dim"]
    tokens: int = eqx.field(static=True)
    query: int = eqx.field(static=True)

    def __init__(
        self,
        form: Float[ArrayLike, "head dim dim"],
        value: Float[ArrayLike, "head dim"],
        tokens: int,
        query: int = 0,
    ) -> None:
        """Check the shapes.

        Args:
            form: M_h.
            value: v_h.
            tokens: Number of tokens.
            query: Token at which the heads are read.

        Raises:
            TypeError: If `tokens` or `query` is not an integer.
            ValueError: If shapes do not fit together, or there is no such token.
        """
        self.form, self.value = jnp.asarray(form), jnp.asarray(value)
        if self.value.ndim != 2 or self.form.shape != (*self.value.shape, *self.value.shape[1:]):
            raise ValueError(
                f"AttentionHeads: form has shape {self.form.shape} and value {self.value.shape}; give (head, dim, dim) "
                "and (head, dim)"
            )
        self.tokens = require_count("AttentionHeads", "tokens", tokens)
        self.query = require_count("AttentionHeads", "query", query, least=0, most=tokens - 1)

    @property
    def dim(self) -> int:
        """Number of coordinates: tokens times their dimension."""
        return self.tokens * self.value.shape[-1]

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Float[Array, ""]:
        """Value of the field at one sequence.

        Args:
            x: The tokens, one behind the other, flat.

        Returns:
            φ(x), a scalar.

        Raises:
            ValueError: If `x` is not one sequence of this size.
        """
        return jnp.vdot(self.value, self._seen(x), precision=jax.lax.Precision.HIGHEST)

    def neurons(self, x: Float[ArrayLike, " dim"]) -> Float[Array, " head"]:
        """What each head adds to the field, v_h · Σ_t p_ht x_t.

        Args:
            x: As for a call.

        Returns:
            Shape (head,); the sum is φ(x).

        Raises:
            ValueError: If `x` is not one sequence of this size.
        """
        return jnp.sum(self.value * self._seen(x), axis=1)

    def _seen(self, x: Float[ArrayLike, " dim"]) -> Float[Array, "head dim"]:
        """Σ_t p_ht x_t of each head."""
        highest = jax.lax.Precision.HIGHEST
        sequence = require_point("AttentionHeads", x, self.dim).reshape(self.tokens, -1)
        logits = jnp.einsum("i,hij,tj->ht", sequence[self.query], self.form, sequence, precision=highest)
        return jnp.matmul(jax.nn.softmax(logits, axis=1), sequence, precision=highest)
