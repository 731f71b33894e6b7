"""What tests of the command line share."""

from typing import NoReturn

import pytest

from nnft_ppl.checks import IdentityBank


@pytest.fixture
def no_bank(monkeypatch: pytest.MonkeyPatch):
    """Runs without the bank of identities: compiling it takes longer than all the rest of a small run."""

    def refuse(self: IdentityBank, theory: object) -> NoReturn:
        raise ValueError("not compiled here")

    monkeypatch.setattr(IdentityBank, "measurement", refuse)
