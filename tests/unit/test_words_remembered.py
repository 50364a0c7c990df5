"""RememberingEmbedder: the same words are embedded once."""

from encoders.embed import TextEmbedding
from services.retrieval.words import RememberingEmbedder
from tests.fakes import FakeEmbedder


class CountingEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def embed_text(self, text: str) -> TextEmbedding:
        self.asked.append(text)
        return super().embed_text(text)


def test_the_same_words_are_embedded_once() -> None:
    counting = CountingEmbedder()
    remembering = RememberingEmbedder(counting)
    first, second = remembering.embed_text("calm"), remembering.embed_text("calm")
    assert counting.asked == ["calm"]
    assert first is second


def test_the_words_used_longest_ago_are_forgotten_first() -> None:
    counting = CountingEmbedder()
    remembering = RememberingEmbedder(counting, num_remembered=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        remembering.embed_text(text)
    assert counting.asked == ["a", "b", "c", "b"]
