"""From a theory and a sampler to an ensemble."""

from nnft_ppl.runs.collecting import collect
from nnft_ppl.runs.diagnosing import judge_again
from nnft_ppl.runs.dual import Duality, dual
from nnft_ppl.runs.grid_errors import grid_shifts
from nnft_ppl.runs.kept import DrawsError, KeptDraws, kept_draws
from nnft_ppl.runs.recorder import FieldError
from nnft_ppl.runs.request import make_request, sampler_of
from nnft_ppl.runs.sampling import sample
from nnft_ppl.runs.scanning import family_request
from nnft_ppl.runs.stopping import DEFAULT_DRAWS
from nnft_ppl.runs.sweeping import MembersError, sweep

__all__ = [
    "DEFAULT_DRAWS", "DrawsError", "Duality", "FieldError", "KeptDraws", "MembersError", "collect", "dual",
    "family_request", "grid_shifts", "judge_again", "kept_draws", "make_request", "sample", "sampler_of", "sweep",
]  # fmt: skip
