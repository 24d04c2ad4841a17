"""How a name is compared with a text: character for character, and in which spellings.

Decides the folded form that names and texts share (`folded` keeps every place), which variants of a
name count as the same name, and which names are too short or too common to be looked for. Names
come from the graph in `kg.literature.dictionary`.
"""

import re
import unicodedata
from collections.abc import Iterator

from .document import EntityType

__all__ = ["GENERIC_NAMES", "exact_case", "folded", "is_searchable", "key_of", "variants"]

_WORD = re.compile(r"\w+")
_SEPARATOR = re.compile(r"[\W_]")
_ASIDE = re.compile(r"\s*[\(\[][^()\[\]]*[\)\]]\s*$")
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "kappa": "κ",
    "lambda": "λ", "omega": "ω", "sigma": "σ", "theta": "θ", "zeta": "ζ", "mu": "μ",
}  # fmt: skip
_GREEK_WORD = re.compile(rf"\b({'|'.join(_GREEK)})\b")
_DIALECT = re.compile(
    "aemia|haem|oedema|oesoph|tumou?r|anaes|paed|foet|diarrh|sulph|sulf|ischaem|edema"
)
_ROMAN = {"1": "i", "2": "ii", "3": "iii", "4": "iv", "5": "v"}
_TYPE_NUMBER = re.compile(r"\b(type|factor|grade|class) ([1-5])\b")
_PLURAL_HEADS = frozenset(
    _WORD.findall(
        "disorder disease syndrome seizure tumor tumour cancer carcinoma neoplasm infection "
        "arrhythmia headache cyst ulcer fracture deficiency neuropathy myopathy anomaly "
        "abnormality "
        "convulsion hallucination spasm stone rash fistula lymphoma leukemia sarcoma adenoma "
        "inhibitor antagonist agonist antibody channel receptor kinase "
    )
)
_SPELLINGS = (
    ("aemia", "emia"), ("haem", "hem"), ("oedema", "edema"), ("oesoph", "esoph"),
    ("tumour", "tumor"), ("anaes", "anes"), ("paed", "ped"), ("foet", "fet"),
    ("diarrhoea", "diarrhea"), ("sulph", "sulf"), ("ischaem", "ischem"), ("orthopaed", "orthoped"),
)  # fmt: skip

GENERIC_NAMES = frozenset(
    _WORD.findall(
        "abnormal abnormalities abnormality absent ace acid acids acquired action activity acute "
        "adult adverse age agent agents air all animals anomalies anomaly any arm arterial back "
        "base bilateral birth black blood blue body bone camp can cap cast cell cells change "
        "changes child chronic coffee combinations complication complications compound compounds "
        "condition congenital control corn crystal day dead death decreased deletion delivery "
        "development diet diffuse disability disease diseases disorder disorders distal dna dose "
        "double drug drugs dull ear early effect effects egg elderly episodic event exercise eye "
        "face factor familial female finding focal food foot function gain gap gas gene "
        "generalised "
        "generalized genes green group growth hand has head high honey human idiopathic illness "
        "impact increased induced infant injury intermittent ion ions juvenile labor labour large "
        "late left leg lesion lesions level light limited localized long loss low male man mass "
        "max "
        "mean men met mice mild milk moderate month mortality mouse multiple mutations neck "
        "negative neonatal night normal not oncology onset operation other others overdose patient "
        "patients persistent placebo plasma point positive pregnant present pressure primary "
        "progressive protein proteins proximal rat rate rats reaction recurrence recurrent red "
        "response rest rice right risk rna salt salts secondary serum set severe sharp short side "
        "sign signs silver single skin sleep small solution sporadic step stress study surgery "
        "symptom symptoms syndrome syndromes tea test therapy thrombin time tin tissue toxicity "
        "transient treatment trial triple type unilateral urine use variant various was water week "
        "weight wheat white wine woman women year "
    )
)
"""Words that name nothing in particular when they stand alone; found on training texts."""


def folded(text: str) -> str:
    """The text in small letters, everything but letters and digits a space, each place kept.

    >>> folded("Parkinson's-Disease"), len(folded("İβ-Х"))
    ('parkinson s disease', 4)
    """
    low = text.lower()
    if len(low) != len(text):
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return _SEPARATOR.sub(" ", low)


def key_of(name: str) -> str:
    """Folded name with single spaces: what a dictionary holds.

    >>> key_of("Crohn’s  disease")
    'crohn s disease'
    """
    return " ".join(folded(unicodedata.normalize("NFC", name)).split())


def variants(name: str) -> Iterator[str]:
    """Keys under which a name is found: itself, other spellings, plural, Greek letters.

    >>> sorted(variants("Tumour, oral (disorder)"))[:3]
    ['oral tumor', 'oral tumors', 'oral tumour']
    """
    name = _ASIDE.sub("", name) or name
    whole = key_of(name)
    found = [whole]
    if name.count(",") == 1 and ", " in name:  # MeSH turns names round: "Anemia, Aplastic"
        first, _, second = name.partition(", ")
        if not any(c.isdigit() for c in name):
            found.append(key_of(f"{second} {first}"))
    for key in tuple(found):
        for british, american in _SPELLINGS if _DIALECT.search(key) else ():
            if british in key:
                found.append(key.replace(british, american))
            elif american in key and american in ("tumor", "edema", "diarrhea", "sulf"):
                found.append(key.replace(american, british))
        if " s " in key:
            found.append(key.replace(" s ", " "))
        found.append(_TYPE_NUMBER.sub(lambda m: f"{m[1]} {_ROMAN[m[2]]}", key))
        if _GREEK_WORD.search(key):
            found.append(_GREEK_WORD.sub(lambda m: _GREEK[m[1]], key))
    for key in tuple(found):
        head = key.rpartition(" ")[2]
        if head in _PLURAL_HEADS:
            found.append(key[:-1] + "ies" if key.endswith("y") else key + "s")
        elif head.endswith("s") and head[:-1] in _PLURAL_HEADS:
            found.append(key[:-1])
    return iter(dict.fromkeys(key for key in found if key))


def is_searchable(key: str, kind: EntityType) -> bool:
    """False for names that would be found where they are not meant.

    >>> [is_searchable(k, EntityType.DISEASE) for k in ("gout", "disease", "12", "type 2", "ms")]
    [True, False, False, False, False]
    """
    if len(key) < 3 or key in GENERIC_NAMES:
        return False
    words = key.split()
    if all(word in GENERIC_NAMES or len(word) < 3 or word.isdigit() for word in words):
        return False
    if kind is EntityType.GENE and len(words) > 12:
        return False
    letters = sum(map(str.isalpha, key))
    return letters >= 2 and letters * 2 >= len(key.replace(" ", "")) * 0.5


def exact_case(name: str, kind: EntityType) -> bool:
    """True when the name is only meant as it is written: acronyms and gene symbols.

    >>> exact_case("CAT", EntityType.GENE), exact_case("gout", EntityType.DISEASE)
    (True, False)
    """
    bare = name.strip()
    if kind is EntityType.GENE and " " not in bare:
        return len(bare) <= 6 or bare.isupper()
    return " " not in bare and len(bare) <= 5 and sum(map(str.isupper, bare)) >= 2
