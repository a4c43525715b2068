"""The same training step by PyTorch and PEFT on the CPU, to stand beside `npm run -s headless -- bench --train`.

    python -m venv venv && venv/bin/pip install torch transformers peft
    venv/bin/python -P bench/peft.py --shape pronk-6m --tokens 512 [--checkpointing]

One sequence, float32, LoRA of rank 8 on all seven maps, two thirds of the tokens labelled, AdamW and clipping: as ours. Prints one
line of JSON; the gradient norm shows that something was computed.
"""

import argparse
import json
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

# as in src/headless/bench/shapes.ts: vocabulary, width, feed-forward width, layers, heads, key/value heads, tied
SHAPES = {
    "pronk-6m": (3072, 288, 768, 6, 9, 3, True),
    "smollm2-135m": (49152, 576, 1536, 30, 9, 3, True),
    "tinyllama-1.1b": (32000, 2048, 5632, 22, 32, 4, False),
}
MAPS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

arguments = argparse.ArgumentParser()
arguments.add_argument("--shape", choices=SHAPES, default="pronk-6m")
arguments.add_argument("--tokens", type=int, default=512)
arguments.add_argument("--steps", type=int, default=4)
arguments.add_argument("--checkpointing", action="store_true")
options = arguments.parse_args()

vocabulary, width, feed_forward, layers, heads, kv_heads, tied = SHAPES[options.shape]
torch.manual_seed(1)
model = LlamaForCausalLM(
    LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=feed_forward,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        tie_word_embeddings=tied,
        max_position_embeddings=4096,
    )
)
if options.checkpointing:
    model.gradient_checkpointing_enable()
    model.enable_input_require_grads()
model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=MAPS))
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0)

ids = torch.tensor([[(i * 7919 + 3) % vocabulary for i in range(options.tokens)]])
labels = ids.clone()
labels[0, : options.tokens // 3 + 1] = -100

best = float("inf")
for step in range(options.steps + 1):
    started = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = model(input_ids=ids, labels=labels).loss
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    if step > 0:  # the first one warms up
        best = min(best, time.perf_counter() - started)

layer = width * (heads + 2 * kv_heads) * (width // heads) + width * width + 3 * width * feed_forward
labelled = int((labels[0, 1:] >= 0).sum())
flop = 4 * (layers * layer * options.tokens + vocabulary * width * labelled)
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "shape": options.shape,
            "tokens": options.tokens,
            "gradNorm": round(norm.item(), 4),
            "stepMs": round(best * 1000, 1),
            "tokensPerSecond": round(options.tokens / best, 1),
            "gflops": round(flop / best / 1e9, 2),
        }
    )
)
