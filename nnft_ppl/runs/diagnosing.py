"""Checks made again on a stored run, of its own theory or of another one."""

from collections.abc import Sequence

from nnft_ppl.checks import Check, FinishedDraws, MeasureProgram, MeasureStream, Outcome
from nnft_ppl.display import Progress, Stage
from nnft_ppl.results import Ensemble, averaged_over, has_series, improved_series, quoted_series, series_of, with_entry
from nnft_ppl.runs.judging import judge_checks
from nnft_ppl.runs.kept import DrawsError, kept_draws
from nnft_ppl.runs.quoted import finished_singles
from nnft_ppl.theory import Theory


def judge_again(ensemble: Ensemble, theory: Theory, checks: Sequence[Check], progress: Progress) -> dict[str, Outcome]:
    """The outcome of checks by name: they measure on the kept draws, and judge with the stored series.

    Args:
        ensemble: A run.
        theory: Its theory, or another one with the same sites.
        checks: What is to be checked; nothing more is drawn.
        progress: Told what is being done.

    Raises:
        DrawsError: If no series were kept, or a check measures, and the draws were not kept, or cannot be those of the
            theory.
        ModelError: If a transport has no known inverse.
    """
    if not has_series(ensemble.data):
        raise DrawsError("no series were kept, which checks judge: run again with --keep-series auto")
    chains = ensemble.data["observables"].sizes["chain"]
    kept = None
    if any(type(check).measurement is not Check.measurement or check.needs_positions for check in checks):
        progress(Stage("bringing the draws back"))
        kept = kept_draws(ensemble, theory)
        there = with_entry(ensemble.data, kept.numbers)
        kept = kept._replace(positions=kept.positions[:, there], numbers=kept.numbers[there])
    progress(Stage("compiling checks"))
    program, measured = MeasureProgram(theory, list(checks), chains), {}
    lost = program.lost
    if kept and program.measurements:
        stream = MeasureStream(program)
        stream.add(kept.positions, 0, 1)
        measured = {name: one.assign_coords(draw=kept.numbers) for name, one in stream.finish().items()}
        lost = stream.lost
    quoted = quoted_series(ensemble.data, ensemble.log_weights)
    draws = FinishedDraws(
        theory,
        ensemble.kind,
        ensemble.estimates(),
        series_of(ensemble.data),
        series_of(ensemble.data, "sample_stats"),
        series_of(ensemble.data, "action"),
        improved_series(ensemble.data),
        quoted,
        ensemble.log_weights,
        progress=progress,
        positions=kept.positions if kept else None,
        numbers=kept.numbers if kept else None,
        phase=ensemble.phase,
        every=averaged_over(ensemble.data),
        singles=finished_singles(theory, ensemble.kind, ensemble.data, quoted),
    )
    return judge_checks(checks, draws, measured, lost)[0]
