"""Models whose linear layers are stored in 8 bits, as ``manage.py optimise_model`` writes them.

Each row of a weight has one scale (symmetric); activations become 8 bits on the way, per call ("dynamic int8"). On a
CPU the product is computed in integers by fbgemm or qnnpack; elsewhere the weights are spread to floats first, which
saves memory but no time. Importing this module tells transformers of the kind, so that ``from_pretrained`` loads it.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from transformers.quantizers.auto import register_quantization_config, register_quantizer
from transformers.quantizers.base import HfQuantizer
from transformers.utils.quantization_config import QuantizationConfigMixin

METHOD = "int8_rows"
# The layer that chooses the token stays in floats: it often shares its weights with the embeddings.
LEFT_ALONE = "lm_head"
_LARGEST = 127


class Int8Linear(nn.Module):
    """A linear layer with ``weight_int8`` of shape (out, in) and ``weight_scale`` of shape (out,)."""

    def __init__(self, in_features: int, out_features: int, *, bias: bool) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.register_buffer("weight_int8", torch.zeros(out_features, in_features, dtype=torch.int8))
        self.register_buffer("weight_scale", torch.ones(out_features))
        self.bias = nn.Parameter(torch.zeros(out_features), requires_grad=False) if bias else None
        self._packed: Any = None
        self.weight_int8: Tensor
        self.weight_scale: Tensor

    @classmethod
    def of(cls, linear: nn.Linear) -> Int8Linear:
        """The same layer in 8 bits."""
        made = cls(linear.in_features, linear.out_features, bias=linear.bias is not None)
        weight = linear.weight.detach().float()
        scale = weight.abs().amax(dim=1).clamp(min=1e-8) / _LARGEST
        made.weight_int8 = (weight / scale[:, None]).round().clamp(-_LARGEST, _LARGEST).to(torch.int8)
        made.weight_scale = scale
        if linear.bias is not None:
            made.bias = nn.Parameter(linear.bias.detach().float(), requires_grad=False)
        return made

    def forward(self, inputs: Tensor) -> Tensor:
        """As of any linear layer, in the inputs' type."""
        if inputs.device.type == "cpu":
            if self._packed is None:
                self._packed = self._pack()
            made: Tensor = torch.ops.quantized.linear_dynamic(inputs.float(), self._packed, True)
            return made.to(inputs.dtype)
        weight = self.weight_int8.to(inputs.dtype) * self.weight_scale.to(inputs.dtype)[:, None]
        return nn.functional.linear(inputs, weight, None if self.bias is None else self.bias.to(inputs.dtype))

    def _pack(self) -> Any:
        """The weight in the form that the integer product reads."""
        with warnings.catch_warnings():
            # torch says that this kind of tensor will go one day; the version pinned here has no other for old CPUs.
            warnings.filterwarnings("ignore", message="torch.quantize_per_tensor", category=UserWarning)
            weight = torch._make_per_channel_quantized_tensor(
                self.weight_int8, self.weight_scale.double(), torch.zeros(self.out_features, dtype=torch.long), 0
            )
        return torch.ops.quantized.linear_prepack(weight, None if self.bias is None else self.bias.float())


def to_int8(model: nn.Module) -> int:
    """Replace the linear layers in place, but not the one that chooses the token. Gives how many were replaced."""
    return _replace(model, lambda linear: Int8Linear.of(linear))


@register_quantization_config(METHOD)
class Int8Config(QuantizationConfigMixin):
    """What config.json says of such a model: its kind."""

    def __init__(self, **unused: Any) -> None:
        self.quant_method: Any = METHOD


@register_quantizer(METHOD)
class Int8Quantizer(HfQuantizer):
    """Makes room for 8 bits before transformers reads the weights."""

    requires_calibration = False

    def _process_model_before_weight_loading(self, model: nn.Module, **unused: Any) -> None:
        _replace(
            model,
            lambda linear: Int8Linear(linear.in_features, linear.out_features, bias=linear.bias is not None),
        )

    def is_serializable(self) -> bool:
        """Weights that were read can be written again."""
        return True

    @property
    def is_trainable(self) -> bool:
        """Whole numbers have no gradient."""
        return False


def _replace(model: nn.Module, make: Any) -> int:
    found = [
        (parent, name, child)
        for path, parent in model.named_modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Linear) and name != LEFT_ALONE
    ]
    for parent, name, child in found:
        setattr(parent, name, make(child))
    return len(found)
