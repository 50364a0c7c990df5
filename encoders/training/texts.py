"""What the text tower reads while it learns: captions, aspects, and phrases of the word lists.

Hears nothing.

    examples = training_texts(data_dir, seed=0)
    examples[0].text, examples[0].concepts        # (55,) what it should say, see recipe.py

A caption's concepts are those of the whole row that it belongs to, so the network learns from
musicians which words stand for which sound: what the lists know of "soft piano, lullaby" teaches
"cradle". Nothing of the evaluation's prompts and wishes is read here.
"""

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


@dataclass(frozen=True, kw_only=True, eq=False)
class TextExample:
    """Holds a text, what was understood of it, and the concepts that it should say."""

    text: str
    understanding: Understanding
    concepts: np.ndarray  # (55,)


def training_texts(data_dir: Path, *, seed: int) -> list[TextExample]:
    """Every example, in an order that depends on the seed alone."""
    rng = np.random.default_rng(seed)
    examples = [*_caption_examples(training_captions(data_dir), rng), *_list_examples(rng)]
    return [e for e in examples if e.concepts.any() and not e.understanding.denied]


def concepts_of(text: str) -> np.ndarray:
    """(55,) concepts of a text by the word lists alone."""
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
