"""Golden blocks of ggml's IQ types, ternary types and 4-bit floats for src/quant, by the `gguf` package (pip install gguf).

    python tools/golden/iq.py > src/quant/golden/iq.json

Bytes are made up, since most of these types have no quantizer there, with scales that models might have. Each case: bytes
of blocks, and the f32 values that they stand for, as base64.
"""

import base64
import json

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

# Where a block's f16 factor stands.
FACTOR_AT = {
    T.IQ4_NL: 0, T.IQ4_XS: 0, T.IQ3_S: 0, T.IQ3_XXS: 0, T.IQ2_S: 0, T.IQ2_XS: 0, T.IQ2_XXS: 0, T.IQ1_S: 0, T.IQ1_M: None,
    T.TQ1_0: 52, T.TQ2_0: 64,
}
FACTORS = {"usual": 1e-3, "negative": -2e-3, "zero": 0.0}
random = np.random.default_rng(4)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def case(kind, name, packed):
    return {"type": kind.name, "name": name, "bytes": text(packed), "values": text(dequantize(packed, kind))}


def with_factor(kind, packed, factor):
    half = np.float16(factor).reshape(1).view(np.uint8)
    if FACTOR_AT[kind] is not None:
        packed[:, FACTOR_AT[kind] : FACTOR_AT[kind] + 2] = half
        return packed
    # IQ1_M: the highest four bits of each of the last four u16
    for i in range(4):
        packed[:, 49 + 2 * i] = packed[:, 49 + 2 * i] & 15 | (half[i // 2] >> (4 * (i % 2)) & 15) << 4
    return packed


cases = []
for kind in FACTOR_AT:
    for name, factor in FACTORS.items():
        for fill in ("random", "lowest", "highest") if name == "usual" else ("random",):
            packed = random.integers(0, 256, (2 if (name, fill) == ("usual", "random") else 1, GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
            if fill != "random":
                packed[:] = 0 if fill == "lowest" else 255
            cases.append(case(kind, f"{name} factors, {fill} codes", with_factor(kind, packed, factor)))
# scales of one byte: all of the exponents that models have, then the ends
packed = random.integers(0, 256, (24, 17), dtype=np.uint8)
packed[:, 0] = np.arange(107, 131)
cases.append(case(T.MXFP4, "usual factors, random codes", packed))
packed[:6, 0] = [0, 1, 2, 100, 200, 254]
cases.append(case(T.MXFP4, "factors beyond f16, random codes", packed[:6]))
packed = random.integers(0, 256, (32, 36), dtype=np.uint8)
packed[:, :4] = np.roll(np.arange(128, dtype=np.uint8), -16).reshape(32, 4)
cases.append(case(T.NVFP4, "usual factors, random codes", packed))
print(json.dumps(cases))
