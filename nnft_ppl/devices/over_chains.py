"""One function of a chain for all chains: compiled once, spread over the devices, chains in turn or side by side."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import jax
from jax.extend.core import jaxpr_as_fun

from nnft_ppl.devices.background import in_background
from nnft_ppl.devices.starting import require_jax

MOST_IN_TURN = 8
"""The most chains of a processor device that run one after the other; of more, or elsewhere, all run side by side."""


class OverChains:
    """A function of one chain, compiled for all chains at once and spread over the devices.

    Args:
        function: The compiled function of all chains.
        place: Puts the arguments where it wants them.
    """

    def __init__(self, function: Any, place: Callable[..., tuple] = lambda *arguments: arguments) -> None:
        self._function, self._place = function, place

    def __call__(self, *arguments: Any) -> Any:
        """The results of all chains; compiles on the first call."""
        return self._function(*self._place(*arguments))

    def traced(self, *arguments: Any) -> "Callable[[], Future[OverChains]]":
        """The same, traced here for arguments like these; what comes back compiles it in the background."""
        lowered = self._function.lower(*self._place(*arguments))
        return lambda: in_background(lambda: OverChains(lowered.compile(), self._place))


def over_chains(function: Callable, num_chains: int, *, shared: int = 0) -> OverChains:
    """`function` of one chain, compiled for all chains at once and spread over the devices.

    Chains share nothing but the last arguments, so each device runs its own without waiting for the others; one device
    runs all where the devices do not divide the chains. On a processor a few chains run one after the other: each takes
    only as long as its own loops, and kernels of one chain are cheaper than those of a batch, which XLA splits into
    parts that wait for each other. The other arguments and the results have the chain as leading axis.

    Args:
        function: What to do for one chain.
        num_chains: Length of the leading axis.
        shared: Number of arguments at the end that are the same for all chains.
    """
    require_jax()
    devices = jax.local_devices()
    spread_out = num_chains % len(devices) == 0
    of_device = num_chains // len(devices) if spread_out else num_chains
    few = devices[0].platform == "cpu" and of_device <= MOST_IN_TURN

    def together(function: Callable, *arguments: Any) -> Any:
        chains, same = arguments[: len(arguments) - shared], arguments[len(arguments) - shared :]
        if few:
            return jax.lax.map(lambda chain: function(*chain, *same), chains)
        return jax.vmap(lambda *chain: function(*chain, *same))(*chains)

    if len(devices) == 1 or not spread_out:
        return OverChains(jax.jit(partial(together, function)))
    mesh = jax.make_mesh((len(devices),), ("chain",), axis_types=(jax.sharding.AxisType.Auto,), devices=devices)

    def specs(number: int) -> tuple:
        return (jax.P("chain"),) * (number - shared) + (jax.P(),) * shared

    @jax.jit
    def spread(*arguments: Any) -> Any:
        # What is traced for one device is not found again by who traces for several: models are traced here, once.
        traced = _traced(function, arguments, shared)
        # BlackJAX's kernels do not say which of their values differ between devices, which the check would want.
        places = {"in_specs": specs(len(arguments)), "out_specs": jax.P("chain")}
        return jax.shard_map(partial(together, traced), mesh=mesh, check_vma=False, **places)(*arguments)

    def placed(*arguments: Any) -> tuple:
        # States that lie elsewhere would compile the program once for them and once for its own results.
        where = [jax.NamedSharding(mesh, spec) for spec in specs(len(arguments))]
        return tuple(jax.device_put(*pair) for pair in zip(arguments, where, strict=True))

    return OverChains(spread, placed)


def _traced(function: Callable, arguments: tuple, shared: int) -> Callable:
    """A function of one chain as it is traced for arguments of all chains."""

    def shape(array: Any, leading: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(array.shape[leading:], array.dtype, weak_type=array.weak_type)

    chains = jax.tree.map(lambda array: shape(array, 1), arguments[: len(arguments) - shared])
    same = jax.tree.map(lambda array: shape(array, 0), arguments[len(arguments) - shared :])
    operations, shapes = jax.make_jaxpr(function, return_shape=True)(*chains, *same)
    apply, structure = jaxpr_as_fun(operations), jax.tree.structure(shapes)
    return lambda *arguments: jax.tree.unflatten(structure, apply(*jax.tree.leaves(arguments)))
