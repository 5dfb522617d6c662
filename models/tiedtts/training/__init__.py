"""Training: recipes, the loop, a task for each kind of net, and losses on held-out recordings."""
