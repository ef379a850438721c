"""The known export formats: name -> "module:attribute". One file and one line each."""

from __future__ import annotations

from importlib import import_module

from affinity.ingest.format_spec import FormatSpec

FORMATS = {
    "uci_online_retail": "affinity.ingest.formats.uci_online_retail:SPEC",
    "uci_online_retail_ii": "affinity.ingest.formats.uci_online_retail_ii:SPEC",
    "instacart": "affinity.ingest.formats.instacart:SPEC",
    "dunnhumby": "affinity.ingest.formats.dunnhumby:SPEC",
}


def load_format(name: str) -> FormatSpec:
    """The specification of a registered format."""
    module, attribute = FORMATS[name].split(":")
    spec: FormatSpec = getattr(import_module(module), attribute)
    return spec
