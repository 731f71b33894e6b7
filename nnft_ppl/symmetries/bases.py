r"""Vector fields among which symmetries are looked for.

    linear_maps        θ[j]∂θ[i] on an axis of sites, or b∂a between sites of equal shape
    shifts             ∂θ
    translations       k_μ ∂c of phases c, k_μ b∂a of amplitudes a, b of cosine and sine, for momenta k
    mode_translation   Σ_n n (b_n∂a_n − a_n∂b_n) of Fourier amplitudes

Each has a constant divergence, which is known in closed form.

Source: the lifts of rotations, internal mixings and translations of arXiv:2605.12488, taken apart into their entries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.display import did_you_mean
from nnft_ppl.identities import ParameterField
from nnft_ppl.theory import Theory

MOST_ENTRIES = 4
"""The default basis holds linear maps of axes up to this length: the square of it are fields."""
MOST_SITES = 4
"""The default basis holds mixings of up to so many sites of one shape."""


class BasisError(ValueError):
    """A basis that does not fit the theory; the text says what to change."""


@dataclass(frozen=True)
class BasisField(ParameterField):
    """A vector field of a basis, whose divergence is the same everywhere."""

    divergence: float = 0.0
    """Σ_i ∂_i V^i."""


def linear_maps(
    theory: Theory, where: str | Mapping[str, int] | Sequence[str], dual: Mapping[str, int] | None = None
) -> list[BasisField]:
    """The general linear algebra gl(n): V_ij = θ[j]∂θ[i] on an axis of n entries, of several sites at once if need be.

    Args:
        theory: The theory.
        where: Name of a dimension, for all sites that have it; of a site, for its last axis; {site: axis}; or a
            sequence of sites of equal shape, which are mixed as they are, V = b∂a.
        dual: {site: axis} of those that transform by −Xᵀ where the others do by X.

    Returns:
        n² fields, i then j.

    Raises:
        BasisError: If a site or axis does not exist, or the lengths differ.

    Example:
        >>> from nnft_ppl import load
        >>> [one.name for one in linear_maps(load("on_circle"), "component")][:2]
        ['component[0]∂component[0]', 'component[1]∂component[0]']
    """
    if not isinstance(where, str | Mapping):
        return _between(theory, list(where))
    shapes = {site.label: site.shape for site in theory.sites}
    label = where if isinstance(where, str) else None
    if isinstance(where, str):
        axes = {site.label: site.dims.index(where) for site in theory.sites if where in site.dims and not site.discrete}
        axes = axes or {_known(where, shapes): -1}
        label = None if len(axes) == 1 else label
    else:
        axes = dict(where)
    turned = dict(dual or {})
    for site, axis in (axes | turned).items():
        shape = shapes[_known(site, shapes)]
        if not -len(shape) <= axis < len(shape):
            raise BasisError(f"{site!r} has shape {shape}, no axis {axis}")
    lengths = {site: shapes[site][axis] for site, axis in (axes | turned).items()}
    if len(set(lengths.values())) != 1:
        raise BasisError(f"the axes differ in length: {lengths}; a linear map acts on axes of one length")
    n = next(iter(lengths.values()))
    trace = sum(sign * np.prod(shapes[one]) / n for sign, some in ((1, axes), (-1, turned)) for one in some)

    def field(i: int, j: int) -> BasisField:
        def function(values: Mapping[str, Array]) -> dict[str, Array]:
            moved = {site: _moved(values[site], axis, i, j) for site, axis in axes.items()}
            return moved | {site: -_moved(values[site], axis, j, i) for site, axis in turned.items()}

        if label:
            name = f"{label}[{j}]∂{label}[{i}]"
        else:
            terms = [_entry(site, shapes[site], axis, i, j) for site, axis in axes.items()]
            name = " + ".join(terms)
            name += "".join(f" − {_entry(site, shapes[site], axis, j, i)}" for site, axis in turned.items())
            name = f"({name})" if " " in name else name
        return BasisField(name, function, float(trace) if i == j else 0.0)

    return [field(i, j) for i, j in product(range(n), repeat=2)]


def shifts(theory: Theory, site: str) -> list[BasisField]:
    """∂θ: each entry of a short last axis, and all entries of a long one together; alike along the other axes.

    Args:
        theory: The theory.
        site: Its stored name.

    Raises:
        BasisError: If it does not exist.
    """
    shapes = {one.label: one.shape for one in theory.sites}
    shape = shapes[_known(site, shapes)]
    if not shape or shape[-1] > MOST_ENTRIES:
        return [BasisField(f"∂{site}", lambda values: {site: jnp.ones_like(values[site])})]

    def field(i: int) -> BasisField:
        def function(values: Mapping[str, Array]) -> dict[str, Array]:
            return {site: jnp.zeros_like(values[site]).at[..., i].set(1.0)}

        return BasisField(f"∂{_named(site, shape, -1, i)}", function)

    return [field(i) for i in range(shape[-1])]


def translations(
    theory: Theory, momentum: str, phase: str | None = None, amplitudes: tuple[str, str] | None = None
) -> list[BasisField]:
    """What moves plane waves in space: k_μ∂c of their phases, or k_μ (b∂a − a∂b) of amplitudes of cosine and sine.

    Args:
        theory: The theory.
        momentum: The site of momenta, shape (*neurons, dim).
        phase: The site of the phases c of cos(k·x + c), shape (*neurons).
        amplitudes: The sites a, b of a cos k·x + b sin k·x, shape (*neurons) each.

    Returns:
        One field for every direction μ.

    Raises:
        BasisError: If shapes do not fit, or neither phases nor amplitudes are given.
    """
    shapes = {one.label: one.shape for one in theory.sites}
    waves = shapes[_known(momentum, shapes)]
    others = [phase] if phase else list(amplitudes or ())
    if not others:
        raise BasisError("translations move a phase, or a pair of amplitudes: name them")
    for one in others:
        if shapes[_known(one, shapes)] != waves[:-1]:
            raise BasisError(f"{one!r} has shape {shapes[one]}, {momentum!r} {waves}: the last axis is that of space")

    def field(direction: int) -> BasisField:
        def function(values: Mapping[str, Array]) -> dict[str, Array]:
            k = values[momentum][..., direction]
            if phase:
                return {phase: k}
            cosine, sine = others
            return {cosine: k * values[sine], sine: -k * values[cosine]}

        k = _named(momentum, waves, -1, direction)
        name = f"{k}∂{phase}" if phase else f"{k}({others[1]}∂{others[0]} − {others[0]}∂{others[1]})"
        return BasisField(name, function)

    return [field(direction) for direction in range(waves[-1])]


def mode_translation(theory: Theory, cosine: str, sine: str, axis: int = 0) -> BasisField:
    """Translation along a circle: Σ_n n (b_n∂a_n − a_n∂b_n) for Σ_n a_n cos ω_n t + b_n sin ω_n t, n = 1, 2, ….

    Args:
        theory: The theory.
        cosine: The site a.
        sine: The site b, of the same shape.
        axis: The axis of the modes.

    Raises:
        BasisError: If the sites do not exist or differ in shape.
    """
    shapes = {one.label: one.shape for one in theory.sites}
    shape = shapes[_known(cosine, shapes)]
    if shapes[_known(sine, shapes)] != shape or not -len(shape) <= axis < len(shape):
        raise BasisError(f"{cosine!r} has shape {shape}, {sine!r} {shapes[sine]}: modes along axis {axis} do not pair")
    numbers = np.arange(1, shape[axis] + 1).reshape([-1 if at == axis % len(shape) else 1 for at in range(len(shape))])

    def function(values: Mapping[str, Array]) -> dict[str, Array]:
        n = jnp.asarray(numbers, values[sine].dtype)
        return {cosine: n * values[sine], sine: -n * values[cosine]}

    return BasisField(f"n({sine}∂{cosine} − {cosine}∂{sine})", function)


def default_basis(theory: Theory) -> list[BasisField]:
    """Fields that most theories' symmetries are made of: linear maps of short axes, mixings, shifts, translations.

    Args:
        theory: The theory.
    """
    sites = [site for site in theory.sites if not site.discrete]
    names = list(dict.fromkeys(name for site in sites for name in site.dims))
    found: list[BasisField] = []
    for name in names:
        lengths = {site.shape[site.dims.index(name)] for site in sites if name in site.dims}
        if len(lengths) == 1 and 1 < lengths.pop() <= MOST_ENTRIES:
            found += linear_maps(theory, name)
    by_shape: dict[tuple[int, ...], list[str]] = {}
    for site in sites:
        by_shape.setdefault(site.shape, []).append(site.label)
    for labels in by_shape.values():
        groups = [labels] if len(labels) <= MOST_SITES else [[label] for label in labels]
        found += [one for group in groups for one in linear_maps(theory, group)]
    for site in sites:
        found += shifts(theory, site.label)
    found += _waves(theory, by_shape)
    if theory.space is not None and theory.dim == 1:
        for shape, labels in by_shape.items():
            if shape and shape[0] > 1:
                pairs = [(a, b) for a, b in permutations(labels, 2) if labels.index(a) < labels.index(b)]
                found += [mode_translation(theory, a, b) for a, b in pairs]
    return found


def _waves(theory: Theory, by_shape: Mapping[tuple[int, ...], list[str]]) -> list[BasisField]:
    """Translations of everything that could be waves by its shape."""
    found: list[BasisField] = []
    for site in theory.sites:
        if site.discrete or site.shape[-1:] != (theory.dim,) or len(site.shape) < 2:
            continue
        others = [label for label in by_shape.get(site.shape[:-1], []) if label != site.label]
        for phase in others:
            found += translations(theory, site.label, phase)
        for a, b in permutations(others, 2):
            if others.index(a) < others.index(b):
                found += translations(theory, site.label, amplitudes=(a, b))
    return found


def _between(theory: Theory, sites: list[str]) -> list[BasisField]:
    shapes = {one.label: one.shape for one in theory.sites}
    own = {site: shapes[_known(site, shapes)] for site in sites}
    if len(set(own.values())) != 1:
        raise BasisError(f"the sites differ in shape: {own}; those of one shape can be mixed")

    def field(to: str, of: str) -> BasisField:
        trace = float(np.prod(shapes[to])) if to == of else 0.0
        return BasisField(f"{of}∂{to}", lambda values: {to: values[of]}, trace)

    return [field(to, of) for to, of in product(sites, repeat=2)]


def _moved(value: Array, axis: int, i: int, j: int) -> Array:
    """E_ij θ along an axis."""
    moved = jnp.moveaxis(value, axis, 0)
    return jnp.moveaxis(jnp.zeros_like(moved).at[i].set(moved[j]), 0, axis)


def _entry(site: str, shape: tuple[int, ...], axis: int, i: int, j: int) -> str:
    return f"{_named(site, shape, axis, j)}∂{_named(site, shape, axis, i)}"


def _named(site: str, shape: tuple[int, ...], axis: int, index: int) -> str:
    """An entry of a site, with a colon for every other axis."""
    places = [str(index) if at == axis % len(shape) else ":" for at in range(len(shape))]
    return f"{site}[{','.join(places)}]"


def _known(site: str, shapes: Mapping[str, Any]) -> str:
    if site not in shapes:
        raise BasisError(f"there is no site {site!r}; the sites are {sorted(shapes)}{did_you_mean(site, shapes)}")
    return site
