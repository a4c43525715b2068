"""Golden rows for src/data: ids and labels as the seeds' training scripts make them, with transformers' tokenizers.

    python -m venv venv && venv/bin/pip install transformers tokenizers jinja2 torch
    venv/bin/python -P tools/golden/rows.py

The tokenizers are those of src/tokenizer/golden/tokenizers.json. `alpaca-lora`: finetune.py (24 April 2023), `stanford`:
train.py of stanford_alpaca, `openalpaca`: OpenAlpaca's datasets of May and June 2023; their rules are written down anew here.
`chat`: the assistant's tokens by the template's own generation marks. `grouped`: transformers' group_by_length, with the
permutation that it drew.
"""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, processors
from transformers import PreTrainedTokenizerFast
from transformers.trainer_pt_utils import get_length_grouped_indices

root = Path(__file__).parents[2]
golden = json.loads((root / "src/tokenizer/golden/tokenizers.json").read_text())
IGNORED = -100

FIRST = "Below is an instruction that describes a task"
PREAMBLE_INPUT = f"{FIRST}, paired with an input that provides further context. "
LAST = "Write a response that appropriately completes the request.\n\n"
STANFORD_INPUT = f"{PREAMBLE_INPUT}{LAST}### Instruction:\n%(instruction)s\n\n### Input:\n%(input)s\n\n### Response:"
STANFORD = f"{FIRST}. {LAST}### Instruction:\n%(instruction)s\n\n### Response:"
OPENALPACA_INPUT = "### Input:\n%(input)s\n\n### Instruction:\n%(instruction)s\n\n### Response:"
OPENALPACA = "### Instruction:\n%(instruction)s\n\n### Response:"

ROWS = [
    {"instruction": "Name three animals.", "input": "", "output": "The alpaca, the vicuña and the llama."},
    {"instruction": "Add the numbers.", "input": "1 2\n40", "output": "43"},
    {"instruction": "Say nothing.", "input": "", "output": ""},
    {"instruction": "Begin with a line break.", "input": "", "output": "\n  two spaces,\nthen text."},
    {"instruction": "Übersetze: „Straße“", "input": "日本語 🦙", "output": "street — 通り 🛣️"},
    {"instruction": "Write on.", "input": "", "output": "the quick brown fox jumps over the lazy dog; " * 12},
    {"instruction": "Read on. " * 30, "input": "", "output": "Done."},
]


def tokenizer_of(name, bos, eos):
    made = Tokenizer.from_str(json.dumps(golden[name]["json"]))
    if bos:
        made.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, made.token_to_id(bos))])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token=bos, eos_token=eos)


def alpaca_lora(tokenizer, row, config):
    eos, cutoff = tokenizer.eos_token_id, config["cutoff_len"]

    def encode(text, ended):
        ids = tokenizer(text, truncation=True, max_length=cutoff)["input_ids"]
        return ids + [eos] if ended and len(ids) < cutoff and ids[-1] != eos else ids

    prompt = (STANFORD_INPUT if row["input"] else STANFORD) % row + "\n"
    ids = encode(prompt + row["output"], True)
    if config["train_on_inputs"]:
        return ids, ids
    ended = config["add_eos_token"]
    masked = encode(prompt, ended)
    count = len(masked) - (1 if ended and masked[-1] == eos else 0)
    return ids, [IGNORED] * count + ids[count:]


def stanford(tokenizer, row, config):
    def encode(text):
        return tokenizer(text, truncation=True, max_length=config["cutoff_len"])["input_ids"]

    prompt = (STANFORD_INPUT if row["input"] else STANFORD) % row
    ids = encode(prompt + row["output"] + tokenizer.eos_token)
    count = len(encode(prompt))
    return ids, [IGNORED] * count + ids[count:]


def openalpaca(tokenizer, row, config, june=False):
    def encode(text):
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    bos, eos = [tokenizer.bos_token_id], [tokenizer.eos_token_id]
    if june:
        source = encode((STANFORD_INPUT if row["input"] else STANFORD) % row)
        target = encode(row["output"]) + eos
        ids, labels = bos + source + target, bos + [IGNORED] * len(source) + target
        return ids[: config["cutoff_len"]], labels[: config["cutoff_len"]]
    source = encode((OPENALPACA_INPUT if row["input"] else OPENALPACA) % row)
    target = eos + bos + encode(row["output"]) + eos
    ids, labels = bos + source + target, bos + [IGNORED] * len(source) + target
    return ids[-config["cutoff_len"] :], labels[-config["cutoff_len"] :]


def rows():
    tokenizer = tokenizer_of("llama2", "<s>", "</s>")
    for cutoff in (2048, 128):
        for on_inputs in (True, False):
            for option in (True, False):
                config = {"cutoff_len": cutoff, "train_on_inputs": on_inputs, "add_eos_token": option}
                yield "alpaca", config, [alpaca_lora(tokenizer, row, config) for row in ROWS]
        config = {"cutoff_len": cutoff, "train_on_inputs": False, "add_eos_token": False}
        yield "alpaca_legacy", config, [stanford(tokenizer, row, config) for row in ROWS]
        yield "openalpaca_eos_bos", config, [openalpaca(tokenizer, row, config) for row in ROWS]
        yield "openalpaca_june", config, [openalpaca(tokenizer, row, config, june=True) for row in ROWS]


CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
)
CHATS = [
    [("user", "Name an animal."), ("assistant", "The llama.")],
    [("system", "Be brief."), ("user", "One?"), ("assistant", "Uno."), ("user", "Two?"), ("assistant", "Dos, 2.")],
    [("user", "in the"), ("assistant", "mountains"), ("user", "?")],
]


def chats():
    tokenizer = tokenizer_of("smollm", None, "<|im_end|>")
    for chat in CHATS:
        messages = [{"role": role, "content": content} for role, content in chat]
        made = tokenizer.apply_chat_template(
            messages, chat_template=CHATML, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        ids = made["input_ids"]
        mask = made["assistant_masks"]
        yield {
            "messages": messages,
            "ids": ids,
            "labels": [i if learned else IGNORED for i, learned in zip(ids, mask, strict=True)],
        }


def grouped():
    for count, batch in ((1, 4), (7, 2), (50, 4), (333, 8), (900, 3)):
        generator = torch.Generator().manual_seed(count)
        lengths = torch.randint(1, 40, (count,), generator=generator).tolist()
        order = torch.randperm(count, generator=torch.Generator().manual_seed(7)).tolist()
        again = torch.Generator().manual_seed(7)
        made = get_length_grouped_indices(lengths, batch, generator=again)
        yield {"lengths": lengths, "batch": batch, "order": order, "grouped": made}


result = {
    "rows": ROWS,
    "scripts": [
        {"template": name, "config": config, "made": [{"ids": ids, "labels": labels} for ids, labels in made]}
        for name, config, made in rows()
    ],
    "chatTemplate": CHATML.replace("{% generation %}", "").replace("{% endgeneration %}", ""),
    "chats": list(chats()),
    "grouped": list(grouped()),
}
(root / "src/data/golden/rows.json").write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n")
