"""Which published checkpoints may be used, under which licence, and where they lie.

Loads no model.

    source = find_checkpoint("laion/clap-htsat-unfused")        # or a folder, or NAME@REVISION
    source.folder, source.licence, source.sha256

A name is that of a Hugging Face repository; a folder is a copy of one. Always refused: checkpoints
that are known to be broken, and pickles. Refused unless `allow_noncommercial`: checkpoints whose
licence forbids commercial use. Licences are SPDX ids; one that is neither known here nor stated in
the folder's README.md has to be stated by whoever uses it.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from encoders.datasets.rows import is_non_commercial
from encoders.errors import MissingCheckpoint, RefusedCheckpoint
from encoders.trunks.checkpoint import file_sha256

# What is broken by itself, by the end of its name; nothing allows it.
BROKEN = {
    "larger_clap_music": (
        "its published conversion is collapsed: any two texts have cosine .9993 and it retrieves "
        "at chance (embeddings-benchmark/mteb#5069); use laion/larger_clap_general or "
        "laion/clap-htsat-unfused"
    ),
    "msclap": (
        "its weights are published as pickles only and its vectors differ from call to call "
        "(microsoft/CLAP#24 and #42); the licence, MS-PL, is not the reason"
    ),
}
# What forbids commercial use, by a word of the name's last part, as the model cards state it.
NON_COMMERCIAL = {
    "muq": "CC-BY-NC-4.0",
    "mert": "CC-BY-NC-4.0",
    "ttmr": "CC-BY-NC-4.0",
    "essentia": "CC-BY-NC-SA-4.0",
    "metaclip": "CC-BY-NC-4.0",
    "dfn": "LicenseRef-Apple-AMLR-Research-Only",
    "mobileclip": "LicenseRef-Apple-AMLR-Research-Only",
}
# What model cards state of the ones that are recommended.
KNOWN = {
    "laion/clap-htsat-unfused": "Apache-2.0",
    "laion/clap-htsat-fused": "Apache-2.0",
    "laion/larger_clap_general": "Apache-2.0",
    "laion/larger_clap_music_and_speech": "Apache-2.0",
    "laion/CLIP-ViT-B-32-laion2B-s34B-b79K": "MIT",
    "laion/CLIP-ViT-L-14-laion2B-s32B-b82K": "MIT",
    "laion/CLIP-ViT-H-14-laion2B-s32B-b79K": "MIT",
}
SPDX = {  # ids of model cards -> SPDX
    "apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause", "cc0-1.0": "CC0-1.0",
    "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-4.0": "CC-BY-SA-4.0", "ms-pl": "MS-PL",
    "cc-by-nc-4.0": "CC-BY-NC-4.0", "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cc-by-nc-nd-4.0": "CC-BY-NC-ND-4.0", "apple-amlr": "LicenseRef-Apple-AMLR-Research-Only",
}  # fmt: skip
PATTERNS = ("*.json", "*.safetensors", "*.txt", "README.md", "*.model")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
HASHED = (".safetensors", ".json", ".txt", ".model")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Holds what somebody wants to use.

    Attributes:
        name: "owner/name", "owner/name@revision", or a folder.
        licence: SPDX id that the user states; counts where neither we nor the model card know it.
        allow_noncommercial: takes licences that forbid commercial use; spaces then say so.
    """

    name: str
    licence: str = ""
    allow_noncommercial: bool = False


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Holds a checkpoint that may be used and lies on this machine."""

    name: str
    folder: Path
    licence: str
    sha256: str  # over every file that decides its vectors


def find_checkpoint(wanted: Wanted) -> Checkpoint:
    """The checkpoint on this machine, fetched where it is not yet here.

    Raises:
        RefusedCheckpoint: broken, non-commercial and not allowed, without a licence, or pickles.
        MissingCheckpoint: no such folder, or it can be fetched neither from cache nor network.
    """
    _refuse_broken(wanted.name)
    known = _licence_of_name(wanted.name)
    _check_licence(wanted, known or wanted.licence)
    folder = _find_folder(wanted.name)
    licence = known or _licence_of_folder(folder) or wanted.licence
    if not licence:
        raise RefusedCheckpoint(
            f"{wanted.name}: its licence is not known here and its folder has no README.md that "
            "states one; read its model card and state the SPDX id beside the name"
        )
    _check_licence(wanted, licence)
    return Checkpoint(name=wanted.name, folder=folder, licence=licence, sha256=hash_folder(folder))


@cache
def hash_folder(folder: Path) -> str:
    """SHA-256 over the weights, settings and vocabularies of a folder.

    Raises:
        RefusedCheckpoint: its weights are pickles only.
        MissingCheckpoint: it has no weights.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in HASHED)
    if not any(path.suffix == ".safetensors" for path in files):
        pickles = [path.name for path in folder.iterdir() if path.suffix in PICKLES]
        if pickles:
            raise RefusedCheckpoint(
                f"{folder}: {', '.join(sorted(pickles))} can run code when opened; use a revision "
                "with safetensors (NAME@refs/pr/NUMBER) or convert it once"
            )
        raise MissingCheckpoint(f"{folder}: has no .safetensors file")
    lines = [f"{path.name} {file_sha256(path)}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _refuse_broken(name: str) -> None:
    last = _last_part(name)
    for ending, reason in BROKEN.items():
        if last == ending:
            raise RefusedCheckpoint(f"{name} is refused: {reason}")


def _check_licence(wanted: Wanted, licence: str) -> None:
    if is_non_commercial(licence) and not wanted.allow_noncommercial:
        raise RefusedCheckpoint(
            f"{wanted.name} is refused: its licence, {licence}, forbids commercial use; if yours "
            "is none, allow it with allow_noncommercial = true, and every space that it makes "
            "will say so in its name"
        )


def _licence_of_name(name: str) -> str:
    """The licence of a checkpoint that is known here, "" of any other."""
    for word, licence in NON_COMMERCIAL.items():
        if re.search(rf"(?:^|[._-]){word}(?:$|[._\-\d])", _last_part(name)):
            return licence
    return KNOWN.get(name.partition("@")[0], "")


def _last_part(name: str) -> str:
    return name.partition("@")[0].rstrip("/").rpartition("/")[2].lower()


def _find_folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder.resolve()
    repository, _, revision = name.partition("@")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise MissingCheckpoint(f"{name} is neither a folder nor a name like owner/model")
    return _fetch(repository, revision or None)


def _fetch(repository: str, revision: str | None) -> Path:
    """The snapshot of a repository, from the cache or the network."""
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(repository, revision=revision, allow_patterns=list(PATTERNS))
    except (OSError, ValueError, RuntimeError) as error:
        # Of the many kinds that the library raises, all of which mean the same to a user.
        raise MissingCheckpoint(
            f"{repository} is neither in the cache of Hugging Face on this machine nor can it be "
            f"fetched ({type(error).__name__}); on a machine with network run "
            f"`hf download {repository} --local-dir FOLDER` and give FOLDER instead of the name"
        ) from error
    return Path(found)


def _licence_of_folder(folder: Path) -> str:
    """SPDX id of the `license:` line in the front matter of README.md; "" without one."""
    path = folder / "README.md"
    if not path.is_file():
        return ""
    head = path.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0]
    found = re.search(r"^license:\s*['\"]?([\w.-]+)", head, re.MULTILINE)
    if not found:
        return ""
    written = found.group(1).lower()
    return SPDX.get(written, f"LicenseRef-{written}")
