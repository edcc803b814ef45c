"""Colours that all renderers share."""

BACKGROUND = "#ffffff"
HIP_PATH_COLOUR = "#f5b800"
TEXT_COLOUR = "#222222"
FAINT_TEXT_COLOUR = "#777777"
# From activation 0 to activation 1; lightness rises along the scale, so that colour-blind readers can follow it.
ACTIVATION_COLOURS = ["#27348b", "#4b3a9e", "#7d3c98", "#b03a7e", "#d63a55", "#ef4a32", "#ff7a1f"]
# Lines at the height of the hips (--compare): of the first motion and of the second.
HIP_HEIGHT_COLOURS = ("#1f9d3a", "#d62728")
# Bones. In an overlay the motions take these colours in turn.
BONE_COLOURS = ("#efe6d0", "#7fa8d1", "#d9966f", "#93bf8e", "#b79fd0", "#c9c9c9")
