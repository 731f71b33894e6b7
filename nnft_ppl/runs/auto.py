r"""The sampler for a theory, chosen from a short pilot.

Independent free draws are the cheapest of all draws as long as their weights are not too uneven: the pilot counts what
they are worth, and times them and a gradient on this device. Where they are worth less than a chain, HMC follows, and
after it, if its chains do not agree, replica exchange. Where it is close, HMC begins on trial. Where sites are discrete
`mixed` takes the place of HMC.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.checks import ObservableTails, PhaseOfWeights, found_only
from nnft_ppl.complex_parts import in_parts
from nnft_ppl.devices import over_chains
from nnft_ppl.runs.trial import on_trial
from nnft_ppl.samplers import MakeSampler, Settings
from nnft_ppl.samplers.reweight import free_draws_function
from nnft_ppl.statistics import Verdict
from nnft_ppl.target import Target

PILOT_DRAWS = 1024
"""Free draws of the pilot, where the first few hundred leave a choice."""
CLOSE_DRAWS = 8192
"""Free draws where the choice is close: a share below a tenth is known from `PILOT_DRAWS` only to a factor of 1.6."""
CLOSE = 3.0
"""The choice is close where the two rates, as far as they are known, differ by less than this factor."""
TRIAL_SHARE = 1 / 3
"""HMC is only tried if its start-up takes no more than this share of the time there is."""
ENOUGH = 20
"""The fewest effective draws among them for which reweighting is considered: below, the weights' tail is unknown."""
ENOUGH_OF_ALL = 0.5
"""Where free draws are worth more than this share of their number no gradient is timed: on the shipped models HMC gave
0.04 to 0.6 effective draws in the time of a free one, and 0.3 or more only where those are worth 0.8."""
CHAIN_WORTH = 0.35
"""Effective draws that one draw of HMC is taken to give; 0.1 to 0.6 were found on the shipped models."""
CHAIN_GRADIENTS = 2.5
"""Cost of one draw of HMC, measuring included, in gradients; 0.8 to 8 were found on the shipped models."""
COMPILATION = 5.0
"""Time to compile HMC in units of that for the timed gradients; 4 to 6 were found on the shipped models."""
SAME_ACTION = 1e-12
"""An action that spreads by less over free draws is constant: no terms, or terms that cancel but for rounding."""
WIDE, WIDE_DRAWS = 8.0, 64
"""How much more widely than by N(0, 1), and how often, discrete coordinates are drawn to see whether S acts on them."""
TIMED_GRADIENTS = 10
"""Gradients in one call that is timed."""
STRONGER = {"reweight": "hmc", "hmc": "replica-exchange"}
"""Where to go when the checks of a sampler's run fail."""
STRONGER_DISCRETE = {"reweight": "mixed"}
"""The same where there are discrete sites."""
FALL_BACK = ("hmc", "replica-exchange", "reweight")
"""What is tried in turn where a sampler cannot go on."""
FALL_BACK_DISCRETE = ("mixed", "pcn", "reweight")
"""The same where there are discrete sites."""

NOT_OF_THE_SAMPLER = {"derived", "exact_answers", "invariants", "odd_moments"}
"""Checks whose failure no other sampler mends."""


class Choice(NamedTuple):
    """A sampler's name, and why it was chosen."""

    name: str
    """One of `SAMPLERS`."""
    reason: str
    """Why, in words with the numbers that decided."""
    trial: MakeSampler | None = None
    """Used in place of the sampler of that name, if it may end with `Outdone`; `reweight` follows then."""


