"""The words of simulated answers: customer-support templates by category, and the sentence of each flaw."""

from __future__ import annotations

import re

import orjson

from serinus.sim.chance import Draws
from serinus.sim.rates import Flaw

OTHER = "other"

_KEYWORDS: tuple[tuple[str, str], ...] = (
    ("cancellation", r"\bcancel"),
    ("refund", r"\b(refund|money back|reimburse|return(s|ed|ing)?\b)"),
    ("warranty", r"\b(warranty|broken|broke|repair|defect|faulty|damaged|guarantee)"),
    ("delivery", r"\b(deliver|parcel|package|courier|shipping|shipped|ship|arrive|tracking|late)"),
    ("payment", r"\b(pay|paid|payment|card|charge|invoice|bill|bank|transfer|price|voucher|discount|fee)"),
    (
        "account",
        r"\b(account|password|log ?in|sign(ed|ing)? ?(in|up|out)|email|e-mail|profile|newsletter|address|pin|code)",
    ),
    ("order", r"\b(order|ordered|basket|checkout)"),
    ("product", r"\b(size|colou?r|stock|product|battery|material|compatible|model|fit)"),
)
KEYWORDS = tuple((category, re.compile(pattern, re.I)) for category, pattern in _KEYWORDS)
CATEGORIES: tuple[str, ...] = (*(category for category, _ in KEYWORDS), OTHER)

ANSWERS: dict[str, tuple[str, ...]] = {
    "cancellation": (
        "You can cancel free of charge until the parcel leaves our warehouse.",
        "I have opened the cancellation form for you; please confirm it in your order list.",
    ),
    "refund": (
        "A refund goes back to the means of payment you used, usually within five working days.",
        "Please send the item back with the label in your order list; the refund starts when it reaches us.",
    ),
    "warranty": (
        "A fault like this is covered by the two-year warranty, so we repair or replace it for you.",
        "Please send us a photo of the fault, and we arrange a repair or a replacement.",
    ),
    "delivery": (
        "Your parcel is on its way; the tracking link in the shipping e-mail shows where it is.",
        "Delivery takes two to four working days, and the courier announces the hour in the morning.",
    ),
    "payment": (
        "The amount is reserved when you order and taken only when the parcel leaves us.",
        "You find every payment and its invoice under Payments in your account.",
    ),
    "account": (
        "You can change this under Settings in your account; we send an e-mail to confirm it.",
        "Please use the link on the sign-in page; the new code is valid for fifteen minutes.",
    ),
    "order": (
        "Your order is confirmed, and you can follow each step of it in your order list.",
        "I have looked at your order: it is being packed and leaves us tomorrow.",
    ),
    "product": (
        "The product page lists the sizes and colours that are in stock now.",
        "This model fits what you describe; the data sheet on the product page has the details.",
    ),
    OTHER: (
        "Thank you for telling us; a colleague from the right team will look at it today.",
        "I can help with that: please tell me a little more, such as your order number.",
    ),
}

FILLERS: tuple[str, ...] = (
    "Thank you for your patience.",
    "If anything stays open, just answer this message.",
    "You need not do anything else for now.",
    "We will keep you informed by e-mail.",
    "I am happy to check again at any time.",
    "You can also reach us by telephone on working days.",
    "Please have your order number at hand.",
    "We are sorry for the trouble this has caused.",
    "The whole history stays visible in your account.",
    "Most such cases are settled within two working days.",
)

INVENTED = (
    "As section {n} of our terms says, members of the Comet Club get this done within {h} hours.",
    "Our branch in Altendorf, open day and night, does this for a fee of {n} crowns.",
)
VIOLATIONS = (
    "I have already refunded the full amount, although the 30 days are over.",
    "I have already refunded you twice the price as an exception.",
)
OFF_TONES = (
    "Frankly, that is not our problem.",
    "You should have read the terms before you bought it.",
)
REFUSALS = (
    "I cannot help with that request.",
    "I am not able to answer this question.",
)

_PIECES = re.compile(r"\s*\S{1,8}|\s+$")


def pieces_of(text: str) -> list[str]:
    """The text cut into simulated tokens: up to eight characters with the white space before them."""
    return _PIECES.findall(text)


def category_of(query: str) -> str:
    """The category that a right answer names: the first whose keyword occurs, else `other`."""
    for category, pattern in KEYWORDS:
        if pattern.search(query):
            return category
    return OTHER


def answer_text(category: str, flaws: frozenset[Flaw], tokens: int, draws: Draws) -> str:
    """Sentences about the category of about this many tokens, with the sentence of each flaw among them."""
    sentences = [draws.pick(ANSWERS[category])]
    if Flaw.INVENTED_FACT in flaws:
        sentences.append(draws.pick(INVENTED).format(n=2 + draws.below(40), h=1 + draws.below(12)))
    if Flaw.POLICY_VIOLATION in flaws:
        sentences.append(draws.pick(VIOLATIONS))
    if Flaw.OFF_TONE in flaws:
        sentences.append(draws.pick(OFF_TONES))
    characters = sum(map(len, sentences))
    first = draws.below(len(FILLERS))
    for step in range(max(0, tokens)):
        if characters >= tokens * 5:
            break
        filler = FILLERS[(first + step) % len(FILLERS)]
        sentences.append(filler)
        characters += len(filler)
    return " ".join(sentences)


def json_text(answer: str, category: str, broken: bool, draws: Draws) -> str:
    """The JSON object asked for; broken: cut off in the middle, or wrapped in prose and a code fence."""
    whole = orjson.dumps({"answer": answer, "category": category}).decode()
    if not broken:
        return whole
    if draws.uniform() < 0.5:
        return whole[: len(whole) // 3 + draws.below(len(whole) // 2)]
    return f"Sure! Here is the answer you asked for:\n```json\n{whole}\n```\nDo you need anything else?"
