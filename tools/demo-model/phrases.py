"""Wordings by grammar: `(what is|whats) the capital of {x}` stands for each of its expansions.

A wording is held out when its hash says so, before anything is filled in: a held-out wording was never trained on with
any fact, though its parts were seen in other wordings. Case and punctuation do not make another wording.
"""

import hashlib
import random
import re

HELD_OUT = 8  # one wording, or instance, of so many is kept for testing

_GROUP = re.compile(r"\(([^()]*)\)")


def held_out(text: str) -> bool:
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) % HELD_OUT == 0


def one(pattern: str, rng: random.Random) -> str:
    """A random expansion; groups nest."""
    while match := _GROUP.search(pattern):
        pattern = pattern[: match.start()] + rng.choice(match[1].split("|")) + pattern[match.end() :]
    return re.sub(r"  +", " ", pattern).strip()


def wording(patterns: list[str], rng: random.Random, test: bool) -> str | None:
    """An expansion from the asked-for side of the split; None where that side has none."""
    for _ in range(60):
        text = one(rng.choice(patterns), rng)
        if held_out(re.sub(r"[^\w{}]+", " ", text.lower()).strip()) == test:
            return text
    return None


def casual(text: str, rng: random.Random) -> str:
    """Sometimes as people type: no capitals, no question mark."""
    kind = rng.random()
    if kind < 0.15:
        text = text.lower()
    elif kind < 0.5:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.3:
        text = text.rstrip("?.!")
    return text
