"""The manifests for Kubernetes; `make contrib` renders them and checks them by their schema."""

from typing import Any

import pytest

import waypost
from tests.contrib.files import CONTRIB, USER, documents
from waypost.settings import Settings

FOLDER = CONTRIB / "kubernetes"
BASE = documents(FOLDER / "kustomization.yaml")[0]
MANIFESTS = [one for name in BASE["resources"] for one in documents(FOLDER / name)]


def of_kind(kind: str) -> dict[str, Any]:
    """Return the first manifest of a kind."""
    return next(one for one in MANIFESTS if one["kind"] == kind)


def pod(kind: str) -> dict[str, Any]:
    """Return the description of the pods of a kind."""
    found: dict[str, Any] = of_kind(kind)["spec"]["template"]["spec"]
    return found


def test_base_is_complete() -> None:
    """The base has each file of the folder, and everything that operators expect."""
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert files == {*BASE["resources"], "kustomization.yaml"}
    assert {one["kind"] for one in MANIFESTS} == {
        "Deployment",
        "HorizontalPodAutoscaler",
        "Job",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceMonitor",
    }
    assert BASE["images"][0]["newTag"] == waypost.__version__


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_pods_have_no_rights(kind: str) -> None:
    """Each pod is allowed in a namespace of the level `restricted`, and has a read-only root."""
    own = pod(kind)
    assert own["automountServiceAccountToken"] is False
    assert own["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    (container,) = own["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_database_comes_from_a_secret(kind: str) -> None:
    """The URI of the database, which has a password, is read from a secret only."""
    (container,) = pod(kind)["containers"]
    reference = {"secretKeyRef": {"name": "waypost", "key": "db_uri"}}
    assert container["env"][0] == {"name": "WAYPOST_DB_URI", "valueFrom": reference}
    assert not [one for one in MANIFESTS if one["kind"] == "Secret"]
    settings = (FOLDER / "waypost.toml").read_text(encoding="utf-8")
    assert "db_uri" not in settings


def test_other_secrets_are_optional() -> None:
    """Each other secret sets the option of its name, and can be missing."""
    (container,) = pod("Deployment")["containers"]
    for variable in container["env"][1:]:
        reference = variable["valueFrom"]["secretKeyRef"]
        assert variable["name"] == f"WAYPOST_{reference['key'].upper()}"
        assert reference["key"] in Settings.model_fields
        assert reference["optional"] is True
    assert len(container["env"]) == 4


def test_probes() -> None:
    """Only readiness depends on the database: a restart would not bring it back."""
    (container,) = pod("Deployment")["containers"]
    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"]
        for name in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_pods_have_the_time_to_end() -> None:
    """A pod has the seconds of its preStop and the 15 that Waypost needs at most."""
    own = pod("Deployment")
    assert own["terminationGracePeriodSeconds"] >= 5 + 15
    assert "sleep(5)" in own["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]


def test_migration_is_the_command_of_the_guide() -> None:
    """The job runs `waypost db upgrade`."""
    assert pod("Job")["containers"][0]["args"] == ["db", "upgrade"]


def test_ports_agree() -> None:
    """Services, the monitor and the network policy use the ports of the container."""
    ports = {
        one["name"]: one["containerPort"] for one in pod("Deployment")["containers"][0]["ports"]
    }
    assert ports == {"http": 4243, "metrics": 9243}
    allowed = {
        port["port"]
        for rule in of_kind("NetworkPolicy")["spec"]["ingress"]
        for port in rule["ports"]
    }
    assert allowed == set(ports.values())
    targets = {
        port["targetPort"]
        for one in MANIFESTS
        if one["kind"] == "Service"
        for port in one["spec"]["ports"]
    }
    assert targets == set(ports)


def test_one_pod_can_be_drained() -> None:
    """The budget allows a drain, because there is always one pod more than it demands."""
    least = of_kind("HorizontalPodAutoscaler")["spec"]["minReplicas"]
    assert least > of_kind("PodDisruptionBudget")["spec"]["minAvailable"]
