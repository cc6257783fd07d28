"""Pure decoders and encoders, one characteristic a file: bytes to values, or a refusal with its reason."""
