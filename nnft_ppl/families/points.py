"""Configurations of points: products of the field there, and connected functions."""

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.observables import Derived, Observable, at, connected, n_point


def product_points(configurations: Float[ArrayLike, "configuration factor *dim"]) -> Observable:
    r"""Products $\langle \phi(x_1) \cdots \phi(x_n) \rangle$ with the dimension `configuration`, disconnected.

    Args:
        configurations: The points of each, all of one number; without an axis `dim` on the line.
    """
    places = _places(configurations)
    return n_point(places, ("configuration",), {"configuration": _numbers(places)})


def connected_points(configurations: Float[ArrayLike, "configuration factor *dim"]) -> Derived:
    r"""Connected functions $\langle \phi(x_1) \cdots \phi(x_n) \rangle_c$ of an even theory, by `configuration`.

    Args:
        configurations: The points of each, all of one even number; without an axis `dim` on the line.
    """
    places = _places(configurations)
    insertions = [at(places[:, factor]) for factor in range(places.shape[1])]
    return connected(*insertions, dims=("configuration",), coords={"configuration": _numbers(places)}, even=True)


def _numbers(places: np.ndarray) -> tuple[int, ...]:
    return tuple(range(len(places)))


def _places(configurations: ArrayLike) -> np.ndarray:
    """Shape (configuration, factor, dim)."""
    places = np.array(configurations, float)
    return places[..., None] if places.ndim == 2 else places
