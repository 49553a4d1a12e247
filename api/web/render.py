"""Pages from templates: every value escaped, every word from `api.web.text`, nothing that needs a script."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, partial
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import URL

from api.web.format import hexadecimal, iso, money, short, when
from api.web.story import chapters
from api.web.text import Language, language_of, text


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(when=when, iso=iso, short=short, hex=hexadecimal, money=_money, chapters=chapters)
    return environment


def render(template: str, request: Request, city: str, context: Mapping[str, Any]) -> str:
    """Return a page of this city as HTML text, in the language that the request asks for."""
    language = language_of(request)
    return (
        _environment()
        .get_template(template)
        .render(
            **context,
            language=language,
            t=partial(_text, language),
            own=partial(own_text, language),
            city=city,
            other_language_url=_in(request.url, language.other),
        )
    )


def page(template: str, request: Request, city: str, /, **context: Any) -> HTMLResponse:
    """Return a page as a response that shared caches keep apart by language."""
    response = HTMLResponse(render(template, request, city, context))
    response.headers["Vary"] = "Accept-Language"
    response.headers["Cache-Control"] = "no-cache"
    return response


def own_text(language: Language, texts: Mapping[str, str]) -> str:
    """Return what somebody else wrote in the reader's language, else in the other one."""
    return texts.get(language.value) or texts[language.other.value]


def _text(language: Language, key: str) -> str:
    return text(key, language)


def _money(price: Mapping[str, str]) -> str:
    return money(Decimal(price["amount"]), price["currency"])


def _in(url: URL, language: Language) -> str:
    there = url.include_query_params(lang=language.value)
    return f"{there.path}?{there.query}"
