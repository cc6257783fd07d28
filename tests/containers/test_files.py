"""What the files of the containers say, without starting any."""

import re

import pytest
import yaml

from tests.support import needs

COMPOSE = yaml.safe_load((needs.ROOT / "compose.yaml").read_text(encoding="utf-8"))
LOCAL = yaml.safe_load((needs.ROOT / "deploy" / "compose.local.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
#: What compose.yaml may be told, and what it takes when it is not.
VARIABLE = re.compile(r"\$\{(CW_[A-Z_]+):-([^}]*)\}")


def test_every_image_of_others_is_pinned_to_a_release():
    others = {one["image"] for one in SERVICES.values() if not one["image"].startswith("crampwatch:")}
    assert others == {"eclipse-mosquitto:2.0.22", "influxdb:2.7.12"}


def test_the_base_is_the_same_pinned_one_in_the_dockerfile_and_in_compose():
    dockerfile = (needs.ROOT / "Dockerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base)
    assert SERVICES["processor"]["build"]["args"]["BASE"] == f"${{CW_BASE:-{base}}}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_contained(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] != "0"
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_a_variable(name):
    variables = SERVICES[name]["environment"]
    assert not [one for one in variables if re.search(r"PASSWORD|TOKEN|APPRISE", one) and not one.endswith("_FILE")]


def test_every_service_has_a_local_image_so_that_none_is_pulled_in_a_test():
    assert LOCAL["services"].keys() == SERVICES.keys()
    assert all(one["image"].startswith("crampwatch-local/") for one in LOCAL["services"].values())
    assert all(one["pull_policy"] == "never" for one in LOCAL["services"].values())


def test_what_may_be_set_is_what_the_guide_lists():
    text = "".join(
        (needs.ROOT / name).read_text(encoding="utf-8") for name in ("compose.yaml", "deploy/compose.tls.yaml")
    )
    guide = (needs.ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    assert {name for name, _ in VARIABLE.findall(text)} == set(re.findall(r"`(CW_[A-Z_]+)`", guide))
