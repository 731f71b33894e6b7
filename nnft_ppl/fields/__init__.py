"""Fields: callables φ(x) from a point of shape (dim,) to a scalar or to components.

Any callable will do. A field may add `on_grid(axes)`, a faster way to its values on a tensor grid: `axes`
is a tuple of dim 1-d arrays, the answer has shape (n_1, ..., n_dim) and the components, and must agree with
the pointwise values to rounding. For grids of the sphere the same is `on_sphere(height, azimuth)`.
"""

from nnft_ppl.fields.attention_heads import AttentionHeads
from nnft_ppl.fields.bases import Basis, FourierBasis, SplineBasis
from nnft_ppl.fields.bilocal import Bilocal
from nnft_ppl.fields.convolution import Convolution
from nnft_ppl.fields.dense import Dense
from nnft_ppl.fields.fourier import FourierSeries
from nnft_ppl.fields.harmonics import Harmonics
from nnft_ppl.fields.kolmogorov_arnold import KolmogorovArnold
from nnft_ppl.fields.lattice_field import LatticeField
from nnft_ppl.fields.linear import Linear
from nnft_ppl.fields.null_cone import NullCone
from nnft_ppl.fields.path import Path
from nnft_ppl.fields.plane_waves import PlaneWaves
from nnft_ppl.fields.split import Split
from nnft_ppl.fields.stack import stack
from nnft_ppl.fields.torus_modes import free_scales, half_modes
from nnft_ppl.fields.wave_products import WaveProducts
from nnft_ppl.fields.winding_path import WindingPath

__all__ = [
    "AttentionHeads",
    "Basis",
    "Bilocal",
    "Convolution",
    "Dense",
    "FourierBasis",
    "FourierSeries",
    "Harmonics",
    "KolmogorovArnold",
    "LatticeField",
    "Linear",
    "NullCone",
    "Path",
    "PlaneWaves",
    "SplineBasis",
    "Split",
    "WaveProducts",
    "WindingPath",
    "free_scales",
    "half_modes",
    "stack",
]
