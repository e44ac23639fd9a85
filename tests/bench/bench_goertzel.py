"""Legs whose sound is searched for key tones in real time by one core.

Work is what a media host does each 20 ms for all its legs at once, A-law in, keys out; half of the
legs hear noise, half hear keys. The limit is the bare matrix product of the same windows with the
same frequencies: below it nothing is left but to search fewer of them.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core, as in a media worker

import time

import numpy as np

from gateway.media import goertzel
from gateway.media.goertzel import ToneReceiver
from tests.bench.bench import Row, benchmark, best_of
from tests.builders.tones import ALL_KEYS, alaw_of, dialled

LEGS = 300
FRAMES = 50
FRAME_S = 0.020
ROUNDS = 7


@benchmark("goertzel")
def tones_of_300_legs() -> Row:
    """Search one second of 300 legs."""
    rng = np.random.default_rng(1)
    pressed = alaw_of(dialled(ALL_KEYS[:6], 90, 80))[: 160 * FRAMES]
    noise = alaw_of(rng.normal(0, 2000, 160 * FRAMES))
    receiver = ToneReceiver()
    rows = [receiver.add() for _ in range(LEGS)]
    sounds = [pressed if row % 2 else noise for row in rows]
    frames = [[sound[at : at + 160] for sound in sounds] for at in range(0, 160 * FRAMES, 160)]
    told = 0

    def second() -> None:
        nonlocal told
        told = sum(len(receiver.hear(rows, heard)) for heard in frames)

    windows = rng.normal(0, 2000, (2 * LEGS, goertzel.WINDOW)).astype(np.float32)

    def bare_second() -> None:
        for _ in range(FRAMES):
            goertzel.BASIS @ windows.T

    ours_s = best_of(second, ROUNDS, clock=time.thread_time)
    bare_s = best_of(bare_second, ROUNDS, clock=time.thread_time)
    assert told == LEGS // 2 * 6, f"{told} keys were heard"
    seconds = FRAMES * FRAME_S
    legs, bare = LEGS * seconds / ours_s, LEGS * seconds / bare_s
    extras = {"core_percent_of_300_legs": round(100 * ours_s / seconds, 2), "keys": told}
    return Row("goertzel", legs, "legs/core", bare, legs / bare, extras)
