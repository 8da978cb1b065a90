"""The Kafka tape over TLS, with a user and a password, against a real broker that asks for them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr
from tape_contract import read_all

from infra.kafka_broker import BrokerError, KafkaBroker, free_ports
from infra.settings import KafkaSettings
from infra.tape.contract import Entry, TapeRefused
from infra.tape.kafka import KafkaTape

PASSWORD = "open-sesame"
KEYSTORE_PASSWORD = "of-the-keystore"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secure-kafka")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where a broker asks for TLS and SASL; its authority is `folder`/ca.pem."""
    broker = KafkaBroker(folder / "broker")
    port = free_ports()[0]
    broker.folder.mkdir()
    (broker.folder / "extra.properties").write_text(
        f"""
listeners=PLAINTEXT://127.0.0.1:{broker.port},CONTROLLER://127.0.0.1:{broker.controller_port},\\
SECURE://localhost:{port}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker.port},SECURE://localhost:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
inter.broker.listener.name=PLAINTEXT
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=\\
org.apache.kafka.common.security.plain.PlainLoginModule required user_me="{PASSWORD}";
listener.name.secure.ssl.keystore.type=PKCS12
listener.name.secure.ssl.keystore.location={folder / "broker.p12"}
listener.name.secure.ssl.keystore.password={KEYSTORE_PASSWORD}
"""
    )
    if shutil.which("keytool") is not None:  # it comes with Java; without, starting says so
        make_certificate(folder)
    try:
        broker.start()
    except BrokerError as error:
        pytest.skip(f"there is no Apache Kafka here: {error}")
    yield f"localhost:{port}"
    broker.stop()


def make_certificate(folder: Path) -> None:
    store = ["-keystore", str(folder / "broker.p12"), "-storepass", KEYSTORE_PASSWORD]
    made = ["-genkeypair", "-alias", "broker", "-keyalg", "EC", "-storetype", "PKCS12"]
    names = ["-dname", "CN=localhost", "-ext", "SAN=DNS:localhost", "-ext", "BC=ca:true"]
    subprocess.run(["keytool", *made, *names, *store], check=True, capture_output=True)
    shown = ["-exportcert", "-rfc", "-alias", "broker", "-file", str(folder / "ca.pem")]
    subprocess.run(["keytool", *shown, *store], check=True, capture_output=True)


def settings(
    authority: Path | None, password: str = PASSWORD, mechanism: str = "PLAIN"
) -> KafkaSettings:
    return KafkaSettings(
        tls=True,
        tls_authority=authority,
        sasl=mechanism,
        user="me",
        password=SecretStr(password),
        partitions=1,
    )


def test_a_tape_works_over_tls_with_a_password(address: str, folder: Path) -> None:
    with closing(KafkaTape([address], settings=settings(folder / "ca.pem"))) as tape:
        tape.append([Entry("key", b"value")])
        assert [record.value for record in read_all(tape)] == [b"value"]


def test_a_wrong_password_is_refused_and_not_shown(
    address: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TapeRefused, match=r"(?i)authentication") as caught:
        KafkaTape([address], settings=settings(folder / "ca.pem", "shut-sesame"))
    assert "sesame" not in f"{caught.value} {caught.value.__cause__} {caplog.text}"


def test_another_mechanism_than_the_brokers_is_refused(address: str, folder: Path) -> None:
    with pytest.raises(TapeRefused, match=r"(?i)mechanism"):
        KafkaTape([address], settings=settings(folder / "ca.pem", mechanism="SCRAM-SHA-512"))


def test_a_broker_of_an_authority_that_is_not_trusted_is_refused(address: str) -> None:
    with pytest.raises(TapeRefused, match=re.escape("CERTIFICATE_VERIFY_FAILED")):
        KafkaTape([address], settings=settings(None))
