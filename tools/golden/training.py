"""What training is checked against, by transformers and peft on the CPU: src/model/golden/ and src/training/golden/.

Gradients, in float64. The tiny models of llama.py get a LoRA on their seven maps (the Mistral on three of them, in one layer
alone; Phi-3 on its packed matrices), A and B both far from zero; rows of unequal lengths, one of a single token, one without a
label, one whose first label is in the row but never predicted. transformers computes norms, rotary angles and the loss in float32 whatever a model's type
is: here they are made to use float64, so that the gradients are good to 1e-13.

A whole run, in float32. A base of two layers whose matrices are all of whole Q4_0 blocks, as it is and with each matrix put
through ggml's Q4_0; 50 optimizer steps of two micro-batches of two padded rows each; linear schedule with warmup, clipping,
AdamW with decay. The loop is written out here, so that every gradient can be seen, and transformers' own Trainer must come
to the same losses and the same adapter, or nothing is written.

    python -m venv venv && venv/bin/pip install torch transformers peft accelerate safetensors gguf
    venv/bin/python -P tools/golden/training.py [NAME …]    gradients of these alone, and no run
"""

import copy
import hashlib
import json
import math
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # "base" is a folder, and no repository to look up

import gguf
import numpy
import torch
import transformers.modeling_rope_utils as rope
import transformers.models.gemma3.modeling_gemma3 as gemma3
import transformers.models.llama.modeling_llama as llama
import transformers.models.ministral3.modeling_ministral3 as ministral3
import transformers.models.mistral.modeling_mistral as mistral
import transformers.models.phi3.modeling_phi3 as phi3
import transformers.models.opt.modeling_opt as opt
import transformers.models.qwen2.modeling_qwen2 as qwen2
import transformers.models.qwen3.modeling_qwen3 as qwen3
import transformers.models.smollm3.modeling_smollm3 as smollm3
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)

root = Path(__file__).parents[2]
MAPS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
IGNORED = -100


def by_peft_name(model, value):
    """The adapter's parameters under the names that PEFT writes to files."""
    values = {name: value(p) for name, p in model.named_parameters() if p.requires_grad}
    return {name.replace(".default.", "."): each.contiguous() for name, each in values.items()}


# --- gradients in float64 ---


class InFloat64:
    """torch, seen by a module that asks for float32."""

    def __getattr__(self, name):
        return torch.float64 if name in ("float32", "float") else getattr(torch, name)


@contextmanager
def float64():
    modules = [rope, opt, llama, ministral3, mistral, phi3, qwen2, qwen3, smollm3, gemma3]
    as_float = torch.Tensor.float
    for module in modules:
        module.torch = InFloat64()
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.Tensor.float = as_float
        for module in modules:
            module.torch = torch


def row(length, start, labelled):
    """Ids of a row; labels stand beside them where `labelled` says so."""
    ids = [(start + 37 * i + 3 * i * i) % 131 for i in range(length)]
    return {"input_ids": ids, "labels": [x if labelled(i) else IGNORED for i, x in enumerate(ids)]}


ROWS = [
    row(11, 5, lambda i: i >= 4),
    row(1, 77, lambda i: True),  # one token, which nothing precedes
    row(7, 30, lambda i: False),  # no label at all
    row(17, 90, lambda i: i % 3 != 1),  # its first label is never predicted
    row(6, 5, lambda i: i == 5),  # the last alone
]


def gradients(name, weights=None, title=None, **lora):
    """Writes an adapter, and the loss's gradient by it, for one of llama.py's models, perhaps with the tensors of another."""
    title = title or name
    if sys.argv[1:] and title not in sys.argv[1:]:
        return
    folder = root / "src/model/golden"
    config = AutoConfig.for_model(**json.loads((folder / f"{name}.config.json").read_text()))
    config._attn_implementation = "eager"
    torch.manual_seed(4)
    with float64():
        base = AutoModelForCausalLM.from_config(config).double().eval()
        missing, unexpected = base.load_state_dict(load_file(folder / f"{weights or name}.safetensors"), strict=False)
        assert set(missing) <= {"lm_head.weight"} and not unexpected
        model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **lora), autocast_adapter_dtype=False).double()
        for parameter_name, parameter in model.named_parameters():
            if parameter.requires_grad:
                if "magnitude" in parameter_name:
                    spread = 1 + 0.3 * torch.randn(parameter.shape)
                    parameter.data = (parameter.data * spread).to(torch.float32).to(torch.float64)
                    continue
                scale = 0.3 if "lora_A" in parameter_name else 0.2
                parameter.data = (torch.randn(parameter.shape) * scale).to(torch.float32).to(torch.float64)
        torch.set_default_dtype(torch.float64)  # what a quotient of whole numbers is
        count = sum(label != IGNORED for r in ROWS for label in r["labels"][1:])
        total = torch.zeros((), dtype=torch.float64)
        for r in ROWS:
            logits = model(torch.tensor([r["input_ids"]])).logits[0]
            assert logits.dtype == torch.float64
            if len(r["labels"]) > 1:
                targets = torch.tensor(r["labels"][1:])
                total = total + torch.nn.functional.cross_entropy(logits[:-1], targets, reduction="sum")
        loss = total / count
        loss.backward()
        torch.set_default_dtype(torch.float32)
    save_file(by_peft_name(model, lambda p: p.data.to(torch.float32)), folder / f"{title}.lora.safetensors")
    save_file(by_peft_name(model, lambda p: p.grad), folder / f"{title}.lora-gradients.safetensors")
    layer = next(m for m in model.modules() if isinstance(getattr(m, "scaling", None), dict))
    description = {**lora, "scale": layer.scaling["default"], "rows": ROWS, "targets": count, "loss": loss.item()}
    (folder / f"{title}.lora.json").write_text(json.dumps(description) + "\n")
    print(name, "loss", loss.item(), "of", count, "targets")


