r"""The Edgeworth expansion of a density of field values, about the Gaussian one.

$$P = \exp\Big\{\sum_{r>2}\frac{(-1)^r}{r!} G_c^{i_1\ldots i_r}\,\partial_{i_1}\cdots\partial_{i_r}\Big\}\,P_G
= P_G\,\big[1 - S_1 + \tfrac12S_1^2 - S_2 + \ldots\big]$$

with the parts $S_1, S_2$ of the reconstructed action, of first and second order in 1/N.

Source: arXiv:2307.03223, which has the first order; docs/theory/expansion.md.
"""

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.expansion.action import Action


def edgeworth_density(action: Action, field: Float[ArrayLike, "*draw point"]) -> Float[np.ndarray, "*draw"]:
    """The density of the field's values at the points, expanded to the action's order; its integral is 1.

    It differs from the exact density by the next power of 1/N. Far out (beyond three deviations of a network with eight
    neurons) it may be negative.

    Args:
        action: As `reconstructed_action` gives it.
        field: φ at the points, shape (*draw, point).

    Returns:
        Shape (*draw,), in inverse units of the field for each point.

    Example:
        >>> from nnft_ppl.expansion import reconstructed_action
        >>> cosines = reconstructed_action([[0.5]], np.full((1,) * 4, 3 / 64))  # the cos-net of 8 neurons, one point
        >>> round(float(edgeworth_density(cosines, [0.0])), 4)  # exact 0.5797, Gaussian 0.5642
        0.5774
    """
    first = action.term(1, field)
    correction = 1 - first
    if action.order == 2:
        correction = correction + 0.5 * first**2 - action.term(2, field)
    _, log_volume = np.linalg.slogdet(2 * np.pi * action.propagator)
    return np.exp(-action.free(field) - 0.5 * log_volume) * correction
