"""Writes the model card, public/demo-model/README.md, from evaluation.json and the checkpoint.

    python tools/demo-model/card.py --folder .cache/demo-model
"""

import argparse
import json
from pathlib import Path

import torch

from evaluate import CLAIMED_FROM
from export import FILE
from model import Config, Llama

CARD = """# Pronk 6M, the bundled model

A toy. It has {parameters:,} parameters, a thousandth of a small useful model, and exists so that the page works right away:
everything that a real model does here, this one does too, in a file of {megabytes:.1f} MB. It knows nothing beyond the exercises below,
copies words that it has not seen badly, and is wrong often. Do not rely on anything that it says.

| | |
| --- | --- |
| Architecture | LLaMA: {layers} layers, width {width}, {heads} heads over {kv_heads}, feed-forward {feed_forward}, tied head, context {context} |
| Tokenizer | SentencePiece BPE of its own, {vocabulary} pieces, byte fallback, whole numbers to 100 |
| Training | from scratch on {tokens:,} tokens, on two CPU cores |
| Data | made by `tools/demo-model/families/`; no text of others |
| Prompts | Alpaca's, and short chats in its form (`### Instruction:` … `### Response:`) |
| File | `{file}`: matrices Q8_0, norms F32 |
| Licence | MIT |

## How right it is

Measured greedily on the rounded weights, up to {count} questions a family. What is asked was held out from training: wordings that
differ from every trained one in more than case and punctuation, or, where an answer can be computed, numbers or sentences. An
answer that must be known, such as a capital, cannot be held out itself. A third of the questions are asked in Alpaca's
prompt, the others as a chat. One seed; small samples. A family is claimed from {bar:.0%} on.

**It claims {claimed} families and answers {right} of {of} held-out questions in them right: {share:.1%}.** The others are
listed too, except those that no question is held out from.

| family | right | claimed |
| --- | --- | --- |
{rows}

{note}What it does not know it declines in a sentence; it does not always notice.

## How it was made

```sh
python -m venv venv && venv/bin/pip install torch numpy sentencepiece gguf
venv/bin/python tools/demo-model/train.py --minutes 120   # goes on where an earlier run stopped
venv/bin/python tools/demo-model/evaluate.py
venv/bin/python tools/demo-model/export.py
venv/bin/python tools/demo-model/card.py
```
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(".cache/demo-model"))
    args = parser.parse_args()
    evaluation = json.loads((args.folder / "evaluation.json").read_text())
    families, claimed = evaluation["families"], evaluation["claimed"]
    rows = [
        f"| {each['title']} | {each['right']} of {each['of']} | {'yes' if name in claimed else 'no'} |"
        for name, each in sorted(families.items(), key=lambda item: -item[1]["right"] / max(1, item[1]["of"]))
        if each["of"] > 0
    ]
    config = Config()
    card = CARD.format(
        parameters=sum(p.numel() for p in Llama(config).parameters()),
        megabytes=FILE.stat().st_size / 1e6,
        tokens=torch.load(args.folder / "model.pt")["tokens"],
        file=FILE.name,
        count=max(each["of"] for each in families.values()),
        claimed=len(claimed),
        right=sum(families[name]["right"] for name in claimed),
        of=sum(families[name]["of"] for name in claimed),
        bar=CLAIMED_FROM,
        note=evaluation.get("note", "") and evaluation["note"] + "\n\n",
        share=evaluation["claimedAccuracy"],
        rows="\n".join(rows),
        **vars(config),
    )
    (FILE.parent / "README.md").write_text(card)


if __name__ == "__main__":
    main()
