"""A sampler's state as arrays with names, as it is stored after every block."""

import json
import sys
from functools import reduce
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from nnft_ppl.samplers import SamplerError


def state_dataset(state: Any) -> xr.Dataset:
    """Every array of a state under the path that leads to it, dimensions `NAME_dim_AXIS`; random keys as their numbers.

    The attribute `structure` says, as JSON, of which tuples, lists and dicts the state is made.

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
    return xr.Dataset(variables, attrs={"structure": json.dumps(_described(state))})


def stored_state(dataset: xr.Dataset) -> Any:
    """The state that was stored, where its structure is one that `state_dataset` describes; None elsewhere.

    Named tuples are looked for in modules that are imported: nothing is imported for what a file says.

    Args:
        dataset: What `state_dataset` gave.
    """
    try:
        return state_from(dataset, _skeleton(json.loads(dataset.attrs["structure"])))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


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


def _is_key(leaf: Any) -> TypeGuard[jax.Array]:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _described(state: Any) -> Any:
    """The structure of a state; what is none of these is unknown."""
    if state is None:
        return None
    if isinstance(state, tuple | list):
        kind = type(state)
        named = f"{kind.__module__}:{kind.__qualname__}" if hasattr(state, "_fields") else kind.__name__
        return [named, *map(_described, state)]
    if isinstance(state, dict) and all(isinstance(key, str) for key in state):
        return {key: _described(one) for key, one in state.items()}
    if _is_key(state):
        return f"key {jax.random.key_impl(state)}"
    return "array" if isinstance(state, jax.Array | np.ndarray | np.generic | float | int) else "unknown"


def _skeleton(described: Any) -> Any:
    """A state of this structure, with nothing in it."""
    if described is None:
        return None
    if isinstance(described, dict):
        return {key: _skeleton(one) for key, one in described.items()}
    if isinstance(described, list):
        kind, *parts = described
        children = [_skeleton(one) for one in parts]
        if ":" not in kind:
            return {"tuple": tuple, "list": list}[kind](children)
        module, _, name = kind.partition(":")
        found = reduce(getattr, name.split("."), sys.modules[module])
        if not (isinstance(found, type) and issubclass(found, tuple)):
            raise TypeError(f"{kind} is no named tuple")
        return found(*children)
    if described == "array":
        return np.zeros(())
    kind, _, implementation = described.partition(" ")
    if kind != "key":
        raise ValueError(f"a state holds {described}")
    return jax.random.key(0, impl=implementation)
