"""A cos-net whose neurons share one random amplitude: connected functions that do not fall with the width."""

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.exact.neurons import cosine_moment, even_points, network_cumulant, network_moment


def shared_amplitude_connected(points: Float[ArrayLike, "factor *dim"], width: int, shape: float) -> float:
    r"""Connected function of `phi = A phi_0` with a common amplitude, `A^2 ~ Gamma(shape)` of mean 1.

    `phi_0(x) = width^(-1/2) sum_i alpha_i cos(b_i.x) + beta_i sin(b_i.x)` has independent Gaussian amplitudes of
    variance 1/2 and `b ~ N(0, 1/dim)`, so that it is Gaussian at each point. With its two-point function `G_0` and
    four-point function `G_0c` that of four points is `E[A^4] G_0c(1, 2, 3, 4) + Var(A^2) sum_3 G_0 G_0`,
    `E[A^4] = 1 + 1/shape`: at coincident points `3 Var(A^2) G_0^2` at every width.

    Args:
        points: The points, of shape (factor,) on the line, 2, 4, 6 or 8 of them.
        width: Number of neurons.
        shape: Of the gamma law, positive; 1/Var(A^2).

    Returns:
        The connected function, dimensionless.

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    owner = "shared_amplitude_connected"
    places = even_points(owner, points)
    places = places.reshape(len(places), -1)
    require_count(owner, "width", width)
    require_positive(owner, "shape", shape)
    own = cosine_moment(places, 1.0, 1.0, "pair")

    def moment(chosen: tuple[int, ...]) -> float:
        if len(chosen) % 2:
            return 0.0
        powers = np.prod([1 + step / shape for step in range(len(chosen) // 2)])  # E[A^n]
        return float(powers) * network_moment(lambda some: own(tuple(chosen[one] for one in some)), len(chosen), width)

    return network_cumulant(moment, len(places), 1)
