"""Networks for CT: the shapes of those that the pack trains, loaders, and running them."""
