r"""Villain's model in its dual form: integer currents without divergence, sampled by a worm.

$$Z = \int \prod_x \frac{d\theta_x}{2\pi} \prod_l \sum_{n_l} e^{-\beta(\Delta_l\theta - 2\pi n_l)^2/2}
    \;\propto\; \sum_{k:\ \nabla\cdot k = 0} e^{-\sum_l k_l^2/(2\beta)}$$

With a source at y and a sink at x the same sum, over that without them, is ⟨cos(θ_x − θ_y)⟩. The worm (Prokof'ev and
Svistunov) samples both at once: its head, the sink, walks over the lattice and changes by ±1 the current of every link
that it passes, while the tail, the source, stays; where they meet, both move to any site. Every step keeps the weight:
the link's new current k' is accepted with min(1, e^{(k² − k'²)/(2β)}), the same for the way there and back. Closed
loops around the torus, the winding sectors, are made like all others, without a straight line of L links at once.

Source: N. Prokof'ev, B. Svistunov, Phys. Rev. Lett. 87 (2001) 160601; duality derived in docs/theory/topology.md.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.statistics import Estimate, estimate
from nnft_ppl.topology.unseen import doubt_unseen

CALL = 512
"""Steps for which random numbers are drawn at once."""


class Worm(NamedTuple):
    """Currents of one chain, with the two ends of the worm; sites are x + L y."""

    links: Int[Array, "axis_site"]
    """k of the link from x to its neighbour along axis 0 at x, along axis 1 at L² + x."""
    flow: Int[Array, "axis"]
    """Sum of the currents along each axis: L times the winding where the worm is closed."""
    head: Int[Array, ""]
    tail: Int[Array, ""]


class Counts(NamedTuple):
    """What is counted over some steps."""

    closed: Int[Array, ""]
    """Steps after which head and tail are at one site."""
    squared: Int[Array, ""]
    """Sum of W² there over both axes."""
    apart: Int[Array, "displacement"]
    """Steps by displacement of the head from the tail, numbered as the sites."""


def cost(current: Array, beta: Array) -> Array:
    """−ln of the weight of a link: k²/(2β)."""
    return current**2 / (2 * beta)


def crawl(worm: Worm, size: int, beta: Array, place: Array, direction: Array, luck: Array) -> Worm:
    """One step of the worm.

    Args:
        worm: Where it is.
        size: L.
        beta: β.
        place: A random site, to which a closed worm goes.
        direction: Of the step of its head, 0 to 3: forwards along axis 0 and 1, backwards along them.
        luck: A uniform random number.
    """
    closed = worm.head == worm.tail
    head, tail = (jnp.where(closed, place, end) for end in (worm.head, worm.tail))
    axis, sign = direction % 2, 1 - 2 * (direction // 2)
    x, y = head % size, head // size
    there = jnp.where(axis == 0, (x + sign) % size + size * y, x + size * ((y + sign) % size))
    link = axis * size**2 + jnp.where(sign > 0, head, there)
    old = worm.links[link]
    # A drawn luck of 0 has the logarithm −∞, and accepts.
    accepted = jnp.log(luck) < cost(old, beta) - cost(old + sign, beta)
    change = jnp.where(accepted, sign, 0)
    flow = worm.flow + change * (jnp.arange(2) == axis)
    return Worm(worm.links.at[link].add(change), flow, jnp.where(accepted, there, head), tail)


def displacement(worm: Worm, size: int) -> Array:
    """Of the head from the tail, as the number of a site."""
    along = (worm.head % size - worm.tail % size) % size
    return along + size * ((worm.head // size - worm.tail // size) % size)


@partial(jax.jit, static_argnames="size")
def advance(worms: Worm, keys: Array, size: int, beta: Array, calls: Array) -> tuple[Worm, Counts]:
    """`calls` times `CALL` steps of every chain, and what is counted in them; all with a leading axis of chains."""

    def step(carry: tuple[Worm, Counts], numbers: tuple[Array, Array]) -> tuple[tuple[Worm, Counts], None]:
        (worm, counts), (number, luck) = carry, numbers
        worm = crawl(worm, size, beta, number // 4, number % 4, luck)
        closed = worm.head == worm.tail
        squared = counts.squared + closed * jnp.sum((worm.flow // size) ** 2, dtype=jnp.int32)
        apart = counts.apart.at[displacement(worm, size)].add(1)
        return (worm, Counts(counts.closed + closed, squared, apart)), None

    def one_chain(worm: Worm, key: Array) -> tuple[Worm, Counts]:
        def call(turn: Array, carry: tuple[Worm, Counts]) -> tuple[Worm, Counts]:
            first, second = jax.random.split(jax.random.fold_in(key, turn))
            numbers = jax.random.randint(first, (CALL,), 0, 4 * size**2, dtype=jnp.int32)
            return jax.lax.scan(step, carry, (numbers, jax.random.uniform(second, (CALL,))))[0]

        nothing = Counts(jnp.int32(0), jnp.int32(0), jnp.zeros(size**2, jnp.int32))
        return jax.lax.fori_loop(0, calls, call, (worm, nothing))

    return jax.vmap(one_chain)(worms, keys)


def villain_currents(
    size: int, beta: float, *, steps: int = 2**20, num_chains: int = 32, num_blocks: int = 16, seed: int = 0
) -> dict[str, Estimate]:
    """Villain's model on a torus of L × L sites by integer currents, at a cost that does not grow with the coupling.

    Args:
        size: L, at least 2.
        beta: β, positive.
        steps: Steps of the worm per chain, after half as many that are thrown away. A sweep of the lattice are 2 L².
        num_chains: Independent chains, advanced together.
        num_blocks: Blocks of steps in each, between which correlations are looked for.
        seed: Of the random numbers.

    Returns:
        `stiffness` ⟨W²⟩, the helicity modulus over the temperature, averaged over both axes; `neighbour` and `diagonal`
        ⟨cos(θ_x − θ_y)⟩ at (1, 0) and (1, 1); `two_point`, the same at (r, 0) for r = 0, 1, …, ⌊L/2⌋. Without units; an
        error is NaN where nothing changed in any chain.

    Raises:
        TypeError, ValueError: If an argument is not a number, or out of range.

    Example:
        >>> found = villain_currents(2, 0.3, steps=2**12)
        >>> bool(abs(found["stiffness"].value - 0.1444) < 6 * found["stiffness"].error)
        True
    """
    owner = "villain_currents"
    size, beta = require_count(owner, "size", size, least=2), require_positive(owner, "beta", beta)
    steps, num_chains = require_count(owner, "steps", steps), require_count(owner, "num_chains", num_chains)
    num_blocks = require_count(owner, "num_blocks", num_blocks, least=4)
    calls = max(1, steps // (CALL * num_blocks))
    keys = jax.random.split(jax.random.key(seed), (num_blocks + 1, num_chains))
    site = jnp.zeros(num_chains, jnp.int32)
    worms = Worm(jnp.zeros((num_chains, 2 * size**2), jnp.int32), jnp.zeros((num_chains, 2), jnp.int32), site, site)
    worms, _ = advance(worms, keys[0], size, jnp.asarray(beta), jnp.int32((calls * num_blocks + 1) // 2))
    found = []
    for one in keys[1:]:
        worms, counts = advance(worms, one, size, jnp.asarray(beta), jnp.int32(calls))
        found.append([np.asarray(part) / (calls * CALL) for part in counts])
    closed, squared, apart = (np.stack(parts, axis=1) for parts in zip(*found, strict=True))
    # Displacements that the lattice's symmetry makes one: (x, y), (y, x) and those mirrored.
    apart = apart.reshape(*closed.shape, size, size)
    apart = (apart + apart.swapaxes(-1, -2)) / 2
    apart = (apart + np.roll(apart[..., ::-1, :], 1, axis=-2)) / 2
    line = apart[..., : size // 2 + 1, 0]
    parts = {"stiffness": squared / 2, "neighbour": line[..., 1], "diagonal": apart[..., 1, 1], "two_point": line}
    return doubt_unseen(estimate({name: _over(part, closed) for name, part in parts.items()}))


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Series whose mean is the ratio of the means, by its linear law: correlations of the two are in its error."""
    whole = whole.reshape(*whole.shape, *[1] * (part.ndim - 2))
    ratio = part.mean((0, 1)) / whole.mean()
    return ratio + (part - ratio * whole) / whole.mean()
