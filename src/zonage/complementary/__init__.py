"""The complementary perimeters of a métropole: what is fragile beside the State's quarters.

A model of ours, never a rule of law: the métropole of Lille names three families of indicators
(very low income, no social mix in schools, a large social housing stock) and the wish to soften the
border of the State's zoning; no numeric rule is public.

The way of an indicator: it is declared in `layers`, brought to the tiles by the module of its
subject (`income`, `schools`, `housing`, `border`, `user`), and held against a rule.
"""
