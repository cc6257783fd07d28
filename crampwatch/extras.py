"""How an extra is installed here: by name from an index, or from the checkout that this is."""

import re
from pathlib import Path

import crampwatch

_BY_NAME = re.compile(r"pip install 'crampwatch\[([\w,]+)\]'")


def checkout() -> Path | None:
    """The folder of the checkout that crampwatch runs from; None when it was installed from a wheel."""
    root = Path(crampwatch.__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").is_file() else None


def as_installed(advice: str, root: Path | None) -> str:
    """Advice that installs an extra by name, as it works in a checkout; unchanged where there is none.

    >>> as_installed("run: pip install 'crampwatch[push]'", Path("/src"))
    "run: pip install -e '/src[push]'"
    """
    if root is None:
        return advice
    return _BY_NAME.sub(lambda found: f"pip install -e '{root}[{found[1]}]'", advice)
