"""Trains the bundled model for a given time; goes on from where an earlier run stopped.

    python tools/demo-model/train.py --folder .cache/demo-model --minutes 120

Muon (Jordan et al. 2024) on the matrices, AdamW on the rest; the learning rate is a function of the share of time
that is over: constant, then linearly down to zero.
"""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from corpus import ROW, build
from model import Config, Llama

BATCH = 16
PROMPT_WEIGHT = 0.1
MUON_RATE, ADAM_RATE = 0.02, 3e-3


def orthogonal(gradient: torch.Tensor) -> torch.Tensor:
    """Newton-Schulz iteration of Muon: the nearest orthogonal matrix, roughly."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = gradient / (gradient.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(5):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


def batches(folder: Path, seed: int):
    """Endless fresh batches: 20,000 conversations are made at a time."""
    while True:
        rows = {name: torch.from_numpy(each) for name, each in build(folder, 20_000, seed).items()}
        order = torch.randperm(len(rows["ids"]), generator=torch.Generator().manual_seed(seed))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            yield {name: each[chosen] for name, each in rows.items()}
        seed += 1


CAUSAL = torch.ones(ROW, ROW, dtype=torch.bool).tril()


def loss_of(model: Llama, batch) -> torch.Tensor:
    ids, answered, document = batch["ids"].long(), batch["answered"], batch["document"].long()
    same = document[:, :, None] == document[:, None, :]
    starts = torch.cat((torch.ones(len(ids), 1, dtype=torch.bool), document[:, 1:] != document[:, :-1]), 1)
    place = torch.arange(ROW).expand_as(ids)
    positions = place - torch.where(starts, place, 0).cummax(1).values
    hidden = model.hidden(ids, (same & CAUSAL)[:, None], positions)[:, :-1]
    valid = (document[:, 1:] == document[:, :-1]) & (document[:, 1:] >= 0)
    weight = torch.where(answered[:, 1:], 1.0, PROMPT_WEIGHT)[valid]
    each = F.cross_entropy(model.logits(hidden[valid]), ids[:, 1:][valid], reduction="none")
    return (each * weight).sum() / weight.sum()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(".cache/demo-model"))
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--decay", type=float, default=0.5, help="share of the time over which the rate falls")
    parser.add_argument("--rate", type=float, default=1.0, help="factor of the learning rates, for going on gently")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    checkpoint = args.folder / "model.pt"
    torch.manual_seed(args.seed)
    model = Llama(Config())
    seen = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        seen = saved["tokens"]
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {seen:,} tokens seen", flush=True)
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embd" not in n]
    chosen = {id(p) for p in matrices}
    adam = torch.optim.AdamW(
        [p for p in model.parameters() if id(p) not in chosen], ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0
    )
    momentum = [torch.zeros_like(p) for p in matrices]
    started, average, step = time.time(), None, 0
    tokens = seen
    for batch in batches(args.folder, args.seed * 1000 + seen // 100_000):
        spent = (time.time() - started) / 60 / args.minutes
        if spent >= 1:
            break
        rate = args.rate * min(1, (step + 1) / 30, (1 - spent) / args.decay)
        loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        with torch.no_grad():
            for p, m in zip(matrices, momentum):
                m.mul_(0.95).add_(p.grad)
                p.add_(orthogonal(p.grad + 0.95 * m), alpha=-MUON_RATE * rate * max(1, p.shape[0] / p.shape[1]) ** 0.5)
        for group in adam.param_groups:
            group["lr"] = ADAM_RATE * rate
        adam.step()
        model.zero_grad(set_to_none=True)
        step += 1
        tokens += batch["ids"].numel()
        average = loss.item() if average is None else 0.97 * average + 0.03 * loss.item()
        if step % 20 == 0:
            speed = (tokens - seen) / (time.time() - started)
            print(f"{spent:.3f} step {step} loss {average:.3f} {speed:.0f} tokens/s", flush=True)
        if step % 200 == 0:
            torch.save({"model": model.state_dict(), "tokens": tokens}, checkpoint)
    torch.save({"model": model.state_dict(), "tokens": tokens}, checkpoint)
    print(f"done: {tokens:,} tokens", flush=True)


if __name__ == "__main__":
    main()
