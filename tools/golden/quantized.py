"""A tiny model as other programs quantize it, and what they make of its matrices again: src/formats/golden/quantized/.

    python -m venv venv
    venv/bin/pip install torch transformers accelerate bitsandbytes autoawq auto-gptq compressed-tensors
    venv/bin/python tools/golden/quantized.py

The files of bitsandbytes are written by transformers; those of the others by the modules that fill their checkpoints.
"""

import json
import shutil
import sys
from pathlib import Path

# files beside this one would hide the libraries
sys.path = [each for each in sys.path if Path(each or ".").resolve() != Path(__file__).resolve().parent]
import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM  # noqa: E402

out = Path(__file__).parents[2] / "src/formats/golden/quantized"
shutil.rmtree(out, ignore_errors=True)
out.mkdir(parents=True)

torch.manual_seed(7)
config = LlamaConfig(
    hidden_size=64,
    intermediate_size=32,
    num_hidden_layers=1,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=16,
    max_position_embeddings=64,
    initializer_range=0.05,
)
base = LlamaForCausalLM(config).to(torch.bfloat16)
folder = out / "base"
base.save_pretrained(folder)
settings = json.loads((folder / "config.json").read_text())
state = {name: tensor.clone() for name, tensor in base.state_dict().items()}
LAYER = "model.layers.0."
MODULES = [name[: -len(".weight")] for name in state if name.startswith(LAYER) and "_proj" in name]
# of a matrix with a rotary order, and of one that is not square
SHOWN = {"self_attn.q_proj": 32, "mlp.gate_proj": 12}


def write(name, tensors, quantization, values, key="quantization_config", **more):
    """One folder. `values` gives a module's matrix as the library dequantizes it."""
    place = out / name
    place.mkdir(exist_ok=True)
    if tensors is not None:
        save_file({key: value.contiguous() for key, value in tensors.items()}, place / "model.safetensors")
        # the model computes in what its library does
        (place / "config.json").write_text(json.dumps({**settings, key: quantization, **more}))
    shown = {each: values(LAYER + each)[:rows].to(torch.float32).contiguous() for each, rows in SHOWN.items()}
    save_file(shown, place / "expected.safetensors")
    for each, value in shown.items():
        error = (value - state[f"{LAYER}{each}.weight"][: SHOWN[each]].float()).norm() / value.norm()
        print(f"{name} {each}: {100 * error:.2f} %")


def plain(*packed):
    """What stays as it is."""
    modules = packed or MODULES
    return {name: tensor for name, tensor in state.items() if name[: -len(".weight")] not in modules}


def bitsandbytes():
    import bitsandbytes.functional as functional

    four = dict(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)
    for name, wanted in {
        "nf4": BitsAndBytesConfig(**four, bnb_4bit_quant_type="nf4"),
        "nf4-nested": BitsAndBytesConfig(**four, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True),
        "fp4": BitsAndBytesConfig(**four, bnb_4bit_quant_type="fp4"),
        "int8": BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=["lm_head", "v_proj"]),
    }.items():
        model = AutoModelForCausalLM.from_pretrained(folder, quantization_config=wanted, device_map="cpu", dtype=torch.bfloat16)
        model.save_pretrained(out / name)
        (out / name / "generation_config.json").unlink()
        modules = dict(model.named_modules())

        def values(module):
            weight = modules[module].weight
            if name == "int8":
                return functional.int8_vectorwise_dequant(weight.data, weight.SCB)
            return functional.dequantize_4bit(weight.data, weight.quant_state)

        write(name, None, None, values)


