"""The command line; every command speaks through the client, wherever its server is."""


def main() -> None:
    """Runs the `temptrack` command and ends the process with its exit code."""
    from services.cli.app import app

    app()
