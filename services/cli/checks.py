"""What `temptrack doctor` looks at: each check says what it found and what to do about it."""

import importlib.metadata
import math
import os
import shutil
import socket
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from services.config import Config

if TYPE_CHECKING:
    from encoders.health import Check as TowerCheck

State = Literal["ok", "warn", "fail"]

PACKAGES = (
    "torch", "open_clip_torch", "transformers", "grpcio", "protobuf", "sqlalchemy", "av",
    "decord", "symusic", "midirenderer", "soundfile",
)  # fmt: skip
MIN_FREE_BYTES = 1 << 30
MIN_MEMORY_BYTES = 4 << 30
GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at; `advice` is empty where nothing is to be done.

    A figure, where there is one, must lie within the two values of `allowed`.
    """

    name: str
    state: State
    found: str
    advice: str = ""
    figure: float | None = None
    allowed: tuple[float, float] | None = None


def run_checks(config: Config) -> Iterator[Check]:
    """All checks in order; one that breaks has failed and does not stop the others."""
    checks: dict[str, Callable[[], Check | tuple[Check, ...]]] = {
        "platform": check_platform,
        "packages": check_packages,
        "FAISS": check_faiss,
        "GPU": check_gpu,
        "memory": check_memory,
        "decoder": check_decoder,
        "sound font": check_font,
        "encoder weights": check_encoder_weights,
        "composer weights": check_composer_weights,
        "towers": lambda: check_towers(config),
        "home": lambda: check_home(config),
        "database": lambda: check_database(config),
        "address": lambda: check_address(config),
    }
    for name, check in checks.items():
        try:
            found = check()
            yield from found if isinstance(found, tuple) else (found,)
        except Exception as error:  # noqa: BLE001 - what breaks here is what the user asks about
            yield Check(
                name=name,
                state="fail",
                found=f"{type(error).__name__}: {error}",
                advice="install Temptrack again in a fresh environment",
            )


def check_platform() -> Check:
    """Python and the machine."""
    machine = os.uname()
    found = f"Python {sys.version.split()[0]} on {machine.sysname} {machine.machine}"
    if (machine.sysname, machine.machine) == ("Linux", "x86_64"):
        return Check(name="platform", state="ok", found=found)
    advice = "only Linux on x86-64 is tested; decord and FAISS may have no wheels elsewhere"
    return Check(name="platform", state="warn", found=found, advice=advice)


def check_packages() -> Check:
    """The packages that Temptrack stands on."""
    missing = [name for name in PACKAGES if not _version(name)]
    if missing:
        return Check(
            name="packages",
            state="fail",
            found=f"not installed: {', '.join(missing)}",
            advice="run make setup, or pip install temptrack again",
        )
    main = ", ".join(f"{name} {_version(name)}" for name in ("torch", "grpcio", "sqlalchemy"))
    return Check(name="packages", state="ok", found=f"{len(PACKAGES)} found: {main}")


def check_faiss() -> Check:
    """Exactly one FAISS: two share the import name and break each other."""
    installed = [name for name in ("faiss-gpu", "faiss-cpu") if _version(name)]
    if len(installed) != 1:
        return Check(
            name="FAISS",
            state="fail",
            found=f"{' and '.join(installed) or 'none'} installed",
            advice="keep exactly one: faiss-gpu on Linux x86-64 (it needs no GPU), else faiss-cpu",
        )
    import faiss

    return Check(name="FAISS", state="ok", found=f"{installed[0]} {faiss.__version__}")


def check_gpu() -> Check:
    """GPUs that torch and FAISS see; none is needed."""
    import faiss
    import torch

    num_faiss = faiss.get_num_gpus()
    if not torch.cuda.is_available():
        return Check(name="GPU", state="ok", found="none; none is needed")
    found = f"{torch.cuda.get_device_name(0)}; FAISS sees {num_faiss}"
    if num_faiss:
        return Check(name="GPU", state="ok", found=found)
    advice = "FAISS searches on the CPU; its wheel and the driver may not fit together"
    return Check(name="GPU", state="warn", found=found, advice=advice)


def check_memory() -> Check:
    """Memory for the models and one decoder."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = f"{whole / GIB:.1f} GiB"
    if whole >= MIN_MEMORY_BYTES:
        return Check(name="memory", state="ok", found=found)
    advice = f"{MIN_MEMORY_BYTES / GIB:.0f} GiB or more are advised"
    return Check(name="memory", state="warn", found=found, advice=advice)


def check_decoder() -> Check:
    """A child with limits reads a sound."""
    from media.child import MediaReader

    with tempfile.TemporaryDirectory() as folder, MediaReader() as reader:
        file = Path(folder) / "tone.wav"
        _write_tone(file)
        sound = reader.read_sound(file)
    return Check(name="decoder", state="ok", found=f"read {sound.duration_s:.1f} s in a child")


