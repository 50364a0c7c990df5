"""How long an import will take is said from the pace of its tracks."""

from services.cli.importing import _Pace


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_first_tracks_do_not_count_for_they_wait_for_the_models() -> None:
    clock = Clock()
    pace = _Pace(clock)
    clock.now_s = 60.0
    assert pace.left_s(1, 100) is None
    clock.now_s = 63.0
    assert pace.left_s(4, 100) == 96.0
    assert pace.elapsed_s == 63.0


def test_nobody_can_say_before_a_track_is_done() -> None:
    clock = Clock()
    pace = _Pace(clock)
    clock.now_s = 5.0
    assert pace.left_s(0, 100) is None
