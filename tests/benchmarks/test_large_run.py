"""The benchmark of large runs: every step is measured, and what was made is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import large_run, large_shop


def test_a_run_and_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from affinity import flow

    monkeypatch.setattr(flow, "step", flow.step)  # the benchmark puts its own in place, in a process of its own
    shop = large_shop.write_shop(tmp_path / "shop", 6_000, customers=300, products=60)
    figures = large_run.run_one(shop, tmp_path / "out")
    assert figures["lines"] == 6_000
    assert figures["customers"] > 250
    assert (tmp_path / "out" / "current" / "manifest.json").exists()
    assert [step["step"] for step in figures["steps"]][0] == "reading orders"
    assert figures["steps"][-1]["step"] == "publishing"
    assert sum(step["cpu_s"] for step in figures["steps"]) <= figures["cpu_s"] + 1
    assert figures["peak_resident_gb"] >= max(step["resident"] for step in figures["steps"]) - 0.01
    assert "ranking" in capsys.readouterr().err
