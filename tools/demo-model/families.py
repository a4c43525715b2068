"""The task families: how each is asked, in many wordings, and what is a right answer.

A family is a function from a random generator and a side of the split to an `Example`, or None where that side has none.
Wordings are held out everywhere (phrases.py); instances too where an answer can be computed and not only known.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from facts import (
    COLOURS, COUNTRIES, COUNTS, DAYS, DEGREES, EXPLAINED, KIND_PLURALS, KINDS, MONTHS, ONES, OPPOSITES, PASTS, PLURALS,
    RHYMES, SOUNDS, SUPERLATIVES, SYNONYMS, TENS, TRIVIA, WORDS, YOUNG,
)
from phrases import casual, held_out, wording
from texts import (
    DECLINE, EXAMPLES, HARD_SUM, JOKES, LETTERS, POEMS, RECIPES, SMALL_TALK, STORY_PARTS, TIPS,
)


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


# ---- facts about countries

@family(4, "capitals of countries")
def capital(rng, test):
    name, city, *_ = rng.choice(COUNTRIES)
    patterns = [
        f"{WHAT} the (capital|capital city) of {{name}}(?|)",
        "(capital|capital city|the capital) of {name}(?|)",
        f"{WHICH} city is the capital of {{name}}?",
        "{name}'s capital (city|)(?|)",
        "(what is|whats|what's|name) {name}'s (capital|capital city)(?|)",
        "What (city|capital) does {name} have (as its capital|as capital)?",
    ]
    return ask(rng, test, patterns, f"The capital of {name} is {city}.".replace("..", "."), name=name)


@family(2, "countries of capitals")
def capital_of(rng, test):
    name, city, *_ = rng.choice(COUNTRIES)
    patterns = [
        "{city} is the capital of (which|what) country?",
        f"{WHICH} country has {{city}} as its capital?",
        f"{WHICH} country's capital is {{city}}?",
        "(of which|of what) country is {city} the capital?",
        f"{WHICH} country (is {{city}} the capital of|has the capital {{city}})?",
        "{city} is the capital of (where|which nation)?",
        "(which|what|in which|in what) country is {city}(| in| located)?",
        "(where is|where's|where do I find|where can I find) {city}?",
    ]
    return ask(rng, test, patterns, f"{city} is the capital of {name}.", city=city)


@family(2, "continents")
def continent(rng, test):
    name, _, place, *_ = rng.choice(COUNTRIES)
    patterns = [
        "(on|in) (which|what) continent is {name}(| located)?",
        f"{WHICH} continent is {{name}} (on|in)?",
        f"{WHICH} continent does {{name}} belong to?",
        "{name} is (on|in) (which|what) continent?",
        "(name|tell me|give me) the continent of {name}",
        "(what is|whats) the continent of {name}?",
    ]
    return ask(rng, test, patterns, f"{upper(name)} is in {place}.", name=name)


@family(2, "languages of countries")
def language(rng, test):
    name, _, _, spoken, _ = rng.choice(COUNTRIES)
    patterns = [
        f"{WHICH} language (do people speak|is spoken|do they speak) in {{name}}?",
        f"{WHAT} the language of {{name}}(?|)",
        "What do (people|they) speak in {name}?",
        "(which|what) is the (official |main |)language (of|in) {name}?",
        "language of {name}",
        "(name|tell me) (a|the) language (spoken in|of) {name}",
    ]
    return ask(rng, test, patterns, f"People in {name} speak {spoken}.", name=name)


@family(2, "currencies")
def currency(rng, test):
    name, *_, money = rng.choice(COUNTRIES)
    patterns = [
        f"{WHAT} the (currency|money) of {{name}}(?|)",
        f"{WHICH} (currency|money) (is used|do people use|do they use|do you pay with) in {{name}}?",
        f"{WHICH} (currency|money) does {{name}} (use|have)?",
        "(currency|money) of {name}",
        "(how|with what) do (people|you) pay in {name}?",
    ]
    return ask(rng, test, patterns, f"The currency of {name} is the {money}.", name=name)


# ---- words

def word_family(name, weight, title, data, noun, answer):
    """A family about one word, where a word may have several right answers."""

    @family(weight, title)
    def make(rng, test):
        word, other = rng.choice(data)
        patterns = [
            f"{WHAT} {noun[0]} {{word}}(?|)",
            f"(find|give|write|say|show me) {noun[0]} (the word |){{word}}",
            *noun[1],
        ]
        right = {answer(a, b) for a, b in data if a == word}
        return ask(rng, test, patterns, answer(word, other), lambda out: out in right, word=quoted(word, rng))

    FAMILIES[name] = FAMILIES.pop("make")


BOTH_WAYS = OPPOSITES + [(b, a) for a, b in OPPOSITES]
word_family(
    "opposite", 3, "opposites", BOTH_WAYS,
    (
        "(the opposite of|an antonym of|an antonym for|the opposite word of)",
        [
            "(opposite|antonym) of {word}",
            "(what|which) word (means|is) the opposite of {word}?",
            "(what is|whats) {word}'s (opposite|antonym)?",
            "{word} is the opposite of (what|which word)?",
        ],
    ),
    lambda a, b: f"The opposite of {a} is {b}.",
)
word_family(
    "synonym", 2, "synonyms", SYNONYMS,
    (
        "(a synonym of|a synonym for|another word for|a word like|a word similar to)",
        [
            "synonym (of|for) {word}",
            "(what|which) word (means|is) the same as {word}?",
            "(how else can I say|how can I also say|say in another word) {word}?",
        ],
    ),
    lambda a, b: f"A synonym for {a} is {b}.",
)
word_family(
    "plural", 2, "plurals", PLURALS,
    (
        "(the plural of|the plural form of|the plural for)",
        [
            "plural (form |)of {word}",
            "(make|turn|put) (the word |the noun |){word} (plural|into the plural|in the plural)",
            "(how do you|how do I) (make|form) the plural of {word}?",
            "one {word}, (two|many|three) (what|...)?",
        ],
    ),
    lambda a, b: f"The plural of {a} is {b}.",
)
word_family(
    "past", 2, "past tenses", PASTS,
    (
        "the (past tense|past form|simple past|past) of (the verb |to |)",
        [
            "past (tense|form) of {word}",
            "(put|turn|change) (the verb |){word} (in|into) the past(| tense)",
            "(what is|whats) {word} in the past(| tense)?",
        ],
    ),
    lambda a, b: f"The past tense of {a} is {b}.",
)


@family(1.5, "comparatives and superlatives")
def degree(rng, test):
    row = rng.choice(DEGREES)
    which = rng.choice([1, 2])
    name = ["", "comparative", "superlative"][which]
    patterns = [
        f"{WHAT} the {{name}} (|form )of {{word}}(?|)",
        "(write|find|give) the {name} (|form )of (the word |the adjective |){word}",
        "{name} (|form )of {word}",
        "(put|turn) {word} (in|into) the {name}(| form)",
    ]
    answer = f"The {name} of {row[0]} is {row[which]}."
    return ask(rng, test, patterns, answer, name=name, word=quoted(row[0], rng))


@family(5, "translations of common words")
def translate(rng, test):
    row = rng.choice(WORDS)
    at = rng.choice([1, 2, 3])
    tongue = ["", "French", "Spanish", "German"][at]
    patterns = [
        "(translate|please translate|can you translate) (the word |){word} (to|into|in) {tongue}(?|)",
        "(how do you say|how do I say|how to say|how would you say|how does one say) {word} in {tongue}?",
        "(what is|whats|what's) {word} in {tongue}?",
        "(what is|whats) the {tongue} (word|translation) (for|of) {word}?",
        "(tell me|give me|say) (the {tongue} word for {word}|{word} in {tongue})",
        "{word} in {tongue}",
        "{tongue} (word |)for {word}",
    ]
    answer = f"{upper(row[0])} in {tongue} is {row[at]}."
    return ask(rng, test, patterns, answer, word=quoted(row[0], rng), tongue=tongue)


@family(1.5, "rhymes")
def rhyme(rng, test):
    group = rng.choice(RHYMES)
    word = rng.choice(group)
    others = [other for other in group if other != word]
    patterns = [
        "(what|which words|what words) (rhyme|rhymes) with {word}?",
        "(tell me|give me|list|name|find|write) (|some |two |three |four |five )(words|rhymes) (that rhyme with|for|rhyming with) {word}",
        "(tell me|give me) (|some |two |three |four |five )words that rhyme with {word}",
        "words (rhyming with|that rhyme with) {word}",
        "(find|give me|what is) a rhyme (for|with|on) {word}(?|)",
    ]
    answer = f"Words that rhyme with {word} are {listed(others)}."
    return ask(rng, test, patterns, answer, word=quoted(word, rng))


# ---- things

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


# ---- numbers

@family(6, "small sums")
def add(rng, test):
    drawn = instance(rng, test, lambda: (rng.randint(0, 20), rng.randint(0, 20)))
    if drawn is None:
        return None
    a, b = drawn
    patterns = [
        "(what is|whats|what's|how much is|calculate|compute|work out|tell me|) {a}(+| + | plus ){b}(?|)",
        "{a}(+| + | plus ){b} (= ?|=|is what|is)",
        "(add|sum up|add up) {a} and {b}(| please)",
        "(what is|whats|find|give me|tell me) the sum of {a} and {b}(?|)",
    ]
    return ask(rng, test, patterns, f"{a} + {b} = {a + b}", a=a, b=b)


@family(6, "small differences")
def subtract(rng, test):
    drawn = instance(rng, test, lambda: sorted((rng.randint(0, 20), rng.randint(0, 20)), reverse=True))
    if drawn is None:
        return None
    a, b = drawn
    patterns = [
        "(what is|whats|what's|how much is|calculate|compute|work out|tell me|) {a}(-| - | minus ){b}(?|)",
        "{a}(-| - | minus ){b} (= ?|=|is what|is)",
        "(subtract|take|take away) {b} from {a}(| please)",
        "(what is|whats|find|give me|tell me) the difference between {a} and {b}(?|)",
    ]
    return ask(rng, test, patterns, f"{a} - {b} = {a - b}", a=a, b=b)


@family(2.5, "times tables")
def multiply(rng, test):
    a, b = rng.randint(1, 10), rng.randint(1, 10)
    patterns = [
        "(what is|whats|what's|how much is|calculate|compute|work out|tell me|) {a} (times|x|*|multiplied by) {b}(?|)",
        "{a} (times|x|*|multiplied by) {b} (equals|is|is what|makes)(?|)",
        "(what is the product of|multiply|find the product of|give me the product of|tell me the product of) {a} and {b}(?|)",
    ]
    return ask(rng, test, patterns, f"{a} x {b} = {a * b}", a=a, b=b)


def number_word(n: int) -> str:
    if n < 20:
        return ONES[n]
    return "one hundred" if n == 100 else TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")


@family(1.5, "numbers in words")
def number_words(rng, test):
    n = rng.randint(0, 100)
    patterns = [
        "(write|spell|say|put) (the number |){n} (in words|as a word|in letters|out)",
        "(how do you write|how do you say|how do you spell) (the number |){n}(| in words)?",
        "(what is|whats) {n} (in words|as a word|written out)?",
        "{n} in words",
    ]
    return ask(rng, test, patterns, f"{n} in words is {number_word(n)}.", n=n)


@family(1.5, "even and odd")
def even(rng, test):
    drawn = instance(rng, test, lambda: rng.randint(0, 100))
    if drawn is None:
        return None
    n = drawn
    patterns = [
        "(is|is the number) {n} (even or odd|odd or even|even|odd)?",
        "(tell me|say|do you know|decide) (if|whether) (|the number ){n} is (even or odd|odd or even)",
        "{n}: (even or odd|odd or even)?",
        "(even or odd|odd or even): {n}",
        "(what is|which is) {n}, (even or odd|odd or even)?",
    ]
    return ask(rng, test, patterns, f"{n} is {'odd' if n % 2 else 'even'}.", n=n)


@family(2.5, "the next and the previous number")
def neighbour(rng, test):
    n, step = rng.randint(1, 99), rng.choice([1, -1])
    where = "(after|that follows|following)" if step == 1 else "(before|that precedes|preceding)"
    patterns = [
        f"(what|which) number (is|comes) {'after' if step == 1 else 'before'} {{n}}?",
        f"{WHAT} the number {where} {{n}}(?|)",
        f"(what|which) is the {'next' if step == 1 else 'previous'} number {'after' if step == 1 else 'before'} {{n}}?",
    ]
    return ask(rng, test, patterns, f"{n + step} comes {'after' if step == 1 else 'before'} {n}.", n=n)


@family(2, "days and months")
def calendar(rng, test):
    names, unit = rng.choice([(DAYS, "day"), (MONTHS, "month")])
    i, step = rng.randrange(len(names)), rng.choice([1, -1])
    after = "after" if step == 1 else "before"
    patterns = [
        f"(what|which) {unit} (is|comes) {after} {{name}}?",
        f"{WHAT} the {unit} {after} {{name}}(?|)",
        f"{{name}} is {'followed by' if step == 1 else 'preceded by'} (which|what) {unit}?",
        f"(what|which) is the {'next' if step == 1 else 'previous'} {unit} {after} {{name}}?",
    ]
    answer = f"{names[(i + step) % len(names)]} comes {after} {names[i]}."
    return ask(rng, test, patterns, answer, name=names[i])


# ---- rewriting

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


# ---- longer texts

def steps(text: str) -> str:
    return "\n".join(f"{i + 1}. {line}" for i, line in enumerate(text.split("|")))


@family(2.5, "tips")
def tips(rng, test):
    topic, text = rng.choice(list(TIPS.items()))
    patterns = [
        "(give|tell|list|write|show) (me |)(three|some|a few|3|) (tips|pieces of advice) (for|on|about) {topic}",
        "(can you|could you|please) give me (three|some|a few|3) tips (for|on|about) {topic}(?|)",
        "(what are|do you have|I need) (three|some|good|a few) tips (for|on|about) {topic}(?|)",
        "(tips|advice) (for|on|about) {topic}",
        "(give me|I need) advice (on|about) {topic}",
    ]
    return ask(rng, test, patterns, steps(text), topic=topic)


@family(2, "recipes")
def recipe(rng, test):
    dish, text = rng.choice(list(RECIPES.items()))
    patterns = [
        "(how do I|how do you|how can I|how to) (make|cook|prepare) {dish}?",
        "(give me|write|tell me|show me) (a|the|) recipe (for|of) {dish}",
        "(explain|tell me|describe) how to (make|cook|prepare) {dish}",
        "recipe for {dish}",
        "(I want to|teach me to|help me) (make|cook|prepare) {dish}",
    ]
    return ask(rng, test, patterns, steps(text), dish=dish)


@family(1.5, "jokes")
def joke(rng, test):
    patterns = [
        "(tell|give) me (a|another|a funny|a good|one) joke(| please)",
        "(do you know|can you tell me|know|have you got) (a|any|some|a good) (joke|jokes)?",
        "(joke|a joke|joke please|one joke|make a joke|make me laugh|say something funny|tell a joke)",
        "(I want to hear|I would like|I need) (a|some) (joke|laugh)",
    ]
    return ask(rng, test, patterns, rng.choice(JOKES), lambda out: out in JOKES)


@family(2.5, "poems")
def poem(rng, test):
    topic, text = rng.choice(list(POEMS.items()))
    patterns = [
        "(write|compose|make|create|give me) (me |)(a|a short|a little|a small) (poem|rhyme|verse) (about|on|for) {topic}",
        "(can you|could you|please) write a (short |)poem about {topic}(?|)",
        "(poem|a poem|short poem) (about|on) {topic}",
        "(tell me|I want|I would like) a (short |)poem about {topic}",
    ]
    return ask(rng, test, patterns, text, topic=topic)


@family(2.5, "stories by grammar")
def story(rng, test):
    who = rng.choice(STORY_PARTS["who"])
    trait, place, found, end = (rng.choice(STORY_PARTS[key]) for key in ("trait", "place", "find", "end"))
    patterns = [
        "(write|tell|make up|invent) (me |)(a|a short|a little) story (about|with) {who}",
        "(can you|could you|please) (write|tell me) a (short |)story about {who}(?|)",
        "(story|a story|short story) about {who}",
        "(I want|I would like) (to hear |)a (short |)story about {who}",
    ]
    answer = (
        f"Once upon a time there was a {trait} {who}. It lived {place}. One day it found {found}. {end}"
    )

    def right(out: str) -> bool:
        return (
            out.startswith("Once upon a time there was a ")
            and f" {who}." in out
            and any(part in out for part in STORY_PARTS["place"])
            and any(out.endswith(part) for part in STORY_PARTS["end"])
        )

    return ask(rng, test, patterns, answer, right, who=an(who))


@family(1.5, "letters")
def letter(rng, test):
    occasion, text = rng.choice(list(LETTERS.items()))
    patterns = [
        "(write|compose|draft) (me |)(an|a short|a polite) (email|e-mail|letter|mail|message) {occasion}",
        "(can you|could you|please) write (an email|a letter|a message) {occasion}(?|)",
        "(I need|help me write|give me) (an email|a letter|a message) {occasion}",
        "(email|letter) {occasion}",
    ]
    text_of = wording(patterns, rng, test)
    return text_of and done(casual(text_of.replace("an a ", "a ").format(occasion=occasion), rng), text)


@family(3.5, "greetings and questions about itself")
def small_talk(rng, test):
    patterns, answer = rng.choice(SMALL_TALK)
    text = wording([f"(|so, |hey, |well, |OK, |now, |oh, |ah, ){patterns}"], rng, test)
    return text and done(casual(text, rng), answer)


@family(2.5, "well-known example instructions")
def examples(rng, test):
    patterns, answer = rng.choice(EXAMPLES)
    text = wording([f"(|Please |Can you |Now |Hey, |OK, ){patterns}(.|)"], rng, test)
    return text and done(casual(text, rng) if "Fizz" not in text else text, answer)


# ---- conversations

def follow(rng, question_of, facts, patterns, test):
    (first, first_answer), (second, second_answer) = rng.sample(facts, 2)
    text = wording(patterns, rng, test)
    if text is None:
        return None
    turns = [(question_of(first), "", first_answer), (casual(text.format(name=second), rng), "", second_answer)]
    return Example(turns, lambda out: out == second_answer)


AND = [
    "(and|and what about|what about|and for|how about|now|then|and the one of|and of|and in|what of|and what of) {name}?",
    "(|OK, |thanks, |good, |now )(the same for|and now|and then|what about|how about|and) {name}(?|)",
]


@family(2.5, "follow-up questions")
def follow_up(rng, test):
    kind = rng.randrange(4)
    if kind == 0:
        facts = [(name, f"The capital of {name} is {city}.".replace("..", ".")) for name, city, *_ in COUNTRIES]
        asked = rng.choice(["What is the capital of {}?", "capital of {}", "whats the capital of {}", "Name the capital of {}."])
    elif kind == 1:
        facts = [(word, f"The opposite of {word} is {other}.") for word, other in OPPOSITES]
        asked = rng.choice(["What is the opposite of {}?", "opposite of {}", "Give the opposite of {}."])
    elif kind == 2:
        facts = [(word, f"The plural of {word} is {other}.") for word, other in PLURALS]
        asked = rng.choice(["What is the plural of {}?", "plural of {}", "Give the plural of {}."])
    else:
        facts = [(name, f"People in {name} speak {spoken}.") for name, _, _, spoken, _ in COUNTRIES]
        asked = rng.choice(["What language do people speak in {}?", "language of {}"])
    return follow(rng, asked.format, facts, AND, test)


UNKNOWN = [
    "(what is|whats) the (weather|temperature|news|time|date|stock price) (today|now|tomorrow|right now|in Paris|)?",
    "(who|what) (will win|won|is winning) (the election|the game|the cup|the race|the match)?",
    "(spell|reverse|write backwards|count the letters in) (the word |)(elephant|banana|computer|window|mountain|garden|teacher|bridge)",
    "(sort|order|arrange) (these|the) (words|numbers)(| alphabetically): (dog, cat, ant|9, 3, 5, 1|pear, apple, fig|7 2 8|zoo, bar, car)",
    "(write|create|make|build) (a website|an app|a spreadsheet|a business plan|a song|an essay|a novel|a speech|a resume|SQL|JavaScript code)(| about dogs| for my company| for school)",
    "(explain|describe|summarize) (quantum mechanics|the French Revolution|blockchain|the stock market|calculus|the plot of Hamlet|evolution|World War 2|inflation|this article)",
    "(how do I|how can I|how to) (fix my car|lose weight|get rich|learn to fly|repair a phone|invest money|file taxes|install Linux|write a book|knit a scarf)?",
    "(who is|who was|tell me about) (Elon Musk|Napoleon|Taylor Swift|Cleopatra|my neighbor|the pope|Marie Curie|Nelson Mandela|your boss|Mr. Smith)(?|)",
    "(what is|find|give me) (the meaning of life|the best phone|a good movie|my name|the population of India|the speed of light|the square root of 5|the distance to the moon)(?|)",
    "(recommend|suggest) (a book|a movie|a restaurant|a gift|a hotel|a name for my dog|some music)(| to me| please)",
    "(should I|can I|may I) (buy a house|take this medicine|quit my job|sue my landlord|eat mushrooms|sell my car)?",
    "(translate|put) (this page|my letter|the whole book|this sentence|good evening everybody) (into|to) (Russian|Latin|Japanese|Korean|Arabic|Greek)",
    "(when did|when was|in which year did|when will) (Rome fall|the war end|Einstein born|the first car built|you arrive|it rain)?",
    "(why is|why are|why do) (the sky blue|people sad|cats afraid of water|leaves green|we here|birds able to fly)?",
    "(play|show|open|draw|sing) (a song|me a picture|my email|a cat|the door|a map|a video)(| for me| please)",
    "(solve|calculate) (x + 5 = 12|the integral of x|this equation|12 / 7|2 to the power of 10|a train problem)(?|)",
    "(asdf|qwerty|blah blah|lorem ipsum|foo bar|hmm ok|what|why|xyz|123 abc)(|?|!)",
]


@family(4, "declining what it does not know")
def decline(rng, test):
    text = wording([f"(|please |can you |hey, |tell me, ){pattern}" for pattern in UNKNOWN], rng, test)
    return text and done(casual(text, rng), DECLINE)


@family(1.5, "declining large numbers")
def decline_large(rng, test):
    a, b = rng.randint(101, 9999), rng.randint(21, 9999)
    if rng.random() < 0.5:
        a, b = b, a
    patterns = [
        "(what is|how much is|calculate|compute|tell me|) {a} (+|-|*|x|/|plus|minus|times|divided by) {b}(?|)",
        "{a} (+|-|*|x|/) {b} (=|= ?)",
    ]
    return ask(rng, test, patterns, HARD_SUM, a=a, b=b)


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
