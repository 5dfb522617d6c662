"""Batches: lists of utterances become sound files and a manifest; a batch stopped at any moment goes on."""
