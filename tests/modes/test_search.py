"""The search finds every mode that there is, with its weight, and no more; against mixtures whose weights are exact."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from nnft_ppl.modes import ModeSearch
from nnft_ppl.modes.rays import behind_barriers
from nnft_ppl.target import Target


def target_of(action: Any, dimension: int, observable: Any = lambda z: z) -> Target:
    return Target(
        action,
        lambda z: jnp.zeros(()),
        lambda key: jax.random.normal(key, (dimension,)),
        lambda z: {"observables": {"o": observable(z)}, "action": {}},
        dimension,
    )


def mixture(places: np.ndarray, widths: np.ndarray, shares: np.ndarray) -> Any:
    """The action that makes e^{−|z|²/2 − S} a mixture of Gaussians: Laplace's weights are its shares."""
    dimension = places.shape[1]

    def action(z: jax.Array) -> jax.Array:
        away = jnp.sum((z - places) ** 2, axis=1) / widths**2
        logs = jnp.log(shares) - dimension * jnp.log(widths) - 0.5 * away
        return -jax.nn.logsumexp(logs) - 0.5 * jnp.sum(z**2)

    return action


def modes_of(action: Any, dimension: int, observable: Any = lambda z: z) -> list:
    return ModeSearch(target_of(action, dimension, observable), jax.random.key(0)).modes


def test_a_mixture_is_found_with_its_weights():
    places = np.array([[0.0, 0, 0], [4, 4, 0], [-6, 0, 3]])
    shares = np.array([0.5, 0.2, 0.3])
    modes = modes_of(mixture(places, np.array([0.8, 0.6, 0.5]), shares), 3)
    assert [mode.weight for mode in modes] == pytest.approx([0.5, 0.3, 0.2], rel=1e-3)
    np.testing.assert_allclose([mode.position for mode in modes], places[[0, 2, 1]], atol=1e-3)


def test_what_a_free_draw_is_worth_in_a_mode():
    place, width, share = 3.0, 0.2, 0.4
    action = mixture(np.array([[0.0], [place]]), np.array([1.0, width]), np.array([1 - share, share]))
    (mode,) = (mode for mode in modes_of(action, 1) if mode.position[0] > 1)

    def moment(power: int) -> float:
        """∫ p w^n over the mode, up to a factor c^n."""

        def integrand(z: float) -> float:
            log_weight = -0.5 * ((z - place) / width) ** 2 + z * z / 2
            return np.exp(power * log_weight - z * z / 2) / np.sqrt(2 * np.pi)

        return integrate.quad(integrand, 1, 5, points=[place])[0]

    moments = [moment(power) for power in (1, 2)]
    assert mode.free_worth == pytest.approx(moments[0] ** 2 / moments[1], rel=0.2)


ONE_MODE = {
    "free": (lambda z: 0.0 * jnp.sum(z), lambda z: z),
    "quartic": (lambda z: jnp.sum(z**4), lambda z: z),
    "a kink": (lambda z: 3 * jnp.sum(jnp.abs(z - 0.3)), lambda z: z),
    "a step": (lambda z: 2.0 * (jnp.sum(z) > 0.5), lambda z: z),
    "a wall": (lambda z: jnp.where(z[0] > 0.5, jnp.inf, 0.0), lambda z: z),
    "a barrier below one": (lambda z: 0.1 * (z[0] ** 2 - 2) ** 2 - 0.2 * z[0] ** 2, lambda z: z),
    "exchanged neurons": (lambda z: 40 * (z[0] * z[1]) ** 2 + 8 * (jnp.sum(z**2) - 9) ** 2, lambda z: jnp.sum(z**2)),
}


@pytest.mark.parametrize("name", ONE_MODE)
def test_one_mode_is_one(name: str):
    action, observable = ONE_MODE[name]
    assert len({mode.family for mode in modes_of(action, 2, observable)}) == 1


def test_without_a_minimum_nothing_is_found():
    assert modes_of(lambda z: jnp.full((), jnp.nan), 2) == []


def test_draws_show_where_they_were():
    action = mixture(np.array([[-3.0], [3.0]]), np.array([0.3, 0.3]), np.array([0.5, 0.5]))
    search = ModeSearch(target_of(action, 1), jax.random.key(0))
    reached = search.families_of(np.array([[2.5], [3.2]]))
    assert {round(float(mode.position[0])) for mode in search.modes if mode.family in reached} == {3}
    assert len(search.modes) == 2
    assert search.places is not None
    # What the search from free draws misses, a draw can still show.
    needle = mixture(np.array([[0.0, 0], [3, 3]]), np.array([1.0, 0.002]), np.array([0.6, 0.4]))
    search = ModeSearch(target_of(needle, 2), jax.random.key(0))
    before = len(search.modes)
    search.families_of(np.array([[3.001, 3.0]]))
    assert (before, len(search.modes)) == (1, 2)
    assert search.modes[1].weight == pytest.approx(0.4, rel=0.01)


