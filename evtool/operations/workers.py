"""Who does the work of an operation: processes here, or a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evtool.core.errors import UsageError
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.scan.engine import Workers
from evtool.scan.meter import Meter
from evtool.scan.tree import TreeLocation
from evtool.scan.workers import default_jobs


@contextmanager
def choose_workers(
    jobs: int | None, scheduler: str | None, evidence: TreeLocation, meter: Meter | None
) -> Iterator[Workers]:
    """Give those who do the work: so many processes, or the workers of the Dask scheduler at an address.

    Raises:
        UsageError: both are asked for, or Dask is not installed.
        InputError: its workers cannot do the work.
    """
    if scheduler is None:
        yield Workers(jobs or default_jobs(), meter=meter)
        return
    if jobs is not None:
        raise UsageError(
            "a cluster decides how many workers it has: name a scheduler or a number, not both",
            key="scheduler-or-number",
        )
    # This imports asyncio, and few runs use a cluster.
    from evtool.scan.cluster import open_cluster

    with open_cluster(scheduler, evidence) as workers:
        workers.meter = meter
        yield workers


def report_losses(workers: Workers) -> list[Finding]:
    """Say if workers were lost: the result is whole, but somebody may want to look after the machine."""
    lost = max(workers.count_lost_workers(), workers.lost_batches)
    if not lost:
        return []
    return [Finding(Code.WORKER_LOST, Effect.NOTE, Words("stopped"), count=lost)]
