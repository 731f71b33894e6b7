r"""Permutation symmetry: E[φ(x_1) ⋯ φ(x_n)] is the same in every order of its arguments.

Fields of commuting numbers have it on every draw, so that this is a test of what computes them: fields at points that
are handed over in another order, and every declared product of insertions with its factors in another order, must give
the same numbers to rounding. What fails it is a field that remembers, or an observable whose factors are not its own.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.axioms.judged_draws import JudgedDraws
from nnft_ppl.observables import Observable, product
from nnft_ppl.theory import Reading, Theory, named_fields

MOST_DECLARED = 8
"""Declared products that are looked at, the first ones."""
MOST_VALUES = 4096
"""Larger ones are left out."""


class PermutationSymmetry:
    """Values in two orders.

    Args:
        theory: The theory.
        points: Where fields are looked at, shape (point, dim).

    Attributes:
        declared: The declared products of insertions that are looked at, by name.
    """

    def __init__(self, theory: Theory, points: Float[np.ndarray, "point dim"]) -> None:
        self.points = np.asarray(points, float)
        products = {
            name: one
            for name, one in theory.observables.items()
            if type(one) is Observable and len(one.insertions) > 1 and np.prod(theory.shapes[name]) <= MOST_VALUES
        }
        self.declared = dict(list(products.items())[:MOST_DECLARED])

    def read(self, reading: Reading) -> dict[str, Array]:
        """By how much orders differ on one draw.

        Args:
            reading: The draw.

        Returns:
            `NAME.missed` and `NAME.size`, the largest difference and the largest value, scalars: of the fields' values
            (`field`, `field.NAME`) and of the declared products.
        """
        order = np.roll(np.arange(len(self.points))[::-1], 1)
        back = np.argsort(order)
        found = {}
        for name, field in named_fields(reading.returned).items():
            here = jax.vmap(field)(jnp.asarray(self.points))
            found |= _compared(name, here, jax.vmap(field)(jnp.asarray(self.points[order]))[back])
        for name, one in self.declared.items():
            found |= _compared(f"observable.{name}", one.on(reading), _in_another_order(one).on(reading))
        return found

    def conclude(self, series: Mapping[str, Float[ndarray, "chain draw"]], draws: JudgedDraws) -> dict[str, Any]:
        """The findings, plain values.

        Args:
            series: What `read` gave on every draw, shapes (chain, draw).
            draws: What the draws are.

        Returns:
            `verdict` (`kept`, `broken` or `undecided`), `text`, and `rows`: `observable`, and what it `missed` in units
            of its largest value.
        """
        rows = []
        for key in (one.removesuffix(".missed") for one in series if one.endswith(".missed")):
            missed, size = (float(np.max(series[f"{key}.{end}"])) for end in ("missed", "size"))
            rows.append(
                {"observable": key.removeprefix("observable."), "missed": missed / size if size > 0 else missed}
            )
        lost = [row["observable"] for row in rows if not np.isfinite(row["missed"])]
        broken = [row["observable"] for row in rows if row["missed"] > draws.rounding]
        largest = max((row["missed"] for row in rows if np.isfinite(row["missed"])), default=0.0)
        if broken:
            verdict, text = (
                "broken",
                f"{' and '.join(broken)} change with the order of arguments, by up to {largest:.2g}",
            )
        elif lost:
            verdict, text = "undecided", f"{' and '.join(lost)} are not finite on some draws"
        else:
            verdict, text = (
                "kept",
                f"to rounding on every draw, in {len(rows)} {'orders' if len(rows) > 1 else 'order'}",
            )
        return {"verdict": verdict, "text": text, "rows": rows}


def _compared(name: str, here: Array, there: Array) -> dict[str, Array]:
    return {
        f"{name}.missed": jnp.max(jnp.abs(here - there), initial=0.0),
        f"{name}.size": jnp.max(jnp.abs(here), initial=0.0),
    }


def _in_another_order(observable: Observable) -> Observable:
    first, *rest = observable.insertions
    return product(*rest, first)
