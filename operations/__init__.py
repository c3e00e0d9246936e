"""The commands around ``pulumi up``, each a module: ``python -m operations.<name>``."""
