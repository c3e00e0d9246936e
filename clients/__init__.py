"""The only I/O of the product: Vault, AWS and the certificates that servers present."""
