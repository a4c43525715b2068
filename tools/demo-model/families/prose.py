"""Longer texts, small talk and well-known instructions."""

from phrases import casual, wording
from texts import EXAMPLES, JOKES, LETTERS, POEMS, RECIPES, SMALL_TALK, STORY_PARTS, TIPS

from .base import an, ask, done, family


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
