"""What a family is, and what all of them share."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from phrases import casual, held_out, wording


@dataclass
class Example:
    """A conversation; the last turn is the one that is checked."""

    turns: list[tuple[str, str, str]]  # instruction, input, answer
    right: Callable[[str], bool]
    family: str = ""
    system: str = ""


@dataclass
class Family:
    make: Callable[[random.Random, bool], Example | None]
    weight: float
    title: str
    patterns: list[str] = field(default_factory=list)


FAMILIES: dict[str, Family] = {}


def family(weight: float, title: str):
    def register(make):
        FAMILIES[make.__name__] = Family(make, weight, title)
        return make

    return register


def ask(rng, test, patterns, answer, right=None, given="", **values) -> Example | None:
    """An example in one of these wordings; `{name}` in a pattern is filled from `values`."""
    text = wording(patterns, rng, test)
    if text is None:
        return None
    return done(casual(text.format(**values), rng), answer, right, given)


def done(question, answer, right=None, given="") -> Example:
    return Example([(question, given, answer)], right or (lambda out: out == answer))


def quoted(word: str, rng: random.Random) -> str:
    return rng.choice([word, word, f'"{word}"', f"'{word}'"])


def instance(rng, test, draw, attempts=200):
    """A draw whose place in the split is the asked-for one; all of them where wordings alone are tested."""
    for _ in range(attempts):
        value = draw()
        if held_out(repr(value)) == test:
            return value
    return None


def an(word: str) -> str:
    return ("an " if word[0].lower() in "aeiou" else "a ") + word


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1]


TELL = "(tell me|can you tell me|please tell me|do you know|I want to know|could you tell me)"
WHAT = f"(what is|whats|what's|name|give me|tell me|please give me|can you name|do you know|{TELL} what is)"
WHICH = f"(what|which|{TELL} (what|which))"
