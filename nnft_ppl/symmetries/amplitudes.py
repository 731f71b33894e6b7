r"""Ward identities with the Gaussian amplitudes averaged by hand, draw by draw of everything else.

Where insertions L_k = m_k + h_k·z and their changes V(L_k) are linear in amplitudes z ~ N(0, I), and the breaking
function is quadratic, B = B_0 + b·z + ½ zᵀHz, Wick's theorem gives

    E_z[L_1 ⋯ L_n] = m_1 E_z[L_2 ⋯ L_n] + Σ_{k>1} (h_1·h_k) E_z[the others]
    E_z[B L_1 ⋯ L_n] = (B_0 + ½ Tr H) E_z[L_1 ⋯ L_n] + Σ_k (b·h_k) E_z[without k] + Σ_{j<k} h_jᵀH h_k E_z[without j, k]

and V(L_1 ⋯ L_n) = Σ_k V(L_k) Π_{j≠k} L_j the change. What a draw of the amplitudes would add is noise alone. That B and
V(L) are such polynomials is looked at on every draw. It wants an action in which the amplitudes do not occur.

Source: derived in docs/theory/symmetries.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.identities.current import Carried, Current
from nnft_ppl.identities.smoothness import Dependence, dependences
from nnft_ppl.observables import Observable, aligned, read_off
from nnft_ppl.theory import Theory

Rows = list[list[tuple[int, ...]]]
"""Of each product and each of its entries, the numbers of its factors."""

_TINY = 1e-300


class Averages(NamedTuple):
    """Averages over the amplitudes of every product, shape (product,), real or complex."""

    functional: Array
    """E_z[F]."""
    change: Array
    """E_z[V(F)]."""
    breaking: Array
    """E_z[B F]."""
    missed: Array
    """By how much B or a V(L) of this draw is none of the polynomials, in units of their terms. Scalar."""


def averages_flux(theory: Theory, current: Current, sites: tuple[str, ...], bounded: tuple[str, ...]) -> bool:
    """Whether a flux is averaged over the amplitudes where its F is: they occur in nothing else.

    Moved to an edge, a draw has the weight P(θ')/P(θ). It must be without the amplitudes, so that their law must not
    depend on other sites, nor the law of these on them; and so must the component of V that crosses the edge.

    Args:
        theory: The theory.
        current: Of the vector field, on parameters.
        sites: The amplitudes, in which the action does not occur.
        bounded: The sites with edges.
    """
    coordinates = jax.eval_shape(theory.split, jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0)))
    of_laws = _sites_of(lambda given: dict(theory.at_sites(given).values), coordinates)
    values = jax.eval_shape(lambda given: dict(theory.at_sites(given).values), coordinates)
    of_components = _sites_of(current.components, values)
    amplitudes = frozenset(sites)
    own = all(of_laws[name] <= amplitudes for name in sites)
    others = all(not of_laws[name] & amplitudes for name in of_laws if name not in amplitudes)
    return own and others and all(not of_components[name] & amplitudes for name in bounded)


def _sites_of(function: Callable[[dict[str, Array]], dict[str, Array]], given: dict[str, Array]) -> dict:
    """Which entries of its argument each entry of a function's value depends on, by name."""
    program, shapes = jax.make_jaxpr(function, return_shape=True)(given)
    found = dependences(program.jaxpr, [Dependence(frozenset({name})) for name in sorted(given)])
    return dict(zip(sorted(shapes), (one.sites for one in found), strict=True))


class AmplitudeAverage:
    """The averages of products of insertions, of their change along a vector field, and with its breaking function.

    Args:
        theory: The theory.
        current: Of the vector field.
        products: Observables with factors, by name.
        sites: The amplitudes, see `free_amplitudes`.
    """

    def __init__(
        self, theory: Theory, current: Current, products: Mapping[str, Observable], sites: tuple[str, ...]
    ) -> None:
        self.theory, self.current, self.sites = theory, current, sites
        self.products = list(products.values())
        self.insertions = list(dict.fromkeys(one for product in self.products for one in product.insertions))

    def __call__(
        self, position: Float[Array, "dimension"], functional: Callable[[Any, Mapping[str, Array]], Array]
    ) -> tuple[Averages, Carried]:
        """The averages at one draw of the rest, and what the vector field does to this very draw.

        Args:
            position: z, shape (dimension,).
            functional: Further functionals of the draw, which are not averaged.
        """
        rows: Rows = []
        amplitudes, put = self._amplitudes(position)
        size = amplitudes.size

        def both(returned: Any, values: Mapping[str, Array]) -> Any:
            return functional(returned, values), self._read(returned, rows)

        def carried(many: Array) -> Carried:
            return jax.vmap(lambda one: self.current.carry(put(one), both))(many)

        # Polynomials of second order are known from their values: no derivative of B has to be compiled.
        units = jnp.eye(size, dtype=amplitudes.dtype)
        first = carried(jnp.concatenate([jnp.zeros((1, size), units.dtype), units, -units]))
        constant, plus, minus = first.breaking[0], first.breaking[1 : size + 1], first.breaking[size + 1 :]
        linear = jnp.concatenate([first.functional[1], first.change[1]], axis=1)
        means, features = linear[0], (linear[1 : size + 1] - linear[0]).T
        curvature, slope = plus + minus - 2 * constant, 0.5 * (plus - minus)
        count = first.functional[1].shape[1]
        own = features[:count]
        parts = jnp.concatenate([own.real, own.imag]) if jnp.iscomplexobj(own) else own
        ends = np.triu_indices(len(parts))
        along = jnp.stack([amplitudes, -amplitudes, 2 * amplitudes])
        second = carried(jnp.concatenate([along, parts, parts[ends[0]] + parts[ends[1]]]))
        here, mirrored, twice = second.breaking[:3]
        single, paired = second.breaking[3 : len(parts) + 3], second.breaking[len(parts) + 3 :]
        curved = jnp.zeros((len(parts),) * 2, paired.dtype)
        curved = curved.at[ends].set(paired - single[ends[0]] - single[ends[1]] + constant)
        curved = curved + jnp.triu(curved, 1).T
        if jnp.iscomplexobj(own):
            (real, across), (_, imaginary) = [jnp.split(half, 2, axis=1) for half in jnp.split(curved, 2)]
            curved = real - imaginary + 1j * (across + across.T)
        legs = _Legs(means, features, own @ slope, curved)
        mean = constant + 0.5 * jnp.sum(curvature)
        entries = [entry for product in rows for entry in product]
        # Of a redundancy V(L) is rounding alone: what is small beside the terms that cancel in it is no failure.
        rate = self.current.rate(position)
        largest = jnp.max(jnp.abs(second.functional[1][0]), initial=0.0)
        straight = (second.change[1][0], -means[count:], -features[count:] @ amplitudes)
        averages = Averages(
            jnp.stack([legs.wick(entry) for entry in entries]),
            jnp.stack([legs.change(entry, count) for entry in entries]),
            jnp.stack([mean * legs.wick(entry) + legs.with_breaking(entry) for entry in entries]),
            jnp.maximum(
                _relative(twice, -3 * here, 3 * constant, -mirrored, least=rate),
                jnp.max(_relative(*straight, least=rate * largest), initial=0.0),
            ),
        )
        draw: Carried = jax.tree.map(lambda part: part[0], second._replace(
            functional=second.functional[0], change=second.change[0]
        ))  # fmt: skip
        return averages, draw

    def at(self, values: Mapping[str, Array]) -> Array:
        """E_z[F] of every product at given parameters, whose amplitudes are left out; shape (product,).

        Args:
            values: θ by stored name.
        """
        density = self.current.density
        assert density is not None
        rows: Rows = []
        amplitudes, put = self._amplitudes(jnp.zeros(self.theory.dimension))

        def insertions(amplitudes: Array) -> Array:
            own = self.theory.transport(put(amplitudes))
            there = density.at({**values, **{name: own[name] for name in self.sites}})
            return self._read(there.returned, rows)

        means, push = jax.linearize(insertions, jnp.zeros_like(amplitudes))
        features = jax.vmap(push, out_axes=1)(jnp.eye(amplitudes.size, dtype=amplitudes.dtype))
        legs = _Legs(means, features)
        return jnp.stack([legs.wick(entry) for product in rows for entry in product])

    def _amplitudes(self, position: Array) -> tuple[Array, Callable[[Array], Array]]:
        parts = self.theory.split(position)
        amplitudes, unravel = ravel_pytree({name: parts[name] for name in self.sites})

        def put(amplitudes: Array) -> Array:
            moved = position
            for name, value in unravel(amplitudes).items():
                moved = moved.at[self.theory.groups[name]].set(value)
            return moved

        return amplitudes, put

    def _read(self, returned: Any, rows: Rows) -> Array:
        """Values of all insertions; which of them make up each entry of each product goes to `rows`."""
        found = read_off(self.insertions, returned)
        place = {one: at for at, one in enumerate(self.insertions)}
        for product in [] if rows else self.products:
            factors = [place[one] for one in product.insertions]
            rows.append(_entries([found.rows[one] for one in factors], [found.axes[one] for one in factors]))
        return found.values


class _Legs:
    """Moments of linear functions of the amplitudes, by the numbers of the functions."""

    def __init__(self, means: Array, features: Array, slopes: Array | None = None, curved: Array | None = None) -> None:
        self.means, self.pairs = means, features @ features.T
        if slopes is not None and curved is not None:
            self.slopes, self.curved = slopes, curved
        self._known: dict[tuple[int, ...], Array] = {(): jnp.ones((), means.dtype)}

    def wick(self, entry: tuple[int, ...]) -> Array:
        """E_z[Π L]."""
        entry = tuple(sorted(entry))
        if entry not in self._known:
            first, rest = entry[0], entry[1:]
            total = self.means[first] * self.wick(rest)
            for at, other in enumerate(rest):
                total = total + self.pairs[first, other] * self.wick(rest[:at] + rest[at + 1 :])
            self._known[entry] = total
        return self._known[entry]

    def change(self, entry: tuple[int, ...], count: int) -> Array:
        """E_z[Σ_k V(L_k) Π others]; the change of L_k has the number k + count."""
        return sum(
            (self.wick((*entry[:k], one + count, *entry[k + 1 :])) for k, one in enumerate(entry)),
            start=jnp.zeros((), self.means.dtype),
        )

    def with_breaking(self, entry: tuple[int, ...]) -> Array:
        """E_z[(b·z + ½ (zᵀHz − Tr H)) Π L]."""
        total = jnp.zeros((), self.means.dtype)
        for k, one in enumerate(entry):
            total = total + self.slopes[one] * self.wick((*entry[:k], *entry[k + 1 :]))
            for j in range(k):
                rest = tuple(other for at, other in enumerate(entry) if at not in (j, k))
                total = total + self.curved[entry[j], one] * self.wick(rest)
        return total


def _relative(*terms: Array, least: Array) -> Array:
    """|Σ terms| in units of their sizes, of the largest of which where there are many, and of `least` at least."""
    size = sum(jnp.abs(term) for term in terms)
    return jnp.abs(sum(terms)) / jnp.maximum(jnp.maximum(jnp.max(size, initial=0.0), least), _TINY)


def _entries(rows: Sequence[np.ndarray], axes: Sequence[int]) -> list[tuple[int, ...]]:
    """The numbers of the factors of each entry of a product, entries in row-major order."""
    whole = np.broadcast_arrays(*[np.asarray(one) for one in aligned(list(rows), list(axes))])
    return list(zip(*(np.ravel(one).tolist() for one in whole), strict=True))
