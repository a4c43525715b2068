"""Sentences that are changed, and reviews that are judged."""

from facts import PASTS
from phrases import wording

from .base import done, family, instance

SUBJECTS = {"I": 1, "We": 1, "They": 1, "You": 1, "He": 3, "She": 3, "Anna": 3, "Tom": 3, "My friend": 3, "The teacher": 3}
VERBS = {
    "like": ["tea", "music", "cats", "apples", "the park"], "read": ["books", "the letter", "a story"],
    "play": ["football", "the piano", "games"], "drink": ["milk", "coffee", "water"], "eat": ["bread", "cake", "rice"],
    "see": ["the sea", "a bird", "the moon"], "want": ["a dog", "a new car", "ice cream"], "clean": ["the house", "the kitchen"],
    "cook": ["soup", "dinner"], "write": ["letters", "a poem"], "need": ["help", "money", "a pen"], "know": ["the answer", "the way"],
}
PAST_OF = dict(PASTS) | {"want": "wanted", "need": "needed"}


def third(verb: str) -> str:
    return verb + "es" if verb.endswith(("s", "sh", "ch", "x", "o")) else verb + "s"


def sentence(rng, test, key):
    def draw():
        subject, verb = rng.choice(list(SUBJECTS)), rng.choice(list(VERBS))
        return key, subject, verb, rng.choice(VERBS[verb])

    drawn = instance(rng, test, draw)
    return drawn and drawn[1:]


def rewrite(rng, test, key, task, change):
    """`task` is a pattern; the sentence follows it, or is given as input."""
    parts = sentence(rng, test, key)
    text = wording([task], rng, test)
    if parts is None or text is None:
        return None
    subject, verb, thing = parts
    plain = f"{subject} {verb if SUBJECTS[subject] == 1 else third(verb)} {thing}."
    answer = change(subject, verb, thing)
    text = text[:1].upper() + text[1:]
    return done(text + ".", answer, given=plain) if rng.random() < 0.35 else done(f"{text}: {plain}", answer)


@family(2.5, "rewriting: negation")
def negate(rng, test):
    def change(subject, verb, thing):
        return f"{subject} {'do' if SUBJECTS[subject] == 1 else 'does'} not {verb} {thing}."

    task = (
        "((make|turn|rewrite|write|put|change) (this sentence|the sentence|the following sentence|this) (negative|in the negative|into a negative one|as a negation)|negate (this sentence|the sentence|the following sentence|this))"
    )
    return rewrite(rng, test, "not", task, change)


@family(2.5, "rewriting: questions")
def question(rng, test):
    def change(subject, verb, thing):
        start = subject if subject in ("I", "Anna", "Tom") else subject[0].lower() + subject[1:]
        return f"{'Do' if SUBJECTS[subject] == 1 else 'Does'} {start} {verb} {thing}?"

    task = (
        "((make|turn|rewrite|write|change) (this sentence|the sentence|the following sentence|this) (into a question|as a question|to a question)|make a question (of|from) (this sentence|the sentence|the following sentence|this)|ask (this sentence|the sentence|the following sentence|this) as a question)"
    )
    return rewrite(rng, test, "ask", task, change)


@family(2.5, "rewriting: past tense")
def into_past(rng, test):
    def change(subject, verb, thing):
        return f"{subject} {PAST_OF[verb]} {thing}."

    task = (
        "((put|rewrite|write|change|turn) (this sentence|the sentence|the following sentence|this) (in the past tense|in the past|into the past tense|to the past))"
    )
    return rewrite(rng, test, "past", task, change)


GOOD = "great wonderful excellent amazing lovely fantastic perfect beautiful delicious brilliant".split()
BAD = "terrible awful horrible boring bad disappointing disgusting ugly poor dreadful".split()
REVIEWED = ["movie", "food", "hotel", "book", "service", "game", "song", "trip", "restaurant", "phone"]


@family(2, "sentiment of reviews")
def sentiment(rng, test):
    drawn = instance(rng, test, lambda: (rng.choice(REVIEWED), rng.choice(GOOD + BAD), rng.randrange(5)))
    if drawn is None:
        return None
    thing, word, shape = drawn
    review = [
        f"The {thing} was {word}.", f"This {thing} is really {word}!", f"What a {word} {thing}.",
        f"I think the {thing} is {word}.", f"A {word} {thing}, I must say.",
    ][shape]
    asked = (
        "((is|decide if|tell me if|say whether) (this|the following) (review|text|sentence) (is |)(positive or negative)"
        "|(classify|give|tell me|find) the sentiment (of|in) (this|the following) (review|text|sentence)"
        "|(positive or negative|good or bad|what is the sentiment))"
    )
    task = wording([asked], rng, test)
    if task is None:
        return None
    task = task[:1].upper() + task[1:]
    answer = "Positive." if word in GOOD else "Negative."
    return done(task, answer, given=review) if rng.random() < 0.35 else done(f"{task}: {review}", answer)
