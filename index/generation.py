"""Published indexes on disk: one writer, many readers, and a crash never leaves a broken one live.

A store is a folder. Each generation is a folder in it, never changed once published:

    LIVE                     names of the kept generations, the live one first
    000007-9f3a12c4/         ids.npy, rows.f16.npy, extra files, manifest.json (written last)

A generation is live because LIVE names it first, and LIVE is replaced by one rename. A folder
that LIVE does not name is what an interrupted build or a rollback left; the next publish removes
it. Readers take no lock and write nothing: they read LIVE, then the files.
"""

import fcntl
import hashlib
import logging
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from index.durable import replace_durably, sync, write_durably
from index.engine import load_index
from index.errors import (
    CorruptGeneration,
    GateFailed,
    InvalidCount,
    InvalidFileName,
    NoEarlierGeneration,
    StoreBusy,
    UnknownEngine,
    UnreadableIndex,
)
from index.gate import Gate, GateReport, measure_gate
from index.manifest import MANIFEST_FILE, Manifest, manifest_from_json, manifest_to_json
from index.vectors import VectorIndex

__all__ = ["Gate", "GateReport", "Generation", "GenerationStore", "Manifest", "open_generation"]

logger = logging.getLogger(__name__)

LIVE_FILE = "LIVE"
LOCK_FILE = "WRITER.lock"
# A reader may have read LIVE just before a publish, so the one before the live one must stay.
MIN_KEPT = 2
_GENERATION_NAME = re.compile(r"\d{6,}-[0-9a-f]{8}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NO_FILES: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One generation, verified and loaded; stays usable when its folder is retired.

    Attributes:
        name: Unique in its store for ever; a change of it is a change of answers.
        manifest: What it says of itself.
        index: Ready for searches from many threads.
        extra_files: Contents of the files that were published with it.
    """

    name: str
    manifest: Manifest
    index: VectorIndex
    extra_files: Mapping[str, bytes]


class GenerationStore:
    """The generations of one folder; any number of processes may read it, one writes at a time."""

    def __init__(self, root: Path, gate: Gate | None = None) -> None:
        self._root = root
        self._gate = gate or Gate()

    def live(self) -> Generation | None:
        """Verify and load the live generation; None where nothing was published yet.

        Raises:
            CorruptGeneration: Its files are not the ones that were published.
            UnsupportedGeneration: It was written by a newer program.
        """
        while (name := self.live_name()) is not None:
            try:
                return open_generation(self._root / name)
            except CorruptGeneration:
                if self.live_name() == name:
                    raise
                logger.info("Generation %s was retired while it was opened.", name)
        return None

    def live_name(self) -> str | None:
        """The live generation's name, cheaply: ask often, load when it changed."""
        return next(iter(self.names()), None)

    def names(self) -> tuple[str, ...]:
        """The kept generations, the live one first, then those a rollback would go to."""
        path = self._root / LIVE_FILE
        try:
            names = tuple(path.read_text(encoding="utf-8").splitlines())
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError as error:
            raise CorruptGeneration(f"{path} is not text: {error}") from error
        if not names or not all(_GENERATION_NAME.fullmatch(name) for name in names):
            raise CorruptGeneration(f"{path} does not list generations; reindex to repair it.")
        return names

    def publish(
        self,
        index: VectorIndex,
        *,
        space: str,
        newest_row: int,
        extra_files: Mapping[str, bytes] = _NO_FILES,
        reference: VectorIndex | None = None,
    ) -> Manifest:
        """Write an index as a new generation, measure it, and make it the live one.

        Args:
            index: What to publish.
            space: The embedding space of its rows.
            newest_row: The highest row number that it covers, in the caller's counting.
            extra_files: Small files to keep beside it, by name (letters, digits, ". _ -").
            reference: The rows it should hold, straight from where they are kept, in full
                precision; None judges the index by its own rows.

        Raises:
            GateFailed: It answers worse than allowed; the live generation stays.
            InvalidFileName: An extra file's name is not allowed or is taken.
            StoreBusy: Another writer is at work.
        """
        with self._writing():
            history = self._clean_history()
            folder = self._root / _next_name(history)
            with _removed_on_failure(folder):
                files = _write_files(folder, index, extra_files)
                report = self._pass_gate(folder, index, reference)
                manifest = Manifest(
                    space=space,
                    engine=index.engine,
                    parameters=index.parameters,
                    dimension=index.dimension,
                    num_rows=len(index),
                    newest_row=newest_row,
                    files=files,
                    extra_files=tuple(sorted(extra_files)),
                    recall=report.recall_after_reload,
                    num_queries=report.num_queries,
                    created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                )
                write_durably(folder / MANIFEST_FILE, manifest_to_json(manifest))
                sync(folder)
                sync(self._root)
            self._point_at((folder.name, *history))
        return manifest

    def rollback(self) -> Manifest:
        """Make the generation before the live one live again, once its files are verified.

        The one rolled back from is removed by the next publish.

        Raises:
            NoEarlierGeneration: The live one is the only one.
            CorruptGeneration: The earlier one is damaged; the live one stays.
            StoreBusy: Another writer is at work.
        """
        with self._writing():
            names = self.names()
            if len(names) < MIN_KEPT:
                raise NoEarlierGeneration(
                    f"{self._root} keeps {len(names)} generation(s); a rollback needs two."
                )
            earlier = open_generation(self._root / names[1])
            self._point_at(names[1:])
        return earlier.manifest

    def retire(self, keep: int = MIN_KEPT) -> tuple[str, ...]:
        """Remove all but the newest `keep` generations; returns the names removed.

        Raises:
            InvalidCount: keep is below 2; a reader may be about to open the one before the live.
            StoreBusy: Another writer is at work.
        """
        if keep < MIN_KEPT:
            raise InvalidCount(f"keep is {keep}; allowed: {MIN_KEPT} and above.")
        with self._writing():
            names = self.names()
            if len(names) > keep:
                self._point_at(names[:keep])
            self._remove_leftovers(names[:keep])
        return names[keep:]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the writer's lock; the system frees it when the process ends, however it ends."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / LOCK_FILE).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreBusy(
                    f"another writer is changing {self._root}; try again when it is done."
                ) from error
            yield

    def _clean_history(self) -> tuple[str, ...]:
        """The kept names, leftovers removed; none where LIVE is damaged: publishing repairs it."""
        try:
            names = self.names()
        except CorruptGeneration as error:
            logger.warning("Starting the list of generations anew: %s", error)
            return ()
        self._remove_leftovers(names)
        return names

    def _remove_leftovers(self, kept: tuple[str, ...]) -> None:
        for path in self._root.iterdir():
            if _GENERATION_NAME.fullmatch(path.name) and path.name not in kept:
                logger.info("Removing generation %s, which is not kept.", path.name)
                shutil.rmtree(path)

    def _pass_gate(
        self, folder: Path, index: VectorIndex, reference: VectorIndex | None
    ) -> GateReport:
        reloaded = load_index(folder, index.engine)
        report = measure_gate(self._gate, index, reloaded=reloaded, reference=reference)
        if report.failures:
            raise GateFailed(report)
        return report

    def _point_at(self, names: tuple[str, ...]) -> None:
        replace_durably(self._root / LIVE_FILE, "".join(f"{name}\n" for name in names).encode())


