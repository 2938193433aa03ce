"""What real models are for: a cat, a line of text, a wake word, speech and silence. Every product is made by us."""

from __future__ import annotations

import functools
import json
import wave

import numpy as np
import onnx
import real_models
import stepwell

SAMPLES = real_models.SHARED / "samples"
LINE = "Deep learning compilers 2026"


@functools.cache
def program(name: str) -> stepwell.Program:
    return stepwell.compile(real_models.fetch(name))


def run(name: str, *inputs: np.ndarray) -> list[np.ndarray]:
    """A model's outputs for its inputs, both in order."""
    model = program(name)
    return list(model.run(dict(zip((spec.name for spec in model.inputs), inputs, strict=True))).values())


def test_the_cat_is_an_egyptian_mau() -> None:
    feeds, _ = real_models.recorded("mobilenet_v2_imagenet")
    names = json.loads((SAMPLES / "imagenet1k_clean_names.json").read_text())
    (logits,) = run("mobilenet_v2_imagenet", feeds["input"][:1])
    assert names[int(logits.argmax())] == "Egyptian Mau"


# a line of text: found on a page, turned upright, read


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """An image [height, width, channels] at another size, by interpolation between the centres of pixels."""
    for axis, size in enumerate((height, width)):
        before = image.shape[axis]
        place = np.clip((np.arange(size) + 0.5) * before / size - 0.5, 0, before - 1)
        low = np.floor(place).astype(int)
        part = np.expand_dims(place - low, [other for other in range(3) if other != axis])
        image = image.take(low, axis) * (1 - part) + image.take(np.minimum(low + 1, before - 1), axis) * part
    return image


def channels_first(image: np.ndarray, mean: object = 0.5, deviation: object = 0.5) -> np.ndarray:
    """[1, channels, height, width] of float32, from bytes."""
    normal = (image / 255 - np.asarray(mean)) / np.asarray(deviation)
    return normal.transpose(2, 0, 1)[None].astype(np.float32)


def page_with_a_line() -> np.ndarray:
    """A white page, upside down, with a line that a person could read: bytes [height, width, 3]."""
    feeds, _ = real_models.recorded("ppocrv4_rec")
    line = np.rint((feeds["x"][0].transpose(1, 2, 0) * 0.5 + 0.5) * 255)
    page = np.full((224, 736, 3), 255.0)
    page[90 : 90 + line.shape[0], 100 : 100 + line.shape[1]] = line
    return page[::-1, ::-1]


def text_box(page: np.ndarray) -> tuple[slice, ...]:
    """Rows and columns of the text on a page. The model marks its core, from which 1.6 * area / circumference are
    missing on each side (Liao et al. 2020, Real-time Scene Text Detection with Differentiable Binarization)."""
    (chances,) = run("ppocrv4_det", channels_first(page, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    places = np.nonzero(chances[0, 0] > 0.3)
    height, width = (int(np.ptp(place)) + 1 for place in places)
    more = round(1.6 * height * width / (2 * (height + width)))
    return tuple(slice(max(place.min() - more, 0), place.max() + more + 1) for place in places)


def upright(line: np.ndarray) -> np.ndarray:
    """The line, turned around where the model sees it upside down."""
    start = resized(line, 48, round(48 * line.shape[1] / line.shape[0]))[:, :192]
    ((as_it_is, turned),) = run("ppocr_v2_cls", channels_first(start))[0]
    return line[::-1, ::-1] if turned > as_it_is else line


def read(line: np.ndarray) -> str:
    """The text of a line: for each step the likeliest character, of equals that follow each other the first, without
    blanks (Graves et al. 2006, Connectionist Temporal Classification)."""
    meta = {entry.key: entry.value for entry in onnx.load(real_models.fetch("ppocrv4_rec")).metadata_props}
    characters = ["", *meta["character"].split("\n"), " "]
    (chances,) = run("ppocrv4_rec", channels_first(resized(line, 48, round(48 * line.shape[1] / line.shape[0]))))
    steps = chances[0].argmax(axis=1)
    return "".join(characters[step] for step, last in zip(steps, [0, *steps[:-1]], strict=True) if step != last)


def test_a_line_is_found_turned_and_read() -> None:
    page = page_with_a_line()
    line = page[text_box(page)]
    assert 30 < line.shape[0] < 80 and 480 < line.shape[1] < 620
    assert read(upright(line)) == LINE


# sound


def sound(name: str) -> np.ndarray:
    """The numbers of a file of 16,000 a second, from -32768 to 32767."""
    with wave.open(str(SAMPLES / name)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16000, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32)


def chance_of_hey_jarvis(heard: np.ndarray) -> float:
    """The last second or so of two seconds of sound: frames of it, windows of 76 frames, 16 windows."""
    (frames,) = run("oww_melspectrogram", heard[None])
    frames = frames[0, 0] / 10 + 2  # as the models behind it were trained
    windows = np.stack([frames[start : start + 76] for start in range(0, len(frames) - 75, 8)])
    (features,) = run("oww_embedding", windows[..., None])
    (chance,) = run("oww_hey_jarvis", features[-16:, 0, 0][None])
    return float(chance.item())


def test_hey_jarvis_wakes_and_noise_does_not() -> None:
    said = np.pad(sound("heyjarvis_16k.wav"), (16000, 4000))
    assert chance_of_hey_jarvis(said) > 0.9
    assert chance_of_hey_jarvis(np.random.default_rng(0).normal(0, 500, len(said)).astype(np.float32)) < 0.1


def chances_of_speech(heard: np.ndarray) -> np.ndarray:
    """Of each 32 ms, one after the other: the state of one is handed to the next."""
    heard, before = heard / 32768, 64  # numbers of the piece before, which each piece begins with
    state, chances = np.zeros((2, 1, 128), np.float32), list[float]()
    for start in range(before, len(heard) - 511, 512):
        piece = heard[None, start - before : start + 512].astype(np.float32)
        chance, state = run("silero_vad_v6", piece, state, np.array(16000))
        chances.append(float(chance.item()))
    return np.array(chances)


def test_speech_is_told_from_silence() -> None:
    said = sound("heyjarvis_16k.wav")
    chances = chances_of_speech(np.pad(said, (64 + 16 * 512, 8 * 512)))
    assert chances[:15].max() < 0.1  # half a second of silence
    spoken = chances[16 : 16 + len(said) // 512]
    assert spoken.max() > 0.9 and (spoken > 0.5).mean() > 0.5
