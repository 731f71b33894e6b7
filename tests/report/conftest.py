"""Two small runs that the tests of figures and pages share: a Markov chain and reweighted free draws."""

import pytest

from nnft_ppl import Ensemble, load, sample


@pytest.fixture(scope="session")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Ensemble:
    """φ⁴ on the circle by HMC: exact answers, raw and improved correlators, a bank."""
    theory = load("phi4_circle", modes=4)
    return sample(theory, "hmc", num_draws=300, num_warmup=50, seed=1, out=tmp_path_factory.mktemp("chains") / "run")


@pytest.fixture(scope="session")
def free_draws(tmp_path_factory: pytest.TempPathFactory) -> Ensemble:
    """φ⁴ in two dimensions by reweighting: weights, a curve in β, heat maps; no bank, which takes long to compile."""
    theory = load("phi4", width=8, side=2.0, cutoff=2.0)
    folder = tmp_path_factory.mktemp("free_draws") / "run"
    return sample(theory, "reweight", num_draws=300, seed=1, out=folder, checks=False)
