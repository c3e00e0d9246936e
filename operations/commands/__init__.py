"""What is typed: options, help and output of each command; light, for ``--help`` loads all."""
