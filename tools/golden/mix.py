"""Golden mixes of adapters by PEFT's add_weighted_adapter: src/formats/adapters/golden/mix.json.

Three made-up adapters over one layer (no model's values count) with a strength each, and the pairs that come out by method:
A and B themselves, or with `svd` their product. What DARE drops is drawn by PyTorch: here it is a rule of the element's and
the adapter's numbers that the test has too.

    venv/bin/python -P tools/golden/mix.py
"""

import json
from pathlib import Path

import peft.utils.merge_utils as merge_utils
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

out = Path(__file__).parents[2] / "src/formats/adapters/golden"
out.mkdir(exist_ok=True)
SIZES = {"vocab_size": 8, "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 1, "num_attention_heads": 2}
MAPS = ["v_proj", "down_proj"]
NAMES = ["one", "two", "three"]
STRENGTHS = [0.8, -0.5, 0.3]
METHODS = {
    "cat": {},
    "linear": {},
    "svd": {"svd_rank": 2},
    "ties": {"density": 0.4},
    "ties frequency": {"density": 0.7, "majority_sign_method": "frequency"},
    "magnitude_prune": {"density": 0.3},
    "dare_linear": {"density": 0.6},
    "dare_ties": {"density": 0.6},
}
calls = 0


def every_other(tensor, density, rescale):
    """In place of random pruning: adapters come one after the other."""
    global calls
    n, calls = calls % len(NAMES), calls + 1
    mask = torch.tensor([float((7 * i + 3 * n) % 5 < 3) for i in range(tensor.numel())]).reshape(tensor.shape)
    return tensor * mask / density


merge_utils.random_pruning = every_other
torch.manual_seed(1)
config = LlamaConfig(**SIZES, num_key_value_heads=1, head_dim=6)
options = {"r": 3, "target_modules": MAPS, "lora_alpha": 6, "task_type": "CAUSAL_LM"}
model = get_peft_model(LlamaForCausalLM(config).double(), LoraConfig(**options), "one", autocast_adapter_dtype=False)
model.add_adapter("two", LoraConfig(**{**options, "lora_alpha": 2}))
model.add_adapter("three", LoraConfig(**{**options, "lora_alpha": 3, "use_rslora": True}))
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn(parameter.shape).mul(0.5).half().double()


def pairs(name):
    layer = model.base_model.model.model.layers[0]
    layers = {"v_proj": layer.self_attn.v_proj, "down_proj": layer.mlp.down_proj}
    return {key: (each.lora_A[name].weight, each.lora_B[name].weight, each.scaling[name]) for key, each in layers.items()}


def plain(tensor):
    return [round(x, 9) for x in tensor.detach().flatten().tolist()]


golden = {"sizes": SIZES, "strengths": STRENGTHS, "adapters": [], "mixes": {}}
for name in NAMES:
    golden["adapters"].append({key: {"a": plain(a), "b": plain(b), "scale": s} for key, (a, b, s) in pairs(name).items()})
for title, arguments in METHODS.items():
    method = title.split()[0]
    name = title.replace(" ", "_")
    model.add_weighted_adapter(NAMES, STRENGTHS, name, combination_type=method, **arguments)
    found = pairs(name)
    assert all(scale == 1 for _, _, scale in found.values())
    golden["mixes"][title] = {
        key: {"product": plain(b @ a)} if method == "svd" else {"a": plain(a), "b": plain(b)}
        for key, (a, b, _) in found.items()
    }
(out / "mix.json").write_text(json.dumps(golden) + "\n")
print((out / "mix.json").stat().st_size)
