"""Published files by name, fetched into a cache: checked, pinned, and ready to be read."""

from zonage.sources.download.cache import Cache, default_cache
from zonage.sources.download.catalogue import Entry, catalogue, names_for, parse_catalogue
from zonage.sources.download.fetching import PREFIX, NotFetched, fetch, resolve
from zonage.sources.download.transfer import Rules

__all__ = [
    "PREFIX",
    "Cache",
    "Entry",
    "NotFetched",
    "Rules",
    "catalogue",
    "default_cache",
    "fetch",
    "names_for",
    "parse_catalogue",
    "resolve",
]
