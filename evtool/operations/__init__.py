"""What the commands do: the order of the steps."""
