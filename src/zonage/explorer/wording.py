"""The words of the page, in English and French."""

from __future__ import annotations

from zonage.zoning import REASON_TEXTS, Reason

_TEXTS: dict[str, tuple[str, str]] = {
    "explorer": ("Explorer of priority quarters", "Explorateur des quartiers prioritaires"),
    "model": (
        "An estimate and a model, not a legal zoning.",
        "Une estimation et un modèle, non un zonage légal.",
    ),
    "source": ("Source:", "Source :"),
    "language": ("Language", "Langue"),
    "map": (
        "Map of the tiles. Arrows move a cursor from tile to tile, with Shift they move the map; "
        "plus and minus change the scale, Enter opens the card of the quarter.",
        "Carte des carreaux. Les flèches déplacent un curseur de carreau en carreau, avec Maj "
        "elles déplacent la carte ; plus et moins changent l'échelle, Entrée ouvre la fiche du "
        "quartier.",
    ),
    "nearer": ("Nearer", "Rapprocher"),
    "farther": ("Farther", "Éloigner"),
    "whole_map": ("The whole territory", "Tout le territoire"),
    "search": ("Commune or quarter", "Commune ou quartier"),
    "search_go": ("Search", "Chercher"),
    "base": ("law in force", "droit en vigueur"),
    "views": ("Rule and vintage", "Règle et millésime"),
    "beside": ("Beside it, on the left of the map", "À côté, à gauche de la carte"),
    "nothing": ("nothing", "rien"),
    "divider": ("Where the two maps meet", "Limite entre les deux cartes"),
    "sliders": ("Move the rule", "Faire bouger la règle"),
    "line_slider": ("Income line", "Seuil de revenu"),
    "minimum_slider": ("Minimum population of a quarter", "Population minimale d'un quartier"),
    "reset": ("Back to the law in force", "Revenir au droit en vigueur"),
    "reset_scenario": ("Back to this rule", "Revenir à cette règle"),
    "in_force": ("in force", "en vigueur"),
    "in_scenario": ("in this rule", "selon cette règle"),
    "declared": ("declared", "de revenu déclaré"),
    "disposable": ("disposable income", "de revenu disponible"),
    "totals": ("What is inside", "Ce qui est dedans"),
    "now": ("Shown", "Affiché"),
    "law_column": ("In force", "En vigueur"),
    "difference": ("Difference", "Écart"),
    "quarters": ("Quarters", "Quartiers"),
    "population": ("Inhabitants", "Habitants"),
    "share": ("Share of inhabitants", "Part des habitants"),
    "households": ("households", "ménages"),
    "poor_households": ("Poor households", "Ménages pauvres"),
    "social_dwellings": ("social dwellings", "logements sociaux"),
    "tiles": ("Tiles", "Carreaux"),
    "inhabitants": ("inhabitants", "habitants"),
    "agreement_text": (
        "Agreement with the official quarters, by inhabitants: {f1} (F1); {precision} of those "
        "computed are official, {recall} of those official are computed.",
        "Accord avec les quartiers officiels, en habitants : {f1} (F1) ; {precision} des habitants "
        "calculés sont officiels, {recall} des officiels sont calculés.",
    ),
    "curve": (
        "Inhabitants in quarters by shift of the line (EUR a year)",
        "Habitants en quartier selon le déplacement du seuil (euros par an)",
    ),
    "changes": ("Against the law in force", "Par rapport au droit en vigueur"),
    "no_change": ("The same quarters.", "Les mêmes quartiers."),
    "enters": ("enters", "entre"),
    "leaves": ("leaves", "sort"),
    "grows": ("grows", "grandit"),
    "shrinks": ("shrinks", "rétrécit"),
    "shifts": ("shifts", "se déplace"),
    "merges": ("merges", "fusionne"),
    "splits": ("splits", "se divise"),
    "regroups": ("regroups", "se recompose"),
    "enters_many": ("enter", "entrent"),
    "leaves_many": ("leave", "sortent"),
    "grows_many": ("grow", "grandissent"),
    "shrinks_many": ("shrink", "rétrécissent"),
    "shifts_many": ("shift", "se déplacent"),
    "merges_many": ("merge", "fusionnent"),
    "splits_many": ("split", "se divisent"),
    "regroups_many": ("regroup", "se recomposent"),
    "unchanged_many": ("unchanged", "sans changement"),
    "unchanged": ("unchanged", "sans changement"),
    "layers": ("Layers", "Couches"),
    "layer_quarters": ("Computed quarters", "Quartiers calculés"),
    "layer_official": ("Official outlines", "Périmètres officiels"),
    "layer_communes": ("Borders of communes", "Limites des communes"),
    "layer_names": ("Names of communes", "Noms des communes"),
    "layer_ground": (
        "Base map of IGN (asks the network)", "Fond de plan IGN (interroge le réseau)"
    ),
    "ground_source": ("Base map: IGN, Plan IGN", "Fond de plan : IGN, Plan IGN"),
    "colouring": ("Tiles coloured by", "Carreaux colorés selon"),
    "tiles_people": ("quarters and inhabitants", "quartiers et habitants"),
    "tiles_income": ("estimated median income", "revenu médian estimé"),
    "tiles_entry": ("line from which they are in", "seuil à partir duquel ils entrent"),
    "tiles_probability": ("probability to be in", "probabilité d'être dedans"),
    "tiles_poverty": ("share of poor households", "part des ménages pauvres"),
    "classes": ("Quarters coloured by", "Quartiers colorés selon"),
    "classes_change": ("change against the law", "écart au droit en vigueur"),
    "classes_agreement": ("agreement with the official", "accord avec l'officiel"),
    "stays": ("inside", "dedans"),
    "enters_tile": ("enters", "entre"),
    "leaves_tile": ("leaves", "sort"),
    "found": ("computed and official", "calculé et officiel"),
    "computed_only": ("computed only", "calculé seulement"),
    "official_only": ("official only", "officiel seulement"),
    "official_by_tiles": (
        "Official outlines are drawn along the tiles mostly inside them.",
        "Les périmètres officiels suivent les carreaux situés pour moitié au moins dedans.",
    ),
    "communes_by_tiles": (
        "Borders of communes are drawn along the tiles.",
        "Les limites des communes suivent les carreaux.",
    ),
    "files": ("Take home", "Emporter"),
    "save_geojson": ("Outlines (GeoJSON)", "Contours (GeoJSON)"),
    "save_csv": ("Table (CSV)", "Tableau (CSV)"),
    "print": ("Print", "Imprimer"),
    "close": ("Close", "Fermer"),
    "quarter": ("Quarter", "Quartier"),
    "no_quarter": ("In no quarter", "Hors quartier"),
    "communes": ("Communes", "Communes"),
    "median": ("Estimated median", "Médiane estimée"),
    "line": ("Line", "Seuil"),
    "margin": ("Margin", "Marge"),
    "gone_at": ("gone when the line moves by", "disparaît quand le seuil bouge de"),
    "beyond": ("stays however far the line falls here", "reste aussi bas que descend le seuil ici"),
    "spare": ("{count} inhabitants above the minimum", "{count} habitants au-dessus du minimum"),
    "stability": ("Stability", "Stabilité"),
    "meets_at": ("meets another when the line moves by", "en rejoint un autre quand il bouge de"),
    "meets_none": ("meets no other however far the line rises here",
                   "n'en rejoint aucun aussi haut que monte le seuil ici"),
    "probability": ("Probability", "Probabilité"),
    "counterpart": ("Official counterpart", "Équivalent officiel"),
    "official_share": ("Inhabitants in official quarters", "Habitants en quartier officiel"),
    "none": ("none", "aucun"),
    "unknown": ("unknown commune", "commune inconnue"),
    "imputed": ("spread by INSEE over a group", "répartis par l'INSEE dans un groupe"),
    "poor": ("of them poor", "dont pauvres"),
    "nobody": ("Nobody lives here.", "Personne n'habite ici."),
    "about": ("Rule, method and care", "Règle, méthode et précautions"),
    "law": ("Law:", "Loi :"),
    "calibrated": ("a line given by the user, not the legal one",
                   "seuil donné par l'utilisateur, non le seuil légal"),
    "lines": ("Lines of disposable income:", "Seuils de revenu disponible :"),
    "legal": ("legal line, declared income:", "seuil légal, revenu déclaré :"),
    "too_small": ("too small for the law", "trop petite pour la loi"),
    "method": ("Method (ours, where the law is silent):",
               "Méthode (la nôtre, là où la loi se tait) :"),
    "by_zoning": (
        "The engine zoned the tiles at each of the {count} positions of the sliders (a step of the "
        "line is {step} EUR); the page shows what it found. The line moves by the same amount in "
        "every urban unit.",
        "Le moteur a zoné les carreaux à chacune des {count} positions des curseurs (un pas du "
        "seuil vaut {step} euros) ; la page montre ce qu'il a trouvé. Le seuil bouge du même "
        "montant dans chaque unité urbaine.",
    ),
    "by_tree": (
        "A merge tree holds the {count} positions of the sliders exactly (a step of the line is "
        "{step} EUR). The line moves by the same amount in every urban unit.",
        "Un arbre de fusion contient exactement les {count} positions des curseurs (un pas du "
        "seuil vaut {step} euros). Le seuil bouge du même montant dans chaque unité urbaine.",
    ),
    "needs_script": (
        "This page needs a browser of 2023 or later, with scripts allowed.",
        "Cette page demande un navigateur de 2023 ou plus récent, scripts autorisés.",
    ),
}  # fmt: skip

