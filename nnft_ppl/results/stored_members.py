"""The members of a family in their folders."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from nnft_ppl.results.ensemble import Ensemble
from nnft_ppl.results.storage import read_result


class StoredMembers(Mapping[str, Ensemble]):
    """Members in their folders, each read when it is asked for, and not kept: many may not fit into memory.

    Args:
        folders: Place -> folder.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)

    def __getitem__(self, place: str) -> Ensemble:
        return Ensemble(read_result(self._folders[place]))

    def __contains__(self, place: object) -> bool:
        return place in self._folders

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)

    def __repr__(self) -> str:
        return f"members: {'; '.join(self)}"
