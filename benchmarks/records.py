"""What is kept: the result of a section, with machine, versions and date; and what a cut run has already measured."""

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, Table, finite

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"
SCRATCH = ROOT / ".cache/bench"
PACKAGES = ("jax", "numpyro", "blackjax", "equinox", "arviz-stats", "numpy", "nnft-ppl")


@dataclass(frozen=True)
class Result:
    """A section's figures and where they were made."""

    section: str
    date: str
    seconds: float
    machine: dict[str, Any]
    versions: dict[str, str]
    rows: Sequence[Row]
    tables: Sequence[Table]

    @property
    def failed(self) -> int:
        """Number of claims that did not hold."""
        return sum(not row.passed for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        parts = {"rows": [row.to_json() for row in self.rows], "tables": [table.to_json() for table in self.tables]}
        return finite(vars(self)) | parts

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "Result":
        """The result that `to_json` wrote."""
        rows = [Row.from_json(row) for row in stored["rows"]]
        tables = [Table.from_json(table) for table in stored["tables"]]
        return Result(**stored | {"rows": rows, "tables": tables})


def made_here(section: str, seconds: float, figures: Sequence[Row | Table], device: str = "") -> Result:
    """A result of this machine, now; `device` names an accelerator."""
    machine = {"cpu": cpu_model(), "cores": os.cpu_count()} | ({"device": device} if device else {})
    return Result(
        section,
        datetime.now(UTC).date().isoformat(),
        round(seconds),
        machine,
        installed(),
        [one for one in figures if isinstance(one, Row)],
        [one for one in figures if isinstance(one, Table)],
    )


def installed() -> dict[str, str]:
    """Versions of Python and of the packages that matter, those that are there."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def cpu_model() -> str:
    """The processor's name."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named.group(1).strip() if named else platform.processor() or platform.machine()


def store(result: Result, folder: Path = RESULTS) -> None:
    """Write a section's result."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{result.section}.json", result.to_json())


def stored(section: str, folder: Path = RESULTS) -> Result | None:
    """A section's result, None if there is none yet."""
    path = folder / f"{section}.json"
    return Result.from_json(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


class Scratch:
    """What the contenders of an unfinished section gave, so that a cut run goes on where it stopped.

    An answer belongs to its question and to the library's source: after a change it is measured anew.
    """

    def __init__(self, section: str, fraction: float) -> None:
        self.folder = SCRATCH / f"{section}-{fraction:g}"
        self.source = source_digest()

    def path(self, question: Any) -> Path:
        """Where the answer to a question (JSON values) is kept."""
        text = json.dumps([self.source, question], sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"

    def get(self, question: Any) -> Any:
        """The answer, None if there is none."""
        path = self.path(question)
        return json.loads(path.read_text(encoding="utf-8"))["answer"] if path.exists() else None

    def keep(self, question: Any, answer: Any) -> None:
        """Remember an answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.path(question), {"question": question, "answer": answer})

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


def source_digest() -> str:
    """Digest of the library, the models and the contenders, as text."""
    folders = (ROOT / "nnft_ppl", ROOT / "models", ROOT / "benchmarks")
    texts = [path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.py"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def _write(path: Path, content: Any) -> None:
    # In one go: a run may be cut at any time.
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)
