"""Examples -> token ids -> packed rows; and the tokenizer, which is trained on the same examples."""

import random
from pathlib import Path

import numpy as np
import sentencepiece as spm

from families import Example, sample_conversation

VOCABULARY = 3072
ROW = 256
BOS, EOS = 1, 2

# Alpaca's prompts (tatsu-lab/stanford_alpaca, train.py)
PREAMBLE = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
)
PREAMBLE_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n"
)

CHAT_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] + '\\n\\n' }}"
    "{% elif m['role'] == 'user' %}{{ '### Instruction:\\n' + m['content'] + '\\n\\n### Response:\\n' }}"
    "{% else %}{{ m['content'] + eos_token }}{% endif %}{% endfor %}"
)


def segments(example: Example, preamble: bool) -> list[tuple[str, str]]:
    """(prompt, answer) of each turn. A chat has no preamble: it would be half of every prompt."""
    parts = []
    for i, (instruction, given, answer) in enumerate(example.turns):
        start = ""
        if i == 0:
            start = example.system + "\n\n" if example.system else ""
            if preamble:
                start = PREAMBLE_INPUT if given else PREAMBLE
        middle = f"\n\n### Input:\n{given}" if given else ""
        parts.append((f"{start}### Instruction:\n{instruction}{middle}\n\n### Response:\n", answer))
    return parts


class Encoder:
    def __init__(self, folder: Path):
        self.model = folder / "tokenizer.model"
        self.pieces = spm.SentencePieceProcessor(model_file=str(self.model))

    def text(self, text: str, first: bool) -> list[int]:
        """Only the text after BOS has SentencePiece's dummy prefix; newlines are bytes, so a leading one parts."""
        if first:
            return self.pieces.encode(text)
        ids = self.pieces.encode("\n" + text)
        return ids[ids.index(self.pieces.piece_to_id("<0x0A>")) + 1 :]

    def example(self, parts: list[tuple[str, str]]) -> tuple[list[int], list[bool]]:
        """Ids of a conversation, and which of them the model answers with."""
        ids, answered = [BOS], [False]
        for prompt, answer in parts:
            for text, mine in ((prompt, False), (answer, True)):
                more = self.text(text, len(ids) == 1) + ([EOS] if mine else [])
                ids += more
                answered += [mine] * len(more)
        return ids, answered

    def prompt(self, example: Example, preamble: bool = False) -> list[int]:
        parts = segments(example, preamble)
        ids = self.example(parts[:-1])[0]
        return ids + self.text(parts[-1][0], len(ids) == 1)


def train_tokenizer(folder: Path) -> None:
    """SentencePiece BPE with byte fallback, LLaMA's settings; whole numbers to 100 are pieces of their own."""
    rng = random.Random(7)
    lines = []
    for _ in range(40_000):
        for prompt, answer in segments(sample_conversation(rng), rng.random() < 0.1):
            lines += [line for line in f"{prompt}\n{answer}".split("\n") if line.strip()]
    text = folder / "tokenizer.txt"
    text.write_text("\n".join(lines))
    spm.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=VOCABULARY,
        byte_fallback=True,
        character_coverage=0.9999,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        user_defined_symbols=[str(n) for n in range(101)],
        unk_id=0,
        bos_id=BOS,
        eos_id=EOS,
        pad_id=-1,
        minloglevel=2,
    )
    # Trained without the dummy prefix, so that words after a newline are whole pieces, and used with it, as LLaMA is:
    # the flag is field 3 of the normalizer's message, after its name (sentencepiece_model.proto).
    model = folder / "tokenizer.model"
    data = model.read_bytes()
    flag = data.index(b"\x18\x00", data.rindex(b"\x0a\x08identity"))
    model.write_bytes(data[:flag] + b"\x18\x01" + data[flag + 2 :])


def pack(examples: list[tuple[list[int], list[bool]]]) -> dict[str, np.ndarray]:
    """Rows of ROW tokens, each filled by the longest waiting examples that still fit; `document` numbers them."""
    waiting = [each for each in examples if len(each[0]) <= ROW]
    rows = []
    pool: list = []
    at = 0
    while at < len(waiting) or pool:
        while len(pool) < 64 and at < len(waiting):
            pool.append(waiting[at])
            at += 1
        row, left = [], ROW
        while True:
            fitting = [i for i, each in enumerate(pool) if len(each[0]) <= left]
            if not fitting:
                break
            chosen = fitting[0] if left == ROW or left > 120 else max(fitting, key=lambda i: len(pool[i][0]))
            row.append(pool.pop(chosen))
            left -= len(row[-1][0])
        rows.append(row)
    shape = (len(rows), ROW)
    ids, answered = np.zeros(shape, np.int16), np.zeros(shape, bool)
    document = np.full(shape, -1, np.int16)
    for r, row in enumerate(rows):
        start = 0
        for d, (tokens, mine) in enumerate(row):
            end = start + len(tokens)
            ids[r, start:end], answered[r, start:end], document[r, start:end] = tokens, mine, d
            start = end
    return {"ids": ids, "answered": answered, "document": document}


def build(folder: Path, count: int, seed: int) -> dict[str, np.ndarray]:
    """Rows of `count` random conversations, the Alpaca preamble before one in seven."""
    if not (folder / "tokenizer.model").exists():
        train_tokenizer(folder)
    encoder = Encoder(folder)
    rng = random.Random(seed)
    examples = [encoder.example(segments(sample_conversation(rng), rng.random() < 0.15)) for _ in range(count)]
    return pack(examples)
