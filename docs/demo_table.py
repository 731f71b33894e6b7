"""The table in README.md: what `make demo` prints.

`make readme` runs the demo and writes its table there.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"(```sh\nnnft run [^\n]*--out runs/demo\n```\n\n```text\n).*?(```\n)", re.DOTALL)
"""The demo's command, and behind it what it prints."""


def command() -> list[str]:
    """What `make demo` runs, as words."""
    line = re.search(r"^\t\./run (nnft run .*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert line is not None, "the Makefile has no demo"
    return shlex.split(line[1])


def main() -> None:
    """Run the demo, put its table into README.md."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(sys.executable).with_name("nnft"))
        run = subprocess.run([program, *command()[1:]], capture_output=True, text=True, check=True, cwd=folder)
    page, count = BLOCK.subn(lambda found: found[1] + run.stdout + found[2], README.read_text("utf-8"))
    assert count == 1, f"README.md has {count} tables of the demo, not one"
    README.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
