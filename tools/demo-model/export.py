"""The trained model as GGUF with Q8_0 matrices, and golden completions for the engine's tests.

    python tools/demo-model/export.py --folder .cache/demo-model

Writes public/demo-model/pronk-6m-q8_0.gguf and tools/demo-model/expected.json; reads the file back and compares.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from corpus import BOS, CHAT_TEMPLATE, EOS, Encoder, segments
from families import Example
from model import Config, Llama

ROOT = Path(__file__).parents[2]
FILE = ROOT / "public/demo-model/pronk-6m-q8_0.gguf"
EXPECTED = ROOT / "tools/demo-model/expected.json"

PROMPTS = [
    "Hello", "What can you do?", "Who are you?", "Tell me about alpacas", "Write a poem about the sea", "Tell me a joke",
    "whats the capital of peru", "2+2", "Give three tips for staying healthy", "What is the opposite of hot?",
    "Translate water to French", "What is the plural of mouse?", "List three fruits", "Write a story about a fox",
    "Is 17 even or odd?", "What day comes after Monday?", "How do you say dog in Spanish?", "Who painted the Mona Lisa?",
    "What is a volcano?", "Write a Python program that prints the first 10 Fibonacci numbers.",
]


def q8_0(matrix: torch.Tensor) -> tuple[bytes, torch.Tensor]:
    """ggml's Q8_0: blocks of 32 with an f16 scale. The bytes, and the values that they stand for."""
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    packed = quantize(matrix.detach().numpy(), GGMLQuantizationType.Q8_0)
    return packed, torch.from_numpy(dequantize(packed, GGMLQuantizationType.Q8_0).copy())


def write_gguf(model: Llama, encoder: Encoder) -> None:
    from gguf import GGUFWriter
    from gguf.constants import GGMLQuantizationType, TokenType

    config: Config = model.config
    writer = GGUFWriter(str(FILE), "llama")
    writer.add_name("Pronk 6M")
    writer.add_description("A toy instruction model, trained from scratch on program-made exercises")
    writer.add_license("MIT")
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.feed_forward)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.theta)
    writer.add_layer_norm_rms_eps(config.epsilon)
    writer.add_vocab_size(config.vocabulary)
    writer.add_file_type(7)  # mostly Q8_0
    pieces = encoder.pieces
    kinds = []
    for i in range(pieces.vocab_size()):
        if pieces.is_unknown(i):
            kinds.append(TokenType.UNKNOWN)
        elif pieces.is_control(i):
            kinds.append(TokenType.CONTROL)
        elif pieces.is_byte(i):
            kinds.append(TokenType.BYTE)
        else:
            # the numbers too: llama.cpp begins anew behind a user-defined piece, and their score makes them merge first
            kinds.append(TokenType.NORMAL)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([pieces.id_to_piece(i).encode() for i in range(pieces.vocab_size())])
    writer.add_token_scores([pieces.get_score(i) for i in range(pieces.vocab_size())])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(True)
    writer.add_chat_template(CHAT_TEMPLATE)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            writer.add_tensor(name, q8_0(parameter)[0], raw_dtype=GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(name, parameter.detach().numpy().astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_back(config: Config) -> Llama:
    """The model that the file holds, in float32."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    model = Llama(config).eval()
    state = {
        tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        for tensor in GGUFReader(str(FILE)).tensors
    }
    model.load_state_dict(state)
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(".cache/demo-model"))
    args = parser.parse_args()
    encoder = Encoder(args.folder)
    trained = Llama(Config()).eval()
    trained.load_state_dict(torch.load(args.folder / "model.pt")["model"])
    FILE.parent.mkdir(parents=True, exist_ok=True)
    write_gguf(trained, encoder)
    model = read_back(Config())
    ids = torch.tensor([encoder.prompt(Example([(PROMPTS[0], "", "")], lambda out: True))])
    with torch.no_grad():
        exact, stored = (each.logits(each.hidden(ids)) for each in (trained, model))
    print(f"{FILE.stat().st_size:,} bytes; logits differ by {(exact - stored).norm() / exact.norm():.2e}")
    examples = [Example([(prompt, "", "")], lambda out: True) for prompt in PROMPTS]
    prompts = [encoder.prompt(each) for each in examples]
    answers = model.complete(prompts)
    expected = [
        {"prompt": p, "text": segments(e, False)[0][0], "ids": i, "answer": encoder.pieces.decode(a), "answerIds": a}
        for p, e, i, a in zip(PROMPTS, examples, prompts, answers)
    ]
    EXPECTED.write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")
    for each in expected:
        print(f"{each['prompt']!r} -> {each['answer']!r}")


if __name__ == "__main__":
    main()
