r"""Ward identities of a generator, E[V(F)] = −E[B F] + B[V, F], for several functionals F on the same draws.

Source: arXiv:2605.12488 states the identity; the flux B[V, F] is derived in docs/theory/identities.md.
"""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.identities.flux import Flux
from nnft_ppl.identities.parameter_density import real_values
from nnft_ppl.observables import Observable
from nnft_ppl.symmetries.amplitudes import AmplitudeAverage, averages_flux
from nnft_ppl.symmetries.generators import Generator
from nnft_ppl.symmetries.lift import lift_defect
from nnft_ppl.symmetries.symmetry import SymmetryError
from nnft_ppl.theory import Theory

TINY = 1e-30
ONE = "1"
"""Name of F = 1, the first row."""


class WardIdentities:
    """What the Ward identities of one generator need of one draw.

    Args:
        theory: The theory.
        generator: Field action, vector field, and points.
        functionals: F beside F = 1, by name; arrays and complex ones are taken apart.
        amplitudes: Sites that are averaged by hand in products of insertions; none for raw draws alone. Where a flux
            cannot be averaged so (`averages_flux`), nothing is.

    Attributes:
        rows: Names of the real numbers that are looked at, F = 1 first.
        averaged: Which of `rows` are averaged over the amplitudes.

    Raises:
        SymmetryError: If a functional cannot be computed.
    """

    def __init__(
        self,
        theory: Theory,
        generator: Generator,
        functionals: Mapping[str, Observable],
        amplitudes: tuple[str, ...] = (),
    ) -> None:
        self.theory, self.generator, self.functionals = theory, generator, dict(functionals)
        start = jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0))
        shapes: dict[str, Any] = {}
        for name, one in self.functionals.items():
            try:
                shapes[name] = jax.eval_shape(lambda z, one=one: one.on(theory.at(z)), start)
            except Exception as error:  # whatever it is made of
                raise SymmetryError(f"symmetry {generator.name!r}: functional {name!r}: {error}") from error
        self._complex = {name: jnp.issubdtype(shape.dtype, jnp.complexfloating) for name, shape in shapes.items()}
        self._shapes = {name: shape.shape for name, shape in shapes.items()}
        named = {name: _row_names(name, shape, is_complex=self._complex[name]) for name, shape in self._shapes.items()}
        self.rows = (ONE, *(row for rows in named.values() for row in rows))
        products = {name: one for name, one in self.functionals.items() if one.factors and type(one) is Observable}
        current = generator.current
        self._flux = current.flux(self._values)
        if amplitudes and self._flux and (bounded := self._flux.bounded):
            amplitudes = amplitudes if averages_flux(theory, current, amplitudes, bounded) else ()
        self._products = tuple(products) if amplitudes else ()
        self._average = AmplitudeAverage(theory, current, products, amplitudes) if self._products else None
        self.averaged = (False, *(name in self._products for name, rows in named.items() for _ in rows))
        self._defect = lift_defect(generator.name, theory, current, generator.variation, generator.points)
        self._averaged_flux: Flux | None = None
        if self._average:
            self._averaged_flux = current.flux(lambda returned, values: self._split(self._average_at(values)))

    def __call__(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """What the identities need of one draw.

        Args:
            position: z, shape (dimension,).

        Returns:
            `score`, `jacobian`, `action`, the parts of B; `functional`, `change`, `breaking`, `flux`, F, V(F), B F and
            the share of B[V, F], shape (row,), with `flux_size`, the sum of the sizes of what is in that share; change,
            breaking and flux again over the averaged rows as `averaged_change`, …,
            with `averaged_missed` (see `Averages.missed`); `lift_missed`, `lift_size` and `lift_place`, the largest
            |Vφ − δφ|, the size of its terms, and in which row of the fields' values; `lift_opposite`, the largest
            |Vφ + δφ| in units of these; `breaking_size`, that of the terms of V(ln P), or the rate of V where that is
            more; `far`, what leaves at infinity through each site at two
            distances, shape (site, 2, row).
        """
        averages = None
        if self._average:
            averages, terms = self._average(position, self._values)
        else:
            terms = self.generator.current.carry(position, self._values)
        found = {"score": terms.score, "jacobian": terms.jacobian, "action": terms.action}
        found |= {"functional": terms.functional, "change": terms.change}
        found["breaking"] = terms.breaking * terms.functional
        defect = self._defect(position)
        size = jnp.abs(defect.missed)
        found |= {"lift_missed": jnp.max(size), "lift_size": jnp.max(defect.size), "lift_place": jnp.argmax(size)}
        found["lift_opposite"] = jnp.max(jnp.abs(defect.opposite) / jnp.maximum(jnp.max(defect.size), TINY))
        # Inside flat laws V(ln P) has no terms, and what is left of B is rounding of V itself.
        found["breaking_size"] = jnp.maximum(defect.breaking_size, self.generator.current.rate(position))
        found["flux"] = found["flux_size"] = jnp.zeros_like(terms.change)
        if self._flux:
            values = real_values(self.theory, position)
            flux, size = self._flux.with_size(values)
            found |= {"flux": found["flux"] + flux, "flux_size": found["flux"] + size}
            if far := self._flux.at_infinity(values):
                found["far"] = jnp.stack([far[site] for site in sorted(far)])
        if averages:
            found["averaged_change"] = self._split(averages.change)
            found["averaged_breaking"] = self._split(averages.breaking)
            found["averaged_missed"] = averages.missed
            found["averaged_flux"] = jnp.zeros_like(found["averaged_change"])
            if self._averaged_flux:
                edges = self._averaged_flux.through_edges(real_values(self.theory, position))
                found["averaged_flux"] = found["averaged_flux"] + edges
        return found

    @property
    def far_sites(self) -> list[str]:
        """The sites of `far`, in order."""
        if self._flux is None:
            return []
        start = jax.eval_shape(self.theory.free_draw, jax.eval_shape(jax.random.key, 0))
        flux = self._flux
        return sorted(jax.eval_shape(lambda z: flux.at_infinity(real_values(self.theory, z)), start))

    def _values(self, returned: Any, values: Mapping[str, Array]) -> Array:
        """Every row's F."""
        found = [jnp.ones(1)]
        for name, one in self.functionals.items():
            value = jnp.ravel(one(returned, values))
            found += [value.real, value.imag] if self._complex[name] else [value]
        return jnp.concatenate(found)

    def _average_at(self, values: Mapping[str, Array]) -> Array:
        assert self._average is not None
        return self._average.at(values)

    def _split(self, products: Array) -> Array:
        """Entries of all averaged products as rows: real parts, and imaginary ones of what is complex."""
        rows, at = [], 0
        for name in self._products:
            count = math.prod(self._shapes[name])
            entries = products[at : at + count]
            at += count
            rows += [entries.real, entries.imag] if self._complex[name] else [entries.real]
        return jnp.concatenate(rows)


def _row_names(name: str, shape: tuple[int, ...], *, is_complex: bool) -> list[str]:
    """Names of the real numbers in an array: `NAME`, `NAME[0, 1]`, and of complex ones `Re` and `Im` of these."""
    entries = [f"{name}[{', '.join(map(str, index))}]" if index else name for index in np.ndindex(shape)]
    return [f"{part} {entry}" for part in ("Re", "Im") for entry in entries] if is_complex else entries
