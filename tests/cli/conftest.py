"""What tests of the command line share."""

import math
from typing import NoReturn

import pytest

from nnft_ppl.checks import IdentityBank


@pytest.fixture
def no_bank(monkeypatch: pytest.MonkeyPatch):
    """Runs without the bank of identities: compiling it takes longer than all the rest of a small run."""

    def refuse(self: IdentityBank, theory: object) -> NoReturn:
        raise ValueError("not compiled here")

    monkeypatch.setattr(IdentityBank, "measurement", refuse)


@pytest.fixture(autouse=True)
def no_log(monkeypatch: pytest.MonkeyPatch):
    """No log of progress, however long a busy machine takes: stderr shows what a quick run says."""
    monkeypatch.setattr("nnft_ppl.cli.progress.EVERY", math.inf)
