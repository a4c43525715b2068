"""Golden logits of the tiny models (tools/golden/llama.py) under other configurations: src/model/golden/configs.json.

Each case is loaded by transformers from a folder as it is published, in float64: weights changed as `tensors` says, and
config.json as `config` says. The wanted logits are those of one forward pass over all ids. For dynamic scaling there is also
what transformers generates greedily with its cache, which rotates each new token for the length so far; for LongRoPE what it
generates by a whole pass for each token, since keys of its two rotations make no sense side by side.

    venv/bin/python -P tools/golden/configs.py
"""

import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

folder = Path(__file__).parents[2] / "src/model/golden"


def biases(config, stems):
    """Biases of some projections of every layer, from a seed that the test has too."""
    heads, keys, d = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
    rows = {"q_proj": heads * d, "k_proj": keys * d, "v_proj": keys * d, "o_proj": config["hidden_size"]}
    state = 7
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        for stem in stems:
            values = []
            for _ in range(rows[stem]):
                state = (state * 1664525 + 1013904223) % 2**32
                values.append(state / 2**31 - 1)
            tensors[f"model.layers.{layer}.self_attn.{stem}.bias"] = torch.tensor(values, dtype=torch.float32)
    return tensors


LONGROPE = {"rope_type": "longrope", "rope_theta": 500.0, "short_factor": [1 + 0.1 * i for i in range(10)],
    "long_factor": [1 + 0.7 * i for i in range(10)], "original_max_position_embeddings": 64}

