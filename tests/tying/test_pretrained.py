"""Models of `transformers`: tied, saved and loaded by its own functions."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError
from tiedtts.tying import TiedLayer, TiePlan, TieRule, tie, untie

transformers = pytest.importorskip("transformers", minversion="5")


@pytest.fixture(autouse=True, scope="module")
def _no_torchaudio() -> None:
    """Let it load where torchaudio is there and does not load: nothing here hears anything."""
    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError):
        for name in ("transformers.utils.import_utils", "transformers.utils"):
            importlib.import_module(name).is_torchaudio_available = lambda: False
    transformers.utils.logging.disable_progress_bar()


def gpt2() -> Any:
    config = transformers.GPT2Config(
        n_embd=16, n_layer=2, n_head=2, n_positions=16, vocab_size=40, bos_token_id=0, eos_token_id=0
    )
    return transformers.GPT2LMHeadModel(config)


def bert() -> Any:
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, vocab_size=40
    )
    return transformers.BertForMaskedLM(config)


def wav2vec2() -> Any:
    # Its layer of places has weight norm, and its own code fills a layer with numbers.
    config = transformers.Wav2Vec2Config(
        **{"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24, "vocab_size": 10},
        **{"conv_dim": (8, 8), "conv_stride": (5, 4), "conv_kernel": (10, 8)},
        **{"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2},
    )  # fmt: skip
    return transformers.Wav2Vec2ForCTC(config)


MODELS = {"gpt2": gpt2, "bert": bert, "wav2vec2": wav2vec2}
WAYS: list[tuple[str, dict[str, Any]]] = [
    ("codebook", {"k": 16}),
    ("lowrank", {"ratio": 0.5}),
    ("share", {"rank": 2}),
    ("cluster", {}),
]


def made(name: str) -> Any:
    torch.manual_seed(0)
    return MODELS[name]().eval()


def said(model: nn.Module) -> Tensor:
    wave = "Wav2Vec2" in type(model).__name__
    given = (
        {"input_values": torch.sin(torch.arange(2000.0))[None]}
        if wave
        else {"input_ids": torch.arange(8)[None]}
    )
    with torch.no_grad():
        out = model(**given)
    found: Tensor = out.logits if hasattr(out, "logits") else out.last_hidden_state
    return found


def plan(scheme: str, layers: str = "*", **options: Any) -> TiePlan:
    return TiePlan((TieRule(layers, scheme, options=options),))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("scheme", "options"), WAYS)
def test_there_and_back(scheme: str, options: dict[str, Any], name: str, tmp_path: Path) -> None:
    model = made(name)
    tied, _ = tie(model, plan(scheme, **options))
    assert not hasattr(model.config, "quantization_config")
    tied.save_pretrained(tmp_path)  # type: ignore[operator]
    loaded, about = type(model).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(about.values()), about
    assert loaded.num_parameters() == sum(value.numel() for value in tied.parameters())
    assert torch.equal(said(loaded), said(tied))
    # Once more, and a tie more, for what is loaded is as good as what was saved.
    loaded.save_pretrained(tmp_path / "again")
    again = type(model).from_pretrained(tmp_path / "again")
    assert torch.equal(said(again), said(tied))
    plain = untie(loaded)
    plain.save_pretrained(tmp_path / "plain")  # type: ignore[operator]
    assert "quantization_config" not in json.loads((tmp_path / "plain" / "config.json").read_text())
    back, about = type(model).from_pretrained(tmp_path / "plain", output_loading_info=True)
    assert not any(about.values()), about
    assert back.state_dict().keys() == model.state_dict().keys()
    torch.testing.assert_close(said(back), said(tied))


def test_tables_of_words_stay_one(tmp_path: Path) -> None:
    model = made("gpt2")
    tied, _ = tie(model, plan("codebook"))
    tied.save_pretrained(tmp_path)  # type: ignore[operator]
    plain = untie(type(model).from_pretrained(tmp_path))
    assert plain.lm_head.weight is plain.transformer.wte.weight  # type: ignore[union-attr]
    # A tie elsewhere leaves it to the library.
    other, _ = tie(model, plan("codebook", "*.mlp.*"))
    other.save_pretrained(tmp_path / "other")  # type: ignore[operator]
    loaded = type(model).from_pretrained(tmp_path / "other")
    assert loaded.lm_head.weight is loaded.transformer.wte.weight
    assert torch.equal(said(loaded), said(other))


def test_the_core_of_a_model_and_one_with_another_head(tmp_path: Path) -> None:
    tied, _ = tie(made("bert"), plan("codebook"))
    tied.save_pretrained(tmp_path)  # type: ignore[operator]
    core = transformers.AutoModel.from_pretrained(tmp_path, add_pooling_layer=False)
    wanted = tied.bert(input_ids=torch.arange(8)[None]).last_hidden_state  # type: ignore[operator]
    torch.testing.assert_close(said(core), wanted)
    core.save_pretrained(tmp_path / "core")
    head = transformers.BertForTokenClassification.from_pretrained(tmp_path / "core", num_labels=3)
    assert isinstance(head.bert.encoder.layer[0].attention.self.query, TiedLayer)
    assert isinstance(head.classifier, nn.Linear)
    torch.testing.assert_close(said(head.bert), wanted)


def test_numbers_of_16_bits(tmp_path: Path) -> None:
    tied, _ = tie(made("gpt2").to(torch.bfloat16), plan("codebook"))
    tied.save_pretrained(tmp_path)  # type: ignore[operator]
    for dtype in ("auto", torch.bfloat16, torch.float32):
        loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=dtype)
        wanted = torch.float32 if dtype == torch.float32 else torch.bfloat16
        assert {value.dtype for value in loaded.parameters()} == {wanted}
        assert torch.equal(loaded.transformer.wte.packed, tied.transformer.wte.packed)  # type: ignore[union-attr]


def test_it_trains_on_and_is_made_plain_by_the_library(tmp_path: Path) -> None:
    tied, _ = tie(made("gpt2"), plan("lowrank", ratio=0.5))
    tied.save_pretrained(tmp_path)  # type: ignore[operator]
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).train()
    ids = torch.arange(8)[None]
    loaded(input_ids=ids, labels=ids).loss.backward()
    assert all(value.grad is not None for value in loaded.parameters())
    plain = loaded.eval().dequantize()
    assert not any(isinstance(layer, TiedLayer) for layer in plain.modules())
    torch.testing.assert_close(said(plain), said(tied))


def test_who_does_not_use_the_library_does_not_load_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("transformers", "tiedtts.tying.pretrained"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    tie(nn.Linear(9, 9), plan("codebook"))
    assert not {"transformers", "tiedtts.tying.pretrained"} & set(sys.modules)


def test_damaged_descriptions(tmp_path: Path) -> None:
    tied, _ = tie(made("gpt2"), plan("codebook"))
    tied.save_pretrained(tmp_path)  # type: ignore[operator]
    config = json.loads((tmp_path / "config.json").read_text())
    for change in (
        {"tensors": {}},
        {"tied": {"transformer.wte": {"kind": "x"}}},
        {"tensors": {"transformer.wte.packed": ["x", [1]]}},
    ):
        changed = {**config, "quantization_config": {**config["quantization_config"], **change}}
        (tmp_path / "config.json").write_text(json.dumps(changed))
        with pytest.raises(ConfigError):
            transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
