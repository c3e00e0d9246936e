"""What a client of AWS meets: the wire, the signature, and the calls."""
