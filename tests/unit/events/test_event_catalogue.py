"""The catalogue covers a sales department, and every type keeps the rules of the vocabulary."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest

from events.catalogue import CATALOGUE, FAMILIES, FIELDS, event_models
from events.catalogue.fields import annotations_of, collect_fields
from events.envelope import Envelope, Payload
from events.upcasts import UPCASTS
from events.values import Id, Text

# What the design asks each family to be able to say, in its own words.
DESIGN = {
    "lead": {
        "captured": "sales.lead.captured.v1",
        "enriched": "sales.lead.enriched.v1",
        "qualified": "sales.lead.qualified.v1",
        "unqualified": "sales.lead.unqualified.v1",
        "nurtured": "sales.lead.nurtured.v1",
        "assigned": "sales.lead.assigned.v1",
        "handed off": "sales.lead.handed_off.v1",
        "hand-off accepted": "sales.lead.hand_off_accepted.v1",
        "hand-off returned": "sales.lead.hand_off_returned.v1",
        "first contacted": "sales.lead.first_contacted.v1",
    },
    "activity": {
        "call": "sales.call.made.v1",
        "email sent": "sales.email.sent.v1",
        "email received": "sales.email.received.v1",
        "email opened": "sales.email.opened.v1",
        "meeting": "sales.meeting.held.v1",
        "demo": "sales.demo.held.v1",
        "note": "sales.note.written.v1",
        "task due": "sales.task.scheduled.v1",
        "task done": "sales.task.done.v1",
        "content shared": "sales.content.shared.v1",
        "visit": "sales.visit.made.v1",
    },
    "deal": {
        "opened": "sales.deal.opened.v1",
        "stage changed": "sales.deal.stage_changed.v1",
        "amount changed": "sales.deal.amount_changed.v1",
        "close date changed": "sales.deal.close_date_changed.v1",
        "owner changed": "sales.deal.owner_changed.v1",
        "credit split": "sales.deal.credit_split.v1",
        "forecast category changed": "sales.deal.forecast_category_changed.v1",
        "needs recorded": "sales.need.recorded.v1",
        "obstacle raised": "sales.obstacle.raised.v1",
        "obstacle cleared": "sales.obstacle.cleared.v1",
        "presentation given": "sales.presentation.given.v1",
        "proposal sent": "sales.proposal.sent.v1",
        "escalated to a specialist": "sales.deal.escalated.v1",
        "discount requested": "sales.discount.requested.v1",
        "discount approved": "sales.discount.approved.v1",
        "contract signed": "sales.contract.signed.v1",
        "won": "sales.deal.won.v1",
        "lost": "sales.deal.lost.v1",
        "reopened": "sales.deal.reopened.v1",
    },
    "customer": {
        "account created": "sales.account.created.v1",
        "profile changed": "sales.account.profile_changed.v1",
        "purchase made": "sales.purchase.made.v1",
        "purchase returned": "sales.purchase.returned.v1",
        "purchase delivered": "sales.purchase.delivered.v1",
        "payment received": "sales.payment.received.v1",
        "payment failed": "sales.payment.failed.v1",
        "payment overdue": "sales.payment.overdue.v1",
        "credit assessed": "sales.credit.assessed.v1",
        "credit limited": "sales.credit.limited.v1",
        "subscription started": "sales.subscription.started.v1",
        "subscription renewed": "sales.subscription.renewed.v1",
        "subscription changed": "sales.subscription.changed.v1",
        "subscription cancelled": "sales.subscription.cancelled.v1",
        "onboarding milestone reached": "sales.onboarding.milestone_reached.v1",
        "ticket opened": "sales.ticket.opened.v1",
        "ticket answered": "sales.ticket.answered.v1",
        "ticket escalated": "sales.ticket.escalated.v1",
        "ticket closed": "sales.ticket.closed.v1",
        "survey answered": "sales.survey.answered.v1",
        "feedback received": "sales.feedback.received.v1",
        "referral given": "sales.referral.given.v1",
        "review posted": "sales.review.posted.v1",
        "usage recorded": "sales.usage.recorded.v1",
    },
    "team": {
        "candidate interviewed": "sales.candidate.interviewed.v1",
        "candidate scored": "sales.candidate.scored.v1",
        "rep hired": "sales.rep.hired.v1",
        "joined": "sales.rep.joined.v1",
        "left": "sales.rep.left.v1",
        "assigned to team": "sales.rep.team_assigned.v1",
        "assigned to manager": "sales.rep.manager_assigned.v1",
        "assigned to territory": "sales.rep.territory_assigned.v1",
        "assigned to role": "sales.rep.role_assigned.v1",
        "skill assessed": "sales.skill.assessed.v1",
        "training completed": "sales.training.completed.v1",
        "coaching held": "sales.coaching.held.v1",
        "appraisal given": "sales.appraisal.given.v1",
        "feedback given": "sales.feedback.given.v1",
        "recognition given": "sales.recognition.given.v1",
        "incentive plan published": "sales.incentive_plan.published.v1",
        "commission earned": "sales.commission.earned.v1",
        "commission paid": "sales.commission.paid.v1",
        "reward given": "sales.reward.given.v1",
        "check-in held": "sales.check_in.held.v1",
    },
    "plan": {
        "target set": "sales.target.set.v1",
        "quota set": "sales.quota.set.v1",
        "quota revised": "sales.quota.revised.v1",
        "quota communicated": "sales.quota.communicated.v1",
        "forecast submitted": "sales.forecast.submitted.v2",
        "budget set": "sales.budget.set.v1",
        "spend incurred": "sales.spend.incurred.v1",
        "campaign started": "sales.campaign.started.v1",
        "campaign ended": "sales.campaign.ended.v1",
        "cadence set": "sales.cadence.set.v1",
        "change adopted": "sales.change.adopted.v1",
    },
    "risk": {
        "identified": "sales.risk.identified.v1",
        "assessed": "sales.risk.assessed.v1",
        "controlled": "sales.risk.controlled.v1",
        "closed": "sales.risk.closed.v1",
    },
    "reference": {
        "pipeline defined": "sales.pipeline.defined.v1",
        "product defined": "sales.product.defined.v1",
        "exchange rate set": "sales.exchange_rate.set.v1",
        "territory defined": "sales.territory.defined.v1",
        "role described": "sales.role.described.v1",
    },
    "platform": {
        "event corrected": "sales.event.corrected.v1",
        "event retracted": "sales.event.retracted.v1",
        "account merged": "sales.account.merged.v1",
        "subject erased": "sales.subject.erased.v1",
        "signal raised": "sales.signal.raised.v1",
        "signal acknowledged": "sales.signal.acknowledged.v1",
        "signal cleared": "sales.signal.cleared.v1",
        "import gap detected": "sales.import_gap.detected.v1",
    },
}

# The events that people who run sales departments ask for, and the types that record them. One
# type may record several: a field, such as a channel or a purpose, tells them apart.
ASKED_FOR = {
    "conversation held": ["sales.conversation.held.v1", "sales.call.made.v1"],
    "sale completed": ["sales.deal.won.v1", "sales.purchase.made.v1"],
    "cost recorded, with its purpose": ["sales.spend.incurred.v1"],
    "time spent, with its purpose": ["sales.time.spent.v1"],
    "readiness assessed": ["sales.lead.readiness_assessed.v1"],
    "buyer touch, campaign touch": ["sales.touch.recorded.v1"],
    "nurture planned": ["sales.lead.nurture_planned.v1"],
    "prospect identified": ["sales.prospect.identified.v1"],
    "skill recorded": ["sales.skill.assessed.v1"],
    "follow-up due": ["sales.task.scheduled.v1"],
    "ideal customer profile defined": ["sales.profile.defined.v1"],
    "process versioned or changed": ["sales.change.adopted.v1"],
    "strategy adopted, adherence checked": [
        "sales.change.adopted.v1",
        "sales.adherence.checked.v1",
    ],
    "pitch given, pitch released": ["sales.presentation.given.v1", "sales.pitch.released.v1"],
    "terms changed": ["sales.terms.changed.v1"],
    "proposal accepted": ["sales.proposal.accepted.v1"],
    "requirement changed": ["sales.requirement.changed.v1"],
    "business case written": ["sales.business_case.written.v1"],
    "installation done": ["sales.purchase.delivered.v1"],
    "ownership transferred": ["sales.account.owner_changed.v1", "sales.deal.owner_changed.v1"],
    "escalation opened and solved": ["sales.issue.raised.v1", "sales.issue.solved.v1"],
    "cross-sell won": ["sales.deal.opened.v1"],
    "project logged": ["sales.project.started.v1", "sales.project.ended.v1"],
    "decision made": ["sales.decision.made.v1"],
    "report issued": ["sales.report.issued.v1"],
    "unit defined": ["sales.team.defined.v1"],
    "duty assigned": ["sales.rep.duty_assigned.v1"],
    "churned": ["sales.account.churned.v1"],
    "care activity": ["sales.care.given.v1"],
    "satisfaction recorded": ["sales.satisfaction.recorded.v1"],
    "preference noted": ["sales.preference.noted.v1", "sales.incentive_preference.stated.v1"],
    "personal note added and read": ["sales.personal_note.added.v1", "sales.personal_note.read.v1"],
    "feedback acted on": ["sales.feedback.acted_on.v1"],
    "feature requested": ["sales.feature.requested.v1"],
    "product launched": ["sales.product.launched.v1"],
    "plan approved": ["sales.plan.approved.v1"],
    "revenue booked": ["sales.revenue.booked.v1"],
    "profit booked": ["sales.profit.booked.v1"],
    "market share noted": ["sales.market_share.noted.v1"],
    "market note added": ["sales.market_note.added.v1"],
    "brand surveyed": ["sales.brand.surveyed.v1"],
    "analysis noted": ["sales.analysis.noted.v1"],
    "deviation raised and closed": ["sales.deviation.raised.v1", "sales.deviation.closed.v1"],
    "cause of lagging recorded": ["sales.shortfall.explained.v1"],
    "assist logged": ["sales.assist.given.v1"],
    "promoted": ["sales.rep.role_assigned.v1"],
    "course funded": ["sales.course.funded.v1"],
    "idea submitted": ["sales.idea.submitted.v1"],
    "team event held": ["sales.team_event.held.v1"],
    "team meeting held": ["sales.team_meeting.held.v1"],
    "priority agreed": ["sales.priority.agreed.v1"],
    "message sent, by channel": ["sales.message.sent.v1"],
    "recruited, equipped, routed, paid": [
        "sales.rep.hired.v1",
        "sales.rep.equipped.v1",
        "sales.route.assigned.v1",
        "sales.rep.paid.v1",
    ],
    "regular things scheduled": ["sales.cadence.set.v1"],
}

# Names that the ledger's own columns and a reader's keywords have.
TAKEN = {
    "partition", "offset", "recorded_at", "key", "kind", "valid", "digest", "sha256", "day",
    "filed_time", "ref_source", "ref_id", "ref_type", "corrected_data", "value", "owner", "status",
}  # fmt: skip


@pytest.mark.parametrize("family", DESIGN)
def test_a_family_can_say_all_that_the_design_asks(family: str) -> None:
    modules = {module.__name__ for module in FAMILIES[family]}
    for name in DESIGN[family].values():
        assert CATALOGUE[name].__module__ in modules, name


def test_no_family_is_missing() -> None:
    assert set(FAMILIES) == set(DESIGN)


@pytest.mark.parametrize("question", ASKED_FOR)
def test_what_departments_ask_for_can_be_recorded(question: str) -> None:
    assert set(ASKED_FOR[question]) <= set(CATALOGUE)


@pytest.mark.parametrize("name", [*CATALOGUE, *UPCASTS])
def test_a_type_is_named_noun_past_tense_version(name: str) -> None:
    assert re.fullmatch(r"sales\.[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*", name)


def test_a_name_of_another_form_is_refused() -> None:
    with pytest.raises(TypeError, match="not of the form"):
        type("Loose", (Payload,), {}, type="deal.won")


def test_only_one_version_of_a_type_is_current() -> None:
    bare = [name.rpartition(".v")[0] for name in CATALOGUE]
    assert len(bare) == len(set(bare))


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_payload_says_what_it_records(name: str) -> None:
    own = CATALOGUE[name].__doc__
    assert own
    assert own not in {base.__doc__ for base in CATALOGUE[name].__mro__[1:]}


def test_payload_classes_have_names_of_their_own() -> None:
    names = [payload.__name__ for payload in CATALOGUE.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_explained_in_a_sentence(name: str) -> None:
    for sentence in (FIELDS[name].description, *FIELDS[name].types.values()):
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence.strip()


def test_every_field_has_one_type_across_the_catalogue() -> None:
    seen: dict[str, Any] = {}
    for name, payload in CATALOGUE.items():
        for field, annotation in annotations_of(payload).items():
            assert seen.setdefault(field, annotation) == annotation, f"{field} in {name}"
    assert set(seen) == set(FIELDS)


def test_a_field_with_two_types_is_found() -> None:
    one = type("One", (Payload,), {"__annotations__": {"reason": Text}})
    other = type("Other", (Payload,), {"__annotations__": {"reason": Id | None}})
    with pytest.raises(TypeError, match="reason"):
        collect_fields({"sales.one.done.v1": one, "sales.other.done.v1": other})


def test_a_field_without_a_meaning_is_found() -> None:
    loose = type("Loose", (Payload,), {"__annotations__": {"unexplained": Text}})
    with pytest.raises(TypeError, match="glossary"):
        collect_fields({"sales.one.done.v1": loose})


def test_a_field_that_no_column_can_hold_is_found() -> None:
    loose = type("Loose", (Payload,), {"__annotations__": {"amount": float}})
    with pytest.raises(TypeError, match="float"):
        collect_fields({"sales.one.done.v1": loose})


def test_no_field_is_named_like_an_attribute_of_the_envelope_or_a_column_of_the_ledger() -> None:
    envelope = {*Envelope.model_fields, "data", "recordedtime", "dataschema"}
    assert not set(FIELDS) & (envelope | TAKEN)


def test_nothing_in_the_vocabulary_is_a_float() -> None:
    for model in _models():
        for name, annotation in annotations_of(model).items():
            assert float not in _parts_of(annotation), f"{model.__name__}.{name}"


def test_every_choice_is_among_at_least_two_words() -> None:
    for field in FIELDS.values():
        if field.value == "choice":
            assert len(field.choices) > 1
            assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", choice) for choice in field.choices)
        else:
            assert field.choices == ()


@pytest.mark.parametrize("name", CATALOGUE)
def test_money_never_stands_without_its_currency(name: str) -> None:
    fields = CATALOGUE[name].model_fields
    if "amount" in fields:
        assert "currency" in fields


def test_whole_events_and_payloads_are_frozen_strict_and_closed() -> None:
    for model in (*_models(), *event_models().values()):
        config = model.model_config
        assert config.get("frozen")
        assert config.get("strict")
        assert config.get("extra") == "forbid"


def test_the_model_of_an_event_takes_its_own_type_only() -> None:
    for name, model in event_models().items():
        assert get_args(model.model_fields["type"].annotation) == (name,)


def _models() -> Iterator[type[Payload]]:
    for payload in CATALOGUE.values():
        yield payload
        for annotation in annotations_of(payload).values():
            yield from (
                part
                for part in _parts_of(annotation)
                if isinstance(part, type) and issubclass(part, Payload)
            )


def _parts_of(annotation: Any) -> set[Any]:
    bare = getattr(annotation, "__origin__", annotation)
    inner = () if get_origin(annotation) is Literal else get_args(annotation)
    found = {bare} if isinstance(bare, type) else set()
    for part in inner:
        found |= _parts_of(part)
    return found
