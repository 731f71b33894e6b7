"""The command line: `nnft run | check | show | verify | list`."""
