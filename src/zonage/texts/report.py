"""The sentences of the account of a run, in French and English.

A field in braces is a number with its noun, a name, a link, or a list of them.
"""

from __future__ import annotations

REPORT_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        # ---- the whole in a few sentences
        "lead": "zonage computed {quarters} with {people}, {share} of the inhabitants of the "
        "territory, from tiles of {side} m and the law of {day}.",
        "lead_none": "zonage computed no quarter: in the territory, nothing meets the rule of "
        "{day}.",
        "lead_agreement": "Held against the official list{vintage}, the computed quarters hold "
        "{recall} of the inhabitants of the official ones, and {precision} of the inhabitants of "
        "the computed quarters live in official ones.",
        "lead_model": "This is an estimate by a model. It does not decide which quarter is on the "
        "list: a decree does.",
        "vintage": " of {year}",
        "map": "Computed quarters{against}",
        "map_against": " and official ones",
        # ---- territory and data
        "data": "Territory and data",
        "territory": "The territory has {tiles} of {side} m with {people}, in {communes} and "
        "{units}.",
        "incomes": "Their incomes are those of {year}. Source: {source}.",
        "incomes_undated": "The year of their incomes is not known. Source: {source}.",
        "poor": "Of the households, {share} are below the poverty line.",
        "imputed": "{share} of the inhabitants live in imputed tiles, which carry the values of a "
        "group of tiles since too few households live in each (in INSEE's tiles, fewer than 11).",
        "imputed_unknown": "The tiles do not say which of them are imputed.",
        "mean_only": "The tiles do not say how many households are poor, so that incomes are "
        "estimated from the mean alone.",
        # ---- law
        "law": "Law and line",
        "rule": "The law is taken as it stood on {day} ({territory}): a quarter has at least "
        "{minimum}, lies in an urban unit of at least {unit_minimum}, and the median income of its "
        "inhabitants is below the line of that unit.",
        "rule_commune": "The law is taken as it stood on {day} ({territory}): a quarter has at "
        "least {minimum}, lies in a commune of at least {unit_minimum}, and the median income of "
        "its inhabitants is below the line.",
        "line_rule": "The line is {factor} of a weighted mean of the national median and that of "
        "the unit, rounded up to the next {step} EUR.",
        "declared": "The law speaks of declared income, the tiles of disposable income. The legal "
        "line of {unit}, {threshold} EUR declared, is brought to {line} EUR disposable by a map "
        "fitted on published medians, and tiles and quarters are held against the latter.",
        "disposable": "The legal line of {unit} is {line} EUR of disposable income.",
        "calibrated": "This run does not use the legal line. The project sets one of {line} EUR "
        "of disposable income; such a line is chosen, not drawn from the law.",
        "reformed": "The run departs from the law: {changes}. Its quarters are those of a reform, "
        "not of the law in force.",
        "change": "{name} {value} instead of {legal}",
        "lines_table": "urban unit|inhabitants here|median of the unit|legal line|line used, "
        "disposable|remark",
        "outside": "outside any urban unit",
        "unit_small": "too few inhabitants",
        "unit_unknown": "median not known",
        "population_unknown": "population not known",
        "no_line": "no line",
        "from_published": "from published medians",
        "from_estimated": "from estimated medians",
        "chosen": "chosen in the project",
        "parameters": "The parameters of the law on that day, the article and, by its number "
        "below, the text that sets each, and how well it is known:",
        "parameters_table": "parameter|value|article|text|known",
        "verified": "read there",
        "derived": "derived",
        "recalled": "not found in a source",
        "reform_value": "{value} (law: {legal})",
        "yes": "yes",
        "no": "no",
        # ---- method
        "method": "Method",
        "blend": "The median income of each tile is estimated from its mean and its share of poor "
        "households.",
        "log-normal": "The median income of each tile is that of the log-normal that fits its mean "
        "and its share of poor households.",
        "mean": "The median income of each tile is estimated from its mean alone.",
        "smoothing": "People and incomes are first smoothed by a Gaussian kernel of {width} tiles.",
        "flag": "Tiles whose estimated median is below the line are flagged.",
        "border": "A tile up to {margin} above the line is taken in where at least {share} of its "
        "surroundings are flagged.",
        "join_edges": "Tiles that touch by an edge are joined",
        "join_corners": "Tiles that touch by an edge or a corner are joined",
        "within": " within their urban unit.",
        "across": ", across urban units too.",
        "bridge": "Zones less than {gap} apart are one.",
        "holes": "Holes of up to {size} are filled.",
        "complete": "A zone with at least {share} of the minimum population takes in its poorest "
        "neighbours until it has the minimum, as long as its own median stays below the line.",
        "keep": "A zone is kept as a quarter if it has the minimum population{density}{median}.",
        "keep_density": ", at least {density}",
        "keep_median": " and its own median is below the line",
        "model": "Incomes, medians and shares of poor persons are estimated. The steps from tiles "
        "to quarters are a model: the law leaves them open.",
        # ---- results
        "results": "Quarters",
        "margins": "Margin: by how much the line may fall, in EUR a year, before the quarter is "
        "gone.",
        "no_margins": "How far each quarter is from the line: {command}.",
        "quarters_table": "no.|communes|inhabitants|estimated median|line|margin|poor households|"
        "imputed|official quarters",
        "beyond": "over {reach}",
        "more_quarters": "{more} more are in {file}.",
        "quarters_map": "Computed quarters with their numbers",
        "response": "Other lines",
        "response_up": "With a line {shift} EUR higher there would be {quarters} with {people}; "
        "with a line {shift} EUR lower, {quarters_low} with {people_low}.",
        "response_minimum": "With a minimum of {minimum} instead of {legal}, there would be "
        "{quarters} with {people}.",
        "response_tree": "These figures leave out {options}.",
        "response_figure": "Quarters and their inhabitants against the line and the minimum "
        "population",
        "entry_figure": "The lowest line at which each tile lies in a quarter",
        # ---- agreement
        "agreement": "Agreement with the official list",
        "agreement_how": "Agreement is counted in inhabitants, tile by tile: by majority, where a "
        "tile is official if at least half of its area is; by area, where it counts for its share.",
        "agreement_table": "rule|computed|official|both|precision|recall|F1|IoU",
        "majority": "majority",
        "area": "area",
        "statuses_table": "the official quarter is|that is|number",
        "found": "found",
        "found_how": "at least half of its inhabitants are in one computed quarter of its own",
        "merged": "merged",
        "merged_how": "the same, in a computed quarter shared with another official one",
        "split": "split",
        "split_how": "at least half are in computed quarters, over several",
        "partly found": "partly found",
        "partly found_how": "less than half are in computed quarters",
        "missed": "missed",
        "missed_how": "less than 10 % are",
        "without": "Computed quarters without an official counterpart: {zones}.",
        "all_matched": "Every computed quarter has an official counterpart.",
        "official_table": "code|official quarter|communes|inhabitants|state|share found|most of "
        "the rest is outside because",
        "calibration": "The line that would reproduce the outlines best is {line} EUR of "
        "disposable income (F1 {f1}){options}. It is fitted on the outlines that it is judged on "
        "and is not the law.",
        "calibration_options": ", without {options}",
        # ---- caution
        "caution": "What to be careful about",
        "caution_income": "The law's quantity, the median declared income per consumption unit, "
        "is not published for tiles: every income of a tile or quarter here is an estimate.",
        "caution_model": "How tiles become quarters is a model. The official outlines follow "
        "streets and were negotiated: no computation reproduces them entirely.",
        "caution_imputed": "Where more than {share} of the inhabitants live in imputed tiles, a "
        "quarter rests on the values of a group of tiles: {zones}.",
        "caution_medians": "The medians behind the lines of these urban units are estimates, not "
        "published figures, so that a line may be off by a round hundred: {units}.",
        "caution_no_line": "{people} live where no quarter can be computed, since there is no "
        "line: {units}.",
        "caution_small": "{people} live in urban units that are too small for the law: {units}.",
        "caution_calibrated": "The line is not the legal one.",
        "caution_concept": "The line is drawn from {used} income; the law asks for {law} income.",
        "caution_year": "The line is drawn from incomes of {used}; the law asks for {law}.",
        "caution_vintage": "The tiles are of {tiles}, the incomes behind the line of {line}.",
        "caution_close": "A line lower by less than {shift} EUR would be enough to lose these "
        "quarters: {zones}.",
        "caution_spare": "Less than {spare} above the minimum population: {zones}.",
        "caution_poor": "Shares of poor households count households, not persons.",
        "caution_certainty": "Some parameters of the law are derived or not found in a source: "
        "see the table.",
        # ---- again
        "again": "How to make it again",
        "command": "With zonage {version}: {command}. {rerun} makes every output of this folder "
        "again and says whether the bytes agree; {manifest} holds parameters, versions and "
        "digests.",
        "from_python": "With zonage {version}, from Python: {command}. {rerun} makes every output "
        "of this folder again and says whether the bytes agree; {manifest} holds parameters, "
        "versions and digests.",
        "inputs_table": "input|bytes|SHA-256",
        "files": "Beside this account: {files}.",
    },
    "fr": {
        "lead": "zonage a calculé {quarters} avec {people}, soit {share} des habitants du "
        "territoire, à partir de carreaux de {side} m et du droit au {day}.",
        "lead_none": "zonage n'a calculé aucun quartier : sur ce territoire, rien ne remplit la "
        "règle du {day}.",
        "lead_agreement": "Comparés à la liste officielle{vintage}, les quartiers calculés "
        "contiennent {recall} des habitants des quartiers officiels, et {precision} des habitants "
        "des quartiers calculés vivent dans un quartier officiel.",
        "lead_model": "C'est l'estimation d'un modèle. Elle ne décide pas des quartiers de la "
        "liste : un décret le fait.",
        "vintage": " de {year}",
        "map": "Quartiers calculés{against}",
        "map_against": " et quartiers officiels",
        "data": "Territoire et données",
        "territory": "Le territoire compte {tiles} de {side} m avec {people}, dans {communes} et "
        "{units}.",
        "incomes": "Leurs revenus sont ceux de {year}. Source : {source}.",
        "incomes_undated": "L'année de leurs revenus n'est pas connue. Source : {source}.",
        "poor": "Parmi les ménages, {share} sont sous le seuil de pauvreté.",
        "imputed": "{share} des habitants vivent dans des carreaux imputés, qui portent les "
        "valeurs d'un groupe de carreaux, faute d'assez de ménages en chacun (à l'INSEE, moins de "
        "11).",
        "imputed_unknown": "Les carreaux ne disent pas lesquels sont imputés.",
        "mean_only": "Les carreaux ne disent pas combien de ménages sont pauvres : les revenus "
        "sont estimés d'après la seule moyenne.",
        "law": "Droit et seuil",
        "rule": "Le droit est pris tel qu'il était au {day} ({territory}) : un quartier compte au "
        "moins {minimum}, se trouve dans une unité urbaine d'au moins {unit_minimum}, et le revenu "
        "médian de ses habitants est inférieur au seuil de cette unité.",
        "rule_commune": "Le droit est pris tel qu'il était au {day} ({territory}) : un quartier "
        "compte au moins {minimum}, se trouve dans une commune d'au moins {unit_minimum}, et le "
        "revenu médian de ses habitants est inférieur au seuil.",
        "line_rule": "Le seuil est {factor} d'une moyenne pondérée du revenu médian national et de "
        "celui de l'unité, arrondie aux {step} euros supérieurs.",
        "declared": "Le droit parle de revenu déclaré, les carreaux de revenu disponible. Le seuil "
        "légal de {unit}, {threshold} euros déclarés, devient {line} euros de revenu disponible "
        "par une correspondance ajustée sur des médianes publiées ; carreaux et quartiers sont "
        "comparés à ce dernier.",
        "disposable": "Le seuil légal de {unit} est de {line} euros de revenu disponible.",
        "calibrated": "Ce calcul n'emploie pas le seuil légal. Le projet fixe un seuil de {line} "
        "euros de revenu disponible ; un tel seuil est choisi, il n'est pas tiré du droit.",
        "reformed": "Le calcul s'écarte du droit : {changes}. Ses quartiers sont ceux d'une "
        "réforme, non du droit en vigueur.",
        "change": "{name} {value} au lieu de {legal}",
        "lines_table": "unité urbaine|habitants ici|médiane de l'unité|seuil légal|seuil employé, "
        "disponible|remarque",
        "outside": "hors unité urbaine",
        "unit_small": "trop peu d'habitants",
        "unit_unknown": "médiane inconnue",
        "population_unknown": "population inconnue",
        "no_line": "pas de seuil",
        "from_published": "d'après des médianes publiées",
        "from_estimated": "d'après des médianes estimées",
        "chosen": "choisi dans le projet",
        "parameters": "Les paramètres du droit ce jour-là, l'article et, par son numéro "
        "ci-dessous, le texte qui fixe chacun, et comment il est connu :",
        "parameters_table": "paramètre|valeur|article|texte|connu",
        "verified": "lu dans le texte",
        "derived": "déduit",
        "recalled": "non trouvé dans une source",
        "reform_value": "{value} (droit : {legal})",
        "yes": "oui",
        "no": "non",
        "method": "Méthode",
        "blend": "Le revenu médian de chaque carreau est estimé d'après sa moyenne et sa part de "
        "ménages pauvres.",
        "log-normal": "Le revenu médian de chaque carreau est celui de la loi log-normale qui "
        "rend sa moyenne et sa part de ménages pauvres.",
        "mean": "Le revenu médian de chaque carreau est estimé d'après sa seule moyenne.",
        "smoothing": "Population et revenus sont d'abord lissés par un noyau gaussien de {width} "
        "carreaux.",
        "flag": "Les carreaux dont la médiane estimée est inférieure au seuil sont retenus.",
        "border": "Un carreau jusqu'à {margin} au-dessus du seuil est pris si au moins {share} de "
        "son voisinage est retenu.",
        "join_edges": "Les carreaux qui se touchent par un côté sont réunis",
        "join_corners": "Les carreaux qui se touchent par un côté ou un coin sont réunis",
        "within": " à l'intérieur de leur unité urbaine.",
        "across": ", même d'une unité urbaine à l'autre.",
        "bridge": "Des zones distantes de moins de {gap} n'en font qu'une.",
        "holes": "Les trous jusqu'à {size} sont comblés.",
        "complete": "Une zone qui a au moins {share} de la population minimale prend ses voisins "
        "les plus pauvres jusqu'à l'atteindre, tant que sa propre médiane reste sous le seuil.",
        "keep": "Une zone est gardée comme quartier si elle a la population minimale{density}"
        "{median}.",
        "keep_density": ", au moins {density}",
        "keep_median": " et si sa propre médiane est sous le seuil",
        "model": "Revenus, médianes et parts de personnes pauvres sont estimés. Le passage des "
        "carreaux aux quartiers est un modèle : le droit le laisse ouvert.",
        "results": "Quartiers",
        "margins": "Marge : de combien le seuil peut baisser, en euros par an, avant que le "
        "quartier disparaisse.",
        "no_margins": "La distance de chaque quartier au seuil : {command}.",
        "quarters_table": "n°|communes|habitants|médiane estimée|seuil|marge|ménages pauvres|"
        "imputés|quartiers officiels",
        "beyond": "plus de {reach}",
        "more_quarters": "{more} autres figurent dans {file}.",
        "quarters_map": "Les quartiers calculés et leurs numéros",
        "response": "À d'autres seuils",
        "response_up": "Avec un seuil plus haut de {shift} euros, il y aurait {quarters} avec "
        "{people} ; avec un seuil plus bas de {shift} euros, {quarters_low} avec {people_low}.",
        "response_minimum": "Avec un minimum de {minimum} au lieu de {legal}, il y aurait "
        "{quarters} avec {people}.",
        "response_tree": "Ces chiffres laissent de côté {options}.",
        "response_figure": "Les quartiers et leurs habitants selon le seuil et la population "
        "minimale",
        "entry_figure": "Le seuil le plus bas auquel chaque carreau est dans un quartier",
        "agreement": "Accord avec la liste officielle",
        "agreement_how": "L'accord se compte en habitants, carreau par carreau : à la majorité, où "
        "un carreau est officiel si la moitié au moins de sa surface l'est ; à la surface, où il "
        "compte pour sa part.",
        "agreement_table": "règle|calculés|officiels|les deux|précision|rappel|F1|IoU",
        "majority": "majorité",
        "area": "surface",
        "statuses_table": "le quartier officiel est|c'est-à-dire|nombre",
        "found": "retrouvé",
        "found_how": "au moins la moitié de ses habitants sont dans un quartier calculé à lui",
        "merged": "réuni",
        "merged_how": "de même, dans un quartier calculé partagé avec un autre officiel",
        "split": "divisé",
        "split_how": "au moins la moitié sont dans des quartiers calculés, répartis sur plusieurs",
        "partly found": "retrouvé en partie",
        "partly found_how": "moins de la moitié sont dans des quartiers calculés",
        "missed": "manqué",
        "missed_how": "moins de 10 % le sont",
        "without": "Quartiers calculés sans équivalent officiel : {zones}.",
        "all_matched": "Tout quartier calculé a un équivalent officiel.",
        "official_table": "code|quartier officiel|communes|habitants|état|part retrouvée|"
        "l'essentiel du reste est dehors pour",
        "calibration": "Le seuil qui rendrait le mieux les contours est {line} euros de revenu "
        "disponible (F1 {f1}){options}. Il est ajusté sur les contours qui le jugent et n'est pas "
        "le droit.",
        "calibration_options": ", sans {options}",
        "caution": "Points d'attention",
        "caution_income": "La grandeur du droit, le revenu déclaré médian par unité de "
        "consommation, n'est pas publiée au carreau : tout revenu d'un carreau ou d'un quartier "
        "est ici une estimation.",
        "caution_model": "Le passage des carreaux aux quartiers est un modèle. Les contours "
        "officiels suivent les rues et ont été négociés : aucun calcul ne les rend entièrement.",
        "caution_imputed": "Quand plus de {share} de ses habitants vivent dans des carreaux "
        "imputés, un quartier repose sur les valeurs d'un groupe de carreaux : {zones}.",
        "caution_medians": "Les médianes dont vient le seuil de ces unités urbaines sont des "
        "estimations, non des chiffres publiés ; le seuil peut différer d'une centaine d'euros : "
        "{units}.",
        "caution_no_line": "{people} vivent là où aucun quartier ne peut être calculé, faute de "
        "seuil : {units}.",
        "caution_small": "{people} vivent dans des unités urbaines trop petites pour la loi : "
        "{units}.",
        "caution_calibrated": "Le seuil n'est pas le seuil légal.",
        "caution_concept": "Le seuil est tiré du revenu {used} ; le droit demande le revenu {law}.",
        "caution_year": "Le seuil est tiré des revenus de {used} ; le droit demande {law}.",
        "caution_vintage": "Les carreaux sont de {tiles}, les revenus du seuil de {line}.",
        "caution_close": "Un seuil plus bas de moins de {shift} euros suffirait à perdre ces "
        "quartiers : {zones}.",
        "caution_spare": "Moins de {spare} au-dessus de la population minimale : {zones}.",
        "caution_poor": "Les parts de ménages pauvres comptent des ménages, non des personnes.",
        "caution_certainty": "Certains paramètres du droit sont déduits ou non trouvés dans une "
        "source : voir le tableau.",
        "again": "Pour refaire ce calcul",
        "command": "Avec zonage {version} : {command}. {rerun} refait chaque fichier de ce "
        "dossier et dit si les octets concordent ; {manifest} contient paramètres, versions et "
        "empreintes.",
        "from_python": "Avec zonage {version}, depuis Python : {command}. {rerun} refait chaque "
        "fichier de ce dossier et dit si les octets concordent ; {manifest} contient paramètres, "
        "versions et empreintes.",
        "inputs_table": "entrée|octets|SHA-256",
        "files": "À côté de ce compte rendu : {files}.",
    },
}
"""By language and key. A table's text is its header, the columns apart by bars."""

UNIT_TEXTS = {
    "en": {},
    "fr": {"inhabitants": "habitants", "EUR a year": "euros par an", "inhabitants per km2":
           "habitants par km2"},
}  # fmt: skip
"""Units of the parameters of a law, where they are written otherwise than in the law file."""

WORD_TEXTS = {
    "en": {
        "metropole": "metropolitan France",
        "martinique_reunion": "Martinique and La Réunion",
    },
    "fr": {
        "metropole": "France métropolitaine",
        "martinique_reunion": "Martinique et La Réunion",
        "declared": "déclaré",
        "disposable": "disponible",
        "strict": "stricte",
        "inclusive": "au sens large",
    },
}
"""Words of the law file, where they are written otherwise."""
