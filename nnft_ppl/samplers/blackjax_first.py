"""BlackJAX, imported so that JAX does not start: a process in which JAX runs can neither be forked nor set up any more.

BlackJAX computes ln 2 on a device for the default of an argument. Python's own ln serves as well.
"""

import math
from unittest import mock

import jax.numpy as jnp

_log = jnp.log

with mock.patch.object(jnp, "log", lambda x: math.log(x) if isinstance(x, float) else _log(x)):
    import blackjax  # noqa: F401
