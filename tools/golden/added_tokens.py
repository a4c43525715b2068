"""Golden ids for added and special tokens: what they do to the text around them, by the program that says so for each file.

    python -m venv venv && venv/bin/pip install transformers tokenizers sentencepiece protobuf
    venv/bin/python tools/golden/added_tokens.py

`tokenizer.json`: the vocabularies of tokenizers.json under a dozen normalizers and pre-tokenizers, with added tokens of every
combination of flags, by `tokenizers`. `tokenizer.model`: llama.model, made here, and custom.model, with `legacy` true, false
and absent, by transformers' SentencePieceBackend. A text's ids are kept as they are for the first texts, and as a 32-bit
FNV-1a hash of their decimals for the others.
"""

import io
import itertools
import json
import random
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer
from transformers.tokenization_utils_sentencepiece import SentencePieceBackend

folder = Path(__file__).parents[2] / "src/tokenizer/golden"
bases = json.loads((folder / "tokenizers.json").read_text(encoding="utf-8"))
WHOLE = 24

FLAGS = ["lstrip", "rstrip", "single_word", "normalized"]


def added_tokens():
    """Every combination of flags, special and not in turn; then words, white space, and tokens within each other."""
    tokens = []
    for i, values in enumerate(itertools.product([False, True], repeat=4)):
        flags = dict(zip(FLAGS, values))
        tokens.append(("<%s>" % "abcdefghijklmnop"[i], flags, bin(i).count("1") % 2 == 0))
    for content, flags, special in [
        ("hello", {"single_word": True}, False),
        ("[SEP]", {"lstrip": True, "rstrip": True}, False),
        ("    ", {"normalized": True}, False),
        ("<a", {}, False),
        ("<a><b>", {}, True),
        ("É t", {"normalized": True}, False),
        ("<|end|>", {"rstrip": True}, True),
    ]:
        tokens.append((content, {**dict.fromkeys(FLAGS, False), **flags}, special))
    return tokens


def texts():
    """Seeded: tokens, words and every kind of white space, side by side."""
    rng = random.Random(11)
    tokens = [content for content, _, _ in added_tokens()]
    words = ["Hello", "hello", "the request", "Bye", "x", "9", "café", "e\u0301", "É t", "日本", "🦙", "'s", "_", "<", ">", "!", "▁", "▁it"]
    spaces = [" ", " ", "  ", "    ", "\n", "\t", "\r\n", "\u00a0", "\u0085", "\u3000", "\u2028", "\ufeff", "\x1c", ""]
    made = [
        "Hello</s>Bye", "<s>Hello</s> Bye</s>\nx", " Hello", "<s> Hello", "", " ", "<s>", "hello", "ahello", "hello hello",
        "take [SEP] now", "<|end|>\nHello<|end|>", "<a><b><a>x", "x    y     z", "É té t E\u0301 t", "▁Hello", "<unk>x",
    ]
    for _ in range(260):
        parts = rng.choices([tokens, words, spaces, ["<s>", "</s>"]], [4, 4, 4, 1], k=rng.randint(1, 9))
        made.append("".join(rng.choice(each) for each in parts))
    return list(dict.fromkeys(made))


def listed_as(id, token):
    """Letters for what it does: left, right, single, normalized; an exclamation mark for special."""
    letters = "".join(flag[0] for flag in FLAGS if token[flag])
    return [id, token["content"], letters + ("!" if token["special"] else "")]


def fnv(ids):
    value = 0x811C9DC5
    for byte in ",".join(map(str, ids)).encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def record(encode, names):
    every = [encode(text) for text in names]
    return {"ids": every[:WHOLE], "hashes": [fnv(ids) for ids in every[WHOLE:]]}


PREPEND = {"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "▁"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
]}


def metaspace(scheme, split):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def byte_level(prefix):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": True}


FORMS = {
    "llama2: Prepend": ("llama2", PREPEND, None),
    "llama2: Metaspace first": ("llama2", None, metaspace("first", False)),
    "llama2: Metaspace always": ("llama2", None, metaspace("always", False)),
    "llama2: Metaspace never": ("llama2", None, metaspace("never", False)),
    "llama2: Metaspace first, split": ("llama2", None, metaspace("first", True)),
    "llama2: Metaspace always, split, NFC": ("llama2", {"type": "NFC"}, metaspace("always", True)),
    "llama3": ("llama3", ..., ...),
    "llama3: NFC": ("llama3", {"type": "NFC"}, ...),
    "llama3: NFKC and lower case": (
        "llama3", {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]}, ...),
    "smollm": ("smollm", ..., ...),
    "smollm: GPT-2 with a space in front": ("smollm", None, byte_level(True)),
    "qwen2: Prepend": ("qwen2", {"type": "Prepend", "prepend": "_"}, ...),
}


