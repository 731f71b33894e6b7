"""Parameter laws with their transports from N(0, I): laws that NumPyro lacks, and the transports of NumPyro's own."""

from nnft_ppl.densities.ball import Ball, BallTransform
from nnft_ppl.densities.discrete import MOST_LEVELS, DiscreteLaw, discrete_law
from nnft_ppl.densities.integer_laws import IntegerNormal, ValueTable
from nnft_ppl.densities.inverses import inverse_of
from nnft_ppl.densities.propagator_momentum import PropagatorMomentum
from nnft_ppl.densities.transports import transport
from nnft_ppl.densities.uniform_ball import UniformBall

__all__ = [
    "MOST_LEVELS", "Ball", "BallTransform", "DiscreteLaw", "IntegerNormal", "PropagatorMomentum", "UniformBall",
    "ValueTable", "discrete_law", "inverse_of", "transport",
]  # fmt: skip
