"""The law: dated parameters with their legal source, reforms, and the income line they give.

The module itself can be called, as :func:`load_law`: ``zonage.law("qpv", on="2024-01-01")``.
"""

import sys
from types import ModuleType
from typing import Any

from zonage.law.files import LawFile, load_law, parse_law
from zonage.law.model import Law
from zonage.law.parameters import Domain, Parameter, Reform
from zonage.law.reference import Line, Reference, ReferenceUnit

__all__ = [
    "Domain",
    "Law",
    "LawFile",
    "Line",
    "Parameter",
    "Reference",
    "ReferenceUnit",
    "Reform",
    "load_law",
    "parse_law",
]


class _CallableModule(ModuleType):
    """A package has one attribute of a name: the folder `law` is the verb `zonage.law` as well."""

    def __call__(self, *arguments: Any, **options: Any) -> Law:
        return load_law(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
