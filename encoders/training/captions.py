"""Captions from tags: a template, or a language model that is shown how; loads no model.

    template_caption({"mood": ["calm"], "instrument": ["piano", "strings"]})
    # "calm music with piano and strings"
    writer = CaptionWriter(complete)          # complete: a prompt -> what the model says next
    written = writer.write(tags)              # Caption(text=..., source="model")
    written.rejected                          # why earlier answers were not taken
    rows = caption_rows(rows, writer)         # rows that have tags and no text

Analogy prompts (McKee et al., Language-Guided Music Recommendation for Video via Prompt Analogies,
CVPR 2023): pairs of tags and captions, then the new tags with the caption left open. The examples
are ours. `complete` is any local language model, or none: the template needs no model, and an
answer that says more than the tags is not taken.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from encoders.datasets.rows import Row

Tags = Mapping[str, Sequence[str]]  # kind -> names: "genre", "mood", "instrument", "tempo" ...
Complete = Callable[[str], str]

MIN_WORDS, MAX_WORDS = 3, 40
ATTEMPTS = 3
MIN_KEPT = 0.5  # share of the tags that a caption must speak of
KINDS = {  # kinds of tags as datasets spell them -> their place in a sentence
    "mood": "mood", "moods": "mood", "mood/theme": "mood", "emotion": "mood", "theme": "mood",
    "genre": "genre", "genres": "genre", "style": "genre",
    "instrument": "instrument", "instruments": "instrument",
    "vocals": "vocals", "tempo": "tempo", "key": "key",
}  # fmt: skip
# Each is written for this file: tags as a line, and the sentence that they make.
EXAMPLES: tuple[tuple[dict[str, tuple[str, ...]], str], ...] = (
    (
        {"mood": ("sad", "slow"), "genre": ("classical",), "instrument": ("cello", "piano")},
        "A slow, sad classical piece in which a cello leads over a piano.",
    ),
    (
        {"mood": ("energetic", "happy"), "genre": ("ska",), "instrument": ("brass", "drums")},
        "Happy, energetic ska, driven by drums and short bursts of brass.",
    ),
    (
        {"mood": ("dark", "tense"), "genre": ("ambient",), "instrument": ("synthesizer",)},
        "Dark ambient music: a synthesizer holds tense, low tones.",
    ),
    (
        {"genre": ("folk",), "instrument": ("acoustic guitar", "flute"), "vocals": ("female",)},
        "A folk song for female voice with acoustic guitar and flute.",
    ),
)  # fmt: skip
GENERIC = ("music", "song", "songs", "piece", "track", "tune")  # say nothing that a tag could
INSTRUCTION = (
    "Each line of tags is followed by one English sentence that describes the same music and "
    "names nothing that is not among the tags."
)


@dataclass(frozen=True, kw_only=True)
class Caption:
    """Holds a caption and where it is from.

    Attributes:
        text: one sentence.
        source: "model" or "template".
        rejected: why answers of the model were not taken, in their order.
    """

    text: str
    source: str
    rejected: tuple[str, ...] = ()


class CaptionWriter:
    """Writes captions with a language model, and with the template where that fails."""

    def __init__(self, complete: Complete | None = None, *, attempts: int = ATTEMPTS) -> None:
        self._complete = complete
        self._attempts = attempts

    def write(self, tags: Tags) -> Caption:
        """A caption that speaks of these tags and of nothing else that can be checked.

        Raises:
            ValueError: there is no tag.
        """
        plain = template_caption(tags)
        if self._complete is None:
            return Caption(text=plain, source="template")
        rejected: list[str] = []
        for attempt in range(self._attempts):
            answer = self._complete(build_prompt(tags, first=attempt))
            try:
                text = parse_caption(answer, tags)
            except ValueError as error:
                rejected.append(str(error))
                continue
            return Caption(text=text, source="model", rejected=tuple(rejected))
        return Caption(text=plain, source="template", rejected=tuple(rejected))


def caption_rows(rows: Iterable[Row], writer: CaptionWriter) -> Iterator[Row]:
    """The rows; one that has tags and no text gets a caption of them."""
    for row in rows:
        tags = {} if row.texts else tags_of(row)
        named = any(_by_kind(tags).values())
        yield replace(row, texts=(writer.write(tags).text,)) if named else row


def tags_of(row: Row) -> dict[str, list[str]]:
    """The tags among a row's labels: by kind, or a plain list, whose kind is unknown."""
    written = row.labels.get("tags")
    if isinstance(written, list):
        written = {"mood": written}  # stands before the noun, where any word reads well
    if not isinstance(written, Mapping):
        return {}
    return {
        str(kind): [str(name) for name in names]
        for kind, names in written.items()
        if isinstance(names, list)
    }


