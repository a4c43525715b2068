"""Golden logits of a tiny random LLaMA, by transformers on the CPU: src/model/golden/.

Odd on purpose: a head width (20) that is no power of two and not D / H, grouped heads (3 over 1), an untied head, a
vocabulary of 131, and Llama-3's RoPE scaling with an original context short enough that every band of it takes part.

    python -m venv venv && venv/bin/pip install torch transformers safetensors
    venv/bin/python tools/golden/llama.py
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

out = Path(__file__).parents[2] / "src/model/golden"
torch.manual_seed(20)
config = LlamaConfig(
    vocab_size=131,
    hidden_size=36,
    intermediate_size=44,
    num_hidden_layers=2,
    num_attention_heads=3,
    num_key_value_heads=1,
    head_dim=20,
    max_position_embeddings=128,
    rms_norm_eps=1e-5,
    tie_word_embeddings=False,
    rope_parameters={
        "rope_type": "llama3",
        "rope_theta": 500.0,
        "factor": 4.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    },
    bos_token_id=1,
    eos_token_id=2,
)
model = LlamaForCausalLM(config).eval().to(torch.float64)
with torch.no_grad():
    for name, parameter in model.named_parameters():
        # values that a float32 file holds exactly; gains around 1; logits that differ
        scale = 0.3 if parameter.ndim == 2 else 0.1
        value = torch.randn_like(parameter) * scale + (parameter.ndim == 1)
        parameter.copy_(value.float().double())
    ids = [(i * 37 + 5) % 131 for i in range(90)]
    logits = model(torch.tensor([ids])).logits[0]

out.mkdir(exist_ok=True)
save_file({k: v.float().contiguous() for k, v in model.state_dict().items()}, out / "tiny-llama.safetensors")
(out / "tiny-llama.config.json").write_text(
    json.dumps({**config.to_dict(), "architectures": ["LlamaForCausalLM"]}, indent=1, default=str) + "\n"
)
# a few positions in full: the first, one inside, the last
chosen = [0, 1, 45, 89]
(out / "tiny-llama.logits.json").write_text(
    json.dumps({"ids": ids, "positions": chosen, "logits": [[round(x, 7) for x in logits[t].tolist()] for t in chosen]}) + "\n"
)
print("float64 logits, norm", logits.norm().item())
