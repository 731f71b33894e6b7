"""A sampler with a fault that no correlator shows at a glance, and how the identities find it.

The broken sampler is HMC that, after every block, stores the network's momenta as if the cut-off were 2 % smaller: a
mistake in a transport, say. Chains mix, R̂ is 1.00, errors are honest. Only the density is wrong.

    python examples/broken_sampler.py
"""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from nnft_ppl import Theory, load, sample
from nnft_ppl.cli.diagnose import bank_table
from nnft_ppl.samplers import Block, Settings, hmc
from nnft_ppl.target import Target


class Broken:
    """HMC whose draws have the parameters of another cut-off."""

    def __init__(self, target: Target, settings: Settings, right: Theory, wrong: Theory) -> None:
        self.every, self.hmc = settings.keep_every, hmc(target, replace(settings, keep_every=1))

        def moved(position: jax.Array) -> jax.Array:
            return right.coordinates(wrong.transport(position))

        self.shrink = jax.jit(jax.vmap(jax.vmap(moved)))
        self.measure = jax.jit(jax.vmap(jax.vmap(target.measure)))

    def start(self) -> Any:
        return self.hmc.start()

    def step(self, state: Any) -> tuple[Any, Block]:
        state, block = self.hmc.step(state)
        positions = np.asarray(self.shrink(jnp.asarray(block.positions)))
        kept = positions[:, :: self.every] if self.every else None
        return state, block._replace(measured=jax.tree.map(np.asarray, self.measure(positions)), positions=kept)


def theories() -> tuple[Theory, Theory]:
    """φ⁴ theory, and the same with a cut-off that is 2 % smaller."""
    keywords = {"alpha": -1, "dim": 1, "width": 32, "side": 4.0, "cutoff": 8.0, "coupling": 6.0}
    return load("phi4", **keywords), load("phi4", **keywords | {"cutoff": 7.84})


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    console = Console()
    right, wrong = theories()
    for name, sampler in {"hmc": "hmc", "broken": partial(Broken, right=right, wrong=wrong)}.items():
        run = sample(right, sampler, num_draws=4000, seed=1)
        console.print(f"[bold]{name}[/]: two_point {run.estimates()['two_point']}", highlight=False)
        for verdict in run.verdicts:
            console.print(f"  {verdict.status:>11}  {verdict.text}", highlight=False, soft_wrap=True)
        if run.provenance.verdict != "good":
            rows = run.findings["schwinger_dyson"]["rows"]
            worst = sorted(rows, key=lambda row: -abs(row["z"]))[:5]
            console.print("where it shows:", bank_table(worst), sep="\n")


if __name__ == "__main__":
    main()
