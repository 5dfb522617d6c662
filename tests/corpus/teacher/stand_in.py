"""A stand-in for a speech engine: a buzz as long as its text. What a text says may go wrong does.

python stand_in.py TEXT OUTPUT [SEED]      text as an argument, sound into a file
python stand_in.py < text > sound.wav      text on stdin, sound to stdout
python stand_in.py --json-lines            a line for each text
"""

import json
import math
import os
import random
import struct
import sys
import time
import wave
from io import BytesIO

RATE = 8_000


def sound(text: str, seed: int = 0) -> bytes:
    if "crashes" in text:
        print("no such phoneme", file=sys.stderr)
        os._exit(3)
    if "hangs" in text:
        time.sleep(600)
    if "moody" in text and seed == 0:
        return b""
    seconds = 0.2 + 0.07 * sum(map(str.isalpha, text))
    if "babbles" in text and ("always" in text or seed < 1_000):
        seconds *= 3
    strength = 0.0 if "silent" in text else 0.3
    pulse = random.Random(text)
    pitch = pulse.uniform(100, 120)
    edge = RATE // 10
    values = [
        strength * math.sin(6.283 * pitch * n / RATE) * (0.5 + 0.5 * math.sin(20 * n / RATE))
        for n in range(int(seconds * RATE))
    ]
    values = [0.0] * edge + values + [0.0] * edge
    steady = strength and "overloads" not in text
    if "overloads" in text:
        values = [max(-0.9, min(0.9, 40 * value)) for value in values]
    noise = [pulse.gauss(0, 1e-4) for _ in range(1_000)]
    samples = [int(32_000 * (value + (noise[n % 1_000] if steady else 0))) for n, value in enumerate(values)]
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return out.getvalue()


def main() -> None:
    if os.environ.get("STAND_IN_LOG"):
        with open(os.environ["STAND_IN_LOG"], "a") as log:
            log.write(f"{os.getpid()} {sys.argv[1:]}\n")
    time.sleep(float(os.environ.get("STAND_IN_PAUSE", "0")))
    if sys.argv[1:2] == ["--json-lines"]:
        print("loading, please wait", flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            if "refused" in asked["text"]:
                print(json.dumps({"error": "I will not say that"}), flush=True)
                continue
            with open(asked["output"], "wb") as file:
                file.write(sound(asked["text"], asked["seed"]))
            print(json.dumps({"pid": os.getpid()}), flush=True)
    elif len(sys.argv) > 2:
        data = sound(sys.argv[1], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
        with open(sys.argv[2], "wb") as file:
            file.write(data)
    else:
        sys.stdout.buffer.write(sound(sys.stdin.read().rstrip("\n")))


if __name__ == "__main__":
    main()
