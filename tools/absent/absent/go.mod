module vault-aws-federation/tools/absent

go 1.26.0
