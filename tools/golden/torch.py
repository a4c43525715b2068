"""Tiny files of torch.save, and models in the layouts that Pronk reads: src/formats/golden/.

    python -m venv venv && venv/bin/pip install torch
    venv/bin/python tools/golden/torch.py
"""

import json
import os
import pickle
import sys
from collections import OrderedDict
from pathlib import Path

# this file's own name would hide the library
sys.path = [each for each in sys.path if Path(each or ".").resolve() != Path(__file__).resolve().parent]
import torch  # noqa: E402

out = Path(__file__).parents[2] / "src/formats/golden"
out.mkdir(exist_ok=True)


def ramp(*shape, dtype=torch.float32, start=0):
    """Values that every element type holds exactly."""
    count = 1
    for size in shape:
        count *= size
    return (torch.arange(start, start + count) % 97 - 48).reshape(shape).to(dtype) / 8


def eighths(tensor):
    return [int(x * 8) for x in tensor.detach().double().flatten().tolist()]


# one of everything that a state dict may hold
base = ramp(6, 4)
everything = OrderedDict(
    half=ramp(3, 4, dtype=torch.float16),
    bfloat=ramp(3, 4, dtype=torch.bfloat16),
    float=ramp(3, 4),
    shared_whole=base,
    shared_rows=base[2:4],
    transposed=base.t(),
    every_other_row=base[::2],
    parameter=torch.nn.Parameter(ramp(5, start=7)),
    counter=torch.tensor(3),
    double=ramp(2, 2, dtype=torch.float64),
)
everything._metadata = OrderedDict({"": {"version": 1}})
torch.save(everything, out / "everything-2.pt")
torch.save(everything, out / "everything-4.pt", pickle_protocol=4)
torch.save(dict(everything), out / "dict.pt")
torch.save({"epoch": 3, "model": {"w": ramp(2, 3)}, "optimizer": {"state": {}}}, out / "nested.pt")
torch.save({"w": ramp(2, 3)}, out / "legacy.pt", _use_new_zipfile_serialization=False)
(out / "everything.json").write_text(
    json.dumps({name: {"shape": list(t.shape), "eighths": eighths(t)} for name, t in everything.items()}) + "\n"
)


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


torch.save({"w": ramp(2, 3), "evil": Evil()}, out / "evil-2.pt")
torch.save({"w": ramp(2, 3), "evil": Evil()}, out / "evil-4.pt", pickle_protocol=4)

# Meta's layout, whole and cut as fairscale's layers cut it
D, heads, kv, F, V, layers = 16, 4, 2, 48, 10, 1
d = D // heads
shapes = {"tok_embeddings.weight": (V, D), "norm.weight": (D,), "output.weight": (V, D)}
for layer in range(layers):
    shapes |= {
        f"layers.{layer}.attention.wq.weight": (heads * d, D),
        f"layers.{layer}.attention.wk.weight": (kv * d, D),
        f"layers.{layer}.attention.wv.weight": (kv * d, D),
        f"layers.{layer}.attention.wo.weight": (D, heads * d),
        f"layers.{layer}.feed_forward.w1.weight": (F, D),
        f"layers.{layer}.feed_forward.w2.weight": (D, F),
        f"layers.{layer}.feed_forward.w3.weight": (F, D),
        f"layers.{layer}.attention_norm.weight": (D,),
        f"layers.{layer}.ffn_norm.weight": (D,),
    }
whole = {name: ramp(*shape, dtype=torch.bfloat16, start=i * 5) for i, (name, shape) in enumerate(shapes.items())}
COLUMNS = ("wo.weight", "w2.weight", "tok_embeddings.weight")
for part in range(2):
    state = {}
    for name, tensor in whole.items():
        if tensor.ndim == 1:
            state[name] = tensor.clone()
        elif name.endswith(COLUMNS):
            half = tensor.shape[1] // 2
            state[name] = tensor[:, part * half : (part + 1) * half].clone()
        else:
            half = tensor.shape[0] // 2
            state[name] = tensor[part * half : (part + 1) * half].clone()
    state["rope.freqs"] = torch.ones(d // 2)
    torch.save(state, out / f"meta-consolidated.0{part}.pth")
params = {"dim": D, "n_layers": layers, "n_heads": heads, "n_kv_heads": kv, "multiple_of": 16, "norm_eps": 1e-5, "vocab_size": -1}
(out / "meta-params.json").write_text(json.dumps(params) + "\n")
(out / "meta.json").write_text(
    json.dumps({name: eighths(t) for name, t in whole.items()}, separators=(",", ":")) + "\n"
)

# InternLM2's packed attention, unpacked by a naive loop; q and k in interleaved order
packed = ramp((heads + 2 * kv) * d, D, dtype=torch.bfloat16)
q, k, v = [], [], []
row = 0
for group in range(kv):
    for kind in ["q"] * (heads // kv) + ["k", "v"]:
        head = packed[row : row + d]
        row += d
        if kind != "v":
            turned = []
            for pair in range(d // 2):
                turned += [head[pair], head[pair + d // 2]]
            head = torch.stack(turned)
        {"q": q, "k": k, "v": v}[kind].append(head)
renamed = {
    "model.tok_embeddings.weight": whole["tok_embeddings.weight"],
    "model.norm.weight": whole["norm.weight"],
    "output.weight": whole["output.weight"],
    "model.layers.0.attention.wqkv.weight": packed,
}
renamed |= {f"model.{name}": t for name, t in whole.items() if "layers" in name and not name.endswith(("wq.weight", "wk.weight", "wv.weight"))}
torch.save(renamed, out / "internlm2.bin")
(out / "internlm2.json").write_text(json.dumps({"q": eighths(torch.cat(q)), "k": eighths(torch.cat(k)), "v": eighths(torch.cat(v))}) + "\n")

print({each.name: each.stat().st_size for each in sorted(out.iterdir())})
