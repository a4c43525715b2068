"""Golden updates by torch's clip_grad_norm_ and AdamW on the CPU in float64: src/ops/golden/optimizer.json.

Two parameters as of a LoRA, A and B, B's learning rate a multiple of A's, a learning rate that rises from 0. The
gradients of some steps are longer than the limit and those of others are not.

    python -P tools/golden/optimizer.py
"""

import json
from pathlib import Path

import torch

CASES = {
    "defaults": {"weight_decay": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "max_norm": 1.0, "ratio": 1.0},
    "another ratio, no decay": {"weight_decay": 0.0, "betas": (0.9, 0.95), "eps": 1e-6, "max_norm": 0.3, "ratio": 16.0},
    "strong decay, no clipping": {"weight_decay": 0.5, "betas": (0.8, 0.99), "eps": 1e-8, "max_norm": 0.0, "ratio": 4.0},
}
STEPS, A, B = 6, 7, 5


def updates(weight_decay, betas, eps, max_norm, ratio, generator):
    """An optimizer's way: what it starts with, and each step's gradients and results."""
    random = lambda n: torch.randn(n, dtype=torch.float64, generator=generator)
    a, b = torch.nn.Parameter(random(A)), torch.nn.Parameter(torch.zeros(B, dtype=torch.float64))
    start = a.tolist()
    groups = [{"params": [a], "lr": 0.0}, {"params": [b], "lr": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=betas, eps=eps, weight_decay=weight_decay, foreach=False)
    steps = []
    for step in range(STEPS):
        rate = 3e-3 * step / STEPS
        for group, factor in zip(optimizer.param_groups, (1.0, ratio)):
            group["lr"] = rate * factor
        # 0.05 to 3 long
        length = 0.05 * 60 ** (step % 3 / 2) / (A + B) ** 0.5
        a.grad, b.grad = random(A) * length, random(B) * length
        record = {"learningRate": rate, "gradients": [a.grad.tolist(), b.grad.tolist()]}
        limit = max_norm if max_norm > 0 else float("inf")
        record["norm"] = torch.nn.utils.clip_grad_norm_([a, b], limit, foreach=False).item()
        optimizer.step()
        state = lambda name: [optimizer.state[each][name].tolist() for each in (a, b)]
        record |= {"parameters": [a.tolist(), b.tolist()], "first": state("exp_avg"), "second": state("exp_avg_sq")}
        steps.append(record)
    return {"start": [start, [0.0] * B], "steps": steps}


generator = torch.Generator().manual_seed(40)
golden = [
    {"name": name, **{key: options[key] for key in ("eps", "betas")}}
    | {"weightDecay": options["weight_decay"], "maxNorm": options["max_norm"], "ratio": options["ratio"]}
    | updates(**options, generator=generator)
    for name, options in CASES.items()
]
out = Path(__file__).parents[2] / "src/ops/golden"
out.mkdir(exist_ok=True)
(out / "optimizer.json").write_text(json.dumps(golden))
