"""A worker process: it synthesises the jobs that `tiedtts.batch.pool` sends it.

It reads the specification and then jobs from stdin, and writes their results to stdout, a JSON line each.
It ends with its stdin, so it does not outlive a process that was killed.
"""

import contextlib
import json
import os
import sys

from tiedtts import stopping
from tiedtts.batch import job
from tiedtts.batch.voices import Voices
from tiedtts.errors import TiedTTSError


def main() -> None:
    """Load the voice once, then do job after job until there are no more."""
    # Ctrl-C and the end of a terminal reach all processes; the one that started the others ends them.
    stopping.ignore()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # A library that prints must not be taken for an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    spec = job.BatchSpec.from_dict(json.loads(requests.readline()))
    try:
        voices = Voices(spec)
    except TiedTTSError as error:
        voices, failure = None, error
    with contextlib.suppress(BrokenPipeError):
        for line in requests:
            asked = job.Job.from_dict(json.loads(line))
            done = (
                job.Result(asked.number, error=failure)
                if voices is None
                else job.synthesise(voices, spec, asked)
            )
            answers.write(json.dumps(done.to_dict()) + "\n")
            answers.flush()
