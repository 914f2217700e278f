"""*Recognition*: which pair of members does not recognise whom, why, and what policies do."""

from dashboards.panels import (
    DESTINATION,
    INSTANCE,
    JOB,
    OF_EXCHANGE,
    Dashboard,
    Kind,
    Panel,
    Query,
    Row,
)

_D = f'{OF_EXCHANGE},destination=~"$destination"'
_REVISIONS = f"health_exchange_policy_revision{{{_D}}}"
_CHANGES = (
    f"max by (destination, policy) (changes({_REVISIONS}[2m]) > 0)"
    f" or max by (destination, policy) ({_REVISIONS} unless {_REVISIONS} offset 2m)"
)
"""A destination that leaves the default has a new series, not another value."""


def _share(verdict: str) -> str:
    """Return the share of a verdict among the decisions of each destination, 0 where none is."""
    decisions = "sum by (destination) (rate(health_exchange_decisions_total{%s}[$__rate_interval]))"
    every = decisions % _D
    return f"({decisions % f'{_D},{verdict}'} or 0 * {every}) / {every}"


RECOGNITION = Dashboard(
    uid="health-exchange-recognition",
    title="Recognition",
    description="Which pair does not recognise whom, why, and what did the last policy change?",
    variables=(JOB, INSTANCE, DESTINATION),
    annotations=Query(
        _CHANGES, "{{destination}} {{policy}}", empty_because="no policy has changed"
    ),
    rows=(
        Row(
            "Pairs",
            (
                Panel(
                    title="Findings against a passage by pair",
                    description="Destination by issuer, in the last hour, of decisions that did "
                    "not admit; the column without a name: no statement at all. Good: "
                    "no cell that stands out.",
                    unit="short",
                    kind=Kind.TABLE,
                    matrix=("destination", "issuer"),
                    width=24,
                    queries=(
                        Query(
                            "sum by (destination, issuer) (increase("
                            f"health_exchange_non_recognitions_total{{{_D}}}[1h]))",
                            "findings",
                        ),
                    ),
                ),
                Panel(
                    title="Reasons",
                    description="Findings of decisions that did not admit. Good: NO_STATEMENT and "
                    "STATEMENT_TOO_OLD are few; they are feeds, not people.",
                    unit="cps",
                    width=12,
                    playbook="member-freshness",
                    queries=(
                        Query(
                            "sum by (reason) (rate("
                            f"health_exchange_non_recognitions_total{{{_D}}}[$__rate_interval]))",
                            "{{reason}}",
                        ),
                    ),
                ),
                Panel(
                    title="Verdicts by destination",
                    description="Share of decisions that did not admit. Good: the same for "
                    "neighbours with the same policy.",
                    unit="percentunit",
                    width=12,
                    queries=(Query(_share('verdict!="ADMIT"'), "{{destination}}"),),
                ),
            ),
        ),
        Row(
            "Policies",
            (
                Panel(
                    title="Revisions in force",
                    description="By destination; `default` is the national default, where none is "
                    "published. Good: what was released, everywhere the same.",
                    unit="none",
                    kind=Kind.TABLE,
                    width=8,
                    queries=(
                        Query(
                            "max by (destination, policy) "
                            f"(health_exchange_policy_revision{{{_D}}})",
                            "revision",
                        ),
                    ),
                ),
                Panel(
                    title="Looks at the policies",
                    description="Each worker looks once a second, by result. Good: ok, and nothing "
                    "else; what was known stays in use otherwise.",
                    unit="cps",
                    playbook="policy-not-loaded",
                    width=8,
                    queries=(
                        Query(
                            "sum by (result) "
                            f"(rate(health_exchange_policy_reads_total{{{OF_EXCHANGE}}}[$__rate_interval]))",
                            "{{result}}",
                        ),
                    ),
                ),
                Panel(
                    title="Refused after a change of policy",
                    description="REFUSE as a share of decisions; changes of policies are marked. "
                    "Good: it moves as the dry run of the policy had said.",
                    unit="percentunit",
                    width=8,
                    queries=(Query(_share('verdict="REFUSE"'), "{{destination}}"),),
                ),
                Panel(
                    title="Decisions by origin",
                    description="As callers name it; most name none. Good: the roads of the "
                    "season.",
                    unit="cps",
                    width=8,
                    queries=(
                        Query(
                            "sum by (origin) (rate("
                            f"health_exchange_decisions_total{{{_D}}}[$__rate_interval]))",
                            "{{origin}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
