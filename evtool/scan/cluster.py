"""Work on a Dask cluster, for collections on shared storage that outgrow one machine.

The engine knows nothing of it: it gets an Executor like any other. What a cluster adds is that workers are elsewhere:
they must see the same evidence directory under the same path, and have the same evtool. Both are asked of every worker
before anything is read. Dask moves the work of a worker that is lost to another one.

Anyone who can reach a Dask scheduler can run programs on its workers; a cluster belongs in a network of its own.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from evtool.core import __version__
from evtool.core.errors import InputError, UsageError
from evtool.core.text.names import shown
from evtool.scan.engine import Workers
from evtool.scan.tree import TreeLocation

_P = ParamSpec("_P")
_T = TypeVar("_T")

_CONNECT_SECONDS = 10
_LOOK_SECONDS = 1.0
"""How often it is looked which workers there are."""

_PATIENCE_SECONDS = 30.0
"""How long a cluster may be without any worker; a lost one is often started again."""


class Cluster:
    """A connection to a scheduler, and the watch over its workers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._seen: set[str] = set()
        self._looked = 0.0
        self._deserted_since: float | None = None
        self.look()

    @property
    def lost_workers(self) -> int:
        """How many workers were there once and are gone."""
        self.look()
        return len(self._seen - self._present)

    @property
    def threads(self) -> int:
        """How many calls the workers can run at a time."""
        return sum(self._client.nthreads().values())

    @property
    def is_deserted(self) -> bool:
        """Whether there has been no worker for so long that none is to be expected."""
        since = self._deserted_since
        return since is not None and time.monotonic() - since > _PATIENCE_SECONDS

    def look(self) -> None:
        """Take notice of the workers there are; those of which nobody took notice cannot be missed."""
        self._present = set(self._client.nthreads())
        self._seen |= self._present
        self._looked = time.monotonic()
        if self._present:
            self._deserted_since = None
        elif self._deserted_since is None:
            self._deserted_since = self._looked

    def look_now_and_then(self) -> None:
        """Look again, if the last time was long enough ago."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self.look()

    def make_executor(self, jobs: int) -> Executor:
        """Give the Executor that runs calls on the workers."""
        return _ClusterExecutor(self, self._client.get_executor(pure=False))

    def ask_workers(self, function: Callable[..., object], *arguments: object) -> list[object]:
        """Call a function on every worker."""
        return list(self._client.run(function, *arguments).values())


class _ClusterExecutor(Executor):
    """Dask's Executor, with the whole interface of the standard one."""

    def __init__(self, cluster: Cluster, executor: Executor) -> None:
        self._cluster = cluster
        self._executor = executor

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Send a call to a worker; Dask sends it to another one if that is lost.

        Raises:
            BrokenExecutor: there are no workers any more.
        """
        self._cluster.look_now_and_then()
        if self._cluster.is_deserted:
            raise BrokenExecutor("the cluster has lost all its workers")
        # As bytes: Dask would look through the arguments for results of its own, and take tuples for work to be done.
        call = pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL)
        return _ClusterFuture(self._cluster, self._executor.submit(_call, call))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the workers, which belong to the cluster; calls that are under way are given up if so asked."""
        self._executor.shutdown(wait=wait and not cancel_futures)


class _ClusterFuture(Future[_T]):
    """The future of a call, which does not wait for ever for a worker to come."""

    def __init__(self, cluster: Cluster, future: Future[_T]) -> None:
        super().__init__()
        self._cluster = cluster
        self._future = future

    def done(self) -> bool:
        """Tell whether there is an answer."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> _T:
        """Wait for the answer.

        Raises:
            BrokenExecutor: there are no workers any more.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - time.monotonic())
            try:
                return self._future.result(left)
            except TimeoutError:
                if end is not None and time.monotonic() >= end:
                    raise
            self._cluster.look()
            if self._cluster.is_deserted:
                raise BrokenExecutor("the cluster has lost all its workers")


def _call(call: bytes) -> Any:
    """Make a call that was sent as bytes."""
    fn, args, kwargs = pickle.loads(call)  # noqa: S301  # the workers obey this program anyway
    return fn(*args, **kwargs)


@contextmanager
def open_cluster(address: str, evidence: TreeLocation) -> Iterator[Workers]:
    """Connect to the scheduler at an address, and make sure that its workers can do the work.

    Raises:
        UsageError: Dask is not installed here.
        InputError: no scheduler answers, it has no workers, or one of them cannot read the evidence.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(
            "a cluster needs Dask, which is not installed here",
            hint="install it with: pip install 'evtool[dask]'",
            key="no-dask",
        ) from None
    try:
        # A client that finds nobody cannot be closed: it goes on trying for a while, and then complains by itself.
        asyncio.run(_knock(address))
        client: Any = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            "no Dask scheduler answers at {address}",
            hint="give the address that the scheduler printed, like tcp://10.0.0.5:8786",
            key="no-scheduler",
            address=shown(address),
        ) from error
    with client:
        cluster = Cluster(client)
        _check_workers(cluster, evidence)
        # With a single job the engine would do all of it itself.
        yield Workers(
            max(2, cluster.threads),
            cluster.make_executor,
            is_elsewhere=True,
            count_lost_workers=lambda: cluster.lost_workers,
        )


async def _knock(address: str) -> None:
    """Connect to a scheduler and hang up again, with the certificates that Dask is configured to use."""
    # An optional extra, and slow to import.
    from distributed.comm.core import connect
    from distributed.security import Security

    security: Any = Security()  # type: ignore[no-untyped-call]
    arguments = security.get_connection_args("client")
    comm = await connect(address, timeout=_CONNECT_SECONDS, **arguments)  # type: ignore[no-untyped-call]
    await comm.close()


def _check_workers(cluster: Cluster, evidence: TreeLocation) -> None:
    answers = cluster.ask_workers(_probe, evidence.path)
    if not answers:
        raise InputError(
            "the Dask cluster has no workers", hint="start one with: dask worker ADDRESS", key="no-workers"
        )
    for answer in answers:
        if answer == (__version__, evidence.inode):
            continue
        if isinstance(answer, tuple) and answer[0] != __version__:
            raise InputError(
                "a worker of the cluster has evtool {found}, but this is {version}",
                hint="install the same version on all machines",
                key="worker-version",
                found=shown(str(answer[0])),
                version=__version__,
            )
        raise InputError(
            "a worker of the cluster does not see the evidence directory",
            hint="the directory must be on shared storage, under the same path on every machine",
            key="worker-blind",
        )


def _probe(path: bytes) -> tuple[str, int]:
    """Tell, on a worker, which evtool it has and which directory it finds under a path; 0 for none."""
    try:
        return __version__, os.stat(path).st_ino
    except OSError:
        return __version__, 0
