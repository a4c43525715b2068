"""Animals, colours, kinds and trivia."""

from facts import COLOURS, COUNTS, EXPLAINED, KIND_PLURALS, KINDS, ONES, SOUNDS, SUPERLATIVES, TRIVIA, YOUNG
from phrases import casual, wording

from .base import an, ask, done, family, instance, upper, WHAT, WHICH


@family(1.5, "colors of things")
def colour(rng, test):
    thing, shade = rng.choice(COLOURS)
    patterns = [
        "(what|which) (color|colour) (is|has) {thing}?",
        "(what is|whats|tell me|name|give me) the (color|colour) of {thing}",
        "(color|colour) of {thing}",
        "{thing} has (what|which) (color|colour)?",
    ]
    return ask(rng, test, patterns, f"{upper(thing)} is {shade}.", thing=thing)


@family(1.5, "young animals")
def young(rng, test):
    animal, name = rng.choice(YOUNG)
    patterns = [
        "(what is|whats|how is) (a baby|a young|the young of a|the baby of a) {animal} called?",
        "(what do you|what do we|how do you) call (a baby|a young|the young of a) {animal}?",
        "(what is|whats|tell me|give me) the (name|word) (of|for) (a baby|a young) {animal}",
        "(baby|young) {animal} (name|is called)",
    ]
    return ask(rng, test, patterns, f"A baby {animal} is called {an(name)}.", animal=animal)


@family(1.5, "animal sounds")
def sound(rng, test):
    animal, verb = rng.choice(SOUNDS)
    patterns = [
        "(what|which) (sound|noise) does {animal} make?",
        "(what does {animal} say|what sound comes from {animal}|how does {animal} sound)?",
        "(tell me|do you know) (what|which) (sound|noise) {animal} makes",
        "(sound|noise) of {animal}",
    ]
    return ask(rng, test, patterns, f"{upper(an(animal))} {verb}.", animal=an(animal))


ALL_THINGS = [(thing, kind) for kind, things in KINDS.items() for thing in things]


@family(2, "kinds of things")
def kind_of(rng, test):
    thing, kind = rng.choice(ALL_THINGS)
    patterns = [
        "(what|which) (kind|sort|type) of thing is {thing}?",
        "(what is|whats|what's) {thing}?",
        "(is {thing} a fruit or a tool|what do we call {thing}|classify {thing})?",
        "(name|tell me|give me) the (kind|category|class) of {thing}",
        "(what|which) (category|class|group) (is|does) {thing} (in|belong to)?",
        "(classify|categorize) (the word |){thing}",
    ]
    return ask(rng, test, patterns, f"{upper(thing)} is {an(kind)}.", thing=thing)


@family(4, "yes or no: what things are")
def is_a(rng, test):
    def draw():
        thing, kind = rng.choice(ALL_THINGS)
        return thing, (kind if rng.random() < 0.5 else rng.choice(list(KINDS)))

    drawn = instance(rng, test, draw)
    if drawn is None:
        return None
    thing, asked = drawn
    kinds = {kind for each, kind in ALL_THINGS if each == thing}
    true = asked in kinds or (asked == "animal" and "bird" in kinds)
    if asked == "animal" and "bird" in kinds:
        kinds = {"animal"}
    answer = f"Yes, {thing} is {an(asked)}." if true else f"No, {thing} is {an(sorted(kinds)[0])}."
    right = {answer} if true else {f"No, {thing} is {an(kind)}." for kind in kinds}
    patterns = [
        "(|tell me, |so, |hey, )(is|is a) {thing} {asked}?",
        "(is it true|do you think|would you say) (that |){thing} is {asked}?",
        "{thing} is {asked}(, yes or no|, right|, true or false|, is it)?",
        "(can you call|do we call|do you call) {thing} {asked}?",
    ]
    return ask(rng, test, patterns, answer, lambda out: out in right, thing=thing, asked=an(asked))


@family(5, "lists of things")
def lists(rng, test):
    kind = rng.choice(list(KINDS))
    count = rng.choice([2, 3, 3, 4, 5])
    number = rng.choice([str(count), ONES[count]])
    patterns = [
        "(list|name|give me|tell me|write|write down|name me|show me) {number} {kinds}",
        "(list|name|give me|tell me|write) (some|any|a few) {kinds}",
        "(can you|could you|please) (list|name) {number} {kinds}(?|)",
        "(what are|which are) {number} {kinds}?",
        "{number} {kinds}( please|)",
        "(give me|make|write) a list of {number} {kinds}",
    ]
    text = wording(patterns, rng, test)
    if text is None:
        return None
    if "{number}" not in text:
        count = 3
    # always in one order: where several continuations are as good, a greedy answer says one thing twice
    answer = "\n".join(f"{i + 1}. {upper(thing)}" for i, thing in enumerate(KINDS[kind][:count]))
    members = {upper(thing) for thing in KINDS[kind]}

    def right(out: str) -> bool:
        lines = out.split("\n")
        things = [line.split(". ", 1)[-1] for line in lines]
        numbered = all(line.startswith(f"{i + 1}. ") for i, line in enumerate(lines))
        return numbered and len(lines) == count and len(set(things)) == count and set(things) <= members

    return done(casual(text.format(number=number, kinds=KIND_PLURALS[kind]), rng), answer, right)


@family(1.5, "how many")
def how_many(rng, test):
    thing, number = rng.choice(COUNTS)
    patterns = [
        "(|hey, |so, |and |now, |please, |quick question: |I wonder: |one question: |just tell me: |OK, |well, )how many {thing}(?|)",
        "(tell me|do you know|can you tell me|please tell me|I want to know|say|could you say|I would like to know|do you remember|guess) how many {thing}(?|)",
    ]
    return ask(rng, test, patterns, f"It is {number}.", thing=thing)


@family(1.5, "who did what")
def trivia(rng, test):
    deed, answer = rng.choice(TRIVIA)
    patterns = [
        "(who|which person|what person) {deed}?",
        "(tell me|do you know|can you tell me|please tell me|I want to know) who {deed}",
        "(hey|so|now|please), who {deed}?",
        "(name|give me) (the person|the one) who {deed}",
    ]
    return ask(rng, test, patterns, answer, deed=deed)


@family(1.5, "records of the world")
def superlative(rng, test):
    thing, answer = rng.choice(SUPERLATIVES)
    patterns = [
        f"{WHAT} the {{thing}} (|in the world|of the world|there is)(?|)",
        f"{WHICH} is the {{thing}}(| in the world| of all)?",
        "the {thing}( in the world|)",
    ]
    return ask(rng, test, patterns, answer, thing=thing)


@family(2.5, "explanations of common words")
def explain(rng, test):
    thing, answer = rng.choice(EXPLAINED)
    bare = thing.split(" ", 1)[1] if thing.split()[0] in ("a", "an", "the") else thing
    patterns = [
        "(what is|whats|what's) {thing}?",
        "(explain|define|describe) {thing}",
        "(explain|tell me|can you explain|please explain) (to me |)what {thing} is",
        "(what does the word {bare} mean|what does {bare} mean|meaning of {bare}|define the word {bare})?",
        "(explain|describe|define) {thing} (in one sentence|in simple words|briefly|to a child)",
    ]
    return ask(rng, test, patterns, answer, thing=thing, bare=bare)
