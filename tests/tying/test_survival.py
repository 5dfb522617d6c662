"""Every way to lose a tie without noticing: ties outlive it."""

import copy
import io
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune, weight_norm

from tests.tying.cases import plan
from tiedtts.errors import TiedTTSError
from tiedtts.tying import TiedLayer, check_sharing, tie, tie_map, untie

X = torch.linspace(-1, 1, 12).reshape(2, 6)
SCHEMES: list[tuple[str, dict[str, Any]]] = [
    ("share", {}),
    ("share", {"groups": 2}),
    ("share", {"rank": 1}),
    ("lowrank", {"shared": True, "rank": 3}),
    ("codebook", {"k": 4}),
    ("cluster", {"k": 3}),
    ("identity", {}),
]


def stack() -> nn.Sequential:
    torch.manual_seed(4)
    return nn.Sequential(*(nn.Linear(6, 6) for _ in range(3)))


@pytest.fixture(params=SCHEMES, ids=lambda of: of[0])
def model(request: pytest.FixtureRequest) -> nn.Module:
    scheme, options = request.param
    return tie(stack(), plan(scheme, **options))[0]


def numbers(model: nn.Module) -> int:
    """Count what is stored, by storage: what shares one counts once."""
    stores = {
        value.untyped_storage().data_ptr(): value.untyped_storage().nbytes() for value in model.parameters()
    }
    return sum(stores.values()) // next(model.parameters()).element_size()


def assert_tied(model: nn.Module, expected: nn.Module) -> None:
    assert numbers(model) == numbers(expected)
    assert tie_map(model) == tie_map(expected)
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in expected.named_parameters()]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_another_precision(model: nn.Module, kind: torch.dtype) -> None:
    other = copy.deepcopy(model).to(kind)
    assert_tied(other, model)
    assert other(X.to(kind)).dtype == kind
    assert all(layer.weight.dtype == kind for layer in other)  # type: ignore[attr-defined]
    torch.testing.assert_close(other(X.to(kind)).float(), model(X), rtol=0.05, atol=0.05)


def test_half_and_double(model: nn.Module) -> None:
    for change in (nn.Module.half, nn.Module.double, nn.Module.float, nn.Module.cpu):
        assert_tied(change(copy.deepcopy(model)), model)


def test_parameters_overwritten_on_conversion(model: nn.Module) -> None:
    # What torch does for some devices: every parameter becomes a new object.
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        assert_tied(copy.deepcopy(model).double(), model)
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)


def test_a_deep_copy_is_tied_and_apart(model: nn.Module) -> None:
    other = copy.deepcopy(model)
    assert_tied(other, model)
    before = model(X)
    with torch.no_grad():
        for value in other.parameters():
            value.add_(1.0)
    assert torch.equal(model(X), before)
    assert not torch.allclose(other(X), before)


def test_assigned_state(model: nn.Module) -> None:
    other = tie(stack(), model_plan(model))[0]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        for value in other.parameters():
            value.zero_()
    other.load_state_dict(state, assign=True)
    assert_tied(other, model)
    assert torch.equal(other(X), model(X))
    # The owner's new parameter is the one that all layers look up, and one change moves them all.
    changed = {name: value + 1 if value.is_floating_point() else value for name, value in state.items()}
    other.load_state_dict(changed, assign=True)
    model.load_state_dict(changed)
    assert torch.equal(other(X), model(X))


def test_from_meta_to_memory(model: nn.Module) -> None:
    state = {name: value.clone() for name, value in model.state_dict().items()}
    for load in (
        lambda of: of.load_state_dict(state, assign=True),
        lambda of: of.to_empty(device="cpu").load_state_dict(state),
    ):
        other = copy.deepcopy(model).to("meta")
        load(other)
        assert_tied(other, model)
        assert torch.equal(other(X), model(X))


def test_a_file_of_tensors(model: nn.Module) -> None:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for value in other.parameters():
            value.zero_()
    other.load_state_dict(state)
    assert_tied(other, model)
    assert torch.equal(other(X), model(X))
    assert all(torch.equal(value, state[name]) for name, value in other.state_dict().items())


def test_state_in_another_precision_or_cloned_is_no_larger(model: nn.Module) -> None:
    state = model.state_dict()
    stored = sum(value.nbytes for value in (*model.parameters(), *model.buffers()))
    assert sum(value.clone().nbytes for value in state.values()) == stored
    halved = {name: value.half() for name, value in state.items() if value.is_floating_point()}
    assert sum(value.nbytes for value in halved.values()) == 2 * sum(p.numel() for p in model.parameters())


def test_an_untied_state_is_refused(model: nn.Module) -> None:
    with pytest.raises(RuntimeError, match="Missing key"):
        model.load_state_dict(stack().state_dict())


def test_a_whole_model_in_a_pickle(model: nn.Module) -> None:
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    other = torch.load(file, weights_only=False)
    assert_tied(other, model)
    assert torch.equal(other(X), model(X))


