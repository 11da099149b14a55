"""The project's own rules: linters, types, import contracts, and what the packages promise."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def tool(name: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name(name)), *arguments]


@pytest.mark.parametrize(
    "command",
    [tool("ruff", "check"), tool("ruff", "format", "--check"), tool("mypy"), tool("lint-imports", "--no-cache")],
    ids=["ruff check", "ruff format", "mypy", "import contracts"],
)
def test_the_code_keeps_the_projects_rules(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command[1:]) or command[0]}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"


def test_the_main_package_ships_exactly_what_the_plugins_declare() -> None:
    main = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {}
    packages = {"hub"}
    for file in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        plugin = tomllib.loads(file.read_text())
        declared |= plugin["project"]["entry-points"]["crmhub.plugins"]
        module = next(iter(plugin["project"]["entry-points"]["crmhub.plugins"].values())).split(".")[0]
        packages.add(f"plugins/{file.parent.name}/{module}")
    assert main["project"]["entry-points"]["crmhub.plugins"] == declared
    assert set(main["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == packages


@pytest.mark.parametrize("folder", sorted(ROOT.glob("plugins/*")), ids=lambda folder: folder.name)
def test_every_plugin_folder_is_what_a_third_party_would_publish(folder: Path) -> None:
    present = {path.name for path in folder.iterdir()}
    assert {"pyproject.toml", "README.md", "tests"} <= present
    assert list(folder.glob("*/py.typed"))
    (plugin,) = folder.glob("*/plugin.py")
    if "hub_connectors" not in plugin.read_text():
        return  # a plugin that offers only a sandbox has no settings, no mapping and claims nothing
    assert "quality.toml" in present
    assert "| key | needed | default | meaning |" in (folder / "README.md").read_text(), "a table of settings"
    assert list(folder.glob("*/mappings/*.toml")), "a default mapping"
