"""Ways to divide points: pairings, and partitions into blocks of even size.

Source: combinatorics; Wick's theorem is the sum over pairings.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

Block = tuple[int, ...]


def partitions(points: Sequence[int], sizes: Sequence[int]) -> Iterator[tuple[Block, ...]]:
    """Every partition of points into blocks of given sizes: pairings are those into blocks of size 2.

    Args:
        points: Numbers that name the points, all different.
        sizes: Allowed numbers of points in a block.

    Returns:
        Blocks in ascending order of their first points. Of 2k points there are (2k − 1)!! pairings.

    Example:
        >>> list(partitions(range(4), [2]))
        [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    """
    if not points:
        yield ()
        return
    first, *rest = points
    for size in sizes:
        for others in combinations(rest, size - 1):
            left = [point for point in rest if point not in others]
            yield from (((first, *others), *more) for more in partitions(left, sizes))
