"""Several workers side by side, each with an engine of its own."""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from tiedtts.corpus.teacher.engine import Engine, Teacher

Job = TypeVar("Job")
Result = TypeVar("Result")

_STEP = 0.05
"""Seconds; a wait without an end would not see Ctrl-C on Windows."""


def run(
    jobs: Sequence[Job], teacher: Teacher, workers: int, do: Callable[[Job, Engine], Result]
) -> Generator[Result, None, None]:
    """Yield the results of jobs as they come; engines are ended when the generator is closed.

    Args:
        jobs: Each is given to the next worker that is free.
        teacher: Gives each worker an engine.
        workers: Threads.
        do: Does a job with an engine; what it raises is raised here.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    results: queue.Queue[Result | BaseException] = queue.Queue()
    engines = [teacher.open() for _ in range(min(workers, len(jobs)))]
    stopped = threading.Event()

    def work(engine: Engine) -> None:
        try:
            while not stopped.is_set():
                results.put(do(waiting.get_nowait(), engine))
        except queue.Empty:
            pass
        # The main thread is the one that ends for it.
        except BaseException as error:
            results.put(error)
        finally:
            with contextlib.suppress(OSError):
                engine.close()

    threads = [threading.Thread(target=work, args=(engine,), daemon=True) for engine in engines]
    try:
        for thread in threads:
            thread.start()
        left = len(jobs)
        while left:
            try:
                result = results.get(timeout=_STEP)
            except queue.Empty:
                continue
            if isinstance(result, BaseException):
                raise result
            left -= 1
            yield result
    finally:
        stopped.set()
        for engine in engines:
            engine.stop()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
