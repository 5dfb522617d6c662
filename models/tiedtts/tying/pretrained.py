"""Models of Hugging Face's `transformers`: tied ones are saved and loaded by its own functions, as they are.

`tie` declares what is tied in the configuration of the model, as a method of quantisation, so that
`save_pretrained` writes it. To load such a folder, import this module before `from_pretrained`:

    import tiedtts.tying.pretrained
    model = AutoModel.from_pretrained(folder)

The layers are tied there as they were saved, and `untie` makes them plain.
"""

from collections.abc import Container, Mapping
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.quantizers import HfQuantizer
from transformers.quantizers.auto import register_quantization_config, register_quantizer
from transformers.utils.quantization_config import QuantizationConfigMixin

from tiedtts.errors import ConfigError
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.structure import put
from tiedtts.tying.tied_layer import TiedLayer

OLDEST = 5
"""First version of `transformers` whose models say by name which of their weights are one."""
if int(transformers.__version__.split(".")[0]) < OLDEST:
    raise ConfigError(
        f"transformers {transformers.__version__} cannot load tied models", hint="install version 5 or later"
    )
METHOD = "tiedtts"
"""Name of the method in configurations."""
_BEFORE = "_tied_weights_keys_before_tying"


@register_quantization_config(METHOD)
class TiedConfig(QuantizationConfigMixin):  # type: ignore[misc]
    """Names the layers of a model that are tied, and how.

    Args:
        tied: Description of each tied layer, see `tiedtts.tying.description`.
        tensors: Name of each tensor of a tied layer to its type and its shape.
        others: Nothing that this version knows.
    """

    def __init__(self, tied: Mapping[str, Any], tensors: Mapping[str, Any], **others: Any) -> None:
        self.quant_method = METHOD
        self.tied = dict(tied)
        self.tensors = dict(tensors)

    def sketch(self) -> dict[str, Tensor]:
        """Return the tensors of tied layers without their numbers.

        Raises:
            ConfigError: What the configuration says of them is damaged.
        """
        try:
            return {
                name: torch.empty(tuple(map(int, shape)), dtype=_type(kind), device="meta")
                for name, (kind, shape) in self.tensors.items()
            }
        except (TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise ConfigError(f"the description of tied layers is damaged: {error}") from error


@register_quantizer(METHOD)
class TiedQuantizer(HfQuantizer):  # type: ignore[misc]
    """Puts tied layers into a model before its weights are loaded."""

    requires_calibration = True

    def is_serializable(self) -> bool:
        """Return that such a model can be saved."""
        return True

    @property
    def is_trainable(self) -> bool:
        """Whether such a model can be trained: its values can."""
        return True

    @property
    def is_qat_trainable(self) -> bool:
        """Whether training keeps what was done to the model: ties stay."""
        return True

    def update_dtype(self, dtype: torch.dtype | None) -> torch.dtype | None:
        """Return the type of the model's numbers as it is."""
        return dtype

    def _process_model_before_weight_loading(self, model: Any, **_: Any) -> Any:
        config = self.quantization_config
        assert isinstance(config, TiedConfig)
        with torch.device("meta"):
            rebuild(model, _named_as_in(model, config.tied), _named_as_in(model, config.sketch()))
        _part_with_ties(model)
        return model

    def _process_model_after_weight_loading(self, model: Any, **_: Any) -> Any:
        declare(model)
        return model

    def _dequantize(self, model: Any, dtype: torch.dtype | None = None) -> Any:
        tied = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, TiedLayer)]
        plain = {name: layer.untie() for name, layer in tied}
        for name, layer in plain.items():
            put(model, [name], layer)
        withdraw(model)
        return model


def declare(model: nn.Module) -> None:
    """Write into a model's configuration what is tied in it.

    Args:
        model: A model of `transformers`; others stay as they are.
    """
    if not isinstance(model, PreTrainedModel):
        return
    tied = describe(model)
    if not tied:
        withdraw(model)
        return
    _part_with_ties(model)
    starts = tuple(f"{name}." for name in tied)
    tensors = {
        name: [str(value.dtype).removeprefix("torch."), list(value.shape)]
        for name, value in model.state_dict().items()
        if name.startswith(starts)
    }
    config = TiedConfig(tied, tensors)
    model.config.quantization_config = config
    model.hf_quantizer = TiedQuantizer(config)
    model.is_quantized = True
    model.quantization_method = METHOD


def withdraw(model: nn.Module) -> None:
    """Undo `declare`: nothing in the model is tied any more."""
    if not isinstance(model, PreTrainedModel):
        return
    if isinstance(getattr(model, "hf_quantizer", None), TiedQuantizer):
        model.hf_quantizer.remove_quantization_config(model)
    for module in model.modules():
        if isinstance(module, PreTrainedModel) and _BEFORE in vars(module):
            module._tied_weights_keys = vars(module).pop(_BEFORE)
            module.all_tied_weights_keys = module.get_expanded_tied_weights_keys(all_submodels=True)
            module.tie_weights()


def _part_with_ties(model: PreTrainedModel) -> None:
    """Let the model's own ties not look for the weights of tied layers: they hold between these already."""
    layers = {name for name, layer in model.named_modules() if isinstance(layer, TiedLayer)}
    for above, module in model.named_modules():
        if not isinstance(module, PreTrainedModel):
            continue
        known = getattr(module, "all_tied_weights_keys", None) or {}
        kept = {key: of for key, of in known.items() if not {_layer(above, key), _layer(above, of)} & layers}
        if len(kept) < len(known):
            if _BEFORE not in vars(module):
                vars(module)[_BEFORE] = module._tied_weights_keys
            module._tied_weights_keys = kept
            module.all_tied_weights_keys = dict(kept)


def _layer(above: str, key: str) -> str:
    return f"{above}.{key}".lstrip(".").rpartition(".")[0]


def _named_as_in(model: PreTrainedModel, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table by names of layers or tensors, with the names that they have in a model.

    The model may be the core of the one that was saved, or have a head around it: then names lose or get the
    prefix of the core. What is not in the model is left out, as its tensors are.
    """
    prefix = f"{model.base_model_prefix}."
    is_core = model.base_model is model
    names = {name for name, _ in model.named_modules()}

    def own(name: str) -> str:
        if _is_in(names, name) or prefix == ".":
            return name
        return name.removeprefix(prefix) if is_core else f"{prefix}{name}"

    found = {}
    for name, value in table.items():
        if isinstance(value, dict) and value.get("owner") is not None:
            value = {**value, "owner": own(str(value["owner"]))}
        if _is_in(names, own(name)):
            found[own(name)] = value
    return found


def _is_in(names: Container[str], name: str) -> bool:
    """Return whether a name is that of a module, or of a tensor of one."""
    return name in names or name.rpartition(".")[0] in names


def _type(kind: Any) -> torch.dtype:
    found = getattr(torch, kind) if isinstance(kind, str) else None
    if not isinstance(found, torch.dtype):
        raise ValueError(f"no type of numbers: {kind}")
    return found
