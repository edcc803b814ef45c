"""Whether this machine can draw with OpenGL; asked in another process, since a missing library ends the process."""

import logging
import os
import subprocess
import sys
from functools import cache

logger = logging.getLogger("bige")

_PROBE = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
window = vtkRenderWindow()
window.SetOffScreenRendering(True)
window.SetSize(8, 8)
window.AddRenderer(vtkRenderer())
window.Render()
raise SystemExit(0 if window.SupportsOpenGL() else 3)
"""
_PROBE_LIMIT_S = 120


def prefer_egl() -> None:
    """Let VTK begin with EGL where there is no display: its own order looks for X11 first, and needs its libraries."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


@cache
def opengl_works() -> bool:
    """True where a small picture could be drawn off screen; logs once what to install where it could not."""
    prefer_egl()
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_LIMIT_S)
        works = probe.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        works = False
    if not works:
        logger.warning(
            "no OpenGL library was found, so a plain stick figure is drawn; for bones and muscles install one, "
            "on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri"
        )
    return works
