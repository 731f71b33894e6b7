"""Configurations of points on the line: products of the field there, and connected functions."""

from collections.abc import Sequence

import numpy as np

from nnft_ppl.observables import Derived, Observable, at, connected, n_point


def product_points(configurations: Sequence[Sequence[float]]) -> Observable:
    r"""Products $\langle \phi(x_1) \cdots \phi(x_n) \rangle$ with the dimension `configuration`, disconnected.

    Args:
        configurations: The points of each, on the line, all of one number.
    """
    places = np.array(configurations, float)
    return n_point(places[..., None], ("configuration",), {"configuration": _numbers(places)})


def connected_points(configurations: Sequence[Sequence[float]]) -> Derived:
    r"""Connected functions $\langle \phi(x_1) \cdots \phi(x_n) \rangle_c$ of an even theory, by `configuration`.

    Args:
        configurations: The points of each, on the line, all of one even number.
    """
    places = np.array(configurations, float)
    insertions = [at(column[:, None]) for column in places.T]
    return connected(*insertions, dims=("configuration",), coords={"configuration": _numbers(places)}, even=True)


def _numbers(places: np.ndarray) -> tuple[int, ...]:
    return tuple(range(len(places)))
