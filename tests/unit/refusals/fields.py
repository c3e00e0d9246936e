"""How a table of refusals of single keys is written."""

Case = tuple[dict[str, object], str]
"""What is changed in sound settings, and what is told then: a line per problem."""
Fields = list[tuple[str, object, str]]
"""A key of a section, its wrong value, and what is told behind the key."""


def of(section: str, fields: Fields) -> list[Case]:
    """Turn refusals of single keys of a section into cases."""
    return [
        ({f"{section}.{key}": value}, f"{section}.{key}{message}") for key, value, message in fields
    ]