def groups_of(weight, size, bits, symmetric):
    """Scales and zeros for each group of columns, as rows × groups: round to nearest."""
    grouped = weight.float().reshape(weight.shape[0], -1, size)
    top = 2**bits - 1
    if symmetric:
        scales = grouped.abs().amax(-1) * 2 / top
        zeros = torch.full_like(scales, (top + 1) // 2)
    else:
        low, high = grouped.amin(-1).clamp(max=0), grouped.amax(-1).clamp(min=0)
        scales = (high - low) / top
        zeros = (-low / scales).round().clamp(1, top)
    return scales.half().float(), zeros


def gptq():
    from auto_gptq.nn_modules.qlinear.qlinear_cuda import QuantLinear

    for name, bits, size, symmetric, ordered in [
        ("gptq", 4, 32, True, False),
        ("gptq-asymmetric", 4, 32, False, False),
        ("gptq-ordered", 4, 32, False, True),
        ("gptq-3", 3, 32, False, False),
        ("gptq-8", 8, 32, True, False),
        ("gptq-row", 4, -1, False, False),
    ]:
        tensors, kept = plain(), {}
        for module in MODULES:
            weight = state[f"{module}.weight"].float()
            rows, columns = weight.shape
            group = columns if size < 0 else size
            order = torch.randperm(columns) if ordered else torch.arange(columns)
            index = torch.empty(columns, dtype=torch.int32)
            index[order] = torch.arange(columns, dtype=torch.int32) // group
            scales, zeros = groups_of(weight[:, order], group, bits, symmetric)
            linear = torch.nn.Linear(columns, rows, bias=False)
            # codes are kept within their bits, as the method's own rounding does
            expanded, shift = scales[:, index.long()], zeros[:, index.long()]
            codes = ((weight / expanded) + shift).round().clamp(0, 2**bits - 1)
            linear.weight.data = ((codes - shift) * expanded).half()
            packed = QuantLinear(bits, group, columns, rows, bias=False)
            packed.pack(linear.to("cpu"), scales.clone(), zeros.clone(), g_idx=index)
            for part in ("qweight", "qzeros", "scales", "g_idx"):
                tensors[f"{module}.{part}"] = getattr(packed, part)
            tensors[f"{module}.scales"] = packed.scales.half()
            # its product with the identity is the matrix; float64 leaves every value as it is
            packed.scales = packed.scales.half().double()
            packed.bias = None
            kept[module] = packed(torch.eye(columns, dtype=torch.float64)).t()
        quantization = dict(quant_method="gptq", bits=bits, group_size=size, sym=symmetric, desc_act=ordered, damp_percent=0.1)
        write(name, tensors, quantization, kept.__getitem__)


def awq():
    from awq.modules.linear.gemm import WQLinear_GEMM
    from awq.utils.packing_utils import dequantize_gemm

    tensors, kept = plain(), {}
    for module in MODULES:
        weight = state[f"{module}.weight"].float()
        scales, zeros = groups_of(weight, 32, 4, False)
        expanded, shift = scales.repeat_interleave(32, 1), zeros.repeat_interleave(32, 1)
        codes = ((weight / expanded) + shift).round().clamp(0, 15)
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        linear.weight.data = ((codes - shift) * expanded).half()
        packed = WQLinear_GEMM.from_linear(linear, 4, 32, scales=scales.t().contiguous(), zeros=zeros.t().contiguous())
        for part in ("qweight", "qzeros", "scales"):
            tensors[f"{module}.{part}"] = getattr(packed, part)
        kept[module] = dequantize_gemm(packed.qweight, packed.qzeros, packed.scales, 4, 32).t()
    quantization = dict(quant_method="awq", bits=4, group_size=32, zero_point=True, version="gemm")
    write("awq", tensors, quantization, kept.__getitem__)


def metal():
    from transformers.integrations import metal_quantization as library

    for name, bits, own in [("mlx-4", 4, {}), ("mlx-8", 8, {LAYER + "mlp.down_proj": {"group_size": 32, "bits": 4}})]:
        # mlx-lm quantizes the embedding and the head as well
        modules = [*MODULES, "model.embed_tokens", "lm_head"]
        tensors, kept = plain(*modules), {}
        for module in modules:
            its = own.get(module, {"group_size": 32, "bits": bits})
            words, scales, biases = library._affine_quantize_tensor(state[f"{module}.weight"], its["group_size"], its["bits"])
            scales, biases = scales.bfloat16(), biases.bfloat16()
            tensors |= {f"{module}.weight": words, f"{module}.scales": scales, f"{module}.biases": biases}
            kept[module] = library._affine_dequantize_tensor(words, scales, biases, its["group_size"], its["bits"])
        quantization = {"group_size": 32, "bits": bits, **own}
        write(name, tensors, quantization, kept.__getitem__, key="quantization", quantization_config=quantization)


def fp8():
    from transformers.integrations.finegrained_fp8 import Fp8Dequantize

    largest = torch.finfo(torch.float8_e4m3fn).max

    def quantized(weight, rows, columns):
        grid = weight.float().reshape(weight.shape[0] // rows, rows, weight.shape[1] // columns, columns)
        scales = grid.abs().amax((1, 3), keepdim=True) / largest
        return (grid / scales).reshape(weight.shape).to(torch.float8_e4m3fn), scales[:, 0, :, 0]

    for name, part, quantization, shape in [
        ("fp8-blocks", "weight_scale_inv", dict(quant_method="fp8", weight_block_size=[32, 32], activation_scheme="dynamic"), lambda w: (32, 32)),
        ("fp8-tensor", "weight_scale", dict(quant_method="compressed-tensors", format="float-quantized", config_groups={"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "tensor", "symmetric": True}}}), lambda w: tuple(w.shape)),
        ("fp8-rows", "weight_scale", dict(quant_method="fbgemm_fp8"), lambda w: (1, w.shape[1])),
    ]:
        tensors, kept = plain(), {}
        for module in MODULES:
            codes, scales = quantized(state[f"{module}.weight"], *shape(state[f"{module}.weight"]))
            tensors[f"{module}.weight"] = codes
            tensors[f"{module}.{part}"] = scales.reshape(1) if name == "fp8-tensor" else scales
            kept[module] = Fp8Dequantize(None)._dequantize_one(codes, scales, output_dtype=torch.bfloat16)
        write(name, tensors, quantization, kept.__getitem__)


def compressed():
    from compressed_tensors.compressors.quantized_compressors import pack_quantized as library

    for name, bits, symmetric in [("compressed-4", 4, True), ("compressed-4-asymmetric", 4, False), ("compressed-8", 8, True)]:
        wanted = dict(num_bits=bits, type="int", strategy="group", group_size=32, symmetric=symmetric)
        tensors, kept = plain(), {}
        for module in MODULES:
            weight = state[f"{module}.weight"].float()
            scales, zeros = groups_of(weight, 32, bits, symmetric)
            scales, zeros = scales.bfloat16(), (zeros - 2 ** (bits - 1)).to(torch.int8)
            expanded, shift = scales.float().repeat_interleave(32, 1), zeros.repeat_interleave(32, 1)
            codes = ((weight / expanded).round() + shift).clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).to(torch.int8)
            own = {
                "weight_packed": library.pack_to_int32(codes, bits),
                "weight_scale": scales,
                "weight_shape": torch.tensor(weight.shape),
            }
            if not symmetric:
                own["weight_zero_point"] = library.pack_to_int32(zeros, bits, packed_dim=0).contiguous()
            tensors |= {f"{module}.{part}": value for part, value in own.items()}
            back = library.unpack_from_int32(own["weight_packed"], bits, weight.shape)
            points = torch.zeros_like(scales, dtype=torch.int8)
            if not symmetric:
                points = library.unpack_from_int32(own["weight_zero_point"], bits, scales.shape, packed_dim=0)
            kept[module] = (back.float() - points.float().repeat_interleave(32, 1)) * expanded
        quantization = dict(quant_method="compressed-tensors", format="pack-quantized", config_groups={"group_0": {"targets": ["Linear"], "weights": wanted}}, ignore=["lm_head"])
        write(name, tensors, quantization, kept.__getitem__)


for each in (bitsandbytes, gptq, awq, metal, fp8, compressed):
    try:
        each()
    except ImportError as error:
        raise SystemExit(f"{each.__name__}: {error}") from error
shutil.rmtree(folder)
