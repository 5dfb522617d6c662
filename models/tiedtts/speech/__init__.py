"""Text to sound: the voice, its renderers and vocoders, and when each word is heard."""
