"""Turns a ranking of track keys into candidates with their records and vectors."""

from services.recommendation.hits import Candidate, Ranking
from services.recommendation.ports import TrackSnapshot


def candidates_of(ranking: Ranking, snapshot: TrackSnapshot) -> list[Candidate]:
    """The tracks of a ranking, in its order; those removed since the snapshot are left out."""
    records = snapshot.records(ranking.keys)
    vectors = snapshot.vectors(ranking.keys)
    arrays = (ranking.keys, ranking.scores, ranking.relevances, ranking.starts_s)
    columns = [array.tolist() for array in arrays]
    return [
        Candidate(
            track=records[key],
            relevance=relevance,
            score=score,
            start_s=start_s,
            vector=vectors.get(key),
        )
        for key, score, relevance, start_s in zip(*columns, strict=True)
        if key in records
    ]
