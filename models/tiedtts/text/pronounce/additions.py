"""Words and names the CMU dictionary has not met yet."""

from tiedtts.text.pronounce.lexicon import Pronunciation

INITIALISMS = frozenset(
    "hdmi gpu ssd https diy omg iot sdk ide gdpr nft llm tts nlp ocr npm faq sql css".split()
)
"""Said letter by letter, in capitals or not."""
_WORDS = {
    **{
        "airbnb": "EH1 R B IY2 AH0 N B IY1",
        "chatgpt": "CH AE1 T JH IY2 P IY2 T IY1",
        "openai": "OW2 P AH0 N EY2 AY1",
    },
    **{"codec": "K OW1 D EH2 K", "coronavirus": "K ER0 OW1 N AH0 V AY2 R AH0 S", "emoji": "IH0 M OW1 JH IY0"},
    **{"cryptocurrency": "K R IH1 P T OW0 K ER2 AH0 N S IY0", "elon": "IY1 L AA0 N", "bling": "B L IH1 NG"},
    **{"ethereum": "IH0 TH IH1 R IY0 AH0 M", "frontend": "F R AH1 N T EH2 N D", "gif": "G IH1 F"},
    **{"jpeg": "JH EY1 P EH2 G", "json": "JH EY1 S AH0 N", "kamala": "K AA1 M AH0 L AH0", "kyiv": "K IY1 V"},
    **{"kubernetes": "K UW2 B ER0 N EH1 T IY0 Z", "numpy": "N AH1 M P AY2", "pytorch": "P AY1 T AO2 R CH"},
    **{"meme": "M IY1 M", "memes": "M IY1 M Z", "perceptron": "P ER0 S EH1 P T R AA2 N"},
    **{
        "pikachu": "P IY1 K AH0 CH UW2",
        "sriracha": "S IH0 R AA1 CH AH0",
        "staycation": "S T EY2 K EY1 SH AH0 N",
    },
    **{
        "sudoku": "S UW0 D OW1 K UW0",
        "tiktok": "T IH1 K T AA2 K",
        "vlog": "V L AO1 G",
        "grapheme": "G R AE1 F IY2 M",
    },
    **{"vocoder": "V OW1 K OW2 D ER0", "wookiee": "W UH1 K IY0", "zelensky": "Z AH0 L EH1 N S K IY0"},
    **{"mojito": "M OW0 HH IY1 T OW0", "glamping": "G L AE1 M P IH0 NG", "mbox": "EH1 M B AA2 K S"},
    **{
        "mm": "M",
        "mmm": "M",
        "brr": "B ER1",
        "brrr": "B ER1",
        "psst": "P S T",
        "tsk": "T IH1 S K",
        "zzz": "Z",
    },
    **{"tiedtts": "T AY1 D T IY2 T IY2 EH1 S", "wifi": "W AY1 F AY2", "dataset": "D EY1 T AH0 S EH2 T"},
}
WORDS: dict[str, Pronunciation] = {word: tuple(phones.split()) for word, phones in _WORDS.items()}
CASED: dict[str, Pronunciation] = {
    "iOS": ("AY1", "OW1", "EH1", "S"),
    "macOS": ("M", "AE1", "K", "OW1", "EH1", "S"),
    "LaTeX": ("L", "EY1", "T", "EH2", "K"),
}
"""Names that in other case are other words."""
