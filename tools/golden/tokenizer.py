"""Golden ids for src/tokenizer: tiny tokenizers of LLaMA's relatives, and what Hugging Face's tokenizers makes of texts.

    python -m venv venv && venv/bin/pip install tokenizers sentencepiece protobuf
    venv/bin/python tools/golden/tokenizer.py

Four vocabularies, trained on a few lines: `llama3` (its split, whole words first, special and plain added tokens),
`smollm` (single digits, GPT-2's split), `qwen2`, and `llama2` (a SentencePiece model as transformers converts it: ▁
prepended, byte fallback, no split). Ids are those of plain text; special tokens in a text are left out of this record.
And `custom.model`, a SentencePiece model with what LLaMA's lacks: replaced characters, user-defined and unused pieces,
no byte fallback.
"""

import io
import json
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

out = Path(__file__).parents[2] / "src/tokenizer/golden/tokenizers.json"

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")

CORPUS = [
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.",
    "### Instruction:\nName three animals that live in the mountains.\n\n### Response:\nThe alpaca, the vicuña and the llama.",
    "The quick brown fox jumps over the lazy dog; the dog doesn't mind, it's asleep.",
    "In 2023, 52002 instructions were written by a model; 175 of them were written by people.",
    "def add(a, b):\n    return a + b\n\nfor i in range(10):\n    print(add(i, 1))",
    "Größe, naïveté, café, Ελλάδα, Москва, 日本語, 你好，世界",
] * 4

TEXTS = [
    "Hello world",
    " leading and trailing ",
    "  two  spaces   three\n\n\n    indented\n\ttab\r\n",
    "It's the dog's; I'LL go, WE'VE gone",
    "1 12 123 1234 12345 3.14 ٣٤٥ ²³ Ⅻ",
    "Größe naïveté Ελλάδα Москва 日本語 你好，世界",
    "🦙🌲 👩‍👩‍👧 é (combining)",
    "a\u0085b\ufeffc\u00a0d\u3000e\u2028f\u200bg",
    "<tool>plain</tool> added",
    "x<tool> y",
    "def f(x):\n    return x**2  # square\n",
    "!!! ... ???\n### Response:\n",
    "\x00\x01\x7f",
    "the the the thethethe",
    "ſ's 'ſ",
    "▁already▁escaped",
]


def bpe(split, size, whole=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=whole))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    steps = [pre_tokenizers.Split(Regex(split), "isolated"), byte_level] if split else [
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def llama2(size):
    """Merges in the order of the pieces' scores, as convert_slow_tokenizer writes them."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False)
    trained.train_from_iterator(CORPUS, trainer)
    model = json.loads(trained.to_str())["model"]
    learned = ["".join(merge) for merge in model["merges"]]
    characters = sorted(token for token in model["vocab"] if len(token) == 1)
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁▁", *learned, *characters]
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    merges = [("▁", "▁")] + [tuple(merge) for merge in model["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(each, normalized=False) for each in ("<unk>", "<s>", "</s>")])
    return tokenizer


tokenizers = {
    "llama3": bpe(LLAMA3, 420, whole=True),
    "smollm": bpe(None, 400),
    "qwen2": bpe(QWEN2, 400),
    "llama2": llama2(200),
}
for name in ("llama3", "smollm", "qwen2"):
    ends = ["<|begin_of_text|>", "<|eot_id|>"] if name == "llama3" else ["<|im_start|>", "<|im_end|>"]
    tokenizers[name].add_special_tokens([AddedToken(each, normalized=False) for each in ends])
    tokenizers[name].add_tokens([AddedToken("<tool>", normalized=False)])

record = {}
for name, tokenizer in tokenizers.items():
    cases = [[text, tokenizer.encode(text, add_special_tokens=False).ids] for text in TEXTS]
    for text, ids in cases:
        assert name == "llama2" or tokenizer.decode(ids) == text, (name, text)
    record[name] = {"json": json.loads(tokenizer.to_str()), "cases": cases}


def custom():
    rules = {"A": "a", "ß": "ss", "\n": " ", "\u3000": " ", "ﬁ": "fi", "...": "…", "x y": "z", "\u200b": ""}
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as tsv:
        for source, target in rules.items():
            tsv.write("\t".join(" ".join(f"{ord(each):X}" for each in text) for text in (source, target)) + "\n")
        tsv.flush()
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS),
            model_writer=model,
            model_type="bpe",
            vocab_size=160,
            normalization_rule_tsv=tsv.name,
            user_defined_symbols=["<sep>", "AB", "n▁t"],
            minloglevel=2,
        )
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    learned = [piece for piece in proto.pieces if piece.type == 1 and len(piece.piece) > 1]
    for piece in learned[3::4]:
        piece.type = 5
    (out.parent / "custom.model").write_bytes(proto.SerializeToString())
    processor = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
    texts = [*TEXTS, "ABA<sep>AB x y ﬁ ... …. in the request", "a <sep> b", "n t", "Straße\u3000x", "the instruction"]
    cases = [[text, processor.encode(text)] for text in texts if "\0" not in text]
    assert any(2 < id < 160 and proto.pieces[id].type == 4 for _, ids in cases for id in ids)
    return cases


record["custom"] = {"cases": custom()}
lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in record.items()]
out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
print(out, out.stat().st_size)