_OF_A_PROJECT: dict[str, tuple[str, str]] = {
    "reset": ("Back to the project's rule", "Revenir à la règle du projet"),
    "in_force": ("in the project", "selon le projet"),
    "law_column": ("Project", "Projet"),
    "changes": ("Against the project's rule", "Par rapport à la règle du projet"),
    "classes_change": ("change against the project", "écart à la règle du projet"),
    "base": ("rule of the project", "règle du projet"),
}
"""What stands instead where the project reforms the law or gives a line of its own."""


def words(*, in_force: bool) -> dict[str, dict[str, str]]:
    """Return each text of the page by key and language.

    Parameters
    ----------
    in_force : bool
        Whether the first zoning is the law's, or a project's own rule.
    """
    texts = _TEXTS if in_force else _TEXTS | _OF_A_PROJECT
    return {key: {"en": english, "fr": french} for key, (english, french) in texts.items()}


CAVEATS = {
    "en": [
        "The law's quantity, the median declared income per consumption unit, is not published for "
        "tiles: every income here is an estimate.",
        "How tiles become quarters is a model; official outlines follow streets and were "
        "negotiated, so that no computation reproduces them entirely.",
        "Margin, stability and curve are read at the steps of the sliders.",
    ],
    "fr": [
        "La grandeur de la loi, le revenu déclaré médian par unité de consommation, n'est pas "
        "publiée par carreau : tout revenu affiché est une estimation.",
        "Le passage des carreaux aux quartiers est un modèle ; les périmètres officiels suivent "
        "les rues et ont été négociés : aucun calcul ne les reproduit entièrement.",
        "Marge, stabilité et courbe sont lues aux pas des curseurs.",
    ],
}
"""What a reader of the page must know."""


def reason_words() -> dict[str, list[str]]:
    """Return why a tile is in or out, by language and number of the reason."""
    texts = [REASON_TEXTS[reason] for reason in sorted(Reason)]
    return {"en": [english for english, _ in texts], "fr": [french for _, french in texts]}
