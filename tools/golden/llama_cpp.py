"""Golden ids by llama.cpp: text around special tokens, the splits that `tokenizer.ggml.pre` names, and what ends an answer.

    python -m venv venv && venv/bin/pip install gguf tokenizers sentencepiece protobuf
    npm install --prefix llama node-llama-cpp
    venv/bin/python tools/golden/llama_cpp.py llama

Writes src/tokenizer/golden/llama-cpp.json. The SentencePiece vocabulary is llama.model's with tokens that were added (run
added_tokens.py before); the byte-level one is trained on lines without a split, so that its merges go across every border
that a split makes. A text's ids are kept as a 32-bit FNV-1a hash of their decimals.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import sentencepiece
from gguf import GGUFWriter
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

folder = Path(__file__).parents[2] / "src/tokenizer/golden"
work = Path(tempfile.mkdtemp())
bundled = Path(__file__).parents[2] / "public/demo-model/pronk-6m-q8_0.gguf"
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6

PRES = (
    "default llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano deepseek-llm deepseek-coder "
    "deepseek-v3 spark2_5 youtu falcon mpt starcoder gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum "
    "modern-bert jais-2 jina-v1-en jina-v2-code roberta-bpe refact command-r qwen2 deepseek-r1-qwen kormo f2llmv2 qwen35 "
    "stablelm2 olmo dbrx smaug-bpe poro-chat glm4 chatglm-bpe viking jais tekken smollm codeshell bloom gpt3-finnish exaone "
    "exaone4 exaone-moe chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie granite-embed-multi-97m tiny_aya cohere2moe "
    "superbpe trillion granite-docling bailingmoe bailingmoe2 llada-moe seed-coder hunyuan hunyuan-dense hy_v4 joyai-llm "
    "ufakzeka grok-2 laguna minimax-m2 solar-open mellum2 minicpm5"
).split()

ENDS = (
    "<|eot_id|> <|im_end|> <|end|> <|return|> <|call|> <|flush|> <|calls|> <end_of_turn> <|endoftext|> </s> <|eom_id|> <EOT> "
    "_<EOT> [EOT] [EOS] <|end_of_text|> <end_of_utterance> <eos> <turn|> <|tool_response> <｜end▁of▁sentence｜> [e~[ <|fim_pad|> "
    "<fim-pad> <fim_pad> <PAD> [PAD] <|fim_repo|> <|repo_name|> <fim-repo> <REPO> <reponame> <|file_sep|>"
).split()


def fnv(ids):
    value = 0x811C9DC5
    for byte in ",".join(map(str, ids)).encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def write(name, model, tokens, types, scores=None, merges=None, **keys):
    writer = GGUFWriter(str(work / name), "llama")
    writer.add_name("golden")
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model(model)
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_types(types)
    if scores is not None:
        writer.add_token_scores(scores)
    if merges is not None:
        writer.add_token_merges(merges)
    for key, value in keys.items():
        key = f"tokenizer.ggml.{key}"
        if isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, int):
            writer.add_uint32(key, value)
        else:
            writer.add_string(key, value)
    writer.add_tensor("token_embd.weight", np.zeros((len(tokens), 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return str(work / name)


def oracle(jobs):
    """[{file, texts, special}] -> [{ids of each text, ends}]"""
    (work / "jobs.json").write_text(json.dumps(jobs))
    script = Path(__file__).with_name("llama_cpp.mjs")
    subprocess.run(["node", str(script), sys.argv[1], str(work / "jobs.json"), str(work / "out.json")], check=True)
    return json.loads((work / "out.json").read_text())


def pieces():
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "llama.model"))
    tokens = [model.id_to_piece(i) for i in range(model.get_piece_size())]
    types = [
        UNKNOWN if model.is_unknown(i) else CONTROL if model.is_control(i) else BYTE if model.is_byte(i)
        else USER if tokens[i] == "<tool>" else NORMAL for i in range(len(tokens))
    ]
    scores = [model.get_score(i) for i in range(len(tokens))]
    added = [["<|im_start|>", CONTROL], ["<|im_end|>", CONTROL], ["[DRUG]", USER], ["<|im", USER], ["  ", USER], ["hello", USER]]
    return tokens + [text for text, _ in added], types + [type for _, type in added], scores + [0.0] * len(added), added


def spm_texts():
    rng = random.Random(12)
    parts = ["Hello", "the request", "</s>", "<s>", "<tool>", "<|im_start|>", "<|im_end|>", "[DRUG]", "<|im", " ", "  ", "\n", "x",
             "日本", "🦙", "é", "▁", "hello", "9"]
    made = ["Hello</s>Bye", "<s>Hello</s> Bye</s>\nx", " Hello", "</s>\n", "take [DRUG] now", "", " "]
    made += ["".join(rng.choices(parts, k=rng.randint(1, 9))) for _ in range(120)]
    return list(dict.fromkeys(made))


CORPUS = [
    "It's the dog's; I'LL go, WE'VE gone. In 2023, 52002 instructions were written: 1234567 of them.",
    "def f(x):\n    return x ** 2  # square\n\n\nfor i in range(10):\n\tprint(f(i), 1.5e-3)\r\n",
    "Größe, naïveté, café, Ελλάδα, Москва, ПРИВЕТ Мир, HelloWorld XMLHttpRequest camelCase",
    "日本語のテキスト、你好，世界。 한국어 문장 입니다. ไทย ภาษา हिन्दी",
    "(a+b)=c; x<y>z; $5 ^ ~ `code` |pipe| @user #tag \"quote\" 'single' https://a.b/c?d=e&f=g",
    "one two  three   four    five        six\n \n  \n\n\t\t end. ... !!! ??? --- /path/to//file\n/x",
]


def split_texts():
    rng = random.Random(13)
    parts = ["Hello", "WORLD", "camelCase", "'s", "'LL", "it's", "dog", " ", " ", "  ", "    ", "\n", "\n\n", "\r\n", "\t", "1", "12", "123",
             "1234", "1234567", "3.14", "٣٤٥", "²", ".", ",", "...", "!?", "(", ")", "/", "//", "-", "_", "$", "+", "=", "~", "`", "|", "^", "é", "Größe",
             "Привет", "МИР", "Ελλάδα", "日本", "語", "ひら", "カナ", "，", "。", "한국어", "🦙", "हिन्दी", "ไทย", "“q”", "…", "<sentinel:3>", "IMGIMGABZ", "#", "\"", "@a"]
    made = CORPUS + ["".join(rng.choices(parts, k=rng.randint(1, 12))) for _ in range(150)]
    return list(dict.fromkeys(made))


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    rng = random.Random(14)
    texts = split_texts()
    tokenizer.train_from_iterator([rng.choice(texts) + rng.choice(texts) for _ in range(600)], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, [" ".join(merge) if not isinstance(merge, str) else merge for merge in model["merges"]]


tokens, types, scores, added = pieces()
texts, splits = spm_texts(), split_texts()
prefixes = {"absent": {}, "true": {"add_space_prefix": True}, "false": {"add_space_prefix": False}}
jobs, names = [], []
for name, keys in prefixes.items():
    file = write(f"spm-{name}.gguf", "llama", tokens, types, scores, bos_token_id=1, eos_token_id=2, **keys)
    for special in (True, False):
        jobs.append({"file": file, "texts": texts, "special": special})
bpe, merges = byte_level()
tokens_bpe = bpe + ["<|im_start|>", "[DRUG]"]
types_bpe = [NORMAL] * len(bpe) + [CONTROL, USER]
for pre in PRES:
    file = write(f"pre-{pre}.gguf", "gpt2", tokens_bpe, types_bpe, merges=merges, pre=pre, bos_token_id=0, eos_token_id=1)
    jobs.append({"file": file, "texts": splits, "special": True})
# of several spellings of one gap's end llama.cpp takes any
FILLS = [["<|fim_pad|>", "<|fim_repo|>"], ["[PAD]", "<REPO>"], ["<fim_pad>", "<reponame>"], ["<PAD>", "<|repo_name|>"]]
OTHERS = "<fim-pad> <fim-repo>".split() + [text for fill in FILLS for text in fill]
harmony = ["<|return|>", "<|call|>", "<|calls|>", "<|flush|>"]
dropped = (["<|tool_response>", *harmony], [], ["<|return|>", "<|flush|>"], ["<|call|>", "<|calls|>"])
for without, fill in zip(dropped, FILLS):
    kept = [text for text in ENDS if text not in without and (text in fill or text not in OTHERS)]
    file = write(f"ends-{len(jobs)}.gguf", "gpt2", bpe + kept, [NORMAL] * len(bpe) + [CONTROL] * len(kept), merges=merges, pre="gpt-2",
                 bos_token_id=0, eos_token_id=len(bpe))
    jobs.append({"file": file, "texts": [], "special": True, "tokens": kept})
numbers = ["It was 1999 and", "2+2", "17 + 25 =", "What is 100 minus 1?", "In 1010, 12100 and 007; 3.14159", "90 100 101 1000 10 0"]
jobs.append({"file": str(bundled), "texts": numbers, "special": False})

out = oracle(jobs)
take = iter(out)
spm = []
for name in prefixes:
    for special in (True, False):
        spm.append({"prefix": name, "special": special, "hashes": [fnv(ids) for ids in next(take)["ids"]]})
pres = {pre: [fnv(ids) for ids in next(take)["ids"]] for pre in PRES}
same = {}
for pre, hashes in pres.items():
    same.setdefault(tuple(hashes), []).append(pre)
ends = []
for job in jobs:
    if "tokens" in job:
        ends.append({"tokens": job["tokens"], "ends": [job["tokens"][id - len(bpe)] for id in next(take)["ends"]]})
golden = {
    "spm": {"added": added, "texts": texts, "modes": spm},
    "pre": {"tokens": tokens_bpe, "types": types_bpe, "merges": merges, "texts": splits,
            "splits": [{"names": names, "hashes": list(hashes)} for hashes, names in same.items()]},
    "ends": ends,
    "bundled": list(zip(numbers, next(take)["ids"])),
}
lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}" for key, value in golden.items()]
target = folder / "llama-cpp.json"
target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
print(target, target.stat().st_size, len(same), "splits")
