"""Progress: a live line on a terminal, a log elsewhere, with a clock of the test's own."""

import io

import pytest
from rich.console import Console

from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.display import Stage


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch):
    """(seconds, stage), ... -> what is written where there is no terminal."""
    monkeypatch.setattr("nnft_ppl.cli.progress.EVERY", 60.0)

    def written(*told: tuple[float, Stage]) -> list[str]:
        file, now = io.StringIO(), [1000.0]
        with progress_bar(Console(file=file, width=40), lambda: now[0]) as shown:
            for seconds, stage in told:
                now[0] = 1000.0 + seconds
                shown(stage)
        return file.getvalue().splitlines()

    return written


def test_short_runs_log_nothing(log):
    assert log((0, Stage("reading phi4")), (30, Stage("drawing by hmc", 1, 2)), (59.9, Stage("estimates"))) == []


def test_long_runs_log_a_line_every_minute(log):
    drawing = [(float(seconds), Stage("drawing by hmc", 10 * seconds, 16000)) for seconds in range(5, 151, 5)]
    assert log(*drawing) == ["nnft: drawing by hmc 600/16000, 1 min", "nnft: drawing by hmc 1200/16000, 2 min"]
    # Longer than the console is wide, and in one line all the same; a step that takes long is told at its end.
    long = Stage("looking at [all] of the devices that there are")
    assert log((0, long), (3599, long), (3600, long), (3661, Stage("estimates"))) == [
        "nnft: looking at [all] of the devices that there are, 59 min",
        "nnft: estimates, 1 h 1 min",
    ]


def test_what_is_noted_is_logged_with_the_time_left(log):
    """30 draws a second since the stage began, of which 9000 are missing."""
    told = [(float(seconds), Stage("drawing by hmc", 30 * (seconds - 10), 10500, note="x to 2% (1% wanted)"))
            for seconds in range(10, 61, 10)]  # fmt: skip
    assert log(*told) == ["nnft: drawing by hmc 1500/10500, 1 min, x to 2% (1% wanted), about 5 min left"]


def test_a_terminal_shows_every_stage_at_once():
    """Painted by the call itself: no refresh in the background has to come by before the next stage."""
    file = io.StringIO()
    with progress_bar(Console(file=file, force_terminal=True, width=80)) as shown:
        shown._bar.live.auto_refresh = False
        for number in range(50):
            shown(Stage(f"step {number},"))
            assert f"step {number}," in file.getvalue()
            shown(Stage(f"step {number},", number, 100 + number))
            assert f"{number}/{100 + number}" in file.getvalue()
