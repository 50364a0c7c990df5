"""How much one file may ask for; knows no format."""

import dataclasses
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one file and on the child that reads it; refuses bounds that are not positive.

    Attributes:
        max_bytes: size of a file on disk.
        min_sound_s: shortest sound that is read, in seconds.
        max_sound_s: longest sound, in seconds.
        max_clip_s: longest clip, in seconds.
        max_frame_pixels: width times height of a stored frame.
        min_frame_side: shorter side of a stored frame, in pixels.
        max_frames: sampled frames that are kept; longer clips are sampled less often.
        max_stored_frames: frames that a clip may hold.
        max_midi_bytes: size of a MIDI file.
        max_midi_events: events in a MIDI file.
        max_midi_s: length of a score, in seconds.
        max_render_s: length of a score that is rendered, its last event included, in seconds.
        max_memory_bytes: address space of a child.
        cpu_s: processor time for one file, in seconds.
        wall_s: time from question to answer for one file, in seconds.
    """

    max_bytes: int = 2048 * MIB
    min_sound_s: float = 0.1
    max_sound_s: float = 3600.0
    max_clip_s: float = 900.0
    max_frame_pixels: int = 4096 * 2304
    min_frame_side: int = 16
    max_frames: int = 480
    max_stored_frames: int = 60_000
    max_midi_bytes: int = 4 * MIB
    max_midi_events: int = 200_000
    max_midi_s: float = 3600.0
    max_render_s: float = 1500.0
    max_memory_bytes: int = 2048 * MIB
    cpu_s: float = 240.0
    wall_s: float = 300.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise ValueError(f"{field.name} is {value}; it must be a positive number")
        if self.min_sound_s >= self.max_sound_s:
            raise ValueError(f"min_sound_s {self.min_sound_s} must be below max_sound_s")
        if self.max_memory_bytes < 256 * MIB:
            raise ValueError(
                "max_memory_bytes must be at least 256 MiB: a child needs that to start"
            )
