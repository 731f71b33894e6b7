"""From a NumPyro model to a `Theory`: found, read into reference coordinates, looked over."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnft_ppl.theory.boundedness import refuse_unbounded, unbounded_term, unbounded_words
    from nnft_ppl.theory.control import Control
    from nnft_ppl.theory.errors import ModelError
    from nnft_ppl.theory.keywords import literal, record, restored, shown
    from nnft_ppl.theory.latent_laws import base_distribution
    from nnft_ppl.theory.loading import (
        COMPANIONS,
        ModelFile,
        bind,
        find_model,
        load_file,
        read_source,
        sha256_of,
        shipped_models,
    )
    from nnft_ppl.theory.lost_draws import refuse_lost_draws
    from nnft_ppl.theory.naming import label_of
    from nnft_ppl.theory.own_moves import refuse_wrong_moves
    from nnft_ppl.theory.reading import Reading, Site, read
    from nnft_ppl.theory.resolution import grid_resolution, refuse_coarse_grid
    from nnft_ppl.theory.returned import field_names, named_fields
    from nnft_ppl.theory.smooth_maps import SMOOTH_MAP
    from nnft_ppl.theory.soundness import check_model, unread_keywords, unread_words
    from nnft_ppl.theory.theory import Theory, load
    from nnft_ppl.theory.undefined import undefined_terms
    from nnft_ppl.theory.unresolved_levels import refuse_unresolved_levels

_HOMES = {
    "boundedness": ("refuse_unbounded", "unbounded_term", "unbounded_words"),
    "loading": (
        "COMPANIONS",
        "ModelFile",
        "bind",
        "find_model",
        "load_file",
        "read_source",
        "sha256_of",
        "shipped_models",
    ),
    "control": ("Control",),
    "errors": ("ModelError",),
    "lost_draws": ("refuse_lost_draws",),
    "unresolved_levels": ("refuse_unresolved_levels",),
    "keywords": ("literal", "record", "restored", "shown"),
    "naming": ("label_of",),
    "own_moves": ("refuse_wrong_moves",),
    "latent_laws": ("base_distribution",),
    "reading": ("Reading", "Site", "read"),
    "resolution": ("grid_resolution", "refuse_coarse_grid"),
    "returned": ("field_names", "named_fields"),
    "smooth_maps": ("SMOOTH_MAP",),
    "soundness": ("check_model", "unread_keywords", "unread_words"),
    "theory": ("Theory", "load"),
    "undefined": ("undefined_terms",),
}

__all__ = [
    "COMPANIONS", "SMOOTH_MAP", "Control", "ModelError", "ModelFile", "Reading", "Site", "Theory", "base_distribution",
    "bind", "check_model", "field_names", "find_model", "grid_resolution", "label_of", "literal", "load", "load_file",
    "named_fields", "read", "read_source", "record", "refuse_coarse_grid", "refuse_lost_draws", "refuse_unbounded",
    "refuse_unresolved_levels", "refuse_wrong_moves", "restored", "sha256_of", "shipped_models", "shown",
    "unbounded_term", "unbounded_words", "undefined_terms", "unread_keywords", "unread_words",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a name on first use: models are listed, and a misspelt one complained of, before NumPyro is imported."""
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
