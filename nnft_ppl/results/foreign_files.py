"""Datasets of an HDF5 file that lie in other files: a result that someone sent must not make us read ours."""

from pathlib import Path

import h5py


class ForeignFile(ValueError):
    """A file that wants another one to be read."""


def refuse_foreign_files(path: Path) -> None:
    """Raise `ForeignFile` for external storage, external links and virtual datasets.

    Args:
        path: An HDF5 file.

    Raises:
        ForeignFile: With the name of what lies elsewhere.
        OSError: If it is no HDF5 file.
    """
    with h5py.File(path) as file:
        _look_into(file)


def _look_into(group: h5py.Group) -> None:
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise ForeignFile(f"{group.name}/{name} is a link into another file")
        if isinstance(link, h5py.SoftLink):
            continue
        one = group[name]
        if isinstance(one, h5py.Group):
            _look_into(one)
        elif isinstance(one, h5py.Dataset) and (one.external or one.is_virtual):
            raise ForeignFile(f"{one.name} has its numbers in another file")
