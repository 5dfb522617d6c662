"""SSML: marked-up text, and the prosody it asks for."""
