"""Translations: complete where we promise it, true to their placeholders, compiled; and no text that escapes them."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import django.conf.locale
import polib
import pytest
from django.utils.translation.template import templatize

from dealers.models import Incident, State, System
from garagehub.lib.geography import REGIONS
from parts.lookup import place, wording
from parts.vehicles.registration import BadRegistrationError, normalise

CHECKOUT = Path(__file__).resolve().parent.parent
LOCALES = sorted(path for path in (CHECKOUT / "locale").iterdir() if path.is_dir())
TEMPLATES = CHECKOUT / "garagehub" / "templates"
# What owners read, and what every reader sees around it.
FOR_OWNERS = [
    *TEMPLATES.glob("base.html"),
    *(TEMPLATES / "web" / name for name in ("home.html", "_board.html", "_verdict.html", "_live.html", "privacy.html")),
    *(
        page
        for folder in ("alerts", "components", "errors", "lookup", "notices")
        for page in (TEMPLATES / folder).glob("*.html")
    ),
    *(letter for folder in ("alerts", "notices") for letter in (TEMPLATES / folder / "mail").glob("*.txt")),
    *(
        CHECKOUT / "dealers" / "notices" / name
        for name in ("audience.py", "letters.py", "plans.py", "subscriptions.py")
    ),
    CHECKOUT / "garagehub" / "accounts" / "strangers.py",
    *(CHECKOUT / "parts" / "lookup").glob("[!_]*.py"),
    *(CHECKOUT / "parts" / "notices" / name for name in ("alerts.py", "letters.py")),
    CHECKOUT / "garagehub" / "web" / "board.py",
    CHECKOUT / "garagehub" / "web" / "templatetags" / "components.py",
]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
CALLS = {"_", "lazy", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
QUOTED = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
IN_TEMPLATE = re.compile(rf"\b(?:_|gettext|ngettext)\(\s*{QUOTED}")


def catalogue(locale: Path) -> polib.POFile:
    return polib.pofile(str(locale / "LC_MESSAGES" / "django.po"))


def msgids(source: Path) -> Iterator[str]:
    """What a source asks to be translated."""
    text = source.read_text(encoding="utf-8")
    if source.suffix in {".html", ".txt"}:
        yield from (ast.literal_eval(found) for found in IN_TEMPLATE.findall(templatize(text)))
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield first.value


@pytest.fixture(params=LOCALES, ids=lambda locale: locale.name)
def locale(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_what_owners_read_is_translated(locale: Path):
    wanted = {text for source in FOR_OWNERS for text in msgids(source)}
    wanted |= {str(label) for kind in (State, System, Incident.Stage) for label in kind.labels}
    assert len(wanted) > 200, "the texts are no longer found"
    done = {entry.msgid for entry in catalogue(locale).translated_entries()}

    assert sorted(wanted - done) == [], "CONTRIBUTING.md says how to translate"


def test_translations_keep_the_placeholders(locale: Path):
    for entry in catalogue(locale).translated_entries():
        named = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
        if not entry.msgid_plural:
            assert set(PLACEHOLDER.findall(entry.msgstr)) == named, entry.msgid
        for number, text in entry.msgstr_plural.items():
            own = set(PLACEHOLDER.findall(entry.msgid)) if number == 0 else named
            assert own <= set(PLACEHOLDER.findall(text)) <= named, entry.msgid


def test_translations_begin_and_end_like_the_text(locale: Path):
    """A full stop, a colon or a space that is lost runs two sentences into one."""
    for entry in catalogue(locale).translated_entries():
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            assert text[:1].isspace() == entry.msgid[:1].isspace(), entry.msgid
            assert text[-1:].isspace() == entry.msgid[-1:].isspace(), entry.msgid
            assert (text[-1:] in ".:?") == (entry.msgid[-1:] in ".:?"), entry.msgid


def test_nothing_is_guessed_and_plurals_are_counted_as_django_counts_them(locale: Path):
    found = catalogue(locale)
    ours = Path(django.conf.locale.__file__).parent / locale.name / "LC_MESSAGES" / "django.po"

    assert found.fuzzy_entries() == []
    assert found.metadata["Plural-Forms"] == polib.pofile(str(ours)).metadata["Plural-Forms"]


def test_what_is_compiled_is_what_is_written(locale: Path):
    with (locale / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog
    written: dict[object, str] = {}
    for entry in catalogue(locale).translated_entries():
        name = f"{entry.msgctxt}\x04{entry.msgid}" if entry.msgctxt else entry.msgid
        written |= {name: entry.msgstr} if entry.msgstr else {}
        written |= {(entry.msgid, number): text for number, text in entry.msgstr_plural.items()}

    assert {text: said for text, said in compiled.items() if text} == written, "run manage.py compilemessages"


def test_what_says_its_words_without_knowing_languages_is_known_to_translators():
    for typed in ("", "x"):
        with pytest.raises(BadRegistrationError) as refused:
            normalise(typed)
        assert str(refused.value) in wording._PLATE_PROBLEMS
    assert {name for _, name in REGIONS} == place.REGIONS_IN_WORDS


SPOKEN = re.compile(r"""\b(?:alt|title|placeholder|aria-label|data-(?:label|fresh|late))=(?:"([^"]*)"|'([^']*)')""")
LEFT_OUT = (
    r"\{#.*?#\}",
    r"\{% comment.*?endcomment %\}",
    r"\{% blocktrans.*?endblocktrans(?:late)? %\}",
    r"\{%.*?%\}",
    r"\{\{.*?\}\}",
)
NAMES = {"GarageHub", "API", "Atom", "RSS"}  # are called so in every language
PAGES = sorted(
    page
    for page in TEMPLATES.rglob("*.html")
    if page.relative_to(TEMPLATES).parts[0] not in {"admin", "drf_spectacular"}  # English for all
)


@pytest.mark.parametrize("template", PAGES, ids=lambda template: str(template.relative_to(TEMPLATES)))
def test_no_text_of_a_page_escapes_translation(template: Path):
    text = template.read_text(encoding="utf-8")
    for pattern in LEFT_OUT:
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    spoken = [first or second for first, second in SPOKEN.findall(text)]
    text = re.sub(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>|&\w+;", " ", text, flags=re.DOTALL)

    assert set(re.findall(r"[^\W\d_]{2,}", " ".join([text, *spoken]))) <= NAMES
