"""The part of a project file that describes complementary perimeters: data, rule and overlays."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from zonage.complementary.tables import COUNTED
from zonage.project_section import Relative, Section


class SchoolsSection(Section):
    """Schools with their index, their places, and the catchments that they serve."""

    lists: tuple[Relative, ...] = Field(min_length=1, strict=False)
    positions: tuple[Relative, ...] = Field(default=(), strict=False)
    year: str | None = None
    college_sectors: Relative | None = None
    college_code: str | None = None
    ecole_sectors: Relative | None = None
    ecole_code: str | None = None

    @model_validator(mode="after")
    def _codes(self) -> SchoolsSection:
        for level in ("college", "ecole"):
            given = getattr(self, f"{level}_sectors"), getattr(self, f"{level}_code")
            if (given[0] is None) != (given[1] is None):
                raise ValueError(
                    f"{level}_sectors and {level}_code go together: outlines, and their attribute "
                    "with the number (UAI) of the school"
                )
        return self


class HousingSection(Section):
    """Social dwellings, where the tiles' own count is not to be used."""

    dwellings: Relative | None = None
    polygons: Relative | None = None
    code: str | None = None
    rate: str | None = None
    weight: str | None = None
    percent: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> HousingSection:
        if self.dwellings is None and (self.polygons is None or self.rate is None):
            raise ValueError("give dwellings (RPLS), or polygons and the attribute of their rate")
        if self.dwellings is not None and self.rate is not None:
            raise ValueError("give dwellings or a rate of polygons, not both")
        if self.dwellings is not None and self.polygons is not None and self.code is None:
            raise ValueError("polygons of counted dwellings need code, the attribute of their code")
        return self


class LayerSection(Section):
    """An indicator of the user's own."""

    name: str
    path: Relative
    label: str | dict[str, str]
    direction: Literal["high", "low"]
    kind: Literal["polygons", "tiles", "raster"]
    column: str | None = None
    weight: str | None = None
    unit: str = "1"
    missing: Literal["absent", "ignore", "refuse"] = "absent"
    family: str = "user"
    cutoff: float | None = None
    quantile: float | None = None

    @model_validator(mode="after")
    def _column(self) -> LayerSection:
        if (self.column is None) != (self.kind == "raster"):
            raise ValueError("polygons and tiles need a column; a raster has none")
        return self


OVERLAY_COLUMNS = ("product", "tiles", *COUNTED, "counted")
"""Columns of the cross table that are not overlays."""


class OverlaySection(Section):
    """Another zoning to be crossed with quarters and perimeters.

    `code` and `title` name the attributes of its outlines that hold their codes and names, where
    they are not those of the State's lists.
    """

    name: str
    path: Relative
    code: str | None = None
    title: str | None = None

    @field_validator("name")
    @classmethod
    def _column(cls, name: str) -> str:
        """A name is a column of the cross table, beside its own."""
        if name in OVERLAY_COLUMNS:
            raise ValueError(
                f"the table has a column of this name; not {', '.join(OVERLAY_COLUMNS)}"
            )
        if not name.strip() or not name.isprintable():
            raise ValueError("a name on one line, of visible characters")
        return name


class ComplementSection(Section):
    """Complementary perimeters: their indicators, their rule, and what is laid over them."""

    quarters: Literal["computed", "official"] | None = None
    very_low_income_line: float | None = Field(default=None, gt=0)
    schools: SchoolsSection | None = None
    housing: HousingSection | None = None
    rule: dict[str, Any] = Field(default_factory=dict)
    layers: tuple[LayerSection, ...] = Field(default=(), strict=False)
    overlays: tuple[OverlaySection, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _names(self) -> ComplementSection:
        for kind, names in (
            ("layers", [layer.name for layer in self.layers]),
            ("overlays", [overlay.name for overlay in self.overlays]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} of one name: {', '.join(twice)}")
        return self
