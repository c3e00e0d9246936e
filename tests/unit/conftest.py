"""How properties are tried: never against the clock, which the machine shares with others."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
