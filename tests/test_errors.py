"""The family of errors that a user can cause."""

import pickle

import pytest

from tiedtts import errors
from tiedtts.errors import TiedTTSError

FAMILY = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, TiedTTSError)
]


@pytest.mark.parametrize("kind", FAMILY)
def test_message_and_hint(kind: type[TiedTTSError]) -> None:
    error = kind("no such file: a.wav", hint="name another")
    assert (str(error), error.hint) == ("no such file: a.wav", "name another")
    assert kind("nothing to say").hint is None


@pytest.mark.parametrize("kind", FAMILY)
def test_errors_of_workers_arrive_whole(kind: type[TiedTTSError]) -> None:
    """`prepare` works in several processes."""
    error = pickle.loads(pickle.dumps(kind("no such file: a.wav", hint="name another")))
    assert type(error) is kind
    assert (str(error), error.hint) == ("no such file: a.wav", "name another")
