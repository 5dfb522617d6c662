"""One file a part: what a batch is, what the losses are, what there is to look at."""
