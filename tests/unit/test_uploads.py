import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.errors import Busy, InvalidRequest, NotFound, PathNotAllowed, TooLarge
from services.uploads import MAX_CHUNK_BYTES, MediaSource, Upload, UploadStore


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> UploadStore:
    return UploadStore(tmp_path / "uploads", max_bytes=100, expires_s=60, now=clock)


def upload(store: UploadStore, content: bytes = b"music", name: str = "a song.MP3") -> Upload:
    with store.writer(name) as writer:
        writer.write(content)
        return writer.finish()


def files_of(store: UploadStore, tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "uploads").iterdir())


def test_an_upload_has_a_handle_that_leads_to_its_bytes(store: UploadStore, clock: Clock) -> None:
    done = upload(store)
    assert store.path_of(done.handle).read_bytes() == b"music"
    assert store.path_of(done.handle).name == f"{done.handle}.mp3"
    assert done.sha256 == hashlib.sha256(b"music").hexdigest()
    assert (done.size_bytes, done.file_name) == (5, "a song.MP3")
    assert done.expires_at == clock.now + timedelta(seconds=60)
    assert store.get(done.handle) == done


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("../../etc/passwd", ".bin"),
        ("/home/someone/.ssh/id.mp3", ".mp3"),
        ("x.json", ".bin"),
        ("x.part", ".bin"),
        ("x.tmp", ".bin"),
        ("x.mp3/../../y", ".bin"),
        ("", ".bin"),
        ("x." + "a" * 300, ".bin"),
        ("x.mp\0three", ".bin"),
    ],
)
def test_of_a_file_name_only_a_plain_suffix_reaches_the_disk(
    store: UploadStore, tmp_path: Path, name: str, suffix: str
) -> None:
    done = upload(store, name=name)
    path = store.path_of(done.handle)
    assert path.parent == tmp_path / "uploads"
    assert path.name == done.handle + suffix
    assert len(files_of(store, tmp_path)) == 2


def test_a_handle_expires(store: UploadStore, clock: Clock) -> None:
    done = upload(store)
    clock.forward(59)
    assert store.path_of(done.handle).exists()
    clock.forward(1)
    with pytest.raises(NotFound, match="expired"):
        store.path_of(done.handle)


def test_a_kept_upload_lives_longer(store: UploadStore, clock: Clock) -> None:
    done = upload(store)
    store.keep(done.handle, days=2)
    clock.forward(86_400)
    store.sweep()
    assert store.path_of(done.handle).read_bytes() == b"music"


@pytest.mark.parametrize("handle", ["", "..", "../uploads", "0" * 32, "a/b", "0" * 31 + "*"])
def test_a_handle_that_was_never_given_is_not_found(store: UploadStore, handle: str) -> None:
    with pytest.raises(NotFound):
        store.path_of(handle)


def test_too_many_bytes_are_refused_as_they_come_and_nothing_is_left(
    store: UploadStore, tmp_path: Path
) -> None:
    with store.writer("a.mp3") as writer:
        writer.write(b"x" * 60)
        with pytest.raises(TooLarge, match="100"):
            writer.write(b"x" * 41)
    assert files_of(store, tmp_path) == []


def test_a_size_beyond_the_limit_is_refused_before_any_byte(
    store: UploadStore, tmp_path: Path
) -> None:
    with pytest.raises(TooLarge):
        store.writer("a.mp3", size_bytes=101)
    assert files_of(store, tmp_path) == []


def test_all_uploads_together_have_a_limit(tmp_path: Path, clock: Clock) -> None:
    store = UploadStore(tmp_path, max_bytes=100, max_total_bytes=150, expires_s=60, now=clock)
    first = upload(store, b"x" * 80)
    with store.writer("b.mp3", size_bytes=60), pytest.raises(Busy, match="150") as refusal:
        store.writer("c.mp3", size_bytes=20)
    assert refusal.value.retry_after_s > 0
    with store.writer("d.mp3") as writer:  # one that announces nothing is counted as it comes
        writer.write(b"x" * 70)
        with pytest.raises(Busy):
            writer.write(b"x")
    store.discard(first.handle)
    assert upload(store, b"x" * 100).size_bytes == 100


def test_an_upload_that_has_expired_makes_room(tmp_path: Path, clock: Clock) -> None:
    store = UploadStore(tmp_path, max_bytes=100, max_total_bytes=150, expires_s=60, now=clock)
    upload(store, b"x" * 100)
    clock.forward(61)
    assert store.sweep() == 1
    assert upload(store, b"x" * 100).size_bytes == 100


def test_an_upload_is_called_what_its_owner_calls_it(store: UploadStore, tmp_path: Path) -> None:
    done = upload(store, name="My Song.mp3")
    assert store.name_of(store.path_of(done.handle)) == "My Song.mp3"
    assert store.name_of(tmp_path / "other.mp3") == "other.mp3"


def test_a_chunk_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    store = UploadStore(tmp_path, max_bytes=1 << 30, expires_s=60)
    with store.writer("a.mp3") as writer, pytest.raises(TooLarge, match="chunk"):
        writer.write(b"x" * (MAX_CHUNK_BYTES + 1))


@pytest.mark.parametrize(
    "announced",
    [{"size_bytes": 4}, {"sha256": "0" * 64}],
)
def test_an_upload_that_is_not_what_was_announced_is_refused(
    store: UploadStore, tmp_path: Path, announced: dict[str, object]
) -> None:
    with store.writer("a.mp3", **announced) as writer:  # type: ignore[arg-type]
        writer.write(b"music")
        with pytest.raises(InvalidRequest):
            writer.finish()
    assert files_of(store, tmp_path) == []


