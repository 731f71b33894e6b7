"""Controls of independent draws: of known mean without weights, made into terms of weighted series."""

import numpy as np
from jaxtyping import Float, Inexact
from numpy import ndarray

LIGHT, MOST_LIGHT = 0.2, 0.05
"""A weight, beside their average, that is light; and the share of such draws up to which controls are used."""
LIGHTEST = 0.02
"""A weight below which a draw leaves its control to the next heavier one. Its own term is correlated with that, and the
two are taken for independent: what is left apart is at most so small a share of a draw."""


def centred_control(
    control: Inexact[ndarray, "chain draw *shape"], means: Inexact[ndarray, "set *shape"]
) -> Inexact[ndarray, "chain draw *shape"]:
    """C − E[C], where E[C] is the average of a few independent means.

    The error of E[C] is that of all draws together, and the draws show nothing of it. So the deviations of the means
    from their average, scaled up to an error as large for so many draws, are dealt out to the draws at random and sum
    to zero: values stay, and errors and their correlations contain those of E[C].

    Args:
        control: C of every draw, shape (chain, draw, *shape).
        means: Independent means of E[C], two at least, shape (set, *shape).

    Returns:
        C − E[C], shape (chain, draw, *shape), with what the error of E[C] adds to each draw.
    """
    count, number = len(means), control.shape[0] * control.shape[1]
    deviations = (means - means.mean(axis=0)) * np.sqrt(number / (count - 1))
    dealt = np.random.default_rng(0).permutation(np.arange(number) % count)
    noise = deviations[dealt]
    return control - means.mean(axis=0) - (noise - noise.mean(axis=0)).reshape(control.shape)


def carried_control(
    control: Inexact[ndarray, "chain draw *shape"], weights: Float[ndarray, "chain draw"]
) -> Inexact[ndarray, "chain draw *shape"] | None:
    """The control over the weights, so that its weighted average is that of the control; None where many weigh little.

    What the lightest draws would have to carry the next heavier one of the same half carries: the sum is the same.

    Args:
        control: C − E[C], shape (chain, draw, *shape).
        weights: Of mean 1, shape (chain, draw).
    """
    if np.mean(weights < LIGHT) > MOST_LIGHT:
        return None
    middle = weights.shape[1] // 2
    halves = slice(0, middle), slice(middle, None)
    return np.concatenate([_carried(control[:, half], weights[:, half]) for half in halves], axis=1)


def _carried(control: ndarray, weights: ndarray) -> ndarray:
    flat, weight = control.reshape(weights.size, -1).copy(), weights.ravel()
    light, heavy = np.flatnonzero(weight < LIGHTEST), np.flatnonzero(weight >= LIGHTEST)
    np.add.at(flat, heavy[np.searchsorted(heavy, light) % len(heavy)], flat[light])
    flat[light] = 0.0
    flat[heavy] /= weight[heavy, None]
    return flat.reshape(control.shape)
