"""Texts that transformers' beam search finds with the model `tales`, in float64: src/testing/fixtures/golden/beams.json.

Prompts of few ids, so that beams part; ends that come early, so that texts of several lengths compete.

    python -m venv venv && venv/bin/pip install torch transformers safetensors
    venv/bin/python -P tools/golden/beams.py
"""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

fixtures = Path(__file__).parents[2] / "src/testing/fixtures"
model = AutoModelForCausalLM.from_pretrained(fixtures / "tales", dtype=torch.float64)
cases = []
for prompt, beams, penalty, early, ends, most in [
    ([1, 300, 45], 2, 1.0, False, [2], 12),
    ([1, 300, 45], 3, 1.0, False, [2, 420], 24),
    ([1, 300, 45], 4, 1.0, False, [2, 420, 261], 24),
    ([1, 77, 401, 19], 4, 1.0, True, [2, 420], 24),
    ([1, 77, 401, 19], 4, 0.0, "never", [2, 420], 24),
    ([1, 77, 401, 19], 3, 2.5, "never", [2, 420], 24),
    ([1, 500, 499, 120], 4, 1.0, False, [2], 1),
    ([1, 500, 499, 120], 4, 1.0, False, [2, 261, 331], 30),
    ([1, 33], 4, -1.0, False, [2, 420], 16),
    ([1], 4, 1.0, False, [2, 486], 20),
]:
    ids = torch.tensor([prompt])
    found = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        num_beams=beams,
        do_sample=False,
        length_penalty=penalty,
        early_stopping=early,
        eos_token_id=ends,
        pad_token_id=0,
        max_new_tokens=most,
        return_dict_in_generate=True,
        output_scores=True,
    )
    cases.append(
        {
            "prompt": prompt,
            "beams": beams,
            "lengthPenalty": penalty,
            "earlyStopping": early,
            "ends": ends,
            "maxTokens": most,
            "ids": found.sequences[0, len(prompt) :].tolist(),
            "score": found.sequences_scores[0].item(),
        }
    )
(fixtures / "golden/beams.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
