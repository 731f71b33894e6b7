r"""A linear layer with a rotation-invariant quartic in its density.

    φ(x) = W x,    W ∈ R^{rows × columns},    density ∝ exp(−Tr WᵀW/σ² − λ · quartic)

The quartic is read in one of two ways, which agree only for one row or one column:
`radial`: (Tr WᵀW)², a function of the length of W alone; `matrix`: Tr[(WᵀW)²], the fourth powers of singular values.
At λ = 0 entries have variance σ²/2. Both readings obey 2⟨Tr WᵀW⟩/σ² + 4λ⟨quartic⟩ = rows·columns.

`quartic_trace` is the quartic of the chosen reading. W has no unit. Source: the λ-deformed rotation-invariant density
of arXiv:2106.00694; moments are derived in docs/theory/rotation.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_non_negative, require_positive
from nnft_ppl.exact import matrix_moments, radial_moments
from nnft_ppl.fields import Linear
from nnft_ppl.observables import Observable
from nnft_ppl.spaces import Box


def model(rows=2, columns=3, sigma_squared=2.0, coupling=0.1, quartic="radial"):
    """Independent Gaussian entries with a quartic action."""
    require_count("deformed_rotation", "rows", rows)
    require_count("deformed_rotation", "columns", columns)
    require_positive("deformed_rotation", "sigma_squared", sigma_squared)
    require_non_negative("deformed_rotation", "coupling", coupling)  # below zero the density has no norm
    require_choice("deformed_rotation", "quartic", quartic, ("radial", "matrix"))
    with numpyro.plate("column", columns, dim=-1), numpyro.plate("row", rows, dim=-2):
        weight = numpyro.sample("weight", dist.Normal(0, math.sqrt(sigma_squared / 2)))
    numpyro.factor("quartic", -coupling * quartic_of(weight, quartic))
    return Linear(jnp.asarray(weight))


def quartic_of(weight, quartic):
    """(Tr WᵀW)² or Tr[(WᵀW)²]."""
    return jnp.sum(weight**2) ** 2 if quartic == "radial" else jnp.sum((weight @ weight.T) ** 2)


def space(columns):
    """Points x have one coordinate per column; the field is not integrated over them."""
    return Box(2.0, columns, points=2)


def observables(quartic):
    """Entry averages of w² and w⁴, the trace of WᵀW, and the quartic."""
    functionals = {
        "weight_squared": lambda phi: jnp.mean(phi.weight**2),
        "weight_fourth": lambda phi: jnp.mean(phi.weight**4),
        "trace": lambda phi: jnp.sum(phi.weight**2),
        "quartic_trace": lambda phi: quartic_of(phi.weight, quartic),
    }
    return {name: Observable(function).in_units("1") for name, function in functionals.items()}


def exact(rows, columns, sigma_squared, coupling, quartic):
    """Moments by one-dimensional (radial) or singular-value (matrix, up to three) integrals."""
    if quartic == "matrix" and min(rows, columns) > 3:
        return {}
    moments = (radial_moments if quartic == "radial" else matrix_moments)(rows, columns, sigma_squared, coupling)
    quartic_trace = moments.trace_squared if quartic == "radial" else moments.quartic_trace
    return {
        "weight_squared": np.array(moments.weight_squared),
        "weight_fourth": np.array(moments.weight_fourth),
        "trace": np.array(moments.trace),
        "quartic_trace": np.array(quartic_trace),
    }
