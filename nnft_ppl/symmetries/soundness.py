"""Whether declared symmetries fit their model, before anything is sampled."""

import jax
import numpy as np

from nnft_ppl.display import in_a_row
from nnft_ppl.identities import VectorFieldError
from nnft_ppl.symmetries.discrete import PILOT, Invariance
from nnft_ppl.symmetries.generators import Generator, declared, generators
from nnft_ppl.symmetries.lift import lift_defect, lift_tolerance
from nnft_ppl.symmetries.symmetry import Symmetry, SymmetryError
from nnft_ppl.theory import Theory


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
    bounds: dict[str, float] = {}
    eps = float(np.finfo(positions.dtype).eps)
    try:
        for name, one in declared(theory).items():
            if isinstance(one, Symmetry):
                every = generators(theory, name, one)
                missed[name] = max(_defect(theory, own, positions) for own in every)
                bounds[name] = lift_tolerance(eps, solved=any(own.solved for own in every))
            else:
                bounds[name] = lift_tolerance(eps, solved=False)
                terms = jax.jit(jax.vmap(Invariance(theory, name, one)))(positions)
                missed[name] = float(np.max(terms["lift_missed"])) / max(float(np.max(terms["lift_size"])), 1e-30)
    except (SymmetryError, VectorFieldError) as error:
        return False, str(error)
    if wrong := {name: size for name, size in missed.items() if not size <= bounds[name]}:
        words = in_a_row([f"{name} by {size:.2g}" for name, size in wrong.items()])
        return False, f"symmetries: the field does not change as it should under {words} of its size"
    return True, f"symmetries: the field changes as it should under {in_a_row(list(missed))}"


def _defect(theory: Theory, one: Generator, positions: jax.Array) -> float:
    """The largest |Vφ − δφ| of any draw, in units of the terms that should cancel."""
    found = jax.jit(jax.vmap(lift_defect(one.name, theory, one.current, one.variation, one.points)))(positions)
    size = float(np.max(found.size))
    return float(np.max(np.abs(found.missed))) / size if size > 0 else 0.0
