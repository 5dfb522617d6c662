"""Planning: which layers to tie how, so that a net keeps within a budget and loses least."""
