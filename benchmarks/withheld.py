"""How emotion words are served that no list knows: lists without them, text head learned anew.

    python -m benchmarks.withheld --data ../shared/data --out /somewhere
    python -m benchmarks.withheld --data ../shared/data --out /somewhere --families

Every content word of `text/emotion_prompts.json` is taken out of all word lists, so neither the
parser, nor the phrases that unknown words borrow from, nor the frames and captions that the text
head learns from are understood by it; tags of the trunk whose name holds such a word are taken
out of the likeness to tag names. The sentences of the captions stay as they are. With
`--families` every list phrase that shares its first five letters with such a word goes too
("joyful" takes "joyfully", "joyous" and "joy" with it). The heads written are an experiment and
ship nowhere.
"""

import argparse
import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.head_embedder import HeadEmbedder
from encoders.bench.baselines import random_scorer, tag_name_scorer, vector_scorer
from encoders.bench.emotify import Measure, emotion_measures, read_truth
from encoders.bench.setting import Setting
from encoders.bench.tracks import embed_tracks
from encoders.lexicon.language import is_content
from encoders.lexicon.vocabulary import load_vocabulary, without_words
from encoders.metrics import bootstrap_interval
from encoders.towers.audio import load_audio_head
from encoders.towers.text import TextHead, load_text_head
from encoders.training.cache import default_cache_folder
from encoders.training.heads import NUM_AXES
from encoders.training.manifests import read_tracks
from encoders.training.presets import PRESETS
from encoders.training.run import train
from encoders.training.sentences import SentenceCache
from encoders.trunks.musicnn import TAGS

MEASURED = ("Spearman, mean of five", "genre accuracy", "nDCG@10 emotion")
STEM = 5  # letters that make a family


def main() -> None:
    """Train without the words, measure, print one line a value."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where the heads are written")
    parser.add_argument("--families", action="store_true")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="small")
    asked = parser.parse_args()
    words = prompt_words(asked.data)
    if asked.families:
        words |= relatives(words)
    before = len(load_vocabulary().phrases)
    with without_words(words):
        left = len(load_vocabulary().phrases)
        print(f"{len(words)} words withheld: {left} of {before} phrases left", flush=True)
        train(PRESETS[asked.preset](), asked.data, asked.out)
        _report(asked.data, asked.out, words)


def prompt_words(data_dir: Path) -> set[str]:
    """Content words of the prompts, the genres' and the opposites' too."""
    prompts = json.loads((data_dir / "text" / "emotion_prompts.json").read_text(encoding="utf-8"))
    groups = [*prompts["emotions"].values(), *prompts["genres"].values(), *prompts["antonyms"]]
    found = {w for texts in groups for t in texts for w in re.findall(r"[a-z]+", t.lower())}
    return {word for word in found if is_content(word)}


def relatives(words: set[str]) -> set[str]:
    """Words of the lists that begin like one of these."""
    stems = {word[:STEM] for word in words}
    listed = {word for phrase in load_vocabulary().phrases for word in phrase.split()}
    return {word for word in listed if word[:STEM] in stems}


def without_names(head: TextHead, words: set[str]) -> TextHead:
    """The head without likeness to names of tags that hold one of the words."""
    names = head.names.copy()
    for i, tag in enumerate(TAGS):
        if words & set(re.findall(r"[a-z]+", tag.lower())):
            names[:, NUM_AXES + i] = 0.0
    return replace(head, names=names)


def _report(data_dir: Path, out_dir: Path, words: set[str]) -> None:
    sentences = SentenceCache(default_cache_folder())
    head = without_names(load_text_head(out_dir / "text"), words)
    setting = Setting(
        embedder=HeadEmbedder(head=head, sentences=sentences),
        data_dir=data_dir,
        audio_head=load_audio_head(out_dir / "audio"),
    )
    vectors = embed_tracks(read_tracks(data_dir, "emotify"), setting)
    truth = read_truth(data_dir)
    scorers = {
        "words withheld": vector_scorer(setting.embedder, vectors.tracks),
        "tag-name cosine": tag_name_scorer(vectors.tags, sentences.vectors),
        "random features": random_scorer(len(vectors.ids)),
    }
    for method, score in scorers.items():
        scores = dict(zip(truth.texts, score(truth.texts), strict=True))
        for subset, members in truth.subsets().items():
            artists = [truth.artists[i] for i in members]
            for measure in emotion_measures(scores, truth):
                if measure.name in MEASURED:
                    found = bootstrap_interval(artists, partial(_of, measure, members))
                    print(
                        f"{method:16} {measure.name:24} {subset:5} N {len(members):3} "
                        f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]",
                        flush=True,
                    )


def _of(measure: Measure, members: np.ndarray, rows: np.ndarray) -> float:
    return measure.of(members[rows])


if __name__ == "__main__":
    main()