def test_an_upload_that_is_what_was_announced_is_taken(store: UploadStore) -> None:
    digest = hashlib.sha256(b"music").hexdigest()
    with store.writer("a.mp3", size_bytes=5, sha256=digest) as writer:
        writer.write(b"mu")
        writer.write(b"sic")
        assert writer.finish().sha256 == digest


@pytest.mark.parametrize("announced", [{"size_bytes": -1}, {"sha256": "xyz"}])
def test_what_cannot_be_announced_is_refused(
    store: UploadStore, announced: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest):
        store.writer("a.mp3", **announced)  # type: ignore[arg-type]


def test_an_empty_upload_is_refused(store: UploadStore) -> None:
    with store.writer("a.mp3") as writer, pytest.raises(InvalidRequest, match="empty"):
        writer.finish()


def test_a_broken_off_upload_leaves_nothing(store: UploadStore, tmp_path: Path) -> None:
    def break_off() -> None:
        with store.writer("a.mp3") as writer:
            writer.write(b"mu")
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        break_off()
    assert files_of(store, tmp_path) == []


def test_a_sweep_removes_the_expired_and_the_cut_short_only(
    store: UploadStore, tmp_path: Path, clock: Clock
) -> None:
    old = upload(store)
    clock.forward(40)
    young = upload(store)
    (tmp_path / "uploads" / f"{'f' * 32}.part").write_bytes(b"of a killed process")
    with store.writer("open.mp3") as writer:
        writer.write(b"x")
        clock.forward(30)
        assert store.sweep() == 2
        still_open = writer.finish()
    assert store.path_of(young.handle).exists()
    assert store.path_of(still_open.handle).exists()
    assert not (tmp_path / "uploads" / f"{old.handle}.mp3").exists()


def test_a_taken_upload_is_moved_and_its_handle_forgotten(
    store: UploadStore, tmp_path: Path
) -> None:
    done = upload(store)
    target = store.take(done.handle, tmp_path / "kept.mp3")
    assert target.read_bytes() == b"music"
    assert files_of(store, tmp_path) == []
    with pytest.raises(NotFound):
        store.path_of(done.handle)


def test_discarding_twice_is_fine(store: UploadStore, tmp_path: Path) -> None:
    done = upload(store)
    store.discard(done.handle)
    store.discard(done.handle)
    store.discard("../../etc")
    assert files_of(store, tmp_path) == []


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / "a.mp3").write_bytes(b"a")
    (tmp_path / "secret.txt").write_bytes(b"s")
    return folder


@pytest.fixture
def source(store: UploadStore, music: Path) -> MediaSource:
    return MediaSource((music,), store)


def test_a_file_below_a_root_is_found(source: MediaSource, music: Path) -> None:
    assert source.resolve(path=str(music / "a.mp3")) == music / "a.mp3"


def test_a_handle_is_found(source: MediaSource, store: UploadStore) -> None:
    done = upload(store)
    assert source.resolve(upload=done.handle) == store.path_of(done.handle)


@pytest.mark.parametrize(
    "make",
    [
        lambda music: str(music.parent / "secret.txt"),
        lambda music: f"{music}/../secret.txt",
        lambda music: f"{music}-other/a.mp3",
        lambda music: "/etc/passwd",
    ],
)
def test_a_path_outside_the_roots_is_refused(
    source: MediaSource, music: Path, make: Callable[[Path], str]
) -> None:
    with pytest.raises(PathNotAllowed):
        source.resolve(path=make(music))


def test_a_link_that_leads_outside_is_refused_and_one_that_stays_is_followed(
    source: MediaSource, music: Path
) -> None:
    (music / "out.mp3").symlink_to(music.parent / "secret.txt")
    (music / "in.mp3").symlink_to(music / "a.mp3")
    (music / "circle.mp3").symlink_to(music / "circle.mp3")
    with pytest.raises(PathNotAllowed):
        source.resolve(path=str(music / "out.mp3"))
    assert source.resolve(path=str(music / "in.mp3")) == music / "a.mp3"
    with pytest.raises(NotFound):
        source.resolve(path=str(music / "circle.mp3"))


def test_a_root_that_is_a_link_allows_what_it_leads_to(
    store: UploadStore, music: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(music)
    source = MediaSource((tmp_path / "link",), store)
    assert source.resolve(path=str(tmp_path / "link" / "a.mp3")) == music / "a.mp3"


@pytest.mark.parametrize("name", ["nowhere.mp3", "", "x" * 5000])
def test_what_is_no_file_is_not_found(source: MediaSource, music: Path, name: str) -> None:
    with pytest.raises(NotFound):
        source.resolve(path=f"{music}/{name}")


@pytest.mark.parametrize(
    "request_", [{}, {"upload": "x", "path": "/x"}, {"path": "a.mp3"}, {"path": "/a\0b"}]
)
def test_a_request_that_names_no_one_file_is_refused(
    source: MediaSource, request_: dict[str, str]
) -> None:
    with pytest.raises(InvalidRequest):
        source.resolve(**request_)


def test_no_roots_allow_no_path_and_the_root_allows_all(store: UploadStore, music: Path) -> None:
    with pytest.raises(PathNotAllowed):
        MediaSource((), store).resolve(path=str(music / "a.mp3"))
    everywhere = MediaSource((Path("/"),), store)
    assert everywhere.resolve(path=str(music / "a.mp3")) == music / "a.mp3"
