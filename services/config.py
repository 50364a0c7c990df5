"""The settings of one installation: one TOML file as frozen dataclasses that check themselves.

Only secrets come from the environment: `TEMPTRACK_DATABASE_URL` goes before `database_url`, since
such a URL may hold a password. Knows no server and no database.
"""

import dataclasses
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from services.errors import TemptrackError

DEFAULT_ADDRESS = "127.0.0.1:50551"
DATABASE_VARIABLE = "TEMPTRACK_DATABASE_URL"
LOG_LEVELS = ("debug", "info", "warning", "error")
ENGINES = ("flat", "exact")
PROFILES = ("small", "large")
MIB = 1 << 20

Section = TypeVar("Section")


class ConfigError(TemptrackError):
    """A setting is unknown, of the wrong type or outside what is allowed."""

    reason = "WRONG_SETTING"


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """Where the server listens and how much it does at a time.

    Attributes:
        address: "host:port" (port 0 takes a free one) or "unix:/path/of/socket".
        allow_public: lets a plaintext address be reached from other machines.
        reflection: lets tools such as grpcurl ask which services there are.
        searches: searches that run at one time, 1 to 256.
        queue: searches, and again clips and pieces, that may wait; more are refused, 0 to 10,000.
        drain_s: time that requests under way get to finish when the server stops, in seconds.
    """

    address: str = DEFAULT_ADDRESS
    allow_public: bool = False
    reflection: bool = False
    searches: int = 4
    queue: int = 64
    drain_s: float = 20.0

    def __post_init__(self) -> None:
        _check_address(self.address)
        _check_range("server.searches", self.searches, 1, 256)
        _check_range("server.queue", self.queue, 0, 10_000)
        _check_range("server.drain_s", self.drain_s, 0, 3600)
        if self.is_public and not self.allow_public:
            raise ConfigError(
                f"server.address {self.address} can be reached from other machines, without "
                "encryption or password; use 127.0.0.1, or allow it with allow_public = true "
                "(temptrack serve --allow-public)"
            )

    @property
    def is_public(self) -> bool:
        """Whether other machines may reach the address."""
        if self.address.startswith("unix:"):
            return False
        host = self.address.rpartition(":")[0].strip("[]")
        return host != "localhost" and not ipaddress.ip_address(host).is_loopback


@dataclass(frozen=True, kw_only=True)
class MediaConfig:
    """Which files the server reads and takes.

    Attributes:
        allowed_roots: folders whose files a request may name by path; none allows none.
        upload_max_mib: size of one upload, 1 to 65,536 MiB.
        uploads_max_mib: size of all uploads that wait together, at least that of one.
        upload_expires_s: time until an upload that nobody used is removed, 60 s to 30 days.
        decoders: files that are decoded or composed at one time, 1 to 64; each may take 2 GiB.
    """

    allowed_roots: tuple[Path, ...] = ()
    upload_max_mib: int = 2048
    uploads_max_mib: int = 16_384
    upload_expires_s: float = 3600.0
    decoders: int = 2

    def __post_init__(self) -> None:
        for root in self.allowed_roots:
            if not root.is_absolute():
                raise ConfigError(f"media.allowed_roots has {root}; give absolute folders")
        _check_range("media.upload_max_mib", self.upload_max_mib, 1, 65_536)
        _check_range("media.uploads_max_mib", self.uploads_max_mib, self.upload_max_mib, 1 << 30)
        _check_range("media.upload_expires_s", self.upload_expires_s, 60, 30 * 86_400)
        _check_range("media.decoders", self.decoders, 1, 64)

    @property
    def upload_max_bytes(self) -> int:
        """Size of one upload in bytes."""
        return self.upload_max_mib * MIB

    @property
    def uploads_max_bytes(self) -> int:
        """Size of all uploads together in bytes."""
        return self.uploads_max_mib * MIB


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """How vectors are searched.

    Attributes:
        engine: "flat" (FAISS, on a GPU where there is one) or "exact" (numpy).
        reindex_after_import: builds a new generation when a fifth of all rows is fresh.
    """

    engine: str = "flat"
    reindex_after_import: bool = True

    def __post_init__(self) -> None:
        _check_choice("index.engine", self.engine, ENGINES)


