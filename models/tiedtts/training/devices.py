"""Devices and processes of a training run."""

import os

import torch
from lightning_fabric import Fabric

from tiedtts.choices import TRAINING_PRECISIONS
from tiedtts.errors import ConfigError


def launch(accelerator: str, devices: int | str, precision: str, threads: int | None) -> Fabric:
    """Find devices and other processes.

    Args:
        accelerator: `auto`, `cpu` or `cuda`.
        devices: Number of devices of this machine, or `auto`.
        precision: `auto`, `32` or `bf16`.
        threads: CPU threads of a process.

    Raises:
        ConfigError: An argument is out of range, or there is no such device.
    """
    if threads is not None:
        if threads < 1:
            raise ConfigError(f"`threads` must be at least 1, got: {threads}")
        torch.set_num_threads(threads)
    gpus = torch.cuda.is_available() and accelerator in ("auto", "cuda", "gpu")
    if accelerator in ("cuda", "gpu") and not gpus:
        raise ConfigError("no CUDA device is at hand", hint="use `--accelerator cpu`")
    if precision not in TRAINING_PRECISIONS:
        raise ConfigError(f"`precision` must be one of {', '.join(TRAINING_PRECISIONS)}, got: {precision}")
    half = precision == "bf16" or (precision == "auto" and gpus and torch.cuda.is_bf16_supported())
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "0"))
    nodes = int(os.environ.get("WORLD_SIZE", "1")) // local if local else 1
    count: int | str = local or devices
    if not gpus and not local and devices == "auto":
        count = 1  # one process with all threads, rather than a process a core
    several = local > 1 or nodes > 1 or (isinstance(count, int) and count > 1)
    fabric = Fabric(
        accelerator="cuda" if gpus else "cpu",
        devices=count,
        num_nodes=nodes,
        strategy="ddp" if several else "auto",
        precision="bf16-mixed" if half else "32-true",
    )
    fabric.launch()
    if not gpus:
        torch.use_deterministic_algorithms(True)
    return fabric
