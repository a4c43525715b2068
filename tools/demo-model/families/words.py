"""One word and what belongs to it."""

from facts import DEGREES, OPPOSITES, PASTS, PLURALS, RHYMES, SYNONYMS, WORDS

from .base import ask, family, FAMILIES, listed, quoted, upper, WHAT


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
