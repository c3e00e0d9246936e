# What a token needs for `vaultaws sweep` of the dev stack, and nothing else. For a stack of yours
# write a lookup for each AWS secrets engine in its namespaces, those of other stacks included; what
# is in a namespace takes the first three paths once more with the namespace in front.

# Which engines there are.
path "sys/mounts" {
  capabilities = ["read"]
}

# Their leases, and when each began.
path "sys/leases/lookup/aws/*" {
  capabilities = ["list", "sudo"]
}

path "sys/leases/lookup" {
  capabilities = ["update"]
}

# Only for `--older-than` below ten minutes.
path "sys/in-flight-req" {
  capabilities = ["read"]
}
