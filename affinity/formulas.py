"""What a spreadsheet takes for a formula, and the apostrophe that keeps it from it; as regular expressions of Arrow and DuckDB.

A text is guarded by one apostrophe before it when, behind the apostrophes that it has already, it begins like a formula and is
no plain number. Then taking one apostrophe off where one stands before such a text gives back every text as it was.
"""

from __future__ import annotations

#: What a formula begins with (the wide signs too).
_SIGNS = "[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
_NUMBER = "[+-]?[0-9]+([.][0-9]+)?$"

#: Texts that are guarded, but for those of the second expression.
FORMULA, NUMBER = f"^'*{_SIGNS}", f"^'*{_NUMBER}"
#: Texts that bear a guard, but for those of ``NUMBER``.
GUARDED = f"^'+{_SIGNS}"
