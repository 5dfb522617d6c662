"""The engine of a command: processes of this machine, or a cluster."""

from tiedtts.choices import LOCAL
from tiedtts.errors import ConfigError
from tiedtts_cli.boundary import UsageError


def check(engine: str) -> None:
    """Refuse an `--engine` that is none.

    Raises:
        UsageError: It is neither `local` nor `ray` nor `ray:ADDRESS`.
    """
    if engine == LOCAL:
        return
    from tiedtts import cluster

    try:
        cluster.address(engine)
    except ConfigError as error:
        raise UsageError(str(error), hint=error.hint) from error
