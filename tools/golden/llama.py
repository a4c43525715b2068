"""Golden logits of tiny random models, by transformers on the CPU in float64: src/model/golden/.

Odd on purpose. LLaMA: a head width (20) that is no power of two and not D / H, grouped heads (3 over 1), an untied head, a
vocabulary of 131, and Llama-3's RoPE scaling with an original context short enough that every band of it takes part. Qwen2:
biases of q, k and v, and a tied head. Mistral: a window of 4 over 12 positions. Gemma 3: a window of 7 in two layers of three,
which have a rotary base of their own, scores scaled by another number than the head width, 256 positions. Phi-3: packed
matrices, three quarters of each head rotate, LongRoPE whose long list counts for the text of 256 tokens, and a window; the
folder is what transformers saves. Ministral 3: LLaMA's weights with YaRN, and queries that grow every eight positions. Qwen3:
gains of q's and k's heads that are far from 1, over 256 positions. OPT: learned positions, each used.
SmolLM3: four layers, the last of which is without rotary
positions.

    python -m venv venv && venv/bin/pip install torch transformers safetensors
    venv/bin/python -P tools/golden/llama.py [NAME …]
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    Ministral3Config,
    Ministral3ForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    SmolLM3Config,
    SmolLM3ForCausalLM,
)

out = Path(__file__).parents[2] / "src/model/golden"


def make(name, config, kind, length, chosen, centre=1, weights=None):
    """Writes a model's files, and its logits at the chosen positions; gains are around `centre`. `weights` names the model
    whose tensors it shares."""
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    torch.manual_seed(20)
    model = kind(config).eval().to(torch.float64)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            # values that a float32 file holds exactly; gains around 1; biases around 0 and not small; logits that differ
            bias = parameter_name.endswith("bias")
            of_heads = "qwen3" in name and ("q_norm" in parameter_name or "k_norm" in parameter_name)
            scale = 0.3 if parameter.ndim == 2 else 0.5 if bias or of_heads else 0.1
            value = torch.randn_like(parameter) * scale + (centre if parameter.ndim == 1 and not bias else 0)
            parameter.copy_(value.float().double())
        if weights:
            model.load_state_dict(load_file(out / f"{weights}.safetensors"))
        ids = [(i * 37 + 5) % 131 for i in range(length)]
        logits = model(torch.tensor([ids])).logits[0]
    tied = {"lm_head.weight"} if config.tie_word_embeddings else set()
    tensors = {k: v.float().contiguous() for k, v in model.state_dict().items() if k not in tied}
    if not weights:
        save_file(tensors, out / f"{name}.safetensors")
    description = {**config.to_dict(), "architectures": [kind.__name__]}
    (out / f"{name}.config.json").write_text(json.dumps(description, indent=1, default=str) + "\n")
    rows = [[round(x, 7) for x in logits[t].tolist()] for t in chosen]
    (out / f"{name}.logits.json").write_text(json.dumps({"ids": ids, "positions": chosen, "logits": rows}) + "\n")
    print(name, "float64 logits, norm", logits.norm().item())


out.mkdir(exist_ok=True)
sizes = {
    "vocab_size": 131,
    "hidden_size": 36,
    "intermediate_size": 44,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
llama3 = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
# a few positions in full: the first, one inside, the last
llama = LlamaConfig(**sizes, head_dim=20, tie_word_embeddings=False, rope_parameters=llama3)
make("tiny-llama", llama, LlamaForCausalLM, 90, [0, 1, 45, 89])
qwen2 = Qwen2Config(**{**sizes, "hidden_size": 48, "intermediate_size": 64}, tie_word_embeddings=True)
make("tiny-qwen2", qwen2, Qwen2ForCausalLM, 20, [0, 1, 11, 19])
mistral = MistralConfig(**sizes, head_dim=12, sliding_window=4, tie_word_embeddings=False)
make("tiny-mistral", mistral, MistralForCausalLM, 12, [0, 3, 4, 11])
gemma3 = Gemma3TextConfig(
    **{**sizes, "num_hidden_layers": 3, "max_position_embeddings": 512},
    head_dim=20,
    sliding_window=7,
    layer_types=["sliding_attention", "full_attention", "sliding_attention"],
    query_pre_attn_scalar=30,
    rope_parameters={
        "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 900.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
    },
)
make("tiny-gemma3", gemma3, Gemma3ForCausalLM, 256, [0, 7, 130, 255], centre=0)
longrope = {
    "rope_type": "longrope",
    "rope_theta": 500.0,
    "short_factor": [1 + 0.1 * i for i in range(6)],
    "long_factor": [1 + 0.6 * i for i in range(6)],
}
phi3 = Phi3Config(
    **{**sizes, "hidden_size": 48, "max_position_embeddings": 512},
    original_max_position_embeddings=64,
    partial_rotary_factor=0.75,
    rope_parameters=longrope,
    sliding_window=12,
    tie_word_embeddings=True,
    pad_token_id=0,
)
make("tiny-phi3", phi3, Phi3ForCausalLM, 256, [0, 70, 255])
yarn = {
    "rope_type": "yarn",
    "rope_theta": 500.0,
    "factor": 32.0,
    "original_max_position_embeddings": 8,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
    "llama_4_scaling_beta": 0.3,
}
ministral3 = Ministral3Config(
    **{**sizes, "max_position_embeddings": 256}, head_dim=20, tie_word_embeddings=False, rope_parameters=yarn
)
make("tiny-ministral3", ministral3, Ministral3ForCausalLM, 256, [0, 100, 255], weights="tiny-llama")
long = {**sizes, "max_position_embeddings": 512}
qwen3 = Qwen3Config(
    **long, head_dim=20, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 5000.0}
)
make("tiny-qwen3", qwen3, Qwen3ForCausalLM, 256, [0, 1, 127, 255])
heads = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2}
smollm3 = SmolLM3Config(**{**long, **heads}, pad_token_id=0, tie_word_embeddings=True)
make("tiny-smollm3", smollm3, SmolLM3ForCausalLM, 256, [0, 1, 127, 255])
opt = OPTConfig(
    vocab_size=131,
    hidden_size=32,
    word_embed_proj_dim=32,
    ffn_dim=44,
    num_hidden_layers=2,
    num_attention_heads=4,
    max_position_embeddings=256,
)
make("tiny-opt", opt, OPTForCausalLM, 256, [0, 1, 127, 255])
