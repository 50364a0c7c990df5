"""The text tower's head: a sentence vector and what was understood, to a row of the music space.

    head = load_text_head()
    row = head.project(understanding, trunk.sentence_vectors)       # (256,), not yet unit length

    said = unit((1 - u) * directions of what is asked (signed) + u * what the nearest phrases say
                + share * network(sentence))
         + name share * unit(likeness of the sentence to the names of the trunk's tags)
    row = c unit(said) + sqrt(1 - c^2) e_vague

The directions are one row per thing that the word lists know. u is the share of the content words
that they do not know; for those the text borrows what its nearest phrases say
(`towers/neighbours.py`). The network is a small perceptron on the sentence vector. A denial counts
half: "no drums" says less than "drums". c is 1 where something was understood, else how near the
sentence lies to sentences about music: "opening hours of the museum" points along a column that is
0 for every sound, so that all its scores are low.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np

from encoders.errors import BrokenWeights
from encoders.lexicon.vocabulary import genre_names
from encoders.towers.audio import DIMENSION
from encoders.towers.neighbours import Near, Neighbours, as_music, unpack
from encoders.trunks.checkpoint import WEIGHTS, read_card, verify_folder
from encoders.understanding import Asked, Understanding

TEXT_HEAD = WEIGHTS / "heads" / "text"
DENIAL = 0.5  # weight of what is denied beside what is asked
SLOW_BPM, FAST_BPM = 80.0, 126.0
VAGUE = DIMENSION - 2  # the column that no sound has
STRANGE, FAMILIAR = 0.30, 0.42  # cosine to the nearest sentence about music: c = 0 and c = 1
LEAST_CLEAR = 0.1  # c of the strangest sentence: its order of tracks is kept
UNREAD_SHARE = 0.5  # length of the network's part where the lists know no word
SCENERY = frozenset({"activity"})  # what is asked of these alone need not be about music

SentenceVectors = Callable[[Sequence[str]], np.ndarray]  # N texts -> (N, 384)


@dataclass(frozen=True, kw_only=True)
class TextHead:
    """Holds the directions and the network; float32 arrays."""

    keys: tuple[str, ...]  # "mood:sad": K names of the rows of `directions`
    directions: np.ndarray  # (K, 256)
    hidden: np.ndarray  # (384, H)
    hidden_bias: np.ndarray  # (H,)
    out: np.ndarray  # (H, 256)
    familiar: np.ndarray  # (B, 384) sentences about music
    names: np.ndarray  # (384, 256) likeness to each tag's name, in the tags' columns
    network_share: float  # length of the network's part beside the directions' when both speak
    name_share: float  # length of the names' part beside the two
    neighbours: Neighbours | None = None  # None: words outside the lists borrow nothing

    def project(
        self, understanding: Understanding, sentence_vectors: SentenceVectors
    ) -> np.ndarray:
        """The row (256,) float32 of one text; zeros only for a text without content."""
        return np.asarray(self.project_all([understanding], sentence_vectors)[0])

    def project_all(
        self, understandings: Sequence[Understanding], sentence_vectors: SentenceVectors
    ) -> np.ndarray:
        """Rows (N, 256) float32; all sentences go through the trunk together."""
        return self.read_all(understandings, sentence_vectors)[0]

    def read_all(
        self, understandings: Sequence[Understanding], sentence_vectors: SentenceVectors
    ) -> tuple[np.ndarray, list[tuple[str, ...]]]:
        """Rows (N, 256) and for each text the phrases that its unknown words are taken for."""
        asked_of = [self._question(u) for u in understandings]
        needed = list(dict.fromkeys(text for q in asked_of for text in q.texts()))
        spoken = self._speak(needed, sentence_vectors)
        rows = [self._answer(q, spoken) for q in asked_of]
        near = [spoken[q.borrowing].near.phrases if q.borrowing else () for q in asked_of]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self._width), near

    @property
    def _width(self) -> int:
        return int(self.directions.shape[1])

    def _question(self, u: Understanding) -> "_Question":
        affirmed = u.affirmed or ("" if u.denied else u.text)
        unread = unread_share(u)
        borrows = self.neighbours is not None and u.language_supported and affirmed
        return _Question(
            affirmed=affirmed,
            denied=u.denied,
            borrowing=as_music(affirmed) if borrows and unread > 0 else "",
            unread=unread,
            asked=self.asked_row(direction_weights(u)),
            about_music=any(a.name not in SCENERY for a in u.asked),
        )

    def _speak(
        self, texts: Sequence[str], sentence_vectors: SentenceVectors
    ) -> "dict[str, _Spoken]":
        sentences = sentence_vectors(texts)
        silent = Near(phrases=(), row=np.zeros(self._width, dtype=np.float32))
        near = self.neighbours.find(sentences) if self.neighbours else [silent] * len(texts)
        parts = zip(
            self.network(sentences), sentences @ self.names, self.clearness(sentences), near,
            strict=True,
        )  # fmt: skip
        found = {
            text: _Spoken(network=n, names=m, clear=float(c), near=b)
            for text, (n, m, c, b) in zip(texts, parts, strict=True)
        }
        zero = np.zeros(self._width, dtype=np.float32)
        return found | {"": _Spoken(network=zero, names=zero, clear=0.0, near=silent)}

    def _answer(self, q: "_Question", spoken: "Mapping[str, _Spoken]") -> np.ndarray:
        affirmed, denied = spoken[q.affirmed], spoken[q.denied]
        network = affirmed.network - DENIAL * denied.network
        names = affirmed.names - DENIAL * denied.names
        understood = bool(q.asked.any())
        if q.borrowing:
            share = self.network_share + q.unread * (UNREAD_SHARE - self.network_share)
            known = (1.0 - q.unread) * q.asked + q.unread * spoken[q.borrowing].near.row
        else:
            share = self.network_share if understood else 1.0
            known = q.asked
        said = _unit(_unit(known + share * network) + self.name_share * _unit(names))
        if not said.any():
            return said
        clear = affirmed.clear if q.affirmed else denied.clear
        if understood:
            clear = 1.0 if q.about_music else max(clear, 1.0 - q.unread)
        row = clear * said
        row[VAGUE] = np.sqrt(1.0 - clear**2)
        return np.asarray(row)

    def network(self, sentences: np.ndarray) -> np.ndarray:
        """Unit-length part (N, 256) that the sentence vectors (N, 384) alone say."""
        if not len(sentences):
            return np.zeros((0, self.directions.shape[1]), dtype=np.float32)
        rows = gelu(sentences @ self.hidden + self.hidden_bias) @ self.out
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))

    def clearness(self, sentences: np.ndarray) -> np.ndarray:
        """How surely sentences (N, 384) speak of music: (N,) from LEAST_CLEAR to 1."""
        if not len(sentences):
            return np.zeros(0, dtype=np.float32)
        nearest = (sentences @ self.familiar.T).max(axis=1)
        return np.asarray(np.clip((nearest - STRANGE) / (FAMILIAR - STRANGE), LEAST_CLEAR, 1.0))

    def asked_row(self, weights: Mapping[str, float]) -> np.ndarray:
        """Unit-length part (256,) of what was understood; zeros where nothing was."""
        known = {key: i for i, key in enumerate(self.keys)}
        row = np.zeros(self.directions.shape[1], dtype=np.float32)
        for key, weight in weights.items():
            if key in known:
                row += weight * self.directions[known[key]]
        return _unit(row)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Question:
    """Holds one text taken apart; a part that it lacks is ""."""

    affirmed: str
    denied: str
    borrowing: str  # the sentence that looks for near phrases
    unread: float  # share of the content words that no list knows
    asked: np.ndarray  # (256,)
    about_music: bool

    def texts(self) -> list[str]:
        """The sentences that must go through the trunk."""
        return [t for t in (self.affirmed, self.denied, self.borrowing) if t]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Spoken:
    """Holds what one sentence vector says."""

    network: np.ndarray  # (256,)
    names: np.ndarray  # (256,)
    clear: float
    near: Near


def unread_share(understanding: Understanding) -> float:
    """Share of a text's content words that no list knows: 0 all known, 1 none."""
    unread = len(understanding.not_understood)
    read = len({asked.words for asked in understanding.asked})
    return unread / (unread + read) if unread + read else 0.0


