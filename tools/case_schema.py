"""Write the schema of what rules see: ``python -m tools.case_schema``, after adding a member."""

import json
from pathlib import Path
from typing import Final

from exchange.core.case_view import view_schema

TARGET: Final = Path(__file__).parents[1] / "exchange" / "policies" / "case.schema.json"


def schema_text() -> str:
    """Give the schema as it is checked in."""
    return json.dumps(view_schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(schema_text(), encoding="utf-8")
