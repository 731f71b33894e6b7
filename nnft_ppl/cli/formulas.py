"""The formula of a model, as its docstring has it."""

import re


def formula_of(description: str) -> str:
    r"""The first indented block of a docstring, without its indent; empty where there is none.

    Args:
        description: The docstring, as `inspect.getdoc` gives it.

    Example:
        >>> formula_of("A theory.\n\n    φ(x) = a x\n      S = 0\n\nUnits: none.")
        'φ(x) = a x\n  S = 0'
    """
    block = re.search(r"(?m)^    .*(?:\n+    .*)*", description)
    return "\n".join(line.removeprefix("    ").rstrip() for line in block[0].splitlines()) if block else ""
