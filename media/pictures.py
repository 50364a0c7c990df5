"""Pictures of scores for people to look at; reads no file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.instruments import name_program
from media.midi import DRUMS, Score
