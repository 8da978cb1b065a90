"""How the people of the team grow: skills, training, coaching, appraisal, feedback, praise, ideas.

`actor` of the envelope is the rep the event is about; who trains, coaches or judges is a field.
"""

from typing import Literal

from events.envelope import Payload, in_order, together
from events.values import Amount, Channel, Count, Currency, Day, Id, Score, Sentiment, Text

TrainingFormat = Literal["online", "in_person", "on_the_job", "mixed"]
"""How a training is given."""


class SkillAssessed(Payload, type="sales.skill.assessed.v1"):
    """It was judged how well a rep can do something."""

    skill: Id
    score: Score
    """From 0, not at all, to 10, could teach it."""
    assessor: Id | None = None
    """Who judged; absent where the rep did."""
    evidence: Text | None = None


class TrainingCompleted(Payload, type="sales.training.completed.v1"):
    """A rep went through a training."""

    training: Id
    topic: Id | None = None
    """Such as selling_skills, new_product, market_trends, protocols."""
    training_format: TrainingFormat | None = None
    onboarding: bool | None = None
    """True where it belongs to the first steps of a newcomer."""
    skill: Id | None = None
    trainer: Id | None = None
    score: Score | None = None
    """The result of its test, from 0 to 100."""
    duration_seconds: Count | None = None


class CourseFunded(Payload, type="sales.course.funded.v1"):
    """The company paid for a rep's education."""

    training: Id
    amount: Amount
    currency: Currency
    reason: Text | None = None


class CoachingHeld(Payload, type="sales.coaching.held.v1"):
    """Somebody more experienced worked with a rep."""

    coach: Id
    topic: Id | None = None
    skill: Id | None = None
    channel: Channel | None = None
    duration_seconds: Count | None = None
    note: Text | None = None


class AppraisalGiven(Payload, type="sales.appraisal.given.v1"):
    """A rep's work over a period was judged, by numbers and by words."""

    assessor: Id | None = None
    period_start: Day
    period_end: Day
    score: Score | None = None
    """The verdict as a whole, from 0 to 100."""
    amount: Amount | None = None
    """What the rep sold in the period."""
    currency: Currency | None = None
    customers: Count | None = None
    """How many customers the rep had in the period."""
    satisfaction_score: Score | None = None
    """How content the rep's customers are, from 0 to 100."""
    teamwork_score: Score | None = None
    """How well the rep works with others, from 0 to 100."""
    improvement_plan: Text | None = None

    _money = together("amount", "currency")
    _period = in_order("period_start", "period_end")


class FeedbackGiven(Payload, type="sales.feedback.given.v1"):
    """A rep was told what went well and what did not."""

    giver: Id
    topic: Id | None = None
    sentiment: Sentiment | None = None
    comment: Text | None = None


class RecognitionGiven(Payload, type="sales.recognition.given.v1"):
    """A rep was praised or honoured, without money."""

    recognition_type: Id
    """Such as commendation, training_place, most_improved, innovation_award."""
    giver: Id | None = None
    public: bool | None = None
    """True where others heard it."""
    reason: Text | None = None


class ShortfallExplained(Payload, type="sales.shortfall.explained.v1"):
    """It was found out why a rep stays behind."""

    cause: Id
    """Such as undertrained, wrong_fit, territory, health, leads, dislikes_customers."""
    assessor: Id | None = None
    period_start: Day | None = None
    period_end: Day | None = None
    description: Text | None = None
    remedy: Text | None = None
    """What is to be done about it."""

    _period = in_order("period_start", "period_end")


class IdeaSubmitted(Payload, type="sales.idea.submitted.v1"):
    """A rep proposed something new."""

    idea: Id
    topic: Id | None = None
    description: Text | None = None


class IdeaAdopted(Payload, type="sales.idea.adopted.v1"):
    """What a rep proposed is done from now on. `actor` is who had the idea."""

    idea: Id
    change: Id | None = None
    """The change that was adopted because of it."""
