"""The state of the kernels: compiled, stale, not yet; and that importing the package loads nothing heavy."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from affinity.cli import app as cli
from affinity.cli import extras, kernel_cache

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "numba", "pandas", "scipy", "duckdb", "matplotlib", "pyarrow", "polars", "networkx", "mlxtend", "pydantic")


def run_python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_after(code: str) -> set[str]:
    return set(run_python(f"import sys\n{code}\nprint(*[name for name in {HEAVY} if name in sys.modules])").split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import affinity") == set()


def test_mining_is_loaded_without_what_it_does_not_use() -> None:
    assert loaded_after("import affinity as af; af.mine_itemsets, af.induce_rules") <= {"numpy"}


def test_the_help_of_the_command_loads_no_engine() -> None:
    assert loaded_after("import affinity.cli") <= {"numpy", "pydantic"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A small package of kernels with its own cache: one function, and one that calls it from another module."""
    package = tmp_path / "affinity" / "kernels"
    package.mkdir(parents=True)
    (tmp_path / "affinity" / "__init__.py").touch()
    (package / "__init__.py").touch()
    head = "from numba import njit\n\n\n@njit(nogil=True, cache=True)\n"
    (package / "callee.py").write_text(f"{head}def double(x):\n    return 2 * x\n")
    (package / "caller.py").write_text(
        "from affinity.kernels.callee import double\n" + head + "def four_times(x):\n    return double(double(x))\n"
    )
    return tmp_path


def states_in(folder: Path, before: str = "") -> dict[str, dict[str, str]]:
    """`kernel_states` over the kernels in ``folder``, in a fresh interpreter, after some code has run."""
    source = Path(kernel_cache.__file__)
    code = (
        f"import sys, json, importlib.util; sys.path.insert(0, {str(folder)!r})\n{before}\n"
        f"spec = importlib.util.spec_from_file_location('kernel_cache', {str(source)!r})\n"
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "print(json.dumps(module.kernel_states()))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


CALL = "from affinity.kernels.caller import four_times; assert four_times(1) == 4"


def test_kernels_are_not_yet_then_compiled_then_stale(copied: Path) -> None:
    assert states_in(copied) == {"callee": {"double": "not yet"}, "caller": {"four_times": "not yet"}}
    everything = {"callee": {"double": "compiled"}, "caller": {"four_times": "compiled"}}
    assert states_in(copied, CALL) == everything
    assert states_in(copied) == everything
    callee = copied / "affinity" / "kernels" / "callee.py"
    callee.write_text(callee.read_text() + "\n# changed\n")
    later = callee.stat().st_mtime + 10
    os.utime(callee, (later, later))
    assert states_in(copied) == {"callee": {"double": "stale"}, "caller": {"four_times": "stale"}}


def test_a_cache_of_another_numba_or_cut_short_is_stale(copied: Path) -> None:
    states_in(copied, CALL)
    for index in (copied / "affinity" / "kernels").rglob("callee*.nbi"):
        index.write_bytes(index.read_bytes()[:40])
    assert states_in(copied) == {"callee": {"double": "stale"}, "caller": {"four_times": "compiled"}}


def test_a_folder_is_writable_when_it_or_the_one_it_is_made_in_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernel_cache.is_writable(tmp_path)
    assert kernel_cache.is_writable(tmp_path / "not" / "there")
    monkeypatch.setattr(os, "access", lambda path, how: path != tmp_path)  # as on a read-only file system
    assert not kernel_cache.is_writable(tmp_path / "not" / "there")


def test_doctor_tells_the_state_of_every_kernel() -> None:
    shown = CliRunner().invoke(cli.app, ["doctor", "--json"], env={"NUMBA_NUM_THREADS": "2"})
    facts = json.loads(shown.stdout)
    kernels = facts["kernels"]
    listed = [name for states in kernels["modules"].values() for names in states.values() for name in names]
    assert len(listed) == sum(kernels[state] for state in kernel_cache.STATES) > 50
    assert facts["numba settings"]["NUMBA_NUM_THREADS"] == "2"
    assert facts["memory available"] is None or facts["memory available"] > 1e6
    assert list(kernels["folders"].values()) == ["writable"]
    text = CliRunner().invoke(cli.app, ["doctor"]).stdout
    told = re.search(r"kernels: (\d+) compiled, (\d+) stale, (\d+) not yet", text)
    assert told is not None
    compiled, stale, waiting = map(int, told.groups())
    after = json.loads(CliRunner().invoke(cli.app, ["doctor", "--json"]).stdout)["kernels"]  # tests beside this one compile
    assert kernels["compiled"] <= compiled <= after["compiled"]
    assert (stale, waiting) == (kernels["stale"], len(listed) - compiled - stale)
    assert "itemsets_mine" in text


def test_help_says_how_to_warm_an_image() -> None:
    text = CliRunner().invoke(cli.app, ["doctor", "--help"]).output
    assert "--compile" in text
    assert "NUMBA_CACHE_DIR" in text


@pytest.mark.slow
def test_everything_is_compiled_into_an_empty_folder(tmp_path: Path) -> None:
    code = "import sys; from affinity.cli import main; sys.argv = ['affinity', 'doctor', '--compile', '--json']; main()"
    facts = json.loads(run_python(code, NUMBA_CACHE_DIR=str(tmp_path)))
    kernels = facts["kernels"]
    assert (kernels["stale"], kernels["not yet"]) == (0, 0), kernels["modules"]
    assert facts["compiled now"] == kernels["compiled"] > 50
    assert all(Path(folder).is_relative_to(tmp_path) for folder in kernels["folders"])


def test_every_extra_says_what_it_gives_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(extras.EXTRAS) == set(project) - {"dev"}
    for name, (gives, packages) in extras.EXTRAS.items():
        assert gives
        assert set(packages) <= {re.split(r"[>=<\[;]", each)[0].strip() for each in project[name]}
    facts = json.loads(CliRunner().invoke(cli.app, ["doctor", "--json"]).stdout)["extras"]
    assert facts["[plots]"]["missing"] == []
    assert facts["[plots]"]["browser"].startswith("not needed")
    monkeypatch.setattr(extras, "installed_version", lambda name: None if name in ("altair", "pyspark") else "1.0")
    monkeypatch.setattr(extras, "find_java", lambda: None)
    found = extras.describe_extras()
    assert found["[plots]"]["missing"] == ["altair"]
    assert found["[spark]"]["missing"] == ["pyspark", "Java 17 or newer"]
    assert "JAVA_HOME" in found["[spark]"]["do"]
    text = "\n".join(extras.describe_extra_lines(found))
    assert "missing altair: pip install 'affinity-engine[plots]'" in text
    assert "counting on a Spark cluster" in text


def test_java_is_that_of_java_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin" / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert extras.find_java() == str(java)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    assert extras.find_java() is None


def test_bash_completes_verbs_and_options() -> None:
    def complete(line: str) -> set[str]:
        code = "from affinity.cli import main; main()"
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_AFFINITY_COMPLETE": "complete_bash"}
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.argv[0] = 'affinity'; {code}"],
            cwd=ROOT, capture_output=True, text=True, env={**os.environ, **words},
        )  # fmt: skip
        return set(done.stdout.split())

    assert {"demo", "run", "recommend", "campaign", "doctor"} <= complete("affinity ")
    assert complete("affinity camp") == {"campaign"}
    assert complete("affinity campaign ") == {"plan", "measure"}
    assert "--horizon-days" in complete("affinity run --hor")
    assert "--install-completion" in CliRunner().invoke(cli.app, ["--help"]).output.partition("Options")[0]
