"""A statement as a user writes it: a model, what is measured, what is known; sampled by `sample` and judged by it."""

import ast
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnft_ppl import Ensemble, Theory, family, sample
from nnft_ppl.statistics import pulls
from nnft_ppl.theory import ModelFile, load_file

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MOST_LINES = 40
"""A statement that takes more is written around something that the language lacks."""


def stated(
    model: Callable, observables: Callable, exact: Callable | None = None, *, also: tuple = (), **file: Any
) -> ModelFile:
    """The functions of a model file, in few lines.

    Args:
        model: As `observables` and `exact`, what a model file defines.
        observables: See `ModelFile`.
        exact: See `ModelFile`.
        also: Functions that those three call.
        file: Further parts of the file, `space` or `dim`.
    """
    functions = [one for one in (model, observables, exact, file.get("space"), *also) if one is not None]
    lines = [line for one in functions for line in inspect.getsource(one).splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES, f"{model.__name__} takes {len(lines)} lines"
    return ModelFile(model, model.__name__, observables=observables, exact=exact, **file)


def written(name: str) -> ModelFile:
    """A model file of the examples, of few lines beside its docstrings and imports.

    Args:
        name: Its name.
    """
    file = load_file(EXAMPLES / f"{name}.py")
    tree = ast.parse(file.source)
    kept = [one for one in tree.body if not isinstance(one, ast.Import | ast.ImportFrom | ast.Expr)]
    lines = [line for one in kept for line in ast.unparse(one).splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES, f"{name} takes {len(lines)} lines"
    return file


def known(file: ModelFile, **keywords: Any) -> dict[str, Any]:
    """The exact answers at these keywords, those of a control for instance.

    Args:
        file: The statement.
        keywords: Those that `exact` takes.
    """
    assert file.exact is not None
    return file.exact(**keywords)


def judged(file: ModelFile, seed: int, num_draws: int = 1000, out: Path | None = None, **keywords: Any) -> Ensemble:
    """A run whose verdict is good; its exact answers were looked at.

    Args:
        file: The statement.
        seed: Of the draws.
        num_draws: Of each of four chains.
        out: Folder for the result.
        keywords: The model's; a list of values makes it a family.
    """
    settings: dict[str, Any] = {"num_draws": num_draws, "seed": seed, "checks": False, "out": out}
    scanned = any(isinstance(value, list) for value in keywords.values())
    run = sample(family(file, **keywords) if scanned else Theory(file, **keywords), "reweight", **settings)
    failed = [one.text for one in run.verdicts if one.status == "failed"]
    assert not failed, failed
    assert any(one.check == "exact_answers" and one.status == "good" for one in run.verdicts), run.verdicts
    return run


def worst_pulls(run: Ensemble, exact: Mapping[str, Any], kind: str = "") -> dict[str, float]:
    """How many errors the estimates are away from answers, right or wrong; of the entry that is farthest.

    Args:
        run: The run.
        exact: By name.
        kind: `raw` for those of the draws as they are.
    """
    found = run.estimates_of(kind) if kind else run.estimates()
    return {name: float(np.max(np.abs(pulls(found[name], np.asarray(value))))) for name, value in exact.items()}
