import pytest

from tiedtts.text.frontend import FrontEnd


@pytest.fixture(scope="session")
def front_end() -> FrontEnd:
    return FrontEnd()
