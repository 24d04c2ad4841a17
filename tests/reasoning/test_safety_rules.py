"""Each safety rule on a graph small enough to check by hand."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.case import ClinicalCase, CodedItem, Measurement
from kg.groups import BREASTFEEDING as LACTATION
from kg.groups import CHILDREN, GROUPS, LOW_FILTRATION, OLDER_PEOPLE, PREGNANCY, group_node
from kg.lookup import CodeLookup
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.answer import Alert
from reasoning.safety import (
    RULES,
    PatientContext,
    SafetyCheck,
    SafetyRule,
    is_stopped,
    patient_context,
    select,
)
from reasoning.safety.gene_guidance import names_form
from reasoning.safety.kidney_function import ckd_epi_2021, kidney_function
from reasoning.safety.liver import liver_signs
from tests.reasoning.conftest import say

P = Predicate
METFORMIN, ENALAPRIL, CODEINE = "DRUGBANK:DB00331", "DRUGBANK:DB00584", "DRUGBANK:DB00318"
LISINOPRIL, ZOLPIDEM, SALT = "DRUGBANK:DB00722", "DRUGBANK:DB00425", "DRUGBANK:DB99999"
KIDNEY_FAILURE, LIVER, CIRRHOSIS = "MONDO:0001106", "MONDO:0005154", "MONDO:0005155"
CYP2D6, MIGRAINE, ANGIOEDEMA = "HGNC:2625", "MONDO:0005277", "HP:0100665"


def forbid(drug: str, where: str, **more: str) -> Statement:
    return say(drug, P.CONTRAINDICATED_IN, where, qualifiers=tuple(more.items()))


@pytest.fixture(scope="module")
def graph() -> GraphSnapshot:
    drugs = {
        METFORMIN: "metformin",
        ENALAPRIL: "enalapril",
        CODEINE: "codeine",
        LISINOPRIL: "lisinopril",
        ZOLPIDEM: "zolpidem",
        SALT: "enalapril maleate",
    }
    diseases = {
        KIDNEY_FAILURE: "kidney failure",
        LIVER: "liver disorder",
        CIRRHOSIS: "cirrhosis",
        MIGRAINE: "migraine",
        "MONDO:0000001": "head pain disorder",
        "MONDO:0000009": "rare migraine of the ninth kind",
    }
    nodes = [Node(id=i, type=NodeType.DRUG, label=name) for i, name in drugs.items()]
    nodes += [Node(id=i, type=NodeType.DISEASE, label=name) for i, name in diseases.items()]
    nodes += [
        *map(group_node, GROUPS),
        Node(id=ANGIOEDEMA, type=NodeType.PHENOTYPE, label="Angioedema"),
        Node(id="UMLS:C0000001", type=NodeType.ADVERSE_EVENT, label="angioedema"),
        Node(id=CYP2D6, type=NodeType.GENE, label="CYP2D6"),
        Node(id="ATC:C09AA", type=NodeType.DRUG_CLASS, label="ACE inhibitors, plain"),
        Node(id="ATC:C09A", type=NodeType.DRUG_CLASS, label="ACE inhibitors"),
    ]
    return GraphSnapshot.from_records(
        nodes,
        [
            forbid(ENALAPRIL, PREGNANCY, severity="stop"),
            forbid(CODEINE, PREGNANCY, severity="stop", applies_when="given at term"),
            forbid(CODEINE, LACTATION, severity="stop"),
            forbid(CODEINE, CHILDREN, severity="stop", threshold="age_years<12"),
            forbid(ZOLPIDEM, OLDER_PEOPLE, severity="caution", threshold="age_years>=65"),
            forbid(METFORMIN, LOW_FILTRATION, severity="stop", threshold="egfr<30"),
            forbid(LISINOPRIL, KIDNEY_FAILURE),
            forbid(ZOLPIDEM, LIVER),
            say(CIRRHOSIS, P.SUBCLASS_OF, LIVER),
            say(MIGRAINE, P.SUBCLASS_OF, "MONDO:0000001"),
            say("MONDO:0000009", P.SUBCLASS_OF, MIGRAINE),
            forbid(METFORMIN, MIGRAINE, target_phenotype=ANGIOEDEMA),
            say(SALT, P.HAS_PART, ENALAPRIL, qualifiers=(("kind", "form"),)),
            forbid(SALT, MIGRAINE),
            forbid(LISINOPRIL, MIGRAINE, applies_when="given with aliskiren"),
            say(LISINOPRIL, P.TREATS, "UMLS:C0000002"),
            say(LISINOPRIL, P.HAS_ADVERSE_EVENT, "UMLS:C0000002", frequency=0.5),
            say(ENALAPRIL, P.HAS_ROLE, "ATC:C09AA"),
            say(LISINOPRIL, P.HAS_ROLE, "ATC:C09AA"),
            say("ATC:C09AA", P.SUBCLASS_OF, "ATC:C09A"),
            say(
                CYP2D6,
                P.AFFECTS_RESPONSE,
                CODEINE,
                qualifiers=(
                    ("genotype", "ultrarapid metabolizer|poor metabolizer"),
                    ("severity", "stop"),
                ),
            ),
            say(LISINOPRIL, P.HAS_ADVERSE_EVENT, "UMLS:C0000001", frequency=0.2),
            say(METFORMIN, P.HAS_ADVERSE_EVENT, "UMLS:C0000001", frequency=0.01),
            say(ENALAPRIL, P.INTERACTS_WITH, ZOLPIDEM, qualifiers=(("severity", "minor"),)),
        ],
    )


@pytest.fixture(scope="module")
def check(graph: GraphSnapshot) -> SafetyCheck:
    return SafetyCheck(graph)


def at(graph: GraphSnapshot, *curies: str) -> tuple[int, ...]:
    found = [graph.index(curie) for curie in curies]
    assert None not in found
    return tuple(node for node in found if node is not None)


Levels = Callable[..., dict[str, str]]


@pytest.fixture
def levels(graph: GraphSnapshot, check: SafetyCheck) -> Levels:
    """Level of each kind of alert about a drug for a patient."""

    def ask(drug: str, **known: object) -> dict[str, str]:
        context = PatientContext(**known)  # type: ignore[arg-type]
        alerts = check.alerts(at(graph, drug)[0], context)
        for alert in alerts:
            assert alert.statements
            assert all(graph.row_of(statement) is not None for statement in alert.statements)
        return {alert.kind: alert.severity for alert in alerts}

    return ask


class TestPregnancyAndLactation:
    def test_a_known_pregnancy_stops(self, levels: Levels) -> None:
        assert levels(ENALAPRIL, pregnant=True) == {"pregnancy": "stop"}

    @pytest.mark.parametrize("pregnant", [None, False])
    def test_one_that_is_not_known_is_no_alert(self, levels: Levels, pregnant: bool | None) -> None:
        assert levels(ENALAPRIL, pregnant=pregnant) == {}

    def test_a_narrowed_statement_is_a_caution_that_says_when(
        self, graph: GraphSnapshot, check: SafetyCheck
    ) -> None:
        (alert,) = check.alerts(at(graph, CODEINE)[0], PatientContext(pregnant=True))
        assert alert.severity == "caution"
        assert "given at term" in alert.reason

    def test_breastfeeding_stops(self, levels: Levels) -> None:
        assert levels(CODEINE, breastfeeding=True) == {"lactation": "stop"}


class TestAge:
    def test_bounds_are_compared(self, levels: Levels) -> None:
        assert levels(CODEINE, age_years=11.9) == {"age": "stop"}
        assert levels(CODEINE, age_years=12.0) == {}
        assert levels(ZOLPIDEM, age_years=65.0) == {"age": "caution"}
        assert levels(ZOLPIDEM, age_years=64.9) == {}


class TestKidney:
    def test_bounded_statement(self, levels: Levels) -> None:
        assert levels(METFORMIN, egfr=29.0) == {"kidney": "stop"}
        assert levels(METFORMIN, egfr=30.0) == {}

    def test_kidney_failure_is_read_from_the_rate(self, levels: Levels) -> None:
        assert levels(LISINOPRIL, egfr=10.0) == {"kidney": "stop"}
        assert levels(LISINOPRIL, egfr=20.0) == {"kidney": "caution"}
        assert levels(LISINOPRIL, egfr=50.0) == {}

    def test_a_known_condition_is_told_once(self, levels: Levels, graph: GraphSnapshot) -> None:
        known = {"conditions": at(graph, KIDNEY_FAILURE), "egfr": 10.0}
        assert levels(LISINOPRIL, **known) == {"contraindication": "stop"}

    # Reference values worked out by hand from the published coefficients.
    @pytest.mark.parametrize(
        ("creatinine", "age", "female", "rate"),
        [(0.7, 50, True, 105.28), (0.9, 50, False, 104.03), (2.0, 70, False, 35.19)],
    )
    def test_ckd_epi_2021(self, creatinine: float, age: float, female: bool, rate: float) -> None:
        assert ckd_epi_2021(creatinine, age, female=female) == pytest.approx(rate, abs=0.1)

    @given(
        low=st.floats(0.2, 10),
        more=st.floats(0.01, 10),
        age=st.floats(18, 100),
        female=st.booleans(),
    )
    def test_more_creatinine_is_less_filtration(
        self, low: float, more: float, age: float, female: bool
    ) -> None:
        rates = [ckd_epi_2021(value, age, female=female) for value in (low, low + more)]
        assert rates[0] > rates[1] > 0

    def test_units_and_children(self) -> None:
        def asked(value: float, unit: str, age: float) -> float | None:
            measured = Measurement(code="LOINC:2160-0", value=value, unit=unit)
            return kidney_function([measured], age_years=age, sex="female")[0]

        assert asked(88.42, "umol/L", 50.0) == pytest.approx(asked(1.0, "mg/dL", 50.0))
        assert asked(1.0, "mg/dL", 10.0) is None
        assert asked(-3.0, "mg/dL", 50.0) is None


class TestLiver:
    def test_signs_are_cautions(self, levels: Levels, graph: GraphSnapshot) -> None:
        assert levels(ZOLPIDEM, liver_signs=("ALT 300 U/L",)) == {"liver": "caution"}
        assert levels(ZOLPIDEM, liver_signs=()) == {}
        cirrhosis = at(graph, CIRRHOSIS)
        assert levels(ZOLPIDEM, conditions=cirrhosis) == {"contraindication": "stop"}

    def test_no_test_is_not_a_normal_test(self) -> None:
        assert liver_signs([]) is None
        assert liver_signs([Measurement(code="LOINC:1742-6", value=20.0)]) == ()


class TestContraindication:
    def test_target_phenotype_is_a_condition(self, levels: Levels, graph: GraphSnapshot) -> None:
        migraine, sign = at(graph, MIGRAINE), at(graph, ANGIOEDEMA)
        assert levels(METFORMIN, conditions=migraine) == {"contraindication": "caution"}
        assert levels(METFORMIN, conditions=migraine, excluded=sign) == {}
        found = levels(METFORMIN, conditions=migraine, phenotypes=sign)
        assert found == {"contraindication": "stop"}

    def test_both_senses_of_the_hierarchy(self, levels: Levels, graph: GraphSnapshot) -> None:
        def of(curie: str) -> dict[str, str]:
            return levels(SALT, conditions=at(graph, curie))

        assert of("MONDO:0000009") == {"contraindication": "stop"}
        assert of("MONDO:0000001") == {"contraindication": "caution"}

    def test_what_is_said_of_a_salt_holds_for_the_substance(
        self, levels: Levels, graph: GraphSnapshot
    ) -> None:
        assert levels(ENALAPRIL, conditions=at(graph, MIGRAINE)) == {"contraindication": "stop"}


class TestOtherRules:
    def test_what_holds_only_with_another_drug_is_a_caution(
        self, levels: Levels, graph: GraphSnapshot
    ) -> None:
        found = levels(LISINOPRIL, conditions=at(graph, MIGRAINE))
        assert found == {"contraindication": "caution"}

    def test_what_a_drug_treats_is_no_side_effect(
        self, levels: Levels, graph: GraphSnapshot
    ) -> None:
        assert levels(LISINOPRIL, phenotypes=at(graph, "UMLS:C0000002")) == {}

    def test_minor_interaction_is_a_note(self, levels: Levels, graph: GraphSnapshot) -> None:
        assert levels(ZOLPIDEM, medicines=at(graph, ENALAPRIL)) == {"interaction": "note"}

    def test_second_drug_of_an_atc_class(self, levels: Levels, graph: GraphSnapshot) -> None:
        found = levels(LISINOPRIL, medicines=at(graph, ENALAPRIL))
        assert found == {"duplicate therapy": "caution"}
        assert levels(ENALAPRIL, medicines=at(graph, ENALAPRIL)) == {"duplicate therapy": "note"}

    def test_allergy_to_a_class_holds_below_it(self, levels: Levels, graph: GraphSnapshot) -> None:
        assert levels(LISINOPRIL, allergies=at(graph, "ATC:C09A")) == {"allergy": "stop"}

    def test_genotype_stops_and_an_unclear_variant_is_a_note(
        self, levels: Levels, graph: GraphSnapshot
    ) -> None:
        assert levels(CODEINE, genotypes=("CYP2D6 ultrarapid metaboliser",)) == {"gene": "stop"}
        assert levels(CODEINE, genotypes=("CYP2D6 normal metabolizer",)) == {}
        assert levels(CODEINE, genes=at(graph, CYP2D6)) == {"gene": "note"}

    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("HLA-B*57:01", True),
            ("HLA-B*5701 positive", True),
            ("HLA-B*57:01 not detected", False),
            ("HLA-B*58:01", False),
            ("HLA-A*57:01", False),
        ],
    )
    def test_spelling_of_alleles(self, text: str, meant: bool) -> None:
        assert names_form(text, "HLA-B", ("*57:01",)) is meant

    def test_only_a_frequent_side_effect_is_noted(
        self, levels: Levels, graph: GraphSnapshot
    ) -> None:
        assert levels(LISINOPRIL, phenotypes=at(graph, ANGIOEDEMA)) == {"side effect": "note"}
        assert levels(METFORMIN, phenotypes=at(graph, ANGIOEDEMA)) == {}


@pytest.mark.parametrize("rule", RULES)
class TestContract:
    def test_kind_and_gaps(
        self, graph: GraphSnapshot, rule: Callable[[GraphSnapshot], SafetyRule]
    ) -> None:
        made = rule(graph)
        assert made.kind
        words = made.unknown(PatientContext())
        assert words is None or words.strip()

    def test_only_what_is_covered_has_alerts(
        self, graph: GraphSnapshot, rule: Callable[[GraphSnapshot], SafetyRule]
    ) -> None:
        made = rule(graph)
        every = tuple(range(graph.n_nodes))
        patient = PatientContext(
            conditions=every,
            medicines=every,
            phenotypes=every,
            age_years=90.0,
            pregnant=True,
            breastfeeding=True,
            egfr=5.0,
            liver_signs=("ALT 300 U/L",),
            genes=every,
        )
        for node in graph.nodes_of(NodeType.DRUG).tolist():
            if made.alerts(node, patient):
                assert made.covers(node)


class TestCheck:
    def test_one_alert_for_each_rule_and_level(
        self, graph: GraphSnapshot, check: SafetyCheck
    ) -> None:
        conditions = at(graph, "MONDO:0000009", MIGRAINE)
        known = PatientContext(
            conditions=conditions, pregnant=True, medicines=at(graph, LISINOPRIL)
        )
        alerts = check.alerts(at(graph, ENALAPRIL)[0], known)
        found = [(alert.severity, alert.kind) for alert in alerts]
        assert found == [
            ("stop", "contraindication"),
            ("stop", "pregnancy"),
            ("caution", "duplicate therapy"),
        ]

    def test_gaps_are_named(self, graph: GraphSnapshot, check: SafetyCheck) -> None:
        assert "pregnancy" in check.no_data(at(graph, METFORMIN)[0])
        assert "pregnancy" not in check.no_data(at(graph, ENALAPRIL)[0])
        assert "kidney function" in check.unknown(PatientContext())
        assert "pregnancy" not in check.unknown(PatientContext(can_be_pregnant=False))

    @given(data=st.data())
    def test_no_stopped_treatment_above_one_that_is_not(
        self, graph: GraphSnapshot, check: SafetyCheck, data: st.DataObject
    ) -> None:
        drugs = graph.nodes_of(NodeType.DRUG).tolist()
        order = data.draw(st.permutations(drugs))
        patient = PatientContext(
            pregnant=data.draw(st.booleans()), age_years=data.draw(st.floats(0, 100))
        )
        shown = select(order, check, patient, top=data.draw(st.integers(1, 6)))
        stopped = [is_stopped(alerts) for _, alerts in shown]
        assert stopped == sorted(stopped)
        seen: list[tuple[Alert, ...]] = [check.alerts(node, patient) for node, _ in shown]
        assert [alerts for _, alerts in shown] == seen


class TestPatientContext:
    def test_a_case_becomes_a_patient(self, graph: GraphSnapshot) -> None:
        case = ClinicalCase(
            case_id="x",
            sex="female",
            age_years=50.0,
            conditions=(CodedItem(id=MIGRAINE), CodedItem(id="SNOMEDCT:413712001")),
            medicines=(CodedItem(id="RXNORM:1", label="Metformin 500 MG"), CodedItem(id="NDC:9")),
            measurements=(Measurement(code="LOINC:2160-0", value=1.0, unit="mg/dL"),),
        )
        resolved = patient_context(graph, CodeLookup(graph), case)
        patient = resolved.patient
        assert patient.conditions == at(graph, MIGRAINE)
        assert patient.medicines == at(graph, METFORMIN)
        assert patient.breastfeeding is True
        assert patient.egfr == pytest.approx(69, abs=1)
        assert resolved.unresolved == ("SNOMEDCT:413712001", "NDC:9")

    def test_a_man_is_not_asked_for_pregnancy(self, graph: GraphSnapshot) -> None:
        case = ClinicalCase(case_id="x", sex="male")
        assert patient_context(graph, CodeLookup(graph), case).patient.can_be_pregnant is False