def test_training_moves_all_that_is_tied() -> None:
    model = tie(stack(), plan("share"))[0]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    before = [layer.weight.clone() for layer in model]  # type: ignore[union-attr, operator, attr-defined]
    model(X).square().sum().backward()
    optimizer.step()
    after = [layer.weight for layer in model]  # type: ignore[attr-defined]
    assert not torch.allclose(before[0], after[0])
    assert torch.equal(after[0], after[1])
    assert torch.equal(after[0], after[2])


def test_gradients_are_summed_over_places() -> None:
    model = tie(stack(), plan("share"))[0]
    plain = untie(model)
    for of in (model, plain):
        of(X).square().sum().backward()
    total: Tensor = sum(layer.weight.grad for layer in plain)  # type: ignore[attr-defined, assignment]
    shared = next(value for name, value in model.named_parameters() if name == "0.shared")
    torch.testing.assert_close(shared.grad, total)


def test_a_functional_call_sees_what_it_is_given() -> None:
    model = tie(stack(), plan("share"))[0]
    values = {name: torch.zeros_like(value) for name, value in model.named_parameters()}
    assert torch.equal(torch.func.functional_call(model, values, (X,)), torch.zeros(2, 6))


def test_a_frozen_layer_stays_frozen() -> None:
    model = stack()
    model[1].requires_grad_(False)
    other = tie(model, plan("codebook", k=4))[0]
    frozen = {name.split(".")[0] for name, value in other.named_parameters() if not value.requires_grad}
    assert frozen == {"1"}


def test_evaluation_mode_is_kept() -> None:
    other = tie(stack().eval(), plan("share"))[0]
    assert not any(of.training for of in other.modules())
    assert not any(of.training for of in untie(other).modules())


def test_an_owner_that_went_away_is_missed() -> None:
    model = tie(stack(), plan("share"))[0]
    model[0] = nn.Linear(6, 6)  # type: ignore[operator]
    for act in (check_sharing, tie_map, untie, lambda of: tie(of, plan("codebook", layers="0"))):
        with pytest.raises(TiedTTSError, match="`1` shares weights with a layer that is not in the model"):
            act(model)


def model_plan(model: nn.Module) -> Any:
    """Return the plan that `model` was tied by."""
    layer = model[0]  # type: ignore[index]
    assert isinstance(layer, TiedLayer)
    given = {name: value for name, value in vars(layer.options).items() if value is not None}
    return plan(layer.scheme, **given)


@pytest.mark.parametrize(
    "act",
    [parametrizations.weight_norm, weight_norm, lambda layer: prune.l1_unstructured(layer, "weight", 0.5)],
    ids=["new weight norm", "old weight norm", "prune"],
)
def test_what_would_untie_is_an_error(model: nn.Module, act: Callable[[nn.Module], Any]) -> None:
    before = numbers(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((KeyError, AttributeError, RuntimeError, ValueError, TypeError)):
            act(model[0])  # type: ignore[index]
    assert numbers(model) == before
    assert isinstance(model[0], TiedLayer)  # type: ignore[index]


def test_dynamic_quantisation_leaves_ties(model: nn.Module) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = torch.ao.quantization.quantize_dynamic(copy.deepcopy(model), {nn.Linear}, torch.qint8)
    assert_tied(other, model)


def test_tracing_keeps_ties(model: nn.Module) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, X)
        sizes = []
        for each in (traced, torch.jit.trace(stack(), X)):
            file = io.BytesIO()
            torch.jit.save(each, file)
            file.seek(0)
            sizes.append(sum(value.numel() for value in torch.jit.load(file).parameters()))
    torch.testing.assert_close(traced(X), model(X))
    assert sizes[0] == numbers(model) < sizes[1]


def test_edits_that_would_be_lost_are_refused(model: nn.Module) -> None:
    layer: Any = model[0]  # type: ignore[index]
    edits: list[Callable[[Tensor], Any]] = [
        lambda weight: weight.mul_(2),
        lambda weight: weight.data.normal_(),
        lambda weight: weight[0].zero_(),
        lambda weight: weight.__setitem__(0, 1.0),
        lambda weight: nn.init.xavier_uniform_(weight),
        lambda weight: torch.add(weight, 1, out=weight),
    ]
    with torch.no_grad():
        before = layer.weight.clone()
        for edit in edits:
            if isinstance(layer.weight, nn.Parameter):
                # What is stored as it is keeps an edit.
                edit(layer.weight)
                assert not torch.equal(layer.weight, before)
                before = layer.weight.clone()
                continue
            with pytest.raises(TiedTTSError, match="would change the weight of a tied layer"):
                edit(layer.weight)
            assert torch.equal(layer.weight, before)
        # All else is as with any tensor.
        assert type(layer.weight + 1) is Tensor
        assert type(before.mul_(2)) is Tensor
        assert torch.equal(layer.weight.T.contiguous().T * 2, before)
