"""Resources of the program's own: they look at Vault and AWS, and refuse what must not go on.

Pulumi starts a process for them at every command, which imports this room and nothing that only
the program needs: no official SDK, no settings.
"""

import warnings

# requests silences it too, but for all threads at once: another thread that leaves
# `warnings.catch_warnings` meanwhile, as botocore does, takes the filter away again. Here it stands
# before there are threads, so whoever restores filters restores this one with them.
warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
