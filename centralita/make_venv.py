"""Makes the virtual environment: `python3 -m centralita.make_venv .venv`, before anything is installed.

Owns: a venv with pip, also where Debian's Python comes without ensurepip (package python3-venv not installed): then
pip's own wheel is fetched from the machine's Debian mirror, signatures checked, without root.
Must not: import anything but the standard library and `centralita.debian_fetch`, which needs no more either.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from centralita.debian_fetch import AptTree, FetchError, debian_mirrors

OLDEST = (3, 11)
PIP_PACKAGE = "python3-pip-whl"
SECONDS = 300.0


def main() -> int:
    folder = Path(sys.argv[1])
    if sys.version_info[:2] < OLDEST:
        return _fail(f"Centralita needs Python {OLDEST[0]}.{OLDEST[1]} or later; this is {sys.version.split()[0]}.")
    try:
        if works(folder):
            return 0
        if has_ensurepip():
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
        else:
            _run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder))
            with tempfile.TemporaryDirectory() as place:
                wheel = fetch_pip(Path(place))
                _run(str(folder / "bin" / "python"), f"{wheel}/pip", "install", "-q", "--no-index", str(wheel))
    except (FetchError, OSError) as error:
        return _fail(f"pip could not be fetched: {error}.")
    except subprocess.CalledProcessError as error:
        return _fail(f"{' '.join(error.cmd)} failed.")
    return 0


def works(folder: Path) -> bool:
    """There is one already, with pip, and its Python still exists: its packages are brought up to date in place."""
    try:
        done = subprocess.run(
            [str(folder / "bin" / "python"), "-m", "pip", "--version"], capture_output=True, timeout=60, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def has_ensurepip() -> bool:
    try:
        import ensurepip

        return bool(ensurepip.version())
    except Exception:  # a broken one fails in many ways, and there is another way
        return False


def fetch_pip(place: Path) -> Path:
    """pip's wheel, from Debian's package of it. Raises FetchError."""
    deadline = time.monotonic() + SECONDS
    tree = AptTree(place / "apt", deadline, lambda text, fraction: None)
    tree.prepare(debian_mirrors(deadline))
    (archive,) = tree.download((PIP_PACKAGE,), with_dependencies=False)
    _run("dpkg", "-x", str(archive), str(place / "unpacked"))
    wheels = sorted((place / "unpacked").glob("usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise FetchError(f"{archive.name} holds no wheel of pip")
    return wheels[-1]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=SECONDS)


def _fail(why: str) -> int:
    print(
        f"The virtual environment could not be made: {why}\n"
        "Installing the packages python3 and python3-venv mends it: apt-get install python3 python3-venv",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
