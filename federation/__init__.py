"""The domain: what Vault and AWS must agree on. Pure Python, no Pulumi, no input or output."""
