"""The virtual radio: watches as real GATT servers, and a bleak backend that talks to them.

It needs the ``radio`` extra (bumble); importing this package without it raises Misconfigured with the remedy.
"""

from crampwatch.errors import Misconfigured

try:
    import bumble as _bumble  # noqa: F401 - asked for here once, so that nobody below has to
except ImportError as error:
    raise Misconfigured(
        "radio", "the virtual radio needs bumble, which is not installed; run: pip install 'crampwatch[radio]'"
    ) from error
