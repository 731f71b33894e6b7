"""Pages with code, run from beginning to end.

    python tests/pages.py PAGE...      writes what the commands print into the pages (`make tutorial`)

A page's blocks run in order, in one namespace and one empty folder:

    ```python    is executed; one that begins with a comment `# NAME.py` is written to that file instead
    ```sh        lines `nnft ...`, run in this process; they exit with 0, or with N after a comment `# exit status N`
    ```text      right after one of these: what it, or its last command, printed, but for numbers; `...` is any lines

Other code is marked ```text (outlines) or ```console (commands that a test cannot run).
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from commands import Outcome, nnft


class Block(NamedTuple):
    """One fenced block of a page."""

    language: str
    text: str
    line: int
    """Number of its first line of code."""
    follows: bool
    """Whether nothing but empty lines stands between it and the block before it."""


class Output(NamedTuple):
    """What a page says that was printed, and what was."""

    block: Block
    printed: str


def blocks_of(page: str) -> list[Block]:
    found: list[Block] = []
    language, start, between = None, 0, True
    lines = page.splitlines()
    for number, line in enumerate(lines):
        if language is None and line.startswith("```"):
            language, start = line[3:].strip(), number + 1
        elif language is not None and line == "```":
            found.append(Block(language, "\n".join(lines[start:number]) + "\n", start + 1, between))
            language, between = None, True
        elif language is None and line.strip():
            between = False
    assert language is None, f"a block that begins in line {start} has no end"
    return found


def run_page(name: str, page: str) -> Iterator[Output]:
    """Run a page's blocks in the present folder; what they print comes beside what the page says."""
    namespace: dict[str, object] = {"__name__": "page"}
    last: str | None = None
    for block in blocks_of(page):
        if block.language == "python":
            if file := re.match(r"# (\w+\.py)\n", block.text):
                Path(file[1]).write_text(block.text, encoding="utf-8")
                last = None
            else:
                # Empty lines, that a traceback names the line of the page.
                code = compile("\n" * (block.line - 1) + block.text, f"<{name}>", "exec")
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    exec(code, namespace)
                last = out.getvalue()
        elif block.language == "sh":
            for command in commands_of(block.text):
                last = run_command(f"{name}:{block.line}", command).out
        elif block.language == "text" and block.follows and last is not None:
            yield Output(block, last)
            last = None


def commands_of(text: str) -> Iterator[str]:
    return (line.strip() for line in text.replace("\\\n", " ").splitlines() if line.split("#")[0].strip())


def run_command(place: str, command: str) -> Outcome:
    program, *words = shlex.split(command, comments=True)
    assert program == "nnft", f"{place}: {program!r} is not run here; mark the block ```console"
    expected = re.search(r"# exit status (\d)", command)
    outcome = nnft(*words)
    assert outcome.status == int(expected[1] if expected else 0), f"{place}: {command}\n{outcome.out}{outcome.err}"
    return outcome


def as_printed(out: str, said: str) -> str | None:
    """What a page says, with the numbers of `out`; None where more differs than numbers, spaces and bars.

    Lines `...` of the page stand for any lines, and stay.
    """
    parts = [masked(part) for part in re.split(r"(?m)^\.\.\.$\n?", said)]
    pattern = r"(?:.*\n)?".join(f"({re.escape(lines_of(part))})" for part in parts)
    found = re.fullmatch(pattern, lines_of(masked(out)), re.DOTALL)
    if found is None:
        return None
    lines = [line.rstrip() for line in out.strip("\n").splitlines()]
    starts = [found.string[: found.start(number + 1)].count("\n") for number in range(len(parts))]
    return "...\n".join(lines_of(lines[start : start + len(part)]) for start, part in zip(starts, parts, strict=True))


def lines_of(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def masked(text: str) -> list[str]:
    """Lines without what may differ: numbers, the length of bars, and which observable is the worst one."""
    number = re.compile(r"[+\-−]?\d[\d.]*(?:e[+-]?\d+)?(?:\([\d.]+\))?")
    lines = (re.sub(r"\(\w+\)", "()", number.sub("#", line)) for line in text.strip("\n").splitlines())
    return [" ".join(re.sub(r"[█│ ]+", " ", line).split()) for line in lines]


def with_outputs(name: str, page: str) -> str:
    """The page with what its code prints now.

    Raises:
        SystemExit: If an output of which the page leaves lines out differs by more than numbers.
    """
    lines = page.splitlines()
    for block, out in reversed(list(run_page(name, page))):
        text = as_printed(out, block.text)
        if text is None and "\n...\n" in f"\n{block.text}":
            raise SystemExit(f"{name}:{block.line} leaves lines out; choose anew which, of\n{out}")
        end = block.line - 1 + block.text.count("\n")
        lines[block.line - 1 : end] = (out if text is None else text).strip("\n").splitlines()
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> None:
    for path in map(Path.cwd().joinpath, names):
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            text = with_outputs(os.path.relpath(path), path.read_text("utf-8"))
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
