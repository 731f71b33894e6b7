"""A sampler's state as arrays with names, as it is stored after every block."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr


def state_dataset(state: Any) -> xr.Dataset:
    """Every array of a state under the path that leads to it, dimensions `NAME_dim_AXIS`; random keys as their numbers.

    Args:
        state: A PyTree of arrays.
    """
    variables = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        array = np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)
        variables[name] = ([f"{name}_dim_{axis}" for axis in range(array.ndim)], array)
    return xr.Dataset(variables)


def state_from(dataset: xr.Dataset, like: Any) -> Any:
    """The state that was stored.

    Args:
        dataset: What `state_dataset` gave.
        like: A state of the same structure.

    Raises:
        KeyError: If an array is missing.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    restored = []
    for path, leaf in leaves:
        array = dataset[jax.tree_util.keystr(path, simple=True, separator=".")].values
        if _is_key(leaf):
            restored.append(jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(leaf)))
        else:
            restored.append(array)
    return jax.tree.unflatten(structure, restored)


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
