r"""The Schwinger–Dyson identity in parameter space.

For a vector field V on the parameters and an observable F,

    E[ A_V F + V(F) ] = B[V, F],   V(F) = Σ_i V^i ∂_i F
    A_V = div_P V = P⁻¹ Σ_i ∂_i(P V^i) = Σ_i ∂_i V^i + V(ln P)

with the flux B through the edges of parameter space (`nnft_ppl.identities.flux`). A_V is the breaking function of the
current P V (`nnft_ppl.identities.current`): with B = 0 and A_V = 0 the flow of V maps the ensemble to itself, and
E[V(F)] = 0 is a Ward identity. Nothing here needs to know any answer: the identity holds for the exact density, and
fails for draws of another one.

Source: arXiv:2605.12488 states the identity and its current; the flux and the sample-wise forms are derived in
docs/theory/identities.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.draws import Kind
from nnft_ppl.identities.current import Current
from nnft_ppl.identities.parameter_density import real_values
from nnft_ppl.identities.vector_fields import Values, VectorField, VectorFieldError
from nnft_ppl.statistics import Estimate, estimate
from nnft_ppl.theory import Theory

AT_ONCE = 2**14
"""Draws are worked on in groups of about this many reference coordinates."""
NOT_VANISHING = 0.5
"""A flux that a hundredfold distance leaves above this share of itself does not vanish at infinity."""
NOTICED = 1e-6
"""A flux at infinity below this share of the identity's terms is nothing."""


class Residual(NamedTuple):
    """One draw's terms, all scalar: value = A_V F + V(F) − flux, whose average is zero."""

    value: Array
    """A_V F + V(F) − flux."""
    anomaly: Array
    """A_V F."""
    change: Array
    """V(F)."""
    flux: Array
    """The draw's share of B[V, F]."""


@dataclass(frozen=True)
class IdentityOutcome:
    """What an identity gave on draws: E[A_V F + V(F)] = B[V, F] within errors, or not."""

    terms: dict[str, Estimate]
    """`value`, which should be zero within its error, and its parts `anomaly`, `change` and `flux`."""
    flux_at_infinity: dict[str, float]
    """What leaves parameter space at infinity through each site where it does not vanish; empty is good."""

    @property
    def z(self) -> float:
        """The residual in units of its error; 0 where it has none."""
        value, error = float(self.terms["value"].value), float(self.terms["value"].error)
        return value / error if error > 0 else 0.0 if value == 0 else float(np.copysign(np.inf, value))

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {term}" for name, term in self.terms.items() if name != "value")
        text = f"residual {self.terms['value']} = {self.z:+.1f} errors ({parts})"
        for site, size in self.flux_at_infinity.items():
            text += f"; {site} loses {size:.6g} at infinity: the identity without it does not hold"
        return text


class SchwingerDyson:
    """The identity of one vector field and one observable, E[A_V F + V(F)] = B[V, F].

    Args:
        theory: Any theory.
        vector_field: V, on parameters, on neurons or on reference coordinates.
        functional: What the model returns -> F, a real scalar; None for F = 1.

    Raises:
        VectorFieldError: If the vector field does not fit the theory, or its flux cannot be computed.

    Example:
        >>> identity = SchwingerDyson(theory, ReferenceField("dilatation", lambda z: z))  # doctest: +SKIP
        >>> print(identity.test(positions))  # doctest: +SKIP
    """

    def __init__(
        self, theory: Theory, vector_field: VectorField, functional: Callable[[Any], Array] | None = None
    ) -> None:
        self.theory, self.current = theory, Current(theory, vector_field)
        self.functional = functional or (lambda returned: jnp.ones(()))
        self._group = max(1, AT_ONCE // theory.dimension)
        self.flux = self.current.flux(self._real)
        start = jax.eval_shape(theory.free_draw, jax.random.key(0))
        shape = jax.eval_shape(lambda z: self(z).change, start)
        if shape.shape != ():
            raise VectorFieldError(f"the observable of an identity is a scalar, not of shape {shape.shape}: index it")

    def __call__(self, position: Float[Array, "dimension"]) -> Residual:
        """The terms at one draw.

        Args:
            position: z, shape (dimension,).
        """
        terms = self.current.carry(position, self._real)
        anomaly = terms.breaking * terms.functional
        flux = self.flux.through_edges(real_values(self.theory, position)) if self.flux else jnp.zeros(())
        return Residual(anomaly + terms.change - flux, anomaly, terms.change, flux)

    def at_infinity(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """What one draw lets through each site far out and a hundred times farther, shape (2,); empty on z.

        Args:
            position: z, shape (dimension,).
        """
        return {} if self.flux is None else self.flux.at_infinity(real_values(self.theory, position))

    def test(
        self,
        positions: Float[ArrayLike, "chain draw dimension"],
        log_weights: np.ndarray | None = None,
        *,
        kind: Kind = Kind.CHAINS,
    ) -> IdentityOutcome:
        """The identity on draws.

        Args:
            positions: Draws z, shape (chain, draw, dimension).
            log_weights: Their log weights, shape (chain, draw), if they have any.
            kind: What the draws are; `free` or `populations` where they have weights.

        Raises:
            ValueError: If draws of that kind have no weights, or need them.
        """
        chains, draws = jnp.shape(positions)[:2]
        flat = jnp.asarray(positions).reshape(chains * draws, -1)
        terms = self._on_all(self, flat)._asdict()
        far = self._on_all(self.at_infinity, flat[:: max(1, len(flat) // 1000)])
        series = {name: np.asarray(value).reshape(chains, draws) for name, value in terms.items()}
        return self.conclude(series, far, log_weights, kind=kind)

    def conclude(
        self,
        series: Mapping[str, Float[np.ndarray, "chain draw"]],
        far: Mapping[str, Float[ArrayLike, "draw 2"]],
        log_weights: np.ndarray | None = None,
        *,
        kind: Kind = Kind.CHAINS,
    ) -> IdentityOutcome:
        """The outcome, from what was measured on draws.

        Args:
            series: The terms of `Residual` on every draw, shape (chain, draw), by name.
            far: What `at_infinity` gives on some draws, shape (draw, 2), by site.
            log_weights: Log weights of the draws, shape (chain, draw), if they have any.
            kind: What the draws are.

        Raises:
            ValueError: If draws of that kind have no weights, or need them.
        """
        kind = Kind(kind)
        if kind.weighted != (log_weights is not None):
            words = "need log_weights" if kind.weighted else "have no log_weights: say kind='free' or 'populations'"
            raise ValueError(f"draws of kind {kind.value!r} {words}")
        estimates = estimate(series, None, log_weights, independent=kind.independent)
        return IdentityOutcome(estimates, _lost(far, estimates))

    def _on_all(self, function: Callable[[Array], Any], positions: Array) -> Any:
        return jax.jit(lambda all: jax.lax.map(function, all, batch_size=self._group))(positions)

    def _real(self, returned: Any, values: Values) -> Array:
        del values
        value = jnp.asarray(self.functional(returned))
        if jnp.iscomplexobj(value):
            raise VectorFieldError("the observable of an identity is complex: take its real or imaginary part")
        return value


def _lost(far: Mapping[str, Any], terms: Mapping[str, Estimate]) -> dict[str, float]:
    """Sites through which something leaves at infinity, and how much."""
    size = max(abs(float(terms[name].value)) for name in ("anomaly", "change", "flux"))
    lost = {}
    for site, values in far.items():
        near, farther = np.mean(np.asarray(values), axis=0)
        if not abs(farther) <= max(NOT_VANISHING * abs(near), NOTICED * size):
            lost[site] = float(farther)
    return lost
