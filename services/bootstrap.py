"""Chooses everything: the one place where the parts of an application are picked and joined."""

import importlib.metadata
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from google.longrunning import operations_pb2_grpc

from index.errors import VectorIndexError
from index.generation import GenerationStore
from index.gpu import has_gpu
from media.audio import TRUNK_RATE
from services.catalogue.importing import IMPORT_KIND, import_handler
from services.catalogue.ingest import Ingest, SoundEmbedder
from services.catalogue.servicer import OPERATION_MESSAGES as IMPORT_MESSAGES
from services.catalogue.servicer import CatalogueServicer
from services.catalogue.store import Catalogue
from services.config import Config
from services.database import Sessions, open_database, upgrade_database
from services.generation.compose import ComposesMusic
from services.generation.late import LateComposer
from services.generation.servicer import GenerationServicer
from services.home import HOME_FORMAT, Home, HomeLock, lock_home, open_home
from services.operations.progress import Progress
from services.operations.runner import Handler, OperationRunner
from services.operations.servicer import OperationsServicer
from services.operations.store import OperationStore
from services.profiles import open_profile
from services.reading import NamingReader, Reads
from services.recommendation.playlists import PlaylistTools
from services.recommendation.servicer import RecommendationServicer
from services.retrieval.admin_servicer import OPERATION_MESSAGES as REINDEX_MESSAGES
from services.retrieval.admin_servicer import REINDEX_KIND, AdminServicer
from services.retrieval.encoding_servicer import EncodingServicer
from services.retrieval.find import find_for_playlist
from services.retrieval.reindex import FitsCalibration, ReindexTools, reindex, should_reindex
from services.retrieval.searcher import Searcher
from services.retrieval.server_status import ServerFacts
from services.retrieval.servicer import RetrievalServicer
from services.retrieval.snapshot import CalibratesRelevance
from services.retrieval.tools import EmbedsMusic, Tools
from services.retrieval.words import RememberingEmbedder
from services.sweeping import Sweeper
from services.towers import check_at_start
from services.uploads import MediaSource, UploadStore
from services.workload import Workload
from temptrack.v1 import (
    admin_pb2_grpc,
    catalogue_pb2_grpc,
    encoding_pb2_grpc,
    generation_pb2_grpc,
    recommendation_pb2_grpc,
    retrieval_pb2_grpc,
)

logger = logging.getLogger(__name__)
NUM_OPERATIONS = 1  # imports and reindexes wait for each other: they want the same cores
SWEEP_EVERY_S = 60.0


class Embeds(EmbedsMusic, SoundEmbedder, Protocol):
    """Embeds queries and tracks; `encoders.embed.Embedder` does."""


@dataclass(frozen=True, kw_only=True)
class Models:
    """The parts that hold weights or child processes.

    Attributes:
        embedder: turns words, sounds and clips into vectors.
        reader: decodes untrusted files.
        composer: makes pieces.
        calibration: relevance before a generation brings its own.
        read_calibration: reads the calibration kept in a generation.
        fit_calibration: fits relevance to a catalogue.
        check: refuses broken towers; takes whether to check even what was healthy before.
        sample_rate: samples a second that the towers want.
    """

    embedder: Embeds
    reader: Reads
    composer: ComposesMusic
    calibration: CalibratesRelevance
    read_calibration: Callable[[bytes], CalibratesRelevance]
    fit_calibration: FitsCalibration
    check: Callable[[bool], None] = lambda always: None
    sample_rate: int = TRUNK_RATE