def template_caption(tags: Tags) -> str:
    """A plain phrase of the tags: "calm folk music with flute and harp, female vocals, slow".

    Raises:
        ValueError: there is no tag.
    """
    named = _by_kind(tags)
    if not any(named.values()):
        raise ValueError("no tag to write a caption of")
    adjectives = ", ".join(named["mood"])
    head = " ".join(part for part in (adjectives, " ".join(named["genre"]), "music") if part)
    instruments = _listed(named["instrument"])
    parts = [f"{head} with {instruments}" if instruments else head]
    parts += [f"{voice} vocals" for voice in named["vocals"]]
    parts += [*named["tempo"], *(f"in {key}" for key in named["key"])]
    return ", ".join(parts)


def build_prompt(tags: Tags, *, first: int = 0) -> str:
    """The analogy prompt: instruction, examples, and the new tags with an open caption.

    Args:
        tags: of the music to be described.
        first: which example comes first; another order is another prompt for a retry.
    """
    order = [EXAMPLES[(first + i) % len(EXAMPLES)] for i in range(len(EXAMPLES))]
    shown = [f"Tags: {_line(example)}\nCaption: {caption}" for example, caption in order]
    return "\n\n".join([INSTRUCTION, *shown, f"Tags: {_line(tags)}\nCaption:"])


def parse_caption(answer: str, tags: Tags) -> str:
    """The caption in a model's answer.

    Raises:
        ValueError: it is empty, too long, not a sentence, speaks of too few of the tags, names
            instruments, genres, voices or moods that are not among them, or repeats an example;
            the message says which.
    """
    text = _first_line(answer)
    words = text.split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        raise ValueError(
            f"{len(words)} words, {MIN_WORDS} to {MAX_WORDS} are taken: {text[:60]!r}"
        )
    if re.search(r"https?://|[<>{}\[\]|]|tags:|caption:", text, re.IGNORECASE):
        raise ValueError(f"is not a plain sentence: {text[:60]!r}")
    if any(_same(text, caption) for _, caption in EXAMPLES):
        raise ValueError(f"repeats an example: {text[:60]!r}")
    names = [name for group in _by_kind(tags).values() for name in group]
    kept = [name for name in names if _mentions(text, name)]
    if len(kept) < MIN_KEPT * len(names):
        raise ValueError(f"speaks of {len(kept)} of {len(names)} tags: {text[:60]!r}")
    said = _named_things(", ".join(names)) | _named_things(template_caption(tags))
    spoken = {*GENERIC, *(word for name in names for word in name.split())}
    new = _named_things(text) - said
    invented = sorted(thing for thing in new if not {*thing.split()[1:]} <= spoken)
    if invented:
        raise ValueError(f"names what no tag says ({', '.join(invented)}): {text[:60]!r}")
    return text


def _by_kind(tags: Tags) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {kind: [] for kind in dict.fromkeys(KINDS.values())}
    for kind, names in tags.items():
        place = KINDS.get(kind.lower(), "mood")
        named[place] += [clean for name in names if (clean := _clean(name))]
    return named


def _clean(name: str) -> str:
    """A tag as plain words on one line, so that it can neither break the prompt nor steer it."""
    return " ".join(re.sub(r"[^\w\s'&/+-]", " ", name.replace("_", " ")).split())[:60].lower()


def _line(tags: Tags) -> str:
    groups = [(kind, names) for kind, names in _by_kind(tags).items() if names]
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in groups)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _first_line(answer: str) -> str:
    lines = [line.strip() for line in answer.strip().splitlines() if line.strip()]
    line = lines[0] if lines else ""
    line = re.sub(r"^caption:\s*", "", line, flags=re.IGNORECASE)
    return line.strip().strip("\"'\u201c\u201d").strip()


def _same(one: str, other: str) -> bool:
    return re.sub(r"\W+", " ", one.lower()).strip() == re.sub(r"\W+", " ", other.lower()).strip()


def _mentions(text: str, name: str) -> bool:
    """Whether the words of a tag are in the text, each with any ending of two letters."""
    heads = [re.escape(word[: max(3, len(word) - 2)]) for word in name.split()]
    return all(re.search(rf"\b{head}", text, re.IGNORECASE) for head in heads)


@cache
def _named_things(text: str) -> frozenset[str]:
    """What our word lists find in a text: instruments, genres, moods, voices."""
    from encoders.understanding import understand_text

    kinds = ("instrument", "genre", "mood", "vocals")
    asked = understand_text(text).asked
    return frozenset(f"{a.name} {a.value}" for a in asked if a.name in kinds)
