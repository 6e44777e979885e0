"""The state of all parts as one report, from the metrics of the workers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import BaseModel

from waypost.runtime.states import SINCE
from waypost.runtime.worker_counts import Counts

EXPIRES_SOON_DAYS: Final = 14
_DAY_SECONDS: Final = 86_400

Values = Mapping[str, str]


class Workers(BaseModel):
    """The processes that answer mail clients."""

    running: int
    ready: int


class Database(BaseModel):
    """The database, or the databases with domains of a providers file."""

    state: Literal["up", "down", "not used"]
    since: datetime | None = None
    domains_in_memory: int = 0


class ProvidersFile(BaseModel):
    """The providers file; `rejected` means that the previous version stays in use."""

    state: Literal["loaded", "rejected", "not used"]
    loaded: datetime | None = None


class DirectoryState(BaseModel):
    """A directory that was asked since the start."""

    name: str
    state: Literal["up", "down"]
    since: datetime


class CertificateState(BaseModel):
    """A certificate that signs profiles; without a provider, the one of the settings."""

    provider: str | None
    state: Literal["valid", "expires soon", "expired", "missing"]
    expires: datetime | None = None
    days_left: int | None = None


class Readiness(BaseModel):
    """What clients get: `unavailable` is the only status that hurts them in all domains."""

    status: Literal["ready", "degraded", "unavailable"]
    reasons: list[str]
    workers: Workers
    database: Database
    providers_file: ProvidersFile
    directories: list[DirectoryState]
    certificates: list[CertificateState]


def readiness(workers: Sequence[Counts], now: datetime) -> Readiness:
    """Return the report.

    Args:
        workers: the metrics of each running worker.
        now: the time, with its zone.
    """
    ready = sum(value == 1.0 for _, value in _samples(workers, "waypost_ready"))
    report = Readiness(
        status="ready",
        reasons=[],
        workers=Workers(running=len(workers), ready=ready),
        database=_database(workers),
        providers_file=_providers_file(workers),
        directories=[
            DirectoryState(name=name, state="up" if up else "down", since=since)
            for name, (up, since) in sorted(_states(workers, "waypost_directory").items())
        ],
        certificates=sorted(_certificates(workers, now), key=lambda one: one.provider or ""),
    )
    report.reasons = list(_reasons(report))
    if report.reasons:
        report.status = "degraded"
    if ready < len(workers) or not workers:
        report.status = "unavailable"
    return report


def _reasons(report: Readiness) -> Iterator[str]:
    workers = report.workers
    if workers.running == 0:
        yield "no worker answers"
    elif workers.ready < workers.running:
        yield f"{workers.running - workers.ready} of {workers.running} workers cannot answer"
    if report.database.state == "down":
        yield "the database does not answer; domains in memory are served"
    if report.providers_file.state == "rejected":
        yield "the providers file was rejected; the previous version is served"
    for directory in report.directories:
        if directory.state == "down":
            yield f"directory {directory.name} does not answer; its users get general answers"
    for certificate in report.certificates:
        owner = f" of {certificate.provider}" if certificate.provider else ""
        if certificate.state != "valid":
            yield f"the certificate for profiles{owner}: {certificate.state}"


def _database(workers: Sequence[Counts]) -> Database:
    entries = [
        value
        for labels, value in _samples(workers, "waypost_cache_entries")
        if labels["kind"] == "found"
    ]
    states = _states(workers, "waypost_store")
    if not entries or not states:
        return Database(state="not used")
    up, since = states[""]
    return Database(state="up" if up else "down", since=since, domains_in_memory=int(max(entries)))


def _providers_file(workers: Sequence[Counts]) -> ProvidersFile:
    times = [value for _, value in _samples(workers, "waypost_providers_loaded_timestamp_seconds")]
    are_ok = all(value == 1 for _, value in _samples(workers, "waypost_providers_reload_ok"))
    earliest = min(times, default=0.0)
    loaded = _time(earliest) if earliest else None
    if not are_ok:
        return ProvidersFile(state="rejected", loaded=loaded)
    if loaded is None:
        return ProvidersFile(state="not used")
    return ProvidersFile(state="loaded", loaded=loaded)


def _certificates(workers: Sequence[Counts], now: datetime) -> Iterator[CertificateState]:
    earliest: dict[str, float] = {}
    for labels, value in _samples(workers, "waypost_signing_certificate_expiry_timestamp_seconds"):
        provider = labels["provider"]
        earliest[provider] = min(value, earliest.get(provider, value))
    for provider, value in earliest.items():
        name = provider or None
        if not value:
            yield CertificateState(provider=name, state="missing")
            continue
        left = value - now.timestamp()
        state: Literal["valid", "expires soon", "expired"] = "valid"
        if left < EXPIRES_SOON_DAYS * _DAY_SECONDS:
            state = "expires soon" if left > 0 else "expired"
        yield CertificateState(
            provider=name, state=state, expires=_time(value), days_left=int(left // _DAY_SECONDS)
        )


def _states(workers: Sequence[Counts], name: str) -> dict[str, tuple[bool, datetime]]:
    """Return the worst state of each part: down since the first worker, or up since the last."""
    found: dict[str, tuple[bool, float]] = {}
    for worker in workers:
        ups = {_label(labels): value == 1 for labels, value in _samples([worker], f"{name}_up")}
        for labels, since in _samples([worker], f"{name}{SINCE}"):
            part = _label(labels)
            is_up = ups.get(part, True)
            other = found.get(part)
            if other is None or (other[0] and not is_up):
                found[part] = is_up, since
            elif other[0] == is_up:
                found[part] = is_up, (max if is_up else min)(since, other[1])
    return {part: (is_up, _time(since)) for part, (is_up, since) in found.items()}


def _label(labels: Values) -> str:
    return next(iter(labels.values()), "")


def _samples(workers: Sequence[Counts], name: str) -> list[tuple[Values, float]]:
    return [
        (dict(zip(metric.label_names, labels, strict=True)), value)
        for worker in workers
        for metric in worker
        if metric.name == name
        for labels, value in metric.values.items()
        if not isinstance(value, tuple)
    ]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
