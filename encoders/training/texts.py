"""What the text tower reads while it learns: captions, aspects, and phrases of the word lists.

Hears nothing.

    examples = training_texts(data_dir, seed=0)
    examples[0].text, examples[0].concepts        # (C,) what it should say, see recipe.py

A caption's concepts are those of the whole row that it belongs to, so the network learns from
musicians which words stand for which sound: what the lists know of "soft piano, lullaby" teaches
"cradle". Beside the captions: random and reordered subsets of their aspects, phrases of the lists
in plain frames, with a slip of the finger, and what AudioSet's ontology says of its classes.
Nothing of the evaluation's prompts and wishes is read here.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.lexicon.vocabulary import load_vocabulary
from encoders.towers.text import direction_weights
from encoders.training.manifests import Caption, training_captions
from encoders.training.recipe import text_concepts
from encoders.understanding import Understanding, understand_text

ROW_SHARE = 0.3  # what the row adds to the concepts of one of its aspects
LEARNT_LISTS = (
    "mood",
    "activity",
    "genre",
    "instrument",
    "tempo",
    "loudness",
    "texture",
    "vocals",
    "era",
)
SENTENCE_TAGS = ("mood", "activity")
TEMPLATES = ("{}", "{} music", "something {}", "a {} song", "{} track for a video")
PARAPHRASES = (
    "make it {}", "I want it to sound {}", "music that feels {}", "the mood should be {}",
    "a soundtrack for {}", "play me something for {}",
)  # fmt: skip
PHRASES_PER_GROUP = 3
NUM_MISSPELT = 600
SHORTEST_MISSPELT = 6  # letters
ONTOLOGY = "audioset_music_ontology.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class TextExample:
    """Holds a text, what was understood of it, and the concepts that it should say."""

    text: str
    understanding: Understanding
    concepts: np.ndarray  # (C,)


def training_texts(data_dir: Path, *, seed: int) -> list[TextExample]:
    """Every example, in an order that depends on the seed alone."""
    rng = np.random.default_rng(seed)
    examples = [
        *_caption_examples(training_captions(data_dir), rng),
        *_list_examples(rng),
        *_paraphrased_examples(rng),
        *_misspelt_examples(rng),
        *_ontology_examples(data_dir / "text" / ONTOLOGY),
    ]
    return [e for e in examples if e.concepts.any() and not e.understanding.denied]


def concepts_of(text: str) -> np.ndarray:
    """(C,) concepts of a text by the word lists alone."""
    return text_concepts(direction_weights(understand_text(text)))


def _caption_examples(
    captions: Sequence[Caption], rng: np.random.Generator
) -> Iterator[TextExample]:
    for caption in captions:
        row = _unit(concepts_of(", ".join(caption.aspects)) + concepts_of(caption.caption))
        yield _example(caption.caption, row)
        for _ in range(2):
            yield _example(", ".join(_some(caption.aspects, rng)), row)
        for aspect in _some(caption.aspects, rng)[:3]:
            yield _example(str(rng.choice(TEMPLATES)).format(aspect), _lean(aspect, row))
        for sentence in _feeling_sentences(caption.caption)[:2]:
            yield _example(sentence, _lean(sentence, row))


def _list_examples(rng: np.random.Generator) -> Iterator[TextExample]:
    for phrase, entries in load_vocabulary().phrases.items():
        if entries[0].name in LEARNT_LISTS:
            for template in rng.choice(TEMPLATES, size=2, replace=False):
                yield _example(str(template).format(phrase), _unit(concepts_of(phrase)))


def _paraphrased_examples(rng: np.random.Generator) -> Iterator[TextExample]:
    """Some phrases of every mood and activity in whole sentences."""
    groups: dict[str, list[str]] = {}
    for phrase, entries in load_vocabulary().phrases.items():
        if entries[0].name in SENTENCE_TAGS:
            groups.setdefault(entries[0].key, []).append(phrase)
    for phrases in groups.values():
        for phrase in rng.permutation(phrases)[:PHRASES_PER_GROUP]:
            for frame in rng.choice(PARAPHRASES, size=2, replace=False):
                yield _example(str(frame).format(phrase), _unit(concepts_of(str(phrase))))


def _misspelt_examples(rng: np.random.Generator) -> Iterator[TextExample]:
    """Phrases with two neighbouring letters swapped or one lost; they say what was meant."""
    phrases = [
        p for p, entries in load_vocabulary().phrases.items()
        if entries[0].name in LEARNT_LISTS and len(p) >= SHORTEST_MISSPELT
    ]  # fmt: skip
    for phrase in rng.permutation(phrases)[:NUM_MISSPELT]:
        yield _example(f"{_slip(str(phrase), rng)} music", _unit(concepts_of(str(phrase))))


def _slip(phrase: str, rng: np.random.Generator) -> str:
    """The phrase with one slip of the finger; its first two letters stay."""
    place = int(rng.integers(2, len(phrase) - 1))
    head, tail = phrase[:place], phrase[place:]
    return head + tail[1] + tail[0] + tail[2:] if rng.random() < 0.5 else head + tail[1:]


def _ontology_examples(path: Path) -> Iterator[TextExample]:
    """Class names of AudioSet's music ontology and the sentence that explains each."""
    if not path.exists():
        return
    for row in json.loads(path.read_text(encoding="utf-8")):
        concepts = _unit(concepts_of(row["name"]))
        yield _example(row["name"], concepts)
        yield _example(row["description"], concepts)


def _example(text: str, concepts: np.ndarray) -> TextExample:
    return TextExample(text=text, understanding=understand_text(text), concepts=concepts)


def _lean(text: str, row: np.ndarray) -> np.ndarray:
    return _unit(_unit(concepts_of(text)) + ROW_SHARE * row)


def _some(aspects: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Each aspect with probability one half, at least one, shuffled."""
    kept = [a for a in aspects if rng.random() < 0.5] or [str(rng.choice(list(aspects)))]
    rng.shuffle(kept)
    return kept


def _feeling_sentences(caption: str) -> list[str]:
    sentences = re.split(r"(?<=[.!?])\s+", caption)
    return [s for s in sentences if any(a.name in SENTENCE_TAGS for a in understand_text(s).asked)]


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector
