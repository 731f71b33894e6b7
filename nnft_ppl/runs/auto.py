r"""The sampler for a theory, and its reference, chosen from a short pilot: by counts, never by the clock.

Independent draws are the cheapest of all draws as long as their weights are not too uneven: the pilot counts what
free ones are worth. Where that is little, a Gaussian reference that knows the action may do better, and its draws are
counted likewise. What a draw costs is counted too, in operations of the traced functions. Where all are worth less than
a chain, HMC follows, and after it, if its chains do not agree, replica exchange. Where sites are discrete `mixed` takes
the place of HMC. Two runs of the same theory with the same seed choose the same, on a busy machine too.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.reference import ENOUGH as NO_REFERENCE, find_reference
from nnft_ppl.runs.targets import Targets
from nnft_ppl.samplers import Settings, operations
from nnft_ppl.samplers.reweight import free_draws_function
from nnft_ppl.target import Target
from nnft_ppl.theory import Theory

PILOT_DRAWS = 1024
"""Draws of the pilot, where the first few hundred leave a choice."""
ENOUGH = 20
"""The fewest effective draws among them for which reweighting is considered: below, the weights' tail is unknown."""
ENOUGH_OF_ALL = 0.5
"""Where draws are worth more than this share of their number nothing is counted: on the shipped models HMC gave 0.04 to
0.6 effective draws in the time of a free one, and 0.3 or more only where those are worth 0.8."""
CHAIN_WORTH = 0.35
"""Effective draws that one draw of HMC is taken to give; 0.1 to 0.6 were found on the shipped models."""
CHAIN_GRADIENTS = 2.5
"""Forces in one draw of HMC, of which some parameters may rest."""
SAME_ACTION = 1e-12
"""An action that spreads by less over free draws is constant: no terms, or terms that cancel but for rounding."""
WIDE, WIDE_DRAWS = 8.0, 64
"""How much more widely than by N(0, 1), and how often, discrete coordinates are drawn to see whether S acts on them."""


class Choice(NamedTuple):
    """A sampler's name, and why it was chosen."""

    name: str
    """One of `SAMPLERS`."""
    reason: str
    """Why, in words with the numbers that decided."""
    constants: tuple[float, ...] = ()
    """Of the Gaussian reference that it was chosen with; none for N(0, I)."""

    @classmethod
    def from_json(cls, stored: Sequence[Any]) -> "Choice":
        """From the list that JSON makes of one.

        Args:
            stored: The list.
        """
        name, reason, constants = stored
        return cls(name, reason, tuple(constants))


class Pilot:
    """Some independent draws to choose by. The program of the free ones begins to compile when the pilot is made.

    Args:
        theory: What is to be sampled.
        targets: Its targets without a reference.
        settings: What a sampler would be told; positions are kept, or not, as by the run after the pilot, which then
            has the same program.
        bare: Whether no reference is wanted but N(0, I).
    """

    def __init__(self, theory: Theory, targets: Targets, settings: Settings, *, bare: bool) -> None:
        self._theory, self._targets, self._settings, self._bare = theory, targets, settings, bare
        self._draws = self._draws_of(targets.draws)

    def choose(self) -> tuple[Choice, Targets]:
        """The sampler that should give most effective draws for its operations, and what it is given."""
        settings, targets = self._settings, self._targets
        target, chain = targets.bare, "mixed" if targets.bare.discrete else "hmc"
        if target.discrete and _levels_act(target, settings):
            # Weights of free draws say nothing of levels that none of them has, however much those weigh.
            words = "the action depends on discrete parameters, of which free draws may miss some"
            return Choice("mixed", words), targets
        found = self._found(self._draws)
        if math.isnan(found.spread):
            return Choice(chain, "the action of some free draws is not a number"), targets
        if found.worth * found.made >= ENOUGH and found.spread <= SAME_ACTION:
            return Choice("reweight", "no action tells draws apart: every one counts"), targets
        # Where free draws are good, a reference makes improved estimators better still.
        wanted = not self._bare and found.worth <= NO_REFERENCE
        reference = find_reference(self._theory).reference if wanted else None
        if found.worth > ENOUGH_OF_ALL and reference is None:
            return Choice("reweight", f"{found.words('free draws')}: no chain gives more in their time"), targets
        ways = [_Way(found, found.words("free draws"), targets, targets.draws)]
        if reference is not None:
            targets = Targets.of(self._theory, targets.improvement, reference)
            found = self._found(self._draws_of(targets.draws))
            words = found.words("draws of a Gaussian that knows the action")
            if found.worth > ENOUGH_OF_ALL:
                return Choice("reweight", f"{ways[0].words}; {words}: no chain gives more in their time"), targets
            ways.append(_Way(found, words, targets, targets.draws))
        reason = "; ".join(way.words for way in ways)
        usable = [way for way in ways if way.found.worth * way.found.made >= ENOUGH]
        if not usable:
            return Choice(chain, f"{reason}: too few to reweight"), targets
        if target.discrete:  # which hmc cannot move
            return Choice("mixed", f"{reason}, and there are discrete sites"), targets
        best = max(usable, key=lambda way: way.found.worth / way.cost)
        rate = settings.num_draws * CHAIN_WORTH / _chain_cost(targets.chains, settings)
        times = best.found.worth / best.cost / rate
        if times > 1:
            return Choice("reweight", f"{reason}: about {times:.2g} times as many as hmc for its work"), best.targets
        return Choice("hmc", f"{reason}: about {1 / times:.2g} times less than hmc for its work"), targets

    def _draws_of(self, target: Target) -> Callable:
        draws, self._batch = free_draws_function(target, keep=bool(self._settings.keep_every))
        return draws

    def _found(self, draws: Callable) -> "_Found":
        """What draws are worth, of a few hundred, or of more where these leave a choice."""
        parts: list = []
        found = _Found(0, 0.0, 0.0)
        while found.made < PILOT_DRAWS and found.worth <= ENOUGH_OF_ALL and not math.isnan(found.spread):
            measured, stats, _ = draws(self._settings.key, len(parts))
            parts.append((measured, stats["log_weight"]))
            found = _Found.of(parts)
        return found


