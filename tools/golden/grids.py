"""The grids of ggml's IQ types, for src/quant/grids.ts, from the `gguf` package (pip install gguf).

    python tools/golden/grids.py > src/quant/grids.json

A place of a grid is a row of digits: 2 bits each for 8 elements, 4 bits each for 4 elements, the first one lowest. As numbers
the places of a grid are in ascending order; what is written is the steps from each to the next, 7 bits a byte, lowest first,
with the high bit set where more follows, in base64.
"""

import base64
import json

import numpy as np
from gguf import quants


def text(grid):
    shape, values = grid.grid_shape, sorted(grid.grid_map)
    grid.init_grid()
    digits = np.searchsorted(values, grid.grid.reshape(shape)).astype(np.int64)
    places = (digits << (np.arange(shape[1]) * (16 // shape[1]))).sum(axis=1)
    steps = np.diff(places, prepend=0)
    assert (steps >= 0).all() and values == list(grid.grid_map)
    out = bytearray()
    for step in steps.tolist():
        while step > 127:
            out.append(step & 127 | 128)
            step >>= 7
        out.append(step)
    return base64.b64encode(out).decode()


TYPES = (quants.IQ3_S, quants.IQ3_XXS, quants.IQ2_S, quants.IQ2_XS, quants.IQ2_XXS, quants.IQ1_S)
print(json.dumps({kind.__name__: text(kind) for kind in TYPES}, indent=2))
