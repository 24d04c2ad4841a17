"""Which number format the encoders run in without training: bf16 where the machine gains by it.

Decides by asking the processor, not by habit: AMX or AVX-512 bf16 on a CPU, bf16 support on CUDA;
otherwise single precision. Mixed precision in training is decided in `fusion`.
"""

from contextlib import AbstractContextManager

import torch

__all__ = ["autocast", "fastest_dtype"]


def fastest_dtype(device: torch.device) -> torch.dtype:
    """The format in which `device` runs an encoder fastest: bfloat16 or float32."""
    if device.type == "cuda":
        supported = torch.cuda.is_bf16_supported()
    elif device.type == "cpu":
        supported = _cpu_multiplies_bf16()
    else:
        supported = False
    return torch.bfloat16 if supported else torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Run matrix products in `dtype`; does nothing for float32."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)


def _cpu_multiplies_bf16() -> bool:
    # A torch that cannot be asked gets the safe answer, single precision.
    ask = getattr(torch.cpu, "get_capabilities", None)
    if ask is None:
        return False
    capabilities = ask()
    return any(bool(capabilities.get(name)) for name in ("amx_bf16", "avx512_bf16"))
