"""Where the reference coordinates of a site come from when a model is run: drawn, cut out of z, or from parameters."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
from jaxtyping import Array, Float
from numpyro import distributions as dist

from nnft_ppl.densities import discrete_law, inverse_of, transport
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.latent_laws import base_distribution
from nnft_ppl.theory.log_laws import unconstrained
from nnft_ppl.theory.reading import Chooser


def choose_free(key: Array) -> Chooser:
    """Coordinates of an exact draw of the free theory: ancestral, whether or not a site has a transport."""

    def choose(name: str, fn: dist.Distribution, place: Any, shape: tuple[int, ...]) -> Array:
        nonlocal key
        key, own = jax.random.split(key)
        if transport(fn) is not None:
            return jax.random.normal(own, shape)
        return unconstrained(fn, place).draw(own)

    return choose


def choose_from(position: Float[Array, "dimension"], starts: dict[str, int]) -> Chooser:
    """Coordinates cut out of one flat vector, at the offset of each site."""

    def choose(name: str, fn: dist.Distribution, place: Callable, shape: tuple[int, ...]) -> Array:
        if name not in starts:
            raise ModelError(
                f"latent site {name!r} was not there when the model was first read: which sites a model has must not "
                "depend on the values of other sites"
            )
        return position[starts[name] : starts[name] + math.prod(shape)].reshape(shape)

    return choose


def choose_at(values: Mapping[str, Array], inverses: dict[str, Callable]) -> Chooser:
    """Coordinates of given parameters, by their transports' inverses.

    Args:
        values: Value of each site, by NumPyro's name.
        inverses: The way back of each site with a transport; those that are missing are found and put in, which needs
            concrete values.

    Raises:
        ModelError: For a transport whose inverse is not known.
    """

    def choose(name: str, fn: dist.Distribution, place: Any, shape: tuple[int, ...]) -> Array:
        if transport(fn) is None:
            return place.inv(values[name])
        if (law := discrete_law(fn)) is not None:
            return law.in_cell(law.level_of(values[name]), 0.5)
        if name not in inverses:
            inverse = inverse_of(place, shape)
            if inverse is None:
                law = type(base_distribution(fn)).__name__
                raise ModelError(
                    f"site {name!r}: the transport of {law} has no inverse here, so that stored draws cannot be "
                    "brought back to reference coordinates"
                )
            inverses[name] = inverse
        return inverses[name](place, values[name])

    return choose
