r"""A Markov process in Euclidean time, on top of which any network is reflection positive.

$$x_{t+\Delta} = e^{-\omega\Delta}\, x_t + \sqrt{1 - e^{-2\omega\Delta}}\; \xi, \qquad \xi \sim N(0, 1)$$

Source: the Ornstein–Uhlenbeck process, and networks that act on it, are those of arXiv:2504.05462.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float
from numpyro import distributions as dist

from nnft_ppl.arguments import require_finite, require_sign
from nnft_ppl.fields import Path


def markov_path(name: str, times: Sequence[float] | Float[ArrayLike, " time"], decay: Float[ArrayLike, "..."]) -> Path:
    r"""Sample the stationary Ornstein–Uhlenbeck process of unit variance, $E[x_s x_t] = e^{-\omega|s-t|}$, at times.

    The transitions are exact, so that the law does not depend on which other times there are. It starts at the time
    nearest to 0 and walks both ways: what happens on one side is independent of the other given where it starts, which
    is why M_ij = E[(ΘF_i)* F_j] = E[m_i* m_j], m_i = E[F_i | x_0], is positive for all functionals of times ≥ 0 if
    that time is 0 itself, and for those of any function of the path, taken at each time by itself, too. A layer that
    mixes times is not among them (docs/theory/axioms.md).

    A network on it is `Path(path.times, jax.vmap(network)(path.values))`, or `lambda t: network(path(t))`. There are
    no values between the times: a point there is refused.

    Args:
        name: Of the site, standard normals of shape (time, *plates); its plate is `NAME.time`. Plates around the call
            give independent components.
        times: Strictly increasing, of both signs if need be, two at least.
        decay: ω > 0, in inverse units of the times; may be sampled, and one for each component.

    Returns:
        The path, with values of shape (time, *components).

    Raises:
        TypeError: If the times are not real numbers.
        ValueError: If they do not increase, or ω is not positive.

    Example:
        >>> import numpyro
        >>> with numpyro.handlers.seed(rng_seed=0):
        ...     path = markov_path("x", [-1.0, 0.0, 0.5], decay=1.3)
        >>> path.values.shape
        (3,)
    """
    at = require_finite("markov_path", "times", times)
    if at.ndim != 1 or len(at) < 2 or np.any(np.diff(at) <= 0):
        raise ValueError(f"markov_path: times = {at}; give two or more strictly increasing ones")
    if not isinstance(decay, Tracer):
        require_finite("markov_path", "decay", decay)
    require_sign("markov_path", "decay", decay)
    plate = numpyro.plate(f"{name}.time", len(at))
    with plate:
        noise = jnp.asarray(numpyro.sample(name, dist.Normal(0, 1)))
    noise = jnp.moveaxis(noise, plate.dim, 0)
    start = int(np.argmin(np.abs(at)))
    later = _walk(noise[start:], np.diff(at[start:]), decay)
    earlier = _walk(noise[: start + 1][::-1], np.diff(at[: start + 1])[::-1], decay)
    return Path(at, jnp.concatenate([earlier[:0:-1], later]))


def _walk(
    noise: Float[Array, "time *component"], steps: np.ndarray, decay: ArrayLike
) -> Float[Array, "time *component"]:
    """The process from its first value, noise[0], on; steps of shape (time − 1,)."""
    if len(noise) == 1:
        return noise
    exponent = -jnp.asarray(decay) * steps.reshape(-1, *[1] * (noise.ndim - 1))
    kept = jnp.broadcast_to(jnp.exp(exponent), noise[1:].shape)
    moves = jnp.concatenate([noise[:1], jnp.sqrt(-jnp.expm1(2 * exponent)) * noise[1:]])
    kept = jnp.concatenate([jnp.zeros_like(noise[:1]), kept])

    def after(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
        """Two moves x -> kept · x + move, one after the other."""
        return first[0] * second[0], second[0] * first[1] + second[1]

    return jax.lax.associative_scan(after, (kept, moves))[1]
