"""How often the model is right on held-out wordings and instances, family by family, greedily.

    python tools/demo-model/evaluate.py --folder .cache/demo-model [--count 40]

Uses the weights as Q8_0 rounds them, as the page does. Writes evaluation.json into the folder.
"""

import argparse
import json
import random
from pathlib import Path

import torch

from corpus import Encoder
from export import q8_0
from families import FAMILIES, sample
from model import Config, Llama

CLAIMED_FROM = 0.75
"""A family that is right less often than this is not claimed."""


def rounded(folder: Path) -> Llama:
    model = Llama(Config()).eval()
    model.load_state_dict(torch.load(folder / "model.pt")["model"])
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.copy_(q8_0(parameter)[1])
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(".cache/demo-model"))
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--show", type=int, default=2, help="wrong answers shown of each family")
    args = parser.parse_args()
    encoder, model = Encoder(args.folder), rounded(args.folder)
    rng = random.Random(2026)
    results = {}
    for name, family in FAMILIES.items():
        drawn = [sample(rng, True, name) for _ in range(args.count)]
        examples = [each for each in drawn if each]
        # every third in Alpaca's prompt, the others as a chat
        prompts = [encoder.prompt(each, i % 3 == 0) for i, each in enumerate(examples)]
        answers = [encoder.pieces.decode(ids) for ids in model.complete(prompts)]
        wrong = [(e.turns[-1][0], a) for e, a in zip(examples, answers) if not e.right(a)]
        results[name] = {"title": family.title, "right": len(examples) - len(wrong), "of": len(examples)}
        print(f"{name:16} {results[name]['right']:3} of {len(examples)}", flush=True)
        for asked, answer in wrong[: args.show]:
            print(f"    {asked!r} -> {answer!r}")
    shares = {name: each["right"] / max(1, each["of"]) for name, each in results.items()}
    claimed = [name for name in results if shares[name] >= CLAIMED_FROM]
    right, of = (sum(results[name][key] for name in claimed) for key in ("right", "of"))
    summary = {"families": results, "claimed": claimed, "claimedAccuracy": right / max(1, of)}
    (args.folder / "evaluation.json").write_text(json.dumps(summary, indent=1) + "\n")
    overall = sum(shares.values()) / len(shares)
    print(f"{len(claimed)} families claimed, {right} of {of} right ({right / max(1, of):.1%}); all: {overall:.1%}")


if __name__ == "__main__":
    main()
