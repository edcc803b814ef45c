"""Test for OpenGL on this machine, in a process of its own because a missing library would end this one."""

import logging
import os
import subprocess
import sys
from functools import cache

from dataset.errors import InputError

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
_MISSING = (
    "bones, muscles and SMPL bodies are drawn with OpenGL, of which no library was found; install one (on Debian or "
    "Ubuntu: apt-get install libegl1 libgl1-mesa-dri)"
)


def prefer_egl() -> None:
    """Let VTK try EGL first where there is no display; by default it tries X11, whose libraries may be missing."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


@cache
def opengl_works() -> bool:
    """Whether a small picture can be drawn off screen."""
    prefer_egl()
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def require_opengl() -> None:
    """Raise InputError where OpenGL does not work, and drawing with it would end this process."""
    if not opengl_works():
        raise InputError(f"{_MISSING}, or draw a stick figure with --renderer stick")


@cache
def renderer_of_this_machine() -> str:
    """`opengl` where it works, and else `stick`; what to install is then logged once."""
    if opengl_works():
        return "opengl"
    logger.warning("a stick figure is drawn: %s", _MISSING)
    return "stick"
