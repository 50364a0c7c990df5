"""Settings come from one file and are checked when they are read."""

from pathlib import Path
from typing import Any

import pytest

from services.config import Config, ConfigError, ServerConfig, load_config, parse_config
from tests.conftest import REPOSITORY

HOME = {"XDG_DATA_HOME": "/data"}


def test_the_file_that_is_shipped_holds_the_defaults() -> None:
    shipped = load_config(REPOSITORY / "deploy" / "config.toml", HOME)
    assert shipped == Config(home=Path("/data/temptrack"))


def test_every_setting_stands_in_the_file_that_is_shipped() -> None:
    import tomllib
    from dataclasses import fields

    text = (REPOSITORY / "deploy" / "config.toml").read_text(encoding="utf-8")
    shipped = tomllib.loads(text)
    assert set(shipped) == {field.name for field in fields(Config)}
    for name in ("server", "media", "index", "encoders"):
        section = getattr(Config(home=Path("/data")), name)
        assert set(shipped[name]) == {field.name for field in fields(section)}


def test_the_home_is_the_users_own_by_default() -> None:
    assert load_config(None, HOME).home == Path("/data/temptrack")
    assert load_config(None, {}).home == Path.home() / ".local" / "share" / "temptrack"


def test_a_relative_data_folder_is_ignored_as_the_xdg_rules_ask() -> None:
    home = load_config(None, {"XDG_DATA_HOME": "data"}).home
    assert home == Path.home() / ".local" / "share" / "temptrack"


def test_the_environments_database_goes_before_the_files(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('database_url = "sqlite:////a"\nhome = "/h"\n')
    assert load_config(file, {}).database_url == "sqlite:////a"
    secret = {"TEMPTRACK_DATABASE_URL": "postgresql://me:secret@host/db"}
    assert load_config(file, secret).database_url == "postgresql://me:secret@host/db"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"hone": "/h"}, "hone is no setting"),
    ({"server": {"port": 1}}, r"server\.port is no setting; there are address"),
    ({"server": 3}, r"write \[server\]"),
    ({"server": {"searches": "8"}}, r"server\.searches is '8'; it must be of type int"),
    ({"server": {"searches": True}}, "must be of type int"),
    ({"server": {"searches": 0}}, r"server\.searches is 0; it must be 1 to 256"),
    ({"server": {"address": "here"}}, "give an IP address and a port"),
    ({"server": {"address": "127.0.0.1:70000"}}, "give an IP address and a port"),
    ({"server": {"address": "0.0.0.0:50551"}}, "can be reached from other machines"),
    ({"server": {"address": "[::]:50551"}}, "can be reached from other machines"),
    ({"encoders": {"profile": "huge"}}, "must be one of small, large"),
    ({"encoders": {"profile": "large"}}, r"folder of its heads as encoders\.heads"),
    ({"media": {"allowed_roots": "/srv"}}, "must be of type a list of folders"),
    ({"media": {"allowed_roots": ["music"]}}, "give absolute folders"),
    ({"media": {"upload_max_mib": 0}}, "upload_max_mib is 0"),
    ({"index": {"engine": "annoy"}}, "must be one of flat, exact"),
    ({"log_level": "loud"}, "must be one of debug"),
    ({"database_url": "mysql://x"}, "of kind mysql"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG, ids=lambda item: str(item)[:40])
def test_a_wrong_setting_is_refused_with_what_is_allowed(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(settings)


def test_a_database_that_is_refused_does_not_show_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"database_url": "mysql://me:secret@host/db"})
    assert "secret" not in str(caught.value)


def test_a_public_address_must_be_asked_for() -> None:
    config = ServerConfig(address="0.0.0.0:50551", allow_public=True)
    assert config.is_public


@pytest.mark.parametrize(
    "address", ["127.0.0.1:0", "localhost:1", "[::1]:50551", "unix:/run/temptrack"]
)
def test_this_machines_own_addresses_are_not_public(address: str) -> None:
    assert not ServerConfig(address=address).is_public


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("home = ")
    with pytest.raises(ConfigError, match=r"config\.toml is not TOML"):
        load_config(file, {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml", {})
