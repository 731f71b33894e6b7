"""Many-seed statistics: coverage of errors, false-alarm rates, kills of planted bugs. Run by `make calibrate`."""

import jax

jax.config.update("jax_enable_x64", True)