def test_copies_by_symmetry_are_all_places_to_jump_to():
    """Three equal tilted wells: four modes as the sum tells them, of one, three, three and one copies."""
    modes = modes_of(lambda z: 0.5 * jnp.sum((z**2 - 6.25) ** 2 - 0.16 * z - z**2), 3, jnp.sum)
    families: dict[int, list] = {}
    for mode in modes:
        families.setdefault(mode.family, []).append(mode)
    copies = {round(sum(family[0].position) / 2.5): len(family) for family in families.values()}
    assert copies == {3: 1, 1: 3, -1: 3, -3: 1}
    wells = np.exp([0.08 * 2.5, -0.08 * 2.5])
    heavier = wells[0] / wells.sum()
    (up,) = (family[0] for family in families.values() if sum(family[0].position) > 6)
    assert up.weight == pytest.approx(heavier**3, rel=0.05)
    search = ModeSearch(
        target_of(lambda z: 0.5 * jnp.sum((z**2 - 6.25) ** 2 - 0.16 * z - z**2), 3, jnp.sum), jax.random.key(1)
    )
    assert search.places is not None
    assert len(search.places.place) == 8


def test_beyond_the_dimensions_that_are_searched_more_closely_one_mode_is_one():
    (mode,) = modes_of(lambda z: jnp.sum(z**4), 300)
    assert np.max(np.abs(mode.position)) < 1e-3


def test_modes_remember_the_directions_that_led_to_them():
    """As often as a direction leads there: half of them on a line, few to a narrow mode far away in a plane."""
    line = ModeSearch(
        target_of(mixture(np.array([[-3.0], [3.0]]), np.ones(2), np.array([0.5, 0.5])), 1), jax.random.key(0)
    )
    shares = [len(mode.directions) / line.directions for mode in line.modes]
    assert line.directions == 48
    assert sum(shares) == 1  # no direction leads to both, each leads to one
    assert abs(shares[0] - 0.5) < 5 * 0.5 / np.sqrt(48)
    # What a draw shows is no find of the search.
    needle = mixture(np.array([[0.0, 0], [3, 3]]), np.array([1.0, 0.002]), np.array([0.6, 0.4]))
    search = ModeSearch(target_of(needle, 2), jax.random.key(0))
    search.families_of(np.array([[3.001, 3.0]]))
    assert [len(mode.directions) for mode in search.modes] == [48, 0]


@pytest.mark.parametrize(("dimension", "width", "distance"), [(2, 0.02, 4.24), (5, 0.3, 5.0)])
def test_a_narrow_mode_off_the_directions_of_the_descents_is_found_by_rays(
    dimension: int, width: float, distance: float, monkeypatch: pytest.MonkeyPatch
):
    places = np.zeros((2, dimension))
    places[1] = distance / np.sqrt(dimension)
    action = mixture(places, np.array([1.0, width]), np.array([0.6, 0.4]))
    assert [mode.weight for mode in modes_of(action, dimension)] == pytest.approx([0.6, 0.4], rel=0.01)
    monkeypatch.setattr("nnft_ppl.modes.search.RAYS", (0, 0))
    assert len(modes_of(action, dimension)) == 1  # control: the descents alone miss it


HEIGHTS = {
    "a well": (lambda r: r**2, None),
    "a ring": (lambda r: (r - 4) ** 2, None),
    "a well behind a barrier": (lambda r: jnp.minimum(r**2, 3 * (r - 8) ** 2 + 5), 8.0),
    "a well behind a wall": (lambda r: jnp.where(jnp.abs(r - 4) < 1, jnp.nan, (r - 8) ** 2), 8.0),
    "a ripple": (lambda r: r**2 / 100 + 0.2 * jnp.cos(4 * r), None),
    "a fall at the end": (lambda r: jnp.where(r < 31, r, 0.0), None),
}


@pytest.mark.parametrize("name", HEIGHTS)
def test_places_behind_barriers(name: str):
    height, place = HEIGHTS[name]
    free = jnp.ones((256, 1))
    found = behind_barriers(lambda z: height(z[0]), free, 1.0, 3)
    assert found.tolist() == ([] if place is None else [[place]] * 3)
