"""What tests of the command line share."""

import pytest


@pytest.fixture
def no_bank(monkeypatch: pytest.MonkeyPatch):
    """Runs without the bank of identities: compiling it takes longer than all the rest of a small run."""
    monkeypatch.setattr("nnft_ppl.runs.sampling._bank", lambda *_: (None, "not compiled here"))
