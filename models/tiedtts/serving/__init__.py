"""Serving: voices that many ask at once, from Python or over HTTP as OpenAI's clients do."""
