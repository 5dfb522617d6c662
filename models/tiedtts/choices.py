"""Choices and bounds that the core offers; help texts read them here without loading what uses them."""

from typing import Literal

LOCAL, RAY = "local", "ray"
"""Engines that do the work of a command: the processes of this machine; a Ray cluster."""
VOICE = "clara"
"""Name of the voice that speaks when none is named."""
SPEEDS = (0.25, 4.0)
"""Slowest and fastest."""
SEMITONES = (-24.0, 24.0)
"""Lowest and highest shift of the pitch."""
PITCH_RANGES = (0.0, 3.0)
"""Least and most movement of the pitch around its mean; factors."""
DECIBELS = (-96.0, 20.0)
"""Softest and loudest."""
PAUSES = (0.0, 60.0)
"""Shortest and longest silence between sentences, seconds."""
HURRIES = (1.0, 2.5)
"""Least and most that a subtitle may be spoken faster for its time."""
HURRY = 1.4
"""The most that a subtitle is hurried if nothing is chosen. At 1.4 times its speed a recogniser gets 43 of
100 sounds of the voice `clara` wrong where it gets 38 wrong at its own speed; at 1.6 times it is 49."""
RANGES = {"speed": SPEEDS, "pitch": SEMITONES, "volume": DECIBELS, "pause": PAUSES, "hurry": HURRIES}
"""Smallest and largest value of the settings that have both."""
SAMPLE_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000)
"""Rates that sound files and devices know, Hz."""
SUBTYPES = {
    ".wav": ("16", "24", "float"),
    ".flac": ("16", "24"),
    ".ogg": ("vorbis", "opus"),
    ".opus": ("opus",),
    ".mp3": ("mp3",),
}
"""Suffixes of sound files that can be written, and what numbers or codecs each can hold, the usual first."""
TIMESTAMPS = {"json": ".json", "srt": ".srt", "vtt": ".vtt", "textgrid": ".TextGrid"}
"""Kinds of files with the times of words, and the suffix of each."""
READ_AS = ("auto", "lines", "csv", "jsonl", "file", "text", "markdown", "html", "subtitles", "epub")
"""Ways to read a file: by its suffix; as a list, a text a line, tables or JSON; as one text by its suffix, or
plain, or with the marks of Markdown or HTML, or as subtitles; as a book."""
MARKUPS = ("text", "markdown", "html", "subtitles")
"""Ways to read one text: plain, with a cautious look at the marks in it, as a document, or at its times."""
DOCUMENTS = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".srt", ".vtt"), "subtitles"),
}
"""Suffixes of documents, and the markup of each."""
KEEP = ("footnotes", "citations", "parentheses")
"""Parts of a document that not everybody wants to hear; of these, the last is spoken if nothing is said."""
BOOK = ".epub"
"""Suffix of a book."""
CODE = ("announce", "read", "skip")
"""Treatments of the code in a document: blocks of it announced, all of it read, or none."""
GENDERS = {"clara": "female", "nora": "female", "kathleen": "female", "felix": "male", "oscar": "male"}
"""Voices of the package that SSML may ask for by their gender, the first of each the best."""
LOUDNESS = (-50.0, -12.0)
"""Softest and loudest that a whole sound may be brought to, LUFS; speech cannot be much louder."""
TRUE_PEAK = -1.0
"""Peaks of a sound that is brought to a loudness stay below, decibels of full scale, between samples, too."""
ENGLISH = ("us", "gb")
"""Ways to read English: dates, noughts, the letter Z."""
NARRATOR, ANYONE, QUOTES = "narrator", "default", "quotes"
"""Roles of a cast that are nobody's name: what nobody says, what those say who are not in the cast, and what
stands in quotation marks."""
NAME_BY = ("id", "index", "text")
"""Ways to name the files of a batch."""

CORPUS_FORMATS = ("auto", "table", "ljspeech", "arctic", "folder", "jsonl")
"""Layouts of recordings with their texts."""
LANGUAGES = ("auto", "en")
"""Languages of a corpus: told by its texts, or English whatever they look like."""
LEAVE_OUT = ("none", "clear", "all")
"""Suspect recordings that are left out of the data: none, those beyond doubt, or all."""
HELD_OUT = (0.0, 0.5)
"""Smallest and largest share of a corpus that is kept from training."""
DENOISING = (0.0, 40.0)
"""Least and most reduction of steady noise, decibels."""
PARTS = ("aligner", "acoustic", "vocoder", "joint")
"""Parts of `train`, in order; in `joint`, acoustic net and vocoder are trained together."""
TRAINING_PRECISIONS = ("auto", "32", "bf16")
"""Arithmetic of training."""
ACCELERATORS = ("auto", "cpu", "cuda")
"""Where training computes."""
VOICE_PRECISIONS = ("int8", "fp16", "fp32")
"""How the weights of a voice file are stored."""

STORED_AS = ("checkpoint", *VOICE_PRECISIONS)
"""Files whose bytes `suggest` counts: a checkpoint, or a voice exported in that precision."""
ARCHITECTURES = ("auto", "hifigan", "tacotron2", "state_dict")
"""Architectures that a checkpoint of another program may hold."""
PLANNED = ("codebook", "lowrank", "cluster", "share")
"""Schemes that `suggest` plans with for a budget."""
SCHEMES = ("identity", "diagonal", "separable", "lowrank", "cluster", "share", "codebook", "io")
"""Ways to tie weights."""
BIASES: tuple[Literal["keep", "share", "zero"], ...] = ("keep", "share", "zero")
"""Treatments of the biases of tied layers."""
PICTURES = (".png", ".svg", ".pdf")
"""Suffixes of pictures of statistics."""
