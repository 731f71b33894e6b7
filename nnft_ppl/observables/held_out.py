"""Statements that are found on one half of the draws and tested on the other, so that nothing is fitted to its test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jaxtyping import Array


@dataclass(frozen=True, eq=False)
class HeldOut:
    r"""A number that is found on one half of the draws and tested on the other, and the other way round.

    A smallest eigenvalue, a best direction, a largest deviation that is read off noisy means is biased by their noise.
    Here $p = \mathrm{find}(\bar O_1)$ comes from the means of one half, and $f_p(\bar O_2)$ is that function of the
    means of the other half: fixed before its draws are looked at, it has a value and an honest error. The value is the
    average over both ways round; what is estimated is $f_p$ averaged over what is found, so that `f_p ≥ 0 for every p`
    is refuted by a value far below zero.

    The two ways round share all draws, and their errors need not be independent: the error of the average is the
    average of the errors, which no correlation exceeds. Source: derived here.

    Example:
        >>> import numpy as np
        >>> def least(means):
        ...     return np.linalg.eigh(means["gram"])[1][:, 0]
        >>> def form(vector):
        ...     return lambda means: vector @ means["gram"] @ vector
        >>> witness = HeldOut(least, form)
        >>> float(witness.test(witness.find({"gram": np.diag([1.0, -2.0])}))({"gram": np.eye(2)}))
        1.0
    """

    find: Callable[[dict[str, Array]], Any]
    """{name: mean of the observable on one half} -> what is to be tested, anything."""
    test: Callable[[Any], Callable[[dict[str, Array]], Array]]
    """What was found -> a differentiable function of {name: mean on the other half} to a number; where it is linear in
    the means, it is the average of that function of single draws."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit of the value under the name ""; "1" for a pure number."""

    def in_units(self, value: str) -> "HeldOut":
        """The same with its unit stated, as for `Observable.in_units`.

        Args:
            value: Unit of the value, such as `mass^2`; `1` for a pure number.
        """
        return replace(self, units={"": value})
