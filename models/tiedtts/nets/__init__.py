"""Networks: `nn.Module`s only, one family a file."""
