"""Pure decoders: bytes in, a value or a refusal out; one characteristic a file."""
