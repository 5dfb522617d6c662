"""TiedTTS: tiny neural voices, made small and fast by weight tying.

Axes in the docstrings: B batch, T text phones, F frames, S samples, C channels, M mel bands.
"""

__version__ = "0.1.0"
