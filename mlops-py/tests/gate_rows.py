"""Rows for the tests of the gate."""

from __future__ import annotations

import random

Labels = list[int]


def wrong(targets: Labels, every: int) -> Labels:
    """The targets, of which one in ``every`` is wrong."""
    return [1 - target if row % every == every - 1 else target for row, target in enumerate(targets)]


def rows(count: int = 1_000, candidate: float = 0.02, baseline: float = 0.1, seed: int = 7) -> tuple[Labels, Labels, Labels]:
    """Targets, and what two models say, of which these shares are wrong."""
    source = random.Random(seed)
    targets = [source.randint(0, 1) for _ in range(count)]

    def said(share: float) -> Labels:
        return [1 - target if source.random() < share else target for target in targets]

    return targets, said(candidate), said(baseline)
