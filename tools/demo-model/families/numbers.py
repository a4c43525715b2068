"""Sums, number words and the calendar."""

from facts import DAYS, MONTHS, ONES, TENS

from .base import ask, family, instance, WHAT


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
