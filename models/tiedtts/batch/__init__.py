"""Many utterances at once: lists in, sound files and a manifest out; stopped at any moment, it goes on."""
