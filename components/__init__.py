"""The nouns of the program: each file one component, each component one promise."""
