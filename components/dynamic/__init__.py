"""Resources of the program's own: they look at Vault and AWS, and refuse what must not go on.

Pulumi starts a process for them at every command, which imports this room and nothing that only
the program needs: no official SDK, no settings.
"""
