"""Written English to spoken words: a table of rules for each kind of thing, and the order of the tables."""
