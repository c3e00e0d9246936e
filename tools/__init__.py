"""What a clone needs before its first `pulumi up`, built from package registries alone."""
