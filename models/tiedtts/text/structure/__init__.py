"""Documents with a structure, Markdown and HTML, as blocks of text that a reader pauses between."""
