"""Cases for the alert rules: series over time, and which alerts fire when; run by promtool.

Written as data and given to ``promtool test rules`` as a file, so that each case names what it is
about: a fault, noise that must not wake anybody, or the end of a fault. Series are in promtool's
notation: ``0+60x10`` starts at 0 and grows by 60 in each of ten further steps.
"""

from dashboards.rule_cases import exchange, members, store
from dashboards.rule_cases.case import Case, Fires

CASES: tuple[Case, ...] = (*exchange.CASES, *members.CASES, *store.CASES)
"""All cases; a test sees to it that every alert fires in one."""

__all__ = ["CASES", "Case", "Fires"]
