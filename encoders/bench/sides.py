"""The two sides of a question, words and clip, as rows of the space; measures nothing."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from encoders.bench.setting import Setting
from encoders.embed import make_unit
from encoders.towers.clip import name_rows, project_clip
from encoders.towers.clip_head import load_clip_head
from encoders.towers.fusion import load_fusion
from encoders.towers.text import load_text_head
from encoders.training.clips import ClipCache

FUSED = "words and clip"
EVEN = 0.5


def embed_views(files: Mapping[str, Path], setting: Setting) -> dict[str, np.ndarray]:
    """Unit vectors (256,) of clips by id, as `Embedder.embed_clip` gives them; views are kept."""
    cache, learned = ClipCache(setting.cache_folder), load_clip_head()
    names = name_rows(cache.trunk.class_vectors, load_text_head())
    views = cache.views(files, setting.progress)
    return {name: make_unit(project_clip(v, names, learned)) for name, v in views.items()}


def fused_rows(texts: np.ndarray, shown: np.ndarray, balance: float = EVEN) -> np.ndarray:
    """Unit vectors (Q, 256) of words joined with clips, row by row."""
    fusion = load_fusion()
    return make_unit(
        np.stack([fusion.join(t, s, balance) for t, s in zip(texts, shown, strict=True)])
    )
