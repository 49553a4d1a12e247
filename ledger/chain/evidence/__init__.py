"""What a block header and a storage proof show of the chain, checked without a node: headers, seals, tries, layouts."""
