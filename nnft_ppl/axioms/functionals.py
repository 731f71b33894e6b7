r"""Functionals of fields behind a mirror: families of products of the fields' values at a few times, ever larger ones.

    {φ(t_i)},   {1, φ(t_i) φ(t_j)},   {φ(t_i), φ(t_i) φ(t_j) φ(t_k)}

Odd and even products are apart, as a symmetry φ → −φ would have it. A complex field counts as two real ones, its parts:
with a real density real combinations of these lose nothing. Networks of finite width may be positive in the first
family and not in the third (docs/axioms.md), so that one family is never enough.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

MOST_COMPONENTS = 3
"""Real components of all fields that are looked at: the first ones."""
MOST = 24
"""Functionals in a family of products; of more there would be, fewer times and components are taken."""
DEGREES = {"φ": 1, "φφ": 2, "φφφ": 3}
"""Families by name, and how many fields are multiplied at most."""


@dataclass(frozen=True)
class Family:
    """Products of letters, the values of some components at some times.

    Attributes:
        name: Such as `φφ`.
        products: Of each functional the numbers of its letters, in increasing order; none for the functional 1.
    """

    name: str
    products: tuple[tuple[int, ...], ...]

    def __call__(self, letters: Float[np.ndarray, "*draw letter"]) -> Float[np.ndarray, "*draw functional"]:
        """The functionals of every draw.

        Args:
            letters: Values of the letters, shape (*draw, letter).

        Returns:
            Their values, shape (*draw, functional).
        """
        found = np.empty((*letters.shape[:-1], len(self.products)))
        for at, product in enumerate(self.products):
            found[..., at] = 1.0 if not product else letters[..., product[0]]
            for letter in product[1:]:
                found[..., at] *= letters[..., letter]
        return found

    def words(self, letters: Sequence[str]) -> list[str]:
        """Every functional as a formula.

        Args:
            letters: What letters are called.
        """
        found = []
        for product in self.products:
            powers = [(letters[letter], len(list(same))) for letter, same in itertools.groupby(product)]
            found.append(" ".join(word + ("", "", "²", "³")[power] for word, power in powers) or "1")
        return found


def families(components: int, times: int) -> list[Family]:
    """The families at some times; the letter of component c at the time i has the number c + i·components.

    Args:
        components: How many real components the fields have.
        times: How many times there are.
    """
    found = []
    for name, degree in DEGREES.items():
        letters = _letters(components, times, degree)
        products: list[tuple[int, ...]] = []
        for factors in range(degree % 2, degree + 1, 2):
            products += itertools.combinations_with_replacement(letters, factors)
        found.append(Family(name, tuple(products)))
    return found


def _letters(components: int, times: int, degree: int) -> list[int]:
    """All letters; for products those of evenly chosen times, and of the first components, that are not too many."""
    if degree == 1:
        return list(range(components * times))
    for kept in range(components, 0, -1):
        for some in range(times, min(times, 2) - 1, -1):
            if _number(kept * some, degree) <= MOST or (kept == 1 and some <= 2):
                chosen = np.unique(np.linspace(0, times - 1, some).round().astype(int))
                return [int(time) * components + one for time in chosen for one in range(kept)]
    raise AssertionError("one component at one time is always few")


def _number(letters: int, degree: int) -> int:
    counts = (
        len(list(itertools.combinations_with_replacement(range(letters), n))) for n in range(degree % 2, degree + 1, 2)
    )
    return sum(counts)


def real_components(fields: Mapping[str, Callable], point: Float[np.ndarray, " dim"]) -> list[str]:
    """Names of the real components that are looked at, such as `φ`, `Re φ` or `φ₂`; at most `MOST_COMPONENTS`.

    Args:
        fields: Fields by name, to be called inside a trace.
        point: Where they may be evaluated.
    """
    names: list[str] = []
    for name, phi in fields.items():
        value = jax.eval_shape(phi, jnp.asarray(point))
        word = "φ" if name == "field" else name.removeprefix("field.")
        indices = list(np.ndindex(value.shape))
        labels = [word + (f"[{','.join(map(str, index))}]" if index else "") for index in indices]
        parts = ("Re ", "Im ") if jnp.issubdtype(value.dtype, jnp.complexfloating) else ("",)
        names += [part + label for label in labels for part in parts]
    return names[:MOST_COMPONENTS]


def values_at(
    fields: Mapping[str, Callable], points: Float[np.ndarray, "point dim"]
) -> Float[Array, "point component"]:
    """Real components of all fields at some points, in the order of `real_components`.

    Args:
        fields: Fields by name.
        points: The points.
    """
    columns: list[Any] = []
    for phi in fields.values():
        if len(columns) >= MOST_COMPONENTS:
            break
        values = jax.vmap(phi)(jnp.asarray(points))
        for index in np.ndindex(values.shape[1:]):
            one = values[(slice(None), *index)]
            columns += [one.real, one.imag] if jnp.iscomplexobj(one) else [one]
    return jnp.stack(columns[:MOST_COMPONENTS], axis=-1)


def time_words(components: Sequence[str], times: Sequence[float]) -> list[str]:
    """What the letters are called: component and time, in the order of the letters.

    Args:
        components: Names of the real components.
        times: The times.
    """
    return [f"{name}({time:.3g})" for time in times for name in components]
