"""The command line of TiedTTS: every command parses, calls the core, shows what it returns."""
