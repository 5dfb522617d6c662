"""A speech engine in place of recordings: it says texts, and what it says becomes a corpus."""
