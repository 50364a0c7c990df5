"""Learns what clips call for and how words and clips are joined; needs finished heads.

    train_seen(data_dir, out_dir)       # writes out_dir/clip and out_dir/fusion with their cards

The clip head learns from the places of two games whose tracks are in the scenes' training split:
what the picture trunk sees there, against the affect axes of the music that the makers chose.

The fusion has one number, the gain of a picture at even balance. It is chosen on captions of
MusicCaps of which only some aspects are said, beside clips that agree with the whole caption's
affect by a stated correlation: the gain whose three best training sounds fit the whole caption
best. Words alone and clips alone stay what they are, so one model answers all three.

    python -m encoders.training.fusion DATA OUT
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoders.embed import make_unit
from encoders.towers.audio import NUM_AXES, AudioHead, load_audio_head
from encoders.towers.clip import ClipView, name_rows, project_clip
from encoders.towers.clip_head import KINDS, load_clip_head
from encoders.towers.fusion import Fusion
from encoders.towers.text import TextHead, load_text_head
from encoders.training.batches import CAPTIONS_LICENCE
from encoders.training.cache import FeatureCache, default_cache_folder
from encoders.training.clips import (
    ClipCache,
    Scene,
    fit_ridge,
    read_scenes,
    strongest_directions,
    weights_of,
)
from encoders.training.manifests import Track, read_tracks, training_captions, training_tracks
from encoders.training.sentences import SentenceCache
from encoders.training.texts import concepts_of
from encoders.trunks.checkpoint import WEIGHTS, write_folder
from encoders.understanding import understand_text

GAINS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
AGREEMENT = 0.4  # correlation of a clip's affect with its music's, assumed; see the card
ASPECT_DROPOUT = 0.65  # of each aspect of a caption
NUM_CAPTIONS = 1_200
RIDGE = 0.3
BEST = 3
COMMAND = "python -m encoders.training.fusion DATA encoders/weights/heads"
ORIGIN = "trained by this repository; figures: python -m benchmarks.head_cards --data DATA"
LICENCE = "Apache-2.0"


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Holds half-said captions, clips beside them, and how well each sound fits the whole."""

    texts: np.ndarray  # (E, 256) unit length
    shown: np.ndarray  # (E, 256) unit length
    fit: np.ndarray  # (E, S) standardised over sounds


def train_seen(data_dir: Path, out_dir: Path, cache_dir: Path | None = None) -> Path:
    """Fit both from the heads in `out_dir`, or the shipped ones, and write them beside those.

    Raises:
        FileNotFoundError: the data folder lacks a manifest.
    """
    folder = cache_dir or default_cache_folder()
    heads = out_dir if (out_dir / "audio").exists() else WEIGHTS / "heads"
    audio, text = load_audio_head(heads / "audio"), load_text_head(heads / "text")
    scenes = [s for s in read_scenes(data_dir) if s.split == "train"]
    cache = ClipCache(folder)
    views = cache.views({s.id: s.file for s in scenes})
    scenes = [s for s in scenes if s.id in views]
    tracks = {t.id: t for t in read_tracks(data_dir, "audio")}
    chosen = sorted({s.track for s in scenes})
    sounds = _standard([tracks[name] for name in chosen], audio, folder)
    axes_of = dict(zip(chosen, sounds @ audio.matrix[:, :NUM_AXES], strict=True))
    fit_clip_head(scenes, views, axes_of, out_dir / "clip")
    learned = load_clip_head(out_dir / "clip")
    names = name_rows(cache.trunk.class_vectors, text)
    rows = np.stack([project_clip(views[s.id], names, learned) for s in scenes])
    recordings = [t for t in training_tracks(data_dir) if not t.is_score]
    fusion = _fit_fusion(data_dir, folder, audio=audio, text=text, clips=rows, tracks=recordings)
    licences = {s.licence for s in scenes} | {t.licence for t in recordings}
    _save_fusion(fusion, licences, out_dir / "fusion")
    return out_dir


