"""Importing starts nothing, so that workers may be forked; where JAX runs they are refused, and do not hang."""

import json
import subprocess
import sys

SCRIPT = """
import json, os, pkgutil, importlib, signal
import jax, nnft_ppl
for module in pkgutil.walk_packages(nnft_ppl.__path__, "nnft_ppl."):
    if not module.name.endswith("__main__") and not module.name.startswith("nnft_ppl.models"):
        importlib.import_module(module.name)
from nnft_ppl import load, sample
from nnft_ppl.devices import jax_runs
theory = load("deformed_rotation")
found = {"started": jax_runs()}

def in_child():
    reading, writing = os.pipe()
    if os.fork() == 0:
        signal.alarm(60)  # a hang ends here, without a word
        try:
            drawn = sample(theory, "reweight", num_chains=1, num_draws=64, checks=False)
            words = f"{float(drawn.estimates()['trace'].value):.2f}"
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
        os.write(writing, words.encode())
        os._exit(0)
    os.wait()
    return os.read(reading, 9999).decode()

found["forked before"] = in_child()
jax.numpy.ones(3) + 1
found["runs"] = jax_runs()
found["forked after"] = in_child()
print(json.dumps(found))
"""


def test_forked_workers():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["started"], found["runs"]) == (False, True)
    assert 1 < float(found["forked before"]) < 4  # exact: 2.6
    assert found["forked after"].startswith("RuntimeError: this process was forked from one in which JAX runs")
    assert "spawn" in found["forked after"]
