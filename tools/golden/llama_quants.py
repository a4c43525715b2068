"""Quantized GGUF files by llama.cpp itself, and its logits of them.

    python -m venv venv && venv/bin/pip install gguf numpy
    npm install --prefix llama node-llama-cpp
    venv/bin/python tools/golden/llama_quants.py llama             # writes src/formats/golden/every-type.{gguf,json}
    venv/bin/python tools/golden/llama_quants.py llama --all       # holds Pronk against every file type, by hand

A tiny random model is written in F32, and its matrices are quantized by `ggml_quantize_chunk` (the golden file, each matrix in
another type) or by `llama_model_quantize` (`--all`, each of the file types, at a width that is whole super-blocks and at two
that are not), with a calibration that finds all columns equal. The libraries are those of node-llama-cpp. llama.cpp rounds activations to 8 bits
where weights are quantized; so the logits that count are those of a copy whose matrices ggml has turned back to F32.
"""

import ctypes
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as T, GGUFReader, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES

ROOT = Path(__file__).parents[2]
LIBRARIES = next((Path(sys.argv[1]) / "node_modules/@node-llama-cpp/linux-x64/bins").iterdir())
VOCABULARY = 64
IDS = [1, 17, 42, 63, 3, 3, 60, 8, 57, 29, 5]

base = ctypes.CDLL(str(LIBRARIES / "libggml-base.so"), mode=ctypes.RTLD_GLOBAL)
ggml = ctypes.CDLL(str(next(LIBRARIES.glob("libggml.*so*"))), mode=ctypes.RTLD_GLOBAL)
llama = ctypes.CDLL(str(next(LIBRARIES.glob("libllama.*so*"))), mode=ctypes.RTLD_GLOBAL)


class Params(ctypes.Structure):
    """Any of llama.cpp's structures of parameters, and room behind it."""

    _fields_ = [("bytes", ctypes.c_uint8 * 512)]


class Batch(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_int32)] + [
        (name, ctypes.c_void_p) for name in ("token", "embd", "pos", "n_seq_id", "seq_id", "logits")
    ]


def function(library, name, result, *arguments):
    found = library[name]
    found.restype, found.argtypes = result, arguments
    return found


pointer, number, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
quantize_chunk = function(base, "ggml_quantize_chunk", ctypes.c_size_t, number, pointer, pointer, size, size, size, pointer)
log_set = function(llama, "llama_log_set", None, pointer, pointer)
load_backends = function(ggml, "ggml_backend_load_all_from_path", None, ctypes.c_char_p)
model_params = function(llama, "llama_model_default_params", Params)
context_params = function(llama, "llama_context_default_params", Params)
quantize_params = function(llama, "llama_model_quantize_default_params", Params)
quantize_model = function(llama, "llama_model_quantize", ctypes.c_uint32, ctypes.c_char_p, ctypes.c_char_p, pointer)
load_model = function(llama, "llama_model_load_from_file", pointer, ctypes.c_char_p, Params)
new_context = function(llama, "llama_init_from_model", pointer, pointer, Params)
get_batch = function(llama, "llama_batch_init", Batch, number, number, number)
decode = function(llama, "llama_decode", number, pointer, Batch)
get_logits = function(llama, "llama_get_logits", pointer, pointer)
free_model = function(llama, "llama_model_free", None, pointer)
free_context = function(llama, "llama_free", None, pointer)
QUIET = ctypes.CFUNCTYPE(None, number, ctypes.c_char_p, pointer)(lambda *_: None)


def address(array):
    return array.ctypes.data_as(pointer)


