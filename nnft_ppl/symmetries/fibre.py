r"""Fibre averages of breaking functions, and the local Noether currents that they are.

The fibre over a field is the set of parameters that give it, {θ : φ_θ = φ}. A functional F of the field sees of a
breaking function only its average over the fibre, E[B F] = E[E[B|φ] F], which is found here by regression,

    E[B|φ] ≈ Σ_k c_k f_k[φ],        c = M⁻¹ E[f B],    M_kl = E[f_k f_l]

on functionals f_k of the field. Of a vector field that does not move the field (a redundancy) it vanishes, and two
lifts of one δφ have the same. With ρ(x) δφ(x) in place of δφ(x), where the fields have the density exp(−S) with a local
S for which δφ is a symmetry, it is the divergence of the Noether current of S,

    δ_ρ S = ∫ J^μ ∂_μ ρ,        E[B_ρ|φ] = −∫ J^μ ∂_μ ρ = ∫ ρ ∂_μ J^μ,        E[∂_μ J^μ(x) F] = −E[δ_x F]

(and what the Jacobian of δφ adds, for δφ that are not traceless). `Symmetry.current` is ∫ J^μ ∂_μ ρ. On a lattice
∂_μ ρ is ρ(x + μ) − ρ(x); the current φ_1(x) φ_2(x + μ) − φ_2(x) φ_1(x + μ) of δφ_1 = φ_2, δφ_2 = −φ_1 is −J_μ(x).

Source: derived in docs/theory/symmetries.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float
from numpy import ndarray

from nnft_ppl.display import error_words
from nnft_ppl.observables import Observable, reads_parameters
from nnft_ppl.statistics import Estimate, TSquared, estimate, relative_weights, t_squared
from nnft_ppl.symmetries.generators import Generator, generators, places
from nnft_ppl.symmetries.lift import Points, field_values
from nnft_ppl.symmetries.symmetry import Rho, Symmetry, SymmetryError
from nnft_ppl.theory import Theory, named_fields

MOST_VALUES = 8
"""Values of fields whose products make the basis, unless one is given."""
RANK = 1e-10
"""Directions of functionals of unit size whose variance is below it are none of their own."""
SPARE = 20
"""So many more draws than functionals there are at least."""
ROUNDING = 1e4
"""So many rounding units of the breaking function are zero."""


@dataclass(frozen=True)
class FibreAverage:
    """E[B|φ] = Σ_k c_k f_k."""

    names: tuple[str, ...]
    """Of the functionals f_k."""
    coefficients: Estimate
    """c, shape (row,)."""
    expected: Estimate | None
    """c of what the fibre average should be, −∫ J^μ ∂_μ ρ or 0; None where nothing is known of it."""
    difference: Estimate | None
    """c of the difference of the two, on the same draws."""
    test: TSquared | None
    """E[(B − expected) f_k] = 0 for all k jointly."""
    explained: Estimate
    """Share of the variance of B that the fibre average explains, found on one half of the draws and looked at on the
    other; the rest of B is noise along the fibres."""


class FibreRegression:
    """What the fibre average of a generator's breaking function needs of one draw, and the regression on many.

    Of the theory `charged_ring`, its symmetry `phase` and a bump ρ, `local` gives a map of z to arrays, under `vmap`
    as well, and `fit` makes of those the current through the bump's links.

    Args:
        theory: The theory.
        generator: Whose.
        basis: Functionals of the field by name; None for 1, the fields at `points`, and products of two of these.
        points: Where fields are taken, shape (point, dim); None for the generator's, as many as `MOST_VALUES` values.
        expected: (what the model returns) -> what E[B|φ] should be; None for zero of a redundancy, and for no
            expectation of others.

    Attributes:
        names: Of the functionals.

    Raises:
        SymmetryError: If a functional cannot be computed, or reads parameters and so is none of the field.
    """

    def __init__(
        self,
        theory: Theory,
        generator: Generator,
        basis: Mapping[str, Observable] | None = None,
        points: Float[ArrayLike, "point dim"] | None = None,
        expected: Callable[[Any], Array] | None = None,
    ) -> None:
        self.theory, self.generator = theory, generator
        if expected is None and generator.variation is None:
            expected = _nothing
        self.expected = expected
        start = jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0))
        if basis is None:
            own = generator.points if points is None else places(theory, points)
            self.names, self._functionals = _products(theory, start, own, whole=points is not None)
            return
        names: list[str] = []
        for name, one in basis.items():
            if reads_parameters(one.function):
                raise SymmetryError(
                    f"fibre average of {generator.name!r}: functional {name!r} reads parameters; give functions of the "
                    "fields alone"
                )
            try:
                shape = jax.eval_shape(lambda z, one=one: _parts(one(theory.realise(z))), start).shape
            except Exception as error:  # whatever it is made of
                raise SymmetryError(
                    f"fibre average of {generator.name!r}: functional {name!r}: {error_words(error)}"
                ) from error
            names += [name] if shape == (1,) else [f"{name}[{at}]" for at in range(shape[0])]
        self.names = tuple(names)
        self._functionals = lambda returned: jnp.concatenate([_parts(one(returned)) for one in basis.values()])

    @classmethod
    def local(
        cls,
        theory: Theory,
        name: str,
        symmetry: Symmetry,
        rho: Rho,
        basis: Mapping[str, Observable] | None = None,
        points: Float[ArrayLike, "point dim"] | None = None,
    ) -> "FibreRegression":
        """Of ρ(x) δφ(x), beside the divergence of the current that is declared.

        Args:
            theory: The theory.
            name: Of the symmetry.
            symmetry: What is declared.
            rho: ρ, a real function of a point.
            basis: As for the class.
            points: As for the class.

        Raises:
            SymmetryError: As for the class, or if it is a redundancy or has several generators.
        """
        (generator,) = generators(theory, name, symmetry.local(rho))
        current = symmetry.current
        return cls(theory, generator, basis, points, None if current is None else lambda fields: -current(fields, rho))

    def __call__(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """What the regression needs of one draw.

        Args:
            position: z, shape (dimension,).

        Returns:
            `breaking`, B; `functionals`, f, shape (row,); `expected`, what the fibre average should be, if that is
            known.
        """

        def read(returned: Any, values: Mapping[str, Array]) -> Array:
            rows = self._functionals(returned)
            return rows if self.expected is None else jnp.append(rows, self.expected(returned))

        terms = self.generator.current.carry(position, read)
        found = {"breaking": terms.breaking, "functionals": terms.functional[: len(self.names)]}
        return found if self.expected is None else found | {"expected": terms.functional[-1]}

    def fit(
        self,
        measured: Mapping[str, Float[ArrayLike, "chain draw ..."]],
        log_weights: Float[ArrayLike, "chain draw"] | None = None,
        *,
        independent: bool = False,
    ) -> FibreAverage:
        """The regression on many draws.

        Errors are those of c as a function of means, without the assumption that the noise along the fibres is alike
        everywhere.

        Args:
            measured: What `__call__` says of every draw, shapes (chain, draw) and (chain, draw, row).
            log_weights: Natural logarithms of their weights, shape (chain, draw), if they have any.
            independent: Whether draws are known to be independent.

        Raises:
            ValueError: If there are too few draws.
        """
        breaking, rows = (np.asarray(measured[key], float) for key in ("breaking", "functionals"))
        if breaking.size < rows.shape[-1] + SPARE:
            raise ValueError(
                f"fibre average of {self.generator.name!r}: {breaking.size} draws for {rows.shape[-1]} functionals; "
                f"give at least {rows.shape[-1] + SPARE}"
            )
        log_weights = None if log_weights is None else np.asarray(log_weights, float)
        weights = np.ones(breaking.shape) if log_weights is None else relative_weights(log_weights)
        solve = _inverse(rows, weights)

        def coefficients(values: ndarray) -> Estimate:
            found = solve @ _mean(rows * values[..., None], weights)
            series = found + ((values - rows @ found)[..., None] * rows) @ solve
            return estimate({"c": series}, None, log_weights, independent=independent)["c"]

        explained = _explained(breaking, rows, weights, log_weights, independent=independent)
        if "expected" not in measured:
            return FibreAverage(self.names, coefficients(breaking), None, None, None, explained)
        expected = np.asarray(measured["expected"], float)
        difference = breaking - expected
        size = np.max(np.abs(breaking) + np.abs(expected), initial=0.0)
        difference = np.where(np.abs(difference) <= ROUNDING * np.finfo(float).eps * size, 0.0, difference)
        test = t_squared(difference[..., None] * rows, log_weights, independent=independent)
        both = coefficients(expected), coefficients(difference)
        return FibreAverage(self.names, coefficients(breaking), *both, test, explained)


def _products(
    theory: Theory, start: Any, points: Points, *, whole: bool
) -> tuple[tuple[str, ...], Callable[[Any], Array]]:
    """1, the fields at points and the products of two of these; of complex fields real and imaginary parts."""
    names: list[str] = []

    def look(position: Array) -> Array:
        for label, field in named_fields(returned := theory.realise(position)).items():
            value = jax.eval_shape(field, points[0])
            parts = ("Re ", "Im ") if jnp.issubdtype(value.dtype, jnp.complexfloating) else ("",)
            entries = [str(list(index)) if index else "" for index in np.ndindex(value.shape)]
            where = [", ".join(f"{number:.3g}" for number in point) for point in np.asarray(points)]
            called = "φ" + label.removeprefix("field")
            names.extend(f"{part}{called}{entry}({x})" for part in parts for x in where for entry in entries)
        return field_values(returned, points)

    shape = jax.eval_shape(look, start).shape
    assert shape == (len(names),)
    kept = list(range(len(names)))[: None if whole else MOST_VALUES]
    pairs = np.array(list(combinations_with_replacement(kept, 2)))

    def functionals(returned: Any) -> Array:
        values = field_values(returned, points)
        return jnp.concatenate([jnp.ones(1), values[np.array(kept)], values[pairs[:, 0]] * values[pairs[:, 1]]])

    products = [f"{names[i]}·{names[j]}" for i, j in pairs]
    return ("1", *(names[at] for at in kept), *products), functionals


def _nothing(returned: Any) -> Array:
    return jnp.zeros(())


def _parts(value: Any) -> Array:
    flat = jnp.ravel(jnp.asarray(value))
    return jnp.concatenate([flat.real, flat.imag]) if jnp.iscomplexobj(flat) else flat.astype(float)


def _mean(values: ndarray, weights: ndarray) -> ndarray:
    return np.tensordot(weights, values, 2) / weights.sum()


def _inverse(rows: ndarray, weights: ndarray) -> Float[ndarray, "row row"]:
    """M⁻¹, in the directions that are of their own."""
    gram = np.einsum("cd,cdi,cdj->ij", weights, rows, rows, optimize=True) / weights.sum()
    size = np.sqrt(np.diagonal(gram))
    size = np.where(size > 0, size, 1.0)
    return np.linalg.pinv(gram / np.outer(size, size), rcond=RANK, hermitian=True) / np.outer(size, size)


def _explained(breaking: ndarray, rows: ndarray, weights: ndarray, log_weights: Any, *, independent: bool) -> Estimate:
    """1 − E[(B − Σ c f)²]/Var B, each half of the draws with the c of the other."""
    missed = np.empty_like(breaking)
    chains, draws = breaking.shape
    first = np.zeros(breaking.shape, bool)
    first[: chains // 2 if chains > 1 else None, : None if chains > 1 else draws // 2] = True
    for half in (first, ~first):
        others, own = rows[~half][None], weights[~half][None]
        found = _inverse(others, own) @ _mean(others * breaking[~half][None, :, None], own)
        missed[half] = breaking[half] - rows[half] @ found
    spread = (breaking - _mean(breaking, weights)) ** 2
    if not np.max(spread) > 0:
        spread = np.ones_like(spread)
    share = {"share": lambda mean: 1 - mean["missed"] / mean["spread"]}
    series = {"missed": missed**2, "spread": spread}
    return estimate(series, share, log_weights, independent=independent)["share"]
