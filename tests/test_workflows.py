"""The workflows and issue forms: sound, with the least power, every outside action named by its commit."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml" for name in ("broken_page", "erratum", "idea")]
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
}
FAULTS = {
    "unpinned-uses": (r"actions/checkout@\w+ # ", "actions/checkout@"),
    "artipacked": (r"persist-credentials: false", "fetch-depth: 1"),
    "excessive-permissions": (r"permissions: {}", "permissions: write-all"),
    "template-injection": (r"make lint", "echo ${{ github.head_ref }}"),
    "concurrency-limits": (r"concurrency:\n  .*\n  .*\n", ""),
}
PINNED = re.compile(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def zizmor(folder):
    """What the auditor of workflows finds, pedantic and without the network."""
    program = Path(sysconfig.get_path("scripts"), "zizmor")
    return subprocess.run(
        [program, "--offline", "--pedantic", "--no-progress", "--color=never", folder],
        capture_output=True,
        text=True,
    )


def follow(schema, *paths):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *paths]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_zizmor_finds_nothing():
    done = zizmor(ROOT)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("audit", FAULTS)
def test_zizmor_finds_a_planted_fault(tmp_path, audit):
    text = (GITHUB / "workflows" / "test.yml").read_text("utf-8")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "test.yml").write_text(re.sub(*FAULTS[audit], text), "utf-8")

    done = zizmor(tmp_path)

    assert done.returncode != 0
    assert f"[{audit}]" in done.stdout


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_files_for_github_follow_their_schema(schema):
    assert follow(schema, *SCHEMAS[schema])


def test_every_file_for_github_has_a_schema():
    assert set(GITHUB.rglob("*.yml")) == {path for paths in SCHEMAS.values() for path in paths}


@pytest.mark.slow
def test_a_misspelt_key_and_a_job_without_end_are_caught(tmp_path):
    text = (GITHUB / "workflows" / "test.yml").read_text("utf-8")
    misspelt, endless = tmp_path / "misspelt.yml", tmp_path / "endless.yml"
    misspelt.write_text(text.replace("runs-on:", "run-on:"), "utf-8")
    endless.write_text(re.sub(r" +timeout-minutes: .*\n", "", text), "utf-8")

    assert not follow("vendor.github-workflows", misspelt)
    assert not follow("custom.github-workflows-require-timeout", endless)


@each_workflow
def test_an_action_stands_by_its_commit_with_its_version_beside(path):
    uses = re.findall(r"uses: (.*)", path.read_text("utf-8"))

    assert uses
    assert [use for use in uses if not PINNED.fullmatch(use)] == []


def test_an_action_has_one_commit_in_all_workflows():
    uses = {use for path in WORKFLOWS for use in re.findall(r"uses: (.*)", path.read_text("utf-8"))}

    assert len({use.split("@")[0] for use in uses}) == len(uses)


@pytest.mark.parametrize("name", ["test", "weekly"])
def test_torch_is_the_build_without_cuda(name):
    workflow = yaml.safe_load((GITHUB / "workflows" / f"{name}.yml").read_text("utf-8"))

    assert workflow["env"]["PIP_EXTRA_INDEX_URL"] == "https://download.pytorch.org/whl/cpu"


@pytest.mark.skipif(not shutil.which("make"), reason="make is not there")
def test_what_a_workflow_makes_is_a_target():
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    named = set(re.findall(r"(?:make|which:) (\w+)", text))

    rules = subprocess.run(["make", "-pq", "help"], cwd=ROOT, capture_output=True, text=True).stdout

    assert named >= {"lint", "test", "unit", "html", "links", "lowest", "newest"}
    assert [name for name in named if f"\n{name}:" not in rules] == []
