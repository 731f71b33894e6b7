"""What tests of the command line share."""

import math

import pytest


@pytest.fixture
def no_bank(monkeypatch: pytest.MonkeyPatch):
    """Runs without the bank of identities: compiling it takes longer than all the rest of a small run."""
    monkeypatch.setattr("nnft_ppl.runs.sampling._bank", lambda *_: (None, "not compiled here"))


@pytest.fixture(autouse=True)
def no_log(monkeypatch: pytest.MonkeyPatch):
    """No log of progress, however long a busy machine takes: stderr shows what a quick run says."""
    monkeypatch.setattr("nnft_ppl.cli.progress.EVERY", math.inf)
