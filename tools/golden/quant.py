"""Golden blocks for src/quant: ggml's quantizers as the `gguf` package has them (pip install gguf), on awkward values.

    python tools/golden/quant.py > src/quant/golden/blocks.json

Bytes are base64. Each case: f32 values, and per type the quantized bytes and the f32 values that they stand for. Super-blocks
have no quantizer there: their bytes are made up, with scales that awkward models might have.
"""

import base64
import json

import numpy as np
from gguf.constants import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def cases():
    rng = np.random.default_rng(20260101)
    normal = rng.standard_normal(32)
    yield "normal", rng.standard_normal(4 * 32) * 0.02
    yield "heavy", rng.standard_t(2, 4 * 32)
    yield "zeros", np.zeros(32)
    yield "constant", np.full(32, 0.3)
    yield "negative", -np.abs(normal)
    yield "positive", np.abs(normal) + 1
    yield "ties", np.concatenate([[127.0], np.arange(31) - 15.5])
    yield "opposite", np.concatenate([[1.0, -1.0], np.linspace(-1, 1, 30)])
    yield "tiny", normal * 1e-6
    yield "subnormal scale", normal * 2.0**-16
    yield "large", normal * 1e4


half = np.concatenate([
    np.float32([0, -0.0, 1, 65504, 65519.996, 65520, -65520, 1e9, 2**-14, 2**-24, 2**-25, 2**-25 * 1.0001, 3 * 2**-25]),
    np.float32([6.1e-5, 6.103515e-5, 1 + 2**-11, 1 + 3 * 2**-11, np.inf, -np.inf, 1e-40]),
    np.random.default_rng(1).standard_normal(64).astype(np.float32) * np.float32(2.0) ** np.arange(-32, 32, dtype=np.float32),
]).astype(np.float32)
with np.errstate(over="ignore"):
    golden = {"f16": {"values": text(half), "bytes": text(half.astype(np.float16))}, "blocks": []}
golden["bf16"] = {"values": text(half), "bytes": text(quantize(half[None], T.BF16))}
for name, values in cases():
    x = values.astype(np.float32)
    case = {"name": name, "values": text(x)}
    for kind in (T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1):
        packed = quantize(x[None], kind)
        case[kind.name] = {"bytes": text(packed), "values": text(dequantize(packed, kind))}
    golden["blocks"].append(case)
# bytes of a super-block, and where its f16 factors stand
SUPER_BLOCKS = {T.Q2_K: (84, (80, 82)), T.Q3_K: (110, (108,)), T.Q4_K: (144, (0, 2)), T.Q5_K: (176, (0, 2)), T.Q6_K: (210, (208,))}
FACTORS = {"usual": 1e-3, "subnormal": 3 * 2.0**-24, "negative": -2e-3, "large": 1000.0, "zero": 0.0}
golden["superBlocks"] = []
random = np.random.default_rng(2)
for kind, (size, places) in SUPER_BLOCKS.items():
    for name, factor in FACTORS.items():
        for fill in ("random", "lowest", "highest"):
            blocks = 3 if (name, fill) == ("usual", "random") else 1
            packed = random.integers(0, 256, (blocks, size), dtype=np.uint8)
            if fill != "random":
                packed[:] = 0 if fill == "lowest" else 255
            for i, place in enumerate(places):
                packed[:, place : place + 2] = np.float16(factor * (1 + 0.37 * i)).reshape(1).view(np.uint8)
            case = {"name": f"{name} factors, {fill} codes", "type": kind.name, "bytes": text(packed)}
            golden["superBlocks"].append({**case, "values": text(dequantize(packed, kind))})
print(json.dumps(golden))