LoadModels = Callable[[Config], Models]


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service: its full name, its servicer, and what adds that to a server."""

    name: str
    # `Any`: generated code has no types.
    servicer: Any
    add: Callable[[Any, Any], None]


_ADD: Mapping[str, Any] = {
    "temptrack.v1.CatalogueService": catalogue_pb2_grpc.add_CatalogueServiceServicer_to_server,
    "temptrack.v1.EncodingService": encoding_pb2_grpc.add_EncodingServiceServicer_to_server,
    "temptrack.v1.RetrievalService": retrieval_pb2_grpc.add_RetrievalServiceServicer_to_server,
    "temptrack.v1.RecommendationService": (
        recommendation_pb2_grpc.add_RecommendationServiceServicer_to_server
    ),
    "temptrack.v1.GenerationService": generation_pb2_grpc.add_GenerationServiceServicer_to_server,
    "temptrack.v1.AdminService": admin_pb2_grpc.add_AdminServiceServicer_to_server,
    "google.longrunning.Operations": operations_pb2_grpc.add_OperationsServicer_to_server,
}


class Application:
    """All services of one home, which it owns until it is closed."""

    def __init__(
        self, services: tuple[Service, ...], lock: HomeLock, resources: ExitStack
    ) -> None:
        self.services = services
        self._lock = lock
        self._resources = resources

    def announce(self, address: str) -> None:
        """Tells other processes where the owner of the home listens."""
        self._lock.announce(address)

    def close(self) -> None:
        """Stops operations after the item at work, closes everything and gives the home back."""
        self._resources.close()


def build_application(
    config: Config, *, load: "LoadModels | None" = None, check_always: bool = True
) -> Application:
    """An application over the home of the settings, with unfinished operations going on.

    Args:
        config: the settings.
        load: what loads the models; by default those of the small profile.
        check_always: whether the towers are checked even where they were healthy before.

    Raises:
        HomeInUse: another process owns the home.
        HomeTooNew: a later version wrote it.
        BrokenWeights: weights are missing or changed.
        BrokenTower: a tower does not answer as a healthy one does.
    """
    with ExitStack() as resources:
        home = open_home(config.home)
        lock = resources.enter_context(lock_home(home))
        models = (load or load_models)(config)
        resources.callback(models.reader.close)
        models.check(check_always)
        parts = _build_parts(config, home, models, resources)
        services = _build_services(config, parts, models, resources)
        parts.runner.resume_unfinished()
        return Application(services, lock, resources.pop_all())


def build_private_application(config: Config) -> Application:
    """The same for one command: towers that were healthy on this machine are not checked again."""
    return build_application(config, check_always=False)


def load_models(config: Config) -> Models:
    """The models of the profile; each tower loads when it is first needed."""
    from media.child import MediaReader
    from services.retrieval.calibrate import read_calibration

    _share_cores(config)
    profile = open_profile(config.encoders)
    rate, embedder = profile.sample_rate, profile.embedder
    return Models(
        embedder=embedder,
        reader=MediaReader(num_children=config.media.decoders, sound_rate=rate),
        composer=LateComposer(),
        calibration=profile.calibration,
        read_calibration=partial(read_calibration, space=str(embedder.space)),
        fit_calibration=profile.fit_calibration,
        check=lambda always: check_at_start(embedder, always=always),
        sample_rate=rate,
    )


def _share_cores(config: Config) -> None:
    """Gives each worker that embeds or composes its part of the cores: one, where there are few.

    Set before a library of numbers is loaded, which is when each of them reads it; torch would
    otherwise start a thread a core for every one of these workers. A user's own setting stays.
    """
    num_workers = config.server.searches + config.media.decoders + NUM_OPERATIONS
    num_threads = max(1, len(os.sched_getaffinity(0)) // num_workers)
    os.environ.setdefault("OMP_NUM_THREADS", str(num_threads))


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What services share."""

    home: Home
    database: str
    catalogue: Catalogue
    sources: MediaSource
    reader: NamingReader
    searcher: Searcher
    runner: OperationRunner
    tools: Tools


def _build_parts(config: Config, home: Home, models: Models, resources: ExitStack) -> _Parts:
    engine = open_database(config.database_url or home.database_url)
    resources.callback(engine.dispose)
    upgrade_database(engine)
    sessions = Sessions(engine)
    catalogue = Catalogue(sessions)
    sources = _build_sources(config, home)
    resources.callback(Sweeper(sources.uploads.sweep, every_s=SWEEP_EVERY_S).close)
    name_of = sources.uploads.name_of
    reader = NamingReader(models.reader, name_of, sample_rate=models.sample_rate)
    searcher = Searcher(
        catalogue,
        GenerationStore(home.generations),
        space=models.embedder.space,
        default_calibration=models.calibration,
        read_calibration=models.read_calibration,
    )
    runner = OperationRunner(OperationStore(sessions), num_workers=NUM_OPERATIONS)
    resources.callback(runner.close)
    parts = _Parts(
        home=home,
        database=engine.url.get_backend_name(),
        catalogue=catalogue,
        sources=sources,
        reader=reader,
        searcher=searcher,
        runner=runner,
        tools=Tools(
            catalogue=catalogue,
            searcher=searcher,
            embedder=RememberingEmbedder(models.embedder),
            reader=reader,
            composer=models.composer,
        ),
    )
    _register_operations(config, parts, models)
    return parts


