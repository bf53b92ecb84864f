"""An explanation as lines of plain text, for a terminal or a page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.timesince import timesince

from parts.blocking.explain import DefectFact, Explanation, OfferFact, OptionFact, SystemFact


def lines(explanation: Explanation) -> Iterator[str]:
    """The explanation, outermost fact first, each step further in by two spaces."""
    reasons = f" ({', '.join(explanation.reasons)})" if explanation.reasons else ""
    yield f"In {explanation.region}: {explanation.verdict}{reasons}"
    if explanation.stored and explanation.stored != explanation.verdict:
        yield f"  stored by the last decision: {explanation.stored}, to be decided again"
    elif explanation.since:
        yield f"  since {explanation.since:%d %B %Y %H:%M} UTC"
    if not explanation.defects:
        yield "  no defects at the newest visit"
    for defect in explanation.defects:
        yield from _indented(_defect(defect, explanation.at))
    if explanation.would_free:
        yield "Any one of these would free it:"
        yield from (f"  {change}" for change in explanation.would_free)
    elif explanation.reasons:
        yield "No single change would free it."


def _defect(defect: DefectFact, at: datetime) -> Iterator[str]:
    yield f"{'Failed on' if defect.is_failing else 'Advised'}: {defect.text}"
    reasons = f" ({', '.join(defect.reasons)})" if defect.reasons else ""
    yield f"  mended by: {defect.repair}{': ' + defect.verdict if defect.verdict else ''}{reasons}"
    if defect.needs_vin:
        yield "  needs the VIN: which parts fit depends on the chassis number, and nobody has entered it"
    yield from (f"  an admin says: {word}" for word in defect.overrides)
    for requirement in defect.requirements:
        by_vin = ", chosen by VIN" if requirement.by_vin else ""
        yield f"  needs {requirement.name}{by_vin}: {requirement.state}"
        if not requirement.options:
            yield "    no part is known to fit"
        for option in requirement.options:
            yield from _indented(_option(option, at), 4)
    for system in defect.systems:
        yield f"  needs {_system(system)}"


def _option(option: OptionFact, at: datetime) -> Iterator[str]:
    together = f", together with the others of set {option.needed_with}" if option.needed_with else ""
    fits = f", {option.fits}" if option.fits else ""
    yield f"{option.quantity} of {option.brand} {option.part_number}{fits}{together}: {option.state}"
    if not option.is_brand_covered:
        yield "  no up-to-date source covers this brand"
    elif not option.offers:
        yield "  not listed by any source"
    yield from (f"  {_offer(offer, at)}" for offer in option.offers)


def _offer(offer: OfferFact, at: datetime) -> str:
    quantity = "" if offer.quantity is None else f", {offer.quantity}"
    dealer = f" of {offer.dealer}" if offer.dealer else ""
    return (
        f"{offer.supplier}, {offer.tier} {offer.branch}{dealer}: {offer.availability}{quantity}"
        f" ({offer.freshness}, {_age(offer.confirmed_at, at)}); counts: {offer.counts}"
    )


def _system(system: SystemFact) -> str:
    reached = "reached" if system.is_reached else "not reached"
    return (
        f"{system.system}: {reached}; not down at {len(system.dealers_up)} of"
        f" {len(system.dealers_up) + len(system.dealers_down)} dealers of the make"
    )


def _age(confirmed_at: datetime | None, at: datetime) -> str:
    if confirmed_at is None:
        return "never confirmed"
    return f"confirmed {timesince(confirmed_at, at)} ago"


def _indented(inner: Iterator[str], by: int = 2) -> Iterator[str]:
    return (" " * by + line for line in inner)
