"""The virtual radio: watches as real GATT servers, and a bleak backend that talks to them."""
