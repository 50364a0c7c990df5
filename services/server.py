"""Runs one application as a gRPC server: in a process of its own, or inside another program.

Health is always on, reflection by option. A stop lets calls under way finish and then closes the
application. Knows nothing of what the services do.
"""

import asyncio
import contextlib
import dataclasses
import logging
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.bootstrap import Application, build_application, build_private_application
from services.config import Config, ServerConfig
from services.errors import TemptrackError
from services.status import StatusInterceptor

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 64 << 20  # 10,000 sources of an import with 6 KB of words each
MAX_SOCKET_PATH = 100  # Linux takes 107 bytes
MAX_CALLS = 2000  # open at one time; more are refused as RESOURCE_EXHAUSTED

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", -1),
    # A second server on the same port must fail instead of taking half of the calls.
    ("grpc.so_reuseport", 0),
    # Clients ask every minute of a long call whether the server still lives.
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
)

Build = Callable[[Config], Application]
Ready = Callable[[str], None]


class AddressInUse(TemptrackError):
    """Another program listens at the address."""

    reason = "ADDRESS_IN_USE"


def configure_logging(level: str) -> None:
    """Sends what modules log to standard error, from a level on."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # It tells of every build for other processors that it looked for and did not find.
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)


def serve(config: Config, *, ready: Ready, build: Build = build_application) -> None:
    """Serves until SIGINT or SIGTERM; `ready` hears the address once calls are answered.

    Raises:
        HomeInUse: another process owns the home.
        AddressInUse: another program listens at the address.
        BrokenTower: a tower does not answer as a healthy one does; nothing is served.
    """

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await _serve(config, ready=ready, stop=stop, build=build)

    asyncio.run(run())


@contextlib.contextmanager
def start_private_server(
    config: Config, *, build: Build = build_private_application
) -> Iterator[str]:
    """A server in this process that no other user reaches, by its address, until the block ends.

    It listens on a socket in a folder that only this user may enter.
    """
    with _private_folder() as folder:
        server = dataclasses.replace(config.server, address=f"unix:{folder}/socket")
        private = _ServerThread(dataclasses.replace(config, server=server), build)
        try:
            yield private.start()
        finally:
            private.stop()


class _ServerThread:
    """A server with an event loop of its own in a thread of its own."""

    def __init__(self, config: Config, build: Build) -> None:
        self._config = config
        self._build = build
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._address: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="server")

    def start(self) -> str:
        self._thread.start()
        return self._address.result()

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended with an error of its own
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        ready = self._address.set_result
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(_serve(self._config, ready=ready, stop=self._stop, build=self._build))
        except BaseException as error:
            if self._address.done():
                raise
            self._address.set_exception(error)


async def _serve(config: Config, *, ready: Ready, stop: asyncio.Event, build: Build) -> None:
    application = await asyncio.to_thread(build, config)
    try:
        server, checks = _make_server(application, config.server)
        await checks.start()
        address = await _listen(server, config.server.address)
        application.announce(address)
        logger.info("serving %s at %s", config.home, address)
        ready(address)
        await stop.wait()
        await checks.stop()
        logger.info("stopping; calls under way have %g s", config.server.drain_s)
        await server.stop(config.server.drain_s)
    finally:
        await asyncio.to_thread(application.close)


# `Any`: grpc and its health checks have no types.
def _make_server(application: Application, config: ServerConfig) -> tuple[Any, "_Health"]:
    server = grpc.aio.server(
        interceptors=[StatusInterceptor()],
        options=_OPTIONS,
        maximum_concurrent_rpcs=MAX_CALLS,
    )
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = [service.name for service in application.services]
    for service in application.services:
        service.add(service.servicer, server)
    if config.reflection:
        reflection.enable_server_reflection(
            (*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
    return server, _Health(checks, ("", *names))


class _Health:
    """The health of every service and, under an empty name, of the whole."""

    # `Any`: the servicer has no types.
    def __init__(self, servicer: Any, names: tuple[str, ...]) -> None:
        self._servicer = servicer
        self._names = names

    async def start(self) -> None:
        for name in self._names:
            await self._servicer.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        await self._servicer.enter_graceful_shutdown()


async def _listen(server: Any, address: str) -> str:
    """Starts the server and says where: port 0 and addresses for all become ones to ask at."""
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise AddressInUse(
            f"cannot listen at {address}: another program does, or this user may not; "
            "choose another with --address"
        ) from error
    await server.start()
    if address.startswith("unix:"):
        return address
    host = address.rpartition(":")[0]
    reachable = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    return f"{reachable}:{port}"


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """A new folder that only this user may enter, with a path short enough for a socket."""
    base = None if len(tempfile.gettempdir()) < MAX_SOCKET_PATH - 40 else "/tmp"
    with tempfile.TemporaryDirectory(prefix="temptrack-", dir=base) as folder:
        yield Path(folder)
