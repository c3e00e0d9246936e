"""The laboratory: an embedded Vault Enterprise look-alike, a strict AWS, and the network between.

It knows nothing of the program it serves, so that it can judge it.
"""
