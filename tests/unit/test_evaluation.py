"""Figures of an evaluation, on data whose answers are known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.audio import Sound
from services.errors import InvalidRequest
from services.evaluation.evaluate import evaluate
from services.evaluation.hearing import Listener
from services.evaluation.rated_tracks import EMOTIONS, read_wishes
from services.evaluation.report import Row
from services.evaluation.wishes import _chance
from tests.fakes import DIMENSION, FakeEmbedder, fake_description, unit, word_vector

NUM_TRACKS = 24
FELT = (*EMOTIONS, "sadness", "nostalgia", "solemnity")
GENRES = ("classical", "electronic", "pop", "rock")
PROMPTS = {emotion: [f"{emotion} {number}" for number in "abcd"] for emotion in EMOTIONS}
IDEAS = (*EMOTIONS, *GENRES, "up", "down")
DIRECTIONS = dict(zip(IDEAS, np.eye(DIMENSION, dtype=np.float32), strict=False))


def feelings(number: int) -> np.ndarray:
    """How strongly track `number` has each idea: known, and different for every track."""
    rng = np.random.default_rng(number)
    strengths = dict.fromkeys(IDEAS, 0.0)
    strengths |= {emotion: float(rng.uniform()) for emotion in EMOTIONS}
    strengths[GENRES[number % 4]] = 3.0
    return np.array([strengths[idea] for idea in IDEAS])


@dataclass
class KnowingEmbedder(FakeEmbedder):
    """Hears exactly what the listeners will say, and reads the first word of a text."""

    num_heard: int = 0
    read: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def embed_sound(self, sound: Sound) -> Any:
        self.num_heard += 1
        strengths = feelings(int(sound.samples[0]))
        track = unit(sum(s * DIRECTIONS[i] for s, i in zip(strengths, IDEAS, strict=True)))
        return type(
            "Heard",
            (),
            {
                "track": track,
                "description": fake_description(
                    tags={"calm": float(strengths[1]), "rock": float(strengths[8])}
                ),
            },
        )()

    def embed_texts(self, texts: Sequence[str]) -> Any:
        self.read += texts
        return np.stack([self._read(text) for text in texts])

    def _read(self, text: str) -> Any:
        word = text.split()[0]
        if word == "sad":
            return -DIRECTIONS["joyful_activation"]
        return DIRECTIONS.get(word, DIRECTIONS["joyful_activation"])


class NumberReader:
    """The sound of a file is the number in it."""

    def read_sound(self, path: Path) -> Sound:
        return Sound(
            samples=np.array([float(path.read_text())], dtype=np.float32), sample_rate=16_000
        )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "text").mkdir(parents=True)
    rows = []
    for number in range(NUM_TRACKS):
        (folder / f"{number}.wav").write_text(str(number))
        felt = dict(zip(IDEAS, feelings(number), strict=True))
        rows.append(
            {
                "file": f"{number}.wav",
                "artist": f"artist {number // 2}",
                "genre": GENRES[number % 4],
                "split": "test" if number % 3 else "val",
                "emotions": {name: felt.get(name, 0.0) for name in FELT},
            }
        )
    (folder / "emotify.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    prompts = {
        "emotions": PROMPTS,
        "genres": {genre: [f"{genre} music"] for genre in GENRES},
        "antonyms": [["joyful_activation", "sad"], ["calmness", "calmness"]],
    }
    (folder / "text" / "emotion_prompts.json").write_text(json.dumps(prompts))
    (folder / "text" / "dev_queries.tsv").write_text(
        "id\twant\tavoid\tgenre\ttext\n"
        "1\tjoy\t\t\tjoyful_activation please\n"
        "2\tcalmness\tpower\t\tcalmness please\n"
        "3\t\t\trock\trock please\n"
        "4\tjoy\t\trock\trock please\n"
    )
    return folder


def run(task: str, data: Path, embedder: KnowingEmbedder, cache: Path) -> dict[Any, Row]:
    listener = Listener(reader=NumberReader(), embedder=embedder, cache=cache)
    rows = evaluate(
        task,
        data,
        listener=listener,
        sentences=lambda texts: np.stack([word_vector(text.split()[0]) for text in texts]),
        progress=lambda done, total: None,
    )
    return {(row.metric, row.system): row for row in rows}


def test_towers_that_hear_what_people_felt_are_near_one(data: Path, tmp_path: Path) -> None:
    rows = run("emotion", data, KnowingEmbedder(), tmp_path)
    whole = rows["mean Spearman (all)", "towers"]
    assert whole.interval.value > 0.9
    assert whole.interval.low <= whole.interval.value <= whole.interval.high
    assert (whole.num_items, whole.num_queries, whole.chance) == (24, 20, 0.0)
    assert rows["mean Spearman (test)", "towers"].num_items == 16
    assert rows["genre accuracy", "towers"].interval.value == 1.0
    assert rows["genre accuracy", "towers"].chance == 0.25
    assert rows["antonyms apart", "towers"].interval.value == 0.5


def test_random_features_are_near_chance(data: Path, tmp_path: Path) -> None:
    rows = run("emotion", data, KnowingEmbedder(), tmp_path)
    row = rows["mean Spearman (all)", "random features"]
    assert abs(row.interval.value) < 0.35
    assert {system for _, system in rows} == {"towers", "tag-name cosine", "random features"}


def test_wishes_are_judged_by_their_kind(data: Path, tmp_path: Path) -> None:
    rows = run("text", data, KnowingEmbedder(), tmp_path)
    for group, num_queries in (("all", 4), ("emotion", 1), ("negation", 1), ("genre", 1)):
        row = rows[f"nDCG@10 ({group})", "towers"]
        assert row.num_queries == num_queries
        assert row.chance < row.interval.value <= 1.0
    assert rows["nDCG@10 (genre)", "towers"].interval.value == pytest.approx(1.0)


def test_what_was_heard_is_kept(data: Path, tmp_path: Path) -> None:
    first, second = KnowingEmbedder(), KnowingEmbedder()
    one = run("text", data, first, tmp_path / "cache")
    two = run("text", data, second, tmp_path / "cache")
    assert (first.num_heard, second.num_heard) == (NUM_TRACKS, 0)
    assert one == two


def test_a_random_order_has_the_chance_that_is_said() -> None:
    rng = np.random.default_rng(1)
    gains = rng.uniform(size=(1, 30))
    from encoders.metrics import ndcg_at_k

    measured = np.mean(
        [ndcg_at_k(rng.permutation(30).astype(float), gains[0]) for _ in range(4000)]
    )
    assert _chance(gains) == pytest.approx(measured, abs=0.01)


def test_a_task_or_folder_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there are text, emotion"):
        run("taste", data, KnowingEmbedder(), tmp_path)
    with pytest.raises(InvalidRequest, match=r"emotify\.jsonl is not there"):
        run("text", tmp_path / "nowhere", KnowingEmbedder(), tmp_path)


def test_the_fixed_wishes_of_the_data_are_read(data_dir: Path) -> None:
    wishes = read_wishes(data_dir)
    assert len(wishes) == 70
    assert {wish.group for wish in wishes} == {"emotion", "genre", "genre + emotion", "negation"}
