"""Free draws of a theory, with what the axioms need of them: one program each."""

import jax
import numpy as np

CHAINS = 4


def measured(axioms, theory, key, draws):
    """What `axioms` measures, arrays of shape (CHAINS, draws, ...)."""
    keys = jax.random.split(key, CHAINS * draws)
    found = jax.jit(lambda all: jax.lax.map(lambda one: axioms(theory.free_draw(one)), all, batch_size=500))(keys)
    return {name: np.asarray(one).reshape(CHAINS, draws, *one.shape[1:]) for name, one in found.items()}


def concluded(axioms, theory, key, draws, **told):
    """What many free draws say."""
    return axioms.conclude(measured(axioms, theory, key, draws), independent=True, **told)


def part(findings, kind, functions):
    """Of one kind of motions and functions."""
    (found,) = [one for one in findings["parts"] if (one["kind"], one["functions"]) == (kind, functions)]
    return found


def row(findings, **named):
    """The row of that description."""
    (found,) = [one for one in findings["rows"] if all(one[key] == value for key, value in named.items())]
    return found
