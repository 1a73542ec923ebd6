"""References to weights, the library that finds them and the pool that holds them."""
