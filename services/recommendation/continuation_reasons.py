"""Says why a track continues a playlist; states only what was checked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.catalogue.records import TrackRecord
from services.recommendation.hits import Candidate, Reason
from services.recommendation.order import key_distance, tempo_distance

# Half an octave of tempo is 1: 0.12 is about 4 %.
SAME_TEMPO = 0.12
# One step round the Camelot wheel.
NEIGHBOUR_KEY = 1.0 / 7 + 1e-9
TAG_FROM = 0.3
MAX_REASONS = 4


def explain_continuation(
    chosen: Sequence[Candidate], seed: Sequence[TrackRecord]
) -> list[Candidate]:
    """The same candidates with what they share with the seed and with the track before them."""
    before = seed[-1]
    explained = []
    for candidate in chosen:
        reasons = [*_seed_reasons(candidate.track, seed), *_step_reasons(before, candidate.track)]
        explained.append(replace(candidate, reasons=tuple(reasons)[:MAX_REASONS]))
        before = candidate.track
    return explained


def _seed_reasons(track: TrackRecord, seed: Sequence[TrackRecord]) -> Iterator[Reason]:
    tags = [tag for tag in track.tags if any(tag in other.tags for other in seed)]
    if tags:
        yield Reason(kind="tag", text=f"tagged “{tags[0]}”, as tracks of the list are")
    sounds = _shared_sound(track, seed)
    if sounds:
        yield Reason(kind="similar", text=f"sounds like the list: {sounds}")
    if not tags and not sounds:
        yield Reason(kind="similar", text="among the closest in sound to the list")


def _shared_sound(track: TrackRecord, seed: Sequence[TrackRecord]) -> str:
    """The tag most surely heard in the track that most of the seed shares, or ""."""
    if track.description is None:
        return ""
    heard = [s.description for s in seed if s.description is not None]
    common = {
        tag: probability
        for tag, probability in track.description.tags.items()
        if probability >= TAG_FROM
        and 2 * sum(h.tags.get(tag, 0.0) >= TAG_FROM for h in heard) > len(heard)
    }
    return max(common, key=lambda tag: (common[tag], tag)) if common else ""


def _step_reasons(before: TrackRecord, track: TrackRecord) -> Iterator[Reason]:
    one, other = before.description, track.description
    if one is None or other is None:
        return
    name = f"“{before.title or before.id}”"
    if other.tempo_bpm and tempo_distance(one.tempo_bpm, other.tempo_bpm) <= SAME_TEMPO:
        yield Reason(
            kind="tempo", text=f"{other.tempo_bpm:.0f} bpm, in step with {name} before it"
        )
    if one.key and other.key and key_distance(one.key, other.key) <= NEIGHBOUR_KEY:
        yield Reason(kind="key", text=f"{other.key} follows {name} ({one.key}) smoothly")
