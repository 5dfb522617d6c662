"""Wyoming, the protocol of Home Assistant and its voice programs: voices for whoever speaks it."""
