"""As many resources as asked for, each empty: what engine and language host cost by themselves."""

import pulumi

for number in range(pulumi.Config().require_int("resources")):
    pulumi.ComponentResource("bench:index:Empty", f"empty-{number}")
