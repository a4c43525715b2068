"""Facts about countries."""

from facts import COUNTRIES

from .base import ask, family, upper, WHAT, WHICH


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
