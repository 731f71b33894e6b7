"""Files beside a model that it imports: each model has its own, at any time, and leaves none behind.

Python keeps one module for each name, and looks where `sys.path` says. So two models whose helpers share a name would
share the first one's, an edited helper would stay as it was, and an import inside a function, which is run when the
model's folder is on the path no more, would fail. Here every import statement of a model file, and of what it imports
from beside it, goes through `Neighbours`, which lends the interpreter the model's path and modules for just so long.
"""

import builtins
import hashlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from nnft_ppl.theory.content import is_place_of_packages

_LOCK = threading.RLock()


class Neighbours:
    """What a model file imports from its own folder, and from folders that it puts on `sys.path`.

    Args:
        folder: The model's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._paths = [self._folder]
        self._modules: dict[str, ModuleType] = {}
        self._found: set[str] = set()
        self._lent: set[str] = set()
        self._inside = 0
        self._hashes: dict[str, str] = {}
        self.builtins = vars(builtins) | {"__import__": self._import}
        """Python's own names, with an import statement that knows the files beside the model."""

    @property
    def sha256(self) -> dict[str, str]:
        """Digest of every file that was imported so far, by its path relative to the model's folder where it is."""
        return dict(sorted(self._hashes.items()))

    @contextmanager
    def importable(self) -> Iterator[None]:
        """The model's folders come first on the path, and its own modules stand in for others of their names."""
        with _LOCK:
            if self._inside:
                yield
                return
            path, hidden = list(sys.path), self._hide()
            sys.modules.update(self._modules)
            sys.path[:0] = self._paths
            self._lent = set(sys.path)
            sys.meta_path.insert(0, self)  # type: ignore[arg-type]
            self._inside += 1
            try:
                yield
            finally:
                self._inside -= 1
                sys.meta_path.remove(self)  # type: ignore[arg-type]
                self._paths += self._added()
                sys.path[:] = path
                self._modules = {name: sys.modules[name] for name in self._found if name in sys.modules}
                for name in self._modules:
                    del sys.modules[name]
                sys.modules.update(hidden)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where a module of that name is beside the model, as Python's import asks; None leaves it to Python."""
        if path is None:
            places = [*self._paths, *self._added()]
        else:
            places = [place for place in path if name.partition(".")[0] in self._found]
        last = name.rpartition(".")[2]
        for place in places:
            for file in (Path(place) / last / "__init__.py", Path(place) / f"{last}.py"):
                if file.is_file():
                    self._found.add(name)
                    inside = [str(file.parent)] if file.name == "__init__.py" else None
                    loader = _Loader(name, str(file), self)
                    return spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)
        return self._folder_without_init(name, last, places)

    def note(self, file: str, content: bytes) -> None:
        """Remember what a file held when it was imported.

        Args:
            file: Its path.
            content: Its bytes.
        """
        self._hashes[Path(os.path.relpath(file, self._folder)).as_posix()] = hashlib.sha256(content).hexdigest()

    def _folder_without_init(self, name: str, last: str, places: Sequence[str]) -> ModuleSpec | None:
        """A folder as a package, which comes after everything that is installed."""
        folders = [str(Path(place) / last) for place in places if (Path(place) / last).is_dir()]
        if not folders or ("." not in name and PathFinder.find_spec(name, [p for p in sys.path if p not in places])):
            return None
        self._found.add(name)
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = folders
        return spec

    def _added(self) -> list[str]:
        """Folders that the model itself has put on the path."""
        return [str(Path(place).resolve()) for place in sys.path if place not in self._lent]

    def _hide(self) -> dict[str, ModuleType]:
        """Take modules of others that have the name of one beside this model from Python's list."""
        beside = {
            entry.name.partition(".")[0] for place in self._paths if os.path.isdir(place) for entry in os.scandir(place)
        }
        tops = {name for name in beside if _foreign(sys.modules.get(name))}
        tops |= {name.partition(".")[0] for name in self._modules}
        return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in tops}

    def _is_beside(self, top: str) -> bool:
        return any((Path(place) / f"{top}.py").is_file() or (Path(place) / top).is_dir() for place in self._paths)

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What stands behind `import` in a model file and in those beside it."""
        if level or self._is_beside(name.partition(".")[0]):
            with self.importable():
                return builtins.__import__(name, globals, locals, fromlist, level)
        return builtins.__import__(name, globals, locals, fromlist, level)


class _Loader(SourceFileLoader):
    """Python's loader, but from the source as it is now, with imports that know the files beside the model."""

    def __init__(self, name: str, path: str, neighbours: Neighbours) -> None:
        super().__init__(name, path)
        self._neighbours = neighbours

    def get_code(self, fullname: str) -> Any:
        # A kept compilation goes by seconds and size, which an edit may leave as they were.
        content = self.get_data(self.path)
        self._neighbours.note(self.path, content)
        return self.source_to_code(content, self.path)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = self._neighbours.builtins
        super().exec_module(module)


def _foreign(module: ModuleType | None) -> bool:
    """Whether a module is a script's or another model's: neither Python's own nor installed."""
    file = getattr(module, "__file__", None)
    return file is not None and not is_place_of_packages(file)
