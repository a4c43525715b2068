"""Follow-ups, and what is declined."""

from facts import COUNTRIES, OPPOSITES, PLURALS
from phrases import casual, wording
from texts import DECLINE, HARD_SUM

from .base import Example, ask, done, family


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
