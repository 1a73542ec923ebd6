"""How the pack's networks were made, to be run again on other CT."""
