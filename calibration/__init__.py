"""Many-seed statistics: coverage of errors, false-alarm rates, kills of planted bugs. Run by `make calibrate`."""
