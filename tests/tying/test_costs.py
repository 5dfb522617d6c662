"""Costs of ties where they count: bytes of the voice that is exported, and work; choices that nothing speaks for."""

import random
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.tying.cases import plan
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.export.voice import export
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.tying import TiePlan, TieRule, costs
from tiedtts.tying.candidates import Candidate, choose, ranked
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.suggestion import suggest


class Wide(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.wide = nn.Linear(64, 128)
        self.narrow = nn.Linear(128, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.narrow(torch.relu(self.wide(x)))


def schemes(found: object) -> set[str]:
    return {each.rule.scheme for each in found}  # type: ignore[attr-defined]


def sizes(found: object) -> set[int]:
    return {each.rule.options.k for each in found if each.rule.scheme == "codebook"}  # type: ignore[attr-defined]


def test_a_codebook_of_eight_bits_saves_nothing_of_an_int8_voice() -> None:
    eight = suggest({"part": Wide()}, stored_as="int8", max_error=1.0)
    assert sizes(eight.candidates) == {64, 16}
    full = suggest({"part": Wide()}, stored_as="fp32", max_error=1.0)
    assert sizes(full.candidates) == {256, 64, 16}


def test_fewer_values_take_fewer_bytes_and_cost_more() -> None:
    for stored_as in ("checkpoint", "fp16", "fp32"):
        net = {"part": nn.ModuleDict({"map": nn.Linear(256, 256)})}
        found = suggest(net, stored_as=stored_as)
        books = [each for each in found.candidates if each.rule.scheme == "codebook"]
        assert [each.rule.options.k for each in books] == [16, 64, 256]
        assert [each.dominated for each in books] == [False] * 3
        assert [round(each.bits) for each in books] == [4, 6, 8]
        assert books[0].error > books[1].error > books[2].error
        (chosen,) = found.chosen
        assert chosen.rule.options.k == 16
        (careful,) = suggest(net, stored_as=stored_as, max_error=0.05).chosen
        assert careful.rule.options.k == 64


def test_nothing_chosen_is_dominated_and_each_saves_what_it_says() -> None:
    net = Wide()
    found = suggest({"part": net}, max_error=0.9)
    for each in found.candidates:
        tied, _, _ = tie_parts({"part": net}, TiePlan((each.rule,)))
        after = costs.total_bytes(tied.values(), costs.as_stored)
        assert each.bytes_saved == pytest.approx(1 - after / found.before.bytes)
        work = costs.each_layer_once(tied["part"])[""] / found.before.macs
        assert each.work_saved == pytest.approx(1 - work)
        better = [
            other
            for other in found.candidates
            if other.layers == each.layers
            and other.bytes_after < each.bytes_after
            and other.work_saved >= each.work_saved
            and other.cost <= each.cost
        ]
        assert each not in found.chosen or not better
    tied, _, _ = tie_parts({"part": net}, found.plan)  # type: ignore[arg-type]
    assert found.after.bytes == costs.total_bytes(tied.values(), costs.as_stored) < found.before.bytes


@pytest.mark.parametrize("seed", range(20))
def test_choices_at_random(seed: int) -> None:
    draw = random.Random(seed)
    groups = []
    for group in range(3):
        made = []
        for at in range(6):
            after = draw.randrange(200, 1100)
            made.append(
                Candidate(
                    rule=TieRule(f"g{group}.*", "codebook", options={"k": at + 2}), layers=(f"g{group}",), kind="storage",
                    parameters_before=250, parameters_after=10, bytes_before=1000, bytes_after=after,
                    bytes_saved=(1000 - after) / 3000, work_saved=draw.choice([0.0, 0.0, draw.random() / 3]), error=draw.random(),
                )
            )  # fmt: skip
        groups.append(ranked(made))
        assert all(each.saves for each in groups[-1])
    chosen = choose(groups, 0.6, 1.0)
    assert len({each.layers for each in chosen}) == len(chosen)
    for each in chosen:
        assert not each.dominated
        assert each.error <= 0.6
        group = groups[int(each.layers[0][1])]
        assert each.saving == max(o.saving for o in group if not o.dominated and o.error <= 0.6)
        assert not any(
            o.bytes_after < each.bytes_after - 20
            and o.work_saved >= each.work_saved
            and o.error <= each.error
            for o in group
        )


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_sizes_are_those_of_the_exported_voice(precision: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    acoustic = AcousticNet(
        AcousticConfig(width=8, variance_width=8, encoder_blocks=1, variance_blocks=1, decoder_blocks=1)
    )
    vocoder = HarmonicVocoder(VocoderConfig(width=48, blocks=2))
    parts: dict[str, nn.Module] = {"acoustic": acoustic.eval(), "vocoder": vocoder.eval()}
    size = costs.as_exported(precision)
    written, computed = [], []
    for scheme, options in (("", {}), ("codebook", {"k": 256}), ("lowrank", {"rank": 4}), ("share", {})):
        tied = dict(parts)
        if scheme:
            tied, _, _ = tie_parts(parts, plan(scheme, "vocoder.*.expand", **options))
        checkpoint.save(tmp_path / "v.safetensors", Checkpoint(tied, AudioSettings()))
        made = export([tmp_path / "v.safetensors"], tmp_path / "v.onnx", precision=precision)
        written.append(made["file_bytes"])
        computed.append(costs.total_bytes(tied.values(), size))
    for at in range(1, 4):
        # Names and operators of a tie weigh a little, too.
        assert written[at] - written[0] == pytest.approx(computed[at] - computed[0], abs=1500)
    if precision == "int8":
        assert written[1] > written[0] - 200
