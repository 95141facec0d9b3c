"""Rules by which tiles are published, and the year of their incomes."""

SECRECY = 11
"""Fewest households that a published value may rest on."""

POVERTY_LINE = 13_158
"""EUR a year: 60 % of the median of metropolitan France in 2019 (21 930)."""

POVERTY_CAP = 0.8
"""Largest share of poor households that is published."""

WINSORISED = (9_300, 48_000)
"""EUR a year between which incomes are brought before they are summed (near those of the Nord)."""

VINTAGE = 2019
"""Year whose incomes the territories have."""
