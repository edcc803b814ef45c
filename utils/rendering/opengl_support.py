"""Test for OpenGL on this machine, in a process of its own because a missing library would end this one."""

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
    """Let VTK try EGL first where there is no display; by default it tries X11, whose libraries may be missing."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


@cache
def opengl_works() -> bool:
    """Whether a small picture can be drawn off screen. Where it cannot, what to install is logged once."""
    prefer_egl()
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_LIMIT_S)
        works = probe.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        works = False
    if not works:
        logger.warning(
            "no OpenGL library was found, so a stick figure is drawn; to draw bones and muscles, install one "
            "(on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri)"
        )
    return works
