"""Makes the virtual environment of a Python package, once for all processes that ask for it.

Usage: python-sdk.py FOLDER REQUIREMENT
"""

import sys

if sys.version_info < (3, 9):
    sys.exit("Python 3.9 or later is needed, python3 is " + sys.version.split()[0])

import fcntl
import pathlib
import shutil
import subprocess
import venv


def main(folder: pathlib.Path, requirement: str) -> None:
    python, complete = folder / "bin" / "python", folder / "complete"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # The kernel takes the lock back from a process that dies: there is no stale lock to detect.
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete.exists() and python.exists():
            return
        # Built in place, since an environment holds its own absolute path and cannot be renamed.
        # What a killed process left behind has no `complete` and goes.
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True, symlinks=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
            check=True,
            # So that pip, if it outlives us, keeps the lock: nobody builds where it still writes.
            pass_fds=[lock.fileno()],
        )
        complete.touch()


try:
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
except ImportError as error:
    sys.exit(f"{error}: install Python's venv module (on Debian: apt-get install python3-venv)")
except subprocess.CalledProcessError as error:
    sys.exit(f"failed with status {error.returncode}: {' '.join(map(str, error.cmd))}")