class Pilot:
    """Some free draws to choose by. Their program begins to compile when the pilot is made.

    Args:
        target: What is to be sampled.
        settings: What a sampler would be told; positions are kept, or not, as by the run after the pilot, which then
            has the same program.
    """

    def __init__(self, target: Target, settings: Settings) -> None:
        self._target, self._settings = target, settings
        self._draws, self._batch = free_draws_function(target, keep=bool(settings.keep_every))

    def choose(self, seconds: float = math.inf) -> Choice:
        """The sampler that should give most effective draws in the time that HMC would take, compilation included.

        Args:
            seconds: The time there is, if it is limited.
        """
        settings, parts, found = self._settings, [], _Found(0, 0.0, 0.0)
        chain_sampler = "mixed" if self._target.discrete else "hmc"
        if self._target.discrete and _levels_act(self._target, settings):
            # Weights of free draws say nothing of levels that none of them has, however much those weigh.
            return Choice("mixed", "the action depends on discrete parameters, of which free draws may miss some")
        while found.made < PILOT_DRAWS and found.worth <= ENOUGH_OF_ALL:
            parts.append(self._draws(settings.key, len(parts))[:2])
            found = _Found.of(parts)
            if math.isnan(found.spread):
                return Choice(chain_sampler, "the action of some free draws is not a number")
        if found.worth * found.made < ENOUGH:
            return Choice(chain_sampler, f"{found}: too few to reweight")
        if found.spread <= SAME_ACTION:
            return Choice("reweight", "no action tells draws apart: every one counts")
        if found.worth > ENOUGH_OF_ALL:
            return Choice("reweight", f"{found}: no chain gives more in their time")
        if self._target.discrete:  # which hmc cannot move
            return Choice("mixed", f"{found}, and there are discrete sites")
        per_second = self._batch / _fastest(lambda: self._draws(settings.key, 0))  # compiled by now
        cost, start_up = _chain_cost(self._target, settings)
        horizon = min(seconds, start_up + settings.num_chains * settings.num_draws * cost)
        chain = CHAIN_WORTH * max(horizon - start_up, 0.0) / cost / horizon
        free = found.worth * per_second
        close = start_up <= TRIAL_SHARE * horizon and free / CLOSE < chain < free * CLOSE
        if close:
            most = min(CLOSE_DRAWS, start_up * per_second) // self._batch
            parts += [self._draws(settings.key, call)[:2] for call in range(len(parts), int(most))]
            found = _Found.of(parts)
            free = found.worth * per_second
        reason = f"{found}: about {free:.3g} effective draws per second against {chain:.3g} of hmc in {horizon:.0f} s"
        if close:
            return Choice("hmc", f"{reason}: close, so hmc goes first, on trial", on_trial(free))
        return Choice("reweight" if free > chain else "hmc", reason)


class _Found(NamedTuple):
    """What free draws were found to be worth."""

    made: int
    """Their number."""
    worth: float
    """Effective draws per draw; 0 where an action is not a number, or all are behind a wall."""
    spread: float
    """Standard deviation of the action; infinite where one is, NaN where one is not a number or −∞."""

    def __str__(self) -> str:
        effective = self.worth * self.made
        return f"{self.made} free draws are worth {effective:.0f} (sd of the action {self.spread:.2g})"

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


def _chain_cost(target: Target, settings: Settings) -> tuple[float, float]:
    """Seconds per draw of HMC, and before its first draw: gradients of all chains are compiled and timed."""
    num_chains = settings.num_chains
    positions = jax.jit(jax.vmap(target.free_draw))(jax.random.split(settings.key, num_chains))
    force = jax.grad(target.potential)

    def several(position: Array) -> Array:
        """A loop, for one call of a small kernel costs more than its gradient."""
        last = jax.lax.fori_loop(0, TIMED_GRADIENTS - 1, lambda _, z: position + 1e-6 * force(z), position)
        return force(last)

    gradients = over_chains(several, num_chains)
    begun = time.perf_counter()
    jax.block_until_ready(gradients(positions))
    compiling = time.perf_counter() - begun
    fastest = _fastest(lambda: jax.block_until_ready(gradients(positions)))
    cost = CHAIN_GRADIENTS * fastest / (TIMED_GRADIENTS * num_chains)
    return cost, COMPILATION * (compiling - fastest) + settings.num_warmup * num_chains * cost


def _fastest(call: Callable[[], object]) -> float:
    """Seconds that a call takes, the fastest of three."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def stronger_choice(
    choice: Choice, failed: Sequence[Verdict], after: Mapping[str, str] = STRONGER, *, interacting: bool
) -> Choice | None:
    """What comes after a run whose checks failed; None where none did, or nothing comes.

    Args:
        choice: What made the run.
        failed: What failed.
        after: Sampler -> the next stronger one.
        interacting: Whether there is an action.
    """
    # What is divided by an average phase that is not known says nothing of the sampler.
    if any(verdict.check == PhaseOfWeights.name for verdict in failed):
        return None
    # Heavy tails are mended where weights make them.
    mends = choice.name == "reweight" and interacting
    kept = NOT_OF_THE_SAMPLER if mends else NOT_OF_THE_SAMPLER | {ObservableTails.name}
    mended = [verdict for verdict in failed if verdict.check not in kept]
    if not mended or choice.name not in after:
        return None
    return Choice(after[choice.name], f"{choice.name} failed ({found_only(mended[0])})")
