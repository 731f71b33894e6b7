"""One finished run that all tests of this folder look at."""

from pathlib import Path

import pytest
from layers import ASKED, MODEL, chains

from nnft_ppl import Ensemble, Theory, load, read, sample


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "layer.py"
    path.write_text(MODEL, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def theory(file: Path) -> Theory:
    return load(str(file))


@pytest.fixture(scope="session")
def folder(theory: Theory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished run."""
    folder = tmp_path_factory.mktemp("runs") / "deep/out"
    sample(theory, chains, num_chains=2, num_draws=ASKED, seed=3, out=folder)
    return folder


@pytest.fixture(scope="session")
def ensemble(folder: Path) -> Ensemble:
    return read(folder)
