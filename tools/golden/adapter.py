"""Golden adapters over the tiny models of src/model/golden, by PEFT itself: src/model/golden/adapters/.

Each folder is what PEFT saved, with `logits.json` (base + adapter, in float64, at a few positions) and `merged.safetensors`
(the adapted weights after merge_and_unload) beside it.

- `llama`: all seven maps and the head, ranks and alphas that differ (rank_pattern, alpha_pattern). PEFT saves the frozen
  embedding and head along with an adapter of the head.
- `llama-2023`: q and v as adapter_model.bin, with the keys that a configuration had in 2023.
- `llama-default`: the same pairs under the names that they have in memory (`.default`), in float16.
- `qwen2`: rsLoRA in one of two layers over a base with biases and a tied head.
- `llama-dora`: DoRA of all maps and the head, ranks that differ, magnitudes as training leaves them.
- `qwen2-lora-bias`: a bias beside each B (`lora_bias`).
- `qwen2-biases`: the base's biases trained too (`bias: all`).
- `llama-whole`: a vocabulary of three tokens more, whose embedding and head are whole in the adapter (`modules_to_save`), and a
  whole norm.
- `qwen2-tied`: two tokens more in an embedding that is the head too (`save_embedding_layers`).
- `empty`: the adapter_model.bin of 443 bytes that alpaca-lora's script wrote with newer versions of PEFT: an empty dict, byte by
  byte as torch.save wrote one in 2023 (newer versions add entries).

    python -m venv venv && venv/bin/pip install torch transformers peft safetensors
    venv/bin/python -P tools/golden/adapter.py
"""

import json
import pickle
import shutil
import struct
import zlib
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

models = Path(__file__).parents[2] / "src/model/golden"
out = models / "adapters"
KINDS = {"tiny-llama": (LlamaConfig, LlamaForCausalLM), "tiny-qwen2": (Qwen2Config, Qwen2ForCausalLM)}
KEYS_OF_2023 = [
    "base_model_name_or_path",
    "bias",
    "fan_in_fan_out",
    "inference_mode",
    "init_lora_weights",
    "lora_alpha",
    "lora_dropout",
    "modules_to_save",
    "peft_type",
    "r",
    "target_modules",
    "task_type",
]


def base(name):
    """A tiny model in float64."""
    configuration, kind = KINDS[name]
    model = kind(configuration.from_dict(json.loads((models / f"{name}.config.json").read_text())))
    missing, unexpected = model.load_state_dict(load_file(models / f"{name}.safetensors"), strict=False)
    assert not unexpected and all(key == "lm_head.weight" for key in missing)
    model.tie_weights()
    return model.eval().to(torch.float64)


def adapted(name, tokens=0, **options):
    """The model with an adapter whose values a float16 file holds exactly, and more tokens."""
    torch.manual_seed(4)
    config = LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.05, base_model_name_or_path=f"golden/{name}", **options)
    inner = base(name)
    if tokens:
        inner.resize_token_embeddings(inner.config.vocab_size + tokens, mean_resizing=False)
    model = get_peft_model(inner, config, autocast_adapter_dtype=False).eval().to(torch.float64)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "magnitude" in parameter_name:
                parameter.copy_((parameter * (1 + 0.3 * torch.randn_like(parameter))).half().double())
            elif "modules_to_save" in parameter_name or (parameter_name.endswith(".bias") and parameter.requires_grad):
                parameter.copy_((parameter + torch.randn_like(parameter) * 0.1).half().double())
            elif "lora_" in parameter_name:
                parameter.copy_((torch.randn_like(parameter) * 0.15).half().double())
    return model


