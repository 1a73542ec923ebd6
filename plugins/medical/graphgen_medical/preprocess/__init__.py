"""What is done to a volume before it is shown, restored or measured."""