def direction_weights(understanding: Understanding) -> dict[str, float]:
    """Signed weight of each direction that a text names: {"mood:sad": 1, "genre:metal": -0.5}."""
    weights: dict[str, float] = {}
    for asked in understanding.asked:
        key = _direction(asked)
        weight = asked.confidence if asked.sign > 0 else -DENIAL * asked.confidence
        if key is not None and abs(weight) > abs(weights.get(key, 0.0)):
            weights[key] = weight
    return weights


def gelu(x: np.ndarray) -> np.ndarray:
    """Gaussian error linear unit in the tanh form (Hendrycks and Gimpel 2016)."""
    return np.asarray(0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))))


def load_text_head(folder: Path = TEXT_HEAD) -> TextHead:
    """Read the shipped head.

    Raises:
        BrokenWeights: files are missing, changed, or do not fit each other.
    """
    from safetensors.numpy import load_file

    verify_folder(folder)
    stored = load_file(str(folder / "model.safetensors"))
    tensors = {n: t if t.dtype == np.uint8 else t.astype(np.float32) for n, t in stored.items()}
    keys = tuple(cast("list[str]", read_card(folder)["keys"]))
    if len(keys) != len(tensors["directions"]):
        raise BrokenWeights(
            f"{folder}: {len(keys)} names for {len(tensors['directions'])} directions"
        )
    return TextHead(
        keys=keys,
        directions=tensors["directions"],
        hidden=tensors["hidden"],
        hidden_bias=tensors["hidden_bias"],
        out=tensors["out"],
        familiar=tensors["familiar"],
        names=tensors["names"],
        name_share=float(tensors["name_share"][0]),
        network_share=float(tensors["network_share"][0]),
        neighbours=unpack(tensors, tensors["directions"].shape[1]),
    )


def _direction(asked: Asked) -> str | None:
    """The direction's name: genres by their profile, a number of beats by its word."""
    if asked.name == "genre":
        return f"genre:{_profiles().get(str(asked.value))}"
    if asked.name == "tempo_bpm":
        bpm = float(asked.value)
        return "tempo:slow" if bpm <= SLOW_BPM else "tempo:fast" if bpm >= FAST_BPM else None
    return f"{asked.name}:{asked.value}" if isinstance(asked.value, str) else None


def _unit(row: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(row))
    return np.asarray(row / length) if length > 0 else row


@cache
def _profiles() -> dict[str, str]:
    return genre_names()
