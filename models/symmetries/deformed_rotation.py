r"""A linear layer with a rotation-invariant quartic in its density.

    φ(x) = W x,    W ∈ R^{rows × columns},    density ∝ exp(−Tr WᵀW/σ² − λ · quartic)

The quartic is read in one of two ways, which agree only for one row or one column:
`radial`: (Tr WᵀW)², a function of the length of W alone; `matrix`: Tr[(WᵀW)²], the fourth powers of singular values.
Control: `quartic="entrywise"`, Σ W_ij⁴, is not invariant under rotations, and has other moments.
At λ = 0 entries have variance σ²/2. All readings obey 2⟨Tr WᵀW⟩/σ² + 4λ⟨quartic⟩ = rows·columns.

Symmetries: `rotation`, φ(x) -> φ(x) + φ(Ax) by W -> W + WA; `output_rotation`, W -> W + TW.

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
from nnft_ppl.symmetries import Symmetry, rotations

QUARTICS = {
    "radial": lambda weight: jnp.sum(weight**2) ** 2,
    "matrix": lambda weight: jnp.sum((weight @ weight.T) ** 2),
    "entrywise": lambda weight: jnp.sum(weight**4),
}


def model(rows=2, columns=3, sigma_squared=2.0, coupling=0.1, quartic="radial"):
    """Independent Gaussian entries with a quartic action."""
    require_count("deformed_rotation", "rows", rows)
    require_count("deformed_rotation", "columns", columns)
    require_positive("deformed_rotation", "sigma_squared", sigma_squared)
    require_non_negative("deformed_rotation", "coupling", coupling)  # below zero the density has no norm
    require_choice("deformed_rotation", "quartic", quartic, tuple(QUARTICS))
    with numpyro.plate("column", columns, dim=-1), numpyro.plate("row", rows, dim=-2):
        weight = numpyro.sample("weight", dist.Normal(0, math.sqrt(sigma_squared / 2)))
    numpyro.factor("quartic", -coupling * QUARTICS[quartic](weight))
    return Linear(jnp.asarray(weight))


def space(columns):
    """Points x have one coordinate per column; the field is not integrated over them."""
    return Box(2.0, columns, points=2)


def observables(quartic):
    """Entry averages of w² and w⁴, the trace of WᵀW, and the quartic."""
    functionals = {
        "weight_squared": lambda phi: jnp.mean(phi.weight**2),
        "weight_fourth": lambda phi: jnp.mean(phi.weight**4),
        "trace": lambda phi: jnp.sum(phi.weight**2),
        "quartic_trace": lambda phi: QUARTICS[quartic](phi.weight),
    }
    return {name: Observable(function).in_units("1") for name, function in functionals.items()}


def symmetries(rows, columns):
    """Rotations of x, and of the field's components: exact unless the quartic is entrywise, broken by its action."""
    x, y = jnp.resize(jnp.array([1.0, 0.5, -0.7]), columns), jnp.resize(jnp.array([-0.4, 1.2]), columns)

    def products(phi):
        first, second = phi(x)[0], phi(y)[-1]
        return jnp.stack([first * second, first**3 * second])

    def rotation(size, action, lift):
        turns = [jnp.asarray(one) for one in rotations(size)]
        return Symmetry(
            [lambda phi, x, turn=turn: action(phi, x, turn) for turn in turns],
            [lambda theta, turn=turn: {"weight": lift(theta["weight"], turn)} for turn in turns],
            points=[x, y],
            functionals={"φ₁(x)φₙ(y), φ₁(x)³φₙ(y)": Observable(products)},
        )

    found = {}
    if columns > 1:
        found["rotation"] = rotation(columns, lambda phi, x, turn: phi(turn @ x), lambda w, turn: w @ turn)
    if rows > 1:
        found["output_rotation"] = rotation(rows, lambda phi, x, turn: turn @ phi(x), lambda w, turn: turn @ w)
    return found


def exact(rows, columns, sigma_squared, coupling, quartic):
    """Moments by one-dimensional (radial, entrywise) or singular-value (matrix, up to three) integrals."""
    if quartic == "entrywise":  # independent entries
        entries, one = rows * columns, radial_moments(1, 1, sigma_squared, coupling)
        return {
            "weight_squared": one.weight_squared,
            "weight_fourth": one.weight_fourth,
            "trace": entries * one.weight_squared,
            "quartic_trace": entries * one.weight_fourth,
        }
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


def control(rows, columns, quartic):
    """The fourth powers of the entries, which are not invariant under rotations."""
    if rows * columns == 1:  # all readings agree
        return {}
    return {"quartic": "radial" if quartic == "entrywise" else "entrywise"}
