"""Networks that move: trained by gradient flow or descent, or running and learning as a field theory in time.

In training a network is a function from parameters, any tree of arrays, to a field. What is drawn at random are the
parameters at the start; trained, they are a deterministic function of those, and the trained ensemble is a theory like
any other. A `LearningNetwork` has a state, too: what is drawn is where it starts, and the field is its `rollout`.
"""

from nnft_ppl.dynamics.descent import gradient_descent
from nnft_ppl.dynamics.dirac import DiracLattice
from nnft_ppl.dynamics.duality import PairFindings, dual_loss, hamiltonian_pair, quadratic_part
from nnft_ppl.dynamics.flow import gradient_flow
from nnft_ppl.dynamics.gauge_field import GaugeField
from nnft_ppl.dynamics.learning_network import LearningNetwork, State
from nnft_ppl.dynamics.linear_flow import linear_flow
from nnft_ppl.dynamics.mechanics import reversal_defect, symplectic_defect
from nnft_ppl.dynamics.quadratic_loss import QuadraticLoss
from nnft_ppl.dynamics.rollout import Rollout, continuous_rollout, rollout
from nnft_ppl.dynamics.squared_loss import SquaredLoss
from nnft_ppl.dynamics.tangent_kernel import tangent_kernel
from nnft_ppl.dynamics.thermal_start import thermal_start
from nnft_ppl.dynamics.unitary import cayley_step, gibbs_spinor, unitary_rollout

__all__ = [
    "DiracLattice",
    "GaugeField",
    "LearningNetwork",
    "PairFindings",
    "QuadraticLoss",
    "Rollout",
    "SquaredLoss",
    "State",
    "cayley_step",
    "continuous_rollout",
    "dual_loss",
    "gibbs_spinor",
    "gradient_descent",
    "gradient_flow",
    "hamiltonian_pair",
    "linear_flow",
    "quadratic_part",
    "reversal_defect",
    "rollout",
    "symplectic_defect",
    "tangent_kernel",
    "thermal_start",
    "unitary_rollout",
]
