"""Maps from reference coordinates to parameters that are known to be smooth, marked for who reads the operations."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from jaxtyping import Array
from numpyro import distributions as dist

SMOOTH_MAP = "smooth_map"
"""Name scope of the operations of such a map."""


def marked_smooth(fn: dist.Distribution, place: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The map to a site's value; where its law is the library's or NumPyro's own, within the name scope `SMOOTH_MAP`.

    Those are smooth, although their code chooses between branches of accuracy. A law of somebody's own may jump.

    Args:
        fn: The law at the site.
        place: Its transport, or NumPyro's bijection.
    """
    own = any(type(part).__module__.partition(".")[0] not in ("nnft_ppl", "numpyro") for part in _parts(fn))
    if own or (fn.support is not None and fn.support.is_discrete):
        return place

    def marked(coordinates: Array) -> Array:
        with jax.named_scope(SMOOTH_MAP):
            return place(coordinates)

    return marked


def _parts(fn: Any) -> Iterator[Any]:
    """A law, what it is made of, and what transforms it."""
    while fn is not None:
        yield fn
        yield from getattr(fn, "transforms", ())
        fn = getattr(fn, "base_dist", None)
