"""Whether this machine can draw with OpenGL; asked in another process, since a missing library ends the process."""

import logging
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


@cache
def opengl_works(python: str = sys.executable) -> bool:
    """True where a small picture could be drawn off screen; logs once what to install where it could not."""
    try:
        probe = subprocess.run([python, "-c", _PROBE], capture_output=True, timeout=_PROBE_LIMIT_S)
        works = probe.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        works = False
    if not works:
        logger.warning(
            "no OpenGL library was found, so a plain stick figure is drawn; for bones and muscles install one, "
            "on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri"
        )
    return works
