"""Fields: callables φ(x) from a point of shape (dim,) to a scalar or to components.

Any callable will do. A field may add `on_grid(axes)`, a faster way to its values on a tensor grid: `axes`
is a tuple of dim 1-d arrays, the answer has shape (n_1, ..., n_dim) and the components, and must agree with
the pointwise values to rounding.
"""

from nnft_ppl.fields.dense import Dense
from nnft_ppl.fields.fourier import FourierSeries, free_scales
from nnft_ppl.fields.linear import Linear
from nnft_ppl.fields.plane_waves import PlaneWaves

__all__ = ["Dense", "FourierSeries", "Linear", "PlaneWaves", "free_scales"]
