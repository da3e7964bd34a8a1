"""Looking up a cached answer among as many as an app may have: `python -m bench.cached [--json]`.

The questions are made of a fixed vocabulary with a fixed seed. Each kind of lookup is timed in turns with two
references of the same run; medians of rounds. `each`: the same coefficient, with each entry's set of trigrams in
turn. `difflib`: `get_close_matches` of the standard library, by another measure with the same threshold.
`same_as_each`: whether the index finds just what comparing with each does.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import statistics
import time
from collections.abc import Callable

from serinus.core.routing.cached import CONFIDENCE, MOST, CachedAnswer, Questions, normalised

_VOCABULARY = """
how do i reset my password cancel the order get a refund for shipping time address change account delete invoice where
is to can you please help with payment card return policy opening hours weekend size colour when will it arrive what
does cost plan month year subscription upgrade team member invite email phone support number
"""
_WORDS = _VOCABULARY.split()
_ROUNDS, _LOOKUPS, _REFERENCES = 9, 400, 3


def entries(rng: random.Random) -> list[CachedAnswer]:
    """As many different questions as gateways take of an app, of 4 to 12 words."""
    asked: dict[str, None] = {}
    while len(asked) < MOST:
        asked[" ".join(rng.choice(_WORDS) for _ in range(rng.randint(4, 12)))] = None
    return [CachedAnswer(asked=normalised(text), answer="x", version="v") for text in asked]


def changed(rng: random.Random, text: str) -> str:
    """The question with one of its words replaced by another."""
    words = text.split()
    words[rng.randrange(len(words))] = rng.choice(_WORDS)
    return " ".join(words)


def _us(act: Callable[[str], object], asked: list[str], count: int) -> float:
    begun = time.perf_counter()
    for number in range(count):
        act(asked[number % len(asked)])
    return (time.perf_counter() - begun) / count * 1e6


def measured() -> dict[str, float]:
    """The figures of one run."""
    rng = random.Random(7)
    known = entries(rng)
    texts = [one.asked for one in known]
    kinds = {"same": texts, "like": [changed(rng, text) for text in texts], "none": [text[::-1] for text in texts]}
    questions, sets = Questions(known), [trigrams(text) for text in texts]

    def each(asked: str) -> tuple[float, int]:
        grams = trigrams(normalised(asked))
        return max((2 * len(grams & own) / (len(grams) + len(own)), -place) for place, own in enumerate(sets))

    def library(asked: str) -> list[str]:
        return difflib.get_close_matches(normalised(asked), texts, 1, CONFIDENCE)

    seen: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):
        for name, asked in kinds.items():
            seen.setdefault(f"{name}_us", []).append(_us(questions.find, asked, _LOOKUPS))
            seen.setdefault(f"{name}_each_us", []).append(_us(each, asked, _LOOKUPS // 4))
            seen.setdefault(f"{name}_difflib_us", []).append(_us(library, asked, _REFERENCES))
        begun = time.perf_counter()
        Questions(known)
        seen.setdefault("made_ready_ms", []).append((time.perf_counter() - begun) * 1e3)
    figures = {name: round(statistics.median(values), 2) for name, values in seen.items()}
    for name in kinds:
        for reference in ("each", "difflib"):
            figures[f"{name}_{reference}_times"] = round(figures[f"{name}_{reference}_us"] / figures[f"{name}_us"], 1)
    found = [(questions.find(text), each(text)) for text in kinds["like"]]
    figures["same_as_each"] = float(all(m is not None and m.similarity == like for m, (like, _) in found))
    return figures


def trigrams(text: str) -> set[str]:
    """Of a text with a space at both ends."""
    padded = f" {text} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = measured()
    if asked.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value:>10,.2f}")


if __name__ == "__main__":
    main()
