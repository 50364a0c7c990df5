"""The command line; every command speaks through the client, wherever its server is."""

import gc

# Objects between two searches for garbage. The libraries of a first answer make half a million
# that stay; looking through them every 700 takes a second of processor time.
OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> None:
    """Runs the `temptrack` command and ends the process with its exit code."""
    from services.cli.app import app

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)

    app()
