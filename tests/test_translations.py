"""Every sentence that a person can see is translated. Needs no gettext tools, so it runs on any machine.

What to do when it fails: `make messages`, then fill in what is empty in locale/.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from chatsite.env import BASE_DIR
from conversations.strings import browser_strings

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
APPS = ("chatsite", "conversations", "inference", "moderation")
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
PLACE = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}|<[^>]+>")
SAY = re.compile(r"""\bsay\(\s*"(\w+)\"""")


def catalog_path(language: str) -> Path:
    return BASE_DIR / "locale" / to_locale(language) / "LC_MESSAGES" / "django.po"


def catalog_read(language: str) -> Catalog:
    with catalog_path(language).open("rb") as file:
        return read_po(file, locale=to_locale(language))


def entries(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def forms(value: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """A message's forms for different numbers, often only one."""
    return [value] if isinstance(value, str) else list(value or ())


def first(value: str | tuple[str, ...] | list[str]) -> str:
    return forms(value)[0]


def source_strings() -> Iterator[tuple[str, str | None, str]]:
    """(file, context, string) of everything marked for translation."""
    sources = [(path, path.read_text()) for app in APPS for path in sorted((BASE_DIR / app).rglob("*.py"))]
    for path in sorted((BASE_DIR / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            # The template's strings as calls of gettext; the rest is filler, whose indentation means nothing.
            lines = templatize(path.read_text(), origin=str(path)).splitlines()
            sources.append((path, "\n".join(line.strip() for line in lines)))
    for path, code in sources:
        for _line, message, _comments, context in extract("python", io.BytesIO(code.encode()), KEYWORDS):
            if first(message):
                yield str(path.relative_to(BASE_DIR)), context, first(message)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_in_the_code_is_in_the_catalogue(language: str) -> None:
    known = {(message.context, first(message.id)) for message in entries(catalog_read(language))}
    found = list(source_strings())
    assert len(found) > 100
    assert [one for one in found if one[1:] not in known] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_untranslated_or_doubtful(language: str) -> None:
    for message in entries(catalog_read(language)):
        strings = forms(message.string)
        assert strings and all(strings), f"not translated: {message.id!r}"
        assert not message.fuzzy, f"marked as doubtful: {message.id!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_places(language: str) -> None:
    for message in entries(catalog_read(language)):
        strings = forms(message.string)
        wanted = sorted(PLACE.findall(forms(message.id)[-1]))
        for string in strings:
            assert sorted(PLACE.findall(string)) == wanted, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_current(language: str) -> None:
    with catalog_path(language).with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for message in entries(catalog_read(language)):
        source = forms(message.id)
        if len(source) > 1:
            got = compiled.ngettext(source[0], source[1], 1)
        elif message.context:
            got = compiled.pgettext(message.context, source[0])
        else:
            got = compiled.gettext(source[0])
        assert [got] == forms(message.string)[:1], f"{message.id!r}: run `make messages`"


def test_the_browser_has_its_sentences() -> None:
    folder = BASE_DIR / "conversations" / "static" / "conversations"
    used = {name for path in folder.glob("*.js") for name in SAY.findall(path.read_text())}
    # `say(turn.phase)`: the phases are names, too.
    assert used | {"thinking", "writing", "checking"} == set(browser_strings())