class _Way(NamedTuple):
    """One way to independent draws."""

    found: "_Found"
    words: str
    targets: Targets
    target: Target

    @property
    def cost(self) -> float:
        """Operations of one draw: drawing, weighing and measuring."""
        target, zero = self.target, jnp.zeros(self.target.dimension)
        weighed = operations(target.action, zero) + target.dimension
        if target.proposal is None:
            return weighed + operations(target.measure, zero)
        key = jax.random.key(0)
        drawn = jax.eval_shape(target.proposal, key)
        return weighed + operations(target.proposal, key) + operations(target.measure_draw, drawn)


class _Found(NamedTuple):
    """What draws were found to be worth."""

    made: int
    """Their number."""
    worth: float
    """Effective draws per draw; 0 where an action is not a number, or all are behind a wall."""
    spread: float
    """Standard deviation of the log weights; infinite where one is, NaN where one is not a number or +∞."""

    def words(self, draws: str) -> str:
        """In words.

        Args:
            draws: Which they are.
        """
        effective = self.worth * self.made
        return f"{self.made} {draws} are worth {effective:.0f} (sd of the log weights {self.spread:.2g})"

    @classmethod
    def of(cls, parts: list) -> "_Found":
        """From (measured, log weights) of several calls."""
        measured, log_weight = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
        if np.any(np.isnan(log_weight) | np.isposinf(log_weight)):
            return cls(len(log_weight), 0.0, math.nan)
        inside = np.isfinite(log_weight)
        worth = _effective_share(measured, log_weight) if inside.any() else 0.0
        return cls(len(log_weight), worth, float(np.std(log_weight)) if inside.all() else math.inf)


def _levels_act(target: Target, settings: Settings) -> bool:
    """Whether the action changes when discrete coordinates are drawn again, far more widely than by their prior."""
    assert target.discrete
    mask = np.zeros(target.dimension)
    for name in target.discrete.sites:
        mask[target.groups[name]] = 1

    def change(key: Array) -> Array:
        key_free, key_wide = jax.random.split(key)
        position = target.free_draw(key_free)
        wide = WIDE * jax.random.normal(key_wide, position.shape, position.dtype)
        return target.action(position) - target.action(jnp.where(mask > 0, wide, position))

    found = jax.jit(jax.vmap(change))(jax.random.split(settings.key, WIDE_DRAWS))
    return not bool(np.all(np.abs(np.asarray(found)) <= SAME_ACTION))  # NaN, and what is behind a wall, is a change


def _effective_share(measured: Any, log_weight: Float[ndarray, " draw"]) -> float:
    """Effective draws per free draw of the observable that suffers most: Σ w (O − Ō)² / Σ w² (O − Ō)², Σ w = 1."""
    weights = np.exp(log_weight - np.max(log_weight))
    weights = (weights / np.sum(weights))[:, None]
    columns = [np.asarray(in_parts(array), float).reshape(len(log_weight), -1) for array in jax.tree.leaves(measured)]
    series = np.concatenate(columns, axis=1)
    series = np.where(weights > 0, series, 0.0)  # behind a wall actions are infinite
    squares = (series - np.sum(weights * series, axis=0)) ** 2
    noise = np.sum(weights**2 * squares, axis=0)
    shares = np.sum(weights * squares, axis=0)[noise > 0] / noise[noise > 0] / len(log_weight)
    # Where few draws carry the weight their observables are the average, and seem to have no noise.
    kish = 1 / np.sum(weights**2) / len(log_weight)
    return float(min(np.min(shares, initial=1.0), kish))


def _chain_cost(target: Target, settings: Settings) -> float:
    """Operations of the draws of one chain of HMC, warm-up included."""
    zero = jnp.zeros(target.dimension)
    force, measured = operations(jax.grad(target.potential), zero), operations(target.measure, zero)
    return (settings.num_draws + settings.num_warmup) * (CHAIN_GRADIENTS * force + measured)
