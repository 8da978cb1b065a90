"""docker-compose.yml: a Compose file, pinned, guarded, and with names that the project knows.

Docker's own `config` judges it where there is one, models of the Compose Specification everywhere.
"""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from infra.settings import all_settings

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text()
FILLED = re.sub(r"\$\{(\w+):\?[^}]*\}", r"value-of-\1-0123456789", TEXT)
SERVICES: dict[str, Any] = yaml.safe_load(FILLED)["services"]
MAKE_ENV = ROOT / "infra" / "deploy" / "docker" / "make-env.sh"
ASKED_FOR = set(re.findall(r"\$\{(\w+)", TEXT))


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    return [(source, rest) for source, _, rest in (v.partition(":") for v in service["volumes"])]


@pytest.fixture(scope="module")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What make-env.sh writes."""
    path = tmp_path_factory.mktemp("env") / "compose.env"
    subprocess.run([MAKE_ENV, path], check=True, capture_output=True)
    return path


def test_the_file_is_one_of_the_compose_specification() -> None:
    compose = PyCompose.from_json(json.dumps(yaml.safe_load(FILLED)))

    compose.validate()
    assert set(compose.service_names()) == set(SERVICES)


def test_a_name_that_the_specification_does_not_know_is_found() -> None:
    wrong = FILLED.replace("    healthcheck:\n", "    helthcheck:\n", 1)

    with pytest.raises(ValueError, match="helthcheck"):
        PyCompose.from_json(json.dumps(yaml.safe_load(wrong)))


def test_docker_takes_the_file(env_file: Path) -> None:
    command = next((c for c in (["docker", "compose"], ["docker-compose"]) if answers(c)), None)
    if command is None:
        pytest.skip("cannot be otherwise: there is no docker compose here")

    done = subprocess.run(
        [*command, "--file", FILE, "--env-file", env_file, "config", "--quiet"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def answers(command: list[str]) -> bool:
    """Tell whether a command is Compose; the first one is older than the specification."""
    if shutil.which(command[0]) is None:
        return False
    told = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
    return told.returncode == 0 and not told.stdout.startswith("1.")


def test_every_image_is_pinned_by_a_version() -> None:
    dockerfile = (ROOT / "infra/deploy/docker/Dockerfile").read_text()
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)

    assert [image for image in images if not re.search(r":v?\d+\.\d+\.\d+", image)] == []
    assert re.search(
        r"@\d+\.\d+\.\d+$", SERVICES["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]
    )


@pytest.mark.parametrize("name", SERVICES)
class TestEveryService:
    def test_tells_how_it_is(self, name: str) -> None:
        check = SERVICES[name]["healthcheck"]

        assert check["test"][0] in ("CMD", "CMD-SHELL")
        assert {"interval", "timeout", "retries"} <= check.keys()

    def test_starts_again_and_may_do_little(self, name: str) -> None:
        service = SERVICES[name]

        assert service["restart"] == "unless-stopped"
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged")
        # Kafka's image names a user of its own.
        assert name == "kafka" or int(service["user"].partition(":")[0]) > 0

    def test_is_published_on_loopback_alone(self, name: str) -> None:
        for port in SERVICES[name].get("ports", ()):
            assert port.startswith("127.0.0.1:"), port

    def test_mounts_what_is_there_and_only_to_read(self, name: str) -> None:
        for source, rest in mounts(SERVICES[name]) if "volumes" in SERVICES[name] else ():
            if source.startswith("."):
                assert (ROOT / source).exists(), source
                assert rest.endswith(":ro"), source
            else:
                assert source in yaml.safe_load(TEXT)["volumes"]

    def test_sets_settings_that_the_project_knows(self, name: str) -> None:
        known = {setting.env for setting in all_settings()}
        told = SERVICES[name].get("environment", {})
        ours = SERVICES[name]["image"].startswith("salestape")

        assert [n for n in told if (ours or n.startswith("SALESTAPE_")) and n not in known] == []


def test_what_salestape_runs_is_a_command_of_it() -> None:
    from services.cli.main import ORDER

    for service in SERVICES.values():
        if service["image"].startswith("salestape"):
            assert service["command"][0] in ORDER


def test_no_password_stands_in_the_file_and_none_has_a_default() -> None:
    assert re.findall(r"\$\{\w+:?-[^}]*\}", TEXT) == []
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|KEY$|SECRET", name):
                assert str(value).startswith("value-of-"), name


def test_the_passwords_are_made_once_at_random_for_their_owner_alone(
    env_file: Path, tmp_path: Path
) -> None:
    def made(path: Path) -> dict[str, str]:
        lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
        return dict(line.split("=", 1) for line in lines)

    other = tmp_path / "other.env"
    subprocess.run([MAKE_ENV, other], check=True, capture_output=True)
    again = subprocess.run([MAKE_ENV, env_file], capture_output=True, text=True)

    assert made(env_file).keys() == ASKED_FOR
    assert len({*made(env_file).values(), *made(other).values()}) == 2 * len(ASKED_FOR)
    assert all(len(value) >= 22 for value in made(env_file).values())
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert os.fspath(env_file) in again.stderr


def test_the_passwords_are_kept_out_of_the_repository_and_the_image() -> None:
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    dockerfile = (ROOT / "infra/deploy/docker/Dockerfile").read_text()
    assert not re.search(r"PASSWORD|API_KEY|SECRET|^ARG ", dockerfile, re.MULTILINE)
    assert "--require-hashes" in dockerfile