# name, model, config changes, biases added, tensors left out, length, greedy tokens
CASES = [
    ("layer_types", "tiny-qwen2", {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 0,
        "layer_types": ["full_attention", "sliding_attention"]}, [], [], 20, 0),
    ("max_window_layers", "tiny-qwen2", {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1,
        "layer_types": None}, [], [], 20, 0),
    ("use_sliding_window false", "tiny-qwen2", {"use_sliding_window": False, "sliding_window": 4,
        "max_window_layers": 0, "layer_types": None}, [], [], 20, 0),
    ("biases that are not asked for", "tiny-llama", {"attention_bias": False},
        ["q_proj", "k_proj", "v_proj", "o_proj"], [], 20, 0),
    ("biases without o_proj", "tiny-llama", {"attention_bias": True}, ["q_proj", "k_proj", "v_proj"], [], 20, 0),
    ("a tied head with a head of its own", "tiny-llama", {"tie_word_embeddings": True}, [], [], 20, 0),
    ("a tied head without an embedding", "tiny-llama", {"tie_word_embeddings": True}, [],
        ["model.embed_tokens.weight"], 20, 0),
    ("swish", "tiny-llama", {"hidden_act": "swish"}, [], [], 20, 0),
    ("theta in rope_scaling", "tiny-llama", {"rope_theta": 500.0, "rope_parameters": None,
        "rope_scaling": {"type": "linear", "factor": 4.0, "rope_theta": 900.0}}, [], [], 20, 0),
    ("llama3 without an original length", "tiny-llama", {"max_position_embeddings": 32, "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 1.5, "high_freq_factor": 3.0}},
        [], [], 30, 0),
    ("longrope of one list", "tiny-llama", {"rope_parameters": {"rope_type": "longrope", "rope_theta": 500.0,
        "factor": 1.0, "attention_factor": 1.0, "short_factor": [1 + 0.5 * i for i in range(10)],
        "long_factor": [1 + 0.5 * i for i in range(10)], "original_max_position_embeddings": 128}}, [], [], 40, 0),
    ("yarn", "tiny-llama", {"max_position_embeddings": 256, "rope_parameters": {"rope_type": "yarn", "rope_theta": 500.0,
        "factor": 4.0, "original_max_position_embeddings": 64}}, [], [], 256, 0),
    ("yarn of Qwen2, in the words of transformers 4", "tiny-qwen2", {"max_position_embeddings": 32,
        "rope_parameters": None, "rope_theta": 700.0, "rope_scaling": {"type": "yarn", "factor": 8.0,
        "original_max_position_embeddings": 32}}, [], [], 256, 0),
    ("yarn with parameters of its own", "tiny-llama", {"max_position_embeddings": 256, "rope_parameters": {
        "rope_type": "yarn", "rope_theta": 500.0, "factor": 8.0, "original_max_position_embeddings": 32,
        "beta_fast": 4.0, "beta_slow": 0.5, "mscale": 0.7, "mscale_all_dim": 1.3, "truncate": False}}, [], [], 256, 0),
    ("yarn with an attention factor", "tiny-llama", {"max_position_embeddings": 256,
        "original_max_position_embeddings": 48, "rope_parameters": {"rope_type": "yarn", "rope_theta": 500.0,
        "factor": None, "attention_factor": 1.31, "original_max_position_embeddings": 100}}, [], [], 256, 0),
    ("longrope, long", "tiny-llama", {"max_position_embeddings": 256, "rope_parameters": LONGROPE}, [], [], 256, 0),
    ("longrope, short", "tiny-llama", {"max_position_embeddings": 256, "rope_parameters": LONGROPE}, [], [], 64, 0),
    ("longrope, growing", "tiny-llama", {"max_position_embeddings": 256, "rope_parameters": LONGROPE}, [], [], 50, 40),
    ("linear beyond its context", "tiny-qwen2", {"max_position_embeddings": 64, "rope_parameters": {
        "rope_type": "linear", "rope_theta": 500.0, "factor": 2.5}}, [], [], 256, 0),
    ("dynamic of Qwen2", "tiny-qwen2", {"max_position_embeddings": 64, "rope_parameters": {
        "rope_type": "dynamic", "rope_theta": 500.0, "factor": 2.5}}, [], [], 256, 0),
    ("queries that grow", "tiny-llama", {"model_type": "ministral3", "architectures": ["Ministral3ForCausalLM"],
        "max_position_embeddings": 256, "rope_parameters": {"rope_type": "yarn", "rope_theta": 500.0, "factor": 8.0,
        "original_max_position_embeddings": 32, "beta_fast": 32.0, "beta_slow": 1.0, "mscale": 1.0,
        "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.3}}, [], [], 256, 0),
    ("dynamic", "tiny-llama", {"max_position_embeddings": 16, "rope_parameters": {
        "rope_type": "dynamic", "rope_theta": 500.0, "factor": 3.0}}, [], [], 60, 30),
    ("dynamic, within", "tiny-llama", {"max_position_embeddings": 16, "rope_parameters": {
        "rope_type": "dynamic", "rope_theta": 500.0, "factor": 3.0}}, [], [], 12, 40),
]


def run(name, model, changes, stems, without, length, tokens):
    torch.manual_seed(0)
    config = {**json.loads((folder / f"{model}.config.json").read_text()), **changes}
    tensors = load_file(folder / f"{model}.safetensors")
    if stems:
        tensors |= biases(config, stems)
    tensors = {key: value for key, value in tensors.items() if key not in without}
    ids = [(i * 37 + 5) % 131 for i in range(length)]
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "config.json").write_text(json.dumps(config))
        save_file(tensors, Path(place) / "model.safetensors", metadata={"format": "pt"})
        loaded = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float64).eval()
    with torch.no_grad():
        logits = loaded(torch.tensor([ids])).logits[0]
        text, cache, step = [], None, torch.tensor([ids])
        fresh = AutoModelForCausalLM.from_config(loaded.config).to(torch.float64).eval()
        fresh.load_state_dict(loaded.state_dict())
        whole = loaded.config.rope_parameters["rope_type"] == "longrope"
        for _ in range(tokens):
            result = fresh(step, past_key_values=cache, use_cache=not whole)
            cache = result.past_key_values
            text.append(int(result.logits[0, -1].argmax()))
            step = torch.tensor([ids + text] if whole else [[text[-1]]])
    print(name, logits.norm().item(), text)
    at = sorted({0, length // 2, length - 1})
    rows = [[round(x, 6) for x in logits[t].tolist()] for t in at]
    case = {"name": name, "model": model, "config": changes, "biases": stems, "without": without}
    return {**case, "ids": ids, "positions": at, "logits": rows, **({"generated": text} if tokens else {})}


written = [run(*case) for case in CASES]
(folder / "configs.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in written) + "\n]\n")