def fit_clip_head(
    scenes: Sequence[Scene],
    views: dict[str, ClipView],
    axes_of: dict[str, np.ndarray],
    folder: Path,
) -> None:
    """Fit the maps of all kinds of what is seen, and write them with a card.

    Args:
        scenes: the places to learn from.
        views: what is seen of each, by id.
        axes_of: affect axes (5,) of each track.
        folder: where the head goes.
    """
    tracks = sorted({s.track for s in scenes})
    music = np.stack([axes_of[t] for t in tracks])
    music = (music - music.mean(axis=0)) / music.std(axis=0)
    owners = np.array([tracks.index(s.track) for s in scenes])
    maps, total = {}, np.zeros((len(scenes), NUM_AXES))
    for kind in KINDS:
        seen = np.stack([getattr(views[s.id], kind) for s in scenes])
        maps[kind], said = _fit_map(seen, music, owners)
        total += said
    length = float(np.linalg.norm(total, axis=1).mean())
    tensors = {
        f"{kind}.{name}": array.astype(np.float32 if name == "mean" else np.float16)
        for kind, parts in maps.items()
        for name, array in {**parts, "matrix": parts["matrix"] / length}.items()
    }
    write_folder(folder, tensors, {}, _clip_card(scenes, tracks))


def choose_gain(
    examples: Examples, sounds: np.ndarray, fusion: Fusion
) -> tuple[float, list[float]]:
    """The gain whose three best sounds fit best, and how well each of GAINS does."""
    scales = np.array([fusion.usual / fusion.spread(row) for row in examples.shown])[:, None]
    fits = [
        best_fit(examples.texts + gain * scales * examples.shown, sounds, examples.fit)
        for gain in GAINS
    ]
    return GAINS[int(np.argmax(fits))], fits


def best_fit(questions: np.ndarray, sounds: np.ndarray, fit: np.ndarray) -> float:
    """Mean fit of the three best sounds (S, 256) of questions (E, 256)."""
    best = np.argsort(-(questions @ sounds.T), axis=1, kind="stable")[:, :BEST]
    return float(np.take_along_axis(fit, best, axis=1).mean())


