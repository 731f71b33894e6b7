r"""A target in the coordinates of a Gaussian reference: another one for samplers, the same density for everyone else.

With z = L a' in the amplitudes and D(z') = ½|z|² − ½|z'|² − ln det L the density of z' is

    exp(−|z'|²/2 − S'(z')),    S'(z') = S(z) + D(z'),

and Z is unchanged. Independent draws come from the mixture of the reference, N(0, I) in z', and, for every twentieth
draw, the free theory, N(0, I) in z: a weight is then at most twenty times that of a free draw, whatever the action does
where the reference hardly draws. The density of the mixture over that of the free theory is (1 − ε) e^{D} + ε.

Source: derived in docs/theory/reference.md; the mixture is that of Hesterberg, Technometrics 37 (1995) 185.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from nnft_ppl.reference.gaussian import Frame, Reference, excess
from nnft_ppl.target import Position, Proposal, Target

BARE_SHARE = 0.05
"""ε, the share of free draws among independent draws."""


def tilted(target: Target, reference: Reference) -> Target:
    """The target in the coordinates of a reference, for chains.

    Args:
        target: That of the reference's theory, all sites of which have a transport.
        reference: A Gaussian with its constants.

    Returns:
        A target with `place`; what it measures is measured at z.
    """

    def action(position: Position) -> Array:
        placed, difference = reference.moved(position)
        return target.action(placed) + difference

    def measure(position: Position) -> Any:
        return target.measure(reference.place(position))

    return replace(target, action=action, measure=measure, place=reference.place)


def with_proposal(target: Target, reference: Reference) -> Target:
    """The target in its own coordinates, with the mixture above to draw from.

    Args:
        target: That of the reference's theory, all sites of which have a transport.
        reference: A Gaussian with its constants.
    """

    def proposal(key: Array) -> Proposal:
        key_which, key = jax.random.split(key)
        drawn = target.free_draw(key)
        bare = jax.random.bernoulli(key_which, BARE_SHARE)
        frame = reference.frame(drawn)
        amplitudes, parts = reference.gaussian.split(drawn)
        before = jnp.where(bare, frame.back(amplitudes), amplitudes)
        after = jnp.where(bare, amplitudes, frame.place(amplitudes))
        return Proposal(reference.gaussian.join(after, parts), log_mixture(frame, before, after), frame)

    return replace(target, proposal=proposal)


def log_mixture(frame: Frame, before: Array, after: Array) -> Array:
    """The logarithm of the density of the mixture over that of the free theory.

    Args:
        frame: L.
        before: The amplitudes a', shape (amplitude,).
        after: L a'.
    """
    return jnp.logaddexp(jnp.log1p(-BARE_SHARE) + excess(frame, before, after), jnp.log(BARE_SHARE))
