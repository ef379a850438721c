"""Licences of what is installed for the package, as SPDX names: python -m tests.supply.licences prints them."""

from __future__ import annotations

import re
import sys
from importlib.metadata import distribution

from tests.supply.requirements import list_installed

#: Words of classifiers and of free texts -> SPDX, the first that fits.
WORDS = (
    (r"apache", "Apache-2.0"), (r"mozilla public license 2|mpl-?2", "MPL-2.0"), (r"isc", "ISC"),
    (r"python software foundation|psf", "PSF-2.0"), (r"bsd[- ]2|2-clause|simplified bsd", "BSD-2-Clause"),
    (r"bsd", "BSD-3-Clause"), (r"\bmit\b|expat", "MIT"), (r"mit-cmu|hpnd", "HPND"), (r"unlicense", "Unlicense"),
    (r"zlib", "Zlib"), (r"\bgpl|gnu general", "GPL"), (r"lgpl|lesser", "LGPL"),
)  # fmt: skip


def licence_of(name: str) -> str:
    """The SPDX expression that a distribution states; else its classifiers' or text's, in SPDX where the words are known."""
    said = distribution(name).metadata
    expression = said.get("License-Expression")
    if expression:
        return expression
    texts = [one.rpartition("::")[2] for one in said.get_all("Classifier", []) if one.startswith("License ::")]
    texts = [one for one in texts if one.strip() != "OSI Approved"] or [(said.get("License") or "")[:200]]
    found = {next((spdx for word, spdx in WORDS if re.search(word, text, re.IGNORECASE)), text.strip()) for text in texts}
    return " OR ".join(sorted(found)) or "none stated"


def list_licences() -> dict[str, tuple[str, str]]:
    """Name -> (version, licence) of what the package and the extras for its users need here."""
    return {name: (version, licence_of(name)) for name, version in sorted(list_installed().items())}


if __name__ == "__main__":
    sys.stdout.writelines(f"{name} {version}: {licence}\n" for name, (version, licence) in list_licences().items())
