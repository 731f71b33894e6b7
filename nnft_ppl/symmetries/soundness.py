"""Whether declared symmetries fit their model, before anything is sampled."""

import jax
import numpy as np

from nnft_ppl.display import in_a_row
from nnft_ppl.identities import VectorFieldError
from nnft_ppl.symmetries.discrete import PILOT, Invariance
from nnft_ppl.symmetries.generators import Generator, declared, generators
from nnft_ppl.symmetries.lift import lift_defect
from nnft_ppl.symmetries.symmetry import Symmetry, SymmetryError
from nnft_ppl.theory import Theory

ROUNDING = 1e8
"""So many rounding units are no defect of a lift; one that is found by an inverse Jacobian has lost as many digits."""


def symmetries_fit(theory: Theory) -> tuple[bool, str]:
    """Whether every lift does what its field action says on some free draws, and every map leads to its image.

    Args:
        theory: The model, read.

    Returns:
        Whether they do, and words.
    """
    keys = jax.random.split(jax.random.key(0), PILOT)
    positions = jax.jit(jax.vmap(theory.free_draw))(keys)
    missed: dict[str, float] = {}
    try:
        for name, one in declared(theory).items():
            if isinstance(one, Symmetry):
                missed[name] = max(_defect(theory, own, positions) for own in generators(theory, name, one))
            else:
                terms = jax.jit(jax.vmap(Invariance(theory, name, one)))(positions)
                missed[name] = float(np.max(terms["lift_missed"])) / max(float(np.max(terms["lift_size"])), 1e-30)
    except (SymmetryError, VectorFieldError) as error:
        return False, str(error)
    bound = ROUNDING * float(np.finfo(positions.dtype).eps)
    if wrong := {name: size for name, size in missed.items() if not size <= bound}:
        words = in_a_row([f"{name} by {size:.2g}" for name, size in wrong.items()])
        return False, f"symmetries: the field does not change as it should under {words} of its size"
    return True, f"symmetries: the field changes as it should under {in_a_row(list(missed))}"


def _defect(theory: Theory, one: Generator, positions: jax.Array) -> float:
    """The largest |Vφ − δφ| of any draw, in units of the terms that should cancel."""
    found = jax.jit(jax.vmap(lift_defect(one.name, theory, one.current, one.variation, one.points)))(positions)
    size = float(np.max(found.size))
    return float(np.max(np.abs(found.missed))) / size if size > 0 else 0.0
