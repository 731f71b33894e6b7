"""Checks made again on a stored run, of its own theory or of another one."""

from collections.abc import Sequence

from nnft_ppl.checks import Check, FinishedDraws, MeasureProgram, MeasureStream, Outcome
from nnft_ppl.display import Progress, Stage
from nnft_ppl.results import Ensemble, improved_series, quoted_series, series_of
from nnft_ppl.runs.judging import judge_checks
from nnft_ppl.runs.kept import kept_draws
from nnft_ppl.theory import Theory


def judge_again(ensemble: Ensemble, theory: Theory, checks: Sequence[Check], progress: Progress) -> dict[str, Outcome]:
    """The outcome of checks by name: they measure on the kept draws, and judge with the stored series.

    Args:
        ensemble: A run.
        theory: Its theory, or another one with the same sites.
        checks: What is to be checked; nothing more is drawn.
        progress: Told what is being done.

    Raises:
        DrawsError: If a check measures, and the draws were not kept, or cannot be those of the theory.
        ModelError: If a transport has no known inverse.
    """
    chains = ensemble.data["observables"].sizes["chain"]
    kept = None
    if any(type(check).measurement is not Check.measurement or check.needs_positions for check in checks):
        progress(Stage("bringing the draws back"))
        kept = kept_draws(ensemble, theory)
    progress(Stage("compiling checks"))
    program, measured = MeasureProgram(theory, list(checks), chains), {}
    lost = program.lost
    if kept and program.measurements:
        stream = MeasureStream(program)
        stream.add(kept.positions, 0, 1)
        measured = {name: one.assign_coords(draw=kept.numbers) for name, one in stream.finish().items()}
        lost = stream.lost
    draws = FinishedDraws(
        theory,
        ensemble.kind,
        ensemble.estimates(),
        series_of(ensemble.data),
        series_of(ensemble.data, "sample_stats"),
        series_of(ensemble.data, "action"),
        improved_series(ensemble.data),
        quoted_series(ensemble.data, ensemble.log_weights),
        ensemble.log_weights,
        progress=progress,
        positions=kept.positions if kept else None,
        numbers=kept.numbers if kept else None,
        phase=ensemble.phase,
    )
    return judge_checks(checks, draws, measured, lost)[0]
