"""The loop that every Markov chain runs in: blocks, starts, and chains that cannot go on."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from integers import integers

from nnft_ppl import load, sample
from nnft_ppl.draws import Kind, KindError
from nnft_ppl.runs import block_sizes
from nnft_ppl.runs.states import state_dataset, state_from, stored_state
from nnft_ppl.samplers import SAMPLERS, Block, Chains, SamplerError, Settings, hmc, one_draw, reweight, run_blocks
from nnft_ppl.samplers.sampler import next_length
from nnft_ppl.target import Target


class Point(NamedTuple):
    """The least that a state must have."""

    position: jax.Array


def target(action):
    """A density over two coordinates, measuring the position itself."""
    return Target(
        action,
        reference=lambda z: jnp.zeros(()),
        free_draw=lambda key: jax.random.normal(key, (2,)),
        measure=lambda z: {"observables": {"z": z}, "action": {"S": action(z)}},
        dimension=2,
    )


def settings(key, **changes):
    told = {"num_chains": 2, "num_draws": 50, "num_warmup": 20, "keep_every": 1, "block_draws": 20} | changes
    return Settings(key, **told)


def lengths_of(told):
    """All lengths of blocks, as a run of these settings has them."""
    lengths = []
    while sum(lengths) < told.num_draws:
        lengths.append(next_length(told, sum(lengths)))
    return lengths


@pytest.mark.parametrize(
    ("draws", "block", "lengths"),
    [(1000, 400, [400, 400, 200]), (4, 500, [4]), (500, 500, [500]), (501, 500, [500, 1])],
)
def test_block_lengths(draws, block, lengths, key):
    assert lengths_of(settings(key, num_draws=draws, block_draws=block)) == lengths


@pytest.mark.parametrize(("draws", "block"), [(1000, 500), (4, 4), (501, 251), (12500, 500), (10**6, 5000)])
def test_blocks_of_a_run_are_as_equal_as_they_can_be(draws, block):
    assert block_sizes.block_sizes(10, 2, draws, limited=False)["block_draws"] == block


def test_blocks_that_grow_are_a_tenth_of_what_is_there(key):
    lengths = lengths_of(settings(key, num_draws=5030, block_draws=250, growing=True))
    assert sum(lengths) == 5030
    assert lengths[:11] == [25] * 11
    before = np.cumsum([0, *lengths])[:-1]
    assert all(length <= max(25, done / 10) for length, done in zip(lengths, before, strict=True))
    assert max(lengths) == 250


@pytest.mark.parametrize("sampler", [hmc, reweight])
def test_growing_blocks_hold_every_draw_once(sampler, key):
    told = settings(key, num_draws=400, block_draws=60, keep_every=3, growing=True)
    blocks = list(run_blocks(sampler, target(lambda z: 0.1 * jnp.sum(z**4)), told))
    lengths = [block.measured["action"]["S"].shape[1] for block in blocks]
    assert sum(lengths) == 400
    assert max(lengths) <= 60
    positions = np.concatenate([block.positions for block in blocks], axis=1)
    measured = np.concatenate([block.measured["observables"]["z"] for block in blocks], axis=1)
    np.testing.assert_array_equal(positions, measured[:, ::3])


@pytest.mark.parametrize(("room", "longest"), [(0, 25), (60, 60), (5000, 300)])
def test_blocks_of_many_parameters_are_short(room, longest, seed, monkeypatch):
    """Most of them hold no draw that is kept; populations stay as large as they were."""
    theory = load("phi4_circle", modes=4)
    monkeypatch.setattr(block_sizes, "BLOCK_BYTES", room * 2 * theory.dimension * 8)
    monkeypatch.setattr(block_sizes, "KEPT_BYTES", 2000)
    monkeypatch.setattr(block_sizes, "KEPT_DRAWS", 5)
    told = []

    def watched(target, settings):
        told.append(settings)
        return reweight(target, settings)

    run = sample(theory, watched, num_chains=2, num_draws=600, seed=seed, checks=False)
    assert (told[0].block_draws, told[0].population) == (longest, 300)
    assert run.data["observables"].sizes["draw"] == 600
    np.testing.assert_array_equal(run.data["prior"]["draw"], np.arange(0, 600, 120))


@pytest.mark.parametrize("sampler", [hmc, reweight])
def test_blocks_hold_every_draw_once(sampler, key):
    blocks = list(run_blocks(sampler, target(lambda z: jnp.sum(z**4)), settings(key, keep_every=7)))
    draws = np.concatenate([block.measured["observables"]["z"] for block in blocks], axis=1)
    kept = np.concatenate([block.positions for block in blocks], axis=1)
    assert draws.shape == (2, 50, 2)
    np.testing.assert_array_equal(kept, draws[:, ::7])
    assert not np.any(draws[0] == draws[1])  # chains have streams of their own


def test_free_draws_carry_their_action(key):
    (block,) = run_blocks(reweight, target(lambda z: jnp.sum(z**2)), settings(key, num_draws=8))
    np.testing.assert_allclose(block.stats["log_weight"], -np.sum(block.positions**2, axis=-1), rtol=1e-12)


def not_a_number(z):
    return jnp.log(-jnp.sum(z**2))


def kink(z):
    return jnp.linalg.norm(0 * z)


def cliff(z):
    """Finite at the start, infinite wherever a step could go."""
    return jnp.where(jnp.sum((z - jax.lax.stop_gradient(z)) ** 2) > 0, jnp.inf, 1e12 * jnp.sum(jnp.sin(1e8 * z)))


REFUSED = {
    not_a_number: "action is nan at the start of chain 0, .* free theory: look for a logarithm",
    kink: "gradient of the action is not finite at the start",
    cliff: "every transition of the first block diverged",
}


@pytest.mark.parametrize("action", REFUSED, ids=lambda action: action.__name__)
def test_hopeless_actions_are_errors(action, key):
    with pytest.raises(SamplerError, match=REFUSED[action]):
        list(run_blocks(hmc, target(action), settings(key)))


def test_a_frozen_chain_is_an_error(key):
    def step(key, state):
        stats = {"diverging": jnp.array(False), "acceptance_rate": jnp.array(0.0), "step_size": jnp.array(0.5)}
        return state, stats

    with pytest.raises(SamplerError, match=r"chain 0 never moved in the first 20 draws: the step size 0.5"):
        list(run_blocks(chains_of(step), target(lambda z: jnp.sum(z**2)), settings(key)))


def chains_of(step):
    """Chains that begin at the origin, and make such steps."""

    def make(target, settings):
        def begin(program):
            return Point(jnp.zeros((settings.num_chains, 2))), ()

        return Chains(settings, settings.key, begin, lambda fixed: one_draw(target, settings, step))

    return make


def test_statistics_that_a_kind_needs_are_asked_for_by_name(key):
    def step(key, state):
        return Point(jax.random.normal(key, (2,))), {"acceptance_rate": jnp.array(1.0)}

    def weighted(key, state):
        return Point(jax.random.normal(key, (2,))), {"diverging": jnp.array(False), "log_weight": jnp.array(0.0)}

    gaussian = target(lambda z: jnp.zeros(()))
    with pytest.raises(
        KindError, match=r"'chains' need the statistic 'diverging' \(whether .* there are acceptance_rate"
    ):
        list(run_blocks(chains_of(step), gaussian, settings(key)))
    with pytest.raises(KindError, match=r"'chains' carry no weights.*say kind 'free' or 'populations'"):
        list(run_blocks(chains_of(weighted), gaussian, settings(key)))


@pytest.mark.parametrize(
    ("kind", "stats", "message"),
    [
        ("ensemble", {}, "kind is one of chains, free, populations, not 'ensemble'"),
        ("free", {}, "'free' need the statistic 'log_weight'"),
        ("populations", {"log_weight": np.zeros((2, 4))}, "'populations' need the statistic 'population'"),
    ],
)
def test_blocks_that_are_not_what_they_say(kind, stats, message):
    with pytest.raises(KindError, match=message):
        Block(kind, {}, stats, None).checked("mine", 2)


class Scripted:
    """A sampler that gives what it is told."""

    def __init__(self, blocks, state=0.0):
        self.blocks, self.state = list(blocks), state

    def start(self):
        return self.state

    def step(self, state):
        return self.blocks.pop(0)


def free_block(stats=None, observables=None, kind="free", draws=8):
    values = {"weight_squared": 1, "weight_fourth": 1, "trace": 1, "quartic_trace": 1}
    measured = {"observables": {name: np.ones((2, draws)) for name in values}, "action": {}} | (observables or {})
    return Block(kind, measured, {"log_weight": np.zeros((2, draws))} if stats is None else stats, None)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda target, settings: None, r"gave None, not a Sampler with start\(\) and step"),
        (lambda target, settings: Scripted([None]), r"step\(state\) must return \(state, Block\), not NoneType"),
        (lambda target, settings: Scripted([(0, free_block(draws=0))]), "made no draws: its first block is empty"),
        (lambda target, settings: Scripted([(0, free_block(stats={}))]), "'free' need the statistic 'log_weight'"),
        (
            lambda target, settings: Scripted([(0, free_block(stats={"log_weight": np.zeros((2, 5))}))]),
            r"an array of measured has shape \(2, 8\); all of a block begin with \(chain, draw\) = \(2, 5\)",
        ),
        (
            lambda target, settings: Scripted([(0, free_block()._replace(measured={}))]),
            "`measured` of a block must be what target.measure",
        ),
        (
            lambda target, settings: Scripted([(object(), free_block())]),
            "state must hold arrays alone: state is object",
        ),
    ],
)
def test_a_sampler_that_keeps_to_nothing_is_told_what_a_sampler_is(make, message, tmp_path):
    with pytest.raises((SamplerError, KindError), match=message):
        sample(load("deformed_rotation"), make, num_chains=2, num_draws=16, checks=False, out=tmp_path / "out")


def test_kinds_may_be_words():
    run = sample(
        load("deformed_rotation"),
        lambda target, settings: Scripted([(0.0, free_block()), (0.0, free_block())]),
        num_chains=2,
        num_draws=16,
        checks=False,
    )
    assert run.kind is Kind.FREE


def test_a_stored_state_is_of_one_structure():
    with pytest.raises(SamplerError, match=r"two arrays called 'c\.d'"):
        state_dataset({"c": {"d": np.zeros(1)}, "c.d": np.ones(1)})
    told = state_dataset((np.zeros(1), {"a": [None, jax.random.key(3)]}))
    assert jax.tree.structure(stored_state(told)) == jax.tree.structure((0, {"a": [None, 0]}))
    for unknown in ("not JSON", '["os:system", "array", "array"]', '["nowhere:State", "array", "array"]', '"unknown"'):
        told.attrs["structure"] = unknown
        assert stored_state(told) is None
    with pytest.raises(ValueError, match=r"the stored state holds \['a', 'b'\], not \['a'\]"):
        state_from(state_dataset({"a": np.zeros(1), "b": np.zeros(1)}), {"a": np.zeros(1)})


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_state_goes_to_disk_and_back(name, key, tmp_path):
    """The block after a stored state is, bit for bit, the block after the state itself; the state is arrays alone."""
    gaussian = integers(np.eye(3)) if name == "mixed" else target(lambda z: 0.1 * jnp.sum(z**4))
    told = settings(key, num_draws=60, block_draws=20, num_warmup=50)
    sampler = SAMPLERS[name](gaussian, told)
    state, _ = sampler.step(sampler.start())
    assert all(isinstance(leaf, np.ndarray | jax.Array) for leaf in jax.tree.leaves(state))
    state_dataset(state).to_netcdf(tmp_path / "state.nc", engine="h5netcdf")
    dataset = xr.load_dataset(tmp_path / "state.nc", engine="h5netcdf")
    restored = stored_state(dataset)
    assert jax.tree.structure(restored) == jax.tree.structure(state_from(dataset, state))
    after, block = sampler.step(state)
    again, same = SAMPLERS[name](gaussian, told).step(restored)  # a sampler that was never started
    jax.tree.map(np.testing.assert_array_equal, block[1:], same[1:])
    jax.tree.map(np.testing.assert_array_equal, state_dataset(after).to_dict(), state_dataset(again).to_dict())


def test_weights_that_are_not_numbers_are_errors(key):
    with pytest.raises(SamplerError, match="action is nan on a draw of the free theory"):
        list(run_blocks(reweight, target(not_a_number), settings(key)))


def test_warmup_is_needed(key):
    with pytest.raises(ValueError, match="warmup must be at least 1"):
        list(run_blocks(hmc, target(lambda z: jnp.sum(z**2)), settings(key, num_warmup=0)))
