"""By what a result is known: the content of its inputs, its rule, and the code that makes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zonage.errors import BadInput, suggestion
from zonage.law import Law, load_law
from zonage.project import Project
from zonage.provenance import code_digest
from zonage.scenarios.what_if import METHOD, Value, with_options
from zonage.sources.contents import Content, Contents
from zonage.zoning import Method


@dataclass(frozen=True)
class Rule:
    """Law and method of one work, all values resolved."""

    law: Law
    method: Method

    def to_dict(self) -> dict[str, Any]:
        """Return all that a result depends on: no texts, articles or links."""
        return {
            "law": [self.law.name, self.law.on.isoformat(), self.law.territory],
            "parameters": {item.name: item.value for item in self.law.parameters},
            "method": self.method.to_dict(),
        }


def input_contents(project: Project, contents: Contents) -> dict[str, Content]:
    """Return the content of every file that a project names, by its key in the project file.

    Raises
    ------
    BadInput
        If one is missing or cannot be read.
    """
    found = {}
    for key, path in input_files(project).items():
        try:
            found[key] = contents.of(path)
        except BadInput as error:
            raise error.located(file=project.file, column=key) from None
    return found


def input_files(project: Project) -> dict[str, Path]:
    """Return the files that a project names, by their key in the project file.

    Examples
    --------
    >>> input_files(Project.model_validate({"tiles": {"path": "tiles.csv"}}))
    {'tiles.path': PosixPath('tiles.csv')}
    """
    sections = ("tiles", "territory", "reference", "official")
    return {
        f"{name}.{key}": value
        for name in sections
        if (section := getattr(project, name)) is not None
        for key in type(section).model_fields
        if isinstance(value := getattr(section, key), Path)
    }


def base_rule(project: Project) -> Rule:
    """Return law and method of a project.

    Raises
    ------
    BadInput
        For a law, reform or option that does not exist.
    """
    section = project.law
    law = load_law(section.name, on=section.on, territory=section.territory)
    return Rule(law.reform(section.reform) if section.reform else law, project.options())


def changed_rule(rule: Rule, settings: Mapping[str, Value]) -> Rule:
    """Return a rule with the settings of a scenario.

    Raises
    ------
    BadInput
        For a parameter that neither the law of that day nor the method has, or a wrong value.

    Examples
    --------
    >>> rule = Rule(load_law("qpv", on="2024-01-01"), Method())
    >>> changed_rule(rule, {"qpv.min_population": 800, "method.bridge": 1}).method.bridge
    1
    """
    law, options = {}, {}
    for path, value in settings.items():
        section, _, name = path.partition(".")
        if section == METHOD:
            known = rule.method.to_dict()
            if name not in known:
                raise BadInput("unknown option", column=path, hint=suggestion(name, known))
            options[name] = value
        else:
            law[path] = value
    return Rule(
        rule.law.reform(law) if law else rule.law,
        with_options(rule.method, options) if options else rule.method,
    )


def base_facts(project: Project, inputs: Mapping[str, Content]) -> dict[str, Any]:
    """Return all that the results of a base depend on, besides its rule.

    Files count by name and content, wherever they lie; titles and outputs do not count.
    """
    facts = json.loads(
        project.model_dump_json(exclude={"title", "source", "output", "law", "complement"})
    )
    for key, content in inputs.items():
        section, _, name = key.partition(".")
        facts[section][name] = [content.path.name, content.sha256]
    del facts["method"]
    return {"code": code_digest(), "project": facts}


def result_key(facts: Mapping[str, Any], rule: Rule) -> str:
    """Return the key of a result: 64 hexadecimal digits."""
    return _digest({**facts, "rule": rule.to_dict()})


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=True, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
