r"""How well the kidneys filter, from what was measured.

Decides that a reported estimate (eGFR) goes before one worked out here. The latter is the CKD-EPI
2021 equation without race, for adults:

.. math:: 142 \min(S/\kappa, 1)^\alpha \max(S/\kappa, 1)^{-1.200} \, 0.9938^{age} \, [1.012]

with `S` serum creatinine in mg/dL, `κ` 0.7 and `α` −0.241 for women, 0.9 and −0.302 for men, and
1.012 for women (Inker 2021, doi:10.1056/NEJMoa2102953).
"""

import math
from collections.abc import Iterable

from kg.case import Measurement, Sex

__all__ = ["ckd_epi_2021", "kidney_function"]

_EGFR = {
    *("LOINC:33914-3", "LOINC:62238-1", "LOINC:98979-8", "LOINC:77147-7", "LOINC:69405-9"),
    *("LOINC:48642-3", "LOINC:48643-1", "LOINC:50044-7", "LOINC:88293-6", "LOINC:88294-4"),
}
_CREATININE_MG = {"LOINC:2160-0", "LOINC:38483-4"}
_CREATININE_UMOL = {"LOINC:14682-9"}
_UMOL_PER_MG_DL = 88.42
_ADULT_YEARS = 18.0
_SANE_MG_DL = (0.1, 40.0)


def ckd_epi_2021(creatinine_mg_dl: float, age_years: float, *, female: bool) -> float:
    """Estimated glomerular filtration rate of an adult, in mL/min/1.73 m².

    >>> round(ckd_epi_2021(1.0, 50.0, female=True)), round(ckd_epi_2021(1.0, 50.0, female=False))
    (69, 92)
    """
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine_mg_dl / kappa
    low, high = math.pow(min(ratio, 1.0), alpha), math.pow(max(ratio, 1.0), -1.200)
    return 142.0 * low * high * math.pow(0.9938, age_years) * (1.012 if female else 1.0)


def kidney_function(
    measurements: Iterable[Measurement], *, age_years: float | None, sex: Sex | None
) -> tuple[float | None, str]:
    """Filtration rate and where it comes from; None and the reason when it cannot be told."""
    creatinine: float | None = None
    for measured in measurements:
        if measured.code in _EGFR and 0.0 <= measured.value <= 200.0:
            return measured.value, f"eGFR {measured.value:g} as reported"
        if measured.code in _CREATININE_MG | _CREATININE_UMOL:
            in_umol = measured.code in _CREATININE_UMOL or "mol" in (measured.unit or "")
            value = measured.value / _UMOL_PER_MG_DL if in_umol else measured.value
            if _SANE_MG_DL[0] <= value <= _SANE_MG_DL[1]:
                creatinine = value
    if creatinine is None:
        return None, "no eGFR or creatinine"
    if age_years is None or sex not in ("female", "male"):
        return None, "creatinine without age and sex"
    if age_years < _ADULT_YEARS:
        return None, "creatinine of a child"
    rate = ckd_epi_2021(creatinine, age_years, female=sex == "female")
    return rate, f"eGFR {rate:.0f} from creatinine {creatinine:.2g} mg/dL by CKD-EPI 2021"