# --- a whole run in float32 ---

STEPS, BATCH, ACCUMULATION = 50, 2, 2
TRAINING = {
    "learning_rate": 2e-2,
    "lr_scheduler_type": "linear",
    "warmup_steps": 5,
    "max_steps": STEPS,
    "per_device_train_batch_size": BATCH,
    "gradient_accumulation_steps": ACCUMULATION,
    "max_grad_norm": 1.0,
    "weight_decay": 0.01,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "adam_epsilon": 1e-8,
}
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": MAPS}
VOCABULARY = 97
golden = root / "src/training/golden"


def write_base():
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=160,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=128,
        rms_norm_eps=1e-5,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=False,
    )
    torch.manual_seed(7)
    model = LlamaForCausalLM(config)
    for name, parameter in model.named_parameters():
        scale = 0.1 if parameter.ndim == 1 else 1 if "embed" in name else 0.15
        parameter.data = torch.randn_like(parameter) * scale + (parameter.ndim == 1)
    model.save_pretrained(golden / "base")
    (golden / "base/generation_config.json").unlink(missing_ok=True)
    # a tokenizer that no row needs: rows are ids
    pieces = {"<unk>": 0, "<s>": 1, "</s>": 2, **{f"t{i}": i for i in range(3, VOCABULARY)}}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [
            {"id": i, "content": piece, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True}
            for piece, i in list(pieces.items())[:3]
        ],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
        "model": {"type": "BPE", "vocab": pieces, "merges": []},
    }
    (golden / "base/tokenizer.json").write_text(json.dumps(tokenizer) + "\n")


def through_q4(model):
    """The model with each matrix as Q4_0 holds it, and a digest of each for whoever computes them again."""
    digests = {}
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            codes = gguf.quants.quantize(parameter.data.numpy(), gguf.GGMLQuantizationType.Q4_0)
            values = gguf.quants.dequantize(codes, gguf.GGMLQuantizationType.Q4_0).astype(numpy.float32)
            parameter.data = torch.from_numpy(values)
            digests[name] = hashlib.sha256(values.tobytes()).hexdigest()
    return digests


def dataset():
    """24 rows of 4 to 27 tokens: sequences that count up by a step, the beginning of each not in the loss."""
    rows = []
    for i in range(24):
        length = 4 + (i * 7) % 24
        ids = [1] + [3 + (i * 11 + (1 + i % 4) * k) % (VOCABULARY - 3) for k in range(length - 1)]
        prompt = 2 + i % 3
        rows.append({"input_ids": ids, "labels": [IGNORED] * prompt + ids[prompt:]})
    return rows


def collate(rows):
    """Rows padded to the longest."""
    longest = max(len(r["input_ids"]) for r in rows)
    pad = lambda values, filler: values + [filler] * (longest - len(values))
    return {
        "input_ids": torch.tensor([pad(r["input_ids"], 0) for r in rows]),
        "labels": torch.tensor([pad(r["labels"], IGNORED) for r in rows]),
        "attention_mask": torch.tensor([pad([1] * len(r["input_ids"]), 0) for r in rows]),
    }


def with_adapter(base, start):
    model = get_peft_model(copy.deepcopy(base), LoraConfig(task_type="CAUSAL_LM", **LORA))
    set_peft_model_state_dict(model, start)
    return model.train()


def by_loop(model, rows, order):
    """The run, step by step."""
    optimizer = torch.optim.AdamW(
        (p for p in model.parameters() if p.requires_grad),
        lr=TRAINING["learning_rate"],
        weight_decay=TRAINING["weight_decay"],
    )
    schedule = get_linear_schedule_with_warmup(optimizer, TRAINING["warmup_steps"], STEPS)
    log, first = [], None
    for step in range(STEPS):
        batches = [collate([rows[i] for i in micro]) for micro in order[step]]
        count = sum((b["labels"][:, 1:] != IGNORED).sum() for b in batches)
        loss = 0.0
        for batch in batches:
            micro = model(**batch, num_items_in_batch=count).loss
            micro.backward()
            loss += micro.item()
        if first is None:
            first = by_peft_name(model, lambda p: p.grad.clone())
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), TRAINING["max_grad_norm"]).item()
        rate = schedule.get_last_lr()[0]
        log.append({"loss": loss, "gradNorm": norm, "learningRate": rate, "targets": count.item()})
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return log, first


