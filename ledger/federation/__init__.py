"""How cities talk to each other: HTTP requests that carry the sending city's signature, and answers with a deadline."""