@dataclass(frozen=True, kw_only=True)
class EncodersConfig:
    """Which towers make the vectors.

    Attributes:
        profile: "small", which ships, or "large", whose heads were trained here.
        heads: folder of the large profile's heads.
        audio: its CLAP checkpoint, a name or a folder; empty takes what the heads were made for.
        pictures: its OpenCLIP checkpoint, likewise.
        allow_noncommercial: takes checkpoints and heads that forbid commercial use; the name of
            their space then says so.
    """

    profile: str = "small"
    heads: str = ""
    audio: str = ""
    pictures: str = ""
    allow_noncommercial: bool = False

    def __post_init__(self) -> None:
        _check_choice("encoders.profile", self.profile, PROFILES)
        if self.profile == "large" and not self.heads:
            raise ConfigError(
                "encoders.profile is large; give the folder of its heads as encoders.heads"
            )


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of one installation.

    Attributes:
        home: folder of the catalogue, the indexes and uploaded media.
        database_url: "sqlite:///FILE" or "postgresql://..."; empty takes SQLite in the home.
        log_level: "debug", "info", "warning" or "error".
    """

    home: Path = field(default_factory=lambda: default_home(os.environ))
    database_url: str = ""
    log_level: str = "info"
    server: ServerConfig = field(default_factory=ServerConfig)
    media: MediaConfig = field(default_factory=MediaConfig)
    index: IndexConfig = field(default_factory=IndexConfig)
    encoders: EncodersConfig = field(default_factory=EncodersConfig)

    def __post_init__(self) -> None:
        _check_choice("log_level", self.log_level, LOG_LEVELS)
        if self.database_url and not self.database_url.startswith(("sqlite:///", "postgresql")):
            kind = self.database_url.partition(":")[0]
            raise ConfigError(f"database_url is of kind {kind}; use sqlite or postgresql")


def default_home(environment: Mapping[str, str]) -> Path:
    """The folder for a user's data by the XDG rules: ~/.local/share/temptrack or its like."""
    base = environment.get("XDG_DATA_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
    return folder / "temptrack"


def load_config(file: Path | None, environment: Mapping[str, str]) -> Config:
    """The settings of a file, or the defaults without one, with the secrets of the environment.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or wrong.
    """
    settings = {} if file is None else _read_toml(file)
    secret = environment.get(DATABASE_VARIABLE)
    if secret:
        settings["database_url"] = secret
    if not settings.get("home"):
        settings["home"] = str(default_home(environment))
    return parse_config(settings)


# `Any`: a TOML table holds whatever was written into it.
def parse_config(settings: Mapping[str, Any]) -> Config:
    """The settings of a parsed TOML table.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or outside what is allowed.
    """
    plain = dict(settings)
    server = _parse_section(ServerConfig, "server", plain.pop("server", {}))
    media = _parse_section(MediaConfig, "media", plain.pop("media", {}))
    index = _parse_section(IndexConfig, "index", plain.pop("index", {}))
    encoders = _parse_section(EncodersConfig, "encoders", plain.pop("encoders", {}))
    top = _parse_section(Config, "", plain, skip=("server", "media", "index", "encoders"))
    return dataclasses.replace(top, server=server, media=media, index=index, encoders=encoders)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error


def _parse_section(
    kind: type[Section], name: str, table: Any, skip: tuple[str, ...] = ()
) -> Section:
    if not isinstance(table, dict):
        raise ConfigError(f"{name} must be a table: write [{name}] above its settings")
    known = {f.name: f.type for f in dataclasses.fields(kind) if f.name not in skip}  # type: ignore[arg-type]  # always one of ours
    prefix = f"{name}." if name else ""
    values = {}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{prefix}{key} is no setting; there are {', '.join(known)}")
        values[key] = _parse_value(f"{prefix}{key}", value, known[key])
    return kind(**values)


def _parse_value(key: str, value: Any, wanted: Any) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value).expanduser().absolute()
    if wanted is float and type(value) is int:
        return float(value)
    if wanted == tuple[Path, ...] and isinstance(value, list):
        return tuple(Path(_parse_value(key, item, str)).expanduser() for item in value)  # type: ignore[arg-type]  # str was asked for
    if type(value) is not wanted:
        name = "a list of folders" if wanted == tuple[Path, ...] else wanted.__name__
        raise ConfigError(f"{key} is {value!r}; it must be of type {name}")
    return value


def _check_address(address: str) -> None:
    if address.startswith("unix:/"):
        return
    host, _, port = address.rpartition(":")
    try:
        if host != "localhost":
            ipaddress.ip_address(host.strip("[]"))
        if not 0 <= int(port) <= 65_535:
            raise ValueError("no such port")
    except ValueError as error:
        raise ConfigError(
            f"server.address is {address!r}; give an IP address and a port such as "
            f"{DEFAULT_ADDRESS}, or unix:/path/of/socket"
        ) from error


def _check_range(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{key} is {value}; it must be {low} to {high:,}")


def _check_choice(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{key} is {value!r}; it must be one of {', '.join(allowed)}")