class InOrder(Trainer):
    def _get_train_sampler(self, *_):
        return torch.utils.data.SequentialSampler(self.train_dataset)


def by_trainer(model, rows, order):
    """The same run by transformers."""
    flat = [rows[i] for step in order for micro in step for i in micro]
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            folder, **TRAINING, use_cpu=True, report_to=[], save_strategy="no", logging_steps=1, disable_tqdm=True,
            remove_unused_columns=False,
        )
        trainer = InOrder(model, settings, train_dataset=flat, data_collator=collate)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return [entry for entry in trainer.state.log_history if "loss" in entry]


def check_same(log, model, their_log, their_model):
    for ours, theirs in zip(log, their_log, strict=True):
        assert math.isclose(ours["loss"], float(theirs["loss"]), abs_tol=1e-4), (ours, theirs)
        assert math.isclose(ours["gradNorm"], float(theirs["grad_norm"]), rel_tol=1e-3), (ours, theirs)
        assert math.isclose(ours["learningRate"], float(theirs["learning_rate"]), rel_tol=1e-6), (ours, theirs)
    ours, theirs = get_peft_model_state_dict(model), get_peft_model_state_dict(their_model)
    error = max(((ours[k] - theirs[k]).norm() / theirs[k].norm()).item() for k in theirs)
    print("  against Trainer: adapter", error)
    assert error < 1e-4


def save_adapter(model, folder):
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    # a set, which PEFT writes in another order each time
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"].sort()
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def whole_run(name, base, start, rows, order):
    model, theirs = with_adapter(base, start), with_adapter(base, start)
    log, first = by_loop(model, rows, order)
    check_same(log, model, by_trainer(theirs, rows, order), theirs)
    folder = golden / name
    save_adapter(model, folder / "adapter")
    save_file(first, folder / "first-gradients.safetensors")
    merged = model.merge_and_unload().state_dict()
    save_file(
        {k: v.contiguous() for k, v in merged.items() if any(m in k for m in MAPS)}, folder / "merged.safetensors"
    )
    (folder / "log.json").write_text("[\n" + ",\n".join(json.dumps(entry) for entry in log) + "\n]\n")
    print(name, "loss", log[0]["loss"], "->", log[-1]["loss"], "norms", [round(e["gradNorm"], 2) for e in log[::7]])


def runs():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    shutil.rmtree(golden, ignore_errors=True)
    golden.mkdir(parents=True)
    write_base()
    rows = dataset()
    (golden / "data.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    torch.manual_seed(11)
    passes = torch.cat([torch.randperm(len(rows)) for _ in range(9)])[: STEPS * ACCUMULATION * BATCH]
    order = passes.view(STEPS, ACCUMULATION, BATCH).tolist()
    base = LlamaForCausalLM.from_pretrained(golden / "base", dtype=torch.float32, attn_implementation="eager")
    begun = get_peft_model(copy.deepcopy(base), LoraConfig(task_type="CAUSAL_LM", **LORA))
    begun.peft_config["default"].base_model_name_or_path = "base"
    save_adapter(begun, golden / "start")
    start = load_file(golden / "start/adapter_model.safetensors")
    assert isinstance(begun, PeftModel) and all((v == 0).all() for k, v in start.items() if "lora_B" in k)
    for parameter in base.parameters():
        parameter.requires_grad = False
    base.config._name_or_path = base.name_or_path = "base"
    whole_run("f32", base, start, rows, order)
    digests = through_q4(base)
    whole_run("q4", base, start, rows, order)
    (golden / "run.json").write_text(
        json.dumps({"training": TRAINING, "lora": LORA, "order": order, "q4": digests}) + "\n"
    )


torch.manual_seed(0)
gradients("tiny-llama", r=3, lora_alpha=4, target_modules=MAPS)
gradients("tiny-qwen2", r=5, lora_alpha=4, use_rslora=True, target_modules=MAPS)
gradients("tiny-mistral", r=2, lora_alpha=3, target_modules=["q_proj", "v_proj", "down_proj"], layers_to_transform=[1])
gradients("tiny-gemma3", r=3, lora_alpha=4, target_modules=MAPS)
gradients("tiny-ministral3", "tiny-llama", r=2, lora_alpha=3, target_modules=["q_proj", "k_proj", "down_proj"])
gradients("tiny-phi3", r=3, lora_alpha=4, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"])
gradients("tiny-qwen3", r=3, lora_alpha=5, target_modules=MAPS)
gradients("tiny-smollm3", r=3, lora_alpha=5, target_modules=["q_proj", "k_proj", "o_proj", "up_proj"])
gradients("tiny-opt", r=3, lora_alpha=5, target_modules=["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"])
dora = {"use_dora": True, "target_modules": ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]}
gradients("tiny-qwen2", title="tiny-qwen2-dora", r=2, lora_alpha=3, **dora)
if not sys.argv[1:]:
    runs()
