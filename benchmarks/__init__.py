"""Timings against named peers: `python -m benchmarks`, or `make bench`. Importing this starts no device."""
