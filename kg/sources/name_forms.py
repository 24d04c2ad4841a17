"""What the name of a drug says about it: its plain spelling, its salt, its ingredients.

Decides, on the words alone, when two names are the same (`plain`), which ingredient a salt, ester
or product name speaks of (`ingredient_name`), and which parts a combination has (`parts`). Which
drugs bear the names is decided in `kg.sources.drug_names`.
"""

import re
import unicodedata

__all__ = ["ingredient_name", "parts", "plain"]

_WORD = re.compile(r"[a-z0-9]+")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|>=?.*|, .*|;.*")
_STRENGTH = re.compile(r"\b\d+(\.\d+)?\s*(mg|mcg|ml|g|unt|actuat|%|hr|meq)\b.*", re.I)
_BREAK = re.compile(r"\s*/\s*|\s*\+\s*|,?\s+and\s+|\s+mixture with\s+|\s+with\s+|\s*;\s*|,\s+")
_BIOSIMILAR = re.compile(r"(?<=[a-z]{5})-[a-z]{4}$")  # bevacizumab-tnjn
_SALT_WORDS = frozenset(
    _WORD.findall(
        "hydrochloride dihydrochloride trihydrochloride hydrochlorid hcl sodium disodium trisodium "
        "potassium dipotassium calcium magnesium zinc lithium sulfate sulphate hemisulfate "
        "phosphate diphosphate acetate diacetate citrate tartrate bitartrate ditartrate maleate "
        "dimaleate fumarate hemifumarate succinate hemisuccinate mesylate dimesylate mesilate "
        "methanesulfonate besylate besilate tosylate tosilate bromide hydrobromide chloride "
        "nitrate mononitrate lactate gluconate stearate palmitate valerate propionate "
        "dipropionate butyrate benzoate pamoate embonate oxalate hydrate monohydrate dihydrate "
        "trihydrate tetrahydrate pentahydrate heptahydrate hemihydrate sesquihydrate anhydrous "
        "salt meglumine dimeglumine tromethamine trometamol arginine lysine decanoate enanthate "
        "cypionate furoate xinafoate napsylate medoxomil kamedoxomil axetil proxetil cilexetil "
        "disoproxil alafenamide pivoxil etexilate ethanolate hemiethanolate monostearyl mofetil "
        "ester ion anion cation conjugate rac"
    )
)
_PRODUCT_WORDS = frozenset(
    _WORD.findall(
        "oral product pill tablet tablets capsule capsules topical injectable injection solution "
        "cream gel ointment lotion inhalant inhaler prefilled syringe ophthalmic otic nasal "
        "rectal vaginal suspension powder spray patch transdermal extended release chewable drug "
        "combination form"
    )
)


def plain(name: str) -> str:
    """The name in small letters, without accents and punctuation.

    >>> plain("(+)-Épinéphrine, L-")
    'epinephrine l'
    """
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(_WORD.findall(bare.casefold()))


def ingredient_name(name: str) -> str:
    """Plain name without asides, strengths, dosage forms, and words of salts and hydrates.

    >>> [ingredient_name(x) for x in ("Imatinib mesylate", "Warfarin 5 MG Oral Tablet [Jantoven]")]
    ['imatinib', 'warfarin']
    >>> ingredient_name("Sodium chloride")
    ''
    """
    bare = _BIOSIMILAR.sub("", _ASIDE.sub("", name).strip())
    words = plain(_STRENGTH.sub("", bare)).split()
    return " ".join(w for w in words if w not in _SALT_WORDS and w not in _PRODUCT_WORDS)


def parts(name: str) -> tuple[str, ...]:
    """Names of the ingredients of a combination; empty when the name speaks of one drug.

    >>> parts("fosinopril / hydrochlorothiazide Oral Product")
    ('fosinopril', 'hydrochlorothiazide Oral Product')
    >>> parts("Levofloxacin monohydrate")
    ()
    """
    found = tuple(part.strip() for part in _BREAK.split(name) if part and part.strip())
    return found if len(found) > 1 else ()
