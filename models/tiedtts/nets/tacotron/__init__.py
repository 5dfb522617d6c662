"""Tacotron 2: an attention decoder, its parts, and the loop that speaks with it."""
