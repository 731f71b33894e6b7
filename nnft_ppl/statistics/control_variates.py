r"""Raw and improved estimators of one quantity, mixed with the smallest error.

With raw draws O, improved draws O' of the same mean and D = O − O', every c gives an unbiased O − c D, and
c = Cov(Ō, D̄)/Var(D̄) the smallest error of the average (autocorrelation and weights included). A coefficient from the
same draws would bias the average; here the first half of the draws uses the coefficient of the second, and the second
that of the first. An improved estimator, or what is left where two nearly cancel, can have a tail so heavy that its
error is no guide, where the other has none: there the improved draws alone are taken, or the raw ones.

Of independent draws with weights w of mean 1 there may be a control C besides, whose average over the draws, *without*
weights, is known to be E[C]. Then O − c D − b (C − E[C])/w has the same weighted mean, and (c, b) are those of the
regression of w (O − Ō) on w D and C. What a draw of hardly any weight would have to carry is carried by the next one
that has some: the sum is the same, and so is the error.
"""

import numpy as np
from jaxtyping import Float, Inexact
from numpy import ndarray

from nnft_ppl.complex_parts import from_parts, in_parts
from nnft_ppl.statistics.controls import carried_control
from nnft_ppl.statistics.log_weights import relative_weights
from nnft_ppl.statistics.tails import SIGMAS, contributions, tails

BATCHES = 16
"""Batches of each chain in each half, whose covariance gives the coefficient."""
ROUNDING = 16
"""A spread of so many rounding units of the raw draws is none."""
ALIKE = 1e-6
"""Two regressors that share all but this part of their variance are one."""


