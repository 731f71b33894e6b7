"""A family that many tests look at: sampled once, with all that a folder holds."""

from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Outcome, nnft
from products import PRODUCTS, WORDS

from nnft_ppl import Ensembles, read


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "products.py").write_text(PRODUCTS, encoding="utf-8")
    return str(tmp_path / "products.py")


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """`nnft run --scan` over three widths: what it printed, and its folder."""
    folder = tmp_path_factory.mktemp("scan")
    (folder / "products.py").write_text(PRODUCTS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        # The bank takes longer to compile than all the rest.
        patch.setattr("nnft_ppl.checks.IdentityBank.measurement", lambda self, theory: None)
        out = nnft("run", str(folder / "products.py"), "--scan", "width=2,4,8", *WORDS, "--out", str(folder / "out"))
    return out, folder / "out"


@pytest.fixture
def widths(ran: tuple[Outcome, Path]) -> Ensembles:
    found = read(ran[1])
    assert isinstance(found, Ensembles)
    return found


@pytest.fixture
def show(ran: tuple[Outcome, Path]) -> Callable[..., Outcome]:
    return lambda *words: nnft("show", str(ran[1]), *words)
