"""Checks made again on a stored run, of its own theory or of another one."""

from collections.abc import Sequence

from nnft_ppl.checks import Check, FinishedDraws, MeasureProgram, MeasureStream, Outcome
from nnft_ppl.display import Progress, Stage
from nnft_ppl.results import Ensemble, averaged_over, improved_series, quoted_series, series_of
from nnft_ppl.runs.judging import finished_singles, judge_checks
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
    kept, every = None, averaged_over(ensemble.data)
    if any(type(check).measurement is not Check.measurement or check.needs_positions for check in checks):
        progress(Stage("bringing the draws back"))
        kept = kept_draws(ensemble, theory)
        there = kept.numbers % every == 0
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
        every=every,
        singles=finished_singles(theory, ensemble.kind, ensemble.data, quoted),
    )
    return judge_checks(checks, draws, measured, lost)[0]
