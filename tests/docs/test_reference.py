"""The reference cannot lie: it is made from the code, and what is committed is what would be made."""

import importlib.util
from pathlib import Path

import pytest

from tests.support.needs import ROOT

DOCS = ROOT / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "page", ["commands.md", "settings.md", "topics.md", "guidance.md", "detectors.md", "asyncapi.json"]
)
def test_a_reference_page_is_what_the_code_says_now(page):
    made = generator().PAGES[page]()
    assert (DOCS / "reference" / page).read_text(encoding="utf-8") == made, "run `make docs` and commit the result"


def test_types_are_named_as_a_reader_of_json_needs_them():
    import doctest

    assert doctest.testmod(generator()).failed == 0


def test_every_link_between_our_pages_leads_somewhere():
    import re

    broken = []
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            if not (page.parent / Path(target)).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert broken == []


def test_the_readme_names_both_commands_and_what_is_not_claimed():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
    assert "Not a medical device" in text
