"""The command that brings published files into the cache: fetch."""

from __future__ import annotations

import argparse
from typing import Any

from zonage.commands._arguments import Tell, command

FAILED = 1
"""Exit code where a file did not come."""


def add_commands(commands: Any) -> None:
    """Declare the command of this module."""
    parser = command(
        commands,
        "fetch",
        fetch_files,
        "bring published files into the cache by name, checked and ready to be read",
        "zonage fetch insee-tiles-2019 qpv-2024",
    )
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="a published file, or the beginning that several share, such as insee-tiles",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the published files and what is in the cache"
    )
    parser.add_argument(
        "--cache", metavar="FOLDER", help="default: $ZONAGE_CACHE, or the user's cache folder"
    )
    parser.add_argument(
        "--refresh",
        action="store_true",
        help="fetch again, and take what comes even where the publisher changed it",
    )
    parser.add_argument(
        "--from",
        metavar="FILE",
        dest="source",
        help="take this file, downloaded by hand, for the one NAME",
    )


def fetch_files(options: argparse.Namespace, tell: Tell) -> str | tuple[str, int]:
    """Fetch the named files, or list what can be fetched; one that fails stops no other."""
    from pathlib import Path

    from zonage.errors import BadInput, ZonageError
    from zonage.sources.download import Cache, catalogue, default_cache, fetch, names_for
    from zonage.texts.fetch import fetched_text, list_text

    cache = Cache(default_cache() if options.cache is None else Path(options.cache).absolute())
    if options.list or not options.names:
        names = names_for(options.names) if options.names else list(catalogue())
        return list_text({name: cache.version(name) for name in names}, cache.folder)
    names = names_for(options.names)
    if options.source is not None and len(names) != 1:
        raise BadInput("--from brings the file of one name", found=", ".join(names))
    failed: dict[str, ZonageError] = {}
    for name in names:
        try:
            fetch(
                name, cache=cache.folder, refresh=options.refresh, source=options.source, tell=tell
            )
        except ZonageError as error:
            if len(names) == 1:
                raise
            failed[name] = error
            tell(str(error))
    held = {name: cache.version(name) for name in names if name not in failed}
    return fetched_text(held, list(failed)), FAILED if failed else 0
