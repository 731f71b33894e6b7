"""What compiled programs hold once: the model, whoever reads it for the same draw and on however many devices."""

import subprocess
import sys

import jax
import jax.numpy as jnp

from nnft_ppl.theory import load

COUNTING = """
import jax, jax.numpy as jnp
jax.config.update("jax_num_cpu_devices", 2)
from nnft_ppl.devices import over_chains
count = 0

def model(place):
    global count
    count += 1
    return jnp.sin(place).sum()

traced = jax.jit(model)
jax.eval_shape(traced, jnp.zeros(3))

def of_chain(chain, shift):
    return {"sum": traced(chain["place"]) + shift, "key": jax.random.normal(chain["key"])}

chains = {"place": jnp.arange(12.0).reshape(4, 3), "key": jax.random.split(jax.random.key(0), 4)}
found = over_chains(of_chain, 4, shared=1)(chains, jnp.asarray(0.5))
wanted = jax.vmap(of_chain, in_axes=(0, None))(chains, jnp.asarray(0.5))
far = max(jnp.max(jnp.abs(found[name] - wanted[name])) for name in wanted)
print(count, len(found["sum"].sharding.device_set), float(far) < 1e-6)
"""


def test_what_is_traced_is_found_again_on_several_devices():
    done = subprocess.run([sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "2", "True"]


def test_the_action_costs_nothing_beside_the_measurements(key):
    theory = load("phi4", width=16, side=2.0)

    def cost(function):
        def of_draw(key):
            return function(jax.lax.optimization_barrier(theory.free_draw(key)))

        keys = jax.random.split(key, 16).reshape(4, 4)
        compiled = jax.jit(lambda keys: jax.lax.map(jax.vmap(of_draw), keys)).lower(keys).compile()
        found = compiled.cost_analysis()
        assert found
        return found["flops"]

    measured = cost(theory.measure)
    assert cost(lambda position: (theory.measure(position), theory.action(position))) < 1.1 * measured
    other = cost(lambda position: (theory.measure(position), theory.action(jnp.flip(position))))
    assert other > 1.5 * measured