def mix(
    raw: Inexact[ndarray, "chain draw *shape"],
    improved: Inexact[ndarray, "chain draw *shape"],
    log_weights: Float[ndarray, "chain draw"] | None = None,
    control: Inexact[ndarray, "chain draw *shape"] | None = None,
) -> Inexact[ndarray, "chain draw *shape"]:
    """Draws O − c (O − O') with the best c of the other half, component by component; of complex ones part by part.

    Where O' does not vary, neither does the result: nothing of the rounding of O is left, and what is rounding beside O
    is 0. Where the tail of
    the mix is so heavy that an error means nothing, the result is the better of O' and O, of those
    whose tail is lighter.

    Args:
        raw: The draws O, shape (chain, draw, *shape).
        improved: The draws O' of the same average, of the same shape.
        log_weights: Log weights of the draws, shape (chain, draw), if they have any.
        control: C − E[C], of the same shape, of independent draws (`centred_control`); not used where more than
            one in twenty has little weight.

    Returns:
        The mixed draws, shape (chain, draw, *shape).
    """
    if np.iscomplexobj(raw) or np.iscomplexobj(improved):
        parts = [in_parts(np.asarray(one, complex)) for one in (raw, improved)]
        own = None if control is None else in_parts(np.asarray(control, complex))
        return from_parts(mix(parts[0], parts[1], log_weights, own))
    raw, improved = np.asarray(raw, float), np.asarray(improved, float)
    difference = raw - improved
    draws = raw.shape[1]
    logs = np.zeros(raw.shape[:2]) if log_weights is None else log_weights
    halves = (slice(0, draws // 2), slice(draws // 2, draws))
    # Taken for noise, rounding errors would have an autocorrelation, and too few effective draws.
    rounding = ROUNDING * np.finfo(float).eps * np.max(np.abs(raw), axis=(0, 1))
    weights = relative_weights(logs)
    carried = None if control is None else carried_control(control, weights)
    if control is not None and carried is not None:
        columns = [difference, np.where(np.ptp(control, axis=(0, 1)) <= rounding, 0.0, carried)]
        coefficients = [
            _regression(raw[:, half], [one[:, half] for one in columns], weights[:, half]) for half in halves
        ]
    else:
        columns = [difference]
        coefficients = [[_coefficient(raw[:, half], difference[:, half], logs[:, half])] for half in halves]
    result = np.empty_like(raw)
    for half, found in zip(halves, reversed(coefficients), strict=True):
        result[:, half] = raw[:, half]
        for coefficient, column in zip(found, columns, strict=True):
            result[:, half] -= coefficient * column[:, half]
    # Sums along these axes gather rounding, one unit a draw, but for differences to the first.
    mean = result[0, 0] + np.mean(result - result[0, 0], axis=(0, 1))
    mean = np.where(np.abs(mean) <= rounding, 0.0, mean)  # an exact zero: no size of its own tells that it is rounding
    result = np.where(np.ptp(result, axis=(0, 1)) <= rounding, mean, result)
    shape = tails(contributions(result, log_weights))
    # Raw draws in the mix can hide the tail of improved ones, but not cure it.
    heavy = shape.useless(SIGMAS) | (
        tails(contributions(improved, log_weights)).useless(SIGMAS) & (np.ptp(result, axis=(0, 1)) > 0)
    )
    if np.any(heavy):
        result[..., heavy] = _lighter(
            result[..., heavy], raw[..., heavy], improved[..., heavy], shape.k_hat[heavy], log_weights
        )
    return result


def mixed_alike(
    raw: Inexact[ndarray, "chain draw *shape"],
    improved: Inexact[ndarray, "chain draw *shape"],
    averages: tuple[ndarray, ndarray, ndarray],
    carried: tuple[ndarray, ndarray] | None = None,
) -> Inexact[ndarray, "chain draw *shape"]:
    """Single draws O − c (O − O') with the very c, and b of a control, with which averages of draws were mixed.

    Args:
        raw: Some of the draws O, one for each average.
        improved: The draws O' of the same.
        averages: Raw, improved and mixed averages, each of the same shape.
        carried: Of those averages, and of these draws, what `carried_control` gives, if they have a control.
    """
    if any(map(np.iscomplexobj, (raw, improved, *averages))):
        parts = [in_parts(np.asarray(one, complex)) for one in (raw, improved, *averages, *(carried or ()))]
        own = (parts[5], parts[6]) if carried else None
        return from_parts(mixed_alike(parts[0], parts[1], (parts[2], parts[3], parts[4]), own))
    draws = raw.shape[1]
    result = np.array(raw, float)
    for half in (slice(0, draws // 2), slice(draws // 2, draws)):
        before, better, mixed = (one[:, half] for one in averages)
        difference = before - better
        if carried:
            columns, ones = [difference, carried[0][:, half]], np.ones(before.shape[:2])
            found = _regression(before - mixed, columns, ones)
            result[:, half] -= found[0] * (raw[:, half] - improved[:, half]) + found[1] * carried[1][:, half]
            continue
        size = np.sum(difference**2, axis=(0, 1))
        moved = np.sum((before - mixed) * difference, axis=(0, 1))
        coefficient = np.divide(moved, size, out=np.zeros_like(size), where=size > 0)
        result[:, half] -= coefficient * (raw[:, half] - improved[:, half])
    return result


def _lighter(
    mixed: ndarray, raw: ndarray, improved: ndarray, mixed_shape: ndarray, log_weights: ndarray | None
) -> ndarray:
    """In place of a mix with a heavy tail the better of raw and improved draws, if their tails are lighter."""
    found = {name: tails(contributions(one, log_weights)) for name, one in {"raw": raw, "improved": improved}.items()}
    spread = {name: np.std(one, axis=(0, 1)) for name, one in {"raw": raw, "improved": improved}.items()}
    heaviest = np.fmax(mixed_shape, found["improved"].k_hat)
    usable = ~found["improved"].useless(SIGMAS) & (found["improved"].k_hat < mixed_shape)
    better = usable & (spread["improved"] < spread["raw"])
    return np.where(better, improved, np.where(found["raw"].k_hat < heaviest, raw, mixed))


def _coefficient(raw: ndarray, difference: ndarray, log_weights: ndarray) -> ndarray:
    """Cov(Ō, D̄)/Var(D̄) from the means of batches; 0 where D does not vary."""
    weights = relative_weights(log_weights)
    weights = weights.reshape(*weights.shape, *(1,) * (raw.ndim - 2))
    deviations = [weights * (part - np.mean(weights * part, axis=(0, 1))) for part in (raw, difference)]
    count = min(BATCHES, raw.shape[1])
    length = raw.shape[1] // count
    means = [part[:, : count * length].reshape(-1, length, *part.shape[2:]).mean(axis=1) for part in deviations]
    covariance, variance = np.mean(means[0] * means[1], axis=0), np.mean(means[1] ** 2, axis=0)
    return np.divide(covariance, variance, out=np.zeros_like(covariance), where=variance > 0)


def _regression(raw: ndarray, columns: list[ndarray], weights: ndarray) -> list[ndarray]:
    """Coefficients of two columns together, in weighted draws that are independent."""
    weights = weights.reshape(*weights.shape, *(1,) * (raw.ndim - 2))
    mean = np.mean(weights * raw, axis=(0, 1)) / np.mean(weights)
    parts = [weights * (raw - mean), *(weights * column for column in columns)]
    values, one, other = (part - np.mean(part, axis=(0, 1)) for part in parts)
    squares = [np.mean(part**2, axis=(0, 1)) for part in (one, other)]
    shared = np.mean(one * other, axis=(0, 1))
    with_one, with_other = np.mean(values * one, axis=(0, 1)), np.mean(values * other, axis=(0, 1))
    determinant = squares[0] * squares[1] - shared**2
    apart = determinant > ALIKE * squares[0] * squares[1]
    alone = np.divide(with_one, squares[0], out=np.zeros_like(with_one), where=squares[0] > 0)
    divisor = np.where(apart, determinant, 1.0)
    first = np.where(apart, (squares[1] * with_one - shared * with_other) / divisor, alone)
    return [first, np.where(apart, (squares[0] * with_other - shared * with_one) / divisor, 0.0)]
