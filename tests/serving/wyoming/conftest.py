import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.serving.wyoming.talk import Running
    from tiedtts.serving.engine import Engine


@pytest.fixture(scope="module")
def running(engine: "Engine") -> "Iterator[Running]":
    from tests.serving.wyoming.talk import Running

    with contextlib.closing(Running(engine)) as made:
        yield made


@pytest.fixture
def start(engine: "Engine") -> "Iterator[Callable[..., Running]]":
    from tests.serving.wyoming.talk import Running

    with contextlib.ExitStack() as stack:
        yield lambda own=engine, **options: stack.enter_context(contextlib.closing(Running(own, **options)))