def _fit_map(
    seen: np.ndarray, music: np.ndarray, owners: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    directions = strongest_directions(seen)
    lengths = np.linalg.norm(directions.basis, axis=0)
    codes = directions.codes(seen)
    ridge = fit_ridge(codes, music[owners], weights_of(owners), RIDGE)
    basis = directions.basis / lengths
    # What the weighted mean clip calls for is nothing: its codes move the mean of what is seen.
    mean = directions.mean + basis @ (ridge.mean / lengths)
    parts = {"mean": mean, "basis": basis, "matrix": ridge.matrix * lengths[:, None]}
    return parts, ridge.predict(codes)


def _fit_fusion(
    data_dir: Path,
    folder: Path,
    *,
    audio: AudioHead,
    text: TextHead,
    clips: np.ndarray,
    tracks: Sequence[Track],
) -> tuple[Fusion, list[float]]:
    features = list(FeatureCache(folder).features(tracks).values())
    sounds = make_unit(
        np.concatenate(
            [
                audio.project(*(a.mean(axis=0)[None] for a in (f.pools, f.tag_logits, f.signal)))
                for f in features
            ]
        )
    )
    examples = _gather_examples(data_dir, folder, text=text, clips=clips, sounds=sounds)
    fusion = Fusion(covariance=np.cov(sounds.T), usual=1.0, gain=0.0)
    usual = float(np.mean([fusion.spread(row) for row in examples.texts]))
    fusion = Fusion(covariance=fusion.covariance, usual=usual, gain=0.0)
    gain, fits = choose_gain(examples, sounds, fusion)
    fits.append(best_fit(examples.texts, sounds, examples.fit))
    fits.append(best_fit(examples.texts + examples.shown, sounds, examples.fit))
    return Fusion(covariance=fusion.covariance, usual=usual, gain=gain), fits


def _gather_examples(
    data_dir: Path, folder: Path, *, text: TextHead, clips: np.ndarray, sounds: np.ndarray
) -> Examples:
    """Half-said captions beside clips of stated agreement, and the teacher's grades."""
    rng = np.random.default_rng(0)
    captions = training_captions(data_dir)
    said, wanted = [], []
    for i in rng.permutation(len(captions))[:NUM_CAPTIONS]:
        caption = captions[int(i)]
        whole = concepts_of(", ".join(caption.aspects)) + concepts_of(caption.caption)
        if not whole[:NUM_AXES].any():
            continue
        kept = [a for a in caption.aspects if rng.random() >= ASPECT_DROPOUT]
        said.append(", ".join(kept or [str(rng.choice(list(caption.aspects)))]))
        wanted.append(whole / np.linalg.norm(whole))
    concepts = np.array(wanted)
    rows = text.project_all([understand_text(t) for t in said], SentenceCache(folder).vectors)
    rows = np.where(np.linalg.norm(rows, axis=1, keepdims=True) > 0, rows, np.eye(1, 256, 254))
    grades = concepts @ _spread_evenly(sounds[:, : concepts.shape[1]]).T
    return Examples(
        texts=make_unit(rows),
        shown=make_unit(_agreeing_clips(clips, concepts[:, :NUM_AXES], rng)),
        fit=_spread_evenly(grades.T).T,
    )


def _agreeing_clips(
    clips: np.ndarray, affects: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Clips drawn at random whose axes are mixed with the caption's to the stated correlation."""
    drawn = clips[rng.integers(0, len(clips), len(affects))].copy()
    mean, spread = clips[:, :NUM_AXES].mean(axis=0), clips[:, :NUM_AXES].std(axis=0)
    own = (drawn[:, :NUM_AXES] - mean) / spread
    mixed = AGREEMENT * affects / affects.std(axis=0) + np.sqrt(1 - AGREEMENT**2) * own
    drawn[:, :NUM_AXES] = mean + spread * mixed
    return drawn


def _spread_evenly(rows: np.ndarray) -> np.ndarray:
    return np.asarray((rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-6))


def _standard(tracks: Sequence[Track], audio: AudioHead, folder: Path) -> np.ndarray:
    features = FeatureCache(folder).features(tracks)
    parts = [
        [a.mean(axis=0) for a in (f.tag_logits, f.signal, f.pools)] for f in features.values()
    ]
    return audio.standardise(np.stack([np.concatenate(p) for p in parts]))


def _clip_card(scenes: Sequence[Scene], tracks: Sequence[str]) -> dict[str, object]:
    return {
        "name": "clip head of the small profile",
        "licence": LICENCE,
        "trained_on": {
            "clips": f"{len(scenes)} places of two free games, training split of scenes.jsonl",
            "licences": sorted({s.licence for s in scenes}),
            "authors": sorted({s.author for s in scenes}),
            "tracks": list(tracks),
            "ridge": RIDGE,
        },
        "origin": ORIGIN,
        "command": COMMAND,
        "seeds": [],
        "minutes": 3,
        "known_failures": [
            "says little about camera pictures, which lie outside what it has learned",
            "knows two games, so it knows their makers' taste",
        ],
    }


def _save_fusion(
    fitted: tuple[Fusion, list[float]], licences: Iterable[str], folder: Path
) -> None:
    fusion, fits = fitted
    tensors: dict[str, np.ndarray] = {
        "covariance": fusion.covariance.astype(np.float16),
        "usual": np.array([fusion.usual], dtype=np.float32),
        "gain": np.array([fusion.gain], dtype=np.float32),
    }
    names = [*(f"gain {gain}" for gain in GAINS), "words alone", "plain mean"]
    card: dict[str, object] = {
        "name": "fusion of words and clip, small profile",
        "licence": LICENCE,
        "trained_on": {
            "captions": "MusicCaps (Google), rows with is_audioset_eval False, half said",
            "sounds": "the recordings of SOURCES.tsv",
            "clips": "training split of scenes.jsonl, mixed with the captions' affect",
            "licences": sorted({*licences, CAPTIONS_LICENCE}),
            "agreement": AGREEMENT,
            "fit of the three best sounds": {
                n: round(f, 3) for n, f in zip(names, fits, strict=True)
            },
        },
        "origin": ORIGIN,
        "command": COMMAND,
        "seeds": [0],
        "minutes": 1,
        "known_failures": ["how far pictures and music agree in affect is assumed, not measured"],
    }
    write_folder(folder, tensors, {}, card)


if __name__ == "__main__":
    train_seen(Path(sys.argv[1]), Path(sys.argv[2]))
