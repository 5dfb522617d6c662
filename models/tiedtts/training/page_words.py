"""Words and looks of the page of a run."""

import re

PARTS = {
    "aligner": "recogniser",
    "acoustic": "acoustic net",
    "vocoder": "vocoder",
    "joint": "acoustic net and vocoder together",
}
"""Parts of a run, and what people call them."""
SOUNDS = {"spoken": "spoken from text", "copy": "recording, made again", "recorded": "recorded"}
"""Kinds of sounds, in words."""
CURVES = {"training": "training", "heldout": "held out"}
"""Kinds of curves, in words."""
PICTURES = {
    "mel": "mel spectrograms: recorded above, made below",
    "copy": "spectrograms: recorded above, made again below",
    "phones": "which phones are heard when",
    "letters": "which letters are heard when",
    "attention": "which phone each step looks at",
}
"""Kinds of pictures, in words."""
_MEANINGS = {
    r"mel|coarse": "distance of mel spectra from the recordings'",
    r"f0": "distance of the pitch of voiced frames",
    r"voicing": "how wrongly frames are voiced or not",
    r"duration": "squared distance of log durations of phones",
    r"pitch": "squared distance of the pitch of phones",
    r"energy": "squared distance of the loudness of phones",
    r"phone|frame": "surprise at the phone of a frame",
    r"frame_error": "share of frames whose phone is not the likeliest",
    r"phone_error_rate|greedy_error_rate|letter_error_rate": "errors for each one that was said",
    r"ctc": "surprise at the sequence that was said",
    r"start_distance": "frames by which starts of phones are off",
    r"starts_close": "share of starts at most two frames off: more is better",
    r"stop": "how wrongly it stops or goes on",
    r"attention": "distance of attention from the alignment",
    r"attention_diagonal": "share of texts read in order: more is better",
    r"lpc": "distance of line spectral frequencies",
    r"bits": "bits of surprise at a sample",
    r"spectral": "distance of spectra, with free phase as in speech",
    r"log\d+|energy\d+": "distance of log spectra, windows of that many samples",
    r"convergence\d+": "distance of spectra, loud parts first",
    r"complex": "distance of harmonics with their phase",
    r"phase": "how far harmonics are from the recording's phase",
    r"judge\d+": "errors of the discriminator: neither side should win",
    r"fooled\d+": "how far the discriminator is not fooled",
    r"learning_rate": "how large the steps are",
    r"tie_distance": "what weights that are being tied still differ by, as a share of their size",
}


def meaning(name: str) -> str:
    """Return what a loss means, in a few words; nothing for one that is not known."""
    return next((words for pattern, words in _MEANINGS.items() if re.fullmatch(pattern, name)), "")


STYLE = """
:root{color-scheme:light dark;--ground:#fff;--text:#1c1e21;--soft:#667;--line:#d9dce1;--card:#f6f7f9;
--training:#2b6cb0;--heldout:#c2570c}
@media(prefers-color-scheme:dark){:root{--ground:#14161a;--text:#e6e8eb;--soft:#9aa2ad;--line:#343a43;
--card:#1d2127;--training:#6db3f2;--heldout:#f6a35c}}
body{background:var(--ground);color:var(--text);font:15px/1.45 system-ui,sans-serif;margin:2rem auto;
max-width:1500px;padding:0 1.5rem}
h1{margin:0 0 .2em}h2{border-top:1px solid var(--line);margin-top:2em;padding-top:1em}
h3{font-size:1em;margin:1.6em 0 .5em}
table{border-collapse:collapse}
th{color:var(--soft);font-weight:normal;padding:.1em 1.5em .1em 0;text-align:left;vertical-align:top}
figure{background:var(--card);border:1px solid var(--line);border-radius:6px;margin:0;padding:.6rem}
figcaption,label{color:var(--soft);font-size:13px}b{color:var(--text)}
.charts{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fill,minmax(320px,1fr))}
.charts i{font-style:normal;margin-left:.6em}
.charts i::before{border-top:3px solid;content:"";display:inline-block;margin-right:.3em;
vertical-align:middle;width:1em}
i.training{color:var(--training)}i.heldout{color:var(--heldout)}
svg{display:block;width:100%}svg text{fill:var(--soft);font-size:11px}
text.row{text-anchor:end}text.column{text-anchor:middle}
path{fill:none}.grid{stroke:var(--line);stroke-width:.6}.axis{stroke:var(--soft)}
.mark{stroke:var(--soft);stroke-dasharray:3 3;stroke-width:.7}.curve{stroke-width:1.8}
path.training{stroke:var(--training)}path.heldout{stroke:var(--heldout)}
circle.training{fill:var(--training)}circle.heldout{fill:var(--heldout)}
.steps{align-items:flex-start;display:flex;gap:.8rem;overflow-x:auto;padding-bottom:.6rem}
.steps figure{flex:0 0 340px}.steps figure.first{flex-basis:230px;left:0;position:sticky;z-index:1}
.steps figure.large{flex-basis:min(990px,90vw)}
img{cursor:zoom-in;display:block;margin:.3rem 0;width:100%}
audio,label{display:block;width:100%}audio{height:36px}
"""
TOGGLE = (
    "document.querySelectorAll('.steps img').forEach("
    "i=>i.onclick=()=>i.parentElement.classList.toggle('large'))"
)
