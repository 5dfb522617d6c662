"""A Ray cluster that is there already: pieces of a work are done on all of its nodes.

A piece whose node or process is lost is done again, elsewhere, a few times. Functions are known by their
names, so that TiedTTS must be installed on every node, in the same version.
"""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import tiedtts
from tiedtts import extras
from tiedtts.choices import LOCAL, RAY
from tiedtts.errors import ConfigError

RETRIES = 3
"""How often a piece is done again that a lost node or process took with it."""

_POLL_SECONDS = 0.2
_START = "`ray start --head` starts one, and `--engine ray:ADDRESS` names another"

Piece = TypeVar("Piece")


class Done(NamedTuple, Generic[Piece]):
    """A piece of a work, and what became of it."""

    piece: Piece
    result: Any = None
    lost: str = ""
    """Why there is no result: each process that did it was lost."""


def address(engine: str) -> str | None:
    """Return the address of the cluster that an engine is: empty for this machine's, None for no cluster.

    Args:
        engine: `local`, `ray` or `ray:ADDRESS`.

    Raises:
        ConfigError: It is none of them.
    """
    name, colon, place = engine.partition(":")
    if name == RAY and (place or not colon):
        return place
    if engine == LOCAL:
        return None
    raise ConfigError(f"there is no engine `{engine}`", hint=f"{LOCAL}, {RAY}, or {RAY}:ADDRESS")


@contextlib.contextmanager
def joined(place: str, limit: int | None = None) -> Iterator["Cluster"]:
    """Join a cluster; one that this process has joined already is used, and not left.

    Args:
        place: Address; empty for what `RAY_ADDRESS` says, or the cluster that this machine belongs to.
        limit: Pieces that are done at a time; as many as the cluster has cores by default.

    Raises:
        ConfigError: There is none, or it cannot be joined.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ConfigError("the package `ray` is not installed", hint=extras.install_command("ray")) from error
    if ray.is_initialized():
        yield Cluster(limit)
        return
    with _own_signals():
        try:
            _keep_quiet()
            ray.init(
                address=place or os.environ.get("RAY_ADDRESS") or "auto",
                log_to_driver=False,
                configure_logging=False,
                namespace="tiedtts",
            )
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            at = f" at {place}" if place else ""
            reason = "" if isinstance(error, ConnectionError) else f": {str(error).splitlines()[0]}"
            raise ConfigError(f"there is no Ray cluster{at}{reason}", hint=_START) from error
    try:
        yield Cluster(limit)
    finally:
        ray.shutdown()


class Cluster:
    """A cluster that this process has joined; made by `joined`.

    Args:
        limit: Pieces that are done at a time.
    """

    def __init__(self, limit: int | None = None) -> None:
        import ray

        # Not all of it has types.
        self._ray: Any = ray
        self._limit = limit
        self._call = ray.remote(num_cpus=1, max_retries=RETRIES)(_call)

    @property
    def size(self) -> int:
        """Pieces that are done at a time; nodes come and go."""
        cores = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        return cores if self._limit is None else min(self._limit, cores)

    def share(self, value: object) -> object:
        """Return what stands for a value that many calls need, so that each node gets it once."""
        return self._ray.put(value)

    def run(
        self,
        function: Callable[..., object],
        pieces: Iterable[Piece],
        *shared: object,
        needed: Callable[[Piece], Sequence[object]] = lambda piece: (),
        split: Callable[[Piece], Sequence[Piece]] = lambda piece: (),
    ) -> Iterator[Done[Piece]]:
        """Yield what a function returns for each piece, as it comes.

        Args:
            function: Of a module of TiedTTS; it is given the piece, `shared`, and what is `needed`.
            pieces: Taken as there is room for them.
            shared: What `share` returned.
            needed: Returns what `share` returned of further values, which one piece needs.
            split: Returns the parts of a piece that was lost, to be tried one by one.

        Raises:
            ConfigError: A node has no TiedTTS, or another version.
        """
        waiting: dict[Any, Piece] = {}
        again: deque[Piece] = deque()
        left = iter(pieces)
        ends = False
        while True:
            # What comes next waits on the nodes, so that none of them waits for this process.
            room = 2 * self.size if self._limit is None else self.size
            while len(waiting) < room and (again or not ends):
                piece = again.popleft() if again else next(left, _END)
                if piece is _END:
                    ends = True
                    continue
                values = (*shared, *needed(piece))
                waiting[self._call.remote(tiedtts.__version__, function, piece, *values)] = piece
            if not waiting:
                return
            ready, _ = self._ray.wait(list(waiting), timeout=_POLL_SECONDS)
            for reference in ready:
                done = self._taken(reference, waiting.pop(reference))
                parts = split(done.piece) if done.lost else ()
                if len(parts) > 1:
                    again.extend(parts)
                else:
                    yield done

    def _taken(self, reference: object, piece: Piece) -> Done[Piece]:
        from ray import exceptions

        try:
            return Done(piece, self._ray.get(reference))
        except exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, ModuleNotFoundError) or "ModuleNotFoundError" in str(error):
                raise ConfigError(
                    f"a node of the cluster cannot import what it needs: {_last_line(error)}",
                    hint=f"install TiedTTS {tiedtts.__version__} on every node",
                ) from error
            raise cause if isinstance(cause, Exception) else error from error
        except exceptions.RayError as error:
            return Done(piece, lost=f"{type(error).__name__}: {_last_line(error)}")


def _keep_quiet() -> None:
    """Let Ray print nothing of lost nodes: their work is done again, or told by us."""
    with contextlib.suppress(ImportError, AttributeError):
        from ray._private import worker

        worker.print_to_stdstream = lambda *_, **__: None


_END: Any = object()


def _call(version: str, function: Callable[..., object], piece: object, *shared: object) -> object:
    """Do a piece on a node."""
    if version != tiedtts.__version__:
        raise ConfigError(
            f"a node of the cluster has TiedTTS {tiedtts.__version__}, and this one {version}",
            hint="install the same version on every node",
        )
    return function(piece, *shared)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep how this process ends: Ray has its own answer to SIGTERM."""
    before: Mapping[int, Any] = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)
