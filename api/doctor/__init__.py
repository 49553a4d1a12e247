"""What is wrong with a city's node, in words: `sunbid doctor`."""