def quantized(values, kind):
    """Rows in one of ggml's types, weighted as a calibration with even activations would have it."""
    rows, columns = values.shape
    block, bytes_ = GGML_QUANT_SIZES[kind]
    out = np.zeros((rows, columns // block * bytes_), np.uint8)
    weights = np.ones(columns, np.float32)
    assert quantize_chunk(kind, address(values), address(out), 0, rows, columns, address(weights)) == out.size
    return out


def dequantized(tensor):
    """A tensor's values by ggml's own function."""
    kind, columns = tensor.tensor_type, int(tensor.shape[0])
    if kind == T.F32:
        return np.array(tensor.data, np.float32)
    if kind == T.F16:
        return np.array(tensor.data).astype(np.float32)
    if kind == T.BF16:
        return (np.array(tensor.data).view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    name = kind.name.lower() if not kind.name.endswith("_K") else kind.name[:-2].lower() + "_K"
    packed = np.ascontiguousarray(tensor.data)
    out = np.zeros((packed.size // (columns // GGML_QUANT_SIZES[kind][0] * GGML_QUANT_SIZES[kind][1]), columns), np.float32)
    function(base, f"dequantize_row_{name}", None, pointer, pointer, size)(address(packed), address(out), out.size)
    return out


def write(path, shape, tensors):
    """A GGUF file with llama.cpp's SentencePiece tokenizer of made-up tokens."""
    writer = GGUFWriter(str(path), "llama")
    writer.add_name("every type")
    writer.add_context_length(64)
    writer.add_embedding_length(shape["hidden"])
    writer.add_block_count(shape["layers"])
    writer.add_feed_forward_length(shape["ffn"])
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(1)
    writer.add_key_length(shape["head"])
    writer.add_value_length(shape["head"])
    writer.add_rope_dimension_count(shape["head"])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("llama")
    tokens = ["<unk>", "<s>", "</s>"] + [f"▁t{i}" for i in range(3, VOCABULARY)]
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_scores([-float(i) for i in range(VOCABULARY)])
    writer.add_token_types([2, 3, 3] + [1] * (VOCABULARY - 3))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for name, (values, kind) in tensors.items():
        writer.add_tensor(name, values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def made(shape, seed):
    """Names and random F32 values."""
    random = np.random.default_rng(seed)
    hidden, ffn, head, heads = shape["hidden"], shape["ffn"], shape["head"], shape["heads"]

    def matrix(rows, columns):
        return (random.standard_normal((rows, columns)) / columns**0.5).astype(np.float32)

    def norm():
        return (1 + random.standard_normal(hidden) / 10).astype(np.float32)

    result = {"token_embd.weight": matrix(VOCABULARY, hidden) * 16}
    for layer in range(shape["layers"]):
        at = f"blk.{layer}."
        result[f"{at}attn_norm.weight"] = norm()
        result[f"{at}attn_q.weight"] = matrix(heads * head, hidden)
        result[f"{at}attn_k.weight"] = matrix(head, hidden)
        result[f"{at}attn_v.weight"] = matrix(head, hidden)
        result[f"{at}attn_output.weight"] = matrix(hidden, heads * head)
        result[f"{at}ffn_norm.weight"] = norm()
        result[f"{at}ffn_gate.weight"] = matrix(ffn, hidden)
        result[f"{at}ffn_up.weight"] = matrix(ffn, hidden)
        result[f"{at}ffn_down.weight"] = matrix(hidden, ffn)
    result["output_norm.weight"] = norm()
    result["output.weight"] = matrix(VOCABULARY, hidden)
    return result


def logits(path):
    """llama.cpp's at every position, with keys and values in F32."""
    model = load_model(str(path).encode(), model_params())
    assert model, path
    params = context_params()
    words = (ctypes.c_uint32 * 128).from_buffer(params)
    words[0:3] = [64, 64, 64]  # n_ctx, n_batch, n_ubatch
    assert words[10:14] == [0xFFFFFFFF] * 4 and words[26:28] == [1, 1], "llama_context_params is another one"
    words[13] = 0  # flash_attn_type: flash attention rounds to 16 bits
    words[26:28] = [0, 0]  # type_k, type_v: F16 becomes F32
    context = new_context(model, params)
    batch = get_batch(len(IDS), 0, 1)
    batch.n_tokens = len(IDS)
    for field, kind in (("token", ctypes.c_int32), ("pos", ctypes.c_int32), ("n_seq_id", ctypes.c_int32), ("logits", ctypes.c_int8)):
        array = ctypes.cast(getattr(batch, field), ctypes.POINTER(kind))
        for i, each in enumerate(IDS):
            array[i] = {"token": each, "pos": i, "n_seq_id": 1, "logits": 1}[field]
    sequences = ctypes.cast(batch.seq_id, ctypes.POINTER(ctypes.POINTER(ctypes.c_int32)))
    for i in range(len(IDS)):
        sequences[i][0] = 0
    assert decode(context, batch) == 0
    got = ctypes.cast(get_logits(context), ctypes.POINTER(ctypes.c_float))
    result = np.ctypeslib.as_array(got, (len(IDS), VOCABULARY)).copy()
    free_context(context)
    free_model(model)
    return result


def exact_logits(path, shape, folder):
    """Those of a copy in F32."""
    copy = Path(folder) / "copy.gguf"
    tensors = {t.name: dequantized(t).reshape(t.shape[::-1].tolist()) for t in GGUFReader(path).tensors}
    for name in [name for name in tensors if name.endswith(".scale")]:
        scale = tensors.pop(name)
        tensors[name.replace(".scale", ".weight")] *= scale
    write(copy, shape, {name: (values, T.F32) for name, values in tensors.items()})
    return logits(copy)


def distance(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def golden(folder):
    """Each matrix in another type: those that need super-blocks along the width, others along the heads and feed-forward."""
    shape = {"hidden": 256, "ffn": 64, "head": 8, "heads": 4, "layers": 4}
    wide = [
        T.IQ4_XS, T.IQ3_S, T.IQ3_XXS, T.IQ2_S, T.IQ2_XS, T.IQ2_XXS, T.IQ1_M, T.IQ1_S, T.TQ1_0, T.TQ2_0,
        T.Q2_K, T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K, T.IQ4_NL, T.Q1_0, T.MXFP4, T.NVFP4, T.IQ2_XXS, T.IQ4_XS,
    ]  # fmt: skip
    narrow = [T.IQ4_NL, T.NVFP4, T.MXFP4, T.Q8_0, T.Q5_1, T.Q5_0, T.Q4_1, T.Q4_0]
    tensors = {}
    for name, values in made(shape, 1).items():
        if values.ndim == 1:
            tensors[name] = (values, T.F32)
            continue
        if name.startswith("token"):
            kind = T.Q6_K
        elif values.shape[1] == 256:
            kind = wide.pop(0)
        else:
            # NVFP4 has blocks of 64, which the heads are too narrow for
            kind = narrow.pop(1 if narrow[0] == T.NVFP4 and values.shape[1] < 64 else 0)
        tensors[name] = (quantized(values, kind), kind)
        if kind == T.NVFP4:
            # whole matrices of this type have a number beside them
            tensors[name.replace(".weight", ".scale")] = (np.float32([0.75]), T.F32)
    path = ROOT / "src/formats/golden/every-type.gguf"
    write(path, shape, tensors)
    exact = exact_logits(path, shape, folder)
    print("llama.cpp's own rounding of activations:", distance(logits(path), exact))
    types = {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(path).tensors}
    path.with_suffix(".json").write_text(json.dumps({"ids": IDS, "types": types, "logits": exact.round(6).tolist()}) + "\n")


# `llama_ftype` by name
FILE_TYPES = {
    "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11, "Q3_K_M": 12, "Q3_K_L": 13,
    "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "IQ3_XXS": 23, "IQ4_NL": 25, "IQ3_S": 26, "IQ3_M": 27,
    "IQ3_XS": 22, "IQ2_XXS": 19, "IQ2_XS": 20, "Q2_K_S": 21, "IQ1_S": 24, "IQ1_M": 31, "IQ2_S": 28, "IQ2_M": 29, "IQ4_XS": 30, "BF16": 32, "TQ1_0": 36, "TQ2_0": 37, "MXFP4_MOE": 38, "NVFP4": 39,
    "Q1_0": 40,
}  # fmt: skip


class Calibration(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("data", pointer), ("size", ctypes.c_size_t)]


def quantize_file(source, path, code):
    """A file of a type by llama.cpp; whether it writes such files."""
    matrices = [(tensor.name.encode(), np.ones(int(tensor.shape[0]), np.float32)) for tensor in GGUFReader(source).tensors if len(tensor.shape) > 1]
    calibrations = (Calibration * (len(matrices) + 1))(*((name, address(data), data.size) for name, data in matrices))
    params = quantize_params()
    (ctypes.c_uint32 * 128).from_buffer(params)[1] = code
    (ctypes.c_uint64 * 64).from_buffer(params)[3] = ctypes.addressof(calibrations)
    return quantize_model(str(source).encode(), str(path).encode(), ctypes.byref(params)) == 0


def every_file_type(folder):
    for hidden, ffn in ((256, 512), (576, 1536), (96, 160)):
        shape = {"hidden": hidden, "ffn": ffn, "head": 32, "heads": hidden // 32, "layers": 2}
        source = Path(folder) / f"source-{hidden}.gguf"
        write(source, shape, {name: (values, T.F32) for name, values in made(shape, 2).items()})
        for name, code in FILE_TYPES.items():
            path = Path(folder) / f"{name}-{hidden}.gguf"
            if not quantize_file(source, path, code):
                print(f"{hidden} {name}: llama.cpp refuses to write it", flush=True)
                continue
            compare(f"{hidden} {name}", path, shape, folder)


def compare(title, path, shape, folder):
    kinds = {}
    for tensor in GGUFReader(path).tensors:
        if len(tensor.shape) > 1:
            kinds[tensor.tensor_type.name] = kinds.get(tensor.tensor_type.name, 0) + 1
    try:
        exact = exact_logits(path, shape, folder)
    except AttributeError as error:
        return print(f"{title}: {kinds}, {error}")
    out = Path(folder) / "logits.bin"
    command = ["node", "tools/headless.mjs", "logits", "--model", str(path), "--ids", ",".join(map(str, IDS)), "--out", str(out)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if told.returncode != 0:
        return print(f"{title}: {kinds}, Pronk says: {told.stderr.strip().splitlines()[-1:]}")
    own = np.fromfile(out, np.float32).reshape(exact.shape)
    theirs = logits(path)
    same = int((own.argmax(1) == exact.argmax(1)).sum())
    print(
        f"{title}: {kinds}, Pronk {distance(own, exact):.1e} off, llama.cpp {distance(theirs, exact):.1e}, "
        f"likeliest ids {same} of {len(IDS)} the same (llama.cpp {int((theirs.argmax(1) == exact.argmax(1)).sum())})",
        flush=True,
    )


log_set(ctypes.cast(QUIET, pointer), None)
load_backends(str(LIBRARIES).encode())
with tempfile.TemporaryDirectory() as work:
    (every_file_type if "--all" in sys.argv else golden)(work)
