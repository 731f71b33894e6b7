"""A sampler's state as arrays with names, as it is stored after every block."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from nnft_ppl.samplers import SamplerError


def state_dataset(state: Any) -> xr.Dataset:
    """Every array of a state under the path that leads to it, dimensions `NAME_dim_AXIS`; random keys as their numbers.

    Args:
        state: A PyTree of arrays.

    Raises:
        SamplerError: For a state that holds something else, or whose paths cannot be told apart by their names.
    """
    variables = {}
    for name, leaf in _named_leaves(state):
        if name in variables or "/" in name:
            raise SamplerError(f"the sampler's state has two arrays called {name!r}, or a / in the name: rename it")
        array = np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)
        if array.dtype == object:
            raise SamplerError(f"the sampler's state must hold arrays alone: {name} is {type(leaf).__name__}")
        variables[name] = ([f"{name}_dim_{axis}" for axis in range(array.ndim)], array)
    return xr.Dataset(variables)


def state_from(dataset: xr.Dataset, like: Any) -> Any:
    """The state that was stored.

    Args:
        dataset: What `state_dataset` gave.
        like: A state of the same structure.

    Raises:
        ValueError: If the structure is another one: something is missing, or too much.
    """
    leaves = _named_leaves(like)
    if {name for name, _ in leaves} != set(map(str, dataset.data_vars)):
        stored = sorted(map(str, dataset.data_vars))
        raise ValueError(f"the stored state holds {stored}, not {sorted(name for name, _ in leaves)}")
    restored = []
    for name, leaf in leaves:
        array = dataset[name].values
        if _is_key(leaf):
            restored.append(jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(leaf)))
        else:
            restored.append(array)
    return jax.tree.unflatten(jax.tree.structure(like), restored)


def _named_leaves(state: Any) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_flatten_with_path(state)[0]
    return [(jax.tree_util.keystr(path, simple=True, separator=".") or "state", leaf) for path, leaf in leaves]


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
