"""A theory: a NumPyro model that returns its field, with its keywords bound, read into reference coordinates.

    z ~ N(0, I)        density(z) ∝ exp(−|z|²/2 − reference(z) − action(z))        θ = transport(z)

Everything that a sampler needs is in `Theory.target()`.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.display import paragraph, table
from nnft_ppl.observables import default_observables, hidden_names
from nnft_ppl.spaces import Region, Space, Unbounded, sites_in
from nnft_ppl.target import Target
from nnft_ppl.theory.control import Control, declared_control
from nnft_ppl.theory.coordinates import choose_at, choose_free, choose_from
from nnft_ppl.theory.declared import exact_curves, exact_values, separate
from nnft_ppl.theory.discrete_sites import discrete_of
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.keywords import shown
from nnft_ppl.theory.loading import ModelFile, bind, load_file, with_dim
from nnft_ppl.theory.measured import Measured, measured, measured_on
from nnft_ppl.theory.reading import Reading, Site, read
from nnft_ppl.theory.returned import (
    check_returned,
    field_labels,
    field_names,
    jumps_between_sites,
    named_fields,
    refuse_points,
)


class Theory:
    """A NumPyro model with its keywords bound.

    Args:
        model: A function that returns a field (any callable φ(x), x of shape (dim,)) or a tuple or dict of fields;
            or a `ModelFile`, which adds `space`, `observables`, `exact` and `curves`.
        keywords: The model's keywords; what is not given keeps its default. `dim`, unless the model has a keyword of
            that name, is the dimension of the points of a model without a space, 1 if it is not given.

    Methods take `position`: reference coordinates z, shape (dimension,). They act on one point; use `jax.vmap`.

    Raises:
        TypeError, ValueError: For an unknown keyword, or one of the wrong type.
        ModelError: For a model that cannot be read, or returns no field.

    Example:
        >>> import numpyro, numpyro.distributions as dist
        >>> def model(width=4):
        ...     a = numpyro.sample("a", dist.Normal(0, 1).expand([width]).to_event(1))
        ...     return lambda x: a.sum() * x[0]
        >>> Theory(model, width=3).dimension
        3
    """

    def __init__(self, model: Callable | ModelFile, /, **keywords: Any) -> None:
        if not callable(model) and not isinstance(model, ModelFile):
            hint = f": load({model!r}) reads a file or a shipped model" if isinstance(model, str) else ""
            raise TypeError(f"Theory() takes a model, a function that returns its field, not {model!r}{hint}")
        self.file, own = with_dim(model if isinstance(model, ModelFile) else ModelFile.of(model), keywords)
        self.keywords = bind(self.file, own)
        self.space = self._declared_space()
        self.dim: int = self.space.dim if self.space else self.file.dim
        if len(own) < len(keywords) and self.file.dim != self.dim:
            raise ValueError(f"{self.name}: dim = {self.file.dim}, but its space has dim = {self.dim}; leave dim out")
        first, shapes, self._jumps = self._first_reading()
        self.sites: tuple[Site, ...] = first.sites
        self.discrete = tuple(site.label for site in first.sites if site.discrete)
        self.varying = frozenset(name for name, law in first.discrete_laws.items() if not law.fixed)
        self.action_terms, self.phase_terms = tuple(first.action_terms), tuple(first.phases)
        self.dimension = sum(math.prod(shape.shape) for shape in shapes.values())
        starts = np.cumsum([0, *(math.prod(site.reference_shape) for site in self.sites)])
        self.starts = {site.name: int(start) for site, start in zip(self.sites, starts, strict=False)}
        found = self._measured(field_names(first.returned))
        self.observables, self.derived, self.held_out, self.invariants, self.shapes = found
        answers = self._call(self.file.exact) if self.file.exact else {}
        self.exact, self.truncation = exact_values(self.name, answers, self.shapes)
        curves = self._call(self.file.curves) if self.file.curves else {}
        self.curves = exact_curves(self.name, curves, self.observables)

    def __repr__(self) -> str:
        action = " + ".join(self.action_terms) or 0
        return f"Theory({self._words()}: {self.dimension} parameters, action {action})"

    def _repr_html_(self) -> str:
        sites = [[site.label, str(site.shape), ", ".join(site.dims)] for site in self.sites]
        measured = [[name, str(self.shapes[name]), ", ".join(value.dims)] for name, value in self.observables.items()]
        measured = [row for row in measured if row[0] not in hidden_names(self.observables)]
        return (
            paragraph(self._words())
            + table(["parameter", "shape", "dimensions"], sites, words=3)
            + paragraph(f"action: {' + '.join(self.action_terms) or '0, a free theory'}")
            + table(["observable", "shape", "dimensions"], measured, words=3)
        )

    @property
    def name(self) -> str:
        """Name of the model: its file's, or the function's."""
        return self.file.name

    @cached_property
    def control(self) -> Control | None:
        """What must be rejected; None where the file declares nothing. Only `nnft verify` asks for it."""
        return declared_control(self.file, self.keywords, self.shapes, self._call)

    @cached_property
    def region(self) -> Region:
        """Where fields are looked at: the space, or all of R^dim; only at sites where they are those of a lattice."""
        region = self.space or Unbounded(self.dim)
        return sites_in(region) if self._jumps else region

    @cached_property
    def symmetries(self) -> Any:
        """What the file declares, as it stands (`nnft_ppl.symmetries.declared`); {} without any."""
        return self._call(self.file.symmetries) if self.file.symmetries else {}

    @cached_property
    def moves(self) -> Any:
        """The file's own moves of discrete sites (`nnft_ppl.theory.discrete_sites.DiscreteMoves`); None without any."""
        return self._call(self.file.moves) if self.file.moves else None

    @cached_property
    def groups(self) -> dict[str, slice]:
        """The slice of z that belongs to each site, by stored name."""
        sizes = {site.label: math.prod(site.reference_shape) for site in self.sites}
        return {
            site.label: slice(start, start + sizes[site.label])
            for site, start in zip(self.sites, self.starts.values(), strict=True)
        }

    def at(self, position: Float[Array, "dimension"]) -> Reading:
        """The model at one point z: its field, its sites' values and its action terms."""
        return read(self.run, choose_from(position, self.starts))

    def at_sites(self, coordinates: Mapping[str, Array]) -> Reading:
        """The model at reference coordinates given site by site, by stored name: derivatives in some leave others out.

        Args:
            coordinates: The slice of z of every site, each of as many numbers as the site has coordinates.

        Example:
            >>> theory.at_sites(theory.split(position) | {"amplitude": jnp.zeros(256)})  # doctest: +SKIP
        """
        labels = {site.name: site.label for site in self.sites}
        return read(self.run, lambda name, fn, place, shape: coordinates[labels[name]].reshape(shape))

    def split(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """The slice of z of each site, by stored name."""
        return {name: position[part] for name, part in self.groups.items()}

    def realise(self, position: Float[Array, "dimension"]) -> Any:
        """The field (or fields) at one point z. Fields are not PyTrees in general: compose before `jit` or `vmap`."""
        return self.at(position).returned

    def fields(self, position: Float[Array, "dimension"]) -> dict[str, Callable]:
        """Every field at one point z by name: `field` where the model returns one, else `field.NAME`."""
        return named_fields(self.realise(position))

    def transport(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """The parameters θ at one point z, by stored name."""
        return self.at(position).values

    @cached_property
    def coordinates(self) -> Callable[[Mapping[str, Array]], Array]:
        """The inverse of `transport`: parameters by stored name -> z, shape (dimension,).

        Parameters outside the support come back as the nearest coordinates that there are.

        Raises:
            ModelError: On first use, for a site whose transport has no known inverse.
        """
        names = {site.label: site.name for site in self.sites}
        inverses: dict[str, Callable] = {}

        def coordinates(values: Mapping[str, Array]) -> Array:
            choose = choose_at({names[label]: value for label, value in values.items()}, inverses)
            parts = read(self.run, choose).coordinates
            return jnp.concatenate([parts[site.name].reshape(-1) for site in self.sites])

        with jax.ensure_compile_time_eval():  # finds the inverses, with concrete values, whoever asks
            coordinates(self.transport(self.free_draw(jax.random.key(0))))
        return coordinates

    def action(self, position: Float[Array, "dimension"]) -> Array:
        """S(z), the sum of the action terms, of complex ones the real part: density ∝ (free density) · exp(−S). Scalar.

        With complex factors the weight of a draw is that times e^{iα}, with the phase α that `measure` gives.
        """
        return self.at(position).action

    def reference(self, position: Float[Array, "dimension"]) -> Array:
        """What the sites without a transport add to |z|²/2 in the free theory; zero if there are none. Scalar."""
        if all(site.exact for site in self.sites):
            return jnp.zeros((), position.dtype)  # without running the model a second time
        return self.at(position).reference

    def free_draw(self, key: Array) -> Float[Array, "dimension"]:
        """An exact independent draw of the free theory (the model without its action terms).

        Args:
            key: A random key, a scalar.

        Returns:
            z, shape (dimension,), of density ∝ exp(−|z|²/2 − reference(z)).
        """
        if all(site.exact for site in self.sites):
            return jax.random.normal(key, (self.dimension,))  # without running the model
        coordinates = read(self.run, choose_free(key)).coordinates
        return jnp.concatenate([coordinates[site.name].reshape(-1) for site in self.sites] or [jnp.zeros(0)])

    def measure(self, position: Float[Array, "dimension"]) -> dict[str, dict[str, Array]]:
        """Every observable and every action term at one point: `{"observables": {...}, "action": {...}}`.

        Beside them `phase`, the phase in radians of every complex term, where there are any.
        """
        return measured_on(self.observables, self.at(position))

    def target(self) -> Target:
        """What a sampler is given."""
        functions = self.action, self.reference, self.free_draw, self.measure
        return Target(*functions, self.dimension, self.groups, discrete_of(self))

    def run(self) -> Any:
        """The model with its keywords, as NumPyro sees it."""
        return self._call(self.file.model)

    def _words(self) -> str:
        return f"{self.name}({', '.join(f'{name}={shown(value)}' for name, value in self.keywords.items())})"

    def _call(self, function: Callable) -> Any:
        wanted = inspect.signature(function).parameters
        return function(**{name: value for name, value in self.keywords.items() if name in wanted})

    def _declared_space(self) -> Space | None:
        space = self._call(self.file.space) if self.file.space else None
        if self.file.space and not isinstance(space, Space):
            raise ModelError(
                f"{self.name}: space() returned {space!r}, not a Space: give a Box, a Circle, or a class of your own "
                "that inherits nnft_ppl.spaces.Space"
            )
        return space

    def _first_reading(self) -> tuple[Reading, dict[str, jax.ShapeDtypeStruct], bool]:
        """The model read without computing anything, shapes of coordinates, and whether it is a lattice's."""
        readings: list[tuple[Reading, bool]] = []

        def look(key: Array) -> dict[str, Array]:
            reading = read(self.run, choose_free(key))
            check_returned(self.name, reading.returned)
            readings.append((reading, jumps_between_sites(reading.returned, self.dim)))
            return reading.coordinates

        shapes = jax.eval_shape(look, _key_shape())
        ((first, jumps),) = readings
        if not first.sites:
            raise ModelError(f"{self.name}: the model has no latent site, so there is nothing to sample")
        return first, shapes, jumps

    def _measured(self, names: tuple | None) -> Measured:
        """What the model file declares, or what every field has, tried on one draw."""
        if self.file.observables:
            declared = self._call(self.file.observables)
        else:
            declared = default_observables(names, self.region, labels=field_labels(names) if names else None)

        def check(reading: Reading) -> None:
            if not self.space:
                refuse_points(self.name, reading.returned, self.dim)

        own = separate(self.name, declared)
        return measured(self.name, self.dim, own, lambda key: self.at(self.free_draw(key)), check)


def load(model: str, /, **keywords: Any) -> Theory:
    """A theory from a model file.

    Args:
        model: Path of a `.py` file, or the name of a shipped model (`nnft list`).
        keywords: The model's keywords; what is not given keeps its default.

    Raises:
        FileNotFoundError, SyntaxError, ModelError, TypeError, ValueError: See `load_file` and `Theory`.
    """
    return Theory(load_file(model), **keywords)


def _key_shape() -> jax.ShapeDtypeStruct:
    """The shape of a random key: where no number is wanted, no device is started and nothing compiled."""
    return jax.eval_shape(jax.random.key, 0)
