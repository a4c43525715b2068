"""The task families: how each is asked, in many wordings, and what is a right answer.

A family is a function from a random generator and a side of the split to an `Example`, or None where that side has none.
Wordings are held out everywhere (phrases.py); instances too where an answer can be computed and not only known.
"""

import random

from . import countries, words, things, numbers, rewriting, prose, conversations  # their order is the samples' order
from .base import FAMILIES, Example

SYSTEMS = ["You are a helpful assistant.", "Answer briefly.", "You are Pronk.", "Be kind.", "You are a teacher."]


def sample(rng: random.Random, test: bool = False, name: str | None = None) -> Example | None:
    """An example of a family (a random one by weight), from one side of the split."""
    chosen = name or rng.choices(list(FAMILIES), [each.weight for each in FAMILIES.values()])[0]
    for _ in range(50):
        example = FAMILIES[chosen].make(rng, test)
        if example:
            example.family = chosen
            return example
    return None


def sample_conversation(rng: random.Random) -> Example:
    """A training example; now and then several in a row, as a chat goes, or with a system message."""
    example = None
    while example is None:
        example = sample(rng)
    if rng.random() < 0.12:
        for _ in range(rng.choice([1, 1, 2])):
            more = sample(rng)
            if more and len(more.turns[0][2]) < 200:
                example.turns = more.turns + example.turns
    if rng.random() < 0.04:
        example.system = rng.choice(SYSTEMS)
    return example