def _build_sources(config: Config, home: Home) -> MediaSource:
    uploads = UploadStore(
        home.uploads,
        max_bytes=config.media.upload_max_bytes,
        max_total_bytes=config.media.uploads_max_bytes,
        expires_s=config.media.upload_expires_s,
    )
    uploads.sweep()
    # Tracks that were uploaded or composed lie in the home and may be downloaded.
    return MediaSource((*config.media.allowed_roots, home.media), uploads)


def _register_operations(config: Config, parts: _Parts, models: Models) -> None:
    ingest = Ingest(
        parts.catalogue,
        reader=parts.reader,
        embedder=models.embedder,
        sources=parts.sources,
        media_folder=parts.home.media,
    )
    tools = ReindexTools(
        catalogue=parts.catalogue,
        generations=GenerationStore(parts.home.generations),
        searcher=parts.searcher,
        hears=ingest,
        fit_calibration=models.fit_calibration,
        space=models.embedder.space,
        engine=config.index.engine,
    )
    run_import = import_handler(ingest)
    if config.index.reindex_after_import:
        run_import = _then_reindex(run_import, tools)
    parts.runner.register(IMPORT_KIND, run_import)
    parts.runner.register(
        REINDEX_KIND, lambda request, progress: reindex(request, progress, tools)
    )


def _then_reindex(run_import: Handler, tools: ReindexTools) -> Handler:
    """An import that ends with a new generation where many rows are not in the live one."""

    def run(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        response = run_import(request, progress)
        if should_reindex(tools.searcher):
            progress.update(current="building the index")
            try:
                reindex({}, _Unheard(progress), tools)
            except VectorIndexError:
                # The old generation stays live and the new tracks are fresh rows: still found.
                logger.exception("no new generation after the import; run temptrack reindex")
        return response

    return run


class _Unheard:
    """Lets a reindex inside an import be stopped; its stages are not those of an import."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.record: dict[str, Any] = {}

    def update(self, **fields: Any) -> None:
        """Says nothing."""

    def raise_if_cancelled(self) -> None:
        """Raises when the import was cancelled or the process is ending."""
        self._progress.raise_if_cancelled()


def _build_services(
    config: Config, parts: _Parts, models: Models, resources: ExitStack
) -> tuple[Service, ...]:
    searches = _workload("searches", config.server.searches, config, resources)
    heavy = _workload("clips and pieces", config.media.decoders, config, resources)
    playlists = PlaylistTools(
        catalogue=parts.catalogue,
        searcher=parts.searcher,
        embedder=parts.tools.embedder,
        find=find_for_playlist(parts.tools),
    )
    servicers = {
        "CatalogueService": CatalogueServicer(parts.catalogue, parts.runner, parts.sources),
        "EncodingService": EncodingServicer(
            parts.tools.embedder, parts.reader, sources=parts.sources, heavy=heavy
        ),
        "RetrievalService": RetrievalServicer(
            parts.tools, parts.sources, searches=searches, heavy=heavy
        ),
        "RecommendationService": RecommendationServicer(playlists, searches),
        "GenerationService": GenerationServicer(models.composer, parts.reader, heavy),
        "AdminService": AdminServicer(
            _facts(parts, models), parts.catalogue, searcher=parts.searcher, runner=parts.runner
        ),
        "Operations": OperationsServicer(parts.runner, {**IMPORT_MESSAGES, **REINDEX_MESSAGES}),
    }
    return tuple(
        Service(name=name, servicer=servicers[name.rpartition(".")[2]], add=add)
        for name, add in _ADD.items()
    )


def _workload(name: str, num_at_once: int, config: Config, resources: ExitStack) -> Workload:
    work = Workload(name, num_at_once=num_at_once, max_waiting=config.server.queue)
    resources.callback(work.close)
    return work


def _facts(parts: _Parts, models: Models) -> ServerFacts:
    return ServerFacts(
        version=_version(),
        home=parts.home.folder,
        home_format=HOME_FORMAT,
        space=str(models.embedder.space),
        device=_device(),
        database=parts.database,
        started_at=datetime.now(UTC),
    )


def _device() -> str:
    """Where FAISS searches: "cpu", or the name of the GPU."""
    if not has_gpu():
        return "cpu"
    import torch

    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else "gpu"


def _version() -> str:
    try:
        return importlib.metadata.version("temptrack")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was not installed
        return "uninstalled"