def check_font() -> Check:
    """The sound font that MIDI is rendered with."""
    from media.render import default_font

    font = default_font()
    return Check(
        name="sound font", state="ok", found=f"{font.name}, {font.stat().st_size:,} bytes"
    )


def check_encoder_weights() -> Check:
    """Every weight file has the hash that its card names."""
    from encoders.trunks.checkpoint import CARD, WEIGHTS, verify_folder

    folders = sorted(card.parent for card in WEIGHTS.rglob(CARD))
    for folder in folders:
        verify_folder(folder)
    names = ", ".join(str(folder.relative_to(WEIGHTS)) for folder in folders)
    if not folders:
        raise FileNotFoundError(f"no weights in {WEIGHTS}")
    return Check(name="encoder weights", state="ok", found=f"unchanged: {names}")


def check_composer_weights() -> Check:
    """The composer's weights are the ones that were released."""
    from symbolic.checkpoint import load_model

    return Check(name="composer weights", state="ok", found=f"unchanged: {load_model().name}")


def check_towers(config: Config) -> tuple[Check, ...]:
    """Every tower of the profile answers fixed inputs as a healthy one does."""
    from encoders import health
    from services.profiles import open_profile

    embedder = open_profile(config.encoders).embedder
    return tuple(_tower_check(check) for check in health.check_towers(embedder))


def check_home(config: Config) -> Check:
    """The home can be written, is not too new, and has room."""
    from services.home import HOME_FORMAT, Home, find_owner

    home = Home(folder=config.home)
    if not home.folder.exists():
        advice = "it is made by the first import"
        return Check(
            name="home", state="ok", found=f"{home.folder} is not there yet", advice=advice
        )
    if not os.access(home.folder, os.W_OK):
        advice = "use --home to name a folder that you may write"
        return Check(name="home", state="fail", found=f"{home.folder} is read-only", advice=advice)
    owner = find_owner(home)
    user = f"in use by process {owner.pid} at {owner.address}" if owner else "free"
    free = shutil.disk_usage(home.folder).free
    found = f"{home.folder} (format {HOME_FORMAT}), {user}, {free / GIB:.1f} GiB left"
    if free < MIN_FREE_BYTES:
        advice = "uploads and indexes need room: at least 1 GiB"
        return Check(name="home", state="warn", found=found, advice=advice)
    return Check(name="home", state="ok", found=found)


def check_database(config: Config) -> Check:
    """The database answers."""
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from services.catalogue.tables import TrackRow
    from services.database import open_database
    from services.home import Home

    file = Home(folder=config.home).folder / "catalogue.sqlite3"
    if not config.database_url and not file.exists():
        return Check(name="database", state="ok", found="SQLite in the home, not there yet")
    engine = open_database(config.database_url or Home(folder=config.home).database_url)
    try:
        with engine.connect() as connection:
            num_tracks = connection.execute(
                select(func.count()).select_from(TrackRow)
            ).scalar_one()
    except SQLAlchemyError as error:
        return Check(
            name="database",
            state="fail",
            found=f"{engine.url.get_backend_name()}: {type(error).__name__}",
            advice="see that the database runs and that this home's catalogue is whole",
        )
    finally:
        engine.dispose()
    found = f"{engine.url.get_backend_name()} answers: {num_tracks:,} tracks"
    return Check(name="database", state="ok", found=found)


def check_address(config: Config) -> Check:
    """The address of `temptrack serve` is free, or taken by the server of this home."""
    from services.home import Home, find_owner

    address = config.server.address
    if address.startswith("unix:"):
        return Check(name="address", state="ok", found=address)
    owner = find_owner(Home(folder=config.home)) if config.home.exists() else None
    if owner is not None and owner.address == address:
        return Check(name="address", state="ok", found=f"{address}, this home's own server")
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            return Check(
                name="address",
                state="warn",
                found=f"{address}: {error.strerror}",
                advice="another program listens there; temptrack serve --address takes another",
            )
    return Check(name="address", state="ok", found=f"{address} is free")


def _tower_check(check: "TowerCheck") -> Check:
    return Check(
        name=f"tower {check.name}",
        state="ok" if check.ok else "fail",
        found=check.measured,
        advice=check.remedy,
        figure=None if math.isnan(check.figure) else check.figure,
        allowed=check.allowed,
    )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _write_tone(file: Path) -> None:
    """One second of a square wave of 440 Hz."""
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        half = 16_000 // 880
        period = b"\x00\x20" * half + b"\x00\xe0" * half
        sound.writeframes((period * 440)[: 2 * 16_000])


def worst(checks: list[Check]) -> State:
    """The worst state among checks."""
    states = {check.state for check in checks}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"
