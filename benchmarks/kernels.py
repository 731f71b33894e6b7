r"""Value and gradient of (λ/24) ∫ φ⁴ for several chains: our grid evaluation, a point-wise network, bare products.

Needs the fields and spaces of the library alone, so that it also runs where no sampler is installed.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from benchmarks.timing import in_turns
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.spaces import Box

COUPLING, SIDE, CUTOFF = 1.0, 8.0, 4.0

Parameters = tuple[Float[Array, "chain neuron dim"], Float[Array, "chain neuron"], Float[Array, "chain neuron"]]
"""Momenta, and amplitudes of cosine and sine."""


def parameters(chains: int, width: int, dim: int) -> Parameters:
    """Momenta uniform in a cube, amplitudes of variance 1/width, in JAX's default precision."""
    keys = jax.random.split(jax.random.key(0), 3)
    momentum = jax.random.uniform(keys[0], (chains, width, dim), minval=-CUTOFF, maxval=CUTOFF)
    cosine, sine = (jax.random.normal(key, (chains, width)) / width**0.5 for key in keys[1:])
    return momentum, cosine, sine


def on_grid(box: Box) -> Callable[..., Any]:
    """Our value and gradient for all chains, compiled."""

    def action(momentum: Array, cosine: Array, sine: Array) -> Array:
        phi = PlaneWaves(jnp.stack([cosine, sine], axis=1), momentum)
        return COUPLING / 24 * box.integrate(box.evaluate(phi) ** 4)

    return jax.jit(jax.vmap(jax.value_and_grad(action, argnums=(0, 1, 2))))


def pointwise(box: Box) -> Callable[..., Any]:
    """The same as a user writes it: a network of one point, vmapped over the grid's points."""
    grid = np.stack([part.ravel() for part in np.meshgrid(*box.axes, indexing="ij")], axis=1)
    weight = functools.reduce(np.multiply.outer, box.weights).ravel()

    def action(momentum: Array, cosine: Array, sine: Array) -> Array:
        def network(x: Array) -> Array:
            angle = momentum @ x
            return cosine @ jnp.cos(angle) + sine @ jnp.sin(angle)

        phi = jax.vmap(network)(jnp.asarray(grid, momentum.dtype))
        return COUPLING / 24 * jnp.sum(jnp.asarray(weight, momentum.dtype) * phi**4)

    return jax.jit(jax.vmap(jax.value_and_grad(action, argnums=(0, 1, 2))))


def six_products(chains: int, width: int, points: int) -> Callable[[], Any]:
    """Two products (n×N)(N×n) and the four of their gradients, per chain."""
    keys = jax.random.split(jax.random.key(1), 5)
    first, second, third, fourth = (jax.random.normal(key, (chains, width, points)) for key in keys[:4])
    cotangent = jax.random.normal(keys[4], (chains, points, points))

    def products(a: Array, b: Array, c: Array, d: Array, e: Array) -> list[Array]:
        product = functools.partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
        return [product(a.T, b), product(c.T, d), product(b, e.T), product(a, e), product(d, e.T), product(c, e)]

    compiled = jax.jit(jax.vmap(products))
    return lambda: compiled(first, second, third, fourth, cotangent)


def field_times(started: float, dim: int, width: int, points: int, chains: int, rounds: int) -> dict[str, Any]:
    """Seconds per call of the three, in turns, and how far the two values and gradients lie apart.

    Args:
        started: When the process was started; not used, a kernel's compilation is not timed.
        dim: Dimension of space.
        width: Number of neurons N.
        points: Points n per axis.
        chains: Number of chains.
        rounds: Rounds A B C.
    """
    del started
    box, values = Box(SIDE, dim, points=points), parameters(chains, width, dim)
    ours, peer = on_grid(box), pointwise(box)
    kernels = {"ours": lambda: ours(*values), "pointwise": lambda: peer(*values)}
    if dim == 2:
        kernels["six products"] = six_products(chains, width, points)
    pairs = zip(jax.tree.leaves(ours(*values)), jax.tree.leaves(peer(*values)), strict=True)
    apart = max(float(jnp.linalg.norm(one - two) / jnp.linalg.norm(two)) for one, two in pairs)
    return {"seconds": in_turns(kernels, rounds), "apart": apart, "precision": values[0].dtype.name}
