"""CertLogic 1.3.3: rules written as JSON, checked, compiled once and evaluated in microseconds.

Everything callers need is here; the modules behind it are details of the package.
"""

from exchange.core.certlogic.compile import Rule, Rules, compile_rule, compile_rules
from exchange.core.certlogic.dates import DateTime
from exchange.core.certlogic.errors import EvaluationError, Problem, ProblemCode
from exchange.core.certlogic.fields import affected_fields, paths_read
from exchange.core.certlogic.limits import POLICY_RULE_STEPS
from exchange.core.certlogic.lines import evaluate_line
from exchange.core.certlogic.validate import validate
from exchange.core.certlogic.values import Json, Value

__all__ = [
    "POLICY_RULE_STEPS",
    "DateTime",
    "EvaluationError",
    "Json",
    "Problem",
    "ProblemCode",
    "Rule",
    "Rules",
    "Value",
    "affected_fields",
    "compile_rule",
    "compile_rules",
    "evaluate_line",
    "paths_read",
    "validate",
]
