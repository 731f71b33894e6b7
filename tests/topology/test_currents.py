"""The worm of Villain's currents against two by two sites; another coupling and a wrong ratio must be seen."""

import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED

from nnft_ppl.exact import villain_two_by_two
from nnft_ppl.topology import currents, villain_currents

STEPS = 2**15


def pulls(found, beta):
    known = villain_two_by_two(beta)._asdict() | {"two_point": [1, villain_two_by_two(beta).neighbour]}
    return np.concatenate(
        [np.ravel((one.value - known[name]) / np.where(one.error > 0, one.error, 1)) for name, one in found.items()]
    )


@pytest.mark.parametrize(("beta", "seed"), [(0.3, 1), (0.75, 2)])
def test_worm_on_two_by_two_sites(beta, seed):
    found = villain_currents(2, beta, steps=STEPS, seed=seed)
    assert np.max(np.abs(pulls(found, beta))) < ACCEPTED
    assert np.max(np.abs(pulls(found, 1.1 * beta))) > REJECTED
    assert found["neighbour"].error < 0.003
    if beta == 0.3:  # spin waves alone
        assert abs(found["neighbour"].value - np.exp(-3 / 16 / beta)) > REJECTED * found["neighbour"].error


def test_a_wrong_ratio_is_seen(monkeypatch):
    currents.advance.clear_cache()
    right = currents.cost
    # As if the weight of a link without current were not looked at when the current leaves it.
    monkeypatch.setattr(currents, "cost", lambda current, beta: right(current, beta) + 0.2 * (current == 0))
    found = villain_currents(2, 0.3, steps=STEPS, seed=1)
    currents.advance.clear_cache()
    assert np.max(np.abs(pulls(found, 0.3))) > REJECTED


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: villain_currents(1, 0.3), "size = 1"),
        (lambda: villain_currents(2, 0.0), "beta = 0"),
        (lambda: villain_currents(2, 0.3, num_chains=0), "num_chains = 0"),
        (lambda: villain_currents(2, 0.3, num_blocks=1), "num_blocks = 1"),
    ],
)
def test_mistakes_of_the_worm(call, words):
    with pytest.raises(ValueError, match=words):
        call()
