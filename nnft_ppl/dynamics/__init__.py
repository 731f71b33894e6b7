"""Training as dynamics: networks moved by gradient flow or descent, as functions of their parameters at the start.

A network here is a function from parameters, any tree of arrays, to a field. What is drawn at random are the parameters
at the start; trained, they are a deterministic function of those, and the trained ensemble is a theory like any other.
"""

from nnft_ppl.dynamics.descent import gradient_descent
from nnft_ppl.dynamics.flow import gradient_flow
from nnft_ppl.dynamics.linear_flow import linear_flow
from nnft_ppl.dynamics.squared_loss import SquaredLoss
from nnft_ppl.dynamics.tangent_kernel import tangent_kernel

__all__ = ["SquaredLoss", "gradient_descent", "gradient_flow", "linear_flow", "tangent_kernel"]
