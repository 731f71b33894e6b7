r"""The super-divergence: what a vector field that moves Grassmann weights, too, does to their measure.

    sdiv V = Σ_i ∂V^i/∂θ^i − Σ_a ∂V^a/∂η^a

The measure dη of Grassmann weights scales inversely: under η → (1 + εX) η it gets det(1 + εX)^{−1}, so that the linear
field V = Xη has the super-divergence −Tr X. It stands where the divergence of parameters stands, in the breaking
function A_V = sdiv V + V(ln P); with the wrong sign no Ward identity of a fermion holds, and no critical dimension.

Source: Berezin's change of variables; derived in docs/theory/fermions.md.
"""

from collections.abc import Callable, Collection, Mapping

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike

from nnft_ppl.identities.vector_fields import Values, VectorFieldError, complete, divergence

_ALIKE = 1e-5


def super_divergence(
    function: Callable[[Values], Mapping[str, Array]], point: Mapping[str, ArrayLike], grassmann: Collection[str]
) -> Array:
    """Σ_i ∂V^i/∂θ^i − Σ_a ∂V^a/∂η^a of an even vector field, linear in its Grassmann weights.

    No Grassmann number is in memory: as V is linear in them, with coefficients that may depend on the other parameters,
    commuting numbers of the same shapes stand for them, whose values do not matter.

    Args:
        function: {name: value} -> {name: component}, as of a `ParameterField`; what it leaves out does not move.
        point: Where: parameters, and stand-ins for the Grassmann weights, such as zeros.
        grassmann: Names of the Grassmann weights.

    Returns:
        A scalar; exact up to 512 coordinates, an unbiased estimate beyond.

    Raises:
        VectorFieldError: If a name or shape does not fit; or if V is not linear in the Grassmann weights, or moves
            other parameters by them (looked at where values are known, that is outside `jax.jit`).

    Example:
        >>> ghosts = {"b": jnp.zeros(5), "c": jnp.zeros(5)}
        >>> float(super_divergence(lambda one: {"b": one["b"], "c": -2 * one["c"]}, ghosts, ("b", "c")))
        5.0
    """
    values = {name: jnp.asarray(value, jnp.result_type(float)) for name, value in point.items()}
    if unknown := set(grassmann) - set(values):
        raise VectorFieldError(f"super_divergence: no parameter {sorted(unknown)}; there are {sorted(values)}")
    weights = {name: jnp.zeros_like(values[name]) for name in grassmann}
    others = {name: value for name, value in values.items() if name not in weights}

    def moved(changed: Values) -> dict[str, Array]:
        every = {**others, **weights, **changed}
        return complete("super_divergence", function(every), every)

    _require_linear(moved, weights)
    total = jnp.zeros(())
    for sign, part in ((1, others), (-1, weights)):
        if part:
            total += sign * divergence(lambda point: {name: moved(point)[name] for name in point}, part)
    return total


def _require_linear(moved: Callable[[Values], dict[str, Array]], weights: Values) -> None:
    """Raise `VectorFieldError` unless V(2η) = 2 V(η) along the Grassmann weights, and V alike along the others."""
    rng = np.random.default_rng(0)
    stand_ins = {name: jnp.asarray(rng.normal(size=value.shape)) for name, value in weights.items()}
    once, twice = moved(stand_ins), moved({name: 2 * value for name, value in stand_ins.items()})
    if any(isinstance(one, Tracer) for one in (*once.values(), *twice.values())):
        return
    for name, component in once.items():
        factor = 2 if name in weights else 1
        if not np.allclose(factor * component, twice[name], rtol=_ALIKE, atol=_ALIKE):
            wanted = "is not linear in" if name in weights else "moves by"
            raise VectorFieldError(
                f"super_divergence: the component of {name!r} {wanted} the Grassmann weights {sorted(weights)}; only "
                "fields whose components are linear in them, of weights, and free of them, of others, have one here"
            )
