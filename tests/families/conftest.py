"""A family that many tests look at: sampled once, with all that a folder holds."""

import math
from pathlib import Path

import pytest
from products import PRODUCTS

from nnft_ppl import Ensembles, family, read, sample


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "products.py").write_text(PRODUCTS, encoding="utf-8")
    return str(tmp_path / "products.py")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a family of three widths."""
    folder = tmp_path_factory.mktemp("widths")
    (folder / "products.py").write_text(PRODUCTS, encoding="utf-8")
    widths = family(folder / "products.py", width=[1, 2, 4])
    sample(widths, "reweight", num_chains=2, num_draws=5000, keep="none", checks=False, out=folder / "out")
    return folder / "out"


@pytest.fixture
def widths(folder: Path) -> Ensembles:
    found = read(folder)
    assert isinstance(found, Ensembles)
    return found


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch):
    """No bank of identities, which takes longer to compile than all the rest, and no log on a busy machine."""
    monkeypatch.setattr("nnft_ppl.checks.IdentityBank.measurement", lambda self, theory: None)
    monkeypatch.setattr("nnft_ppl.cli.progress.EVERY", math.inf)
