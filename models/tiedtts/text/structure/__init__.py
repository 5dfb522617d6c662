"""Texts with a structure, Markdown, HTML and subtitles, as blocks that a reader pauses between."""