def open_generation(folder: Path) -> Generation:
    """Verify and load one generation.

    Raises:
        CorruptGeneration: A file is missing, changed or does not fit the manifest.
        UnsupportedGeneration: It was written by a newer program.
    """
    name = folder.name
    try:
        manifest = manifest_from_json((folder / MANIFEST_FILE).read_bytes(), name=name)
        _verify_files(folder, manifest)
        index = load_index(folder, manifest.engine)
        extra_files = {extra: (folder / extra).read_bytes() for extra in manifest.extra_files}
    except (FileNotFoundError, UnreadableIndex, UnknownEngine) as error:
        raise CorruptGeneration(f"generation {name} cannot be read: {error}") from error
    if (len(index), index.dimension) != (manifest.num_rows, manifest.dimension):
        raise CorruptGeneration(
            f"generation {name} has {len(index)} rows of {index.dimension}, "
            f"its manifest says {manifest.num_rows} of {manifest.dimension}."
        )
    return Generation(
        name=name, manifest=manifest, index=index, extra_files=MappingProxyType(extra_files)
    )


def _verify_files(folder: Path, manifest: Manifest) -> None:
    for file_name, expected in manifest.files.items():
        if _hash_file(folder / file_name) != expected:
            raise CorruptGeneration(
                f"generation {folder.name}: {file_name} is not the file that was published "
                "(SHA-256 differs); roll back or reindex."
            )


def _next_name(history: tuple[str, ...]) -> str:
    """A number for people, and random digits so that no name ever comes back."""
    number = 1 + max((int(name.partition("-")[0]) for name in history), default=0)
    return f"{number:06d}-{secrets.token_hex(4)}"


@contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    folder.mkdir()
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write_files(
    folder: Path, index: VectorIndex, extra_files: Mapping[str, bytes]
) -> dict[str, str]:
    """Write the index and the extra files; returns the SHA-256 of each."""
    index.save(folder)
    for name, content in extra_files.items():
        _check_file_name(folder, name)
        write_durably(folder / name, content)
    files = {}
    for path in sorted(folder.iterdir()):
        sync(path)
        files[path.name] = _hash_file(path)
    return files


def _check_file_name(folder: Path, name: str) -> None:
    if not _FILE_NAME.fullmatch(name):
        raise InvalidFileName(
            f"extra file {name!r}: allowed are up to 100 letters, digits and '. _ -', "
            "beginning with a letter or digit."
        )
    if name == MANIFEST_FILE or (folder / name).exists():
        raise InvalidFileName(f"extra file {name!r}: the name is taken by the index itself.")


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
