"""The conformance report as one HTML page that needs nothing else: table and first differences."""

from collections.abc import Sequence
from html import escape

from exchange.cli.conformance.results import CaseResult, Score
from exchange.cli.names import member_word

FAILED_SHOWN_MAX = 3
"""Cases that are shown of each format: the first ones say what is wrong as a rule."""

_STYLE = """
body { font-family: system-ui, sans-serif; margin: 2rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse }
th, td { text-align: left; padding: .25rem .9rem; border-bottom: 1px solid #ddd }
td.number { text-align: right; font-variant-numeric: tabular-nums }
tr.failed td { background: #fdecea }
code { white-space: pre-wrap; overflow-wrap: anywhere }
"""


def page(scores: Sequence[Score], results: Sequence[CaseResult], made: str) -> str:
    """Return the page.

    Args:
        scores: The table.
        results: All cases.
        made: When it was made, as text.
    """
    passed, total = sum(one.passed for one in scores), sum(one.total for one in scores)
    rows = "\n".join(map(_row, scores))
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Conformance: {passed} of {total}</title>
<style>{_STYLE}</style>
<h1>{passed:,} of {total:,} cases pass</h1>
<p>Made {escape(made)}.</p>
<table>
<thead><tr><th>Member</th><th>Format or suite</th><th>Passed</th><th>Total</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
{_differences(scores, results)}
</html>
"""


def _row(score: Score) -> str:
    kind = "" if score.passed == score.total else ' class="failed"'
    return (
        f"<tr{kind}><td>{escape(member_word(score.member))}</td><td>{escape(score.group)}</td>"
        f'<td class="number">{score.passed}</td><td class="number">{score.total}</td></tr>'
    )


def _differences(scores: Sequence[Score], results: Sequence[CaseResult]) -> str:
    parts = []
    for score in scores:
        failed = [
            one
            for one in results
            if (one.member, one.group) == (score.member, score.group) and not one.passed
        ]
        if failed:
            cases = "\n".join(map(_case, failed[:FAILED_SHOWN_MAX]))
            parts.append(f"<h2>{escape(score.group)}</h2>\n{cases}")
    return "\n".join(parts)


def _case(result: CaseResult) -> str:
    rows = "\n".join(
        f"<tr><td><code>{escape(one.path)}</code></td><td><code>{escape(one.expected)}</code></td>"
        f"<td><code>{escape(one.got)}</code></td></tr>"
        for one in result.differences
    )
    return (
        f"<h3>{escape(result.case)} <small>{escape(result.corpus)}</small></h3>\n"
        f"<table><thead><tr><th>Field</th><th>Expected</th><th>Got</th></tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table>"
    )
