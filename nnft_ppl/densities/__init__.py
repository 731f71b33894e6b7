"""Densities of network parameters that NumPyro does not have, each with its exact map from normals."""

from nnft_ppl.densities.ball import Ball, BallTransform
from nnft_ppl.densities.propagator_momentum import PropagatorMomentum
from nnft_ppl.densities.uniform_ball import UniformBall

__all__ = ["Ball", "BallTransform", "PropagatorMomentum", "UniformBall"]
