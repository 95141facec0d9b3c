"""Every way from data to layers, in one place: see the modules for each."""

from zonage.complementary.border import border_effect, distances
from zonage.complementary.housing import (
    social_housing_of_counts,
    social_housing_of_dwellings,
    social_housing_of_polygons,
    social_housing_of_tiles,
)
from zonage.complementary.income import income_median, very_low_income
from zonage.complementary.layers import INDICATORS, Indicator, Layer, first_known, to_dataset
from zonage.complementary.school_areas import schools_of_communes, schools_of_sectors
from zonage.complementary.school_mix import school_mix
from zonage.complementary.schools import (
    SURROUNDINGS,
    Surroundings,
    contrast_around,
    deviation,
    mean_ips,
    schools_around,
    spread_within,
)
from zonage.complementary.user import polygon_layer, raster_layer, table_layer, user_indicator

__all__ = [
    "INDICATORS",
    "SURROUNDINGS",
    "Indicator",
    "Layer",
    "Surroundings",
    "border_effect",
    "contrast_around",
    "deviation",
    "distances",
    "first_known",
    "income_median",
    "mean_ips",
    "polygon_layer",
    "raster_layer",
    "school_mix",
    "schools_around",
    "schools_of_communes",
    "schools_of_sectors",
    "social_housing_of_counts",
    "social_housing_of_dwellings",
    "social_housing_of_polygons",
    "social_housing_of_tiles",
    "spread_within",
    "table_layer",
    "to_dataset",
    "user_indicator",
    "very_low_income",
]