def jsons(names):
    for name, (base, normalizer, pre_tokenizer) in FORMS.items():
        whole = bases[base]["json"]
        parts = {}
        if normalizer is not ...:
            parts["normalizer"] = normalizer
        if pre_tokenizer is not ...:
            parts["pre_tokenizer"] = pre_tokenizer
        own = [token for token in whole["added_tokens"] if token["id"] < 3 and base == "llama2"]
        tokenizer = Tokenizer.from_str(json.dumps({**whole, **parts, "added_tokens": own}))
        for content, flags, special in added_tokens():
            # LLaMA's first tokenizer.json files said so of their own
            flags = {**flags, "normalized": flags["normalized"] or (content == "<|end|>" and "Prepend" in name)}
            (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([AddedToken(content, special=special, **flags)])
        added = [listed_as(token["id"], token) for token in json.loads(tokenizer.to_str())["added_tokens"]]
        yield {"name": name, "base": base, "parts": parts, "added": added,
               **record(lambda text: tokenizer.encode(text, add_special_tokens=False).ids, names)}


def llama_model():
    """LLaMA's kind: identity, every space kept, bytes for what is unknown."""
    corpus = [text for text, _ in bases["llama3"]["cases"]] * 3 + [
        "Below is an instruction that describes a task. Write a response that appropriately completes the request.",
        "Hello, hello it is the request that the quick brown fox makes; Bye says the dog.",
    ] * 5
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in corpus for line in text.split("\n") if "\0" not in line]),
        model_writer=model, model_type="bpe", vocab_size=420, byte_fallback=True, character_coverage=0.98,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=True,
        user_defined_symbols=["<tool>"], control_symbols=["<ctl>"], minloglevel=2, num_threads=1,
    )
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    proto.trainer_spec.ClearField("input")
    (folder / "llama.model").write_bytes(proto.SerializeToString())


class Backend(SentencePieceBackend):
    """Unknown characters are unknown, also where they spell an added token that was text by its neighbours."""

    def _tokenize(self, text, **kwargs):
        known = self.sp_model
        return [each if known.piece_to_id(each) else "\ufffe" for each in super()._tokenize(text, **kwargs)]


def models(names):
    llama_model()
    for file in ("llama.model", "custom.model"):
        for legacy in (True, False, None):
            tokens = [(content, flags, special) for content, flags, special in added_tokens()]
            size = sentencepiece.SentencePieceProcessor(model_file=str(folder / file)).get_piece_size()
            listed = {size + i: AddedToken(content, special=special, **flags) for i, (content, flags, special) in enumerate(tokens)}
            for i, content in enumerate(["<unk>", "<s>", "</s>"]):
                listed[i] = AddedToken(content, special=True, normalized=False)
            tokenizer = Backend(
                vocab_file=str(folder / file), added_tokens_decoder=listed, unk_token="<unk>", bos_token="<s>", eos_token="</s>",
                additional_special_tokens=[content for content, _, special in tokens if special],
                add_prefix_space=True, **({} if legacy is None else {"legacy": legacy}),
            )

            def encode(text):
                # the class's own tokenize leaves the prefix of `legacy: false` to LlamaTokenizer's, of transformers 4
                if legacy is not False or not text:
                    return tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))
                tokens = tokenizer.tokenize("▁" + text.replace("▁", " "))
                if len(tokens) > 1 and tokens[0] == "▁" and tokens[1] in tokenizer.all_special_tokens:
                    tokens = tokens[1:]
                return tokenizer.convert_tokens_to_ids(tokens)

            flags = lambda token: {flag: getattr(token, flag) for flag in [*FLAGS, "content", "special"]}
            added = [listed_as(id, flags(token)) for id, token in sorted(listed.items())]
            yield {"name": f"{file}, legacy {legacy}", "file": file, "legacy": legacy, "added": added, **record(encode, names)}


names = texts()
golden = {"texts": names, "json": list(jsons(names)), "model": list(models(names))}
lines = [f'"texts": {json.dumps(names)}']
for key in ("json", "model"):
    lines.append(f'"{key}": [\n' + ",\n".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in golden[key]) + "\n]")
out = folder / "added-tokens.json"
out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
print(out, out.stat().st_size)