def record(folder, name, model, weights=True):
    """Logits of base and adapter, and the merged weights; without those, the logits must be those of what PEFT merges."""
    golden = json.loads((models / f"{name}.logits.json").read_text())
    ids, positions = golden["ids"], golden["positions"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    rows = [[round(x, 7) for x in logits[t].tolist()] for t in positions]
    (folder / "logits.json").write_text(json.dumps({"ids": ids, "positions": positions, "logits": rows}) + "\n")
    if model.peft_config["default"].lora_bias:
        return  # PEFT merges such only where the base has biases too
    if not weights:
        merged = model.merge_and_unload()(torch.tensor([ids])).logits[0]
        print(folder.name, "norm of logits", logits.norm().item(), "merged off by", (merged - logits).abs().max().item())
        return
    state = get_peft_model_state_dict(model)
    adapted_names = {key.rsplit(".lora_", 1)[0] for key in state if ".lora_" in key}
    merged = model.merge_and_unload().state_dict()
    weights = {f"{key.removeprefix('base_model.model.')}.weight" for key in adapted_names}
    save_file({key: merged[key].float().contiguous() for key in sorted(weights)}, folder / "merged.safetensors")
    print(folder.name, "norm of logits", logits.norm().item(), "weights", len(weights))


def fresh(name):
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def saved(folder, model, **options):
    """What PEFT writes, in float32."""
    model.float().save_pretrained(folder, **options)
    model.double()
    (folder / "README.md").unlink(missing_ok=True)


def empty_of_2023():
    """torch.save({}, "adapter_model.bin") by PyTorch 1.13: two stored entries whose data begin at multiples of 64."""
    body, central = b"", b""
    entries = {"data.pkl": pickle.dumps({}, protocol=2), "version": b"3\n"}
    for path, data in entries.items():
        name = f"adapter_model/{path}".encode()
        padding = -(len(body) + 30 + len(name) + 4) % 64
        crc = zlib.crc32(data)
        start = len(body)
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, 0, 0x0808, 0, 0, 0, 0, 0, 0, len(name), padding + 4)
        body += name + struct.pack("<HH", 0x4246, padding) + b"Z" * padding + data
        body += struct.pack("<IIII", 0x08074B50, crc, len(data), len(data))
        central += struct.pack("<IHHHHHHIII", 0x02014B50, 0, 0, 0x0808, 0, 0, 0, crc, len(data), len(data))
        central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, start) + name
    at = len(body)
    sizes = struct.pack("<QQQQ", len(entries), len(entries), len(central), at)
    end = struct.pack("<IQHHII", 0x06064B50, 44, 0x1E, 0x2D, 0, 0) + sizes
    end += struct.pack("<IIQI", 0x07064B50, 0, at + len(central), 1)
    end += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(entries), len(entries), len(central), at, 0)
    return body + central + end


folder = fresh("llama")
linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
patterns = {"rank_pattern": {"k_proj": 1, "layers.1.mlp.up_proj": 5}, "alpha_pattern": {"o_proj": 2, "lm_head": 9}}
model = adapted("tiny-llama", r=3, lora_alpha=8, target_modules=[*linear, "lm_head"], **patterns)
saved(folder, model)
record(folder, "tiny-llama", model)

folder = fresh("llama-2023")
model = adapted("tiny-llama", r=4, lora_alpha=16, target_modules=["q_proj", "v_proj"])
saved(folder, model)
state = load_file(folder / "adapter_model.safetensors")
(folder / "adapter_model.safetensors").unlink()
torch.save(state, folder / "adapter_model.bin")
known = json.loads((folder / "adapter_config.json").read_text())
old = {key: known[key] for key in KEYS_OF_2023}
(folder / "adapter_config.json").write_text(json.dumps(old, indent=2))
record(folder, "tiny-llama", model)

other = fresh("llama-default")
(other / "adapter_config.json").write_text(json.dumps(old, indent=2))
inner = {key.replace(".weight", ".default.weight"): value.half() for key, value in state.items()}
save_file(inner, other / "adapter_model.safetensors", metadata={"format": "pt"})

folder = fresh("qwen2")
options = {"use_rslora": True, "layers_to_transform": [1], "target_modules": ["q_proj", "k_proj", "o_proj", "down_proj"]}
model = adapted("tiny-qwen2", r=5, lora_alpha=4, **options)
saved(folder, model)
record(folder, "tiny-qwen2", model)

folder = fresh("llama-dora")
model = adapted("tiny-llama", r=3, lora_alpha=8, use_dora=True, target_modules=[*linear, "lm_head"], **patterns)
saved(folder, model)
state = load_file(folder / "adapter_model.safetensors")
# the frozen embedding and head come along, and are 38 kB
state = {key: value for key, value in state.items() if "lora_" in key}
save_file(state, folder / "adapter_model.safetensors", metadata={"format": "pt"})
record(folder, "tiny-llama", model, weights=False)

folder = fresh("qwen2-lora-bias")
model = adapted("tiny-qwen2", r=2, lora_alpha=6, lora_bias=True, target_modules=["q_proj", "k_proj", "o_proj", "up_proj"])
saved(folder, model)
record(folder, "tiny-qwen2", model, weights=False)

folder = fresh("qwen2-biases")
model = adapted("tiny-qwen2", r=2, lora_alpha=6, bias="all", target_modules=["k_proj", "down_proj"])
saved(folder, model)
record(folder, "tiny-qwen2", model, weights=False)

folder = fresh("llama-whole")
options = {"modules_to_save": ["embed_tokens", "lm_head", "model.norm"], "target_modules": ["q_proj", "v_proj"]}
model = adapted("tiny-llama", tokens=3, r=2, lora_alpha=4, **options)
saved(folder, model)
record(folder, "tiny-llama", model, weights=False)

folder = fresh("qwen2-tied")
model = adapted("tiny-qwen2", tokens=2, r=2, lora_alpha=4, target_modules=["v_proj"])
saved(folder, model, save_embedding_layers=True)
record(folder, "tiny-qwen2", model, weights=False)

folder = fresh("empty")
(folder / "adapter_config.json").write_text(json.dumps(old, indent=2))
(folder / "adapter_model.bin").write_bytes(empty_of_2023())
assert torch.load(folder / "adapter_model.bin", weights_only=True) == {}
assert (folder / "adapter_model.bin").stat().st_size == 443
