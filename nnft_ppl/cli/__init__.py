"""The command line: `nnft new | run | check | show | diagnose | report | verify | list | doctor`."""
